//! The alerts on the numbers of a real process: silent while it works, and the right one fires when
//! the trade service leaves. `promtool` judges, on made-up time; without it nothing is tried.

use std::fs;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::{WEIR_ALERTS, series};
use crate::bad_days::trade::drained;
use crate::bad_days::trade::market::Market;
use crate::support::{Kind, Weir, wait_for};

const BATCH: &str = "/api/v1/orders/batch";
const OPEN: &str = r#"circuit_breaker_state{breaker="trade"} 2"#;
/// How many samples the calm lasts, four to the minute: longer than any alert's patience.
const CALM: usize = 80;

fn promtool_is_there() -> bool {
    let is_there = Command::new("promtool").arg("--version").output().is_ok();
    let required = std::env::var_os("WEIR_TEST_REQUIRE_PROMTOOL").is_some_and(|value| value == "1");
    assert!(
        is_there || !required,
        "promtool not found, and WEIR_TEST_REQUIRE_PROMTOOL=1 asks for it"
    );
    if !is_there {
        eprintln!("promtool not found: the drill of the alerts is not run");
    }
    is_there
}

/// Each series with its value.
fn samples(exposition: &str) -> Vec<(&str, f64)> {
    let lines = exposition.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.map(|line| line.rsplit_once(' ').unwrap());
    pairs.map(|(series, value)| (series, value.parse().unwrap())).collect()
}

/// The series as `promtool` wants them: from the first scrape to the second in [`CALM`] steps, then
/// two minutes as in the third.
fn story(scrapes: &[String; 3]) -> Vec<Value> {
    let [before, after, fault] = scrapes.each_ref().map(|text| samples(text));
    let value_in = |scrape: &[(&str, f64)], name: &str| {
        scrape.iter().find(|(it, _)| *it == name).map(|(_, value)| *value)
    };
    let stories = fault.iter().map(|(name, last)| {
        let end = value_in(&after, name).unwrap_or_default();
        let begin = value_in(&before, name).unwrap_or_default();
        let step = (end - begin) / CALM as f64;
        let labelled = name.strip_suffix('}').map_or_else(
            || format!("{name}{{job=\"weir\",instance=\"live\"}}"),
            |open| format!("{open},job=\"weir\",instance=\"live\"}}"),
        );
        json!({"series": labelled, "values": format!("{begin:.9}{step:+.9}x{CALM} {last:.9}x8")})
    });
    stories.collect()
}

async fn scrape(weir: &Weir) -> String {
    weir.admin_get("/metrics").await.expect(200).text
}

async fn submit(weir: &Weir, status: u16) {
    let order = json!({"blotterId": 1, "statusId": 1, "orderTypeId": 1, "portfolioId": "p",
        "securityId": "s", "quantity": 1});
    for _ in 0..40 {
        weir.post(BATCH, &json!([order])).await.expect(status);
    }
}

#[actix_web::test]
async fn in_calm_every_alert_is_silent_and_a_trade_service_that_leaves_fires_the_breakers() {
    if !promtool_is_there() {
        return;
    }
    let market = Market::open_to_duplicates();
    // Open for long, so that the breaker changes once and not many times before it is looked at.
    let plan = market.plan(Kind::Sqlite).set("trade_breaker.open_for", "15s");
    let weir = plan.start().await;
    submit(&weir, 200).await;
    let before = scrape(&weir).await;
    submit(&weir, 200).await;
    drained(&weir.database).await;
    let after = scrape(&weir).await;
    market.treat(json!({"down": {"mode": "refuse"}})).await;
    submit(&weir, 202).await;
    let fault = wait_for("the breaker to be open", Duration::from_secs(30), async || {
        let text = scrape(&weir).await;
        if text.contains(OPEN) { Ok(text) } else { Err(text) }
    })
    .await;
    assert!(series::shown(&fault).contains_key("weir_build_info"));

    let rules = fs::canonicalize(WEIR_ALERTS).unwrap();
    let fires = r#"ALERTS{alertname="WeirBreakerOpen", alertstate="firing", severity="critical",
        breaker="trade", job="weir", instance="live"}"#;
    // JSON is YAML.
    let test = json!({
        "rule_files": [rules],
        "evaluation_interval": "15s",
        "tests": [{
            "interval": "15s",
            "input_series": story(&[before, after, fault]),
            "promql_expr_test": [
                {"expr": "ALERTS", "eval_time": "20m", "exp_samples": []},
                {"expr": r#"ALERTS{alertstate="firing"}"#, "eval_time": "21m15s",
                 "exp_samples": [{"labels": fires, "value": 1}]},
            ],
        }],
    });
    let file = tempfile::Builder::new().suffix(".yml").tempfile().unwrap();
    fs::write(file.path(), test.to_string()).unwrap();
    let tried = Command::new("promtool").args(["test", "rules"]).arg(file.path()).output().unwrap();
    let said = String::from_utf8_lossy(&[tried.stdout, tried.stderr].concat()).into_owned();
    assert!(tried.status.success(), "{said}");
}
