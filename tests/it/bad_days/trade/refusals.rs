//! Orders that the trade service does not take, or has already: they are told by their own name,
//! and their neighbours go through.

use serde_json::{Value, json};

use super::market::Market;
use super::{BATCH, batch_in, drained, ids, letters, orders, results, statuses};
use crate::bad_days::metric;
use crate::support::client::{Request, client};
use crate::support::{Answer, Kind, Weir, on_both, wait_for};

on_both! {
    defect_38_one_guilty_order_of_25_is_refused_alone,
    defect_81_a_blotter_that_the_trade_service_does_not_know_refuses_nothing,
    defect_37_an_order_that_was_traded_before_is_adopted_and_poisons_nobody,
    a_trade_of_other_terms_under_our_order_id_is_for_an_operator,
    defect_07_and_11_and_40_however_many_submit_an_order_at_once_it_is_traded_once,
    defect_46_and_48_an_order_on_its_way_can_be_neither_changed_nor_deleted,
    defect_84_the_trace_of_a_batch_goes_with_its_calls,
}

const DEADLINE: std::time::Duration = std::time::Duration::from_secs(30);

async fn order(weir: &Weir, id: i64) -> Value {
    weir.get(&format!("/api/v1/order/{id}")).await.expect(200).body
}

/// Creates orders that are not submitted yet.
async fn create(weir: &Weir, portfolio: &str, count: usize) -> Vec<i64> {
    let answer = weir.post("/api/v1/orders", &orders(portfolio, count)).await.expect(200);
    let items = answer.body["orders"].as_array().unwrap();
    items.iter().map(|item| item["orderId"].as_i64().unwrap()).collect()
}

/// Somebody else places the trade of an order, as the ancestor did before it forgot it.
async fn place_beside(market: &Market, weir: &Weir, id: i64, quantity: f64) {
    let order = order(weir, id).await;
    let trade = json!({
        "orderId": id, "portfolioId": order["portfolio"]["portfolioId"], "orderType": "BUY",
        "securityId": order["security"]["securityId"], "quantity": quantity,
        "limitPrice": null, "tradeTimestamp": null, "blotterId": 1,
    });
    let url = format!("{}/api/v1/tradeOrders/bulk", market.url);
    let bulk = json!({ "tradeOrders": [trade] });
    Request::new(&client(), "POST", url).json(&bulk).send().await.expect(201);
}

async fn submit(weir: &Weir, ids: &[i64]) -> Answer {
    weir.post("/api/v1/orders/batch/submit", &json!({ "orderIds": ids })).await
}

async fn defect_38_one_guilty_order_of_25_is_refused_alone(kind: Kind) {
    let market = Market::open();
    market.treat(json!({"reject": {"portfolioPrefix": "BAD"}})).await;
    let weir = market.plan(kind).start().await;
    let mut batch = orders("good", 25);
    batch[12]["portfolioId"] = json!("BAD");

    let answer = weir.post(BATCH, &batch).await.expect(207);

    let count = |name: &str| answer.body[name].as_u64().unwrap();
    assert_eq!(
        [count("totalRequested"), count("successful"), count("failed"), count("queued")],
        [25, 24, 1, 0],
        "{}",
        answer.text
    );
    let ids = ids(&answer);
    for (place, item) in results(&answer).iter().enumerate() {
        if place == 12 {
            assert_eq!(item["status"], "FAILURE", "{item}");
            assert_eq!(item["errorCode"], "ORDER_REJECTED", "{item}");
        } else {
            assert_eq!(item["status"], "SUCCESS", "{item}");
            assert_eq!(item["tradeOrderId"], market.trade_of(ids[place]), "{item}");
        }
    }
    assert_eq!(order(&weir, ids[12]).await["status"]["abbreviation"], "NEW");
    // It is free: once the trade service takes it, it goes.
    market.return_well().await;
    let again = weir.request("POST", &format!("/api/v1/orders/{}/submit", ids[12])).send().await;
    assert_eq!(again.expect(200).body["tradeOrderId"], market.trade_of(ids[12]));
}

async fn defect_81_a_blotter_that_the_trade_service_does_not_know_refuses_nothing(kind: Kind) {
    let market = Market::open();
    let weir = market.plan(kind).start().await;
    let mut batch = orders("p", 3);
    // Crypto: the trade service is seeded with four blotters, and this is the fifth.
    batch[1]["blotterId"] = json!(5);

    let answer = weir.post(BATCH, &batch).await.expect(200);

    assert_eq!(statuses(&answer), ["SUCCESS"; 3], "{}", answer.text);
    for (place, blotter) in [(0, false), (1, true)] {
        let id = ids(&answer)[place];
        let url = format!("{}/api/v1/tradeOrders?order_id={id}", market.url);
        let trades = Request::new(&client(), "GET", url).send().await.expect(200);
        assert_eq!(trades.body[0]["blotter"].is_null(), blotter, "{}", trades.text);
    }
    assert_eq!(order(&weir, ids(&answer)[1]).await["blotter"]["name"], "Crypto");
}

async fn defect_37_an_order_that_was_traded_before_is_adopted_and_poisons_nobody(kind: Kind) {
    let market = Market::open();
    let weir = market.plan(kind).start().await;
    let ids = create(&weir, "p", 5).await;
    place_beside(&market, &weir, ids[3], 4.0).await;
    let trade = market.trade_of(ids[3]);

    let answer = submit(&weir, &ids).await;

    assert!([200, 202].contains(&answer.status), "{}", answer.text);
    let done = batch_in(&weir, answer.body["batchId"].as_str().unwrap(), "DONE").await;
    for (place, item) in results(&done).iter().enumerate() {
        assert_eq!(item["tradeOrderId"], market.trade_of(ids[place]), "{item}");
    }
    assert_eq!(market.trade_of(ids[3]), trade);
    assert_eq!(market.sim.totals().placed, 5);
}

