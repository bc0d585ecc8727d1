//! The book of what was sent and what was answered, to be held against the database.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use serde_json::{Value, json};

use crate::support::{Answer, Weir};

const ONE: i64 = 100_000_000;

pub(super) type SharedBook = Rc<RefCell<Book>>;

/// One book per database: a batch is known by its portfolio, which no other batch has.
pub(super) struct Book {
    rng: fastrand::Rng,
    batches: Vec<Batch>,
    /// The row that must stand under each id that was answered.
    stored: BTreeMap<i64, String>,
    /// Statuses and codes of all answers, and how often they were given.
    pub(super) answers: BTreeMap<String, usize>,
    /// Requests without a whole answer.
    pub(super) broken: usize,
    /// What should never have been answered.
    faults: Vec<String>,
}

struct Batch {
    mark: String,
    rows: Vec<String>,
    fate: Fate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// No answer, or one that says that nobody knows.
    Unknown,
    Stored,
    /// The answer says that nothing was stored.
    Refused,
}

impl Book {
    /// Prints the seed, which `WEIR_TEST_SEED` sets.
    pub(super) fn open() -> SharedBook {
        let given = std::env::var("WEIR_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| fastrand::u64(..));
        eprintln!("WEIR_TEST_SEED={seed}");
        Rc::new(RefCell::new(Self {
            rng: fastrand::Rng::with_seed(seed),
            batches: Vec::new(),
            stored: BTreeMap::new(),
            answers: BTreeMap::new(),
            broken: 0,
            faults: Vec::new(),
        }))
    }

    pub(super) fn rng(&mut self) -> &mut fastrand::Rng {
        &mut self.rng
    }

    /// A batch that is like no other, and its number.
    pub(super) fn write(&mut self, orders: usize) -> (usize, Value) {
        let number = self.batches.len();
        let mark = format!("p{number:x}");
        let (orders, rows) = (0..orders).map(|_| order(&mut self.rng, &mark)).unzip();
        self.batches.push(Batch { mark, rows, fate: Fate::Unknown });
        (number, Value::Array(orders))
    }

    /// Notes what was answered to batch `number`; true when it was stored.
    pub(super) fn hear(&mut self, number: usize, heard: Result<Answer, String>) -> bool {
        let Ok(answer) = heard else {
            self.broken += 1;
            return false;
        };
        let code = self.note(&answer);
        let fate = match answer.status {
            200 => Fate::Stored,
            503 if ["OUTCOME_UNKNOWN", "ANSWER_TIMEOUT"].contains(&code.as_str()) => Fate::Unknown,
            503 | 507 => Fate::Refused,
            _ => {
                self.faults.push(format!("a batch: {} {}", answer.status, answer.text));
                Fate::Unknown
            }
        };
        self.batches[number].fate = fate;
        if fate == Fate::Stored {
            self.hear_ids(number, &answer);
        }
        fate == Fate::Stored
    }

    fn hear_ids(&mut self, number: usize, answer: &Answer) {
        let items = answer.body["orders"].as_array().cloned().unwrap_or_default();
        let rows = &self.batches[number].rows;
        if items.len() != rows.len() || items.iter().any(|item| item["status"] != "SUCCESS") {
            self.faults.push(format!("200, but not all succeeded: {}", answer.text));
        }
        for (item, row) in items.iter().zip(rows) {
            let id = item["orderId"].as_i64().expect("a stored order has an id");
            if self.stored.insert(id, format!("{id}|{row}")).is_some() {
                self.faults.push(format!("id {id} was answered twice"));
            }
        }
    }

    /// Notes what was answered to a read.
    pub(super) fn hear_read(&mut self, heard: Result<Answer, String>) {
        let Ok(answer) = heard else {
            self.broken += 1;
            return;
        };
        let code = self.note(&answer);
        let is_plain_refusal = answer.status == 503 && code != "OUTCOME_UNKNOWN";
        if answer.status != 200 && !is_plain_refusal {
            self.faults.push(format!("a read: {} {}", answer.status, answer.text));
        }
    }

    fn note(&mut self, answer: &Answer) -> String {
        let code = answer.body["code"].as_str().unwrap_or_default().to_owned();
        let name = format!("{} {code}", answer.status);
        *self.answers.entry(name.trim_end().to_owned()).or_default() += 1;
        code
    }

    /// How many orders were answered as stored.
    pub(super) fn stored(&self) -> usize {
        self.stored.len()
    }

    /// How many answers had this status and code.
    pub(super) fn heard(&self, answer: &str) -> usize {
        self.answers.get(answer).copied().unwrap_or_default()
    }

    /// An order that stands, if there is one.
    pub(super) fn any_id(&mut self) -> Option<i64> {
        let (&first, &last) = (self.stored.keys().next()?, self.stored.keys().next_back()?);
        let from = self.rng.i64(first..=last);
        self.stored.range(from..).next().map(|(id, _)| *id)
    }

    /// Holds the book against the database: nobody may write meanwhile. Returns how many batches
    /// stand although nobody was told so.
    pub(super) async fn check(book: &SharedBook, weir: &Weir) -> usize {
        let rows = weir.database.texts(ROWS).await;
        let found: HashMap<i64, &String> =
            rows.iter().map(|row| (row.split('|').next().unwrap().parse().unwrap(), row)).collect();
        let mut counts: HashMap<&str, usize> = HashMap::new();
        rows.iter().for_each(|row| *counts.entry(mark_in(row)).or_default() += 1);

        let unheard = book.borrow().check_rows(&found, &counts);
        let tallies = weir.database.texts(TALLIES).await;
        assert_eq!(tallies, weir.database.texts(COUNTS).await, "tallies, and orders counted");
        let page = weir.get("/api/v1/orders?limit=1").await.expect(200);
        assert_eq!(page.body["pagination"]["totalElements"], rows.len(), "{}", page.text);
        unheard
    }

    fn check_rows(&self, found: &HashMap<i64, &String>, counts: &HashMap<&str, usize>) -> usize {
        assert!(self.faults.is_empty(), "{:#?}", self.faults);
        for (id, row) in &self.stored {
            assert_eq!(found.get(id).copied(), Some(row), "an order that was answered");
        }
        let mut unheard = 0;
        for batch in &self.batches {
            let count = counts.get(batch.mark.as_str()).copied().unwrap_or_default();
            let whole = batch.rows.len();
            let is_sound = match batch.fate {
                Fate::Unknown => [0, whole].contains(&count),
                Fate::Stored => count == whole,
                Fate::Refused => count == 0,
            };
            let Batch { mark, fate, .. } = batch;
            assert!(is_sound, "batch {mark} is {fate:?}, and {count} of its {whole} orders stand");
            unheard += usize::from(*fate == Fate::Unknown && count > 0);
        }
        unheard
    }
}

/// The rows as [`order`] writes them. Ids and numbers become text by `||` on both databases.
const ROWS: &str = "SELECT id || '|' || blotter_id || '|' || status_id || '|' || order_type_id
    || '|' || portfolio_id || '|' || security_id || '|' || quantity
    || '|' || coalesce(CAST(limit_price AS text), '-') || '|' || version FROM orders";
const TALLIES: &str = "SELECT blotter_id || '/' || status_id || '/' || order_type_id
    || ' ' || sum(orders) FROM order_tallies GROUP BY blotter_id, status_id, order_type_id
    HAVING sum(orders) <> 0 ORDER BY blotter_id, status_id, order_type_id";
const COUNTS: &str = "SELECT blotter_id || '/' || status_id || '/' || order_type_id
    || ' ' || count(*) FROM orders GROUP BY blotter_id, status_id, order_type_id
    ORDER BY blotter_id, status_id, order_type_id";

fn mark_in(row: &str) -> &str {
    row.split('|').nth(4).unwrap()
}

/// An order as it is sent, and the row that it becomes, without the id.
fn order(rng: &mut fastrand::Rng, mark: &str) -> (Value, String) {
    let (blotter, order_type) = (rng.i64(1..=5), rng.i64(1..=5));
    let status = if rng.bool() { 1 } else { 6 };
    let security = format!("s{:x}", rng.u32(..));
    let quantity = rng.i64(1..=1_000_000 * ONE);
    let price = rng.bool().then(|| rng.i64(1..=1_000 * ONE));
    let sent = json!({
        "blotterId": blotter, "statusId": status, "orderTypeId": order_type,
        "portfolioId": mark, "securityId": security,
        "quantity": decimal(quantity), "limitPrice": price.map(decimal),
    });
    let price = price.map_or("-".to_owned(), |price| price.to_string());
    let row = format!("{blotter}|{status}|{order_type}|{mark}|{security}|{quantity}|{price}|1");
    (sent, row)
}

fn decimal(scaled: i64) -> String {
    format!("{}.{:08}", scaled / ONE, scaled % ONE)
}
