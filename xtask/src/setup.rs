//! The tools that the other chores need.

use std::{path::Path, process::Command};

use anyhow::{Result, bail};

use crate::{browser, program, step::step, wasm_bindgen, wasm_target};

/// The development loop. Another version may name the page's files differently.
const CARGO_LEPTOS: &str = "0.3.11";

/// What it takes to build the page.
pub(crate) fn front_end() -> Result<()> {
    step("WASM target", wasm_target::ensure)
}

/// What it takes to build and to test the page; returns the path of the browser.
pub(crate) fn tests() -> Result<String> {
    let mut path = String::new();
    front_end()?;
    step("Playwright", ensure_playwright)?;
    step("browser", || {
        let browser = browser::ensure()?;
        path = browser.path;
        Ok(browser.origin.to_owned())
    })?;
    Ok(path)
}

/// What `cargo leptos watch` needs besides.
pub(crate) fn development_loop() -> Result<()> {
    step("cargo-leptos", ensure_cargo_leptos)?;
    step("wasm-bindgen", wasm_bindgen::ensure_program)
}

/// Installs what `e2e/` locks, unless npm did so since the lock file was last changed.
fn ensure_playwright() -> Result<String> {
    let changed =
        |path: &str| Path::new("e2e").join(path).metadata().and_then(|it| it.modified()).ok();
    let installed = changed("node_modules/.package-lock.json");
    if installed.is_some() && installed >= changed("package-lock.json") {
        return Ok("there already, skipped".to_owned());
    }
    let mut npm = Command::new("npm");
    npm.current_dir("e2e").args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
    program::run(npm.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))?;
    Ok("installed by npm".to_owned())
}

fn ensure_cargo_leptos() -> Result<String> {
    let version = || {
        let text = program::read(Command::new("cargo").args(["leptos", "--version"])).ok()?;
        text.split_whitespace().nth(1).map(str::to_owned)
    };
    if version().as_deref() == Some(CARGO_LEPTOS) {
        return Ok(format!("{CARGO_LEPTOS} there already, skipped"));
    }
    let mut install = cargo_install("cargo-leptos", CARGO_LEPTOS);
    // One of its dependencies claims to need a newer compiler than it does.
    program::run(install.args(["--force", "--ignore-rust-version"]))?;
    match version() {
        Some(now) if now == CARGO_LEPTOS => Ok(format!("{CARGO_LEPTOS} installed")),
        now => bail!("cargo-leptos {CARGO_LEPTOS} was installed, but `cargo leptos` is {now:?}"),
    }
}

/// A `cargo install` that compiles fast: these tools mostly wait for others.
pub(crate) fn cargo_install(name: &str, version: &str) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.args(["install", name, "--version", version]);
    cargo.env("CARGO_PROFILE_RELEASE_LTO", "off");
    cargo.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    cargo.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0");
    cargo
}
