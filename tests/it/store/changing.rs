//! Changes to orders and reference rows: made when the rule allows, told when not, never halfway.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use sea_orm::sqlx::{Connection, PgConnection, raw_sql};
use weir::domain::amount::Amount;
use weir::domain::order::Order;
use weir::domain::order::amend::{Amendment, Refusal};
use weir::domain::order::draft::Draft;
use weir::domain::reference::{ReferenceChange, ReferenceKind, ReferenceLabel, ReferenceRow};
use weir::ports::Failure;
use weir::ports::catalogue::Catalogue;
use weir::ports::gauge::PoolGauge;
use weir::ports::journal::{Change, ChangeRefusal, Changed, Journal};
use weir::ports::library::Library;
use weir::store::Store;

use super::shelf::{
    HOLD, LANE, NEW, assert_tallies_are_true, batch, change, draft, fresh, order, order_with, rows,
    snapshot,
};
use crate::support::{Database, Kind, on_both, wait_for};

const CANCELLED: i32 = 8;
const KINDS: [ReferenceKind; 3] =
    [ReferenceKind::Blotter, ReferenceKind::Status, ReferenceKind::OrderType];

on_both! {
    amended_order_reads_back_with_its_version_raised,
    status_moves_along_its_table_and_no_other_way,
    stale_or_missing_order_is_left_alone,
    order_in_submission_is_neither_amended_nor_removed,
    removed_order_is_gone_and_its_place_in_the_totals_too,
    answers_come_in_the_order_of_the_changes_and_a_refusal_stops_nobody_else,
    amendment_into_a_row_deleted_behind_our_back_changes_nothing,
    amendment_into_a_row_that_another_process_added_is_made,
    new_rows_take_the_next_ids_and_none_is_given_twice,
    amended_row_is_seen_at_once,
    stale_or_missing_row_is_left_alone,
    row_that_orders_use_stays_until_the_last_of_them_is_gone,
}

async fn with_orders(kind: Kind, orders: Vec<Order>) -> (Database, Arc<Store>) {
    let (database, store) = fresh(kind).await;
    store.record(LANE, &[batch(orders)]).await.unwrap();
    (database, store)
}

fn amend(id: i64, version: i32, draft: Draft<'static>) -> Change {
    Change::AmendOrder(Amendment { id, version, draft })
}

/// An amendment of a plain order into this status.
fn move_to(id: i64, version: i32, status_id: i32) -> Change {
    amend(id, version, draft(&order_with(id, |terms| terms.status_id = status_id).terms))
}

async fn amended_order_reads_back_with_its_version_raised(kind: Kind) {
    let (database, store) = with_orders(kind, vec![order(1), order(2)]).await;
    let wanted = Draft {
        blotter_id: Some(3),
        order_type_id: Some(2),
        portfolio_id: Some(" P ".into()),
        security_id: Some("S".into()),
        quantity: Some("9999999999.99999999".into()),
        limit_price: None,
        order_timestamp: Some("1999-12-31T23:59:59.9999999Z".into()),
        ..draft(&order(1).terms)
    };

    let changed = change(&store, amend(1, 1, wanted)).await;

    let Ok(Changed::Order(amended)) = changed else { panic!("{changed:?}") };
    assert_eq!(store.order(1).await, Ok(Some(amended.clone())));
    assert_eq!((amended.version, amended.terms.limit_price), (2, None));
    assert_eq!((amended.terms.blotter_id, amended.terms.portfolio_id.as_str()), (3, "P"));
    assert_eq!(amended.terms.quantity, Amount::from_scaled(999_999_999_999_999_999));
    assert_eq!(amended.terms.ordered_at.to_string(), "1999-12-31T23:59:59.999999Z");
    assert_eq!(store.order(2).await, Ok(Some(order(2))));
    let touched = "SELECT count(*) FROM orders WHERE updated_at > created_at AND id = 1";
    assert_eq!(database.number(touched).await, 1);
    assert_tallies_are_true(&database).await;
}

