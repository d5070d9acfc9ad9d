//! Quantities as people read them, and the scales of charts.

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Things in a second.
    Rate,
    /// Bytes.
    Bytes,
    /// Bytes in a second.
    ByteRate,
    /// Microseconds.
    Time,
}

/// What the axis of a chart is marked in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// By what a number is divided.
    pub by: f64,
    /// What stands behind it then.
    pub name: &'static str,
}

const KIB: f64 = 1024.0;

impl Unit {
    /// The scale in which `most` is easily read.
    #[must_use]
    pub fn scale(self, most: f64) -> Scale {
        let steps: &[(f64, &str)] = match self {
            Self::Count => &[(1.0, ""), (1e3, "k"), (1e6, "M"), (1e9, "G")],
            Self::Rate => &[(1.0, "/s"), (1e3, "k/s"), (1e6, "M/s"), (1e9, "G/s")],
            Self::Bytes => {
                &[(1.0, "B"), (KIB, "KiB"), (KIB * KIB, "MiB"), (KIB * KIB * KIB, "GiB")]
            }
            Self::ByteRate => {
                &[(1.0, "B/s"), (KIB, "KiB/s"), (KIB * KIB, "MiB/s"), (KIB * KIB * KIB, "GiB/s")]
            }
            Self::Time => &[(1.0, "µs"), (1e3, "ms"), (1e6, "s")],
        };
        let first = if matches!(self, Self::Count | Self::Rate) { 10_000.0 } else { 0.0 };
        let fits = |(by, _): &&(f64, &str)| *by <= 1.0 || (most >= *by && most >= first);
        let (by, name) = steps.iter().rev().find(fits).copied().unwrap_or((1.0, ""));
        Scale { by, name }
    }

    /// A quantity with its unit; a dash for what is not a number.
    ///
    /// ```
    /// # use monoxide_ui::model::unit::Unit;
    /// assert_eq!(Unit::Bytes.show(1536.0), "1.5 KiB");
    /// assert_eq!(Unit::Rate.show(0.25), "0.25/s");
    /// assert_eq!(Unit::Time.show(1234.0), "1.23 ms");
    /// ```
    #[must_use]
    pub fn show(self, value: f64) -> String {
        if !value.is_finite() {
            return "–".to_owned();
        }
        let Scale { by, name } = self.scale(value);
        let number = digits(value / by);
        match self {
            Self::Count | Self::Rate => format!("{number}{name}"),
            Self::Bytes | Self::ByteRate | Self::Time => format!("{number} {name}"),
        }
    }
}

/// Three digits or so, and no zeros behind them.
#[must_use]
pub fn digits(value: f64) -> String {
    let places = match value.abs() {
        0.0 => 0,
        below if below < 10.0 => 2,
        below if below < 100.0 => 1,
        _ => 0,
    };
    let text = format!("{value:.places$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// All digits of a number, in groups of three.
///
/// ```
/// # use monoxide_ui::model::unit::grouped;
/// assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
/// ```
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 2);
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            // A narrow space that does not break.
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// A time span of whole seconds, in its two largest units.
///
/// ```
/// # use monoxide_ui::model::unit::span;
/// assert_eq!(span(59), "59 s");
/// assert_eq!(span(3_700), "1 h 1 min");
/// assert_eq!(span(90_000), "1 d 1 h");
/// ```
#[must_use]
pub fn span(seconds: u64) -> String {
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{rest} s"),
        (0, 0, _) => format!("{minutes} min {rest} s"),
        (0, ..) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_short_and_say_their_unit() {
        for (unit, value, expected) in [
            (Unit::Count, 9999.0, "9999"),
            (Unit::Count, 12_345.0, "12.3k"),
            (Unit::Bytes, 0.0, "0 B"),
            (Unit::Bytes, 1023.0, "1023 B"),
            (Unit::Bytes, 5.0 * 1024.0 * 1024.0, "5 MiB"),
            (Unit::ByteRate, 2048.0, "2 KiB/s"),
            (Unit::Rate, 1234.0, "1234/s"),
            (Unit::Time, 850.0, "850 µs"),
            (Unit::Time, 34_000_000.0, "34 s"),
            (Unit::Time, f64::NAN, "–"),
        ] {
            assert_eq!(unit.show(value), expected);
        }
    }
}
