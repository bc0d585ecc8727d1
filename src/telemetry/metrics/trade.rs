//! The calls to the trade service: how they ended, and how long they took.

use std::time::Duration;

use prometheus::{Error, Histogram, HistogramVec, IntCounterVec, IntGauge};

use super::registrar::Registrar;
use super::{Metrics, seconds, size, with};
use crate::ports::meter::DeskMeter;

const PLACE: &str = "place";
const LOOK_UP: &str = "look_up";
/// Each call with its outcomes: the labels of `Placing` and of `Finding`.
pub(super) const OUTCOMES: [(&str, &[&str]); 2] = [
    (PLACE, &["placed", "refused", "not_sent", "deferred", "unknown"]),
    (LOOK_UP, &["found", "absent", "unclear"]),
];

pub(super) struct TradeSeries {
    calls: IntCounterVec,
    durations: HistogramVec,
    orders: Histogram,
    simulated: IntGauge,
}

impl TradeSeries {
    /// Shows what is still to happen as 0.
    pub(super) fn new(registrar: &mut Registrar) -> Result<Self, Error> {
        let calls = registrar.counters("trade_calls_total")?;
        let durations = registrar.histograms("trade_call_duration_seconds")?;
        for (call, outcomes) in OUTCOMES {
            durations.get_metric_with_label_values(&[call])?;
            for outcome in outcomes {
                calls.get_metric_with_label_values(&[call, outcome])?;
            }
        }
        let orders = registrar.histogram("trade_call_orders")?;
        Ok(Self { calls, durations, orders, simulated: registrar.gauge("trade_simulated")? })
    }

    pub(super) fn simulated(&self) {
        self.simulated.set(1);
    }

    fn ended(&self, call: &str, outcome: &str, took: Duration) {
        with(&self.calls, &[call, outcome], |counter| counter.inc());
        with(&self.durations, &[call], |histogram| histogram.observe(seconds(took)));
    }
}

impl DeskMeter for Metrics {
    fn placed(&self, orders: usize, outcome: &'static str, took: Duration) {
        self.trade.orders.observe(size(orders));
        self.trade.ended(PLACE, outcome, took);
    }

    fn looked_up(&self, outcome: &'static str, took: Duration) {
        self.trade.ended(LOOK_UP, outcome, took);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::tests::value;
    use super::*;
    use crate::domain::trade::{Finding, Placing};

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn calls_to_the_trade_service_are_counted() {
        let metrics = Metrics::new().unwrap();
        let calls = |call: &str, outcome: &str| {
            value(&metrics, &format!(r#"trade_calls_total{{call="{call}",outcome="{outcome}"}}"#))
        };
        for (call, outcomes) in OUTCOMES {
            assert!(outcomes.iter().all(|outcome| calls(call, outcome) == Some(0.0)), "{call}");
        }

        metrics.placed(25, "placed", SECOND);
        metrics.placed(50, "unknown", 2 * SECOND);
        metrics.looked_up("found", 3 * SECOND);

        assert_eq!(calls("place", "placed"), Some(1.0));
        assert_eq!(calls("place", "unknown"), Some(1.0));
        assert_eq!(calls("look_up", "found"), Some(1.0));
        let table = [
            (r#"trade_call_duration_seconds_sum{call="place"}"#, 3.0),
            (r#"trade_call_duration_seconds_sum{call="look_up"}"#, 3.0),
            ("trade_call_orders_sum", 75.0),
            ("trade_simulated", 0.0),
        ];
        for (series, expected) in table {
            assert_eq!(value(&metrics, series), Some(expected), "{series}");
        }
        metrics.trades_are_simulated();
        assert_eq!(value(&metrics, "trade_simulated"), Some(1.0));
    }

    #[test]
    fn every_outcome_of_a_call_is_foreseen() {
        let (reason, wait) = (String::new, None);
        let placings = [
            Placing::Placed(Vec::new()),
            Placing::Refused { reason: reason(), index: None },
            Placing::NotSent { reason: reason(), wait },
            Placing::Deferred { reason: reason(), wait },
            Placing::Unknown { reason: reason(), over: true, wait },
        ];
        let findings =
            [Finding::Absent.label(), Finding::Unclear { reason: reason(), wait }.label()];

        let [(_, placed), (_, found)] = OUTCOMES;
        assert_eq!(BTreeSet::from(placings.map(|it| it.label())), placed.iter().copied().collect());
        let found: BTreeSet<_> = found.iter().copied().filter(|label| *label != "found").collect();
        assert_eq!(BTreeSet::from(findings), found);
    }
}
