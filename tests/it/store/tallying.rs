//! The kept totals: true after any sequence of writes, in any lane, side by side or in turn.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use weir::domain::listing::Listing;
use weir::domain::order::Order;
use weir::domain::order::amend::Amendment;
use weir::ports::journal::{Change, Changed, Journal};
use weir::ports::library::Library;
use weir::store::Store;

use super::shelf::{Dice, assert_tallies_are_true, batch, draft, fresh, order};
use crate::support::{Kind, on_both};

const SEEDS: [u64; 3] = [1, 20_260_105, 0xfeed];
const STEPS: usize = 60;

on_both! {
    totals_are_true_after_any_sequence_of_writes,
    totals_are_true_after_writes_side_by_side,
}

async fn totals_are_true_after_any_sequence_of_writes(kind: Kind) {
    for seed in SEEDS {
        let (database, store) = fresh(kind).await;
        let mut walk = Walk { dice: Dice(seed), known: BTreeMap::new(), next: 1 };
        for step in 0..STEPS {
            walk.step(&store).await;
            if step % 15 == 14 {
                assert_tallies_are_true(&database).await;
            }
        }

        let page = store.orders(&Listing::parse(&[]).unwrap()).await.unwrap();

        assert_eq!(page.total, walk.known.len() as u64, "seed {seed}");
        assert!(walk.known.len() > 50, "seed {seed} tries nothing");
        for order in walk.known.values() {
            assert_eq!(store.order(order.id).await.as_ref(), Ok(&Some(order.clone())));
        }
    }
}

async fn totals_are_true_after_writes_side_by_side(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let mut dice = Dice(7);
    let mut batches = Vec::new();
    for first in (1..=400).step_by(10) {
        batches
            .push(batch((first..first + 10).map(|id| Order { terms: dice.terms(), ..order(id) })));
    }

    let lane = |shard: u16| {
        let mine = batches.iter().skip(usize::from(shard)).step_by(2);
        let (store, mine) = (&store, mine.cloned().collect::<Vec<_>>());
        async move {
            for batch in mine {
                store.record(shard, std::slice::from_ref(&batch)).await.unwrap();
                let remove = |order: &Order| Change::RemoveOrder { id: order.id, version: 1 };
                let removals: Vec<Change> = batch.orders().take(3).map(remove).collect();
                // The other lane's shard: an order may leave by another way than it came.
                let outcomes = store.change(shard, &removals).await.unwrap();
                assert_eq!(outcomes, vec![Ok(Changed::Removed); 3]);
            }
        }
    };
    join_all([lane(0), lane(1)]).await;

    assert_eq!(database.number("SELECT count(*) FROM orders").await, 280);
    assert_tallies_are_true(&database).await;
}

/// A random walk, and what the database must hold after it.
struct Walk {
    dice: Dice,
    known: BTreeMap<i64, Order>,
    next: i64,
}

impl Walk {
    async fn step(&mut self, store: &Store) {
        let shard = self.dice.below(2) as u16;
        match self.dice.below(3) {
            0 => self.record(store, shard).await,
            _ => self.change(store, shard).await,
        }
    }

    async fn record(&mut self, store: &Store, shard: u16) {
        let mut group = Vec::new();
        for _ in 0..=self.dice.below(3) {
            let mut orders = Vec::new();
            for _ in 0..self.dice.below(12) {
                orders.push(Order { terms: self.dice.terms(), ..order(self.next) });
                self.next += 1;
            }
            self.known.extend(orders.iter().map(|order| (order.id, order.clone())));
            group.push(batch(orders));
        }
        store.record(shard, &group).await.unwrap();
    }

    /// A few changes in one commit, some of them to the same order, some of them stale.
    async fn change(&mut self, store: &Store, shard: u16) {
        let ids: Vec<i64> = self.known.keys().copied().collect();
        if ids.is_empty() {
            return;
        }
        let mut changes = Vec::new();
        for _ in 0..=self.dice.below(5) {
            let known = &self.known[&self.dice.one_of(&ids)];
            let (id, version) = (known.id, known.version + self.dice.below(2) as i32);
            changes.push(match self.dice.below(4) {
                0 => Change::RemoveOrder { id, version },
                _ => {
                    Change::AmendOrder(Amendment { id, version, draft: draft(&self.dice.terms()) })
                }
            });
        }
        let outcomes = store.change(shard, &changes).await.unwrap();
        for (change, outcome) in changes.iter().zip(outcomes) {
            match (change, outcome) {
                (_, Ok(Changed::Order(order))) => drop(self.known.insert(order.id, order)),
                (Change::RemoveOrder { id, .. }, Ok(Changed::Removed)) => {
                    assert!(self.known.remove(id).is_some());
                }
                (_, Err(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}
