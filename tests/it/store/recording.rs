//! Recording: what was accepted is what is read back, all of it or nothing of it.

use std::collections::HashSet;

use weir::domain::amount::Amount;
use weir::domain::moment::Moment;
use weir::domain::order::draft::Draft;
use weir::domain::order::{Fault, Order};
use weir::ports::Failure;
use weir::ports::journal::Journal;
use weir::ports::library::Library;

use super::shelf::{
    HOLD, LANE, NOON, assert_tallies_are_true, batch, batch_of, draft, fresh, order, order_with,
    serving, snapshot,
};
use crate::support::{Database, Kind, on_both};

on_both! {
    extreme_terms_read_back_to_the_last_digit,
    drafts_are_stored_trimmed_and_cut_to_microseconds,
    a_thousand_orders_of_one_batch_read_back,
    batches_of_all_sizes_go_down_in_one_call,
    batch_row_says_who_asked_when_and_what_became_of_each_item,
    people_read_plain_decimals_and_times,
    duplicate_order_id_is_a_fault_of_the_data_and_nothing_of_its_group_stands,
    recorded_tells_which_of_many_orders_exist,
    parts_stand_alone_and_the_empty_part_is_the_batch,
    nothing_recorded_is_lost_when_the_store_opens_again,
}

/// Terms at the edges of what the rules let through.
fn extremes() -> Vec<Order> {
    let largest = Amount::from_scaled(999_999_999_999_999_999);
    let smallest = Amount::from_scaled(1);
    let widest = "é".repeat(24);
    vec![
        order_with(1, |terms| {
            terms.quantity = largest;
            terms.limit_price = Some(largest);
        }),
        order_with(2, |terms| {
            terms.quantity = smallest;
            terms.limit_price = None;
        }),
        order_with(3, |terms| {
            terms.limit_price = Some(smallest);
            terms.ordered_at = Moment::from_micros(-1);
        }),
        order_with(4, |terms| {
            terms.ordered_at = Moment::parse("0001-01-01T00:00:00Z").unwrap();
        }),
        order_with(5, |terms| {
            terms.ordered_at = Moment::parse("9999-12-31T23:59:59.999999Z").unwrap();
            terms.status_id = HOLD;
        }),
        order_with(6, |terms| {
            terms.portfolio_id.clone_from(&widest);
            terms.security_id = "it's \"quoted\"; -- {a,b}".to_owned();
            terms.blotter_id = 5;
            terms.order_type_id = 4;
        }),
        order_with(i64::MAX, |_| {}),
    ]
}

async fn extreme_terms_read_back_to_the_last_digit(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let orders = extremes();

    store.record(LANE, &[batch(orders.clone())]).await.unwrap();

    for order in orders {
        assert_eq!(store.order(order.id).await, Ok(Some(order)));
    }
    assert_eq!(store.order(7).await, Ok(None));
    assert_tallies_are_true(&database).await;
}

async fn drafts_are_stored_trimmed_and_cut_to_microseconds(kind: Kind) {
    let (_database, store) = fresh(kind).await;
    let draft = Draft {
        portfolio_id: Some("  P-1\t".into()),
        security_id: Some("\n S 1 ".into()),
        quantity: Some("1234567890.12345678".into()),
        limit_price: Some("1.50e1".into()),
        order_timestamp: Some("2026-01-05T16:30:00.1234569+02:00".into()),
        ..draft(&order(1).terms)
    };
    let terms = draft.check_new(&snapshot(&store), Moment::from_micros(0)).unwrap();

    store.record(LANE, &[batch([Order { terms, ..order(1) }])]).await.unwrap();

    let kept = store.order(1).await.unwrap().unwrap().terms;
    assert_eq!((kept.portfolio_id.as_str(), kept.security_id.as_str()), ("P-1", "S 1"));
    assert_eq!(kept.quantity.to_string(), "1234567890.12345678");
    assert_eq!(kept.limit_price.unwrap().to_string(), "15");
    assert_eq!(kept.ordered_at.to_string(), "2026-01-05T14:30:00.123456Z");
}

