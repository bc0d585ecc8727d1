//! Stands in for the supervisor, and where a test asks for it for the ledger: records in memory,
//! and lets orders meet the fates that were planned for them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Context, Handler, MessageResult};
use uuid::Uuid;

use super::world::{State, World};
use crate::actors::batch_supervisor::{
    Accepted, AcceptedItem, AskTimes, OrderFate, Progress, Submission, SubmitBatch, SubmitOrders,
    Wake,
};
use crate::actors::ledger::{Entry, Freeze, Record, Recorded, Refused};
use crate::actors::retry_mailbox::FollowPauses;
use crate::domain::batch::{Answer, BatchRecord, Fate, Item, Key, KnownBatch, with_ids};
use crate::domain::client::ClientId;
use crate::domain::letter::{Letter, LetterState, Trouble};
use crate::domain::moment::Moment;
use crate::domain::order::{Fault, FaultKind, Order};
use crate::ports::Failure;
use crate::ports::meter::BatchEnd;

const NEW: i32 = 1;
const SENT: i32 = 2;
pub(super) const TRADE_IDS: i64 = 1000;

/// What the clerk has recorded, and what it is told to do.
#[derive(Default)]
pub(super) struct Book {
    pub(super) entries: Vec<BookEntry>,
    pub(super) letters: Vec<Letter>,
    pub(super) errors: Vec<(i64, String)>,
    /// Planned by the order's place; an order without a plan is sent.
    pub(super) fates: HashMap<usize, OrderFate>,
    /// Fates are met only when the test says so.
    pub(super) waits: bool,
    pub(super) reverses: bool,
    pub(super) refuses: Option<Refused>,
    /// Batches cannot be read any more.
    pub(super) hides: bool,
    pub(super) freezes: u32,
    pub(super) freezing_fails: bool,
}

pub(super) struct BookEntry {
    pub(super) id: Uuid,
    client: ClientId,
    route: &'static str,
    pub(super) key: Option<(Key, Duration)>,
    fates: Vec<Fate>,
    /// None after a restart.
    pub(super) progress: Option<Arc<Progress>>,
    pub(super) answer: Option<Answer>,
}

impl Book {
    pub(super) fn record(&self, id: Uuid, orders: &[Order]) -> Option<BatchRecord> {
        let entry = self.entries.iter().find(|entry| entry.id == id && !self.hides)?;
        let is_named = |order: &&Order| entry.fates.contains(&Fate::Order(order.id));
        Some(BatchRecord {
            id,
            client: entry.client.clone(),
            key: None,
            route: entry.route.to_owned(),
            accepted_at: Moment::from_micros(0),
            fates: entry.fates.clone(),
            orders: orders.iter().filter(is_named).cloned().collect(),
            errors: self.errors.clone(),
            letters: self.letters.clone(),
            answer: entry.answer.clone(),
            decided_at: None,
        })
    }

    fn known(
        &self,
        client: &ClientId,
        route: &'static str,
        key: Option<&(Key, Duration)>,
    ) -> Option<(KnownBatch, Option<Arc<Progress>>)> {
        let (key, _) = key?;
        let is_same = |entry: &&BookEntry| {
            let known = entry.key.as_ref().map(|(key, _)| &key.text);
            entry.client == *client && entry.route == route && known == Some(&key.text)
        };
        let entry = self.entries.iter().find(is_same)?;
        let known = KnownBatch {
            id: entry.id,
            fingerprint: entry.key.as_ref().unwrap().0.fingerprint,
            expires_at: Moment::from_micros(0),
            answer: entry.answer.clone(),
        };
        Some((known, entry.progress.clone()))
    }

    /// The memory of the process is gone; what was on the disk stands.
    pub(super) fn restarts(&mut self) {
        self.entries.iter_mut().for_each(|entry| entry.progress = None);
    }

    fn enter(
        &mut self,
        client: ClientId,
        route: &'static str,
        key: Option<(Key, Duration)>,
        fates: Vec<Fate>,
    ) -> (Uuid, Arc<Progress>) {
        let ids = fates.iter().filter_map(|fate| match fate {
            Fate::Order(id) => Some(*id),
            Fate::Fault { .. } => None,
        });
        let (id, progress) = (Uuid::now_v7(), Arc::new(Progress::of(ids)));
        let kept = Some(Arc::clone(&progress));
        self.entries.push(BookEntry {
            id,
            client,
            route,
            key,
            fates,
            progress: kept,
            answer: None,
        });
        (id, progress)
    }
}

fn stored(fault: &Fault) -> Fate {
    Fate::Fault {
        kind: fault.kind.label().to_owned(),
        field: fault.field.to_owned(),
        message: fault.message.clone(),
    }
}

