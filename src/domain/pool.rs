//! How full the connection pool is, always over its maximum.
//!
//! The ancestor divided by the connections open at the moment: with the pool idled down, a
//! quarter of the load looked like overload. Here the denominator never moves.

use std::time::Duration;

/// From here the pool is watched, and the health colour turns.
pub const UTILISATION_WARNING: f64 = 0.75;
/// From here the pool is nearly used up.
pub const UTILISATION_CRITICAL: f64 = 0.90;
/// A pool with so many waiting is not healthy, however low its utilisation.
pub const WAITING_UNHEALTHY: u32 = 3;

/// The pool at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolSample {
    pub active: u32,
    pub idle: u32,
    pub waiting: u32,
    /// Connections open now.
    pub total: u32,
    /// Connections that may be open.
    pub max: u32,
}

/// Somebody who has held a connection for some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// What the holder is doing, such as `orders.list`.
    pub doing: &'static str,
    pub held: Duration,
}

/// The colours of `/api/v1/health/connection-pool`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolColour {
    Healthy,
    Warning,
    Critical,
}

/// The colours of `/api/v1/system/health`, which its callers know by other names and limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolLoad {
    Healthy,
    Moderate,
    High,
    Critical,
}

impl PoolSample {
    /// Active over the maximum, 0 to 1.
    #[must_use]
    pub fn utilisation(&self) -> f64 {
        if self.max == 0 { 0.0 } else { f64::from(self.active) / f64::from(self.max) }
    }

    #[must_use]
    pub fn colour(&self) -> PoolColour {
        match self.utilisation() {
            used if used >= UTILISATION_CRITICAL => PoolColour::Critical,
            used if used >= UTILISATION_WARNING => PoolColour::Warning,
            _ => PoolColour::Healthy,
        }
    }

    #[must_use]
    pub fn load(&self) -> PoolLoad {
        if self.waiting > 0 {
            return PoolLoad::Critical;
        }
        match self.utilisation() {
            used if used >= 0.90 => PoolLoad::High,
            used if used >= 0.70 => PoolLoad::Moderate,
            _ => PoolLoad::Healthy,
        }
    }

    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.utilisation() < UTILISATION_WARNING && self.waiting < WAITING_UNHEALTHY
    }

    /// What an operator may do about it, in sentences.
    #[must_use]
    pub fn recommendations(&self) -> Vec<&'static str> {
        let mut advice = Vec::new();
        match self.colour() {
            PoolColour::Critical => {
                advice.push(
                    "The pool is nearly used up: look for slow statements, then raise pool.max.",
                );
            }
            PoolColour::Warning => advice.push("Utilisation is high: slow the senders down."),
            PoolColour::Healthy => {}
        }
        if self.waiting >= WAITING_UNHEALTHY {
            advice.push("Work is waiting for a connection: send fewer requests at once.");
        }
        advice
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(active: u32, waiting: u32) -> PoolSample {
        PoolSample { active, idle: 0, waiting, total: active, max: 60 }
    }

    #[test]
    fn utilisation_is_over_the_maximum_and_not_over_what_is_open() {
        let idled_down = PoolSample { active: 15, idle: 5, waiting: 0, total: 20, max: 60 };

        assert!((idled_down.utilisation() - 0.25).abs() < f64::EPSILON);
        assert!(idled_down.is_healthy());
    }

    #[test]
    fn the_colours_turn_at_their_bounds() {
        assert_eq!(sample(44, 0).colour(), PoolColour::Healthy);
        assert_eq!(sample(45, 0).colour(), PoolColour::Warning);
        assert_eq!(sample(54, 0).colour(), PoolColour::Critical);
        assert_eq!(sample(41, 0).load(), PoolLoad::Healthy);
        assert_eq!(sample(42, 0).load(), PoolLoad::Moderate);
        assert_eq!(sample(54, 0).load(), PoolLoad::High);
        assert_eq!(sample(1, 1).load(), PoolLoad::Critical);
    }

    #[test]
    fn three_waiting_are_unhealthy_at_any_utilisation() {
        assert!(sample(1, 2).is_healthy());
        assert!(!sample(1, 3).is_healthy());
        assert!(!sample(45, 0).is_healthy());
        assert!(sample(1, 0).recommendations().is_empty());
        assert_eq!(sample(60, 9).recommendations().len(), 2);
    }
}
