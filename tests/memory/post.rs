//! The post over memory.

use std::collections::HashSet;
use std::sync::Mutex;

use async_trait::async_trait;
use uuid::Uuid;
use weir::domain::batch::{Answer, Claim, Claimed, Claiming, Known, NewLetter, Wanted};
use weir::domain::decision::{Decided, NotDecided, Ruling};
use weir::domain::letter::{Settled, Settlement};
use weir::domain::moment::Moment;
use weir::ports::Failure;
use weir::ports::post::{Collect, Collected, Post};

use super::book::{BatchRow, Book, taken};
use super::session::Session;

#[async_trait]
impl Post for Session {
    async fn known(&self, wanted: &Wanted) -> Result<Known, Failure> {
        let look = |book: &mut Book| {
            let keys = wanted.keys.iter().map(|key| book.find_key(key, wanted.now)).collect();
            let orders = wanted.client_orders.iter();
            let client_orders =
                orders.map(|(client, name)| book.find_client_order(client, name)).collect();
            Ok(Known { keys, client_orders })
        };
        self.write(|| format!("looks for {} keys", wanted.keys.len()), look).await
    }

    async fn claim(&self, _: u16, claims: &[Claim]) -> Result<Vec<Claimed>, Failure> {
        let all = |book: &mut Book| {
            let mut keys = HashSet::new();
            for claim in claims {
                let key = claim.key.as_ref();
                book.check_batch_row(claim.batch_id, &claim.client, claim.route, key)?;
                if key.is_some_and(|key| !keys.insert((&claim.client, claim.route, &key.text))) {
                    return Err(taken("batches_one_per_key"));
                }
            }
            Ok(claims.iter().map(|each| claim(book, each)).collect())
        };
        let ids = || claims.iter().map(|claim| &claim.order_ids).collect::<Vec<_>>();
        self.write(|| format!("claims {:?}", ids()), all).await
    }

    async fn collect(&self, collect: Collect, now: Moment) -> Result<Collected, Failure> {
        let told = Mutex::new(String::new());
        let take = |book: &mut Book| {
            let collected = book.collect(collect, now);
            let letters = collected.loads.iter().map(|load| &load.letter);
            let letters = letters.map(|letter| (letter.state, letter.fence, &letter.undecided));
            *told.lock().unwrap() = format!("{:?}", letters.collect::<Vec<_>>());
            Ok(collected)
        };
        self.write(|| format!("collects {}", told.lock().unwrap()), take).await
    }

    async fn settle(&self, _: u16, settlements: &[Settlement]) -> Result<Vec<Settled>, Failure> {
        let settle = |book: &mut Book| {
            settlements.iter().try_for_each(|each| book.check_trades(each))?;
            Ok(settlements.iter().map(|each| book.settle(each, self.now())).collect())
        };
        let words = settlements.iter().map(|each| {
            (
                each.fence,
                &each.sent,
                &each.rejected,
                each.severed.as_ref().map(|it| &it.order_ids),
                &each.rest,
            )
        });
        let words = || format!("settles {:?}", words.clone().collect::<Vec<_>>());
        self.write(words, settle).await
    }

    async fn freeze(&self, answers: &[(Uuid, Answer)]) -> Result<Vec<Answer>, Failure> {
        let freeze = |book: &mut Book| {
            let keep = |(id, answer): &(Uuid, Answer)| match book.batches.get_mut(id) {
                Some(row) => row.answer.get_or_insert_with(|| answer.clone()).clone(),
                None => answer.clone(),
            };
            Ok(answers.iter().map(keep).collect())
        };
        self.write(|| "freezes".to_owned(), freeze).await
    }

    async fn decide(
        &self,
        rulings: &[Ruling],
    ) -> Result<Vec<Vec<Result<Decided, NotDecided>>>, Failure> {
        let all = |book: &mut Book| Ok(rulings.iter().map(|ruling| book.decide(ruling)).collect());
        self.write(|| format!("decides {rulings:?}"), all).await
    }
}

fn claim(book: &mut Book, claim: &Claim) -> Claimed {
    let mut seen = HashSet::new();
    let mut won: Vec<i64> = claim.order_ids.clone();
    won.retain(|id| book.orders.get(id).is_some_and(|row| book.is_free_new(&row.order)));
    won.retain(|id| seen.insert(*id));
    let mut letters = Vec::new();
    for (ids, letter_id) in won.chunks(claim.chunk.max(1)).zip(&claim.letter_ids) {
        let holder = claim.holder;
        for id in ids {
            let row = book.orders.get_mut(id).unwrap();
            row.order.letter_id = Some(*letter_id);
            row.error = None;
        }
        let from = (claim.batch_id, claim.accepted_at);
        book.insert_letter(*letter_id, from, &claim.client, ids.to_vec(), holder);
        letters.push(NewLetter { id: *letter_id, undecided: ids.to_vec(), holder });
    }
    let orders = claim.order_ids.iter().map(|id| match book.orders.get(id) {
        Some(row) if seen.remove(id) => Claiming::Won(row.order.clone()),
        Some(row) => Claiming::Standing(row.order.clone()),
        None => Claiming::Missing(*id),
    });
    let (batch_id, accepted_at) = (claim.batch_id, claim.accepted_at);
    let claimed = Claimed { batch_id, accepted_at, orders: orders.collect(), letters };
    let row = BatchRow {
        client: claim.client.clone(),
        route: claim.route,
        key: claim.key.clone(),
        accepted_at: claim.accepted_at,
        expires_at: claim.expires_at,
        answer: None,
        submitted: won,
    };
    book.insert_batch_row(claim.batch_id, row);
    claimed
}
