//! The batches under way: who waits for their orders, and where their time went.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::progress::{OrderFate, Progress};
use crate::domain::client::ClientId;
use crate::ports::meter::{BatchEnd, DispatchMeter};

/// The batches under way in this process.
#[derive(Debug)]
pub(super) struct Batches {
    under_way: HashMap<Uuid, Batch>,
    /// Of each letter whose orders somebody waits for: the progresses to write to. Weak, since
    /// a letter that waits in the database alone may be another instance's when its turn comes.
    watched: HashMap<Uuid, Vec<Weak<Progress>>>,
    /// When so many letters are watched, those that nobody waits for any more are forgotten.
    tidy_at: usize,
    /// The last ones that came to rest, the newest last.
    at_rest: VecDeque<(Uuid, BatchEnd)>,
}

/// Batches whose times are remembered after they came to rest.
const REMEMBERED: usize = 2_000;

#[derive(Debug)]
struct Batch {
    client: ClientId,
    progress: Arc<Progress>,
    accepted: Instant,
    /// From the request to the commit.
    load: Duration,
    waited: Duration,
    trade: Duration,
    update: Duration,
    orders: usize,
    failed: usize,
    letters_open: usize,
}

/// A batch as it comes into the house.
pub(super) struct Coming {
    pub(super) batch_id: Uuid,
    pub(super) client: ClientId,
    pub(super) progress: Arc<Progress>,
    /// Those that are held here; the others wait in the database.
    pub(super) held: Vec<Uuid>,
    pub(super) waiting: Vec<Uuid>,
    pub(super) orders: usize,
    pub(super) failed: usize,
    pub(super) load: Duration,
}

/// Fewer watched letters than this are not looked through.
const TIDY_MIN: usize = 1_024;

impl Default for Batches {
    fn default() -> Self {
        Self {
            under_way: HashMap::new(),
            watched: HashMap::new(),
            tidy_at: TIDY_MIN,
            at_rest: VecDeque::new(),
        }
    }
}

impl Batches {
    /// A batch of which nothing is held here has come to rest already: it waits.
    pub(super) fn add(&mut self, coming: Coming, now: Instant, meter: &dyn DispatchMeter) {
        for letter in coming.held.iter().chain(&coming.waiting) {
            self.watch(*letter, &coming.progress);
        }
        let batch = Batch {
            client: coming.client,
            progress: coming.progress,
            accepted: now,
            load: coming.load,
            waited: Duration::ZERO,
            trade: Duration::ZERO,
            update: Duration::ZERO,
            orders: coming.orders,
            failed: coming.failed,
            letters_open: coming.held.len(),
        };
        if batch.letters_open == 0 {
            self.put_to_rest(coming.batch_id, &batch, now, meter);
        } else {
            self.under_way.insert(coming.batch_id, batch);
        }
    }

    pub(super) fn progress(&self, batch_id: Uuid) -> Option<Arc<Progress>> {
        self.under_way.get(&batch_id).map(|batch| Arc::clone(&batch.progress))
    }

    /// Letters for which somebody may wait.
    pub(super) fn watched(&self) -> usize {
        self.watched.len()
    }

    pub(super) fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// Somebody wants to hear of this letter's orders.
    pub(super) fn watch(&mut self, letter_id: Uuid, progress: &Arc<Progress>) {
        if self.watched.len() >= self.tidy_at {
            self.watched.retain(|_, waiting| waiting.iter().any(|one| one.strong_count() > 0));
            self.tidy_at = TIDY_MIN.max(self.watched.len() * 2);
        }
        self.watched.entry(letter_id).or_default().push(Arc::downgrade(progress));
    }

    pub(super) fn is_watched(&self, letter_id: Uuid) -> bool {
        let waiting = self.watched.get(&letter_id);
        waiting.is_some_and(|waiting| waiting.iter().any(|one| one.strong_count() > 0))
    }

