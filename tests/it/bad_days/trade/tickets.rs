//! What was sent to be traded and what was answered, to be held against the database and the
//! market's book.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use serde_json::{Value, json};

use super::market::Market;
use super::results;
use crate::support::{Answer, Weir};

/// Batches that are read over HTTP in the end; all orders are looked at in the database.
const BATCHES_READ: usize = 200;

pub(super) type SharedTickets = Rc<RefCell<Tickets>>;

pub(super) struct Tickets {
    rng: fastrand::Rng,
    tickets: Vec<Ticket>,
    /// Every order that was accepted, with its trade where that was told.
    accepted: BTreeMap<i64, Option<i64>>,
    batches: Vec<String>,
    /// Statuses and codes of all answers, and how often they were given.
    pub(super) answers: BTreeMap<String, usize>,
    pub(super) broken: usize,
    /// What should never have been answered.
    faults: Vec<String>,
}

/// One batch: it is known by its portfolio, which no other batch has.
struct Ticket {
    mark: String,
    orders: usize,
    may_repeat: bool,
    fate: Fate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// No answer, or one that says that nobody knows.
    Unknown,
    Accepted,
    /// The answer says that nothing was stored.
    Refused,
}

/// A batch as it is sent.
pub(super) struct Parcel {
    pub(super) number: usize,
    pub(super) body: Value,
    pub(super) key: Option<String>,
    pub(super) is_async: bool,
}