impl State {
    fn store(&mut self, items: Vec<Result<crate::domain::order::Terms, Fault>>) -> Vec<Item> {
        let mut ids = self.next_id..;
        let items = with_ids(items, &mut ids).unwrap();
        self.next_id = ids.start;
        self.orders.extend(items.iter().filter_map(|item| item.as_ref().ok()).cloned());
        items
    }

    /// The planned fates happen: in the database first, then in what is known here.
    pub(super) fn fulfil(&mut self, order_ids: &[i64], progress: &Progress) {
        for (place, id) in order_ids.iter().enumerate() {
            let sent = OrderFate::Sent { trade_order_id: TRADE_IDS + id };
            let fate = self.book.fates.get(&place).cloned().unwrap_or(sent);
            self.meet(*id, &fate);
            progress.set([(*id, fate)]);
        }
    }

    pub(super) fn meet(&mut self, id: i64, fate: &OrderFate) {
        self.book.letters.retain(|letter| letter.undecided != [id]);
        let order = self.orders.iter_mut().find(|order| order.id == id).unwrap();
        match fate {
            OrderFate::Sent { trade_order_id } => {
                order.trade_order_id = Some(*trade_order_id);
                order.terms.status_id = SENT;
                order.version += 1;
            }
            OrderFate::Rejected { message } => self.book.errors.push((id, message.clone())),
            OrderFate::InLine => self.letter(id, LetterState::Waiting, 0, None),
            OrderFate::OnTheWay => self.letter(id, LetterState::Held, 0, None),
            OrderFate::Queued { reason } => self.letter(id, LetterState::Waiting, 2, Some(reason)),
            OrderFate::Dead { reason } => self.letter(id, LetterState::Dead, 3, Some(reason)),
        }
    }

    fn letter(&mut self, id: i64, state: LetterState, attempts: u32, error: Option<&String>) {
        self.book.letters.push(Letter {
            id: Uuid::now_v7(),
            batch_id: Uuid::nil(),
            client: ClientId::default(),
            state,
            undecided: vec![id],
            attempts,
            due_at: Moment::parse("2026-01-05T14:30:00Z").unwrap(),
            fence: 1,
            trouble: Trouble::default(),
            last_error: error.cloned(),
            created_at: Moment::from_micros(0),
        });
    }
}

/// The actor.
pub(super) struct Clerk(pub(super) Arc<World>);

impl Actor for Clerk {
    type Context = Context<Self>;
}

impl Handler<SubmitBatch> for Clerk {
    type Result = MessageResult<SubmitBatch>;

    fn handle(&mut self, submit: SubmitBatch, _: &mut Self::Context) -> Self::Result {
        let mut state = self.0.state();
        if let Some(refused) = state.book.refuses.clone() {
            return MessageResult(Err(refused));
        }
        let known = state.book.known(&submit.client, submit.route, submit.key.as_ref());
        if let Some((known, progress)) = known {
            return MessageResult(Ok(Submission::Known(known, progress)));
        }
        let items = state.store(submit.items);
        let fates = items.iter().map(|item| match item {
            Ok(order) => Fate::Order(order.id),
            Err(fault) => stored(fault),
        });
        let fates = fates.collect();
        let (batch_id, progress) = state.book.enter(submit.client, submit.route, submit.key, fates);
        let ids: Vec<_> = items.iter().flatten().map(|order| order.id).collect();
        if state.book.waits {
            ids.iter().for_each(|id| state.meet(*id, &OrderFate::InLine));
        } else {
            state.fulfil(&ids, &progress);
        }
        let accept = |item| match item {
            Ok(Order { id, terms, .. }) => {
                AcceptedItem::Order { id, client_order_id: terms.client_order_id }
            }
            Err(fault) => AcceptedItem::Fault(fault),
        };
        let items = items.into_iter().map(accept).collect();
        MessageResult(Ok(Submission::Accepted(Accepted { batch_id, items, progress })))
    }
}

impl State {
    fn claim(&self, id: i64) -> AcceptedItem {
        let Some(order) = self.orders.iter().find(|order| order.id == id) else {
            let message = format!("Order {id} does not exist");
            return AcceptedItem::Fault(Fault { kind: FaultKind::NotFound, field: "", message });
        };
        let client_order_id = order.terms.client_order_id.clone();
        match (order.trade_order_id, order.terms.status_id) {
            (Some(trade_order_id), _) => AcceptedItem::Sent { id, client_order_id, trade_order_id },
            (None, NEW) => AcceptedItem::Order { id, client_order_id },
            (None, _) => AcceptedItem::Fault(Fault::state("statusId", "Order must be NEW")),
        }
    }
}