async fn a_thousand_orders_of_one_batch_read_back(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let with_a_price_of_its_own = |id: i64| {
        order_with(id, |terms| {
            terms.quantity = Amount::from_scaled(id);
            terms.limit_price = (id % 3 != 0).then(|| Amount::from_scaled(id * 7));
            terms.security_id = format!("S{id}");
            terms.blotter_id = (id % 5) as i32 + 1;
        })
    };
    let orders: Vec<Order> = (1..=1000).map(with_a_price_of_its_own).collect();

    store.record(LANE, &[batch(orders.clone())]).await.unwrap();

    let pairs = [("limit".to_owned(), "1000".to_owned())];
    let page = store.orders(&weir::domain::listing::Listing::parse(&pairs).unwrap()).await.unwrap();
    assert_eq!(page.total, 1000);
    assert!(page.orders == orders, "the page differs from what was recorded");
    assert_tallies_are_true(&database).await;
}

/// The sizes straddle every rung of SQLite's ladder of statements.
async fn batches_of_all_sizes_go_down_in_one_call(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let mut ids = 1..;
    let sizes = [1, 0, 7, 8, 9, 31, 32, 33, 129, 512, 700];
    let group: Vec<_> =
        sizes.map(|size| batch(ids.by_ref().take(size).map(order))).into_iter().collect();
    let all: HashSet<i64> = group.iter().flat_map(|batch| batch.order_ids()).collect();

    store.record(LANE, &group).await.unwrap();

    assert_eq!(all.len(), sizes.iter().sum::<usize>());
    let asked: Vec<i64> = all.iter().copied().collect();
    assert_eq!(store.recorded(&asked).await, Ok(all));
    assert_eq!(database.number("SELECT count(*) FROM batches").await, 11);
    assert_tallies_are_true(&database).await;
}

/// Defect 85 of the ancestor.
async fn batch_row_says_who_asked_when_and_what_became_of_each_item(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let fault = Fault::invalid("blotterId", "Blotter with ID 9 \"not\" found");
    let batch = batch_of(vec![Ok(order(8)), Err(fault), Ok(order(9))]);
    let id = batch.id.simple().to_string();

    store.record(LANE, &[batch]).await.unwrap();

    let row_id = match kind {
        Kind::Sqlite => "SELECT lower(hex(id)) FROM batches",
        Kind::Postgres => "SELECT replace(id::text, '-', '') FROM batches",
    };
    assert_eq!(database.text(row_id).await, Some(id));
    let asked = "SELECT client || ' ' || route || ' ' || created_at || ' ' || expires_at";
    let asked = database.text(&format!("{asked} FROM batches")).await;
    let (accepted, expires) = (NOON + 1, NOON + 2);
    assert_eq!(asked, Some(format!("desk-7 /api/v1/orders {accepted} {expires}")));
    let fates = database.text("SELECT fates FROM batches").await.unwrap();
    let fates: serde_json::Value = serde_json::from_str(&fates).unwrap();
    let refused = serde_json::json!({
        "kind": "invalid", "field": "blotterId", "message": "Blotter with ID 9 \"not\" found"
    });
    assert_eq!(fates, serde_json::json!([8, refused, 9]));
    let times = "SELECT count(*) FROM orders WHERE client = 'desk-7' AND created_at = updated_at";
    assert_eq!(database.number(&format!("{times} AND created_at = {accepted}")).await, 2);
}

