//! How many retries are let out: a share of the calls, so that callers cannot keep a storm alive.
//!
//! When a service is down every call fails, and callers that try three times bring it three times
//! the load just when it comes back. With a budget they bring a tenth more.

/// A share of the calls, and a few retries beyond it for those who call rarely.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    share: f64,
    reserve: f64,
    balance: f64,
}

impl Budget {
    /// `share` of the calls may be repeated, 0 to 1; the budget begins with `reserve` retries
    /// and never saves up more.
    #[must_use]
    pub fn new(share: f64, reserve: u32) -> Self {
        let reserve = f64::from(reserve);
        Self { share: share.clamp(0.0, 1.0), reserve, balance: reserve }
    }

    /// A call was begun that is no retry.
    pub fn earn(&mut self) {
        self.balance = (self.balance + self.share).min(self.reserve);
    }

    /// Somebody wants to retry. A `true` is spent.
    pub fn spend(&mut self) -> bool {
        // A tenth is not exact in binary: ten of them must be worth one retry.
        let is_affordable = self.balance >= 1.0 - 1e-9;
        if is_affordable {
            self.balance = (self.balance - 1.0).max(0.0);
        }
        is_affordable
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spent(budget: &mut Budget) -> usize {
        std::iter::from_fn(|| budget.spend().then_some(())).count()
    }

    #[test]
    fn the_reserve_lets_rare_callers_retry() {
        assert_eq!(spent(&mut Budget::new(0.1, 10)), 10);
    }

    #[test]
    fn a_tenth_of_the_calls_may_be_repeated() {
        let mut budget = Budget::new(0.1, 10);
        spent(&mut budget);

        let retries: Vec<_> = (0..100)
            .map(|_| {
                budget.earn();
                budget.spend()
            })
            .collect();

        assert_eq!(retries.iter().filter(|granted| **granted).count(), 10);
        assert!(!retries[0] && retries[9], "the tenth call pays for one");
    }

    #[test]
    fn quiet_times_save_up_no_storm() {
        let mut budget = Budget::new(0.1, 3);

        (0..1000).for_each(|_| budget.earn());

        assert_eq!(spent(&mut budget), 3);
    }

    proptest! {
        #[test]
        fn in_no_history_do_retries_exceed_reserve_and_share(
            asks in prop::collection::vec(any::<bool>(), 0..500),
            share in 0.0_f64..=1.0,
            reserve in 0_u32..20,
        ) {
            let mut budget = Budget::new(share, reserve);
            let (mut calls, mut retries) = (0.0_f64, 0.0_f64);
            for retries_now in asks {
                if retries_now {
                    retries += f64::from(u8::from(budget.spend()));
                } else {
                    budget.earn();
                    calls += 1.0;
                }
            }
            prop_assert!(retries <= f64::from(reserve) + share * calls + 1e-6);
        }
    }
}
