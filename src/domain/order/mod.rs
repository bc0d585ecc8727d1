//! Orders: what one is, what a client may ask for, and what may become of it.

pub mod amend;
pub mod draft;
pub mod status;

use uuid::Uuid;

use crate::domain::amount::Amount;
use crate::domain::client::ClientId;
use crate::domain::letter::Letter;
use crate::domain::moment::Moment;

/// The longest portfolio or security id: the trade service's columns are no wider.
pub const PARTY_LENGTH_MAX: usize = 24;
/// The most orders in one batch.
pub const BATCH_ORDERS_MAX: usize = 1000;

/// What the client decides about an order: checked, and ready to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    pub blotter_id: i32,
    pub status_id: i32,
    pub order_type_id: i32,
    pub portfolio_id: String,
    pub security_id: String,
    pub quantity: Amount,
    /// None is a market order.
    pub limit_price: Option<Amount>,
    pub ordered_at: Moment,
    /// The client's own name for the order, one order at most.
    pub client_order_id: Option<String>,
}

/// The longest name that a client may give an order.
pub const CLIENT_ORDER_ID_LENGTH_MAX: usize = 64;

/// An order as it stands in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub id: i64,
    pub terms: Terms,
    pub trade_order_id: Option<i64>,
    pub version: i32,
    /// The letter that holds the order while it is on its way to the trade service.
    pub letter_id: Option<Uuid>,
}

/// An order with all that is kept of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRecord {
    pub order: Order,
    pub client: ClientId,
    pub created_at: Moment,
    pub updated_at: Moment,
    /// Why it was refused or discarded.
    pub error: Option<String>,
    /// The one that it is on its way in.
    pub letter: Option<Letter>,
    /// The batches that name it, the oldest first.
    pub batches: Vec<Uuid>,
}

impl Order {
    /// Is it on its way to the trade service?
    #[must_use]
    pub const fn in_submission(&self) -> bool {
        self.letter_id.is_some()
    }
}

/// Why one order cannot be taken: the field, and a sentence for its sender.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    pub kind: FaultKind,
    /// The field as the client spells it; empty when the order as a whole is at fault.
    pub field: &'static str,
    pub message: String,
}

/// The families of faults; each is one public code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    Missing,
    Invalid,
    State,
    /// The database refused the row although the rules let it through.
    Refused,
    /// The database could not take the row in time.
    TooSlow,
    /// Another order has the same name of the client's already.
    Duplicate,
    /// There is no such order.
    NotFound,
    /// Nobody knows yet whether what was asked for was done.
    Unknown,
}

impl FaultKind {
    pub const ALL: [Self; 8] = [
        Self::Missing,
        Self::Invalid,
        Self::State,
        Self::Refused,
        Self::TooSlow,
        Self::Duplicate,
        Self::NotFound,
        Self::Unknown,
    ];

    #[must_use]
    pub fn of_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.label() == label)
    }

    /// The word that is stored: it must outlive the names in the code.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Invalid => "invalid",
            Self::State => "state",
            Self::Refused => "refused",
            Self::TooSlow => "too_slow",
            Self::Duplicate => "duplicate",
            Self::NotFound => "not_found",
            Self::Unknown => "unknown",
        }
    }
}

impl Fault {
    #[must_use]
    pub fn missing(field: &'static str, message: &str) -> Self {
        Self { kind: FaultKind::Missing, field, message: message.to_owned() }
    }

    #[must_use]
    pub fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self { kind: FaultKind::Invalid, field, message: message.into() }
    }

    #[must_use]
    pub fn state(field: &'static str, message: impl Into<String>) -> Self {
        Self { kind: FaultKind::State, field, message: message.into() }
    }
}