impl Tickets {
    /// Prints the seed, which `WEIR_TEST_SEED` sets.
    pub(super) fn open() -> SharedTickets {
        let given = std::env::var("WEIR_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| fastrand::u64(..));
        eprintln!("WEIR_TEST_SEED={seed}");
        Rc::new(RefCell::new(Self {
            rng: fastrand::Rng::with_seed(seed),
            tickets: Vec::new(),
            accepted: BTreeMap::new(),
            batches: Vec::new(),
            answers: BTreeMap::new(),
            broken: 0,
            faults: Vec::new(),
        }))
    }

    pub(super) fn rng(&mut self) -> &mut fastrand::Rng {
        &mut self.rng
    }

    /// A batch that is like no other: plain, under a key, or of orders with names of their own.
    /// The last two may be sent again.
    pub(super) fn write(&mut self) -> Parcel {
        let number = self.tickets.len();
        let mark = format!("p{number:x}");
        let orders = self.rng.usize(1..=30);
        let manner = self.rng.u8(0..3);
        let is_named = manner == 2;
        let body = (0..orders).map(|place| order(&mut self.rng, &mark, is_named.then_some(place)));
        let body = body.collect();
        let key = (manner == 1).then(|| format!("key-{mark}"));
        let may_repeat = manner > 0;
        self.tickets.push(Ticket { mark, orders, may_repeat, fate: Fate::Unknown });
        Parcel { number, body, key, is_async: self.rng.bool() }
    }

    /// Notes what was answered to batch `number`; true when it is to be sent again.
    pub(super) fn hear(&mut self, number: usize, heard: Result<Answer, String>) -> bool {
        let may_repeat = self.tickets[number].may_repeat;
        let Ok(answer) = heard else {
            self.broken += 1;
            return may_repeat;
        };
        let code = answer.body["code"].as_str().unwrap_or_default().to_owned();
        let name = format!("{} {code}", answer.status);
        *self.answers.entry(name.trim_end().to_owned()).or_default() += 1;
        match answer.status {
            200 | 202 => {
                self.accept(number, &answer);
                false
            }
            503 if may_repeat => true,
            503 if ["OUTCOME_UNKNOWN", "ANSWER_TIMEOUT"].contains(&code.as_str()) => false,
            503 => {
                self.tickets[number].fate = Fate::Refused;
                false
            }
            _ => {
                self.faults.push(format!("{} {}", answer.status, answer.text));
                false
            }
        }
    }

    fn accept(&mut self, number: usize, answer: &Answer) {
        self.tickets[number].fate = Fate::Accepted;
        let items = results(answer);
        if items.len() != self.tickets[number].orders {
            self.faults.push(format!("not all orders were told of: {}", answer.text));
        }
        for item in items {
            let (Some(id), trade) = (item["orderId"].as_i64(), item["tradeOrderId"].as_i64())
            else {
                self.faults.push(format!("an accepted order has no id: {item}"));
                continue;
            };
            let is_sound = match item["status"].as_str() {
                Some("SUCCESS") => trade.is_some(),
                Some("QUEUED") => trade.is_none(),
                _ => false,
            };
            if !is_sound || self.accepted.insert(id, trade).is_some() {
                self.faults.push(format!("an item is wrong, or there twice: {item}"));
            }
        }
        self.batches.push(answer.body["batchId"].as_str().unwrap_or_default().to_owned());
    }

    /// How many orders were accepted.
    pub(super) fn accepted(&self) -> usize {
        self.accepted.len()
    }

    /// Holds the tickets against the database, the routes and the market's book when everything is
    /// decided: all that stands was traded once, and all that was accepted stands.
    pub(super) async fn judge(tickets: &SharedTickets, market: &Market, weir: &Weir) {
        let rows = weir.database.texts(ROWS).await;
        tickets.borrow().check(&rows, market);
        let batches: Vec<String> = tickets.borrow_mut().some_batches();
        for id in batches {
            let batch = weir.get(&format!("/api/v1/batches/{id}")).await.expect(200);
            assert_eq!(batch.body["state"], "DONE", "{}", batch.text);
            for item in results(&batch) {
                let trade = market.trade_of(item["orderId"].as_i64().unwrap());
                assert_eq!(item["tradeOrderId"], trade, "{}", batch.text);
            }
        }
    }

    fn some_batches(&mut self) -> Vec<String> {
        let mut batches = self.batches.clone();
        self.rng.shuffle(&mut batches);
        batches.truncate(BATCHES_READ);
        batches
    }

    fn check(&self, rows: &[String], market: &Market) {
        assert!(self.faults.is_empty(), "{:#?}", self.faults);
        let mut trades = HashMap::new();
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for row in rows {
            let [id, status, trade, mark] = row.splitn(4, '|').collect::<Vec<_>>()[..] else {
                panic!("{row}")
            };
            let (id, trade): (i64, i64) = (id.parse().unwrap(), trade.parse().unwrap());
            assert_eq!(status, "2", "an order that is not SENT: {row}");
            assert_eq!(market.trade_of(id), trade, "{row}");
            trades.insert(id, trade);
            *counts.entry(mark).or_default() += 1;
        }
        for (id, told) in &self.accepted {
            let trade = trades.get(id);
            assert!(trade.is_some(), "order {id} was accepted and is not there");
            assert!(
                told.is_none_or(|told| Some(&told) == trade),
                "order {id}: {told:?}, {trade:?}"
            );
        }
        for Ticket { mark, orders, may_repeat, fate } in &self.tickets {
            let count = counts.get(mark.as_str()).copied().unwrap_or_default();
            let is_sound = match fate {
                Fate::Unknown => !may_repeat && [0, *orders].contains(&count),
                Fate::Accepted => count == *orders,
                Fate::Refused => count == 0,
            };
            assert!(is_sound, "batch {mark} is {fate:?}, and {count} of its {orders} orders stand");
        }
        let totals = market.sim.totals();
        assert_eq!(totals.placed_twice, 0, "{totals:?}");
        assert_eq!((totals.placed, totals.orders), (rows.len(), rows.len()), "{totals:?}");
    }
}

const ROWS: &str = "SELECT id || '|' || status_id || '|' || coalesce(trade_order_id, 0) || '|'
    || portfolio_id FROM orders";

fn order(rng: &mut fastrand::Rng, mark: &str, named: Option<usize>) -> Value {
    let price = rng.bool().then(|| rng.u32(1..1000));
    let mut order = json!({
        "blotterId": rng.u8(1..=5), "statusId": 1, "orderTypeId": rng.u8(1..=5),
        "portfolioId": mark, "securityId": format!("s{:x}", rng.u32(..)),
        "quantity": rng.u32(1..1_000_000), "limitPrice": price,
    });
    if let Some(place) = named {
        order["clientOrderId"] = json!(format!("{mark}-{place}"));
    }
    order
}
