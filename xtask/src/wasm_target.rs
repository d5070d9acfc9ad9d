//! The standard library for the browser: taken if it works, else added by rustup, else built from its source.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{files, program, rust_source};

/// What the front end is compiled for.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Where the probe, the source and the build of the library lie meanwhile.
const WORK: &str = "target/xtask/std";

/// Makes sure that the compiler can build for the browser; says how it came to that.
pub(crate) fn ensure() -> Result<String> {
    if works()? {
        return Ok("there already, skipped".to_owned());
    }
    let rustup = match add_by_rustup() {
        Ok(()) => return Ok("added by rustup".to_owned()),
        Err(error) => error,
    };
    let version = compiler_version()?;
    let source = rust_source::find(&version, &sysroot()?, Path::new(WORK)).map_err(|error| {
        error.context(format!(
            "the standard library for {TARGET} is missing ({rustup:#}); where rustup can download, \
             type `rustup target add {TARGET}`; elsewhere get the `library` folder of the source \
             of Rust {version}, or an archive of it, and type \
             `MONOXIDE_RUST_SRC=<folder or archive> cargo xtask setup`"
        ))
    })?;
    let hint = || format!("{} has to be the source of Rust {version}", source.origin);
    install(&build(&source.library).with_context(hint)?)?;
    ensure!(works()?, "the library that was built does not work: {}", hint());
    files::remove_folder(Path::new(WORK))?;
    Ok(format!("built from {}", source.origin))
}

/// Whether an empty library can be compiled and linked. A library that is not there, not whole or
/// of another compiler does not pass.
fn works() -> Result<bool> {
    let probe = Path::new(WORK).join("probe.rs");
    files::write(&probe, b"")?;
    let mut rustc = Command::new("rustc");
    rustc.args(["--crate-type", "cdylib", "--target", TARGET, "--out-dir", WORK]).arg(probe);
    let output = rustc.output().map_err(|error| program::not_started(&rustc, error))?;
    Ok(output.status.success())
}

fn add_by_rustup() -> Result<()> {
    // What we built for a former compiler would lie beside the new files, and neither would work.
    let manifest = sysroot()?.join("lib/rustlib").join(format!("manifest-rust-std-{TARGET}"));
    if !manifest.exists() {
        files::remove_folder(&installed()?)?;
    }
    program::read(Command::new("rustup").args(["target", "add", TARGET]))?;
    ensure!(works()?, "rustup says that it is there, but it does not work");
    Ok(())
}

/// Builds the library with cargo, which has to be given something to build it for: an empty crate.
fn build(library: &Path) -> Result<Vec<PathBuf>> {
    let seed = Path::new(WORK).join("seed");
    let manifest = "[package]\nname = \"seed\"\nedition = \"2024\"\n[workspace]\n";
    files::write(&seed.join("Cargo.toml"), manifest.as_bytes())?;
    files::write(&seed.join("src/lib.rs"), b"")?;
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(&seed)
        .args(["build", "--release", "--target", TARGET, "--target-dir", "target"])
        .arg("-Zbuild-std=std,panic_abort")
        // A stable compiler builds its own library when it is told so, like this.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("__CARGO_TESTS_ONLY_SRC_ROOT", fs::canonicalize(library)?)
        // Without this, whatever is built with link-time optimisation does not link.
        .env("RUSTFLAGS", "-Cembed-bitcode=yes")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    program::run(&mut cargo)?;

    let mut built = files::below(&seed.join("target").join(TARGET).join("release/deps"))?;
    built.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.ends_with(".rlib") && !name.starts_with("libseed-")
    });
    Ok(built)
}

/// Puts the library where the compiler looks for it, all or nothing.
fn install(built: &[PathBuf]) -> Result<()> {
    let place = installed()?;
    let draft = place.with_file_name(format!("{TARGET}.draft"));
    files::remove_folder(&draft)?;
    for path in built {
        let name = path.file_name().context("a library has a name")?;
        files::write(&draft.join("lib").join(name), &files::read(path)?)?;
    }
    files::remove_folder(&place)?;
    fs::rename(&draft, &place).with_context(|| format!("cannot write {}", place.display()))?;
    // Cargo does not notice that a standard library was replaced.
    files::remove_folder(Path::new("target/front"))?;
    files::remove_folder(&Path::new("target").join(TARGET))
}

fn installed() -> Result<PathBuf> {
    Ok(sysroot()?.join("lib/rustlib").join(TARGET))
}

fn sysroot() -> Result<PathBuf> {
    let path = program::read(Command::new("rustc").args(["--print", "sysroot"]))?;
    Ok(PathBuf::from(path.trim()))
}

fn compiler_version() -> Result<String> {
    let text = program::read(Command::new("rustc").arg("--version"))?;
    let Some(version) = text.split_whitespace().nth(1) else {
        bail!("`rustc --version` says `{}`, which has no version", text.trim());
    };
    Ok(version.to_owned())
}
