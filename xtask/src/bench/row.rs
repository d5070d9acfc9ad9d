//! What the load generator found, and what several rounds make of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One measurement.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) unit: String,
    pub(super) units: u64,
    pub(super) rate: f64,
    pub(super) p50_us: Option<f64>,
    pub(super) p99_us: Option<f64>,
    pub(super) max_us: Option<f64>,
    pub(super) cpu_us: f64,
    pub(super) load_cpu_us: f64,
    pub(super) bytes_per_connection: Option<f64>,
    pub(super) sizes: Sizes,
    pub(super) counts: BTreeMap<String, f64>,
}

/// How many bytes the server sent, so that the floor sends as many.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sizes {
    pub(super) head: usize,
    pub(super) body: usize,
    pub(super) message: usize,
    pub(super) snapshot: usize,
}

impl Sizes {
    /// The largest of each.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            head: self.head.max(other.head),
            body: self.body.max(other.body),
            message: self.message.max(other.message),
            snapshot: self.snapshot.max(other.snapshot),
        }
    }
}

/// The same measurement of the server and, if it can do that work, of the floor.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
pub(super) struct Comparison {
    pub(super) server: Row,
    pub(super) floor: Option<Row>,
}

impl Comparison {
    /// The server's time for one unit, in the floor's.
    pub(super) fn to_floor(&self) -> Option<f64> {
        self.floor.as_ref().map(|floor| self.server.cpu_us / floor.cpu_us)
    }
}

/// One comparison for each name, in the order in which the names came first.
pub(super) fn medians(all: Vec<Comparison>) -> Vec<Comparison> {
    let mut groups: Vec<Vec<Comparison>> = Vec::new();
    for comparison in all {
        let name = &comparison.server.name;
        match groups.iter_mut().find(|group| group[0].server.name == *name) {
            Some(group) => group.push(comparison),
            None => groups.push(vec![comparison]),
        }
    }
    groups.into_iter().map(|group| middle(&group)).collect()
}

fn middle(group: &[Comparison]) -> Comparison {
    let servers: Vec<_> = group.iter().map(|it| &it.server).collect();
    let floors: Vec<_> = group.iter().filter_map(|it| it.floor.as_ref()).collect();
    Comparison {
        server: middle_row(&servers),
        floor: (!floors.is_empty()).then(|| middle_row(&floors)),
    }
}

/// A row that has the median of each figure; what is not a figure is the last one's.
fn middle_row(rows: &[&Row]) -> Row {
    let all = |figure: fn(&Row) -> Option<f64>| median(rows.iter().filter_map(|row| figure(row)));
    let last = rows.last().map(|&row| row.clone()).unwrap_or_default();
    let counts = last.counts.keys().map(|name| {
        let values = rows.iter().filter_map(|row| row.counts.get(name).copied());
        (name.clone(), median(values).unwrap_or_default())
    });
    Row {
        rate: all(|row| Some(row.rate)).unwrap_or_default(),
        p50_us: all(|row| row.p50_us),
        p99_us: all(|row| row.p99_us),
        max_us: all(|row| row.max_us),
        cpu_us: all(|row| Some(row.cpu_us)).unwrap_or_default(),
        load_cpu_us: all(|row| Some(row.load_cpu_us)).unwrap_or_default(),
        bytes_per_connection: all(|row| row.bytes_per_connection),
        counts: counts.collect(),
        ..last
    }
}

/// The one in the middle, or the mean of the two.
fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = values[(values.len() - 1) / 2];
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_one_in_the_middle() {
        let check = |values: &[f64], expected| {
            assert_eq!(median(values.iter().copied()), expected, "{values:?}");
        };

        check(&[], None);
        check(&[3.0], Some(3.0));
        check(&[9.0, 1.0, 5.0], Some(5.0));
        check(&[1.0, 2.0, 4.0, 80.0], Some(3.0));
    }

    #[test]
    fn rounds_become_one_comparison_for_each_name() {
        let row = |name: &str, cpu_us| {
            let counts = BTreeMap::from([("lost".to_owned(), cpu_us)]);
            Row { name: name.to_owned(), cpu_us, counts, ..Row::default() }
        };
        let both = |name, server, floor| Comparison {
            server: row(name, server),
            floor: Some(row(name, floor)),
        };
        let rounds = vec![both("b", 4.0, 2.0), both("a", 1.0, 1.0), both("b", 6.0, 2.0)];

        let medians = medians(rounds);
        assert_eq!(medians, [both("b", 5.0, 2.0), both("a", 1.0, 1.0)]);
        assert_eq!(medians[0].to_floor(), Some(2.5));
    }

    #[test]
    fn the_output_of_the_load_generator_is_read() {
        let text = r#"{"name":"x","unit":"request","units":7,"rate":1.5,"p50_us":2.0,"p99_us":null,
            "max_us":null,"cpu_us":3.0,"load_cpu_us":1.0,"bytes_per_connection":null,
            "sizes":{"head":1,"body":2,"message":3,"snapshot":4},"counts":{"lost":0.0}}"#;

        let row: Row = serde_json::from_str(text).unwrap();
        assert_eq!((row.units, row.p50_us, row.sizes.snapshot), (7, Some(2.0), 4));
        let larger = row.sizes.or(Sizes { head: 9, ..Sizes::default() });
        assert_eq!((larger.head, larger.body), (9, 2));
    }
}
