//! Submissions: recorded by the supervisor itself, so that a caller who hangs up changes nothing.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Addr, AsyncContext, Context, Handler, MailboxError, Message, ResponseFuture};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::admission::queued_in_line;
use super::batches::Coming;
use super::found::{Found, is_free};
use super::progress::{OrderFate, Progress};
use super::{Accepted, AcceptedItem, BatchSupervisor, Submission, SubmitBatch, SubmitOrders};
use crate::actors::ledger::{Entry, Ledger, Letters, Record, Recorded, Refused, Submit, Submitted};
use crate::domain::batch::{Claimed, Key, KnownBatch, NewLetter};
use crate::domain::caller::Caller;
use crate::domain::client::ClientId;
use crate::domain::letter::{Letter, LetterState, Load, Trouble};
use crate::domain::moment::Moment;
use crate::domain::order::Order;
use crate::ports::Failure;

/// From the task that recorded a submission: this is what the ledger said.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Landed {
    client: ClientId,
    key: Option<String>,
    letters: Letters,
    since: Instant,
    answer: oneshot::Sender<Result<Submission, Refused>>,
    outcome: Result<Stored, Refused>,
}

/// What stands on the disk.
enum Stored {
    /// A batch, and what was claimed of orders that stood already under their client's names. The
    /// batch stands whatever became of the claim.
    Batch {
        recorded: Recorded,
        claimed: Result<Option<Claimed>, Refused>,
    },
    Claim(Claimed),
    Known(KnownBatch),
}

/// Who wants to come in, with what.
struct Asking {
    client: ClientId,
    caller: Caller,
    /// What the client named its request.
    key: Option<String>,
    orders: usize,
}

impl Handler<SubmitBatch> for BatchSupervisor {
    type Result = ResponseFuture<Result<Submission, Refused>>;

    fn handle(&mut self, submit: SubmitBatch, context: &mut Self::Context) -> Self::Result {
        let SubmitBatch { client, caller, route, key, items } = submit;
        let orders = items.iter().filter(|item| item.is_ok()).count();
        let (who, name) = (client.clone(), name(key.as_ref()));
        let store = move |ledger: Addr<Ledger>, letters| async move {
            let letters_wanted = Some(letters);
            let record = Record { client: who.clone(), route, key, items, letters: letters_wanted };
            let recorded = match ledger.send(record).await.unwrap_or_else(gone)? {
                Entry::Known(known) => return Ok(Stored::Known(known)),
                Entry::New(recorded) => recorded,
            };
            let order_ids = free_standing(&recorded);
            if order_ids.is_empty() {
                return Ok(Stored::Batch { recorded, claimed: Ok(None) });
            }
            let held_max = letters.held_max.saturating_sub(held_orders(&recorded));
            let letters = Letters { held_max, ..letters };
            let submit = Submit { client: who, route, key: None, order_ids, letters };
            let claimed = ledger.send(submit).await.unwrap_or_else(gone);
            let claimed = claimed.map(|submitted| match submitted {
                Submitted::New(claimed) => Some(claimed),
                Submitted::Known(_) => None,
            });
            Ok(Stored::Batch { recorded, claimed })
        };
        self.take_in(Asking { client, caller, key: name, orders }, store, context)
    }
}

impl Handler<SubmitOrders> for BatchSupervisor {
    type Result = ResponseFuture<Result<Submission, Refused>>;

    fn handle(&mut self, submit: SubmitOrders, context: &mut Self::Context) -> Self::Result {
        let SubmitOrders { client, caller, route, key, order_ids } = submit;
        let (who, orders, name) = (client.clone(), order_ids.len(), name(key.as_ref()));
        let store = move |ledger: Addr<Ledger>, letters| async move {
            let submit = Submit { client: who, route, key, order_ids, letters };
            Ok(match ledger.send(submit).await.unwrap_or_else(gone)? {
                Submitted::New(claimed) => Stored::Claim(claimed),
                Submitted::Known(known) => Stored::Known(known),
            })
        };
        self.take_in(Asking { client, caller, key: name, orders }, store, context)
    }
}

impl Handler<Landed> for BatchSupervisor {
    type Result = ();

    fn handle(&mut self, landed: Landed, context: &mut Self::Context) {
        let Landed { client, key, letters, since, answer, outcome } = landed;
        self.landing -= 1;
        self.reserved = self.reserved.saturating_sub(letters.held_max);
        if let (Ok(_), Some(key)) = (&outcome, &key) {
            self.setup.door.doorway.remember(&client, key);
        }
        let submission = outcome.map(|stored| match stored {
            Stored::Known(known) => {
                let progress = self.batches.progress(known.id);
                Submission::Known(known, progress)
            }
            Stored::Batch { recorded, claimed } => {
                let found = self.found_batch(recorded, claimed);
                Submission::Accepted(self.land(client, letters.epoch, since, found))
            }
            Stored::Claim(claimed) => {
                let found = self.found_claim(claimed);
                Submission::Accepted(self.land(client, letters.epoch, since, found))
            }
        });
        // Whoever hung up has its orders all the same.
        drop(answer.send(submission));
        self.stir(context);
        self.note_rest();
    }
}

