//! What happened to a batch or to an order, as far as what stands tells it: the oldest first.

use super::audit::{AuditLine, Deed};
use super::batch::BatchRecord;
use super::letter::{Letter, LetterState};
use super::moment::Moment;
use super::order::OrderRecord;

/// Something that happened, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub at: Moment,
    pub what: String,
}

impl Event {
    fn new(at: Moment, what: impl Into<String>) -> Self {
        Self { at, what: what.into() }
    }
}

/// `lines`: what operators did about its letters.
#[must_use]
pub fn of_batch(record: &BatchRecord, lines: &[AuditLine]) -> Vec<Event> {
    let orders = record.fates.len();
    let mut events = vec![Event::new(record.accepted_at, format!("recorded, {orders} orders"))];
    events.extend(record.letters.iter().map(of_letter));
    events.extend(lines.iter().map(of_line));
    if let Some(at) = record.decided_at {
        let is_open = record.orders.iter().any(|order| order.letter_id.is_some());
        let what = if is_open { "the last order so far was decided" } else { "all was decided" };
        events.push(Event::new(at, what));
    }
    in_order(events)
}

/// `lines`: what operators did about its letter.
#[must_use]
pub fn of_order(record: &OrderRecord, lines: &[AuditLine]) -> Vec<Event> {
    let mut events = vec![Event::new(record.created_at, "recorded")];
    events.extend(record.letter.as_ref().map(of_letter));
    events.extend(lines.iter().map(of_line));
    let decided = match (record.order.trade_order_id, &record.error, &record.letter) {
        (Some(trade), ..) => Some(format!("sent as trade {trade}")),
        (None, Some(error), None) => Some(format!("free again: {error}")),
        (None, ..) if record.updated_at > record.created_at => Some("changed".to_owned()),
        (None, ..) => None,
    };
    events.extend(decided.map(|what| Event::new(record.updated_at, what)));
    in_order(events)
}

/// How a letter stands is told at the moment that it is due: it is what comes next.
fn of_letter(letter: &Letter) -> Event {
    let Letter { id, state, attempts, undecided, last_error, .. } = letter;
    let what = match state {
        LetterState::Waiting => "waits for its next try",
        LetterState::Held => "is being sent",
        LetterState::Reconcile => "is looked up at the trade service next",
        LetterState::Dead => "is dead until an operator decides",
    };
    let orders = undecided.len();
    let error = last_error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
    let what = format!("letter {id} {what}, {orders} orders, attempts {attempts}{error}");
    Event::new(letter.due_at, what)
}

fn of_line(line: &AuditLine) -> Event {
    let AuditLine { signature, deed, .. } = line;
    let deed = Deed { before: None, after: None, ..deed.clone() };
    Event::new(signature.at, signature.tell(&deed))
}

fn in_order(mut events: Vec<Event>) -> Vec<Event> {
    events.sort_by_key(|event| event.at);
    events
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::audit::{Deed, Signature, Subject};
    use crate::domain::batch::{Fate, tests::order};
    use crate::domain::client::ClientId;
    use crate::domain::letter::Trouble;
    use crate::domain::order::Order;

    const fn at(micros: i64) -> Moment {
        Moment::from_micros(micros)
    }

    fn letter(due: i64) -> Letter {
        Letter {
            id: Uuid::nil(),
            batch_id: Uuid::nil(),
            client: ClientId::default(),
            state: LetterState::Dead,
            undecided: vec![1, 2],
            attempts: 25,
            due_at: at(due),
            fence: 1,
            trouble: Trouble::default(),
            last_error: Some("no answer".to_owned()),
            created_at: at(1),
        }
    }

    fn line(second: i64) -> AuditLine {
        let signature = Signature {
            at: at(second),
            operator: "ann".to_owned(),
            reason: "it is well".to_owned(),
            instance: "here".to_owned(),
        };
        AuditLine { id: Uuid::nil(), signature, deed: Deed::new(Subject::Letter, "7", "REQUEUE") }
    }

    fn told(events: Vec<Event>) -> Vec<(i64, String)> {
        events.into_iter().map(|event| (event.at.micros(), event.what)).collect()
    }

    #[test]
    fn a_batch_tells_what_happened_in_the_order_of_time() {
        let in_letter = Order { letter_id: Some(Uuid::nil()), ..order(1) };
        let record = BatchRecord {
            id: Uuid::nil(),
            client: ClientId::default(),
            key: None,
            route: "/".to_owned(),
            accepted_at: at(1),
            fates: vec![Fate::Order(1), Fate::Order(2)],
            orders: vec![in_letter, order(2)],
            errors: Vec::new(),
            letters: vec![letter(9)],
            answer: None,
            decided_at: Some(at(4)),
        };
        let nil = Uuid::nil();

        let expected = [
            (1, "recorded, 2 orders".to_owned()),
            (4, "the last order so far was decided".to_owned()),
            (6, "ann ordered REQUEUE of letter 7: it is well".to_owned()),
            (
                9,
                format!(
                    "letter {nil} is dead until an operator decides, 2 orders, attempts 25: no answer"
                ),
            ),
        ];
        assert_eq!(told(of_batch(&record, &[line(6)])), expected);
        let settled = BatchRecord { orders: vec![order(2)], letters: Vec::new(), ..record };
        assert_eq!(told(of_batch(&settled, &[]))[1], (4, "all was decided".to_owned()));
    }

    #[test]
    fn an_order_tells_what_became_of_it() {
        let record = |trade: Option<i64>, error: Option<&str>, updated: i64| OrderRecord {
            order: Order { trade_order_id: trade, ..order(1) },
            client: ClientId::default(),
            created_at: at(1),
            updated_at: at(updated),
            error: error.map(str::to_owned),
            letter: None,
            batches: Vec::new(),
        };
        let table = [
            (record(None, None, 1), None),
            (record(None, None, 5), Some("changed")),
            (record(None, Some("no such portfolio"), 5), Some("free again: no such portfolio")),
            (record(Some(77), None, 5), Some("sent as trade 77")),
        ];
        for (record, last) in table {
            let mut expected = vec![(1, "recorded".to_owned())];
            expected.extend(last.map(|what| (5, what.to_owned())));
            assert_eq!(told(of_order(&record, &[])), expected);
        }
    }
}
