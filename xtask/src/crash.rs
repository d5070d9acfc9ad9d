//! The crash test: a real server is killed, and the power of a file is cut.

use std::{env, path::PathBuf, process::Command};

use anyhow::Result;
use clap::Args;

use crate::{program, server, step::step};

/// How often, and what.
#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// How often the server is killed
    #[arg(long, default_value_t = 100)]
    kills: u32,
    /// What the server writes its folder with; without it, what it chooses itself
    #[arg(long, value_name = "NAME")]
    backend: Option<String>,
    /// How often the power of a file of redb is cut
    #[arg(long, default_value_t = 500, value_name = "N")]
    power_cuts: u32,
    /// What is chosen at random follows from this; without it, it is another each time
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

/// Builds the server and what kills it, and lets that go; it says itself what is wrong.
pub(crate) fn crash(flags: &Flags) -> Result<()> {
    step("server", server::compile)?;
    let crash = build()?;
    let (kills, cuts) = (flags.kills.to_string(), flags.power_cuts.to_string());
    let mut command = Command::new(crash);
    command.args(["--kills", &kills, "--power-cuts", &cuts, "--server", server::BUILT]);
    if let Some(backend) = &flags.backend {
        command.args(["--backend", backend]);
    }
    if let Some(seed) = flags.seed {
        command.args(["--seed", &seed.to_string()]);
    }
    program::run(&mut command)
}

/// Kills the server that is built already, often enough to notice what goes wrong often.
pub(crate) fn some_kills() -> Result<String> {
    let crash = build()?;
    program::run(Command::new(crash).args(["--kills", "50", "--server", server::BUILT]))?;
    Ok("nothing is lost".to_owned())
}

fn build() -> Result<PathBuf> {
    step("crash test", || {
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--release", "--package", "monoxide-testkit", "--bin", "crash"]);
        program::run(cargo.args(["--target-dir", "target"]))?;
        Ok("built".to_owned())
    })?;
    Ok(env::current_dir()?.join("target/release/crash"))
}
