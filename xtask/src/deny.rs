//! Whether what others have written may be shipped: known holes, licences, where it comes from.

use std::process::{Command, Stdio};

use anyhow::Result;

use crate::program;

/// Asks cargo-deny, where it is installed. It takes minutes to build, so it is not installed for this.
pub(crate) fn check() -> Result<String> {
    if !succeeds(&["deny", "--version"]) {
        let fix = "`cargo install --locked cargo-deny`";
        return Ok(format!("skipped, cargo-deny is not installed: {fix}"));
    }
    deny(&["bans", "licenses", "sources"])?;
    // Without a network, or behind a wall, it has no list of known holes.
    if !succeeds(&["deny", "fetch", "db"]) {
        return Ok("fine; known holes skipped, the list of them cannot be reached".to_owned());
    }
    deny(&["advisories"])?;
    Ok("fine".to_owned())
}

fn deny(what: &[&str]) -> Result<()> {
    let mut cargo = Command::new("cargo");
    program::run(cargo.args(["deny", "--log-level", "error", "check"]).args(what))
}

fn succeeds(arguments: &[&str]) -> bool {
    let mut cargo = Command::new("cargo");
    let quiet = cargo.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}
