//! What is said between Weir and the trade service, in Weir's words.

use std::time::Duration;

use resilience::breaker::FailureKind;

use super::amount::Amount;
use super::order::Order;
use super::reference::References;

/// A trade order as the trade service tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trade {
    pub id: i64,
    pub order_id: i64,
    pub portfolio_id: String,
    pub security_id: String,
    /// The abbreviation, such as `BUY`.
    pub order_type: String,
    pub quantity: Amount,
    pub limit_price: Option<Amount>,
}

impl Trade {
    /// Is it the trade of this very order? Only then its id is adopted.
    #[must_use]
    pub fn is_of(&self, order: &Order, references: &References) -> bool {
        let terms = &order.terms;
        let order_type = references.order_types.get(&terms.order_type_id);
        self.order_id == order.id
            && self.portfolio_id.trim() == terms.portfolio_id
            && self.security_id.trim() == terms.security_id
            && order_type.is_some_and(|row| row.key() == self.order_type)
            && self.quantity == terms.quantity
            && self.limit_price == terms.limit_price
    }
}

/// What a call that places orders can end in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placing {
    /// The trade service has them: what it said of each that it named.
    Placed(Vec<Trade>),
    /// A definite answer: none was taken. `index` is the one that it blames, a hint at best.
    Refused { reason: String, index: Option<usize> },
    /// The call was not made: nothing was sent, and it costs no attempt.
    NotSent { reason: String, wait: Option<Duration> },
    /// The call was made and turned away before anything was done (429).
    Deferred { reason: String, wait: Option<Duration> },
    /// Nobody knows. `over`: the other side has answered, so nothing of it is still on its way.
    Unknown { reason: String, over: bool, wait: Option<Duration> },
}

impl Placing {
    /// One word for a label.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Placed(_) => "placed",
            Self::Refused { .. } => "refused",
            Self::NotSent { .. } => "not_sent",
            Self::Deferred { .. } => "deferred",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// How it speaks against the trade service, if it does: what the breaker hears. A refusal is
    /// an answer as it should be. Whoever asks for a pause (429, 503) is given one; a wrong path or
    /// token is a failure too, since every further call would end like it.
    #[must_use]
    pub const fn failure(&self) -> Option<FailureKind> {
        match self {
            Self::Placed(_) | Self::Refused { .. } => None,
            Self::NotSent { .. } => Some(FailureKind::Unreachable),
            Self::Deferred { wait, .. } => Some(asked_to_pause(*wait, FailureKind::Faulty)),
            Self::Unknown { over: true, wait, .. } => {
                Some(asked_to_pause(*wait, FailureKind::Faulty))
            }
            Self::Unknown { over: false, wait, .. } => {
                Some(asked_to_pause(*wait, FailureKind::TimedOut))
            }
        }
    }
}

const fn asked_to_pause(wait: Option<Duration>, otherwise: FailureKind) -> FailureKind {
    match wait {
        Some(_) => FailureKind::Throttled { retry_after: wait },
        None => otherwise,
    }
}

/// What asking for the trade of one order can end in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    Found(Trade),
    /// The trade service says that it has none.
    Absent,
    /// No answer that can be used.
    Unclear {
        reason: String,
        wait: Option<Duration>,
    },
}

impl Finding {
    /// One word for a label.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Found(_) => "found",
            Self::Absent => "absent",
            Self::Unclear { .. } => "unclear",
        }
    }

    /// How it speaks against the trade service, if it does, as [`Placing::failure`].
    #[must_use]
    pub const fn failure(&self) -> Option<FailureKind> {
        match self {
            Self::Found(_) | Self::Absent => None,
            Self::Unclear { wait, .. } => Some(asked_to_pause(*wait, FailureKind::Faulty)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_breaker_hears_of_a_call_what_it_says_of_the_service() {
        let (reason, second) = (String::new, Duration::from_secs(1));
        let unknown = |over, wait| Placing::Unknown { reason: reason(), over, wait };
        let throttled = FailureKind::Throttled { retry_after: Some(second) };
        let table = [
            (Placing::Placed(Vec::new()), None),
            (Placing::Refused { reason: reason(), index: None }, None),
            (Placing::NotSent { reason: reason(), wait: None }, Some(FailureKind::Unreachable)),
            (Placing::Deferred { reason: reason(), wait: Some(second) }, Some(throttled)),
            (Placing::Deferred { reason: reason(), wait: None }, Some(FailureKind::Faulty)),
            (unknown(true, None), Some(FailureKind::Faulty)),
            (unknown(true, Some(second)), Some(throttled)),
            (unknown(false, None), Some(FailureKind::TimedOut)),
        ];
        for (placing, failure) in table {
            assert_eq!(placing.failure(), failure, "{placing:?}");
        }
        let unclear = |wait| Finding::Unclear { reason: reason(), wait };
        assert_eq!(Finding::Absent.failure(), None);
        assert_eq!(unclear(None).failure(), Some(FailureKind::Faulty));
        assert_eq!(unclear(Some(second)).failure(), Some(throttled));
    }
}
