//! Letters as people read them.

use std::time::Duration;

use serde_json::Value;

use super::super::table::{fields, table};
use super::super::{Health, further, items, known, word};

pub(super) fn list(told: &Value) -> String {
    let row = |letter: &Value| {
        let [id, batch, client, state, attempts, error] =
            ["/id", "/batchId", "/client", "/state", "/attempts", "/lastError"]
                .map(|part| known(letter, part));
        [id, batch, client, state, orders(letter), attempts, age(letter), error]
    };
    let head = ["letter", "batch", "client", "state", "orders", "attempts", "age", "last error"];
    format!("{}{}", table(head, items(told, "/items").map(row)), further(told))
}

pub(super) fn one(told: &Value) -> String {
    let doubtful: Vec<_> = items(told, "/trouble/doubtful").map(|id| word(id, "")).collect();
    let lines = fields([
        ("letter", word(told, "/id")),
        ("batch", word(told, "/batchId")),
        ("client", known(told, "/client")),
        ("state", word(told, "/state")),
        ("attempts", word(told, "/attempts")),
        ("age", age(told)),
        ("due at", known(told, "/dueAt")),
        ("last error", known(told, "/lastError")),
        ("in doubt", doubtful.join(", ")),
    ]);
    let order = |order: &Value| {
        ["/id", "/status", "/portfolioId", "/securityId", "/quantity", "/clientOrderId"]
            .map(|part| known(order, part))
    };
    let head = ["order", "status", "portfolio", "security", "quantity", "client's id"];
    let mut text = format!("{lines}\n{}", table(head, items(told, "/orderDetails").map(order)));
    let line =
        |line: &Value| ["/at", "/operator", "/action", "/reason"].map(|part| known(line, part));
    let history: Vec<_> = items(told, "/history").map(line).collect();
    if !history.is_empty() {
        text.push_str(&format!("\n{}", table(["at", "operator", "action", "why"], history)));
    }
    text
}

/// A letter that was decided about, as it stands or stood.
pub(super) fn decided(told: &Value) -> String {
    format!("letter {}: done, {} orders\n", word(told, "/id"), orders(told))
}

/// What became of many letters.
pub(super) fn many(told: &Value) -> String {
    let at = |part| word(told, part);
    if told.get("dryRun") == Some(&Value::Bool(true)) {
        return format!(
            "{} letters were found, nothing is done; do it with --yes\n",
            at("/matched")
        );
    }
    let row = |failed: &Value| ["/id", "/code"].map(|part| word(failed, part));
    let failed: Vec<_> = items(told, "/failed").map(row).collect();
    let (found, done) = (at("/matched"), at("/done"));
    let mut text =
        format!("{found} letters were found, {done} done, {} not possible\n", failed.len());
    if !failed.is_empty() {
        text.push_str(&table(["letter", "why not"], failed));
    }
    text
}

/// Those that could not be decided about are for somebody to look at.
pub(super) fn health_of_many(told: &Value) -> Health {
    Health::of(items(told, "/failed").next().is_none())
}

fn orders(letter: &Value) -> String {
    items(letter, "/orders").count().to_string()
}

fn age(letter: &Value) -> String {
    let seconds = letter.get("ageSeconds").and_then(Value::as_u64).map(Duration::from_secs);
    seconds.map(|age| humantime::format_duration(age).to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn letter() -> Value {
        json!({"id": "l-1", "batchId": "b-1", "client": "desk-7", "state": "dead",
            "orders": [7, 8], "attempts": 5, "dueAt": "2026-01-05T14:30:00Z", "ageSeconds": 61,
            "lastError": "ATTEMPTS_EXHAUSTED", "trouble": {"doubtful": [8]}})
    }

    #[test]
    fn letters_are_listed_with_their_last_error() {
        let text = list(&json!({"items": [letter()], "next": "l-1"}));

        let expected = "\
letter  batch  client  state  orders  attempts  age    last error
l-1     b-1    desk-7  dead   2       5         1m 1s  ATTEMPTS_EXHAUSTED
for more: --cursor l-1
";
        assert_eq!(text, expected);
        assert_eq!(decided(&letter()), "letter l-1: done, 2 orders\n");
    }

    #[test]
    fn one_letter_is_shown_with_its_orders_and_what_was_done_about_it() {
        let mut told = letter();
        told["orderDetails"] = json!([{"id": 7, "status": "NEW", "portfolioId": "p",
            "securityId": "s", "quantity": 1, "clientOrderId": null}]);
        told["history"] = json!([{"at": "2026-01-05T14:30:00Z", "operator": "ann",
            "action": "REQUEUE", "reason": "again"}]);

        let expected = "\
letter      l-1
batch       b-1
client      desk-7
state       dead
attempts    5
age         1m 1s
due at      2026-01-05T14:30:00Z
last error  ATTEMPTS_EXHAUSTED
in doubt    8

order  status  portfolio  security  quantity  client's id
7      NEW     p          s         1

at                    operator  action   why
2026-01-05T14:30:00Z  ann       REQUEUE  again
";
        assert_eq!(one(&told), expected);
    }

    #[test]
    fn of_many_those_that_were_left_are_named_and_count() {
        let dry = json!({"matched": 3, "done": 0, "failed": [], "dryRun": true});
        let done = json!({"matched": 3, "done": 2, "dryRun": false,
            "failed": [{"id": "l-1", "code": "LETTER_BUSY"}]});

        assert_eq!(many(&dry), "3 letters were found, nothing is done; do it with --yes\n");
        let expected = "\
3 letters were found, 2 done, 1 not possible
letter  why not
l-1     LETTER_BUSY
";
        assert_eq!(many(&done), expected);
        assert_eq!([&dry, &done].map(health_of_many), [Health::Well, Health::Degraded]);
    }
}
