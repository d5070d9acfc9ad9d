//! What is promised, and whether it was kept.

use serde::Serialize;

use super::row::{Comparison, Row};

/// What a row may be at most.
#[derive(Debug, Clone, Copy)]
enum Bound {
    /// The server's time for one unit, in the floor's.
    CpuToFloor(f64),
    /// The server's time for one unit, in that of another row.
    CpuToRow(&'static str, f64),
    /// The server's time for one unit, in microseconds.
    Cpu(f64),
    /// Memory for one connection, in bytes.
    Memory(f64),
    /// The 99th percentile of latencies, in that of another row.
    LatencyToRow(&'static str, f64),
}

/// The rows about which something is promised.
const TARGETS: [(&str, Bound); 10] = [
    ("rest-set", Bound::CpuToFloor(2.0)),
    ("rest-get", Bound::CpuToFloor(1.6)),
    ("fan-out-1000-single", Bound::CpuToFloor(1.15)),
    ("fan-out-1000-flat", Bound::CpuToFloor(1.15)),
    ("list-100000-update", Bound::CpuToRow("list-1000-update", 1.3)),
    ("list-100000-insert", Bound::CpuToRow("list-1000-insert", 1.3)),
    ("list-100000-remove", Bound::CpuToRow("list-1000-remove", 1.3)),
    ("idle-10000", Bound::Memory(6.0 * 1024.0)),
    ("join-among-500", Bound::Cpu(500.0)),
    ("slow-readers-100+5", Bound::LatencyToRow("slow-readers-100+0", 1.2)),
];

/// Whether a promise was kept, and by how much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Verdict {
    pub(super) is_met: bool,
    pub(super) text: String,
}

/// The verdict on a row, if something is promised about it and what it takes was measured.
pub(super) fn verdict(row: &Comparison, all: &[Comparison]) -> Option<Verdict> {
    let (_, bound) = TARGETS.iter().find(|(name, _)| *name == row.server.name)?;
    let other = |name| all.iter().find(|it| it.server.name == name).map(|it| &it.server);
    let cpu = |row: &Row| Some(row.cpu_us);
    let ratio =
        |name, figure: fn(&Row) -> Option<f64>| Some(figure(&row.server)? / figure(other(name)?)?);
    Some(match *bound {
        Bound::CpuToFloor(most) => of("", "× floor", row.to_floor()?, most),
        Bound::CpuToRow(name, most) => of("", &format!("× {name}"), ratio(name, cpu)?, most),
        Bound::Cpu(most) => of("CPU ", " µs", row.server.cpu_us, most),
        Bound::Memory(most) => of("", " B", row.server.bytes_per_connection?, most),
        Bound::LatencyToRow(name, most) => {
            of("p99 ", &format!("× {name}"), ratio(name, |row| row.p99_us)?, most)
        }
    })
}

fn of(before: &str, after: &str, value: f64, most: f64) -> Verdict {
    let is_met = value <= most;
    let sign = if is_met { "≤" } else { "> **missed**" };
    let digits = if most < 100.0 { 2 } else { 0 };
    Verdict { is_met, text: format!("{before}{value:.digits$} {sign} {most}{after}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rows: &[(&str, Row, Option<f64>)], expected: Option<(bool, &str)>) {
        let comparison = |(name, row, floor): &(&str, Row, Option<f64>)| Comparison {
            server: Row { name: (*name).to_owned(), ..row.clone() },
            floor: floor.map(|cpu_us| Row { cpu_us, ..Row::default() }),
        };
        let all: Vec<_> = rows.iter().map(comparison).collect();
        let found = verdict(all.last().unwrap(), &all);
        let found = found.as_ref().map(|verdict| (verdict.is_met, &*verdict.text));
        assert_eq!(found, expected);
    }

    fn cpu(cpu_us: f64) -> Row {
        Row { cpu_us, ..Row::default() }
    }

    #[test]
    fn a_row_is_compared_with_the_floor() {
        check(&[("rest-set", cpu(15.0), Some(10.0))], Some((true, "1.50 ≤ 2× floor")));
        check(
            &[("rest-get", cpu(17.0), Some(10.0))],
            Some((false, "1.70 > **missed** 1.6× floor")),
        );
    }

    #[test]
    fn a_row_is_compared_with_another() {
        let short = ("list-1000-update", cpu(10.0), None);
        let long = ("list-100000-update", cpu(13.0), None);
        check(&[short, long.clone()], Some((true, "1.30 ≤ 1.3× list-1000-update")));
        check(&[long], None);

        let p99 = |p99_us| Row { p99_us: Some(p99_us), ..Row::default() };
        let none = ("slow-readers-100+0", p99(10.0), None);
        let some = ("slow-readers-100+5", p99(15.0), None);
        let missed = "p99 1.50 > **missed** 1.2× slow-readers-100+0";
        check(&[none, some], Some((false, missed)));
    }

    #[test]
    fn a_row_is_compared_with_a_number() {
        check(&[("join-among-500", cpu(132.2), None)], Some((true, "CPU 132 ≤ 500 µs")));
        let row = Row { bytes_per_connection: Some(7000.0), ..Row::default() };
        check(&[("idle-10000", row, None)], Some((false, "7000 > **missed** 6144 B")));
    }

    #[test]
    fn what_nothing_is_promised_about_has_no_verdict() {
        check(&[("rest-push", cpu(1.0), Some(1.0))], None);
    }
}