async fn status_moves_along_its_table_and_no_other_way(kind: Kind) {
    let (database, store) = with_orders(kind, vec![order(1)]).await;

    for (version, status_id) in [(1, HOLD), (2, NEW), (3, HOLD), (4, CANCELLED)] {
        let changed = change(&store, move_to(1, version, status_id)).await;
        let Ok(Changed::Order(moved)) = changed else { panic!("{changed:?}") };
        assert_eq!((moved.version, moved.terms.status_id), (version + 1, status_id));
        assert_tallies_are_true(&database).await;
    }

    let back = change(&store, move_to(1, 5, NEW)).await;
    assert!(matches!(&back, Err(ChangeRefusal::Order(Refusal::Fault(_)))), "{back:?}");
    let removal = change(&store, Change::RemoveOrder { id: 1, version: 5 }).await;
    assert!(matches!(&removal, Err(ChangeRefusal::Order(Refusal::Fault(_)))), "{removal:?}");
    assert_eq!(store.order(1).await.unwrap().unwrap().version, 5);
    assert_tallies_are_true(&database).await;
}

async fn stale_or_missing_order_is_left_alone(kind: Kind) {
    let (database, store) = with_orders(kind, vec![order(1)]).await;
    let remove = |id, version| Change::RemoveOrder { id, version };
    let stale = |given| Err(Refusal::Stale { id: 1, given, current: 1 }.into());
    let missing = |id| Err(Refusal::NotFound { id }.into());

    assert_eq!(change(&store, move_to(1, 0, HOLD)).await, stale(0));
    assert_eq!(change(&store, move_to(1, 2, HOLD)).await, stale(2));
    assert_eq!(change(&store, remove(1, 2)).await, stale(2));
    assert_eq!(change(&store, move_to(2, 1, HOLD)).await, missing(2));
    assert_eq!(change(&store, remove(-5, 1)).await, missing(-5));

    assert_eq!(store.order(1).await, Ok(Some(order(1))));
    assert_tallies_are_true(&database).await;
}

async fn order_in_submission_is_neither_amended_nor_removed(kind: Kind) {
    let (database, store) = with_orders(kind, vec![order(1)]).await;
    let letter = match kind {
        Kind::Sqlite => "zeroblob(16)",
        Kind::Postgres => "'00000000-0000-0000-0000-000000000000'",
    };
    database.execute(&format!("UPDATE orders SET letter_id = {letter}")).await;

    let amended = change(&store, move_to(1, 1, HOLD)).await;
    let removed = change(&store, Change::RemoveOrder { id: 1, version: 1 }).await;

    assert_eq!(amended, Err(Refusal::InSubmission { id: 1 }.into()));
    assert_eq!(removed, Err(Refusal::InSubmission { id: 1 }.into()));
    assert_eq!(
        store.order(1).await,
        Ok(Some(Order { letter_id: Some(uuid::Uuid::nil()), ..order(1) }))
    );
    assert_tallies_are_true(&database).await;
    database.execute("UPDATE orders SET letter_id = NULL").await;
    assert!(change(&store, move_to(1, 1, HOLD)).await.is_ok());
}

async fn removed_order_is_gone_and_its_place_in_the_totals_too(kind: Kind) {
    let on_hold = order_with(2, |terms| terms.status_id = HOLD);
    let (database, store) = with_orders(kind, vec![order(1), on_hold, order(3)]).await;

    let removed = change(&store, Change::RemoveOrder { id: 1, version: 1 }).await;
    let on_hold = change(&store, Change::RemoveOrder { id: 2, version: 1 }).await;
    let again = change(&store, Change::RemoveOrder { id: 1, version: 1 }).await;

    assert_eq!((removed, on_hold), (Ok(Changed::Removed), Ok(Changed::Removed)));
    assert_eq!(again, Err(Refusal::NotFound { id: 1 }.into()));
    assert_eq!(store.order(1).await, Ok(None));
    assert_eq!(database.number("SELECT count(*) FROM orders").await, 1);
    assert_tallies_are_true(&database).await;
}