async fn people_read_plain_decimals_and_times(kind: Kind) {
    let (database, store) = fresh(kind).await;
    store.record(LANE, &[batch(extremes())]).await.unwrap();
    let time = match kind {
        Kind::Sqlite => "order_timestamp",
        Kind::Postgres => {
            "to_char(order_timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
        }
    };
    let price = "coalesce(cast(limit_price as text), 'market')";
    let line = format!(
        "blotter || ' ' || status || ' ' || order_type || ' ' || cast(quantity as text) || ' ' \
         || {price} || ' ' || {time} || ' ' || version || ' ' || client"
    );

    let seen = database.texts(&format!("SELECT {line} FROM orders_readable ORDER BY id")).await;

    let expected = [
        "Default NEW BUY 9999999999.99999999 9999999999.99999999 2026-01-05T14:30:00.000000Z",
        "Default NEW BUY 0.00000001 market 2026-01-05T14:30:00.000000Z",
        "Default NEW BUY 100.00000000 0.00000001 1969-12-31T23:59:59.999999Z",
        "Default NEW BUY 100.00000000 5.50000000 0001-01-01T00:00:00.000000Z",
        "Default HOLD BUY 100.00000000 5.50000000 9999-12-31T23:59:59.999999Z",
        "Crypto NEW COVER 100.00000000 5.50000000 2026-01-05T14:30:00.000000Z",
        "Default NEW BUY 100.00000000 5.50000000 2026-01-05T14:30:00.000000Z",
    ];
    assert_eq!(seen, expected.map(|line| format!("{line} 1 desk-7")));
}

async fn duplicate_order_id_is_a_fault_of_the_data_and_nothing_of_its_group_stands(kind: Kind) {
    let (database, store) = fresh(kind).await;
    store.record(LANE, &[batch((1..=3).map(order))]).await.unwrap();

    let innocent = batch((10..=12).map(order));
    let guilty = batch([13, 2, 14].map(order));
    let refused = store.record(LANE, &[innocent, guilty]).await;

    assert!(matches!(refused, Err(Failure::Data { .. })), "{refused:?}");
    let asked = [1, 2, 3, 10, 11, 12, 13, 14];
    assert_eq!(store.recorded(&asked).await, Ok(HashSet::from([1, 2, 3])));
    assert_eq!(database.number("SELECT count(*) FROM batches").await, 1);
    assert_tallies_are_true(&database).await;
}

async fn recorded_tells_which_of_many_orders_exist(kind: Kind) {
    let (_database, store) = fresh(kind).await;
    let present = [1, 9_999, 10_000, 10_001, 20_000, 25_000];
    store.record(LANE, &[batch(present.map(order))]).await.unwrap();
    let asked: Vec<i64> = (1..=25_000).collect();

    let found = store.recorded(&asked).await;

    assert_eq!(found, Ok(HashSet::from(present)));
    assert_eq!(store.recorded(&[]).await, Ok(HashSet::new()));
}

async fn parts_stand_alone_and_the_empty_part_is_the_batch(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let fault = Fault::missing("quantity", "Quantity must be positive");
    let batch = batch_of(vec![Ok(order(1)), Err(fault), Ok(order(2)), Ok(order(3))]);
    let batches = "SELECT count(*) FROM batches";

    store.record_part(LANE, &batch, 0..2).await.unwrap();
    let after_first = store.recorded(&[1, 2, 3]).await;
    store.record_part(LANE, &batch, 2..4).await.unwrap();
    let batches_before_the_end = database.number(batches).await;
    store.record_part(LANE, &batch, 4..4).await.unwrap();

    assert_eq!(after_first, Ok(HashSet::from([1])));
    assert_eq!(batches_before_the_end, 0);
    assert_eq!(database.number(batches).await, 1);
    assert_eq!(store.recorded(&[1, 2, 3]).await, Ok(HashSet::from([1, 2, 3])));
    assert_tallies_are_true(&database).await;
    let again = store.record_part(LANE, &batch, 0..2).await;
    assert!(matches!(again, Err(Failure::Data { .. })), "{again:?}");
    assert_tallies_are_true(&database).await;
}

async fn nothing_recorded_is_lost_when_the_store_opens_again(kind: Kind) {
    let database = Database::fresh(kind).await;
    let orders = extremes();
    let first = serving(&database, &[]).await;
    first.record(LANE, &[batch(orders.clone())]).await.unwrap();
    first.close().await;
    drop(first);

    let second = serving(&database, &[]).await;

    for order in orders {
        assert_eq!(second.order(order.id).await, Ok(Some(order)));
    }
}
