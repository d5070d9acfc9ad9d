//! One scenario against a fresh server and a fresh floor.

use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result};

use crate::program;

use super::{
    row::{Comparison, Row, Sizes},
    scenario::Scenario,
};

/// How the server is started: on a free port, in memory, with no log. Whatever later makes it keep
/// its state on disk, ask who somebody is, or refuse ten thousand connections of one address is
/// switched off here.
const SERVER: [&str; 6] = ["--memory", "--open", "--addr", "127.0.0.1:0", "--log", "error"];

/// Where the programs are.
#[derive(Debug)]
pub(super) struct Programs {
    folder: PathBuf,
}

impl Programs {
    pub(super) fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Measures the server, then the floor with answers as large as the server's.
    pub(super) fn measure(&self, scenario: &Scenario, seconds: f64) -> Result<Vec<Comparison>> {
        eprintln!("{} …", scenario.name);
        let server = Running::start(self.program("monoxide").args(SERVER))?;
        let servers = self.load(scenario, &server, seconds, &[])?;
        drop(server);
        let floors = if scenario.has_floor {
            let sizes = servers.iter().fold(Sizes::default(), |sizes, row| sizes.or(row.sizes));
            let floor = Running::start(self.program("floor").args(flags(sizes)))?;
            self.load(scenario, &floor, seconds, &["--stateless"])?
        } else {
            Vec::new()
        };
        let floor = |name: &str| floors.iter().find(|row| row.name == name).cloned();
        let compare = |server: Row| Comparison { floor: floor(&server.name), server };
        Ok(servers.into_iter().map(compare).collect())
    }

    fn load(
        &self,
        scenario: &Scenario,
        target: &Running,
        seconds: f64,
        more: &[&str],
    ) -> Result<Vec<Row>> {
        let mut load = self.program("load");
        load.arg(scenario.name).args(["--address", &target.address]);
        load.args(["--pid", &target.child.id().to_string()]);
        load.args(["--seconds", &seconds.to_string()]).args(more);
        let rows = program::read(&mut load)?;
        serde_json::from_str(&rows).with_context(|| format!("`{rows}` are no rows"))
    }

    fn program(&self, name: &str) -> Command {
        Command::new(self.folder.join(name))
    }
}

/// The floor's flags for answers of these sizes.
fn flags(sizes: Sizes) -> Vec<String> {
    let Sizes { head, body, message, snapshot } = sizes;
    let flags =
        [("--head", head), ("--body", body), ("--message", message), ("--snapshot", snapshot)];
    flags.into_iter().flat_map(|(flag, size)| [flag.to_owned(), size.to_string()]).collect()
}

/// A program that serves until this is dropped.
#[derive(Debug)]
struct Running {
    child: Child,
    address: String,
}

impl Running {
    fn start(command: &mut Command) -> Result<Self> {
        let child = command.stdout(Stdio::piped()).spawn();
        let child = child.map_err(|error| program::not_started(command, error))?;
        let mut running = Self { child, address: String::new() };
        let output = running.child.stdout.take().context("it is piped")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let address = line.trim().split_once("http://").map(|(_, address)| address.to_owned());
        running.address = address.with_context(|| format!("`{line}` names no address"))?;
        Ok(running)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It keeps nothing that it would have to put away.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
