//! How a record is written, as pure functions.

use chrono::{DateTime, SecondsFormat};
use log::Record;
use serde_json::Value as Json;

use super::members::members;
use crate::domain::moment::Moment;

/// `2026-11-21T07:24:07.123Z INFO  listening public=127.0.0.1:8080`. Lines of others say whose
/// they are.
pub(super) fn text(record: &Record<'_>, at: Moment) -> String {
    let message = escaped(&record.args().to_string(), false);
    let mut line = format!("{} {:<5} {message}", stamp(at), record.level());
    if !is_ours(record.target()) {
        line.push_str(&format!(" target={}", word(record.target())));
    }
    for (name, value) in members(record) {
        let value = value.as_str().map_or_else(|| value.to_string(), word);
        line.push_str(&format!(" {}={value}", word(&name)));
    }
    line
}

/// One JSON object, its fixed members first.
pub(super) fn json(record: &Record<'_>, at: Moment) -> String {
    let fixed = [
        ("timestamp", stamp(at)),
        ("level", record.level().as_str().to_ascii_lowercase()),
        ("target", record.target().to_owned()),
        ("message", record.args().to_string()),
    ];
    let fixed = fixed.map(|(name, text)| (name.to_owned(), Json::from(text)));
    let pairs = fixed.into_iter().chain(members(record));
    let pairs: Vec<_> =
        pairs.map(|(name, value)| format!("{}:{value}", Json::from(name))).collect();
    shielded(&format!("{{{}}}", pairs.join(",")))
}

/// Always three digits, so that columns stand under each other and text sorts by time.
fn stamp(at: Moment) -> String {
    let time = DateTime::from_timestamp_micros(at.micros()).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn is_ours(target: &str) -> bool {
    target.split("::").next() == Some(env!("CARGO_PKG_NAME"))
}

/// The text as one word: quoted when a reader could not tell where it ends.
fn word(text: &str) -> String {
    let is_plain = |char: char| {
        !char.is_whitespace() && !is_hostile(char) && !matches!(char, '"' | '\\' | '=')
    };
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("\"{}\"", escaped(text, true))
}

fn escaped(text: &str, in_quotes: bool) -> String {
    let mut safe = String::with_capacity(text.len());
    for char in text.chars() {
        if is_hostile(char) || (in_quotes && matches!(char, '"' | '\\')) {
            safe.extend(char.escape_default());
        } else {
            safe.push(char);
        }
    }
    safe
}

/// JSON need not escape all that can harm a terminal; what it left can only be in its strings.
fn shielded(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for char in json.chars() {
        if is_hostile(char) {
            safe.push_str(&format!("\\u{:04x}", u32::from(char)));
        } else {
            safe.push(char);
        }
    }
    safe
}

/// Characters that end a line, move a cursor, or turn the direction of what follows. All of them
/// have at most four hexadecimal digits.
fn is_hostile(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}')
        || matches!(char, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use log::Level;
    use log::kv::{Source, Value};

    use super::*;

    fn written(target: &str, message: &str, pairs: &dyn Source) -> (String, String) {
        let at = Moment::parse("2026-11-21T07:24:07.123456Z").unwrap();
        let write = |form: fn(&Record<'_>, Moment) -> String| {
            let mut record = Record::builder();
            record.level(Level::Info).target(target).key_values(&pairs);
            form(&record.args(format_args!("{message}")).build(), at)
        };
        (write(text), write(json))
    }

    #[test]
    fn an_event_is_told_with_its_values() {
        let pairs = [("public", "127.0.0.1:8080"), ("admin", "[::1]:9090")];

        let (text, json) = written("weir::app", "listening", &pairs);

        assert_eq!(
            text,
            "2026-11-21T07:24:07.123Z INFO  listening public=127.0.0.1:8080 admin=[::1]:9090"
        );
        assert_eq!(
            json,
            r#"{"timestamp":"2026-11-21T07:24:07.123Z","level":"info","target":"weir::app","message":"listening","public":"127.0.0.1:8080","admin":"[::1]:9090"}"#
        );
    }

    #[test]
    fn whole_seconds_have_three_digits_too() {
        assert_eq!(stamp(Moment::from_micros(0)), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn only_lines_of_others_say_whose_they_are() {
        let none: [(&str, &str); 0] = [];

        assert!(written("sqlx::query", "slow", &none).0.ends_with("INFO  slow target=sqlx::query"));
        assert!(written("weirdo", "hi", &none).0.ends_with("INFO  hi target=weirdo"));
        assert!(written("weir", "hi", &none).0.ends_with("INFO  hi"));
    }

    #[test]
    fn values_keep_their_type() {
        let debug = Some("a b");
        let pairs = [
            ("count", Value::from(25_u64)),
            ("change", Value::from(-1_i64)),
            ("ratio", Value::from(0.75)),
            ("nan", Value::from(f64::NAN)),
            ("wide", Value::from(u128::MAX)),
            ("yes", Value::from(true)),
            ("none", Value::null()),
            ("debug", Value::from_debug(&debug)),
            ("text", Value::from("25")),
        ];

        let (text, json) = written("weir", "x", &pairs);

        let tail = format!(
            r#""count":25,"change":-1,"ratio":0.75,"nan":"NaN","wide":"{}","yes":true,"none":null,"debug":"Some(\"a b\")","text":"25"}}"#,
            u128::MAX
        );
        assert!(json.ends_with(&tail), "{json}");
        let tail = format!(
            r#"count=25 change=-1 ratio=0.75 nan=NaN wide={} yes=true none=null debug="Some(\"a b\")" text=25"#,
            u128::MAX
        );
        assert!(text.ends_with(&tail), "{text}");
    }

    #[test]
    fn a_pair_named_like_another_member_gives_way() {
        let pairs = [("level", 1), ("level", 2), ("level_", 3), ("message", 4), ("a", 5), ("a", 6)];

        let (_, json) = written("weir", "x", &pairs);

        let tail =
            r#""message":"x","level_":1,"level__":2,"level___":3,"message_":4,"a":5,"a_":6}"#;
        assert!(json.ends_with(tail), "{json}");
    }

    #[test]
    fn nothing_that_a_caller_sends_can_forge_a_line() {
        let evil = "a\r\n2026 INFO  ok\t\u{1b}[2J\u{7f}\u{85}\u{2028}\u{202e}";
        let pairs = [("from", evil), (evil, "x"), ("quote", r#"say "hi"\"#), ("empty", "")];

        let (text, json) = written(evil, evil, &pairs);

        for line in [&text, &json] {
            assert!(!line.contains(is_hostile), "{line}");
        }
        assert!(text.contains(r"INFO  a\r\n2026 INFO  ok\t\u{1b}[2J\u{7f}\u{85}\u{2028}\u{202e}"));
        assert!(text.contains(r#" from="a\r\n2026 INFO  ok\t\u{1b}[2J"#), "{text}");
        assert!(text.ends_with(r#" quote="say \"hi\"\\" empty="""#), "{text}");
        let object: Json = serde_json::from_str(&json).unwrap();
        assert_eq!(object["from"], evil);
        assert_eq!(object["message"], evil);
        assert_eq!(object[evil], "x");
    }
}
