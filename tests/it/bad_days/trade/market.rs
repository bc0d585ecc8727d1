//! The trade service of a test: the simulator in the test's own process.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::rt;
use serde_json::{Value, json};
use weir::ports::clock::SystemClock;
use weir::trade_sim::{self, Handle, Options, Rules, Sim};

use crate::support::client::{Request, client};
use crate::support::weir::{Place, Plan};
use crate::support::{Weir, wait_for};

const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) struct Market {
    pub(crate) sim: Arc<Sim>,
    pub(crate) url: String,
    /// Answers also while nobody listens for trades.
    control: String,
    handle: Handle,
}

impl Market {
    /// As strict as the real one.
    pub(crate) fn open() -> Self {
        let bind = || TcpListener::bind("127.0.0.1:0").unwrap();
        let (trades, control) = (bind(), bind());
        let address = control.local_addr().unwrap();
        let options = Options { control: Some(control), ..Options::new(Arc::new(SystemClock)) };
        let server = trade_sim::serve(trades, options).unwrap();
        let (sim, handle) = (server.sim(), server.handle());
        let url = format!("http://{}", server.address());
        rt::spawn(server.run());
        Self { sim, url, control: format!("http://{address}"), handle }
    }

    /// One that takes an order as often as it comes: what is placed twice stands there twice.
    pub(crate) fn open_to_duplicates() -> Self {
        let market = Self::open();
        market.sim.set_rules(Rules { allow_duplicates: true, honour_keys: false });
        market
    }

    /// Weir with this trade service, and with all its waits short.
    pub(crate) fn plan(&self, place: impl Into<Place>) -> Plan {
        let settings = [
            ("trade.url", self.url.as_str()),
            ("trade.answer_timeout", "1500ms"),
            ("trade.connect_timeout", "500ms"),
            ("trade_breaker.open_for", "1s"),
            ("supervisor.wait_max", "500ms"),
            ("mailbox.instance", "weir-1"),
            ("mailbox.sweep_every", "500ms"),
            ("mailbox.quiet_margin", "1s"),
            ("mailbox.retry_base", "100ms"),
            ("mailbox.retry_cap", "1s"),
        ];
        let plan = Weir::on(place);
        settings.into_iter().fold(plan, |plan, (key, value)| plan.set(key, value))
    }

    /// Sets what goes wrong from now on, and waits until the door is as it wants.
    pub(crate) async fn treat(&self, faults: Value) {
        self.sim.set_faults(serde_json::from_value(faults).unwrap()).unwrap();
        self.sim.settle().await.unwrap();
    }

    /// Nobody listens any more.
    pub(super) async fn leave(&self) {
        self.treat(json!({"down": {"mode": "refuse"}})).await;
    }

    /// All is well again.
    pub(crate) async fn return_well(&self) {
        self.sim.forget_script();
        self.treat(json!({})).await;
    }

    /// What happens to the next calls.
    pub(crate) fn script(&self, steps: Value) {
        self.sim.append_script(serde_json::from_value(steps).unwrap()).unwrap();
    }

    /// Totals, counts by order, and the calls.
    pub(super) async fn book(&self) -> Value {
        let url = format!("{}/sim/book", self.control);
        Request::new(&client(), "GET", url).send().await.expect(200).body
    }

    /// What of the script is left.
    pub(super) async fn script_left(&self) -> usize {
        let url = format!("{}/sim/script", self.control);
        let steps = Request::new(&client(), "GET", url).send().await.expect(200).body;
        steps.as_array().unwrap().len()
    }

    /// The calls that came in, oldest first.
    pub(super) async fn calls(&self) -> Vec<Value> {
        self.book().await["calls"].as_array().unwrap().clone()
    }

    /// Waits until `more` orders were placed.
    pub(super) async fn places(&self, more: usize) {
        let enough = self.sim.totals().placed + more;
        wait_for("more orders to be placed", DEADLINE, async || {
            let placed = self.sim.totals().placed;
            if placed >= enough { Ok(()) } else { Err(format!("{placed} of {enough}")) }
        })
        .await;
    }

    /// Waits until a call is here and not carried out yet.
    pub(crate) async fn has_a_call(&self) {
        wait_for("a call to be out", DEADLINE, async || {
            let book = self.book().await;
            let pending = book["totals"]["pending"].as_u64();
            if pending > Some(0) { Ok(()) } else { Err(book["totals"].to_string()) }
        })
        .await;
    }

    /// Checks that this order was placed once, and says as which trade.
    #[track_caller]
    pub(crate) fn trade_of(&self, order_id: i64) -> i64 {
        let count = self.sim.count(i32::try_from(order_id).unwrap());
        assert_eq!(count.placed, 1, "order {order_id}: {count:?}");
        i64::from(count.trade_id.unwrap())
    }
}

impl Drop for Market {
    fn drop(&mut self) {
        self.handle.stop();
    }
}
