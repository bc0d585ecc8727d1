//! The service's own numbers while it is measured, from its metrics.

use std::time::Duration;

use awc::Client;
use tokio::time::{sleep, sleep_until};

use crate::shared::load::Window;
use crate::support::client::{Request, client};

const EVERY: Duration = Duration::from_millis(100);

/// What the criteria of success speak of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    /// Means over the window.
    pub(crate) utilisation: f64,
    pub(crate) waiting: f64,
    /// Openings of either breaker since the start.
    pub(crate) openings: f64,
}

/// Looks again and again until the window closes.
pub(crate) async fn watch(admin: String, window: Window) -> Seen {
    let client = client();
    let mut seen = Seen::default();
    let mut looks = 0.0;
    sleep_until(window.from()).await;
    while !window.is_over() {
        let metrics = metrics(&client, &admin).await;
        seen.utilisation += sum(&metrics, "db_pool_utilization_ratio", "");
        seen.waiting += sum(&metrics, "db_pool_waiting", "");
        looks += 1.0;
        sleep(EVERY).await;
    }
    let metrics = metrics(&client, &admin).await;
    let openings = sum(&metrics, "circuit_breaker_state_transitions_total", "to=\"open\"");
    Seen { utilisation: seen.utilisation / looks, waiting: seen.waiting / looks, openings }
}

async fn metrics(client: &Client, admin: &str) -> String {
    Request::new(client, "GET", format!("{admin}/metrics")).send().await.expect(200).text
}

/// The sum of a family's series that have this label.
fn sum(metrics: &str, name: &str, label: &str) -> f64 {
    let series = metrics.lines().filter(|line| line.starts_with(name) && line.contains(label));
    series.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
}
