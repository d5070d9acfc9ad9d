//! The browser that the browser tests drive.

use std::{env, path::Path, process::Command};

use anyhow::{Context as _, Result, bail};

use crate::program;

/// Names the browser, for people who have one in another place and for Playwright's configuration.
pub(crate) const VARIABLE: &str = "MONOXIDE_CHROMIUM";

/// Where systems keep Chromium or its sister.
const CANDIDATES: [&str; 5] = [
    "/usr/lib/chromium/chromium",
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/// A browser that starts.
pub(crate) struct Browser {
    /// The program, for [`VARIABLE`].
    pub(crate) path: String,
    /// How it came to be here.
    pub(crate) origin: &'static str,
}

/// Finds a browser, or installs one.
pub(crate) fn ensure() -> Result<Browser> {
    if let Ok(path) = env::var(VARIABLE) {
        started(&path).with_context(|| format!("{VARIABLE} names no browser that starts"))?;
        return Ok(Browser { path, origin: "named by MONOXIDE_CHROMIUM, skipped" });
    }
    if let Some(path) = installed() {
        return Ok(Browser { path, origin: "there already, skipped" });
    }
    let apt = install_by_apt();
    if let (Ok(()), Some(path)) = (&apt, installed()) {
        return Ok(Browser { path, origin: "installed by apt" });
    }
    let npx = program::read(npx().args(["install", "chromium"]));
    if let (Ok(_), Some(path)) = (&npx, installed()) {
        return Ok(Browser { path, origin: "downloaded by Playwright" });
    }
    let reasons = [apt.err(), npx.err()].into_iter().flatten();
    let reasons = reasons.map(|error| format!("{error:#}")).collect::<Vec<_>>().join("; ");
    bail!(
        "no Chromium was found or could be installed ({reasons}); install one, as root with \
         `apt-get install chromium`, or name one with `{VARIABLE}=<path>`"
    )
}

/// The first browser that starts, beginning with the one that Playwright brought.
fn installed() -> Option<String> {
    let own = program::read(
        Command::new("node")
            .current_dir("e2e")
            .args(["-p", "require('@playwright/test').chromium.executablePath()"]),
    );
    let own = own.ok().map(|path| path.trim().to_owned()).filter(|path| Path::new(path).exists());
    let candidates = CANDIDATES.map(str::to_owned);
    own.into_iter().chain(candidates).find(|path| started(path).is_ok())
}

fn started(path: &str) -> Result<String> {
    program::read(Command::new(path).arg("--version"))
}

fn install_by_apt() -> Result<()> {
    let install = || {
        let words = ["install", "-y", "--no-install-recommends", "chromium"];
        let mut apt = Command::new("apt-get");
        program::read(apt.args(words).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    // A fresh machine has no lists yet.
    install().or_else(|_| {
        program::read(Command::new("apt-get").arg("update"))?;
        install()
    })?;
    Ok(())
}

fn npx() -> Command {
    let mut npx = Command::new("npx");
    npx.current_dir("e2e").arg("playwright");
    npx
}
