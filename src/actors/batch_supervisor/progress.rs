//! What is known of the orders of one submission, for those who wait for it.
//!
//! The supervisor writes, a request reads: no future per request stands in the actor, and a
//! request that leaves takes nothing along.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// What became of one order of a submission, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderFate {
    /// In the line, waiting for its turn.
    InLine,
    /// In the hands of a worker.
    OnTheWay,
    Sent {
        trade_order_id: i64,
    },
    /// The trade service took it not, for good.
    Rejected {
        message: String,
    },
    /// Its letter was let go: it is tried again later. Why, for people.
    Queued {
        reason: String,
    },
    /// Its letter is dead: an operator has to decide.
    Dead {
        reason: String,
    },
}

impl OrderFate {
    /// Will nothing more be heard of it soon?
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        !matches!(self, Self::InLine | Self::OnTheWay)
    }
}

/// The orders of one submission and what became of them.
#[derive(Debug, Default)]
pub struct Progress {
    fates: Mutex<Fates>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Fates {
    by_order: HashMap<i64, OrderFate>,
    in_line: usize,
    on_the_way: usize,
}

impl Fates {
    fn set(&mut self, order_id: i64, fate: OrderFate) {
        self.count(&fate, true);
        if let Some(before) = self.by_order.insert(order_id, fate) {
            self.count(&before, false);
        }
    }

    fn count(&mut self, fate: &OrderFate, comes: bool) {
        let counter = match fate {
            OrderFate::InLine => &mut self.in_line,
            OrderFate::OnTheWay => &mut self.on_the_way,
            OrderFate::Sent { .. }
            | OrderFate::Rejected { .. }
            | OrderFate::Queued { .. }
            | OrderFate::Dead { .. } => return,
        };
        *counter = if comes { *counter + 1 } else { counter.saturating_sub(1) };
    }
}

impl Progress {
    /// All of them in the line.
    #[must_use]
    pub fn of(order_ids: impl IntoIterator<Item = i64>) -> Self {
        let progress = Self::default();
        progress.set(order_ids.into_iter().map(|id| (id, OrderFate::InLine)));
        progress
    }

    /// Notes what became of orders; the word about one that was sent or rejected is the last.
    pub fn set(&self, fates: impl IntoIterator<Item = (i64, OrderFate)>) {
        let mut known = self.lock();
        for (order_id, fate) in fates {
            let is_final = matches!(
                known.by_order.get(&order_id),
                Some(OrderFate::Sent { .. } | OrderFate::Rejected { .. })
            );
            if !is_final {
                known.set(order_id, fate);
            }
        }
        drop(known);
        self.changed.notify_waiters();
    }

    /// Notes what became of the orders of a letter, as far as they are of this submission: others
    /// of it may be another one's.
    pub(super) fn hear(&self, fates: &[(i64, OrderFate)]) {
        let known = self.lock();
        let is_ours = |(order_id, _): &&(i64, OrderFate)| known.by_order.contains_key(order_id);
        let ours: Vec<_> = fates.iter().filter(is_ours).cloned().collect();
        drop(known);
        self.set(ours);
    }

    /// What is in the line will not leave it soon.
    pub(super) fn put_off(&self, fate: &OrderFate) {
        let known = self.lock();
        let in_line = known.by_order.iter().filter(|(_, known)| **known == OrderFate::InLine);
        let put_off: Vec<_> = in_line.map(|(id, _)| (*id, fate.clone())).collect();
        drop(known);
        self.set(put_off);
    }

    #[must_use]
    pub fn fate(&self, order_id: i64) -> Option<OrderFate> {
        self.lock().by_order.get(&order_id).cloned()
    }

    #[must_use]
    pub fn fates(&self) -> HashMap<i64, OrderFate> {
        self.lock().by_order.clone()
    }

    /// Comes back when nothing more will be heard soon.
    pub async fn settled(&self) {
        self.until(|known| known.in_line == 0 && known.on_the_way == 0).await;
    }

    /// Comes back when nobody is left in the line: all are with workers, or further.
    pub async fn taken(&self) {
        self.until(|known| known.in_line == 0).await;
    }

    async fn until(&self, is_so: impl Fn(&Fates) -> bool) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Enrolled before the look, so that no change falls between the two.
            changed.as_mut().enable();
            if is_so(&self.lock()) {
                return;
            }
            changed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Fates> {
        self.fates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
