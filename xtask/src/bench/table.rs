//! The table, in Markdown, so that it can be put into a document as it is.

use super::{
    row::{Comparison, Row},
    target,
};

const HEADS: [&str; 12] = [
    "scenario",
    "unit",
    "units/s",
    "p50",
    "p99 (floor)",
    "max",
    "server CPU",
    "floor CPU",
    "ratio",
    "load CPU",
    "memory (floor)",
    "target",
];

/// All rows, and below them what else was counted and is not nothing.
pub(super) fn table(rows: &[Comparison]) -> String {
    let mut lines = vec![HEADS.map(str::to_owned)];
    lines.extend(rows.iter().map(|row| cells(row, rows)));
    let widths: [usize; 12] = std::array::from_fn(|column| {
        lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0)
    });
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        let padded = |(cell, &width): (&String, &usize)| format!("{cell:<width$}");
        let padded: Vec<_> = line.iter().zip(&widths).map(padded).collect();
        text += &format!("| {} |\n", padded.join(" | "));
        if number == 0 {
            let rules = widths.map(|width| "-".repeat(width + 2));
            text += &format!("|{}|\n", rules.join("|"));
        }
    }
    let counted: Vec<_> = rows.iter().filter_map(|row| counts(&row.server)).collect();
    if counted.is_empty() { text } else { format!("{text}\n{}\n", counted.join("\n")) }
}

fn cells(row: &Comparison, all: &[Comparison]) -> [String; 12] {
    let Comparison { server, floor } = row;
    let none = String::new;
    let both = |show: fn(&Row) -> Option<String>| {
        let floors = floor.as_ref().and_then(show).map(|it| format!(" ({it})"));
        show(server).map_or_else(none, |it| it + &floors.unwrap_or_default())
    };
    [
        server.name.clone(),
        server.unit.clone(),
        format!("{:.0}", server.rate),
        server.p50_us.map_or_else(none, latency),
        both(|row| row.p99_us.map(latency)),
        server.max_us.map_or_else(none, latency),
        micros(server.cpu_us),
        floor.as_ref().map_or_else(none, |floor| micros(floor.cpu_us)),
        row.to_floor().map_or_else(none, |ratio| format!("{ratio:.2}")),
        micros(server.load_cpu_us),
        both(|row| row.bytes_per_connection.map(|bytes| format!("{bytes:.0} B"))),
        target::verdict(row, all).map_or_else(none, |verdict| verdict.text),
    ]
}

/// A time of work.
fn micros(micros: f64) -> String {
    format!("{micros:.1} µs")
}

/// A time of waiting.
fn latency(micros: f64) -> String {
    match micros {
        ..1e3 => format!("{micros:.0} µs"),
        ..1e6 => format!("{:.1} ms", micros / 1e3),
        _ => format!("{:.2} s", micros / 1e6),
    }
}

fn counts(row: &Row) -> Option<String> {
    let counted = row.counts.iter().filter(|(_, value)| **value > 0.0);
    let counted: Vec<_> = counted
        .map(|(name, value)| {
            format!("{} {}", name.replace('_', " "), (value * 100.0).round() / 100.0)
        })
        .collect();
    (!counted.is_empty()).then(|| format!("- {}: {}", row.name, counted.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_row_for_each_measurement() {
        let server = Row {
            name: "rest-set".to_owned(),
            unit: "request".to_owned(),
            rate: 53_614.9,
            p50_us: Some(890.9),
            p99_us: Some(6_197.3),
            max_us: Some(1_335_717.1),
            cpu_us: 15.0,
            load_cpu_us: 6.04,
            bytes_per_connection: Some(4096.0),
            counts: [("caught_up".to_owned(), 5.0), ("lost".to_owned(), 0.0)].into(),
            ..Row::default()
        };
        let floor = Row { cpu_us: 7.5, bytes_per_connection: Some(1024.4), ..server.clone() };

        let table = table(&[Comparison { server, floor: Some(floor) }]);
        let lines: Vec<_> = table.lines().collect();
        assert!(
            lines[0]
                .starts_with("| scenario | unit    | units/s | p50    | p99 (floor)     | max ")
        );
        assert!(lines[1].starts_with("|----------|---------|---------|--------|"));
        assert_eq!(
            lines[2],
            "| rest-set | request | 53615   | 891 µs | 6.2 ms (6.2 ms) | 1.34 s | 15.0 µs    | 7.5 µs    \
             | 2.00  | 6.0 µs   | 4096 B (1024 B) | 2.00 ≤ 2× floor |"
        );
        assert_eq!(lines[3..], ["", "- rest-set: caught up 5"]);
    }

    #[test]
    fn what_was_not_measured_is_left_empty() {
        let server = Row { name: "list-1000-insert".to_owned(), ..Row::default() };

        let table = table(&[Comparison { server, floor: None }]);
        let row = table.lines().nth(2).unwrap();
        assert_eq!(row.matches("|     |").count(), 2, "p50 and max of {row}");
        assert_eq!(table.lines().count(), 3);
    }
}
