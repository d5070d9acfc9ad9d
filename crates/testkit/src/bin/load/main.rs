//! The load generator: drives a server over raw sockets and tells what that cost the server.
//!
//! `load rest-get --address 127.0.0.1:8800 --pid 4711` prints one JSON array with a row for each
//! measurement. `cargo xtask bench` starts it once for each scenario and server. It has to cost less
//! than what it measures, so it does only what it must: a few threads on epoll, requests made once,
//! answers and frames measured and not read.

mod board;
mod clock;
mod frames;
mod http;
mod process;
mod publisher;
mod publishing;
mod report;
mod requests;
mod scenarios;
mod swarm;

use std::{
    io::{self, Write as _},
    net::SocketAddr,
    time::Duration,
};

use anyhow::Context as _;
use clap::Parser;

use crate::{process::Process, scenarios::Bench};

/// How many threads generate load.
const THREADS: usize = 2;

/// Drives a server and tells what that cost.
#[derive(Debug, Parser)]
struct Flags {
    /// Which scenario.
    scenario: String,
    /// Where the server listens.
    #[arg(long)]
    address: SocketAddr,
    /// The server's process.
    #[arg(long)]
    pid: u32,
    /// How many seconds each measurement takes, where that can be chosen.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// The server keeps nothing, so nothing is expected to come back.
    #[arg(long)]
    stateless: bool,
}

fn main() -> anyhow::Result<()> {
    let flags = Flags::parse();
    rlimit::increase_nofile_limit(u64::MAX).context("more files than now cannot be opened")?;
    let bench = Bench {
        address: flags.address,
        server: Process::new(flags.pid),
        time: Duration::try_from_secs_f64(flags.seconds)?,
        stateless: flags.stateless,
    };
    let rows = bench.run(&flags.scenario).with_context(|| flags.scenario.clone())?;
    writeln!(io::stdout(), "{}", serde_json::to_string(&rows)?)?;
    Ok(())
}
