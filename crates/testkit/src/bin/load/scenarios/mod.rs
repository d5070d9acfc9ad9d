//! What is measured: one file for each kind of work.

mod fan_out;
mod joining;
mod list;
mod rest;
mod slow;

use std::{io, net::SocketAddr, time::Duration};

use crate::{
    clock::{now, sleep},
    process::Process,
    report::Row,
};

/// The server that is measured, and how.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) address: SocketAddr,
    pub(crate) server: Process,
    /// How long each measurement takes, where that can be chosen.
    pub(crate) time: Duration,
    /// It keeps nothing: it is the floor.
    pub(crate) stateless: bool,
}

impl Bench {
    /// Measures the scenario of this name.
    pub(crate) fn run(&self, scenario: &str) -> io::Result<Vec<Row>> {
        match scenario {
            "rest-set" => rest::set(self),
            "rest-get" => rest::get(self),
            "rest-list" => rest::list(self),
            "rest-push" => rest::push(self),
            "fan-out-1000" => fan_out::one_key(self, scenario, 1_000, 50.0),
            "fan-out-10000" => fan_out::one_key(self, scenario, 10_000, 5.0),
            "topics-1000x10" => fan_out::topics(self, scenario, 1_000, 10),
            "list-1000" => list::ends(self, scenario, 1_000),
            "list-20000" => list::ends(self, scenario, 20_000),
            "list-100000" => list::ends(self, scenario, 100_000),
            "idle-10000" => joining::idle(self, scenario, 10_000),
            "idle-10000-topics" => joining::idle_topics(self, scenario, 10_000),
            "join-2000" => joining::storm(self, scenario, 2_000),
            "join-among-500" => joining::one_among(self, scenario, 500),
            "reconnect-5000" => joining::reconnect(self, scenario, 5_000),
            "slow-readers-100" => slow::readers(self, scenario, 100, 5, 100.0),
            "slow-readers-1000" => slow::readers(self, scenario, 1_000, 50, 10.0),
            _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "no scenario has this name")),
        }
    }

    /// Waits until the server has nothing to do.
    fn settle(&self) -> io::Result<()> {
        const STEP: Duration = Duration::from_millis(50);
        let start = now();
        let mut before = self.server.cpu()?;
        while start.elapsed() < Duration::from_secs(3) {
            sleep(STEP);
            let cpu = self.server.cpu()?;
            if cpu.saturating_sub(before) < STEP / 50 {
                break;
            }
            before = cpu;
        }
        Ok(())
    }
}
