//! The samples of the last hour, in their order, and what charts make of them.

use monoxide_protocol::{Monitor, Sample};

use super::{chart::Series, unit::Unit};

/// A value that a chart shows of each sample.
pub type Value = fn(&Sample) -> f64;

/// What one chart is about.
#[derive(Debug, Clone, Copy)]
pub struct Topic {
    /// Its title.
    pub title: &'static str,
    /// What it counts.
    pub unit: Unit,
    /// Its lines.
    pub lines: &'static [(&'static str, Value)],
}

/// The charts of the monitor.
pub const TOPICS: [Topic; 8] = [
    Topic {
        title: "Requests",
        unit: Unit::Rate,
        lines: &[
            ("reads", |it| rate(it, it.reads)),
            ("lists", |it| rate(it, it.lists)),
            ("writes", |it| rate(it, it.writes)),
            ("others", |it| rate(it, it.others)),
        ],
    },
    Topic {
        title: "Handling time",
        unit: Unit::Time,
        lines: &[
            ("half", |it| time(it, it.p50)),
            ("95 %", |it| time(it, it.p95)),
            ("99 %", |it| time(it, it.p99)),
        ],
    },
    Topic {
        title: "Messages",
        unit: Unit::Rate,
        lines: &[("messages", |it| rate(it, it.messages))],
    },
    Topic {
        title: "Sent to subscribers",
        unit: Unit::ByteRate,
        lines: &[("bytes", |it| rate(it, it.bytes))],
    },
    Topic {
        title: "Connections",
        unit: Unit::Count,
        lines: &[("all", |it| number(it.connections)), ("sockets", |it| number(it.sockets))],
    },
    Topic { title: "Memory", unit: Unit::Bytes, lines: &[("memory", |it| number(it.memory))] },
    Topic { title: "Objects", unit: Unit::Count, lines: &[("objects", |it| number(it.objects))] },
    Topic { title: "On disk", unit: Unit::Bytes, lines: &[("files", |it| number(it.disk))] },
];

/// How many of something there were in a second.
#[must_use]
pub fn rate(sample: &Sample, count: u64) -> f64 {
    if sample.span == 0 { 0.0 } else { number(count) * 1000.0 / number(sample.span) }
}

/// How long requests took; not a number where there were none.
fn time(sample: &Sample, micros: u64) -> f64 {
    if sample.reads + sample.lists + sample.writes == 0 { f64::NAN } else { number(micros) }
}

#[expect(clippy::cast_precision_loss, reason = "a chart shows no more digits")]
fn number(number: u64) -> f64 {
    number as f64
}

/// All samples, the oldest first, with that of the last second at the end.
///
/// ```
/// # use monoxide_protocol::{Monitor, Sample};
/// # use monoxide_ui::model::ring::samples;
/// let at = |at| Sample { at, ..Sample::default() };
/// // The ring has begun to replace the oldest.
/// let history = [(0, at(130)), (1, at(110)), (2, at(120))].into();
/// let monitor = Monitor { now: at(135), history, ..Monitor::default() };
/// let times: Vec<_> = samples(&monitor).iter().map(|sample| sample.at).collect();
/// assert_eq!(times, [110, 120, 130, 135]);
/// ```
#[must_use]
pub fn samples(monitor: &Monitor) -> Vec<Sample> {
    let mut samples: Vec<_> = monitor.history.values().copied().collect();
    samples.sort_unstable_by_key(|sample| sample.at);
    if samples.last().is_none_or(|last| last.at < monitor.now.at) {
        samples.push(monitor.now);
    }
    samples
}

/// The lines of a chart.
#[must_use]
pub fn lines(topic: &Topic, samples: &[Sample]) -> Vec<Series> {
    let line = |&(name, value): &(&'static str, Value)| Series {
        name,
        values: samples.iter().map(value).collect(),
    };
    topic.lines.iter().map(line).collect()
}

/// When each sample was, in minutes after the last: none is above zero.
#[must_use]
pub fn minutes(samples: &[Sample]) -> Vec<f64> {
    let last = samples.last().map_or(0, |sample| sample.at);
    samples.iter().map(|sample| -number(last.saturating_sub(sample.at)) / 60.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_of_a_second_however_long_the_sample() {
        let sample = Sample { span: 10_000, ..Sample::default() };
        assert_eq!((rate(&sample, 5), rate(&Sample::default(), 5)), (0.5, 0.0));
    }

    #[test]
    fn each_chart_has_as_many_values_as_there_are_samples() {
        let samples = [Sample { at: 60, reads: 3, span: 1000, ..Sample::default() }; 3];
        for topic in &TOPICS {
            assert!(lines(topic, &samples).iter().all(|line| line.values.len() == 3));
        }
        assert_eq!(minutes(&samples), [0.0; 3]);
    }
}
