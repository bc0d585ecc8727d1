//! Dead letters, and what an operator decides about them.

use std::time::Duration;

use serde_json::{Value, json};

use super::{audit_lines, order};
use crate::bad_days::trade::market::Market;
use crate::bad_days::trade::{BATCH, drained, ids, orders, results};
use crate::support::client::{Request, client};
use crate::support::{Answer, Kind, Weir, on_both, wait_for};

on_both! {
    a_dead_letter_that_is_requeued_goes_at_once,
    orders_of_a_discarded_letter_are_free_and_say_why,
    what_may_have_been_placed_is_discarded_by_force_alone,
    many_letters_are_looked_at_first_and_then_go_on,
}

const DEADLINE: Duration = Duration::from_secs(30);

/// Weir that gives a letter up after one attempt, and looks for due letters only when it is told.
pub(super) async fn open(market: &Market, kind: Kind) -> Weir {
    let plan = market.plan(kind).set("mailbox.attempts_max", 1).set("supervisor.chunk", 2);
    plan.set("mailbox.sweep_every", "60s").start().await
}

/// Submits so many orders to a trade service that turns the first call away: all of them are dead.
pub(super) async fn bury(market: &Market, weir: &Weir, count: usize) -> Answer {
    market.script(json!([{"kind": "too_many", "retryAfter": 1}]));
    let answer = weir.post(BATCH, &orders("p", count)).await.expect(202);
    dead(weir, count.div_ceil(2)).await;
    answer
}

/// Waits until no change of the trade breaker is to come that would wake the mailbox.
async fn probes_may_go(weir: &Weir) {
    wait_for("the trade breaker to be half-open", DEADLINE, async || {
        let breaker = weir.admin_get("/admin/breakers/trade").await.expect(200);
        if breaker.body["state"] == "HALF_OPEN" { Ok(()) } else { Err(breaker.text) }
    })
    .await;
}

/// The dead letters, when there are so many.
pub(super) async fn dead(weir: &Weir, count: usize) -> Vec<Value> {
    wait_for("dead letters", DEADLINE, async || {
        let page = weir.admin_get("/admin/letters?state=dead").await.expect(200);
        let items = page.body["items"].as_array().unwrap();
        if items.len() == count { Ok(items.clone()) } else { Err(page.text) }
    })
    .await
}

pub(super) fn path(letter: &Value, what: &str) -> String {
    format!("/admin/letters/{}{what}", letter["id"].as_str().unwrap())
}

async fn a_dead_letter_that_is_requeued_goes_at_once(kind: Kind) {
    let market = Market::open();
    let weir = open(&market, kind).await;
    let submitted = bury(&market, &weir, 2).await;
    let letter = dead(&weir, 1).await.remove(0);
    assert_eq!((&letter["attempts"], &letter["orders"]), (&json!(1), &json!(ids(&submitted))));
    assert_eq!(letter["batchId"], submitted.body["batchId"]);
    assert!(letter["lastError"].as_str().unwrap().starts_with("ATTEMPTS_EXHAUSTED"), "{letter}");
    let requeue = path(&letter, "/requeue");
    let unexplained = order(&weir, &requeue, &json!({})).await.expect(400);
    assert_eq!(unexplained.body["details"]["field"], "reason");

    probes_may_go(&weir).await;
    let body = json!({"reason": "it takes orders again", "operator": "ann"});
    let answer = order(&weir, &requeue, &body).await.expect(200);

    assert_eq!((&answer.body["state"], &answer.body["attempts"]), (&json!("waiting"), &json!(0)));
    // Long before the next sweep.
    wait_for("the orders to be sent", DEADLINE, async || market.sim.totals().placed == 2).await;
    drained(&weir.database).await;
    for id in ids(&submitted) {
        market.trade_of(id);
    }
    let about = format!("kind=letter&target={}", letter["id"].as_str().unwrap());
    let lines = audit_lines(&weir, &about).await;
    let [line] = &lines[..] else { panic!("one line for one order") };
    assert_eq!((&line["action"], &line["operator"]), (&json!("REQUEUE"), &json!("ann")));
    assert!(line["before"].as_str().unwrap().contains("attempts 1, orders ["), "{line}");
    let gone = order(&weir, &requeue, &body).await.expect(404);
    assert_eq!(gone.body["code"], "NOT_FOUND");
    weir.admin_get(&path(&letter, "")).await.expect(404);
}