impl BatchSupervisor {
    /// Records a submission beside the actor; [`Landed`] tells how it went.
    fn take_in<Store, Storing>(
        &mut self,
        asking: Asking,
        store: Store,
        context: &mut Context<Self>,
    ) -> ResponseFuture<Result<Submission, Refused>>
    where
        Store: FnOnce(Addr<Ledger>, Letters) -> Storing,
        Storing: Future<Output = Result<Stored, Refused>> + 'static,
    {
        let Asking { client, caller, key, orders } = asking;
        self.counters.submissions += 1;
        if self.draining {
            return Box::pin(async { Err(Refused::Stopping) });
        }
        if let Err(refused) = self.let_in(&caller, &client, key.as_deref(), orders) {
            return Box::pin(async { Err(refused) });
        }
        let now = self.now();
        let epoch = self.setup.tools.lease.epoch(now);
        let may_hold = epoch.is_some() && !self.behind.has(&client) && !self.is_put_aside(&client);
        let held_max = if may_hold { self.room().min(orders) } else { 0 };
        self.reserved += held_max;
        self.landing += 1;
        let chunk = self.setup.chunk;
        let letters = Letters { epoch: epoch.unwrap_or_default(), chunk, held_max };
        let (answer, heard) = oneshot::channel();
        let storing = store(self.setup.tools.ledger.clone(), letters);
        let supervisor = context.address();
        // A task of its own: an actor polls all of its own futures on each wake.
        actix::spawn(async move {
            let outcome = storing.await;
            let landed = Landed { client, key, letters, since: now, answer, outcome };
            if supervisor.send(landed).await.is_err() {
                log::error!("supervisor is gone: what was recorded is picked up from the database");
            }
        });
        Box::pin(async { heard.await.unwrap_or_else(|_| gone(MailboxError::Closed)) })
    }

    /// Takes what stands on the disk into the house.
    fn land(&mut self, client: ClientId, epoch: Uuid, since: Instant, found: Found) -> Accepted {
        let Found { batch_id, accepted_at, items, mut orders, letters, elsewhere } = found;
        let progress = Arc::new(Progress::of(orders.keys().copied()));
        let now = self.now();
        if let Some(fate) = self.standstill(&client) {
            progress.set(orders.keys().map(|id| (*id, fate.clone())));
        }
        let ids = |held: bool| -> Vec<Uuid> {
            let letters = letters.iter().filter(|letter| letter.holder.is_some() == held);
            letters.map(|letter| letter.id).collect()
        };
        let failed = items.iter().filter(|item| matches!(item, AcceptedItem::Fault(_))).count();
        self.batches.add(
            Coming {
                batch_id,
                client: client.clone(),
                progress: Arc::clone(&progress),
                held: ids(true),
                waiting: ids(false),
                orders: items
                    .iter()
                    .filter(|item| !matches!(item, AcceptedItem::Sent { .. }))
                    .count(),
                failed,
                load: now.duration_since(since),
            },
            now,
            self.setup.meter.as_ref(),
        );
        for (order_id, letter_id) in elsewhere {
            let is_here = self.batches.is_watched(letter_id);
            let reason = || "it is on its way since an earlier submission".to_owned();
            let fate =
                if is_here { OrderFate::InLine } else { OrderFate::Queued { reason: reason() } };
            progress.set([(order_id, fate)]);
            if is_here {
                self.batches.watch(letter_id, &progress);
            }
        }
        for letter in letters {
            let NewLetter { id, undecided, holder } = letter;
            if holder.is_none() {
                self.park(&client, undecided, &progress);
                continue;
            }
            let of_letter: Vec<Order> =
                undecided.iter().filter_map(|id| orders.remove(id)).collect();
            self.reserved += of_letter.len();
            let letter = held(id, batch_id, client.clone(), undecided, accepted_at);
            self.push(Load { letter, orders: of_letter }, epoch);
        }
        if self.behind.some_are() {
            self.wake_mailbox();
        }
        Accepted { batch_id, items, progress }
    }

    /// A letter of these orders stands in the database alone.
    fn park(&mut self, client: &ClientId, undecided: Vec<i64>, progress: &Progress) {
        self.behind.add(client.clone(), undecided.len());
        if self.is_put_aside(client) {
            self.parked.put_aside();
            return;
        }
        self.parked.add(undecided.len());
        if self.is_long_way_off(client) {
            progress.set(undecided.into_iter().map(|id| (id, queued_in_line())));
        }
    }
}

/// What the client named its request.
fn name(key: Option<&(Key, Duration)>) -> Option<String> {
    key.map(|(key, _)| key.text.clone())
}

/// A letter that is held from the first moment, as the line knows it: it was never sent.
fn held(
    id: Uuid,
    batch_id: Uuid,
    client: ClientId,
    undecided: Vec<i64>,
    accepted_at: Moment,
) -> Letter {
    Letter {
        id,
        batch_id,
        client,
        state: LetterState::Waiting,
        undecided,
        attempts: 0,
        due_at: accepted_at,
        fence: 1,
        trouble: Trouble::default(),
        last_error: None,
        created_at: accepted_at,
    }
}

/// Orders that stood before, and were never submitted: each once, however often it is named.
fn free_standing(recorded: &Recorded) -> Vec<i64> {
    let mut known: HashSet<i64> =
        recorded.letters.iter().flat_map(|letter| letter.undecided.iter().copied()).collect();
    let items = recorded.standing.iter().filter_map(|place| recorded.items.get(*place));
    let free = items.flatten().filter(|order| is_free(order) && known.insert(order.id));
    free.map(|order| order.id).collect()
}

fn held_orders(recorded: &Recorded) -> usize {
    let held = recorded.letters.iter().filter(|letter| letter.holder.is_some());
    held.map(|letter| letter.undecided.len()).sum()
}

fn gone<T>(error: MailboxError) -> Result<T, Refused> {
    Err(Refused::Unknown(Failure::Lost { reason: format!("the ledger did not answer: {error}") }))
}
