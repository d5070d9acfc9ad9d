//! The server program, with the page in it.

use std::{
    env, fs,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{program, site, step::step};

/// Where cargo puts it.
pub(crate) const BUILT: &str = "target/release/monoxide";

/// Where `dist` puts it.
const DIST: &str = "target/dist/monoxide";

/// Builds the page, then the server around it; returns the program's absolute path.
pub(crate) fn build() -> Result<PathBuf> {
    step("front end", site::build)?;
    step("server", compile)?;
    Ok(env::current_dir()?.join(BUILT))
}

/// Compiles the server around the page that is there, or around none.
pub(crate) fn compile() -> Result<String> {
    let written = || fs::metadata(BUILT).and_then(|file| file.modified()).ok();
    let before = written();
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--package", "monoxide-server"]);
    program::run(cargo.args(["--target-dir", "target"]))?;
    Ok(if written() == before { "unchanged, skipped" } else { "built" }.to_owned())
}

/// Builds the server and becomes it, so that signals reach it and its exit code is ours. It is in
/// memory, unless a folder is named.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let mut server = Command::new(build()?);
    if !arguments.iter().any(|argument| argument.starts_with("--data")) {
        server.arg("--memory");
    }
    let error = server.args(arguments).exec();
    Err(program::not_started(&server, error))
}

/// Copies the program, which needs nothing beside it, to [`DIST`].
pub(crate) fn dist() -> Result<PathBuf> {
    let built = build()?;
    let dist = env::current_dir()?.join(DIST);
    step("program", || {
        fs::create_dir_all(dist.parent().unwrap_or(Path::new(".")))?;
        // A copy over a program that is running is refused; a new file in its place is not.
        let draft = dist.with_extension("draft");
        let bytes = fs::copy(&built, &draft).with_context(|| format!("cannot write {DIST}"))?;
        fs::rename(&draft, &dist)?;
        Ok(format!("{DIST}, {}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000))
    })?;
    Ok(dist)
}
