//! `weir status`: how the house is, at one glance.

use std::time::Duration;

use clap::Args;
use serde_json::Value;
use weir::outbound::admin::AdminError;
use weir::settings::AdminSettings;

use super::{Admin, Answer, Health, Reading, items, word};

#[derive(Args)]
pub(crate) struct Status {
    #[command(flatten)]
    pub(crate) admin: Admin,
}

impl Status {
    pub(crate) async fn run(&self, settings: &AdminSettings) -> Result<Answer, AdminError> {
        self.admin.ask(settings, "/admin/status", Reading { health, text }).await
    }
}

fn health(told: &Value) -> Health {
    match word(told, "/verdict").as_str() {
        "WELL" => Health::Well,
        "DEGRADED" => Health::Degraded,
        _ => Health::Down,
    }
}

fn text(told: &Value) -> String {
    let at = |pointer| word(told, pointer);
    let mut text = format!(
        "{}  weir {} {}, up {}\n",
        at("/verdict"),
        at("/version"),
        at("/instance"),
        seconds(told, "/uptimeSeconds"),
    );
    text.extend(items(told, "/reasons").map(|reason| format!("  ! {}\n", word(reason, ""))));
    let lines = [
        ("pool", pool(told)),
        ("breakers", items(told, "/breakers").map(breaker).collect::<Vec<_>>().join("; ")),
        (
            "children",
            format!(
                "{} busy, {} of {} in use",
                at("/children/busy"),
                at("/children/inUse"),
                at("/children/max"),
            ),
        ),
        ("line", line(told)),
        ("paused", paused(told)),
        (
            "letters",
            format!(
                "{} waiting, {} held, {} to reconcile, {} dead; the oldest {}",
                at("/letters/waiting"),
                at("/letters/held"),
                at("/letters/reconcile"),
                at("/letters/dead"),
                seconds(told, "/letters/oldestSeconds"),
            ),
        ),
        (
            "pace",
            format!(
                "{} orders/s, a new one waits {} ms",
                at("/pace/ordersPerSecond"),
                at("/pace/waitMs"),
            ),
        ),
        (
            "rates",
            format!(
                "accepted {}/s, sent {}/s, rejected {}/s, queued {}/s",
                at("/rates/acceptedPerSecond"),
                at("/rates/sentPerSecond"),
                at("/rates/rejectedPerSecond"),
                at("/rates/queuedPerSecond"),
            ),
        ),
        ("batches", latency(told)),
    ];
    text.extend(lines.map(|(name, line)| format!("{name:<9} {line}\n")));
    if told.pointer("/simulatedTradeService") == Some(&Value::Bool(true)) {
        text.push_str("trade     orders go to the simulator in the process\n");
    }
    text
}

fn pool(told: &Value) -> String {
    let at = |pointer| word(told, pointer);
    let share = told.pointer("/pool/utilization").and_then(Value::as_f64).unwrap_or_default();
    format!(
        "{}: {} of {} in use ({:.0} %), {} wait",
        at("/pool/status"),
        at("/pool/active"),
        at("/pool/max"),
        share * 100.0,
        at("/pool/waiting"),
    )
}

fn breaker(breaker: &Value) -> String {
    let state = format!("{} {}", word(breaker, "/name"), word(breaker, "/state"));
    match breaker.pointer("/retryInMs").and_then(Value::as_u64) {
        Some(wait) => format!("{state}, next try in {}", short(Duration::from_millis(wait))),
        None => state,
    }
}

fn line(told: &Value) -> String {
    let share = |share: &Value| {
        let client = Some(word(share, "/client")).filter(|name| !name.is_empty());
        let client = client.unwrap_or_else(|| "(no name)".to_owned());
        format!("{client} {}", word(share, "/orders"))
    };
    let clients: Vec<_> = items(told, "/line/byClient").map(share).collect();
    let clients =
        if clients.is_empty() { String::new() } else { format!(": {}", clients.join(", ")) };
    format!("{} orders in {} loads{clients}", word(told, "/line/orders"), word(told, "/line/loads"))
}