async fn a_trade_of_other_terms_under_our_order_id_is_for_an_operator(kind: Kind) {
    let market = Market::open();
    let weir = market.plan(kind).start().await;
    let ids = create(&weir, "p", 5).await;
    place_beside(&market, &weir, ids[3], 4444.0).await;

    let answer = submit(&weir, &ids).await;

    assert!([200, 202].contains(&answer.status), "{}", answer.text);
    let path = format!("/api/v1/batches/{}", answer.body["batchId"].as_str().unwrap());
    let batch = wait_for("the neighbours to be sent", DEADLINE, async || {
        let batch = weir.get(&path).await.expect(200);
        let is_so = batch.body["successful"] == 4 && batch.text.contains("TRADE_ID_CONFLICT");
        if is_so { Ok(batch) } else { Err(batch.text) }
    })
    .await;
    let item = &results(&batch)[3];
    assert_eq!(item["status"], "QUEUED", "{item}");
    assert_eq!(item["waiting"]["reason"], "dead until an operator decides", "{item}");
    let left = letters(&weir.database).await;
    let [dead] = &left[..] else { panic!("{left:#?}") };
    assert!(dead.starts_with("dead ") && dead.contains("TRADE_ID_CONFLICT: "), "{dead}");
    assert_eq!(order(&weir, ids[3]).await["tradeOrderId"], Value::Null);
    assert_eq!(market.sim.totals().placed, 5);
    let told = weir.logs().iter().any(|line| {
        line.contains("\"level\":\"error\"") && line.contains("is dead: TRADE_ID_CONFLICT")
    });
    assert!(told, "an operator hears of it");
    wait_for("the dead letter to be counted", DEADLINE, async || {
        metric(&weir, r#"letters{state="dead"}"#).await == Some(1.0)
    })
    .await;
}

async fn defect_07_and_11_and_40_however_many_submit_an_order_at_once_it_is_traded_once(
    kind: Kind,
) {
    let market = Market::open_to_duplicates();
    market.treat(json!({"latencyMs": 100, "latencySpreadMs": 100})).await;
    let weir = market.plan(kind).set("supervisor.wait_max", "5s").start().await;
    let ids = create(&weir, "p", 12).await;

    let many = (0..12).map(|number| {
        let (mut some, weir) = (ids.clone(), &weir);
        some.rotate_left(number);
        some.truncate(6);
        async move { submit(weir, &some).await }
    });
    let lone =
        ids.iter().map(|id| weir.request("POST", &format!("/api/v1/orders/{id}/submit")).send());
    let (many, lone) = futures_util::future::join(
        futures_util::future::join_all(many),
        futures_util::future::join_all(lone),
    )
    .await;
    drained(&weir.database).await;

    for answer in many {
        for item in results(&answer.expect(200)) {
            let trade = market.trade_of(item["orderId"].as_i64().unwrap());
            assert_eq!(item["tradeOrderId"], trade, "{item}");
        }
    }
    for (answer, id) in lone.into_iter().zip(&ids) {
        let answer = answer.expect(200);
        assert_eq!(answer.body["tradeOrderId"], market.trade_of(*id), "{}", answer.text);
    }
    assert_eq!(market.sim.totals().placed, 12);
}

async fn defect_46_and_48_an_order_on_its_way_can_be_neither_changed_nor_deleted(kind: Kind) {
    let market = Market::open();
    market.treat(json!({"latencyMs": 1000})).await;
    let weir = market.plan(kind).start().await;
    let id = create(&weir, "p", 1).await[0];

    let hurt = async {
        market.has_a_call().await;
        let amended = json!({
            "blotterId": 1, "statusId": 8, "orderTypeId": 1, "portfolioId": "p",
            "securityId": "s0", "quantity": 1, "version": 1,
        });
        for answer in [
            weir.put(&format!("/api/v1/order/{id}"), &amended).await,
            weir.delete(&format!("/api/v1/order/{id}?version=1")).await,
        ] {
            assert_eq!((answer.status, &answer.body["code"]), (409, &json!("ORDER_IN_SUBMISSION")));
        }
    };
    let (answer, ()) = futures_util::future::join(submit(&weir, &[id]), hurt).await;

    assert_eq!(statuses(&answer.expect(200)), ["SUCCESS"]);
    let sent = order(&weir, id).await;
    assert_eq!(sent["status"]["abbreviation"], "SENT", "{sent}");
    assert_eq!(sent["tradeOrderId"], market.trade_of(id), "{sent}");
}

async fn defect_84_the_trace_of_a_batch_goes_with_its_calls(kind: Kind) {
    let market = Market::open();
    let weir = market.plan(kind).start().await;

    let answer = weir.post(BATCH, &orders("p", 2)).await.expect(200);

    assert!(answer.header("x-request-id").is_some_and(|id| !id.is_empty()));
    let trace = answer.body["batchId"].as_str().unwrap().replace('-', "");
    let calls = market.calls().await;
    let [call] = &calls[..] else { panic!("{calls:#?}") };
    let told = call["traceparent"].as_str().unwrap();
    assert!(told.starts_with(&format!("00-{trace}-")), "{told}");
    assert!(call["idempotencyKey"].as_str().is_some_and(|key| !key.is_empty()), "{call}");
}
