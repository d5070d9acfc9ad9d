//! The front end: from the `app` crate, `style/` and `public/` to the files in `target/site`.
//!
//! They have the names that `cargo leptos` gives them, so that the server need not know who made them.

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};
use brotli::enc::BrotliEncoderParams;
use flate2::{Compression, write::GzEncoder};
use wasm_bindgen_cli_support::Bindgen;

use crate::{files, parts, program, stylesheet, wasm_bindgen, wasm_target::TARGET};

/// The files that the server embeds.
const SITE: &str = "target/site";

/// Where they are put together.
const DRAFT: &str = "target/front/site";

/// What [`SITE`] was made of and what was made, as numbers.
const STAMP: &str = "target/front/site.stamp";

/// Builds the site, unless it is there and made of the same things; says how large the page is.
pub(crate) fn build() -> Result<String> {
    let version = wasm_bindgen::version()?;
    let wasm = compile()?;
    let css = stylesheet::bundle(Path::new("style/main.css"))?;
    let mut inputs = vec![(wasm.clone(), files::read(&wasm)?)];
    inputs.push((PathBuf::from(&version), css.clone().into_bytes()));
    inputs.extend(contents(Path::new("public"))?);
    let made_of = fingerprint(&inputs);
    if fs::read_to_string(STAMP).ok() == Some(stamp(made_of)?) {
        return Ok(format!("unchanged, skipped, kB brotli: {}", parts::weigh(Path::new(SITE))?));
    }

    let draft = Path::new(DRAFT);
    files::remove_folder(draft)?;
    for (path, bytes) in &inputs {
        if let Ok(path) = path.strip_prefix("public") {
            files::write(&draft.join(path), bytes)?;
        }
    }
    fs::create_dir_all(draft.join("_pkg"))?;
    write_glue(&wasm, &draft.join("_pkg"))?;
    files::write(&draft.join("_pkg/monoxide.css"), css.as_bytes())?;
    for (path, bytes) in contents(draft)? {
        compress(&path, &bytes)?;
    }
    files::remove_folder(Path::new(SITE))?;
    fs::rename(draft, SITE).with_context(|| format!("cannot write {SITE}"))?;
    files::write(Path::new(STAMP), stamp(made_of)?.as_bytes())?;
    Ok(format!("built, kB brotli: {}", parts::weigh(Path::new(SITE))?))
}

/// Checks that the page is not larger than it may be.
pub(crate) fn check_weight() -> Result<String> {
    parts::check(Path::new(SITE))
}

/// Compiles the application; cargo knows what has changed.
fn compile() -> Result<PathBuf> {
    let mut cargo = Command::new("cargo");
    cargo.args(["rustc", "--package", "monoxide-app", "--lib", "--target", TARGET]);
    cargo.args(["--profile", "wasm-release", "--target-dir", "target/front"]);
    // The places of functions in the code tell which part needs which.
    cargo.args(["--features", "split", "--", "-Clink-args=--emit-relocs"]);
    program::run(&mut cargo)?;
    Ok(Path::new("target/front").join(TARGET).join("wasm-release/monoxide_app.wasm"))
}

/// Makes what the compiler made into modules and the JavaScript around them.
fn write_glue(wasm: &Path, package: &Path) -> Result<()> {
    let main = Path::new("target/front/main.wasm");
    parts::split(&files::read(wasm)?, main, package)?;
    let mut bindgen = Bindgen::new();
    bindgen.input_path(main).out_name("monoxide").typescript(false);
    // The other parts look for what they share with the main one.
    bindgen.keep_lld_exports(true).demangle(false);
    bindgen.remove_name_section(true).remove_producers_section(true);
    bindgen.web(true)?.generate(package)?;
    // As `cargo leptos` does.
    fs::rename(package.join("monoxide_bg.wasm"), package.join("monoxide.wasm"))?;
    parts::shorten_names(package)
}

/// Puts the compressed twins of a file beside it, where they save at least a tenth.
fn compress(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut brotli = Vec::new();
    brotli::BrotliCompress(&mut &*bytes, &mut brotli, &BrotliEncoderParams::default())?;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(bytes)?;
    for (extension, twin) in [("br", brotli), ("gz", gzip.finish()?)] {
        if twin.len() < bytes.len() / 10 * 9 {
            files::write(&twin_of(path, extension), &twin)?;
        }
    }
    Ok(())
}

fn twin_of(path: &Path, extension: &str) -> PathBuf {
    PathBuf::from(format!("{}.{extension}", path.display()))
}

/// What the stamp says if [`SITE`] is as it is now and made of `made_of`. The site is part of it
/// because `cargo leptos` writes it too.
fn stamp(made_of: u64) -> Result<String> {
    Ok(format!("{made_of:x} {:x}\n", fingerprint(&contents(Path::new(SITE))?)))
}

fn contents(folder: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let paths = files::below(folder)?.into_iter();
    paths.map(|path| files::read(&path).map(|bytes| (path, bytes))).collect()
}

fn fingerprint(files: &[(PathBuf, Vec<u8>)]) -> u64 {
    let mut hasher = DefaultHasher::new();
    files.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_twins_if_they_save_something() {
        let folder = std::env::temp_dir().join(format!("monoxide-twins-{}", std::process::id()));
        let twins = |name: &str, bytes: &[u8]| {
            files::write(&folder.join(name), bytes).unwrap();
            compress(&folder.join(name), bytes).unwrap();
            ["br", "gz"].map(|extension| twin_of(&folder.join(name), extension).exists())
        };

        let text = twins("text.js", "one and one is two; ".repeat(20).as_bytes());
        let noise =
            (0..100_u8).flat_map(|it| fingerprint(&[(PathBuf::new(), vec![it])]).to_ne_bytes());
        let noise: Vec<u8> = noise.collect();
        let picture = twins("picture.png", &noise);
        files::remove_folder(&folder).unwrap();

        assert_eq!(text, [true, true]);
        assert_eq!(picture, [false, false]);
    }

    #[test]
    fn the_stamp_tells_any_change_of_name_or_content() {
        let file = |name: &str, content: &str| (PathBuf::from(name), content.as_bytes().to_vec());
        let before = fingerprint(&[file("a", "1"), file("b", "2")]);

        assert_eq!(before, fingerprint(&[file("a", "1"), file("b", "2")]));
        for files in [
            vec![file("a", "1")],
            vec![file("a", "1"), file("b", "3")],
            vec![file("a", "1"), file("c", "2")],
            vec![file("a", "1b"), file("", "2")],
        ] {
            assert_ne!(before, fingerprint(&files));
        }
    }
}
