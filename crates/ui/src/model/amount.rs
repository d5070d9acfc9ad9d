//! Amounts as a person reads them.

/// How full something is.
///
/// ```
/// # use monoxide_ui::model::Share;
/// assert_eq!(Share::of(7, 100).percent(), 7);
/// assert_eq!(Share::of(1, 0).percent(), 100, "there is more than there may be");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share(u8);

impl Share {
    /// So many of so many.
    #[must_use]
    pub fn of(part: u64, whole: u64) -> Self {
        let percent = (u128::from(part) * 100).checked_div(u128::from(whole)).unwrap_or(100);
        Self(u8::try_from(percent.min(100)).unwrap_or(100))
    }

    /// In percent, at most a hundred.
    #[must_use]
    pub fn percent(self) -> u8 {
        self.0
    }

    /// Its name in the style sheet.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self.0 {
            0..80 => "low",
            80..100 => "high",
            _ => "full",
        }
    }
}

/// Bytes, as in `1.4 MB`.
///
/// ```
/// # use monoxide_ui::model::bytes;
/// assert_eq!(bytes(999), "999 B");
/// assert_eq!(bytes(1_450_000), "1.4 MB");
/// assert_eq!(bytes(52_000_000_000), "52 GB");
/// ```
#[must_use]
pub fn bytes(bytes: u64) -> String {
    let (mut unit, mut name) = (1, "B");
    for larger in ["kB", "MB", "GB", "TB"] {
        if bytes / unit >= 1000 {
            (unit, name) = (unit * 1000, larger);
        }
    }
    match (bytes / unit, bytes % unit * 10 / unit) {
        (whole, tenth) if whole < 10 && unit > 1 => format!("{whole}.{tenth} {name}"),
        (whole, _) => format!("{whole} {name}"),
    }
}

/// A span of time in its two largest units, as in `6 h` or `1 d 12 h`.
///
/// ```
/// # use monoxide_ui::model::span;
/// assert_eq!(span(6 * 3_600_000_000_000), "6 h");
/// assert_eq!(span(90_000_000_000), "1 min 30 s");
/// assert_eq!(span(5), "less than a second");
/// ```
#[must_use]
pub fn span(nanoseconds: u64) -> String {
    let seconds = nanoseconds / 1_000_000_000;
    let parts = [(86_400, u64::MAX, "d"), (3600, 24, "h"), (60, 60, "min"), (1, 60, "s")];
    let parts = parts.map(|(unit, of, name)| (seconds / unit % of, name));
    let shown: Vec<_> = parts
        .into_iter()
        .skip_while(|(count, _)| *count == 0)
        .take(2)
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    if shown.is_empty() { "less than a second".to_owned() } else { shown.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_warns_before_it_is_full() {
        for (part, expected) in
            [(79, "low"), (80, "high"), (99, "high"), (100, "full"), (101, "full")]
        {
            assert_eq!(Share::of(part, 100).class(), expected, "{part}");
        }
        assert_eq!(Share::of(u64::MAX, u64::MAX).percent(), 100);
    }

    #[test]
    fn units_change_at_a_thousand() {
        for (count, expected) in
            [(0, "0 B"), (1000, "1.0 kB"), (10_999, "10 kB"), (u64::MAX, "18446744 TB")]
        {
            assert_eq!(bytes(count), expected);
        }
    }
}
