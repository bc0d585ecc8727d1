//! The carriage, sentence by sentence: what it is given, what it says, what is written.

mod doubting;
mod dying;
mod fates;
mod model;
mod placing;
mod refusing;
mod table;
mod writing;

use std::ops::RangeInclusive;

use resilience::backoff::Jitter;
use uuid::Uuid;

use super::*;
use crate::domain::amount::Amount;
use crate::domain::client::ClientId;
use crate::domain::letter::{Letter, LetterState, Rejection, Rest, Trouble};
use crate::domain::order::{Order, Terms};
use crate::domain::reference::{ReferenceLabel, ReferenceRow, References};
use crate::domain::trade::{Finding, Placing, Trade};

const NOW: Moment = Moment::from_micros(1_000_000_000);

const RULES: Rules = Rules {
    backoff: Backoff {
        base: Duration::from_secs(1),
        cap: Duration::from_mins(5),
        jitter: Jitter::Full,
    },
    quiet_after: Duration::from_secs(50),
    second_look: Duration::from_secs(2),
    attempts_max: 25,
    kills_max: 3,
};

fn seconds(after: u64) -> Moment {
    NOW.plus(Duration::from_secs(after))
}

fn references() -> References {
    let (abbreviation, description) = ("BUY".to_owned(), String::new());
    let label = ReferenceLabel::Abbreviated { abbreviation, description };
    let row = ReferenceRow { id: 1, label, version: 1 };
    References { order_types: [(1, row)].into(), ..References::default() }
}

fn order(id: i64) -> Order {
    let terms = Terms {
        blotter_id: 1,
        status_id: 1,
        order_type_id: 1,
        portfolio_id: "P".into(),
        security_id: "S".into(),
        quantity: Amount::from_scaled(5),
        limit_price: None,
        ordered_at: NOW,
        client_order_id: None,
    };
    Order { id, terms, trade_order_id: None, version: 1, letter_id: None }
}

/// The trade of an order: its id is the order's and a thousand.
fn trade(order_id: i64) -> Trade {
    Trade {
        id: order_id + 1000,
        order_id,
        portfolio_id: "P".into(),
        security_id: "S ".into(),
        order_type: "BUY".into(),
        quantity: Amount::from_scaled(5),
        limit_price: None,
    }
}

fn foreign_trade(order_id: i64) -> Trade {
    Trade { quantity: Amount::from_scaled(6), ..trade(order_id) }
}

fn letter(orders: RangeInclusive<i64>) -> Letter {
    let undecided: Vec<_> = orders.collect();
    Letter {
        id: Uuid::from_u128(u128::from(undecided[0].unsigned_abs())),
        batch_id: Uuid::nil(),
        client: ClientId::from_header(b"desk-7").unwrap(),
        state: LetterState::Held,
        undecided,
        attempts: 0,
        due_at: NOW,
        fence: 1,
        trouble: Trouble::default(),
        last_error: None,
        created_at: NOW,
    }
}

/// A letter of which these orders were in a call of unknown outcome that is quiet now.
fn doubtful(orders: RangeInclusive<i64>, doubtful: &[i64]) -> Letter {
    let trouble = Trouble {
        doubtful: doubtful.to_vec(),
        quiet_at: Some(NOW),
        part_max: Some(2),
        tainted: true,
        ..Trouble::default()
    };
    Letter { state: LetterState::Reconcile, attempts: 1, trouble, ..letter(orders) }
}

fn load(letter: Letter) -> Load {
    let orders = letter.undecided.iter().map(|id| order(*id)).collect();
    Load { letter, orders }
}

fn carriage(letters: impl IntoIterator<Item = Letter>) -> Carriage {
    Carriage::new(letters.into_iter().map(load).collect(), RULES)
}

fn all_taken(ids: &[i64]) -> Placing {
    Placing::Placed(ids.iter().map(|id| trade(*id)).collect())
}

fn refused(index: Option<usize>) -> Placing {
    Placing::Refused { reason: "no".into(), index }
}

fn unknown(over: bool) -> Placing {
    Placing::Unknown { reason: "silence".into(), over, wait: None }
}

/// What is written of a letter, short enough for a table.
#[derive(Debug, PartialEq)]
struct Written {
    sent: Vec<i64>,
    rejected: Vec<i64>,
    severed: Vec<i64>,
    kept: Option<(LetterState, Vec<i64>)>,
}

fn short(settlement: &Settlement) -> Written {
    let kept = match &settlement.rest {
        Rest::Closed => None,
        Rest::Kept { state, undecided, .. } => Some((*state, undecided.clone())),
    };
    Written {
        sent: settlement.sent.iter().map(|(order, _)| *order).collect(),
        rejected: settlement.rejected.iter().map(|rejection| rejection.order_id).collect(),
        severed: settlement.severed.iter().flat_map(|severed| severed.order_ids.clone()).collect(),
        kept,
    }
}

fn closed(sent: &[i64], rejected: &[i64]) -> Written {
    Written { sent: sent.into(), rejected: rejected.into(), severed: vec![], kept: None }
}

fn kept(sent: &[i64], rejected: &[i64], state: LetterState, undecided: &[i64]) -> Written {
    Written { kept: Some((state, undecided.into())), ..closed(sent, rejected) }
}

/// What is kept of a letter: attempts, due time, trouble and last error.
fn rest(settlement: &Settlement) -> (u32, Moment, Trouble, String) {
    let Rest::Kept { attempts, due_at, trouble, last_error, .. } = &settlement.rest else {
        panic!("the letter is closed: {settlement:?}");
    };
    (*attempts, *due_at, trouble.clone(), last_error.clone().unwrap_or_default())
}

impl Carriage {
    fn hears(&mut self, placing: Placing) -> &mut Self {
        self.placed(placing, &references(), NOW, 1.0);
        self
    }

    fn finds(&mut self, finding: Finding) -> &mut Self {
        self.found(finding, &references(), NOW, 1.0);
        self
    }

    fn done(&mut self) -> Vec<Settlement> {
        let step = self.next_step();
        let Step::Done(settlements) = step else { panic!("there is more to do: {step:?}") };
        settlements
    }

    /// The only settlement of the last word.
    fn last(&mut self) -> Settlement {
        let mut settlements = self.done();
        assert_eq!(settlements.len(), 1, "{settlements:?}");
        settlements.remove(0)
    }

    /// What is to be written before it goes on; it is written.
    fn writes(&mut self) -> Vec<Settlement> {
        let step = self.next_step();
        let Step::Write(settlements) = step else { panic!("nothing is to be written: {step:?}") };
        self.written(&vec![Settled::Done; settlements.len()]);
        settlements
    }

    /// The next call; what must be written before it is written.
    fn calls(&mut self) -> Vec<i64> {
        if let Step::Write(_) = self.next_step() {
            self.writes();
        }
        let step = self.next_step();
        let Step::Place(orders) = step else { panic!("no call is to be made: {step:?}") };
        orders
    }
}
