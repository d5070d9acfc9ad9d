//! What a measurement found, as the chore that started it reads it.

use std::{
    collections::BTreeMap,
    io,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::{
    clock::now,
    process::{Process, own_cpu},
};

/// Latencies in nanoseconds, from 1 µs to a minute, to three digits.
#[derive(Debug, Clone)]
pub(crate) struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1_000, 60_000_000_000, 3);
        Self(histogram.expect("the bounds are two apart and the digits at most five"))
    }
}

impl Latencies {
    pub(crate) fn record(&mut self, latency: Duration) {
        self.0.saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.0.add(&other.0).expect("the bounds are the same");
    }

    /// The latency that this share of all does not exceed.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        Duration::from_nanos(self.0.value_at_quantile(share))
    }
}

/// How many bytes the server sent, so that the floor can send as many.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub(crate) struct Sizes {
    pub(crate) head: usize,
    pub(crate) body: usize,
    pub(crate) message: usize,
    pub(crate) snapshot: usize,
}

/// One row of the table.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    name: String,
    unit: &'static str,
    units: u64,
    /// Units in a second.
    rate: f64,
    p50_us: Option<f64>,
    p99_us: Option<f64>,
    max_us: Option<f64>,
    /// The server's time for one unit.
    cpu_us: f64,
    /// The load generator's own.
    load_cpu_us: f64,
    pub(crate) bytes_per_connection: Option<f64>,
    pub(crate) sizes: Sizes,
    /// What else was counted.
    pub(crate) counts: BTreeMap<&'static str, f64>,
}

impl Row {
    pub(crate) fn new(name: &str, unit: &'static str, units: u64, spent: Spent) -> Self {
        let each = |cpu: Duration| micros(cpu) / count(units.max(1));
        Self {
            name: name.to_owned(),
            unit,
            units,
            rate: count(units) / spent.time.as_secs_f64(),
            p50_us: None,
            p99_us: None,
            max_us: None,
            cpu_us: each(spent.server),
            load_cpu_us: each(spent.load),
            bytes_per_connection: None,
            sizes: Sizes::default(),
            counts: BTreeMap::new(),
        }
    }

    pub(crate) fn latencies(mut self, latencies: &Latencies) -> Self {
        let at = |share| Some(micros(latencies.quantile(share)));
        (self.p50_us, self.p99_us, self.max_us) = (at(0.5), at(0.99), at(1.0));
        self
    }

    pub(crate) fn sizes(mut self, sizes: Sizes) -> Self {
        self.sizes = sizes;
        self
    }

    pub(crate) fn count(mut self, name: &'static str, value: f64) -> Self {
        self.counts.insert(name, value);
        self
    }
}

/// A stretch of work, from its start on.
#[derive(Debug)]
pub(crate) struct Stretch {
    server: Process,
    start: Instant,
    before: (Duration, Duration),
}

/// What a stretch of work took.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Spent {
    pub(crate) time: Duration,
    pub(crate) server: Duration,
    pub(crate) load: Duration,
}

impl Stretch {
    pub(crate) fn begin(server: &Process) -> io::Result<Self> {
        let before = (server.cpu()?, own_cpu()?);
        Ok(Self { server: server.clone(), start: now(), before })
    }

    pub(crate) fn end(&self) -> io::Result<Spent> {
        let time = self.start.elapsed();
        let (server, load) = (self.server.cpu()?, own_cpu()?);
        let (server, load) =
            (server.saturating_sub(self.before.0), load.saturating_sub(self.before.1));
        Ok(Spent { time, server, load })
    }
}

impl std::ops::AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        self.time += other.time;
        self.server += other.server;
        self.load += other.load;
    }
}

pub(crate) fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// A count as a number that can be divided.
#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
pub(crate) fn count(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_all_that_was_recorded() {
        let (mut some, mut others) = (Latencies::default(), Latencies::default());
        for millis in 1..=50 {
            some.record(Duration::from_millis(millis));
            others.record(Duration::from_millis(millis + 50));
        }
        some.add(&others);

        for (share, millis) in [(0.5, 50), (0.99, 99), (1.0, 100)] {
            let error = some.quantile(share).abs_diff(Duration::from_millis(millis));
            assert!(error < Duration::from_micros(100), "{share}: off by {error:?}");
        }
    }

    #[test]
    fn a_rows_figures_are_per_unit() {
        let [time, server, load] = [2000, 40, 10].map(Duration::from_millis);
        let row = Row::new("x", "request", 1000, Spent { time, server, load });

        let near = |value: f64, expected: f64| (value - expected).abs() < 1e-9;
        assert!(near(row.rate, 500.0) && near(row.cpu_us, 40.0) && near(row.load_cpu_us, 10.0));
    }
}
