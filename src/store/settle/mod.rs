//! Settling letters: one statement per group on PostgreSQL, a few on SQLite.

mod postgres;
mod sqlite;

use std::collections::{HashMap, HashSet};

use sea_orm::sqlx::{self, Connection};
use uuid::Uuid;

use super::pools::Pool;
use super::{error, letters};
use crate::domain::letter::{LetterState, Rest, Settled, Settlement, Severed};
use crate::domain::moment::Moment;
use crate::ports::Failure;

/// What all settlements of one commit share.
struct Desk {
    shard: u16,
    /// The id of the status that sent orders get.
    sent: i32,
    now: Moment,
}

/// What is written about settlements of different letters.
#[derive(Default)]
struct Rows<'a> {
    /// Each letter with the fence that it must have; by id.
    letters: Vec<(Uuid, i64)>,
    /// By order id.
    fates: Vec<FateRow<'a>>,
    /// By letter id.
    kept: Vec<KeptRow<'a>>,
    closed: Vec<Uuid>,
    severed: Vec<SeveredRow<'a>>,
}

/// An order leaves its letter: sent, refused, or for another letter.
struct FateRow<'a> {
    order_id: i64,
    letter_id: Uuid,
    trade_order_id: Option<i64>,
    moves_to: Option<Uuid>,
    error: Option<&'a str>,
}

struct KeptRow<'a> {
    letter_id: Uuid,
    state: i16,
    undecided: String,
    attempts: i32,
    due_at: i64,
    trouble: Option<String>,
    last_error: Option<&'a str>,
}

struct SeveredRow<'a> {
    letter_id: Uuid,
    parent: Uuid,
    undecided: String,
    trouble: Option<String>,
    reason: &'a str,
}

pub(super) async fn settle(
    pool: &Pool,
    shard: u16,
    sent: i32,
    now: Moment,
    settlements: &[Settlement],
) -> Result<Vec<Settled>, Failure> {
    let desk = Desk { shard, sent, now };
    let failed = |error: sqlx::Error| error::of_sqlx(&error);
    let rounds = rounds(settlements);
    let mut settled = vec![Settled::Stale; settlements.len()];
    match pool {
        Pool::Postgres { pool, .. } => {
            let mut connection = pool.acquire().await.map_err(|e| error::of_acquire(&e))?;
            if let [round] = rounds.as_slice() {
                // One statement is its own transaction: no round trips to begin and to commit.
                let done = postgres::settle(&mut connection, &desk, &rows(round)).await;
                mark(&mut settled, round, &done.map_err(failed)?);
                return Ok(settled);
            }
            let mut transaction = connection.begin().await.map_err(failed)?;
            for round in &rounds {
                let done = postgres::settle(&mut transaction, &desk, &rows(round)).await;
                mark(&mut settled, round, &done.map_err(failed)?);
            }
            transaction.commit().await.map_err(failed)?;
        }
        Pool::Sqlite { pool, .. } => {
            let mut connection = pool.acquire().await.map_err(|e| error::of_acquire(&e))?;
            let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
            for round in &rounds {
                let done = sqlite::settle(&mut transaction, &desk, round).await;
                mark(&mut settled, round, &done.map_err(failed)?);
            }
            transaction.commit().await.map_err(failed)?;
        }
    }
    Ok(settled)
}

type Round<'a> = Vec<(usize, &'a Settlement)>;

/// A letter stands once in a round: what is said of it later is written after what was said
/// first.
fn rounds(settlements: &[Settlement]) -> Vec<Round<'_>> {
    let mut rounds: Vec<Round<'_>> = Vec::new();
    let mut said: HashMap<Uuid, usize> = HashMap::with_capacity(settlements.len());
    for (index, settlement) in settlements.iter().enumerate() {
        let times = said.entry(settlement.letter_id).or_default();
        if *times == rounds.len() {
            rounds.push(Round::new());
        }
        if let Some(round) = rounds.get_mut(*times) {
            round.push((index, settlement));
        }
        *times += 1;
    }
    rounds
}

fn mark(settled: &mut [Settled], round: &Round<'_>, done: &HashSet<Uuid>) {
    for (index, settlement) in round {
        if done.contains(&settlement.letter_id)
            && let Some(settled) = settled.get_mut(*index)
        {
            *settled = Settled::Done;
        }
    }
}

fn rows<'a>(round: &Round<'a>) -> Rows<'a> {
    let mut rows = Rows::default();
    for (_, settlement) in round {
        rows.push(settlement);
    }
    rows.letters.sort_unstable();
    rows.fates.sort_unstable_by_key(|fate| fate.order_id);
    rows.kept.sort_unstable_by_key(|kept| kept.letter_id);
    rows
}

impl<'a> Rows<'a> {
    fn push(&mut self, settlement: &'a Settlement) {
        let letter_id = settlement.letter_id;
        self.letters.push((letter_id, settlement.fence));
        let leaves = |order_id| FateRow {
            order_id,
            letter_id,
            trade_order_id: None,
            moves_to: None,
            error: None,
        };
        let sent = settlement.sent.iter();
        self.fates.extend(
            sent.map(|(id, trade)| FateRow { trade_order_id: Some(*trade), ..leaves(*id) }),
        );
        let rejected = settlement.rejected.iter();
        self.fates.extend(rejected.map(|rejection| FateRow {
            error: Some(&rejection.message),
            ..leaves(rejection.order_id)
        }));
        if let Some(severed) = &settlement.severed {
            let moves_to = Some(severed.letter_id);
            let ids = severed.order_ids.iter();
            self.fates.extend(ids.map(|id| FateRow { moves_to, ..leaves(*id) }));
            self.severed.push(SeveredRow::new(severed, settlement));
        }
        match KeptRow::new(settlement) {
            Some(row) => self.kept.push(row),
            None => self.closed.push(letter_id),
        }
    }
}

impl<'a> KeptRow<'a> {
    /// None for a letter that has no order left.
    fn new(settlement: &'a Settlement) -> Option<Self> {
        match &settlement.rest {
            Rest::Kept { state, undecided, attempts, due_at, trouble, last_error }
                if !undecided.is_empty() =>
            {
                Some(Self {
                    letter_id: settlement.letter_id,
                    state: state.code(),
                    undecided: letters::ids::text(undecided),
                    attempts: letters::attempts(*attempts),
                    due_at: due_at.micros(),
                    trouble: letters::trouble::text(trouble),
                    last_error: last_error.as_deref(),
                })
            }
            Rest::Kept { .. } | Rest::Closed => None,
        }
    }
}

impl<'a> SeveredRow<'a> {
    fn new(severed: &'a Severed, settlement: &Settlement) -> Self {
        Self {
            letter_id: severed.letter_id,
            parent: settlement.letter_id,
            undecided: letters::ids::text(&severed.order_ids),
            trouble: letters::trouble::text(&severed.trouble),
            reason: &severed.reason,
        }
    }
}

const HELD: i16 = LetterState::Held.code();
const DEAD: i16 = LetterState::Dead.code();