async fn orders_of_a_discarded_letter_are_free_and_say_why(kind: Kind) {
    let market = Market::open();
    let weir = open(&market, kind).await;
    let submitted = bury(&market, &weir, 2).await;
    let letter = dead(&weir, 1).await.remove(0);
    let known = weir.admin_get(&path(&letter, "")).await.expect(200);
    let statuses: Vec<_> = known.body["orderDetails"].as_array().unwrap().iter().collect();
    assert_eq!((statuses.len(), &statuses[0]["status"]), (2, &json!("NEW")), "{}", known.text);
    assert_eq!(known.body["history"], json!([]));

    let body = json!({"reason": "sent by telephone"});
    order(&weir, &path(&letter, "/discard"), &body).await.expect(200);

    assert_eq!(dead(&weir, 0).await, Vec::<Value>::new());
    let batch = format!("/api/v1/batches/{}", submitted.body["batchId"].as_str().unwrap());
    let batch = weir.get(&batch).await.expect(200);
    assert_eq!(batch.body["state"], "FAILED", "{}", batch.text);
    for item in results(&batch) {
        assert_eq!((&item["status"], &item["errorCode"]), (&json!("FAILURE"), &json!("DISCARDED")));
        assert!(item["message"].as_str().unwrap().contains("sent by telephone"), "{item}");
    }
    let free = ids(&submitted)[0];
    let again = wait_for("the trade service to be called again", DEADLINE, async || {
        let answer = weir.request("POST", &format!("/api/v1/orders/{free}/submit")).send().await;
        if answer.status == 200 { Ok(answer) } else { Err(answer.text) }
    });
    assert_eq!(again.await.body["tradeOrderId"], market.trade_of(free));
}

async fn what_may_have_been_placed_is_discarded_by_force_alone(kind: Kind) {
    let market = Market::open();
    let weir = market.plan(kind).start().await;
    let created = weir.post("/api/v1/orders", &orders("p", 1)).await.expect(200);
    let id = created.body["orders"][0]["orderId"].as_i64().unwrap();
    // Somebody else's trade has the order's id.
    let trade = json!({"orderId": id, "portfolioId": "another", "orderType": "BUY",
        "securityId": "s0", "quantity": 1.0, "limitPrice": null, "tradeTimestamp": null,
        "blotterId": 1});
    let url = format!("{}/api/v1/tradeOrders/bulk", market.url);
    let bulk = json!({ "tradeOrders": [trade] });
    Request::new(&client(), "POST", url).json(&bulk).send().await.expect(201);
    weir.post("/api/v1/orders/batch/submit", &json!({ "orderIds": [id] })).await.expect(202);
    let letter = dead(&weir, 1).await.remove(0);
    assert_eq!(letter["trouble"]["doubtful"], json!([id]), "{letter}");
    let discard = path(&letter, "/discard");

    let refused = order(&weir, &discard, &json!({"reason": "not ours"})).await.expect(409);
    let forced = order(&weir, &discard, &json!({"reason": "not ours", "force": true})).await;

    assert_eq!(refused.body["code"], "LETTER_IN_DOUBT", "{}", refused.text);
    forced.expect(200);
    assert_eq!(dead(&weir, 0).await, Vec::<Value>::new());
    assert_eq!(audit_lines(&weir, "kind=letter").await.len(), 1);
}

async fn many_letters_are_looked_at_first_and_then_go_on(kind: Kind) {
    let market = Market::open();
    let weir = open(&market, kind).await;
    let submitted = bury(&market, &weir, 6).await;
    let all = "/admin/letters/requeue";
    let filter = json!({"error": "exhausted", "batch": submitted.body["batchId"]});

    let dry = order(&weir, all, &json!({"filter": filter, "reason": "r"})).await.expect(200);
    let other = json!({"filter": {"client": "nobody"}, "reason": "r", "dryRun": false});
    let other = order(&weir, all, &other).await.expect(200);

    let expected = json!({"matched": 3, "done": 0, "failed": [], "dryRun": true});
    assert_eq!(dry.body, expected);
    assert_eq!(other.body["matched"], 0);
    dead(&weir, 3).await;
    let body = json!({"filter": filter, "reason": "r", "dryRun": false, "ratePerSecond": 5});
    let done = order(&weir, all, &body).await.expect(200);
    let expected = json!({"matched": 3, "done": 3, "failed": [], "dryRun": false});
    assert_eq!(done.body, expected);
    drained(&weir.database).await;
    for id in ids(&submitted) {
        market.trade_of(id);
    }
    assert_eq!(audit_lines(&weir, "kind=letter").await.len(), 3);
    let whole = &audit_lines(&weir, "kind=letters").await[0];
    assert_eq!(
        (&whole["before"], &whole["after"]),
        (&json!("3 found"), &json!("3 done, 0 not possible"))
    );
}
