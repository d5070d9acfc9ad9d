//! Everything that has to hold before a change is merged.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::{program, server, setup, step::step, test, tidy, wasm_target::TARGET, watch};

/// The packages that also run in the browser.
const IN_THE_BROWSER: [&str; 4] =
    ["monoxide-app", "monoxide-ui", "monoxide-client", "monoxide-protocol"];

/// Runs every check; stops at the first that fails.
pub(crate) fn ci() -> Result<()> {
    step("tidy", tidy::tidy)?;
    step("format", || cargo(&["fmt", "--all", "--check"]))?;
    setup::front_end()?;
    step("clippy", || cargo(&["clippy", "--workspace", "--all-targets", "--", "-Dwarnings"]))?;
    step("clippy for the browser", || {
        let mut arguments = vec!["clippy", "--target", TARGET];
        arguments.extend(IN_THE_BROWSER.iter().flat_map(|name| ["--package", name]));
        cargo(&[&arguments[..], &["--", "-Dwarnings"]].concat())
    })?;
    step("docs", || {
        let mut cargo = Command::new("cargo");
        cargo.args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-Dwarnings");
        program::run(&mut cargo).map(|()| "fine".to_owned())
    })?;
    ensure!(test::test()?, "a test failed");

    let browser = setup::browser_tests()?;
    let binary = server::dist()?;
    step("the program alone", || {
        test::page_test(&binary, &browser)?;
        Ok("serves the page from an empty folder".to_owned())
    })?;
    setup::setup(true)?;
    step("cargo leptos watch", || watch::prove(&browser))
}

fn cargo(arguments: &[&str]) -> Result<String> {
    program::run(Command::new("cargo").args(arguments))?;
    Ok("fine".to_owned())
}