    /// Tells those who wait what is known of a letter's orders.
    pub(super) fn tell(&self, letter_id: Uuid, fates: &[(i64, OrderFate)]) {
        let waiting = self.watched.get(&letter_id).into_iter().flatten();
        for progress in waiting.filter_map(Weak::upgrade) {
            progress.hear(fates);
        }
    }

    /// Tells all who wait for orders in the line that these will not leave it soon.
    pub(super) fn put_off(&self, fate: &OrderFate) {
        for progress in self.watched.values().flatten().filter_map(Weak::upgrade) {
            progress.put_off(fate);
        }
    }

    /// A letter of this batch left the line.
    pub(super) fn left_the_line(&mut self, batch_id: Uuid, waited: Duration) {
        if let Some(batch) = self.under_way.get_mut(&batch_id) {
            batch.waited = batch.waited.max(waited);
        }
    }

    /// A letter's carriage took so long.
    pub(super) fn carried(&mut self, batch_id: Uuid, trade: Duration, update: Duration) {
        if let Some(batch) = self.under_way.get_mut(&batch_id) {
            batch.trade = batch.trade.max(trade);
            batch.update = batch.update.max(update);
        }
    }

    /// Nobody works on this letter any more for now. When it was its batch's last, the batch is
    /// told of in one line.
    pub(super) fn rest(
        &mut self,
        batch_id: Uuid,
        letter_id: Uuid,
        now: Instant,
        meter: &dyn DispatchMeter,
    ) {
        self.watched.remove(&letter_id);
        let Some(batch) = self.under_way.get_mut(&batch_id) else { return };
        batch.letters_open = batch.letters_open.saturating_sub(1);
        if batch.letters_open == 0
            && let Some(batch) = self.under_way.remove(&batch_id)
        {
            self.put_to_rest(batch_id, &batch, now, meter);
        }
    }

    fn put_to_rest(
        &mut self,
        batch_id: Uuid,
        batch: &Batch,
        now: Instant,
        meter: &dyn DispatchMeter,
    ) {
        let end = batch.tell(batch_id, now, meter);
        if self.at_rest.len() == REMEMBERED {
            self.at_rest.pop_front();
        }
        self.at_rest.push_back((batch_id, end));
    }

    /// Where the time of a batch went, if it is remembered.
    pub(super) fn times(&self, batch_id: Uuid) -> Option<BatchEnd> {
        let found = self.at_rest.iter().rev().find(|(id, _)| *id == batch_id);
        found.map(|(_, end)| *end)
    }
}

impl Batch {
    fn tell(&self, batch_id: Uuid, now: Instant, meter: &dyn DispatchMeter) -> BatchEnd {
        let mut end = BatchEnd {
            orders: self.orders,
            failed: self.failed,
            load: self.load,
            waited: self.waited,
            trade: self.trade,
            update: self.update,
            in_all: self.load + now.duration_since(self.accepted),
            ..BatchEnd::default()
        };
        for fate in self.progress.fates().into_values() {
            match fate {
                OrderFate::Sent { .. } => end.sent += 1,
                OrderFate::Rejected { .. } => end.failed += 1,
                OrderFate::InLine
                | OrderFate::OnTheWay
                | OrderFate::Queued { .. }
                | OrderFate::Dead { .. } => end.queued += 1,
            }
        }
        meter.batch(&end);
        let BatchEnd { orders, sent, failed, queued, .. } = end;
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        log::info!(
            batch_id:% = batch_id, client = self.client.as_str(), orders, sent, failed, queued,
            success_rate = end.success_rate(), load_ms = ms(end.load), wait_ms = ms(end.waited),
            trade_ms = ms(end.trade), update_ms = ms(end.update), total_ms = ms(end.in_all),
            ms_per_order = ms(end.per_order());
            "batch {batch_id}: {sent} of {orders} orders sent, {queued} queued, {failed} failed"
        );
        end
    }
}