async fn answers_come_in_the_order_of_the_changes_and_a_refusal_stops_nobody_else(kind: Kind) {
    let (database, store) = with_orders(kind, (1..=4).map(order).collect()).await;
    let label = ReferenceLabel::Blotter { name: "New".to_owned() };
    let create = ReferenceChange::Create { kind: ReferenceKind::Blotter, label, version: 1 };
    let changes = [
        move_to(4, 1, HOLD),
        Change::RemoveOrder { id: 3, version: 9 },
        move_to(2, 1, HOLD),
        Change::Reference(create),
        Change::RemoveOrder { id: 1, version: 1 },
        // Twice the same order: the second has not seen the first.
        move_to(2, 1, CANCELLED),
    ];

    let outcomes = store.change(LANE, &changes).await.unwrap();

    let held = |id| {
        let terms = order_with(id, |terms| terms.status_id = HOLD).terms;
        Ok(Changed::Order(Order { terms, version: 2, ..order(id) }))
    };
    let created =
        ReferenceRow { id: 6, label: ReferenceLabel::Blotter { name: "New".into() }, version: 1 };
    assert_eq!(
        outcomes,
        [
            held(4),
            Err(Refusal::Stale { id: 3, given: 9, current: 1 }.into()),
            held(2),
            Ok(Changed::Reference(created)),
            Ok(Changed::Removed),
            Err(Refusal::Stale { id: 2, given: 1, current: 2 }.into()),
        ]
    );
    assert_eq!(store.order(3).await, Ok(Some(order(3))));
    assert_tallies_are_true(&database).await;
}

async fn amendment_into_a_row_deleted_behind_our_back_changes_nothing(kind: Kind) {
    let (database, store) = with_orders(kind, vec![order(1), order(2)]).await;
    database.execute("DELETE FROM blotters WHERE id = 5").await;
    let gone = draft(&order_with(1, |terms| terms.blotter_id = 5).terms);

    let refused = store.change(LANE, &[move_to(2, 1, HOLD), amend(1, 1, gone)]).await;

    assert!(matches!(refused, Err(Failure::Data { .. })), "{refused:?}");
    assert_eq!(store.order(1).await, Ok(Some(order(1))));
    assert_eq!(store.order(2).await, Ok(Some(order(2))));
    assert_tallies_are_true(&database).await;
}

async fn amendment_into_a_row_that_another_process_added_is_made(kind: Kind) {
    let (database, store) = with_orders(kind, vec![order(1)]).await;
    database.execute("INSERT INTO blotters (id, name) VALUES (77, 'Foreign')").await;
    let foreign = draft(&order_with(1, |terms| terms.blotter_id = 77).terms);

    let amended = change(&store, amend(1, 1, foreign)).await;

    assert!(matches!(&amended, Ok(Changed::Order(order)) if order.terms.blotter_id == 77));
    assert_tallies_are_true(&database).await;
}

fn label(kind: ReferenceKind, name: &str) -> ReferenceLabel {
    match kind {
        ReferenceKind::Blotter => ReferenceLabel::Blotter { name: name.to_owned() },
        ReferenceKind::Status | ReferenceKind::OrderType => ReferenceLabel::Abbreviated {
            abbreviation: name.to_owned(),
            description: format!("{name}, described"),
        },
    }
}

fn create(kind: ReferenceKind, name: &str) -> Change {
    let label = label(kind, name);
    Change::Reference(ReferenceChange::Create { kind, label, version: 1 })
}

fn rename(kind: ReferenceKind, id: i32, version: i32, name: &str) -> Change {
    let row = ReferenceRow { id, label: label(kind, name), version };
    Change::Reference(ReferenceChange::Amend { kind, row })
}

fn remove(kind: ReferenceKind, id: i32, version: i32) -> Change {
    Change::Reference(ReferenceChange::Remove { kind, id, version })
}

async fn new_rows_take_the_next_ids_and_none_is_given_twice(kind: Kind) {
    let (_database, store) = fresh(kind).await;

    for (kind, next) in KINDS.into_iter().zip([6, 11, 6]) {
        let created = change(&store, create(kind, "ONE")).await;
        let removed = change(&store, remove(kind, next, 1)).await;
        let after = change(&store, create(kind, "TWO")).await;

        let row = |id, name| {
            Ok(Changed::Reference(ReferenceRow { id, label: label(kind, name), version: 1 }))
        };
        assert_eq!(created, row(next, "ONE"));
        assert_eq!(removed, Ok(Changed::Removed));
        assert_eq!(after, row(next + 1, "TWO"));
        let listed = rows(&store, kind).await;
        assert_eq!(listed.last().map(|row| (row.id, row.key())), Some((next + 1, "TWO")));
        let known: Vec<ReferenceRow> = snapshot(&store).of(kind).values().cloned().collect();
        assert_eq!(known, listed);
    }
}

