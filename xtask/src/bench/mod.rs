//! What the server's work costs, beside the least that the sockets' work costs.

mod measure;
mod row;
mod scenario;
mod table;
mod target;

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde::Serialize;

use crate::{program, server, step::step};

use self::{measure::Programs, row::Comparison, scenario::SCENARIOS, target::Verdict};

/// What is measured, and for how long.
#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// Only the scenarios whose names begin so
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Write everything that was measured to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// How long each measurement takes
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// How often everything is measured; the table has the medians
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

/// Everything that was measured.
#[derive(Debug, Serialize)]
struct Report<'a> {
    machine: &'a str,
    seconds: f64,
    rounds: usize,
    rows: Vec<Judged<'a>>,
}

/// A row, and what is promised about it.
#[derive(Debug, Serialize)]
struct Judged<'a> {
    #[serde(flatten)]
    comparison: &'a Comparison,
    ratio: Option<f64>,
    target: Option<Verdict>,
}

/// Measures, and prints the table.
pub(crate) fn bench(flags: &Flags) -> Result<()> {
    let start = flags.only.as_deref().unwrap_or("");
    let chosen: Vec<_> = SCENARIOS.iter().filter(|it| it.name.starts_with(start)).collect();
    let names = || SCENARIOS.map(|it| it.name).join(", ");
    ensure!(!chosen.is_empty(), "no scenario begins with `{start}`; there are {}", names());
    ensure!(flags.rounds > 0, "without a round nothing is measured");

    let programs = build()?;
    let mut comparisons = Vec::new();
    // Each round is a whole one, so that a noisy moment hits one figure of each and not all of one.
    for round in 1..=flags.rounds {
        let name = format!("round {round} of {}", flags.rounds);
        step(&name, || {
            for scenario in &chosen {
                comparisons.extend(programs.measure(scenario, flags.seconds)?);
            }
            Ok(format!("{} scenarios", chosen.len()))
        })?;
    }
    let comparisons = row::medians(comparisons);
    let machine = machine();
    println!("\n{}\n{machine}", table::table(&comparisons));
    if let Some(file) = &flags.json {
        let judged = |comparison| {
            let target = target::verdict(comparison, &comparisons);
            Judged { comparison, ratio: comparison.to_floor(), target }
        };
        let (seconds, rounds) = (flags.seconds, flags.rounds);
        let rows = comparisons.iter().map(judged).collect();
        let report = Report { machine: &machine, seconds, rounds, rows };
        fs::write(file, serde_json::to_string_pretty(&report)?)
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// Builds what is measured, as it is shipped but without the page, and what measures.
fn build() -> Result<Programs> {
    step("server", server::compile)?;
    step("floor and load", || {
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--release", "--package", "monoxide-testkit"]);
        cargo.args(["--bin", "floor", "--bin", "load", "--target-dir", "target"]);
        program::run(&mut cargo)?;
        Ok("built".to_owned())
    })?;
    Ok(Programs::in_folder(std::env::current_dir()?.join("target/release")))
}

/// The machine, as far as it matters.
fn machine() -> String {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.map_or_else(|| "?".to_owned(), |it| it.trim_start_matches([':', ' ', '\t']).to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let processor = field(&read("/proc/cpuinfo"), "model name");
    let memory = field(&read("/proc/meminfo"), "MemTotal");
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{cores} cores, {processor}, {memory} memory, Linux {}", kernel.trim())
}
