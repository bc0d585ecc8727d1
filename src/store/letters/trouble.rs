//! What sets a letter apart, as JSON: nothing at all for the many that never met with trouble.

use serde::{Deserialize, Serialize};

use super::ids;
use crate::domain::letter::Trouble;
use crate::domain::moment::Moment;

/// The names are in databases: they must outlive those in the code.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Written {
    #[serde(skip_serializing_if = "String::is_empty")]
    doubtful: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    quiet_at: Option<i64>,
    absences: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    part_max: Option<u16>,
    tainted: bool,
    kills: u8,
}

/// None is a letter without trouble.
pub(in crate::store) fn text(trouble: &Trouble) -> Option<String> {
    if *trouble == Trouble::default() {
        return None;
    }
    let written = Written {
        doubtful: ids::text(&trouble.doubtful),
        quiet_at: trouble.quiet_at.map(Moment::micros),
        absences: trouble.absences,
        part_max: trouble.part_max,
        tainted: trouble.tainted,
        kills: trouble.kills,
    };
    Some(serde_json::json!(written).to_string())
}

/// None for a text that [`text`] cannot have written.
pub(in crate::store) fn parse(text: Option<&str>) -> Option<Trouble> {
    let Some(text) = text else { return Some(Trouble::default()) };
    let written: Written = serde_json::from_str(text).ok()?;
    Some(Trouble {
        doubtful: ids::parse(&written.doubtful)?,
        quiet_at: written.quiet_at.map(Moment::from_micros),
        absences: written.absences,
        part_max: written.part_max,
        tainted: written.tainted,
        kills: written.kills,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_read_as_it_was_written() {
        let full = Trouble {
            doubtful: vec![4, 5, 6, 9],
            quiet_at: Some(Moment::from_micros(-1)),
            absences: 1,
            part_max: Some(u16::MAX),
            tainted: true,
            kills: 2,
        };
        let table = [
            (Trouble::default(), None),
            (Trouble { kills: 1, ..Trouble::default() }, None),
            (
                full,
                Some(
                    r#"{"absences":1,"doubtful":"4-6,9","kills":2,"partMax":65535,"quietAt":-1,"tainted":true}"#,
                ),
            ),
        ];
        for (trouble, words) in table {
            let written = text(&trouble);
            if let Some(words) = words {
                assert_eq!(written.as_deref(), Some(words));
            }
            assert_eq!(parse(written.as_deref()), Some(trouble));
        }
        assert_eq!(text(&Trouble::default()), None);
    }

    #[test]
    fn what_an_older_or_newer_binary_wrote_is_read() {
        assert_eq!(parse(Some("{}")), Some(Trouble::default()));
        let tainted = Trouble { tainted: true, ..Trouble::default() };
        assert_eq!(parse(Some(r#"{"tainted":true,"later":[1]}"#)), Some(tainted));
        assert_eq!(parse(Some(r#"{"doubtful":"x"}"#)), None);
        assert_eq!(parse(Some("")), None);
    }
}