impl Handler<SubmitOrders> for Clerk {
    type Result = MessageResult<SubmitOrders>;

    fn handle(&mut self, submit: SubmitOrders, _: &mut Self::Context) -> Self::Result {
        let mut state = self.0.state();
        if let Some(refused) = state.book.refuses.clone() {
            return MessageResult(Err(refused));
        }
        let known = state.book.known(&submit.client, submit.route, submit.key.as_ref());
        if let Some((known, progress)) = known {
            return MessageResult(Ok(Submission::Known(known, progress)));
        }
        let mut items: Vec<_> = submit.order_ids.iter().map(|id| state.claim(*id)).collect();
        let fates = items.iter().map(|item| match item {
            AcceptedItem::Order { id, .. } | AcceptedItem::Sent { id, .. } => Fate::Order(*id),
            AcceptedItem::Fault(fault) => stored(fault),
        });
        let fates = fates.collect();
        let (batch_id, progress) = state.book.enter(submit.client, submit.route, submit.key, fates);
        let won: Vec<_> = items
            .iter()
            .filter_map(|item| match item {
                AcceptedItem::Order { id, .. } => Some(*id),
                AcceptedItem::Sent { .. } | AcceptedItem::Fault(_) => None,
            })
            .collect();
        let sent = submit.order_ids.iter().filter(|id| !won.contains(id));
        // Nothing is waited for of what is decided.
        progress.set(sent.map(|id| (*id, OrderFate::Dead { reason: String::new() })));
        if !state.book.waits {
            state.fulfil(&won, &progress);
        }
        if state.book.reverses {
            items.reverse();
        }
        MessageResult(Ok(Submission::Accepted(Accepted { batch_id, items, progress })))
    }
}

impl Handler<Record> for Clerk {
    type Result = MessageResult<Record>;

    fn handle(&mut self, record: Record, _: &mut Self::Context) -> Self::Result {
        let mut state = self.0.state();
        if let Some((known, _)) =
            state.book.known(&record.client, record.route, record.key.as_ref())
        {
            return MessageResult(Ok(Entry::Known(known)));
        }
        let is_standing = |state: &State, item: &Result<crate::domain::order::Terms, Fault>| {
            let name = item.as_ref().ok()?.client_order_id.as_ref()?;
            let orders = &state.orders;
            orders.iter().find(|o| o.terms.client_order_id.as_ref() == Some(name)).cloned()
        };
        let mut standing = Vec::new();
        let mut items = Vec::new();
        for (place, item) in record.items.into_iter().enumerate() {
            if let Some(first) = is_standing(&state, &item) {
                standing.push(place);
                items.push(Ok(first));
            } else {
                items.extend(state.store(vec![item]));
            }
        }
        let fates = items.iter().map(|item| match item {
            Ok(order) => Fate::Order(order.id),
            Err(fault) => stored(fault),
        });
        let fates = fates.collect();
        let (batch_id, _) = state.book.enter(record.client, record.route, record.key, fates);
        let accepted_at = Moment::from_micros(0);
        let recorded = Recorded { batch_id, accepted_at, items, standing, letters: Vec::new() };
        MessageResult(Ok(Entry::New(recorded)))
    }
}

impl Handler<Freeze> for Clerk {
    type Result = MessageResult<Freeze>;

    fn handle(&mut self, freeze: Freeze, _: &mut Self::Context) -> Self::Result {
        let mut state = self.0.state();
        if state.book.freezing_fails {
            let failure = Failure::Away { reason: "secret driver text".to_owned() };
            return MessageResult(Err(Refused::Failed(failure)));
        }
        state.book.freezes += 1;
        let entry = state.book.entries.iter_mut().find(|e| e.id == freeze.batch_id).unwrap();
        MessageResult(Ok(entry.answer.get_or_insert(freeze.answer).clone()))
    }
}

impl Handler<Wake> for Clerk {
    type Result = ();

    fn handle(&mut self, _: Wake, _: &mut Context<Self>) {}
}

impl Handler<FollowPauses> for Clerk {
    type Result = ();

    fn handle(&mut self, _: FollowPauses, _: &mut Context<Self>) {}
}

impl Handler<AskTimes> for Clerk {
    type Result = MessageResult<AskTimes>;

    fn handle(&mut self, AskTimes(_): AskTimes, _: &mut Self::Context) -> Self::Result {
        let ms = Duration::from_millis;
        MessageResult(Some(BatchEnd {
            orders: 2,
            sent: 2,
            load: ms(5),
            trade: ms(7),
            in_all: ms(20),
            ..BatchEnd::default()
        }))
    }
}
