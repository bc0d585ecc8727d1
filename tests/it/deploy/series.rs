//! Every series that a dashboard or an alert asks for is one that a running process shows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::{Value, json};

use super::expression::{Matcher, Selector, wanted};
use super::{DASHBOARDS, RULES, WEIR_ALERTS, alerts, files, text, yaml};
use crate::support::{Kind, Weir};

/// Given to every series by whoever scrapes.
const SCRAPERS: [&str; 2] = ["job", "instance"];
/// The one series that is made by the scrape itself.
const MADE_BY_THE_SCRAPE: &str = "up";
const RUNBOOK: &str = "docs/operations.md";

/// Each name with the labels of each of its series.
pub(super) type Shown = BTreeMap<String, Vec<BTreeMap<String, String>>>;

/// What a scrape shows.
pub(super) fn shown(exposition: &str) -> Shown {
    let mut shown = Shown::new();
    for line in exposition.lines().filter(|line| !line.starts_with('#')) {
        let (series, _) = line.rsplit_once(' ').unwrap();
        let Selector { name, matchers } = wanted(series).selectors.remove(0);
        let labels = matchers.into_iter().map(|Matcher { label, value, .. }| (label, value));
        shown.entry(name).or_default().push(labels.collect());
    }
    shown
}

/// Why this expression finds nothing, or groups by what is not there.
fn fault(expression: &str, shown: &Shown) -> Option<String> {
    let wanted = wanted(expression);
    let mut labels: BTreeSet<&str> = SCRAPERS.into();
    for Selector { name, matchers } in &wanted.selectors {
        if name == MADE_BY_THE_SCRAPE {
            continue;
        }
        let Some(series) = shown.get(name) else { return Some(format!("{name} is not shown")) };
        labels.extend(series.iter().flat_map(BTreeMap::keys).map(String::as_str));
        let ours = matchers.iter().filter(|it| !SCRAPERS.contains(&it.label.as_str()));
        for Matcher { label, operator, value } in ours {
            let values = || series.iter().filter_map(|labels| labels.get(label));
            let is_found = match operator.as_str() {
                "=~" => value.split('|').all(|value| values().any(|it| matches(it, value))),
                _ => values().any(|it| it == value),
            };
            if !is_found {
                return Some(format!("{name} has no {label}{operator}\"{value}\""));
            }
        }
    }
    let stray = wanted.grouping.iter().find(|label| !labels.contains(label.as_str()));
    stray.map(|label| format!("nothing here has a label {label}"))
}

/// The only pattern that is used: a beginning, and two characters of any kind.
fn matches(value: &str, pattern: &str) -> bool {
    match pattern.strip_suffix("..") {
        Some(begin) => value.starts_with(begin) && value.len() == begin.len() + 2,
        None => value == pattern,
    }
}

/// A process that has answered once and recorded once.
async fn scrape() -> Shown {
    let weir = Weir::on(Kind::Sqlite).start().await;
    let orders = json!([{"blotterId": 1, "statusId": 1, "orderTypeId": 1, "portfolioId": "p",
        "securityId": "s", "quantity": 1}]);
    weir.post("/api/v1/orders/batch", &orders).await.expect(200);
    shown(&weir.admin_get("/metrics").await.expect(200).text)
}

fn dashboards() -> Vec<Value> {
    let read = |path| serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    files(DASHBOARDS, "json").into_iter().map(read).collect()
}

fn panels(dashboard: &Value) -> &Vec<Value> {
    dashboard["panels"].as_array().unwrap()
}

/// The links to the sections of the runbook.
fn sections() -> BTreeSet<String> {
    let page = fs::read_to_string(RUNBOOK).unwrap();
    let headings = page.lines().filter_map(|line| line.strip_prefix("## "));
    headings.map(|it| format!("{RUNBOOK}#{}", it.to_lowercase().replace(' ', "-"))).collect()
}

#[actix_web::test]
async fn every_series_of_the_dashboards_and_alerts_is_shown_by_a_running_process() {
    let shown = scrape().await;

    let mut expressions = Vec::new();
    for dashboard in dashboards() {
        let targets = panels(&dashboard).iter().flat_map(|it| it["targets"].as_array().unwrap());
        expressions.extend(targets.map(|target| text(target, "expr").to_owned()));
    }
    let of_the_dashboards = expressions.len();
    expressions.extend(alerts(WEIR_ALERTS).iter().map(|alert| text(alert, "expr").to_owned()));

    assert!(of_the_dashboards > 20 && expressions.len() > of_the_dashboards + 20);
    let faults = expressions.iter().filter_map(|it| Some(format!("{}: {it}", fault(it, &shown)?)));
    let faults: Vec<_> = faults.collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn what_is_not_shown_is_found_out() {
    let shown = shown("a_total{x=\"one\"} 1\na_total{x=\"two\"} 0\nb 7\n");
    let fault = |expression: &str| fault(expression, &shown);

    for fine in
        [r#"sum by (x) (rate(a_total{x=~"one|two", job="any"}[1m])) / on (job) b"#, "up > 0"]
    {
        assert_eq!(fault(fine), None, "{fine}");
    }
    for wrong in [
        "c > 0",
        r#"a_total{x="three"}"#,
        r#"a_total{x=~"one|three"}"#,
        r#"b{x!="one"}"#,
        "sum by (x) (b)",
    ] {
        assert!(fault(wrong).is_some(), "{wrong}");
    }
}

#[test]
fn no_panel_of_a_dashboard_lies_on_another() {
    for dashboard in dashboards() {
        let mut taken = BTreeSet::new();
        for panel in panels(&dashboard) {
            let side = |name: &str| panel["gridPos"][name].as_u64().unwrap();
            assert!(side("x") + side("w") <= 24, "{panel:#}");
            for x in side("x")..side("x") + side("w") {
                for y in side("y")..side("y") + side("h") {
                    assert!(taken.insert((x, y)), "{} lies on another", panel["title"]);
                }
            }
        }
        let ids: BTreeSet<_> = panels(&dashboard).iter().map(|it| it["id"].as_u64()).collect();
        assert_eq!(ids.len(), panels(&dashboard).len());
    }
}

#[test]
fn every_alert_says_how_bad_it_is_and_what_to_do_and_is_tried() {
    let tests = files("deploy/prometheus/tests", "yml").into_iter().flat_map(yaml);
    let tests: String = tests.map(|test| test.to_string()).collect();
    let all: Vec<_> = RULES.into_iter().flat_map(alerts).collect();

    let sections = sections();
    assert!(all.len() > 20);
    for alert in &all {
        let severity = text(&alert["labels"], "severity");
        assert!(["critical", "warning", "info"].contains(&severity), "{alert:#}");
        for part in ["summary", "description"] {
            assert!(!text(&alert["annotations"], part).is_empty());
        }
        let runbook = text(&alert["annotations"], "runbook");
        assert!(sections.contains(runbook), "{runbook}");
        let name = text(alert, "alert");
        let fires = format!(
            r#"ALERTS{{alertname=\"{name}\", alertstate=\"firing\", severity=\"{severity}\""#
        );
        assert!(tests.contains(&fires), "{name} is not tried");
    }
}
