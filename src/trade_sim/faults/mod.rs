//! What is to go wrong, as it is set: on the command line, over HTTP, or by a test.

pub(super) mod chaos;
pub mod kind;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use kind::{Kind, On};

/// The longest script; a longer one is a mistake.
pub const SCRIPT_MAX: usize = 100_000;

/// Everything that can be set to go wrong. The default is: nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Faults {
    /// Every call takes this long.
    pub latency_ms: u64,
    /// And up to this much longer, evenly spread.
    pub latency_spread_ms: u64,
    /// Shares of placing calls by kind, together at most 1.
    pub rates: BTreeMap<Kind, f64>,
    /// Shares of look-ups by kind, together at most 1.
    pub lookup_rates: BTreeMap<Kind, f64>,
    /// Orders that are refused whenever they come.
    pub reject: Reject,
    /// When the service is down.
    pub down: Option<Down>,
    /// `late` stores this long after the call has ended for its caller.
    pub late_ms: u64,
    /// The pause between the pieces of `drip`.
    pub drip_ms: u64,
    /// Seconds in `Retry-After`.
    pub retry_after: u32,
    /// Look-ups answer as of so long ago.
    pub stale_ms: u64,
    /// So many look-ups find nothing.
    pub empty_lookups: u32,
    /// Rates and `emptyLookups` strike so often and then never again; null is without end.
    pub strikes: Option<u32>,
    /// Where the generator begins.
    pub seed: u64,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            latency_ms: 0,
            latency_spread_ms: 0,
            rates: BTreeMap::new(),
            lookup_rates: BTreeMap::new(),
            reject: Reject::default(),
            down: None,
            late_ms: 1000,
            drip_ms: 100,
            retry_after: 1,
            stale_ms: 0,
            empty_lookups: 0,
            strikes: None,
            seed: 0,
        }
    }
}

/// Orders that are refused with 400, and with them all that come in the same call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Reject {
    pub order_ids: BTreeSet<i32>,
    /// Every order whose id this divides; 0 is none.
    pub every_nth: u32,
    /// Every order whose portfolio begins so; empty is none.
    pub portfolio_prefix: String,
}

impl Reject {
    fn hits(&self, order_id: i32, portfolio_id: &str) -> bool {
        let nth = self.every_nth;
        self.order_ids.contains(&order_id)
            || (nth > 0 && order_id.unsigned_abs().is_multiple_of(nth))
            || (!self.portfolio_prefix.is_empty()
                && portfolio_id.starts_with(&self.portfolio_prefix))
    }
}

/// When the service is down, counted from the moment of setting, and how that looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Down {
    pub mode: DownMode,
    pub from_ms: u64,
    /// Null: until it is set otherwise.
    pub to_ms: Option<u64>,
}

/// How a service that is down looks to its callers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DownMode {
    /// Nobody listens: connections are refused, and those that are open break.
    #[default]
    Refuse,
    /// Connections are taken, and reset at the first call.
    Reset,
    /// Every call is answered 503 with `Retry-After`.
    Unavailable,
}

/// One scripted outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Step {
    pub kind: Kind,
    #[serde(default)]
    pub on: On,
    /// For so many calls.
    #[serde(default = "once")]
    pub times: u32,
    /// In the place of the set latency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
    /// A call that does not store stores nevertheless, this long after it ended for its caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// Of `stale`: in the place of the set age.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale_ms: Option<u64>,
    /// Of `reject`: which order is to blame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
}

const fn once() -> u32 {
    1
}

impl Step {
    /// A step of this kind for one call.
    #[must_use]
    pub const fn new(kind: Kind) -> Self {
        Self {
            kind,
            on: On::Place,
            times: 1,
            latency_ms: None,
            late_ms: None,
            retry_after: None,
            stale_ms: None,
            index: None,
        }
    }

    /// Says what is wrong with a step.
    pub fn check(&self) -> Result<(), String> {
        if !self.kind.befalls(self.on) {
            return Err(format!("{:?} cannot befall a {:?} call", self.kind, self.on));
        }
        if self.times == 0 {
            return Err("times must be at least 1".to_owned());
        }
        if self.late_ms.is_some() && (self.on == On::Lookup || self.kind.stores()) {
            return Err(format!("lateMs is for placing calls that do not store: {:?}", self.kind));
        }
        Ok(())
    }
}

impl Faults {
    /// Says what is wrong with the settings.
    pub fn check(&self) -> Result<(), String> {
        for (name, rates, on) in
            [("rates", &self.rates, On::Place), ("lookupRates", &self.lookup_rates, On::Lookup)]
        {
            for (kind, share) in rates {
                if !kind.befalls(on) {
                    return Err(format!("{name}: {kind:?} cannot befall such a call"));
                }
                if !(0.0..=1.0).contains(share) {
                    return Err(format!("{name}: a share is between 0 and 1: {share}"));
                }
            }
            // A little more than 1: ten shares of 0.1 are not exactly 1.
            if rates.values().sum::<f64>() > 1.000_001 {
                return Err(format!("{name}: the shares are together more than 1"));
            }
        }
        match self.down {
            Some(Down { from_ms, to_ms: Some(to_ms), .. }) if to_ms <= from_ms => {
                Err("down: toMs must be later than fromMs".to_owned())
            }
            Some(_) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_read_as_it_is_written() {
        let text = r#"{"latencyMs": 5, "rates": {"reset_after": 0.5}, "reject": {"orderIds": [7]},
            "down": {"mode": "unavailable", "toMs": 10}, "strikes": 3}"#;

        let faults: Faults = serde_json::from_str(text).unwrap();

        assert_eq!(faults.check(), Ok(()));
        assert_eq!(faults.rates, BTreeMap::from([(Kind::ResetAfter, 0.5)]));
        let again = serde_json::to_string(&faults).unwrap();
        assert_eq!(serde_json::from_str::<Faults>(&again).unwrap(), faults);
        assert_eq!(serde_json::from_str::<Faults>("{}").unwrap(), Faults::default());
    }

    #[test]
    fn mistakes_are_named() {
        let table = [
            (r#"{"rates": {"empty": 0.5}}"#, "befall"),
            (r#"{"lookupRates": {"late": 0.5}}"#, "befall"),
            (r#"{"rates": {"drip": 1.5}}"#, "between 0 and 1"),
            (r#"{"rates": {"drip": 0.6, "partial": 0.6}}"#, "more than 1"),
            (r#"{"down": {"fromMs": 5, "toMs": 5}}"#, "later"),
        ];
        for (text, part) in table {
            let said = serde_json::from_str::<Faults>(text).unwrap().check().unwrap_err();
            assert!(said.contains(part), "{said}");
        }
        for text in [r#"{"ratse": {}}"#, r#"{"rates": {"explode": 1}}"#] {
            assert!(serde_json::from_str::<Faults>(text).is_err(), "{text}");
        }
        let late_ok = Step { late_ms: Some(1), ..Step::new(Kind::Ok) };
        let never = Step { times: 0, ..Step::new(Kind::Ok) };
        for step in [late_ok, never, Step::new(Kind::Empty)] {
            assert!(step.check().is_err(), "{step:?}");
        }
    }
}
