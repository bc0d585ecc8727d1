//! The shell of an operator: what it says of a running Weir, and with which exit code.

use std::time::Duration;

use serde_json::{Value, json};

use super::{out, run, said};
use crate::support::{Kind, Weir, wait_for};

const DEADLINE: Duration = Duration::from_secs(20);
const TOKEN: &str = "correct-horse-battery-staple";
const BATCH_ID: &str = "0190b8a0-0000-7000-8000-000000000000";

#[actix_web::test]
async fn a_shell_sees_how_the_house_is_and_orders_its_breakers() {
    let weir = Weir::on(Kind::Sqlite).set("admin.token", TOKEN).start().await;
    let ask = |arguments: &[&str]| run(&[arguments, &["--admin", &weir.admin]].concat(), TOKEN);
    let status_ends = async |code: i32, text: &str| {
        wait_for("the status", DEADLINE, async || {
            let status = ask(&["status"]);
            let is_so = status.status.code() == Some(code) && out(&status).contains(text);
            is_so.then_some(()).ok_or_else(|| format!("{status:?}"))
        })
        .await;
    };
    status_ends(0, "WELL").await;
    let status: Value = serde_json::from_slice(&ask(&["status", "--json"]).stdout).unwrap();
    assert_eq!((&status["verdict"], &status["reasons"]), (&json!("WELL"), &json!([])));
    let breakers = ask(&["breakers"]);
    assert_eq!(breakers.status.code(), Some(0), "{breakers:?}");

    let order = ask(&["breakers", "open", "trade", "--reason", "their release"]);
    assert_eq!(
        (order.status.code(), out(&order)),
        (Some(0), "trade: CLOSED to FORCED_OPEN\n".into())
    );
    status_ends(3, "their release").await;
    let breakers = ask(&["breakers"]);
    assert_eq!(breakers.status.code(), Some(3));
    assert!(out(&breakers).contains("FORCED_OPEN"), "{breakers:?}");
    ask(&["breakers", "open", "pool", "--reason", "a drill"]);
    status_ends(1, "DOWN").await;
    for name in ["pool", "trade"] {
        let order = ask(&["breakers", "close", name, "--reason", "it is over", "--json"]);
        let told: Value = serde_json::from_slice(&order.stdout).unwrap();
        assert_eq!((&told["to"], &told["note"]), (&json!("CLOSED"), &json!("it is over")));
    }
    status_ends(0, "WELL").await;

    let actors = ask(&["actors"]);
    assert_eq!(actors.status.code(), Some(0), "{actors:?}");
    for name in ["batch_supervisor", "ledger", "lookout", "trade_breaker"] {
        assert!(out(&actors).contains(name), "{actors:?}");
    }
    assert!(out(&ask(&["actors", "ledger"])).contains("groups"));
}

#[actix_web::test]
async fn what_cannot_be_done_fails_with_a_sentence_and_shows_no_token() {
    let mut weir = Weir::on(Kind::Sqlite).set("admin.token", TOKEN).start().await;
    let wrong = "another-horse-another-staple";
    let admin = weir.admin.clone();
    let ask = |arguments: &[&str], token: &str| {
        let output = run(&[arguments, &["--admin", &admin]].concat(), token);
        assert!(!said(&output).contains(token) && out(&output).is_empty(), "{output:?}");
        (output.status.code(), said(&output))
    };

    let (code, text) = ask(&["status"], wrong);
    assert!(code == Some(1) && text.contains("AUTHENTICATION_ERROR"), "{code:?} {text}");
    let (code, text) = ask(&["actors", "nobody"], TOKEN);
    assert!(code == Some(1) && text.contains("NOT_FOUND"), "{code:?} {text}");
    let (code, text) = ask(&["pauses", "resume", "client", "a", "--reason", "r"], TOKEN);
    assert!(code == Some(1) && text.contains("NOT_FOUND"), "{code:?} {text}");
    for usage in [
        &["breakers", "open"][..],
        &["breakers", "open", "pool"],
        &["breakers", "open", "nobody", "--reason", "r"],
        &["breakers", "--reason", "r"],
        &["letters", "requeue"],
        &["letters", "requeue", "--yes", "--dry-run", "--reason", "r"],
        &["letters", "discard", BATCH_ID, "--state", "dead", "--reason", "r"],
        &["letters", "requeue", BATCH_ID, "--rate", "1", "--reason", "r"],
        &["letters", "show", "nobody"],
        &["pauses", "pause", "client", "a"],
        &["pauses", "pause", "desk", "a", "--reason", "r"],
        &["batches", "show", "nobody"],
        &["log-level", "debug"],
        &["log-level", "--for", "10m"],
    ] {
        assert_eq!(ask(usage, TOKEN).0, Some(2), "{usage:?}");
    }
    weir.terminate().await;
    let (code, text) = ask(&["status"], TOKEN);
    assert!(code == Some(1) && text.contains("nothing answers at"), "{code:?} {text}");
}

#[actix_web::test]
async fn a_shell_can_complete_the_commands() {
    for (shell, word) in
        [("bash", "default weir\n"), ("zsh", "#compdef weir\n"), ("fish", "complete -c weir -")]
    {
        let script = run(&["completions", shell], "");

        assert_eq!(script.status.code(), Some(0), "{shell}");
        assert!(out(&script).contains(word) && out(&script).contains("requeue"), "{shell}");
    }
    assert_eq!(run(&["completions", "abacus"], "").status.code(), Some(2));
}
