//! What operators look at and order from a shell, beside the status and the breakers.

use serde_json::{Value, json};

use super::letters::{bury, dead, open};
use super::{ACCOUNT, audit_lines, out, run};
use crate::bad_days::trade::market::Market;
use crate::bad_days::trade::{BATCH, drained, ids, orders};
use crate::support::{Kind, Weir};

/// A shell at this house: what is printed, when the command ends with this code.
fn shell(weir: &Weir) -> impl Fn(&[&str], i32) -> String {
    |arguments, code| {
        let output = run(&[arguments, &["--admin", &weir.admin]].concat(), "");
        assert_eq!(output.status.code(), Some(code), "{arguments:?} {output:?}");
        out(&output)
    }
}

#[actix_web::test]
async fn letters_are_looked_at_and_decided_about_one_by_one_and_together() {
    let market = Market::open();
    let weir = open(&market, Kind::Sqlite).await;
    let submitted = bury(&market, &weir, 6).await;
    let ask = shell(&weir);
    let letters = dead(&weir, 3).await;
    let id = letters[0]["id"].as_str().unwrap();

    let list = ask(&["letters", "list", "--state", "dead", "--limit", "2"], 0);
    let next = list.lines().last().unwrap().strip_prefix("for more: --cursor ").unwrap();
    assert!(list.contains("ATTEMPTS_EXHAUSTED") && list.lines().count() == 4, "{list}");
    let rest = ask(&["letters", "list", "--state", "dead", "--cursor", next], 0);
    assert_eq!(rest.lines().count(), 2, "{rest}");
    assert_eq!(ask(&["letters", "list", "--client", "nobody"], 0).lines().count(), 1);
    let one = ask(&["letters", "show", id], 0);
    assert!(one.contains(id) && one.contains("NEW"), "{one}");

    let gone = ask(&["letters", "discard", id, "--reason", "by telephone"], 0);
    assert_eq!(gone, format!("letter {id}: done, 2 orders\n"));
    let many = ["letters", "requeue", "--error", "exhausted & more", "--reason", "they are back"];
    assert!(ask(&many, 0).starts_with("0 letters were found"));
    let many = ["letters", "requeue", "--error", "exhausted", "--reason", "they are back"];
    for dry in [&[][..], &["--dry-run"]] {
        let told = ask(&[&many, dry].concat(), 0);
        assert_eq!(told, "2 letters were found, nothing is done; do it with --yes\n");
    }
    dead(&weir, 2).await;
    let limited = [&many[..], &["--yes", "--limit", "1", "--operator", "bob"]].concat();
    assert_eq!(ask(&limited, 0), "1 letters were found, 1 done, 0 not possible\n");
    let left = dead(&weir, 1).await;
    let left = left[0]["id"].as_str().unwrap();
    ask(&["letters", "requeue", left, "--reason", "they are back"], 0);
    drained(&weir.database).await;

    let sent = ids(&submitted).into_iter().filter(|id| {
        let told = ask(&["orders", "show", &id.to_string(), "--json"], 0);
        serde_json::from_str::<Value>(&told).unwrap()["tradeOrderId"].is_i64()
    });
    assert_eq!(sent.count(), 4);
    let audit = audit_lines(&weir, "").await;
    let done: Vec<_> = audit
        .iter()
        .rev()
        .map(|line| ["kind", "action", "operator"].map(|name| line[name].as_str().unwrap()))
        .collect();
    assert_eq!(
        done,
        [
            ["letter", "DISCARD", ACCOUNT],
            ["letter", "REQUEUE", "bob"],
            ["letters", "REQUEUE", "bob"],
            ["letter", "REQUEUE", ACCOUNT]
        ]
    );
    let told = ask(&["audit", "--operator", "bob", "--kind", "letters"], 0);
    assert!(told.lines().count() == 2 && told.contains("1 found"), "{told}");
}

#[actix_web::test]
async fn a_shell_pauses_and_resumes_finds_batches_and_changes_the_log() {
    let market = Market::open();
    let weir = market.plan(Kind::Sqlite).start().await;
    let ask = shell(&weir);
    let nonsense = ["--reason", "it sends nonsense"];

    let paused = ask(&[&["pauses", "pause", "client", "desk-7"], &nonsense[..]].concat(), 0);
    assert!(paused.starts_with("client desk-7 is paused since "), "{paused}");
    let list = ask(&["pauses", "list"], 3);
    assert!(list.contains("it sends nonsense") && list.contains(ACCOUNT), "{list}");
    let resumed = ask(&[&["pauses", "resume", "client", "desk-7"], &nonsense[..]].concat(), 0);
    assert_eq!(resumed, "it goes on\n");
    assert_eq!(ask(&["pauses", "list"], 0).lines().count(), 1);

    let submitted = weir.post(BATCH, &orders("p", 3)).await.expect(200);
    drained(&weir.database).await;
    let id = submitted.body["batchId"].as_str().unwrap();
    let order = ids(&submitted)[0].to_string();
    let found = ask(&["batches", "find", "--order", &order], 0);
    assert!(found.lines().count() == 2 && found.contains(id), "{found}");
    let batch = ask(&["batches", "show", id], 0);
    assert!(batch.contains("DONE") && batch.contains("recorded, 3 orders"), "{batch}");
    let one = ask(&["orders", "show", &order], 0);
    assert!(one.contains("sent as trade ") && one.contains(id), "{one}");

    let level = ask(&["log-level"], 0);
    let change = ["log-level", "weir::store=debug,warn", "--for", "10m", "--reason", "slow"];
    let told = ask(&change, 0);
    assert_eq!(told, format!("weir::store=debug,warn, for a while; then {level}"));
    ask(&["breakers", "open", "trade", "--reason", "a drill"], 0);
    let lines = audit_lines(&weir, "limit=2").await;
    let done: Vec<_> = lines.iter().map(|line| [&line["kind"], &line["operator"]]).collect();
    let expected = [["breaker", ACCOUNT], ["log", ACCOUNT]];
    assert_eq!(json!(done), json!(expected));
}