fn paused(told: &Value) -> String {
    if told.pointer("/pauses").is_none_or(Value::is_null) {
        return "?".to_owned();
    }
    let pause = |pause: &Value| format!("{} {}", word(pause, "/kind"), word(pause, "/name"));
    let all: Vec<_> = items(told, "/pauses").map(pause).collect();
    if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
}

fn latency(told: &Value) -> String {
    if told.pointer("/latency").is_none_or(Value::is_null) {
        return "none came to rest in the last minute".to_owned();
    }
    let at = |pointer| word(told, pointer);
    format!(
        "p50 {} ms, p95 {} ms, p99 {} ms",
        at("/latency/p50Ms"),
        at("/latency/p95Ms"),
        at("/latency/p99Ms"),
    )
}

fn seconds(told: &Value, pointer: &str) -> String {
    let seconds = told.pointer(pointer).and_then(Value::as_u64);
    seconds.map_or_else(|| "?".to_owned(), |seconds| short(Duration::from_secs(seconds)))
}

/// Whole seconds, since nobody acts on less.
fn short(time: Duration) -> String {
    humantime::format_duration(Duration::from_secs(time.as_secs())).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told() -> Value {
        json!({
            "version": "0.1.0", "instance": "host:8080", "uptimeSeconds": 3720,
            "verdict": "DEGRADED", "reasons": ["The trade breaker is open (5 calls in a row failed)"],
            "pool": {"active": 12, "max": 60, "waiting": 1, "utilization": 0.2, "status": "HEALTHY"},
            "breakers": [{"name": "pool", "state": "CLOSED", "retryInMs": null},
                {"name": "trade", "state": "OPEN", "retryInMs": 12_400}],
            "children": null,
            "line": {"loads": 4, "orders": 120, "byClient": [
                {"client": "desk-7", "loads": 3, "orders": 100}, {"client": "", "loads": 1, "orders": 20}]},
            "pauses": [{"kind": "client", "name": "desk-7"}, {"kind": "destination", "name": "trade"}],
            "letters": {"waiting": 5, "held": 1, "reconcile": 2, "dead": 3, "oldestSeconds": 61},
            "pace": {"ordersPerSecond": 130.5, "waitMs": 20},
            "rates": {"acceptedPerSecond": 120.0, "sentPerSecond": 118.5, "rejectedPerSecond": 0.0,
                "queuedPerSecond": 1.5},
            "latency": null, "simulatedTradeService": true,
        })
    }

    #[test]
    fn a_person_reads_the_verdict_first_and_then_why() {
        let text = text(&told());

        let expected = "\
DEGRADED  weir 0.1.0 host:8080, up 1h 2m
  ! The trade breaker is open (5 calls in a row failed)
pool      HEALTHY: 12 of 60 in use (20 %), 1 wait
breakers  pool CLOSED; trade OPEN, next try in 12s
children  ? busy, ? of ? in use
line      120 orders in 4 loads: desk-7 100, (no name) 20
paused    client desk-7, destination trade
letters   5 waiting, 1 held, 2 to reconcile, 3 dead; the oldest 1m 1s
pace      130.5 orders/s, a new one waits 20 ms
rates     accepted 120.0/s, sent 118.5/s, rejected 0.0/s, queued 1.5/s
batches   none came to rest in the last minute
trade     orders go to the simulator in the process
";
        assert_eq!(text, expected);
    }

    #[test]
    fn the_verdict_is_the_exit_code() {
        for (verdict, expected) in [
            (json!("WELL"), Health::Well),
            (json!("DEGRADED"), Health::Degraded),
            (json!("DOWN"), Health::Down),
            (json!(null), Health::Down),
        ] {
            assert_eq!(health(&json!({"verdict": verdict})), expected);
        }
    }
}
