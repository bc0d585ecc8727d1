//! Pauses: what is paused is accepted and not sent, over restarts and on all instances.

use std::time::Duration;

use serde_json::{Value, json};

use super::{audit_lines, order};
use crate::bad_days::metric;
use crate::bad_days::trade::market::Market;
use crate::bad_days::trade::{BATCH, drained, ids, orders, statuses};
use crate::support::weir::Plan;
use crate::support::{Answer, Kind, Weir, on_both, wait_for};

on_both! {
    a_paused_trade_service_is_not_called_also_after_a_restart,
    a_paused_client_waits_and_others_pass,
    what_cannot_be_paused_is_refused,
}

const DEADLINE: Duration = Duration::from_secs(30);
const PAUSES: &str = "/admin/pauses";
const RESUME: &str = "/admin/pauses/resume";

fn trade(reason: &str) -> Value {
    json!({"kind": "destination", "name": "trade", "reason": reason, "operator": "ann"})
}

async fn submit(weir: &Weir, client: &str, count: usize) -> Answer {
    let request = weir.request("POST", BATCH).header("X-Client-Id", client);
    request.json(&orders(client, count)).send().await
}

#[track_caller]
fn assert_put_off(answer: &Answer) {
    assert_eq!(answer.status, 202, "{}", answer.text);
    assert!(statuses(answer).iter().all(|status| *status == "QUEUED"), "{}", answer.text);
    assert!(answer.text.contains("an operator has paused"), "{}", answer.text);
}

async fn a_paused_trade_service_is_not_called_also_after_a_restart(kind: Kind) {
    let market = Market::open();
    let mut weir = market.plan(kind).set("supervisor.wait_max", "20s").start().await;
    order(&weir, PAUSES, &trade("it is being repaired")).await.expect(200);

    let first = submit(&weir, "a", 3).await;
    weir.restart().await;
    let second = submit(&weir, "b", 3).await;

    assert_put_off(&first);
    assert_put_off(&second);
    let pauses = weir.admin_get(PAUSES).await.expect(200).body["items"].take();
    assert_eq!((&pauses[0]["kind"], &pauses[0]["name"]), (&json!("destination"), &json!("trade")));
    assert_eq!(pauses[0]["reason"], "it is being repaired");
    wait_for("the status to tell of it", DEADLINE, async || {
        let status = weir.admin_get("/admin/status").await.expect(200);
        let told = format!(
            "The trade service is paused since {}, by ann: it is being repaired",
            pauses[0]["since"].as_str().unwrap()
        );
        let is_told = status.body["pauses"] == pauses && status.text.contains(&told);
        is_told.then_some(()).ok_or(status.text)
    })
    .await;
    wait_for("the pause to be counted", DEADLINE, async || {
        metric(&weir, r#"weir_paused{kind="destination"}"#).await == Some(1.0)
    })
    .await;
    assert_put_off(&submit(&weir, "c", 1).await);
    assert_eq!(market.sim.totals().placed, 0);
    order(&weir, RESUME, &trade("it is well")).await.expect(204);
    drained(&weir.database).await;
    for id in ids(&first).into_iter().chain(ids(&second)) {
        market.trade_of(id);
    }
    assert_eq!(metric(&weir, r#"weir_paused{kind="destination"}"#).await, Some(0.0));
    let lines = audit_lines(&weir, "kind=destination&target=trade").await;
    let actions: Vec<_> = lines.iter().map(|line| line["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["RESUME", "PAUSE"]);
    let again = order(&weir, RESUME, &trade("it is well")).await.expect(404);
    assert_eq!(again.body["code"], "NOT_FOUND");
}

async fn a_paused_client_waits_and_others_pass(kind: Kind) {
    let market = Market::open();
    let weir = market.plan(kind).set("supervisor.wait_max", "20s").start().await;
    let pause = json!({"kind": "client", "name": "a", "reason": "it sends nonsense"});
    let first = order(&weir, PAUSES, &pause).await.expect(200);
    let again = order(&weir, PAUSES, &pause).await.expect(200);

    let put_off = submit(&weir, "a", 3).await;
    let passes = submit(&weir, "b", 3).await;

    assert_eq!(first.body["since"], again.body["since"], "the first one stands");
    assert_put_off(&put_off);
    for id in ids(&passes.expect(200)) {
        market.trade_of(id);
    }
    assert_eq!(market.sim.totals().placed, 3);
    assert_eq!(metric(&weir, r#"weir_paused{kind="client"}"#).await, Some(1.0));
    order(&weir, RESUME, &pause).await.expect(204);
    drained(&weir.database).await;
    for id in ids(&put_off) {
        market.trade_of(id);
    }
    assert_eq!(audit_lines(&weir, "kind=client&target=a").await.len(), 2);
}

async fn what_cannot_be_paused_is_refused(kind: Kind) {
    let market = Market::open();
    let weir = market.plan(kind).start().await;
    for (body, field) in [
        (json!({"name": "trade", "reason": "r"}), "kind"),
        (json!({"kind": "client", "name": " ", "reason": "r"}), "name"),
        (json!({"kind": "client", "name": "a"}), "reason"),
        (json!({"kind": "destination", "name": "moon", "reason": "r"}), "name"),
        (json!({"kind": "desk", "name": "a", "reason": "r"}), "name"),
    ] {
        for path in [PAUSES, RESUME] {
            let answer = order(&weir, path, &body).await.expect(400);
            assert_eq!(answer.body["details"]["field"], field, "{}", answer.text);
        }
    }
    assert_eq!(weir.admin_get(PAUSES).await.expect(200).body["items"], json!([]));
    assert_eq!(audit_lines(&weir, "").await, Vec::<Value>::new());
}

#[actix_web::test]
async fn another_instance_follows_within_a_sweep() {
    if !Kind::Postgres.is_available() {
        return;
    }
    let market = Market::open();
    let shared = |plan: Plan| plan.set("pool.instances", 2).set("pool.max", 30);
    let one = shared(market.plan(Kind::Postgres)).start().await;
    let two = shared(market.plan(one.database.clone())).set("mailbox.instance", "weir-2");
    let two = two.start().await;
    let paused = async |count: f64| {
        wait_for("the other instance to follow", DEADLINE, async || {
            metric(&two, r#"weir_paused{kind="destination"}"#).await == Some(count)
        })
        .await;
    };
    order(&one, PAUSES, &trade("it is being repaired")).await.expect(200);
    paused(1.0).await;

    let answer = submit(&two, "a", 3).await;

    assert_put_off(&answer);
    assert_eq!(market.sim.totals().placed, 0);
    order(&one, RESUME, &trade("it is well")).await.expect(204);
    paused(0.0).await;
    drained(&one.database).await;
    for id in ids(&answer) {
        market.trade_of(id);
    }
}
