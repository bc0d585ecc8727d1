//! The header `Retry-After`: seconds, or the date of an HTTP header.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};

/// The one form of a date that may still be written.
const HTTP_DATE: &str = "%a, %d %b %Y %H:%M:%S GMT";

/// How long to wait; a date that has passed is no time at all.
pub(crate) fn parse(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = NaiveDateTime::parse_from_str(text, HTTP_DATE).ok()?.and_utc();
    Some((date - now).to_std().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_understood() {
        let now: DateTime<Utc> = "2026-01-05T14:30:00Z".parse().unwrap();
        let table = [
            ("0", Some(0)),
            (" 15 ", Some(15)),
            ("Mon, 05 Jan 2026 14:30:42 GMT", Some(42)),
            ("Mon, 05 Jan 2026 14:29:00 GMT", Some(0)),
            ("", None),
            ("soon", None),
            ("-1", None),
            ("1.5", None),
            ("2026-01-05T14:30:42Z", None),
        ];
        for (text, seconds) in table {
            assert_eq!(parse(text, now), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
