//! Points in time: UTC, whole microseconds, truncated on the way in.
//!
//! Both databases keep them as the same integer, so that an equality that a client asks for
//! (`orderTimestamp=...`) means the same on both.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};

/// A point in time, in microseconds since 1970 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

/// The text was not a date and time with its offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an ISO-8601 date and time with offset, such as 2026-01-05T14:30:00.181Z")]
pub struct MomentError;

/// 0001-01-01 and 9999-12-31: what ISO-8601 writes with four digits of year.
const EARLIEST: i64 = -62_135_596_800_000_000;
const LATEST: i64 = 253_402_300_799_999_999;

impl Moment {
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    pub fn parse(text: &str) -> Result<Self, MomentError> {
        let time = DateTime::parse_from_rfc3339(text.trim()).map_err(|_| MomentError)?;
        let micros = time.timestamp_micros();
        if (EARLIEST..=LATEST).contains(&micros) { Ok(Self(micros)) } else { Err(MomentError) }
    }

    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }
}

impl From<DateTime<Utc>> for Moment {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.timestamp_micros())
    }
}

impl From<Moment> for DateTime<Utc> {
    fn from(moment: Moment) -> Self {
        Self::from_timestamp_micros(moment.0).unwrap_or_default()
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = DateTime::from(*self);
        out.write_str(&time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_become_utc_and_finer_than_microseconds_is_cut() {
        let table = [
            ("2026-01-05T14:30:00.181Z", "2026-01-05T14:30:00.181Z"),
            ("2026-01-05T14:30:00Z", "2026-01-05T14:30:00Z"),
            ("2026-01-05T16:30:00+02:00", "2026-01-05T14:30:00Z"),
            ("2026-01-05T14:30:00.1234569Z", "2026-01-05T14:30:00.123456Z"),
            ("1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999Z"),
        ];
        for (text, printed) in table {
            assert_eq!(Moment::parse(text).map(|moment| moment.to_string()), Ok(printed.into()));
        }
    }

    #[test]
    fn a_text_without_offset_is_refused() {
        for text in ["", "yesterday", "2026-01-05", "2026-01-05T14:30:00", "1767623400"] {
            assert_eq!(Moment::parse(text), Err(MomentError), "{text}");
        }
    }
}
