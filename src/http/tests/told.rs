//! What operators are told beside the status: pool, settings, build, log filter and single series.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::{Actor, Context, Handler, MessageResult, Recipient};
use actix_web::test::TestRequest;
use serde_json::{Value, json};

use super::house::{Answer, House};
use super::world::World;
use crate::actors::lookout::Watch;
use crate::actors::pool_monitor::{ObservePool, PoolPicture};
use crate::domain::moment::Moment;
use crate::domain::pool::{Hold, PoolSample};
use crate::ports::gauge::PoolGauge;
use crate::ports::log_filter::{FilterError, Filters, LogFilter};
use crate::ports::series::{Families, Family, Series, Value as Number};
use crate::settings::Shown;

/// A pool monitor that has looked twice.
struct Monitor(Arc<World>);

impl Actor for Monitor {
    type Context = Context<Self>;
}

impl Handler<ObservePool> for Monitor {
    type Result = MessageResult<ObservePool>;

    fn handle(&mut self, _: ObservePool, _: &mut Self::Context) -> Self::Result {
        let look = |active| PoolSample { active, waiting: 2, max: 60, ..PoolSample::default() };
        let at = |text| Moment::parse(text).unwrap();
        MessageResult(PoolPicture {
            sample: self.0.sample(),
            state: PoolGauge::state(&*self.0),
            history: vec![
                (at("2026-01-05T14:30:00Z"), look(20)),
                (at("2026-01-05T14:30:05Z"), look(30)),
            ],
            holds: vec![Hold { doing: "orders.list", held: Duration::from_millis(1_500) }],
            timeouts: 7,
        })
    }
}

pub(super) fn monitor(world: &Arc<World>) -> Recipient<ObservePool> {
    Monitor(world.clone()).start().recipient()
}

/// A filter that takes every level that is a word.
#[derive(Default)]
pub(super) struct Log(Mutex<(Vec<String>, u64)>);

impl LogFilter for Log {
    fn filters(&self) -> Filters {
        let state = self.0.lock().unwrap();
        let lasting = "info".to_owned();
        Filters { current: state.0.last().cloned().unwrap_or_else(|| lasting.clone()), lasting }
    }

    fn set(&self, filter: &str, _: bool, reason: &str) -> Result<u64, FilterError> {
        if filter.contains('!') {
            return Err(FilterError { part: filter.to_owned() });
        }
        assert!(!reason.is_empty());
        let mut state = self.0.lock().unwrap();
        state.0.push(filter.to_owned());
        state.1 += 1;
        Ok(state.1)
    }

    fn put_back(&self, number: u64) {
        let mut state = self.0.lock().unwrap();
        if state.1 == number {
            state.0.clear();
        }
    }
}

/// A few series of each kind.
pub(super) struct Numbers;

impl Families for Numbers {
    fn families(&self) -> Vec<Family> {
        let series = |labels: &[(&str, &str)], value| {
            let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            Series { labels: labels.iter().map(text).collect(), value }
        };
        let family = |name: &str, series| {
            let (name, help) = (name.to_owned(), format!("About {name}"));
            Family { name, help, series }
        };
        let calls = |outcome, count| {
            series(&[("call", "place"), ("outcome", outcome)], Number::Count(count))
        };
        let times = Number::Distribution { count: 4.0, total: 2.5 };
        vec![
            family("trade_calls_total", vec![calls("placed", 5.0), calls("failed", 2.0)]),
            family("db_pool_utilization_ratio", vec![series(&[], Number::Level(0.25))]),
            family("ledger_wait_seconds", vec![series(&[], times)]),
        ]
    }
}

impl House {
    async fn told(&self, uri: &str) -> Answer {
        self.call_admin(TestRequest::get().uri(uri)).await
    }
}

#[actix::test]
async fn the_pool_is_told_with_its_last_minutes() {
    let house = House::new();

    let pool = house.told("/admin/pool").await.body;

    assert_eq!((&pool["active"], &pool["max"]), (&json!(15), &json!(60)));
    assert_eq!((&pool["utilization"], &pool["status"]), (&json!(0.25), &json!("HEALTHY")));
    assert_eq!((&pool["database"], &pool["timeouts"]), (&json!("SERVING"), &json!(7)));
    assert_eq!(pool["holds"], json!([{"doing": "orders.list", "heldMs": 1500}]));
    let look = |at: &str, active: u32, utilization: f64| json!({"at": at, "active": active, "waiting": 2, "utilization": utilization});
    let history = [look("2026-01-05T14:30:00Z", 20, 0.3333), look("2026-01-05T14:30:05Z", 30, 0.5)];
    assert_eq!(pool["history"], json!(history));
}

#[actix::test]
async fn the_settings_are_told_with_their_origin() {
    let mut house = House::new();
    let shown = |key, value: &str, origin: &str| Shown {
        key,
        value: value.to_owned(),
        origin: origin.to_owned(),
    };
    house.doors.settings = Arc::new([
        shown("pool.max", "60", "default"),
        shown("admin.token", "\"[redacted]\"", "environment WEIR__ADMIN__TOKEN"),
    ]);

    let settings = house.told("/admin/settings").await.body;

    let item = |key: &str, value: &str, origin: &str| json!({"key": key, "value": value, "origin": origin});
    let token = item("admin.token", "\"[redacted]\"", "environment WEIR__ADMIN__TOKEN");
    assert_eq!(settings["items"], json!([item("pool.max", "60", "default"), token]));
}

