//! The date and time of now, without a calendar crate.

use std::time::{SystemTime, UNIX_EPOCH};

/// A moment in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UtcTime {
    seconds: u64,
}

impl UtcTime {
    pub(crate) fn now() -> Self {
        Self { seconds: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()) }
    }

    /// Year, month, day (Howard Hinnant's `civil_from_days`), hour, minute, second.
    fn parts(self) -> [u64; 6] {
        let days = self.seconds / 86_400 + 719_468;
        let era = days / 146_097;
        let day_of_era = days % 146_097;
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        let second = self.seconds % 86_400;
        [year, month, day, second / 3600, second / 60 % 60, second % 60]
    }

    /// `2026-11-23T03-45-07`: sorts by time, fits every file system.
    pub(crate) fn for_folder(self) -> String {
        let [year, month, day, hour, minute, second] = self.parts();
        format!("{year:04}-{month:02}-{day:02}T{hour:02}-{minute:02}-{second:02}")
    }

    /// `2026-11-23 03:45 UTC`.
    pub(crate) fn for_people(self) -> String {
        let [year, month, day, hour, minute, _] = self.parts();
        format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        // `date -u -d @1709210096` and the epoch itself.
        assert_eq!(UtcTime { seconds: 1_709_210_096 }.for_folder(), "2024-02-29T12-34-56");
        assert_eq!(UtcTime { seconds: 0 }.for_people(), "1970-01-01 00:00 UTC");
    }
}
