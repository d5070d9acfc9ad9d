//! The crash test: kills a real server under load, again and again, and checks what is left.
//!
//! `crash --server target/release/monoxide --kills 50` starts the server on a folder of its own, lets
//! writers and subscribers loose on it, kills it at a random moment, starts it again, and compares
//! what is there with what was answered and told. `cargo xtask crash` builds both and runs this.

mod gate;
mod http;
mod run;
mod server;
mod watcher;
mod writer;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context as _, Result};
use clap::Parser;
use monoxide_testkit::storage::power_cuts;

use crate::run::Run;

/// Kills a server under load, again and again, and checks what is left.
#[derive(Debug, Parser)]
struct Flags {
    /// The server program.
    #[arg(long, default_value = "target/release/monoxide")]
    server: PathBuf,
    /// How often it is killed.
    #[arg(long, default_value_t = 0)]
    kills: u32,
    /// What the server writes its folder with. Without it, what it chooses itself.
    #[arg(long)]
    backend: Option<String>,
    /// How often the power of a file of redb is cut.
    #[arg(long, default_value_t = 0)]
    power_cuts: u32,
    /// What is chosen at random follows from this. Without it, it is another each time.
    #[arg(long)]
    seed: Option<u64>,
}

#[tokio::main]
#[expect(clippy::print_stderr, reason = "whoever started it waits for what is wrong")]
async fn main() -> ExitCode {
    let flags = Flags::parse();
    let seed = flags.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    match crash(&flags, seed).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}\nagain with: --seed {seed}");
            ExitCode::FAILURE
        }
    }
}

async fn crash(flags: &Flags, seed: u64) -> Result<()> {
    if flags.power_cuts > 0 {
        cut_the_power(seed, flags.power_cuts).await?;
    }
    if flags.kills > 0 {
        kill(flags, seed).await?;
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "whoever started it waits for the figures")]
async fn cut_the_power(seed: u64, cuts: u32) -> Result<()> {
    let cut = power_cuts(seed, cuts).await?;
    println!(
        "redb: {} power cuts, {} of them while it was loading; {} writes answered, {} refused; \
         {} of those without an answer were there, {} not; {} messages; nothing is wrong",
        cut.cuts,
        cut.at_start,
        cut.tally.done,
        cut.tally.refused,
        cut.tally.appeared,
        cut.tally.vanished,
        cut.messages
    );
    Ok(())
}

#[expect(clippy::print_stdout, reason = "whoever started it waits for the figures")]
async fn kill(flags: &Flags, seed: u64) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("monoxide-crash-").tempdir()?;
    let program = flags.server.canonicalize().with_context(|| {
        format!("`{}` is not built; `cargo xtask crash` does it", flags.server.display())
    })?;
    let mut run = Run::new(&program, folder.path(), flags.backend.as_deref(), seed).await?;
    match run.kill(flags.kills).await {
        Ok(()) => {
            println!("{}", run.summary());
            Ok(())
        }
        Err(error) => {
            println!("{}", run.summary());
            let kept = folder.keep();
            Err(error.context(format!("what is left is in `{}`", kept.display())))
        }
    }
}
