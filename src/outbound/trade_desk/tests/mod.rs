//! The desk against the trade simulator, and against servers that break every rule.

mod sending;
mod server;
mod simulated;
mod unruly;
mod verdicts;

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::rt::{self, task::JoinHandle};
use uuid::Uuid;

use super::*;
use crate::domain::amount::Amount;
use crate::domain::moment::Moment;
use crate::domain::order::{Order, Terms};
use crate::domain::reference::{ReferenceLabel, ReferenceRow, References};
use crate::ports::clock::SystemClock;
use crate::settings::{self, Sources};
use crate::trade_sim::{self, Handle, Options, Sim};

/// Every wait of a test ends here.
const DEADLINE: Duration = Duration::from_secs(10);
/// What a call may take that is to hang.
const SHORT: Duration = Duration::from_millis(150);
const TRACE: Uuid = Uuid::from_u128(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);

fn order(id: i64) -> Order {
    let terms = Terms {
        blotter_id: 1,
        status_id: 1,
        order_type_id: 1,
        portfolio_id: "P1".to_owned(),
        security_id: "S1".to_owned(),
        quantity: Amount::parse("5.5").unwrap(),
        limit_price: None,
        ordered_at: Moment::parse("2026-01-05T14:30:00.181Z").unwrap(),
        client_order_id: None,
    };
    Order { id, terms, trade_order_id: None, version: 1, letter_id: None }
}

fn orders(ids: impl IntoIterator<Item = i64>) -> Vec<Order> {
    ids.into_iter().map(order).collect()
}

fn references() -> References {
    let mut references = References::default();
    for (id, abbreviation) in [(1, "BUY"), (2, "SELL")] {
        let (abbreviation, description) = (abbreviation.to_owned(), String::new());
        let label = ReferenceLabel::Abbreviated { abbreviation, description };
        references.order_types.insert(id, ReferenceRow { id, label, version: 1 });
    }
    references
}

fn trade_settings(flags: &[(&str, &str)]) -> TradeSettings {
    let flags = flags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let sources = Sources { flags: flags.collect(), ..Sources::default() };
    let loaded = settings::load(sources, |_| Err(std::io::ErrorKind::NotFound.into()));
    loaded.map_err(|faults| faults.to_string()).unwrap().settings.trade
}

fn desk(base: &str) -> HttpDesk {
    desk_with(base, &trade_settings(&[]))
}

fn desk_with(base: &str, settings: &TradeSettings) -> HttpDesk {
    HttpDesk::new(base, settings, Arc::new(SystemClock), Arc::new(()))
}

/// A desk whose calls may take [`SHORT`].
fn hasty(base: &str) -> HttpDesk {
    let settings = TradeSettings { answer_timeout: SHORT, ..trade_settings(&[]) };
    desk_with(base, &settings)
}

async fn place(desk: &HttpDesk, orders: &[Order]) -> Placing {
    let (orders, references) = (orders.iter().collect::<Vec<_>>(), references());
    let call = Call { orders: &orders, references: &references, trace: TRACE };
    tokio::time::timeout(DEADLINE, desk.place(call)).await.expect("an outcome in time")
}

async fn look_up(desk: &HttpDesk, order_id: i64) -> Finding {
    tokio::time::timeout(DEADLINE, desk.look_up(order_id)).await.expect("an outcome in time")
}

/// A trade simulator with its sockets.
struct Simulator {
    sim: Arc<Sim>,
    base: String,
    handle: Handle,
    task: JoinHandle<Result<(), trade_sim::Error>>,
}

impl Simulator {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let control = TcpListener::bind("127.0.0.1:0").unwrap();
        let options = Options { control: Some(control), ..Options::new(Arc::new(SystemClock)) };
        let server = trade_sim::serve(listener, options).unwrap();
        Self {
            sim: server.sim(),
            base: format!("http://{}", server.address()),
            handle: server.handle(),
            task: rt::spawn(server.run()),
        }
    }

    fn script(&self, steps: &str) {
        self.sim.append_script(serde_json::from_str(steps).unwrap()).unwrap();
    }

    fn faults(&self, faults: &str) {
        self.sim.set_faults(serde_json::from_str(faults).unwrap()).unwrap();
    }

    async fn stop(self) {
        self.handle.stop();
        let ended = tokio::time::timeout(DEADLINE, self.task).await;
        ended.expect("stops in time").unwrap().unwrap();
    }
}

/// Remembers what it was told.
#[derive(Default)]
struct Meter(Mutex<Vec<String>>);

impl DeskMeter for Meter {
    fn placed(&self, orders: usize, outcome: &'static str, _: Duration) {
        self.0.lock().unwrap().push(format!("place {orders} {outcome}"));
    }

    fn looked_up(&self, outcome: &'static str, _: Duration) {
        self.0.lock().unwrap().push(format!("look_up {outcome}"));
    }
}