async fn amended_row_is_seen_at_once(kind: Kind) {
    let (_database, store) = fresh(kind).await;

    for kind in KINDS {
        let amended = change(&store, rename(kind, 2, 1, "RENAMED")).await;

        // The rules of orders speak of SENT.
        if kind == ReferenceKind::Status {
            assert_eq!(amended, Err(ChangeRefusal::Ruled { key: "SENT".into() }));
            continue;
        }
        let row = ReferenceRow { id: 2, label: label(kind, "RENAMED"), version: 2 };
        assert_eq!(amended, Ok(Changed::Reference(row.clone())));
        assert_eq!(snapshot(&store).find(kind, 2), Some(&row));
        assert!(rows(&store, kind).await.contains(&row));
    }
}

async fn stale_or_missing_row_is_left_alone(kind: Kind) {
    let (_database, store) = fresh(kind).await;

    for kind in KINDS {
        let before = rows(&store, kind).await;
        let stale = Err(ChangeRefusal::StaleReference { kind, id: 2, given: 7, current: 1 });
        let missing = Err(ChangeRefusal::NoReference { kind, id: 99 });

        assert_eq!(change(&store, rename(kind, 2, 7, "X")).await, stale);
        assert_eq!(change(&store, remove(kind, 2, 7)).await, stale);
        assert_eq!(change(&store, rename(kind, 99, 1, "X")).await, missing);
        assert_eq!(change(&store, remove(kind, 99, 1)).await, missing);

        assert_eq!(rows(&store, kind).await, before);
    }
}

async fn row_that_orders_use_stays_until_the_last_of_them_is_gone(kind: Kind) {
    let plain = |id| {
        order_with(id, |terms| {
            (terms.blotter_id, terms.status_id, terms.order_type_id) = (2, HOLD, 2);
        })
    };
    let (database, store) = with_orders(kind, vec![plain(1), plain(2)]).await;
    let users = KINDS.into_iter().zip([2, HOLD, 2]);
    let refused = |kind, id| Err(ChangeRefusal::Referenced { kind, id });

    for (kind, id) in users.clone() {
        assert_eq!(change(&store, remove(kind, id, 1)).await, refused(kind, id));
    }
    // One leaves through the lane it came by, and one through another.
    for (shard, id) in [(LANE, 1), (LANE + 1, 2)] {
        let removal = [Change::RemoveOrder { id, version: 1 }];
        assert_eq!(store.change(shard, &removal).await, Ok(vec![Ok(Changed::Removed)]));
        if id == 1 {
            let (kind, id) = (ReferenceKind::OrderType, 2);
            assert_eq!(change(&store, remove(kind, id, 1)).await, refused(kind, id));
        }
    }

    for (kind, id) in users {
        let removed = change(&store, remove(kind, id, 1)).await;
        // The rules of orders speak of HOLD: it stays, used or not.
        if kind == ReferenceKind::Status {
            assert_eq!(removed, Err(ChangeRefusal::Ruled { key: "HOLD".into() }));
            continue;
        }
        assert_eq!(removed, Ok(Changed::Removed));
        assert!(snapshot(&store).find(kind, id.into()).is_none());
    }
    assert_tallies_are_true(&database).await;
}

/// A refresh that began before a row was written may not answer for one that was asked for after.
#[actix_web::test]
async fn refresh_never_answers_with_rows_read_before_it_was_asked() {
    if !Kind::Postgres.is_available() {
        return;
    }
    let (database, store) = fresh(Kind::Postgres).await;
    let mut other = PgConnection::connect(&database.url).await.unwrap();
    // Blotters are read first: the early refresh has them and now waits for the statuses.
    let hold = "BEGIN; LOCK TABLE statuses IN ACCESS EXCLUSIVE MODE";
    raw_sql(hold).execute(&mut other).await.unwrap();
    let early = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.refresh().await }
    });
    let waiting = "SELECT count(*) FROM pg_locks WHERE relation = 'statuses'::regclass AND NOT granted \
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    wait_for("the early refresh to wait", Duration::from_secs(2), async || {
        database.number(waiting).await == 1
    })
    .await;

    raw_sql("INSERT INTO blotters (id, name) VALUES (77, 'Late')")
        .execute(&mut other)
        .await
        .unwrap();
    let mut late = Box::pin(store.refresh());
    assert!((&mut late).now_or_never().is_none());
    raw_sql("COMMIT").execute(&mut other).await.unwrap();

    let late = late.await.unwrap();
    assert!(early.await.unwrap().is_ok());
    assert!(late.find(ReferenceKind::Blotter, 77).is_some());
    assert!(store.sample().active == 0);
}
