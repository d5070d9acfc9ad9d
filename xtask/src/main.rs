//! The chores of this repository: `cargo xtask <chore>`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is a command")]

mod bench;
mod browser;
mod ci;
mod crash;
mod deny;
mod files;
mod parts;
mod program;
mod rust_source;
mod server;
mod setup;
mod site;
mod step;
mod stylesheet;
mod test;
mod tidy;
mod wasm_bindgen;
mod wasm_target;
mod watch;

use std::{env, process::ExitCode};

use anyhow::{Context as _, Result};
use clap::Parser;

/// The chores of this repository. Each first makes sure of the tools that it needs.
#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Chore {
    /// Build the page and the server, and start it on http://127.0.0.1:8800
    Run {
        /// Settings of the server, after `--`; `-- --help` lists them
        #[arg(last = true)]
        settings: Vec<String>,
    },
    /// Run all tests and count them in the last line
    Test {
        /// Run only those that find more the longer they go on, with so many cases
        #[arg(long, value_name = "CASES", num_args = 0..=1, default_missing_value = "1000000")]
        soak: Option<u32>,
    },
    /// Install the tools and do nothing else
    Setup {
        /// Install the development loop as well: `cargo leptos watch`
        #[arg(long)]
        dev: bool,
    },
    /// Measure what the server's work costs, beside the least that it can cost
    Bench(bench::Flags),
    /// Kill a server under load again and again, and check that nothing is lost
    Crash(crash::Flags),
    /// Run every check: format, lints, tidy, docs, tests, some kills, and both ways to build the page
    Ci,
    /// Check what compilers do not: who uses whom, where versions stand, what a file begins with
    Tidy,
    /// Build the program that is shipped: target/dist/monoxide
    Dist,
    /// Build the page only: target/site
    Site,
}

fn main() -> ExitCode {
    match do_chore(Chore::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Does the chore; false if it was a test that failed, which has been said already.
fn do_chore(chore: Chore) -> Result<bool> {
    go_to_the_top()?;
    match chore {
        Chore::Run { settings } => {
            setup::front_end()?;
            server::run(&settings)?;
        }
        Chore::Test { soak: Some(cases) } => return test::soak(cases),
        Chore::Test { soak: None } => return test::test(&setup::tests()?),
        Chore::Setup { dev } => {
            setup::tests()?;
            if dev {
                setup::development_loop()?;
            }
        }
        Chore::Bench(flags) => bench::bench(&flags)?,
        Chore::Crash(flags) => crash::crash(&flags)?,
        Chore::Ci => ci::ci()?,
        Chore::Tidy => step::step("tidy", tidy::tidy)?,
        Chore::Dist => {
            setup::front_end()?;
            server::dist()?;
        }
        Chore::Site => {
            setup::front_end()?;
            step::step("front end", site::build)?;
        }
    }
    Ok(true)
}

/// Makes the workspace's folder the current one, so that every path can be relative to it.
fn go_to_the_top() -> Result<()> {
    let here = env::current_dir()?;
    let top = here.ancestors().find(|folder| folder.join("xtask/Cargo.toml").is_file());
    env::set_current_dir(top.context("this is not in the workspace of a Monoxide project")?)?;
    Ok(())
}
