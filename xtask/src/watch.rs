//! The proof that `cargo leptos watch` works: a change to a file reaches an open page.

use std::{
    env,
    net::{SocketAddr, TcpListener},
    path::Path,
    process::Command,
};

use anyhow::Result;

use crate::{browser, files, program};

/// The copy of the workspace that is watched and changed, so that the workspace itself never is.
const COPY: &str = "target/watch";

/// Watches a copy of the workspace and lets Playwright look at the page and change it.
pub(crate) fn prove(browser: &str) -> Result<String> {
    copy_workspace(Path::new(COPY))?;
    let here = env::current_dir()?;
    let [site, reload] = free_addresses()?;
    let mut npx = Command::new("npx");
    npx.current_dir("e2e").args(["playwright", "test", "--config", "watch/playwright.config.ts"]);
    npx.env("MONOXIDE_WATCH", here.join(COPY));
    npx.env("MONOXIDE_URL", format!("http://{site}"));
    npx.env("LEPTOS_SITE_ADDR", site.to_string());
    npx.env("LEPTOS_RELOAD_PORT", reload.port().to_string());
    npx.env("MONOXIDE_OPEN", "yes");
    // What others wrote is compiled once for both.
    npx.env("CARGO_TARGET_DIR", here.join("target"));
    npx.env(browser::VARIABLE, browser);
    program::run(&mut npx)?;
    Ok("a change of style and one of code reached the page".to_owned())
}

/// Two addresses at which nobody listens. Both are taken before either is let go, so that they differ.
fn free_addresses() -> Result<[SocketAddr; 2]> {
    let taken = [TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?];
    Ok([taken[0].local_addr()?, taken[1].local_addr()?])
}

fn copy_workspace(copy: &Path) -> Result<()> {
    files::remove_folder(copy)?;
    // `.cargo` applies to the copy from where it is; twice, its flags would be others.
    for path in files::of_workspace()?.iter().filter(|path| !path.starts_with("./.cargo")) {
        files::write(&copy.join(path), &files::read(path)?)?;
    }
    Ok(())
}
