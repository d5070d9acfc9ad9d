//! Everything that has to hold before a change is merged.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::{
    crash, deny, program, server, setup, site, step::step, test, tidy, wasm_target::TARGET, watch,
};

/// The packages that run in the browser.
const IN_THE_BROWSER: [&str; 10] = [
    "--target",
    TARGET,
    "--package",
    "monoxide-app",
    "--package",
    "monoxide-ui",
    "--package",
    "monoxide-client",
    "--package",
    "monoxide-protocol",
];

/// Runs every check; stops at the first that fails.
pub(crate) fn ci() -> Result<()> {
    step("tidy", tidy::tidy)?;
    step("format", || cargo(&["fmt", "--all", "--check"]))?;
    step("what others wrote", deny::check)?;
    let browser = setup::tests()?;
    step("clippy", || cargo(&["clippy", "--workspace", "--all-targets", "--", "-Dwarnings"]))?;
    step("clippy in the browser", || {
        for parts in [&[][..], &["--features", "monoxide-app/split"]] {
            cargo(&[&["clippy"], &IN_THE_BROWSER[..], parts, &["--", "-Dwarnings"]].concat())?;
        }
        Ok("fine".to_owned())
    })?;
    step("docs", || {
        cargo(&["doc", "--workspace", "--exclude", "monoxide-app", "--no-deps"])?;
        cargo(&[&["doc", "--no-deps"], &IN_THE_BROWSER[..]].concat())
    })?;
    ensure!(test::test(&browser)?, "a test failed");
    let binary = server::dist()?;
    step("weight of the page", site::check_weight)?;
    step("the program alone", || {
        test::page_test(&binary, &browser)?;
        Ok("serves the page from an empty folder".to_owned())
    })?;
    step("fifty kills", crash::some_kills)?;
    setup::development_loop()?;
    step("cargo leptos watch", || watch::prove(&browser))
}

fn cargo(arguments: &[&str]) -> Result<String> {
    let mut cargo = Command::new("cargo");
    program::run(cargo.args(arguments).env("RUSTDOCFLAGS", "-Dwarnings"))?;
    Ok("fine".to_owned())
}