#[actix::test]
async fn the_build_is_told_in_both_shapes() {
    let house = House::new();

    let build = house.told("/admin/build").await.body;
    let info = house.told("/actuator/info").await.body;

    assert_eq!((&build["name"], &build["version"]), (&json!("weir"), &json!("0.1.0")));
    assert!(build["rustc"].as_str().unwrap().starts_with("rustc "), "{build}");
    assert_eq!(build["profile"], "debug");
    assert_eq!(info["app"]["name"], build["name"]);
    for member in ["version", "rustc", "profile"] {
        assert_eq!(info["build"][member], build[member]);
    }
    assert_eq!(info["git"]["commit"]["id"], build["commit"]);
}

#[actix::test]
async fn another_filter_counts_for_as_long_as_it_was_ordered() {
    tokio::time::pause();
    let house = House::new();
    let uri = "/admin/log-level";
    assert_eq!(house.told(uri).await.body, json!({"level": "info", "then": null}));
    let mut news = house.doors.lookout.send(Watch).await.unwrap().unwrap();

    let order = json!({"level": "weir::store=debug,info", "reason": "odd rows", "forSeconds": 60});
    let answer = house.order(uri, order).await;

    let expected = json!({"level": "weir::store=debug,info", "then": "info"});
    assert_eq!((answer.status, &answer.body), (200, &expected));
    assert_eq!(house.told(uri).await.body, expected);
    let change = loop {
        let news = news.recv().await.unwrap();
        if news.kind == "change" {
            break serde_json::from_str::<Value>(&news.text).unwrap();
        }
    };
    assert_eq!(
        change["text"],
        "unnamed ordered SET of log filter: odd rows (info, then weir::store=debug,info)"
    );
    tokio::time::sleep(Duration::from_secs(59)).await;
    assert_eq!(house.told(uri).await.body, expected);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(house.told(uri).await.body["level"], "info");
}

#[actix::test]
async fn filters_that_nobody_can_follow_change_nothing_and_say_why() {
    let house = House::new();
    let long = "x".repeat(201);
    for (body, code, field) in [
        (json!({"reason": "r"}), "MISSING_REQUIRED_FIELD", "level"),
        (json!({"level": "lo!ud", "reason": "r"}), "INVALID_FIELD_VALUE", "level"),
        (json!({"level": long, "reason": "r"}), "INVALID_FIELD_VALUE", "level"),
        (json!({"level": "info"}), "MISSING_REQUIRED_FIELD", "reason"),
        (
            json!({"level": "info", "reason": "r", "forSeconds": 0}),
            "INVALID_FIELD_VALUE",
            "forSeconds",
        ),
        (
            json!({"level": "info", "reason": "r", "forSeconds": 86_401}),
            "INVALID_FIELD_VALUE",
            "forSeconds",
        ),
    ] {
        let answer = house.order("/admin/log-level", body.clone()).await;
        assert_eq!((answer.status, answer.code()), (400, code), "{body}");
        assert_eq!(answer.body["details"], json!({"field": field}), "{body}");
    }
    let level = house.told("/admin/log-level").await.body;
    assert_eq!(level, json!({"level": "info", "then": null}));
}

#[actix::test]
async fn single_series_are_told_by_name_and_tag() {
    let house = House::new();

    let names = house.told("/actuator/metrics").await.body;
    let calls = house.told("/actuator/metrics/trade_calls_total").await.body;
    let failed = house.told("/actuator/metrics/trade_calls_total?tag=outcome:failed").await.body;
    let ratio = house.told("/actuator/metrics/db_pool_utilization_ratio").await.body;
    let waits = house.told("/actuator/metrics/ledger_wait_seconds").await.body;

    let expected = ["trade_calls_total", "db_pool_utilization_ratio", "ledger_wait_seconds"];
    assert_eq!(names, json!({"names": expected}));
    let tag = |tag: &str, values: &[&str]| json!({"tag": tag, "values": values});
    let count = |value: f64| json!([{"statistic": "COUNT", "value": value}]);
    let expected = json!({"name": "trade_calls_total", "description": "About trade_calls_total",
        "baseUnit": null, "measurements": count(7.0),
        "availableTags": [tag("call", &["place"]), tag("outcome", &["failed", "placed"])]});
    assert_eq!(calls, expected);
    assert_eq!(failed["measurements"], count(2.0));
    assert_eq!(failed["availableTags"], json!([tag("call", &["place"])]));
    assert_eq!(ratio["measurements"], json!([{"statistic": "VALUE", "value": 0.25}]));
    assert_eq!((&ratio["baseUnit"], &waits["baseUnit"]), (&json!("ratio"), &json!("seconds")));
    let both = json!([{"statistic": "COUNT", "value": 4.0}, {"statistic": "TOTAL", "value": 2.5}]);
    assert_eq!(waits["measurements"], both);
}

#[actix::test]
async fn a_metric_or_a_tag_that_is_not_there_is_told_as_such() {
    let house = House::new();
    for (uri, status, field) in [
        ("/actuator/metrics/surprises_total", 404, "name"),
        ("/actuator/metrics/trade_calls_total?tag=outcome:odd", 404, "tag"),
        ("/actuator/metrics/trade_calls_total?tag=outcome", 400, "tag"),
    ] {
        let answer = house.told(uri).await;
        assert_eq!((answer.status, &answer.body["details"]["field"]), (status, &json!(field)));
    }
}
