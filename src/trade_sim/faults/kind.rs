//! The ways in which a call can be treated, by the names that scripts and rates use.

use serde::de::IntoDeserializer;
use serde::de::value::Error as ValueError;
use serde::{Deserialize, Serialize};

/// How one call is treated. `before` and `after` tell on which side of the storing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// As the real service does it.
    #[default]
    Ok,
    /// 400: one order of the call is to blame.
    Reject,
    /// 500.
    ErrorBefore,
    ErrorAfter,
    /// The connection is reset without a byte.
    ResetBefore,
    ResetAfter,
    /// Never answers.
    HangBefore,
    HangAfter,
    /// Never answers, and stores when the caller has long gone.
    Late,
    /// A body that is no JSON.
    GarbageBefore,
    GarbageAfter,
    /// A body that ends in the middle, although its length is as announced.
    TruncatedBefore,
    TruncatedAfter,
    /// The connection is reset in the middle of the body.
    CutAfter,
    /// The body comes in small pieces.
    Drip,
    /// 201 with the results of the first half only; all are stored.
    Partial,
    /// 201 with the results in another order and without their indexes.
    Shuffled,
    /// 429 with `Retry-After`.
    TooMany,
    /// 503 with `Retry-After`.
    Unavailable,
    /// Of a look-up: nothing is found.
    Empty,
    /// Of a look-up: what stood some time ago.
    Stale,
}

impl Kind {
    /// Reads the name as it stands in JSON.
    pub fn parse(name: &str) -> Result<Self, String> {
        let name: serde::de::value::StrDeserializer<'_, ValueError> = name.into_deserializer();
        Self::deserialize(name).map_err(|error| error.to_string())
    }

    /// Does the call reach the store?
    #[must_use]
    pub const fn stores(self) -> bool {
        match self {
            Self::Ok
            | Self::ErrorAfter
            | Self::ResetAfter
            | Self::HangAfter
            | Self::GarbageAfter
            | Self::TruncatedAfter
            | Self::CutAfter
            | Self::Drip
            | Self::Partial
            | Self::Shuffled => true,
            Self::Reject
            | Self::ErrorBefore
            | Self::ResetBefore
            | Self::HangBefore
            | Self::Late
            | Self::GarbageBefore
            | Self::TruncatedBefore
            | Self::TooMany
            | Self::Unavailable
            | Self::Empty
            | Self::Stale => false,
        }
    }

    /// Can it befall a call of this sort?
    #[must_use]
    pub const fn befalls(self, on: On) -> bool {
        match on {
            On::Place => !matches!(self, Self::Empty | Self::Stale),
            On::Lookup => {
                !matches!(self, Self::Reject | Self::Late | Self::Partial | Self::Shuffled)
            }
        }
    }
}

/// The two sorts of calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    #[default]
    Place,
    Lookup,
}
