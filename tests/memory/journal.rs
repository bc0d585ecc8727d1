//! The journal over memory.

use std::collections::HashSet;
use std::iter::once;
use std::ops::Range;

use async_trait::async_trait;
use weir::domain::batch::{Batch, Item};
use weir::domain::order::{Order, amend};
use weir::ports::Failure;
use weir::ports::journal::{Change, ChangeRefusal, Changed, Journal};

use super::book::{Book, data, refused, taken};
use super::session::Session;

#[async_trait]
impl Journal for Session {
    async fn reserve_order_ids(&self, count: u32) -> Result<Range<i64>, Failure> {
        let reserve = |book: &mut Book| {
            let from = book.next_order_id;
            book.next_order_id += i64::from(count);
            Ok(from..book.next_order_id)
        };
        self.write(|| format!("reserves {count} ids"), reserve).await
    }

    async fn record(&self, _: u16, batches: &[Batch]) -> Result<(), Failure> {
        let doing =
            || format!("records {:?}", batches.iter().map(Batch::order_ids).collect::<Vec<_>>());
        self.write(doing, |book| record(book, batches)).await
    }

    async fn record_screened(&self, _: u16, mut batch: Batch) -> Result<Vec<Item>, Failure> {
        let orders = batch.order_ids();
        let screen = |book: &mut Book| {
            book.check_batch(&batch)?;
            let mut names = HashSet::new();
            for index in 0..batch.items.len() {
                let order = batch.orders_in(index..index + 1).next().cloned();
                let Some(order) = order else { continue };
                match book.check_orders(once((&batch.client, &order))) {
                    Err(Failure::Data { .. }) => {
                        batch.refuse(index..index + 1, &refused());
                        continue;
                    }
                    outcome => outcome?,
                }
                if order.terms.client_order_id.is_some_and(|name| !names.insert(name)) {
                    return Err(taken("orders_one_per_client_order"));
                }
            }
            for order in batch.orders() {
                book.insert_order(&batch.client, order);
            }
            book.insert_batch(&batch);
            Ok(batch.items)
        };
        self.write(|| format!("records {orders:?} one by one"), screen).await
    }

    async fn record_part(&self, _: u16, batch: &Batch, part: Range<usize>) -> Result<(), Failure> {
        let doing = || format!("records {part:?} of {:?}", batch.order_ids());
        let record = |book: &mut Book| {
            if part.is_empty() {
                return finish(book, batch);
            }
            let orders: Vec<&Order> = batch.orders_in(part.clone()).collect();
            book.check_orders(orders.iter().map(|order| (&batch.client, *order)))?;
            for order in orders {
                let free = Order { letter_id: None, ..order.clone() };
                book.insert_order(&batch.client, &free);
            }
            Ok(())
        };
        self.write(doing, record).await
    }

    async fn recorded(&self, order_ids: &[i64]) -> Result<HashSet<i64>, Failure> {
        let stands = |book: &Book, id: &i64| book.orders.contains_key(id);
        let doing = || format!("looks for {order_ids:?}");
        self.read(doing, |book| {
            Ok(order_ids.iter().copied().filter(|id| stands(book, id)).collect())
        })
        .await
    }

    async fn change(
        &self,
        _: u16,
        changes: &[Change],
    ) -> Result<Vec<Result<Changed, ChangeRefusal>>, Failure> {
        self.write(
            || format!("changes {changes:?}"),
            |book| changes.iter().map(|each| change(book, each)).collect(),
        )
        .await
    }

    async fn tidy(&self) {
        let _ = self.write(|| "tidies".to_owned(), |_| Ok(())).await;
    }
}

/// All or none: the rows of one group are held against each other as well.
fn record(book: &mut Book, batches: &[Batch]) -> Result<(), Failure> {
    let mut keys = HashSet::new();
    for batch in batches {
        book.check_batch(batch)?;
        let key = batch.key.as_ref().map(|key| (&batch.client, batch.route, &key.text));
        if key.is_some_and(|key| !keys.insert(key)) {
            return Err(taken("batches_one_per_key"));
        }
    }
    let orders = batches.iter().flat_map(|batch| {
        let orders: Vec<&Order> = batch.orders().collect();
        orders.into_iter().map(|order| (&batch.client, order))
    });
    book.check_orders(orders)?;
    for batch in batches {
        for order in batch.orders() {
            book.insert_order(&batch.client, order);
        }
        book.insert_batch(batch);
    }
    Ok(())
}

/// The batch's own row with its letters; the orders, which everybody could see until now, are
/// put into them.
fn finish(book: &mut Book, batch: &Batch) -> Result<(), Failure> {
    book.check_batch(batch)?;
    let bound: Vec<_> = batch.orders().filter(|order| order.in_submission()).collect();
    let is_untouched = |order: &&Order| {
        let row = book.orders.get(&order.id);
        row.is_some_and(|row| row.order.version == 1 && book.is_free_new(&row.order))
    };
    if !bound.iter().all(is_untouched) {
        return Err(taken("an order was changed before its letter was written"));
    }
    for order in bound {
        book.orders.get_mut(&order.id).unwrap().order.letter_id = order.letter_id;
    }
    book.insert_batch(batch);
    Ok(())
}

fn change(book: &mut Book, change: &Change) -> Result<Result<Changed, ChangeRefusal>, Failure> {
    match change {
        Change::AmendOrder(amendment) => {
            let Some(row) = book.orders.get_mut(&amendment.id) else {
                return Ok(Err(amend::Refusal::NotFound { id: amendment.id }.into()));
            };
            Ok(match amend::amend(&row.order, amendment, &book.references) {
                Ok(terms) => {
                    row.order.terms = terms;
                    row.order.version += 1;
                    Ok(Changed::Order(row.order.clone()))
                }
                Err(refusal) => Err(refusal.into()),
            })
        }
        Change::RemoveOrder { id, version } => {
            let Some(row) = book.orders.get(id) else {
                return Ok(Err(amend::Refusal::NotFound { id: *id }.into()));
            };
            Ok(match amend::remove(&row.order, *version, &book.references) {
                Ok(()) => {
                    book.remove_order(*id);
                    Ok(Changed::Removed)
                }
                Err(refusal) => Err(refusal.into()),
            })
        }
        Change::Reference(_) => Err(data("references are fixed here")),
        Change::Note(_) => Ok(Ok(Changed::Noted)),
        Change::Pause { .. } | Change::Resume { .. } => Err(data("tests change the pauses")),
    }
}
