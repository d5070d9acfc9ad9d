//! The source of Rust's standard library, from whoever has it.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::{files, program};

/// A folder, or an archive that `tar` can unpack, that holds the source.
const VARIABLE: &str = "MONOXIDE_RUST_SRC";

/// Debian's suites that have had several versions of Rust at a time.
const SUITES: [&str; 2] = ["trixie-backports", "unstable"];

/// What signs them.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// The source of the standard library.
pub(crate) struct Source {
    /// The folder with `core`, `std` and the others.
    pub(crate) library: PathBuf,
    /// Where it is from, for people.
    pub(crate) origin: String,
}

/// Finds the source of the standard library of Rust `version`, unpacking it below `work` if need be.
pub(crate) fn find(version: &str, sysroot: &Path, work: &Path) -> Result<Source> {
    if let Some(named) = env::var_os(VARIABLE) {
        return from_folder_or_archive(Path::new(&named), &work.join("archive"));
    }
    if let Some(library) = library_in(&sysroot.join("lib/rustlib/src")) {
        return Ok(Source { library, origin: "rustup's rust-src".to_owned() });
    }
    from_apt(version, &work.join("apt"))
        .with_context(|| format!("{VARIABLE} is not set and apt has no rust-src {version}"))
}

fn from_folder_or_archive(named: &Path, unpacked: &Path) -> Result<Source> {
    let origin = named.display().to_string();
    if named.is_file() {
        files::remove_folder(unpacked)?;
        fs::create_dir_all(unpacked)?;
        program::read(Command::new("tar").arg("-xf").arg(named).arg("-C").arg(unpacked))?;
    }
    let folder = if named.is_file() { unpacked } else { named };
    let library = library_in(folder)
        .with_context(|| format!("{VARIABLE}: no standard library's source in {origin}"))?;
    Ok(Source { library, origin })
}

/// The topmost folder at or below `folder` with the standard library: archives keep it at various
/// depths, and below it there may be others that only look like it.
fn library_in(folder: &Path) -> Option<PathBuf> {
    let is_library = |folder: &&PathBuf| {
        ["core", "std"].iter().all(|it| folder.join(it).join("Cargo.toml").is_file())
    };
    let mut level = vec![folder.to_owned()];
    while !level.is_empty() {
        if let Some(library) = level.iter().find(is_library) {
            return Some(library.clone());
        }
        let entries =
            level.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
        level = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    }
    None
}

/// Fetches Debian's package of the source from the mirrors that this machine uses, whatever suite
/// it follows. Apt's lists, cache and sources are private ones, so that the system's stay as they are.
fn from_apt(version: &str, folder: &Path) -> Result<Source> {
    let mut mirrors: Vec<String> = program::read(Command::new("apt-get").args([
        "indextargets",
        "--no-release-info",
        "--format=$(REPO_URI)",
        "Created-By: Packages",
    ]))?
    .lines()
    .map(str::to_owned)
    .collect();
    mirrors.sort();
    mirrors.dedup();

    let mut error = None;
    for (mirror, suite) in mirrors.iter().flat_map(|it| SUITES.map(|suite| (it, suite))) {
        match fetch(version, mirror, suite, folder) {
            Ok(source) => return Ok(source),
            Err(refused) => error = error.or(Some(refused)),
        }
    }
    bail!(error.map_or_else(|| "apt knows no mirror".to_owned(), |error| format!("{error:#}")))
}

fn fetch(version: &str, mirror: &str, suite: &str, folder: &Path) -> Result<Source> {
    files::remove_folder(folder)?;
    let sources = format!("deb [signed-by={KEYRING}] {mirror} {suite} main\n");
    files::write(&folder.join("sources.list"), sources.as_bytes())?;
    for empty in ["parts", "lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(folder.join(empty))?;
    }
    let folder = fs::canonicalize(folder)?;
    let apt = |words: &[&str]| {
        let mut apt = Command::new("apt-get");
        apt.current_dir(&folder).args(words);
        for (option, path) in [
            ("Etc::sourcelist", "sources.list"),
            ("Etc::sourceparts", "parts"),
            ("State::lists", "lists"),
            ("Cache", "cache"),
        ] {
            apt.arg(format!("-oDir::{option}={}", folder.join(path).display()));
        }
        program::read(&mut apt)
    };
    apt(&["update"])?;
    apt(&["download", &format!("rust-src={version}*")])?;

    let is_package = |path: &PathBuf| path.extension() == Some(OsStr::new("deb"));
    let mut files = fs::read_dir(&folder)?.flatten().map(|entry| entry.path());
    let package = files.find(is_package).context("apt downloaded nothing")?;
    program::read(Command::new("dpkg-deb").arg("-x").arg(&package).arg(folder.join("unpacked")))?;
    let library = library_in(&folder.join("unpacked")).context("rust-src has no library")?;
    Ok(Source { library, origin: format!("Debian's rust-src {version}") })
}
