//! How the service does, as its health page tells.

/// From which utilisation on to be careful, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Nothing is sent from here on; orders go into the queue.
    pub unhealthy: f64,
    /// Calls are spaced evenly from here on.
    pub throttle: f64,
}

/// What the last look at the service said.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Condition {
    /// Nobody has looked yet.
    #[default]
    Unknown,
    Seen {
        utilisation: f64,
        load: Load,
    },
    /// The look failed.
    Unreachable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    Fine,
    /// Nearly too much: no bursts.
    High,
    TooMuch,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { unhealthy: 0.75, throttle: 0.70 }
    }
}

impl Condition {
    #[must_use]
    pub fn of(utilisation: f64, thresholds: &Thresholds) -> Self {
        let load = match utilisation {
            used if used >= thresholds.unhealthy => Load::TooMuch,
            used if used > thresholds.throttle => Load::High,
            _ => Load::Fine,
        };
        Self::Seen { utilisation, load }
    }

    /// Whether work may be sent. Only what was seen to be bad is bad: who never looked has to try.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        match self {
            Self::Unknown => true,
            Self::Seen { load, .. } => *load != Load::TooMuch,
            Self::Unreachable => false,
        }
    }

    #[must_use]
    pub fn is_throttled(&self) -> bool {
        matches!(self, Self::Seen { load: Load::High | Load::TooMuch, .. })
    }

    #[must_use]
    pub fn utilisation(&self) -> Option<f64> {
        match self {
            Self::Seen { utilisation, .. } => Some(*utilisation),
            Self::Unknown | Self::Unreachable => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guides_thresholds_hold() {
        let table = [
            (0.0, true, false),
            (0.70, true, false),
            (0.71, true, true),
            (0.74, true, true),
            (0.75, false, true),
            (1.0, false, true),
        ];
        for (utilisation, healthy, throttled) in table {
            let condition = Condition::of(utilisation, &Thresholds::default());
            let seen = (condition.is_healthy(), condition.is_throttled());
            assert_eq!(seen, (healthy, throttled), "{utilisation}");
        }
    }

    #[test]
    fn a_service_that_cannot_be_asked_is_not_well() {
        assert!(!Condition::Unreachable.is_healthy());
        assert!(Condition::Unknown.is_healthy());
    }
}
