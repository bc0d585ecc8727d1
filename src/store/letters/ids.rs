//! Lists of order ids as text: runs as ranges, in their order.
//!
//! A letter of 25 orders that were recorded together is ten characters and not two hundred.

use std::fmt::Write;

/// A longer run is no letter's.
const RUN_MAX: i64 = 1_000_000;

/// `1001-1025,1030`
pub(in crate::store) fn text(ids: &[i64]) -> String {
    let mut text = String::new();
    for run in ids.chunk_by(|one, next| one.checked_add(1) == Some(*next)) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        let comma = if text.is_empty() { "" } else { "," };
        let written = match run.len() {
            1 => write!(text, "{comma}{first}"),
            _ => write!(text, "{comma}{first}-{last}"),
        };
        debug_assert!(written.is_ok(), "a text takes everything");
    }
    text
}

/// None for a text that [`text`] cannot have written.
pub(in crate::store) fn parse(text: &str) -> Option<Vec<i64>> {
    let mut ids = Vec::new();
    for run in text.split(',').filter(|_| !text.is_empty()) {
        let (first, last) = run.split_once('-').unwrap_or((run, run));
        let (first, last) = (first.parse::<i64>().ok()?, last.parse::<i64>().ok()?);
        if !(0..RUN_MAX).contains(&last.checked_sub(first)?) {
            return None;
        }
        ids.extend(first..=last);
    }
    Some(ids)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn runs_are_ranges_and_the_order_is_kept() {
        let table: [(&[i64], &str); 7] = [
            (&[], ""),
            (&[7], "7"),
            (&[7, 8], "7-8"),
            (&[1001, 1002, 1003, 1030], "1001-1003,1030"),
            (&[9, 8, 7], "9,8,7"),
            (&[5, 5, 6], "5,5-6"),
            (&[i64::MAX - 1, i64::MAX, 0], "9223372036854775806-9223372036854775807,0"),
        ];
        for (ids, written) in table {
            assert_eq!(text(ids), written);
            assert_eq!(parse(written).as_deref(), Some(ids), "{written}");
        }
    }

    #[test]
    fn what_is_no_list_is_not_read() {
        for text in [",", "1,", "a", "3-1", "1-", "-5", "1-2-3", "0-9223372036854775807", " 1"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(starts in prop::collection::vec((0..5000_i64, 1..40_i64), 0..20)) {
            let ids: Vec<i64> = starts.iter().flat_map(|(first, run)| *first..first + run).collect();
            prop_assert_eq!(parse(&text(&ids)), Some(ids));
        }
    }
}
