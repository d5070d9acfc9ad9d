//! Times as a person reads them, to the nanosecond.

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A moment in the zone of its reader.
///
/// The servers' times are nanoseconds since 1970, more than JavaScript's numbers can hold, so
/// they are taken apart here.
///
/// ```
/// # use monoxide_ui::model::Moment;
/// let moment = Moment::new(1_795_216_331_200_612_975, 60);
/// assert_eq!(moment.time(), "00:12:11");
/// assert_eq!(moment.date(), "21 Nov 2026");
/// assert_eq!(moment.exact(), "2026-11-21 00:12:11.200612975 +01:00");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    nanoseconds: u64,
    /// How far the zone is ahead of UTC.
    offset_minutes: i32,
}

struct Parts {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Moment {
    /// The moment so many nanoseconds after 1970, in a zone so many minutes ahead of UTC.
    #[must_use]
    pub fn new(nanoseconds: u64, offset_minutes: i32) -> Self {
        Self { nanoseconds, offset_minutes }
    }

    /// The time of day, as in `09:05:07`.
    #[must_use]
    pub fn time(self) -> String {
        let Parts { hour, minute, second, .. } = self.parts();
        format!("{hour:02}:{minute:02}:{second:02}")
    }

    /// The time of day to the millisecond, as in `09:05:07.001`.
    ///
    /// ```
    /// # use monoxide_ui::model::Moment;
    /// assert_eq!(Moment::new(1_795_216_331_200_612_975, 60).milliseconds(), "00:12:11.200");
    /// ```
    #[must_use]
    pub fn milliseconds(self) -> String {
        format!("{}.{:03}", self.time(), self.nanoseconds / 1_000_000 % 1000)
    }

    /// How many nanoseconds after 1970 it is.
    #[must_use]
    pub fn nanoseconds(self) -> u64 {
        self.nanoseconds
    }

    /// The day, as in `21 Nov 2026`.
    #[must_use]
    pub fn date(self) -> String {
        let Parts { year, month, day, .. } = self.parts();
        let name = usize::try_from(month - 1).ok().and_then(|month| MONTHS.get(month));
        format!("{day} {} {year}", name.unwrap_or(&""))
    }

    /// All of it, as in `2026-11-21 09:05:07.000000001 +01:00`.
    #[must_use]
    pub fn exact(self) -> String {
        let Parts { year, month, day, .. } = self.parts();
        let (time, zone) = (self.time(), self.zone());
        let fraction = self.nanoseconds % 1_000_000_000;
        format!("{year:04}-{month:02}-{day:02} {time}.{fraction:09} {zone}")
    }

    fn zone(self) -> String {
        let (sign, minutes) =
            (if self.offset_minutes < 0 { '-' } else { '+' }, self.offset_minutes.abs());
        format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }

    /// Seconds since 1970 on the clock of the reader's wall.
    fn seconds(self) -> i64 {
        let seconds = i64::try_from(self.nanoseconds / 1_000_000_000).unwrap_or_default();
        seconds + i64::from(self.offset_minutes) * 60
    }

    fn parts(self) -> Parts {
        let seconds = self.seconds();
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        Parts {
            year,
            month,
            day,
            hour: second / 3600,
            minute: second / 60 % 60,
            second: second % 60,
        }
    }
}

/// The date so many days after 1970-01-01 (Howard Hinnant's `civil_from_days`).
fn civil(days: i64) -> (i64, i64, i64) {
    // Counted from 0000-03-01, so that a leap day is the last of its year.
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(seconds: u64, offset_minutes: i32, expected: &str) {
        assert_eq!(Moment::new(seconds * 1_000_000_000, offset_minutes).exact(), expected);
    }

    #[test]
    fn dates_are_right_around_leap_days_and_turns_of_the_year() {
        check(0, 0, "1970-01-01 00:00:00.000000000 +00:00");
        check(951_782_400, 0, "2000-02-29 00:00:00.000000000 +00:00");
        check(1_709_251_199, 0, "2024-02-29 23:59:59.000000000 +00:00");
        check(1_798_761_599, 0, "2026-12-31 23:59:59.000000000 +00:00");
        check(4_107_542_400, 0, "2100-03-01 00:00:00.000000000 +00:00");
    }

    #[test]
    fn the_reader_s_zone_moves_the_day_both_ways() {
        check(1_798_761_599, 60, "2027-01-01 00:59:59.000000000 +01:00");
        check(1_798_761_600, -210, "2026-12-31 20:30:00.000000000 -03:30");
        check(0, -60, "1969-12-31 23:00:00.000000000 -01:00");
    }
}
