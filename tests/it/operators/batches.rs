//! Batches and orders, found by what an operator knows of them, with all that happened to them.

use serde_json::{Value, json};

use super::letters::{bury, dead, open, path};
use super::order;
use crate::bad_days::trade::market::Market;
use crate::bad_days::trade::{BATCH, drained, ids, orders};
use crate::support::{Answer, Kind, Weir, on_both};

on_both! {
    a_batch_is_found_by_its_id_its_orders_and_its_client,
    a_batch_and_its_orders_tell_what_was_done_to_them_also_when_the_letter_is_gone,
}

/// The ids that a search finds.
async fn found(weir: &Weir, query: &str) -> Vec<String> {
    let answer = weir.admin_get(&format!("/admin/batches?{query}")).await.expect(200);
    let items = answer.body["items"].as_array().unwrap().iter();
    items.map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

fn batch_id(answer: &Answer) -> String {
    answer.body["batchId"].as_str().unwrap().to_owned()
}

/// The sentences of a timeline.
fn told(body: &Value) -> Vec<String> {
    let events = body["timeline"].as_array().unwrap().iter();
    events.map(|event| event["what"].as_str().unwrap().to_owned()).collect()
}

async fn a_batch_is_found_by_its_id_its_orders_and_its_client(kind: Kind) {
    let market = Market::open();
    let weir = market.plan(kind).start().await;
    let submit = async |client: &str, count: usize| {
        let request = weir.request("POST", BATCH).header("X-Client-Id", client);
        let request = request.header("Idempotency-Key", format!("key-of-{client}"));
        request.json(&orders(client, count)).send().await.expect(200)
    };
    // Their ids begin alike: 1 is also found in 10, 11 and 12.
    let [a, b, c] = [submit("a", 9).await, submit("b", 3).await, submit("c", 1).await];
    drained(&weir.database).await;

    assert_eq!(found(&weir, "").await, [batch_id(&c), batch_id(&b), batch_id(&a)]);
    assert_eq!(found(&weir, "limit=2").await, [batch_id(&c), batch_id(&b)]);
    assert_eq!(found(&weir, &format!("id={}", batch_id(&b))).await, [batch_id(&b)]);
    assert_eq!(found(&weir, "client=c").await, [batch_id(&c)]);
    for (answer, id) in [(&a, ids(&a)[0]), (&b, ids(&b)[0]), (&c, ids(&c)[0])] {
        assert_eq!(found(&weir, &format!("order={id}")).await, [batch_id(answer)], "{id}");
    }
    assert_eq!(found(&weir, "order=999999").await, Vec::<String>::new());
    let list = weir.admin_get("/admin/batches?client=b").await.expect(200);
    let one = &list.body["items"][0];
    assert_eq!((&one["client"], &one["key"]), (&json!("b"), &json!("key-of-b")));
    assert_eq!(
        (&one["state"], &one["sent"], &one["total"]),
        (&json!("DONE"), &json!(3), &json!(3))
    );
    let wrong = weir.admin_get("/admin/batches?order=x").await.expect(400);
    assert_eq!(wrong.body["details"]["field"], "order");
}

async fn a_batch_and_its_orders_tell_what_was_done_to_them_also_when_the_letter_is_gone(
    kind: Kind,
) {
    let market = Market::open();
    let weir = open(&market, kind).await;
    let submitted = bury(&market, &weir, 4).await;
    let (id, order_ids) = (batch_id(&submitted), ids(&submitted));
    let letters = dead(&weir, 2).await;
    let of_first = json!([order_ids[0], order_ids[1]]);
    let [first, second] = match letters[0]["orders"] == of_first {
        true => [&letters[0], &letters[1]],
        false => [&letters[1], &letters[0]],
    };
    let batch = weir.admin_get(&format!("/admin/batches/{id}")).await.expect(200);
    assert_eq!((&batch.body["state"], &batch.body["queued"]), (&json!("QUEUED"), &json!(4)));
    assert!(told(&batch.body)[0].starts_with("recorded, 4 orders"), "{}", batch.text);
    assert!(batch.text.contains("is dead until an operator decides"), "{}", batch.text);

    let reason = json!({"reason": "sent by telephone", "operator": "ann"});
    order(&weir, &path(first, "/discard"), &reason).await.expect(200);
    order(&weir, &path(second, "/requeue"), &json!({"reason": "again"})).await.expect(200);
    drained(&weir.database).await;

    let batch = weir.admin_get(&format!("/admin/batches/{id}")).await.expect(200);
    let events = told(&batch.body);
    assert!(events.iter().any(|what| what.contains("ann ordered DISCARD")), "{events:#?}");
    assert_eq!(events.last().map(String::as_str), Some("all was decided"), "{events:#?}");
    let one = async |id: i64| weir.admin_get(&format!("/admin/orders/{id}")).await.expect(200).body;
    let discarded = one(order_ids[0]).await;
    let error = "discarded by an operator: sent by telephone";
    assert_eq!((&discarded["lastError"], &discarded["batches"]), (&json!(error), &json!([id])));
    let events = told(&discarded);
    assert_eq!(events.iter().filter(|what| what.contains("ordered")).count(), 1, "{events:#?}");
    assert!(events[1].contains("sent by telephone"), "{events:#?}");
    let sent = one(order_ids[3]).await;
    assert_eq!(sent["tradeOrderId"], market.trade_of(order_ids[3]));
    let events = told(&sent);
    let expected = format!("sent as trade {}", sent["tradeOrderId"]);
    assert_eq!(events.last(), Some(&expected), "{events:#?}");
    assert!(events.iter().any(|what| what.contains("ordered REQUEUE")), "{events:#?}");
    assert!(sent["letter"].is_null() && sent["lastError"].is_null());
    weir.admin_get("/admin/orders/999999").await.expect(404);
}
