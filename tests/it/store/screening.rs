//! Screening: what the database refuses although the rules let it through fails alone.

use std::collections::HashSet;

use weir::domain::batch::{Batch, Item};
use weir::domain::order::FaultKind;
use weir::domain::reference::{ReferenceChange, ReferenceKind, ReferenceLabel};
use weir::ports::Failure;
use weir::ports::journal::{Change, Changed, Journal};
use weir::store::Store;

use super::shelf::{
    LANE, assert_tallies_are_true, batch, batch_of, change, fresh, order, order_with, snapshot,
};
use crate::support::{Database, Kind, on_both};

on_both! {
    order_that_names_a_row_deleted_behind_our_back_is_a_fault_of_the_data,
    screening_keeps_the_innocent_and_refuses_the_guilty,
    screening_refuses_an_order_id_that_is_taken,
    screening_a_sound_batch_is_recording_it,
    screening_that_cannot_end_leaves_nothing,
}

/// A blotter that the snapshot has and the database has not.
async fn vanished_blotter(database: &Database, store: &Store) -> i32 {
    let label = ReferenceLabel::Blotter { name: "Gone".to_owned() };
    let create = ReferenceChange::Create { kind: ReferenceKind::Blotter, label, version: 1 };
    let created = change(store, Change::Reference(create)).await;
    let Ok(Changed::Reference(row)) = created else { panic!("{created:?}") };
    database.execute(&format!("DELETE FROM blotters WHERE id = {}", row.id)).await;
    assert!(snapshot(store).find(ReferenceKind::Blotter, row.id.into()).is_some());
    row.id
}

async fn order_that_names_a_row_deleted_behind_our_back_is_a_fault_of_the_data(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let gone = vanished_blotter(&database, &store).await;

    let guilty = batch([order(1), order_with(2, |terms| terms.blotter_id = gone)]);
    let refused = store.record(LANE, &[batch([order(3)]), guilty]).await;

    assert!(matches!(refused, Err(Failure::Data { .. })), "{refused:?}");
    assert_eq!(store.recorded(&[1, 2, 3]).await, Ok(HashSet::new()));
    assert_eq!(database.number("SELECT count(*) FROM batches").await, 0);
}

async fn screening_keeps_the_innocent_and_refuses_the_guilty(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let gone = vanished_blotter(&database, &store).await;
    let orders = (1..=10).map(|id| match id {
        3 | 4 | 10 => order_with(id, |terms| terms.blotter_id = gone),
        _ => order(id),
    });

    let items = store.record_screened(LANE, batch(orders)).await.unwrap();

    assert_eq!(outcomes(&items), "1 2 x x 5 6 7 8 9 x");
    let kept = HashSet::from([1, 2, 5, 6, 7, 8, 9]);
    assert_eq!(store.recorded(&(1..=10).collect::<Vec<_>>()).await, Ok(kept));
    let fates = database.text("SELECT fates FROM batches").await.unwrap();
    let fates: Vec<serde_json::Value> = serde_json::from_str(&fates).unwrap();
    assert_eq!((fates.len(), &fates[0], &fates[4]), (10, &1.into(), &5.into()));
    for index in [2, 3, 9] {
        assert_eq!(fates[index]["kind"], "refused");
    }
    assert_tallies_are_true(&database).await;
}

async fn screening_refuses_an_order_id_that_is_taken(kind: Kind) {
    let (database, store) = fresh(kind).await;
    store.record(LANE, &[batch([order(2)])]).await.unwrap();

    let items = store.record_screened(LANE, batch([1, 2, 3, 3].map(order))).await.unwrap();

    assert_eq!(outcomes(&items), "1 x 3 x");
    assert_tallies_are_true(&database).await;
}

async fn screening_a_sound_batch_is_recording_it(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let fault = weir::domain::order::Fault::missing("quantity", "Quantity must be positive");
    let mixed = batch_of(vec![Ok(order(1)), Err(fault), Ok(order(2))]);

    let items = store.record_screened(LANE, mixed.clone()).await;

    assert_eq!(items, Ok(mixed.items));
    assert_eq!(database.number("SELECT count(*) FROM orders").await, 2);
    assert_tallies_are_true(&database).await;
}

/// The batch's own row comes last: when it fails, no order may have gone down before it.
async fn screening_that_cannot_end_leaves_nothing(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let first = batch([order(1)]);
    store.record(LANE, std::slice::from_ref(&first)).await.unwrap();

    let same_id = Batch { id: first.id, ..batch([2, 3].map(order)) };
    let refused = store.record_screened(LANE, same_id).await;

    assert!(matches!(refused, Err(Failure::Data { .. })), "{refused:?}");
    assert_eq!(store.recorded(&[1, 2, 3]).await, Ok(HashSet::from([1])));
    assert_tallies_are_true(&database).await;
    store.record(LANE, &[batch([2, 3].map(order))]).await.unwrap();
}

/// The ids of what was kept; an `x` for what was refused.
fn outcomes(items: &[Item]) -> String {
    let outcome = |item: &Item| match item {
        Ok(order) => order.id.to_string(),
        Err(fault) => {
            assert_eq!(fault.kind, FaultKind::Refused);
            "x".to_owned()
        }
    };
    items.iter().map(outcome).collect::<Vec<_>>().join(" ")
}
