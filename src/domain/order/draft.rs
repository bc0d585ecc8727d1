//! An order as its sender wrote it, and the check that makes terms of it.
//!
//! The checks run in the order that callers of the ancestor know; the first that fails is the
//! answer, with the ancestor's words where it had any.

use std::borrow::Cow;

use super::{CLIENT_ORDER_ID_LENGTH_MAX, Fault, PARTY_LENGTH_MAX, Terms, status};
use crate::domain::amount::Amount;
use crate::domain::moment::Moment;
use crate::domain::reference::{ReferenceKind, References};

/// The fields that a client may write, none of them believed yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft<'a> {
    pub blotter_id: Option<i64>,
    pub status_id: Option<i64>,
    pub portfolio_id: Option<Cow<'a, str>>,
    pub order_type_id: Option<i64>,
    pub security_id: Option<Cow<'a, str>>,
    pub quantity: Option<Cow<'a, str>>,
    pub limit_price: Option<Cow<'a, str>>,
    pub trade_order_id: Option<i64>,
    pub order_timestamp: Option<Cow<'a, str>>,
    pub client_order_id: Option<Cow<'a, str>>,
}

impl Draft<'_> {
    /// The terms of a new order. It is NEW or HOLD and has no trade: a client that could say
    /// otherwise could claim a trade that never was.
    pub fn check_new(&self, references: &References, now: Moment) -> Result<Terms, Fault> {
        let terms = self.check(references, now)?;
        let name = references.status(terms.status_id).unwrap_or_default();
        if !status::is_initial(name) {
            let message = format!("A new order must be NEW or HOLD, got {name}");
            return Err(Fault::state("statusId", message));
        }
        if self.trade_order_id.is_some() {
            let message = "A new order has no trade order ID: only a submission sets it";
            return Err(Fault::state("tradeOrderId", message));
        }
        Ok(terms)
    }

    /// The terms of a new order that is submitted at once: one on hold waits for its owner.
    pub fn check_submitted(&self, references: &References, now: Moment) -> Result<Terms, Fault> {
        let terms = self.check_new(references, now)?;
        match references.status(terms.status_id) {
            Some(status::NEW) => Ok(terms),
            name => {
                let name = name.unwrap_or_default();
                let message = format!("The order is {name}: it must be NEW to be submitted");
                Err(Fault::state("statusId", message))
            }
        }
    }

    /// The terms that the fields say; `ordered_at` is the time of an order that names none.
    pub fn check(&self, references: &References, ordered_at: Moment) -> Result<Terms, Fault> {
        let reference = |kind, field, title, id: Option<i64>| {
            let id = id.ok_or_else(|| Fault::missing(field, &format!("{title} ID is required")))?;
            let missing = || Fault::invalid(field, format!("{title} with ID {id} not found"));
            references.find(kind, id).map(|row| row.id).ok_or_else(missing)
        };
        Ok(Terms {
            blotter_id: reference(ReferenceKind::Blotter, "blotterId", "Blotter", self.blotter_id)?,
            status_id: reference(ReferenceKind::Status, "statusId", "Status", self.status_id)?,
            portfolio_id: party("portfolioId", "Portfolio ID", self.portfolio_id.as_deref())?,
            order_type_id: reference(
                ReferenceKind::OrderType,
                "orderTypeId",
                "Order Type",
                self.order_type_id,
            )?,
            security_id: party("securityId", "Security ID", self.security_id.as_deref())?,
            quantity: quantity(self.quantity.as_deref())?,
            limit_price: limit_price(self.limit_price.as_deref())?,
            ordered_at: timestamp(self.order_timestamp.as_deref())?.unwrap_or(ordered_at),
            client_order_id: client_order_id(self.client_order_id.as_deref())?,
        })
    }
}

/// A portfolio or security id: trimmed, not empty, as long as the other side can keep.
fn party(field: &'static str, title: &str, text: Option<&str>) -> Result<String, Fault> {
    let text = text.unwrap_or_default().trim();
    if text.is_empty() {
        return Err(Fault::missing(field, &format!("{title} is required")));
    }
    let length = text.chars().count();
    if length > PARTY_LENGTH_MAX {
        let message =
            format!("{title} must be at most {PARTY_LENGTH_MAX} characters long, got {length}");
        return Err(Fault::invalid(field, message));
    }
    if text.chars().any(char::is_control) {
        return Err(Fault::invalid(field, format!("{title} must not hold control characters")));
    }
    Ok(text.to_owned())
}

/// The client's own name for the order: visible and bounded, since it is stored and sent back.
fn client_order_id(text: Option<&str>) -> Result<Option<String>, Fault> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let length = text.chars().count();
    if length > CLIENT_ORDER_ID_LENGTH_MAX || text.chars().any(char::is_control) {
        let message = format!(
            "Client order ID must be at most {CLIENT_ORDER_ID_LENGTH_MAX} visible characters long"
        );
        return Err(Fault::invalid("clientOrderId", message));
    }
    Ok(Some(text.to_owned()))
}

fn quantity(text: Option<&str>) -> Result<Amount, Fault> {
    let Some(text) = text else {
        return Err(Fault::missing("quantity", "Quantity must be positive"));
    };
    let amount = amount("quantity", "Quantity", text)?;
    if amount.is_positive() {
        Ok(amount)
    } else {
        Err(Fault::invalid("quantity", "Quantity must be positive"))
    }
}

fn limit_price(text: Option<&str>) -> Result<Option<Amount>, Fault> {
    let Some(text) = text else { return Ok(None) };
    let amount = amount("limitPrice", "Limit price", text)?;
    if amount.is_positive() {
        Ok(Some(amount))
    } else {
        Err(Fault::invalid("limitPrice", "Limit price must be positive when provided"))
    }
}

fn amount(field: &'static str, title: &str, text: &str) -> Result<Amount, Fault> {
    Amount::parse(text).map_err(|error| Fault::invalid(field, format!("{title} {error}")))
}

fn timestamp(text: Option<&str>) -> Result<Option<Moment>, Fault> {
    let parse = |text: &str| {
        let fault = |error| Fault::invalid("orderTimestamp", format!("Order timestamp {error}"));
        Moment::parse(text).map_err(fault)
    };
    text.map(parse).transpose()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::order::FaultKind;
    use crate::domain::reference::{ReferenceLabel, ReferenceRow};

    /// The seeded rows that the rules' tests need.
    pub(crate) fn seeds() -> References {
        let mut references = References::default();
        let named = |id, name: &str| ReferenceRow {
            id,
            label: ReferenceLabel::Blotter { name: name.into() },
            version: 1,
        };
        let abbreviated = |id, abbreviation: &str| ReferenceRow {
            id,
            label: ReferenceLabel::Abbreviated {
                abbreviation: abbreviation.into(),
                description: abbreviation.into(),
            },
            version: 1,
        };
        references.blotters.insert(1, named(1, "Default"));
        references.order_types.insert(1, abbreviated(1, "BUY"));
        let statuses =
            ["NEW", "SENT", "WORK", "FULL", "PART", "HOLD", "CNCL", "CNCLD", "CPART", "DEL"];
        for (id, status) in (1..).zip(statuses) {
            references.statuses.insert(id, abbreviated(id, status));
        }
        references
    }

    pub(crate) fn good() -> Draft<'static> {
        Draft {
            blotter_id: Some(1),
            status_id: Some(1),
            portfolio_id: Some("68a1b2c3d4e5f60718293a4b".into()),
            order_type_id: Some(1),
            security_id: Some(" 68ffeeddccbbaa9988776655  ".into()),
            quantity: Some("5.5".into()),
            limit_price: None,
            trade_order_id: None,
            order_timestamp: Some("2026-01-05T14:30:00.181Z".into()),
            client_order_id: None,
        }
    }

    fn refusal(change: impl FnOnce(&mut Draft<'static>)) -> (FaultKind, &'static str, String) {
        let mut draft = good();
        change(&mut draft);
        let fault = draft.check_new(&seeds(), Moment::from_micros(0)).unwrap_err();
        (fault.kind, fault.field, fault.message)
    }

    #[test]
    fn a_good_draft_becomes_trimmed_terms() {
        let terms = good().check_new(&seeds(), Moment::from_micros(0)).unwrap();

        assert_eq!(terms.security_id, "68ffeeddccbbaa9988776655");
        assert_eq!(terms.quantity, Amount::parse("5.5").unwrap());
        assert_eq!(terms.limit_price, None);
        assert_eq!(terms.ordered_at.to_string(), "2026-01-05T14:30:00.181Z");
    }

    #[test]
    fn an_order_without_a_time_is_ordered_now() {
        let now = Moment::from_micros(77);
        let draft = Draft { order_timestamp: None, ..good() };

        assert_eq!(draft.check_new(&seeds(), now).unwrap().ordered_at, now);
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "one table, a row per rule")]
    fn every_rule_names_its_field_and_says_why() {
        use FaultKind::{Invalid, Missing, State};
        type Change = fn(&mut Draft<'static>);
        let table: [(Change, FaultKind, &str, &str); 20] = [
            (|d| d.blotter_id = None, Missing, "blotterId", "Blotter ID is required"),
            (|d| d.blotter_id = Some(9), Invalid, "blotterId", "Blotter with ID 9 not found"),
            (
                |d| d.blotter_id = Some(i64::MAX),
                Invalid,
                "blotterId",
                "Blotter with ID 9223372036854775807 not found",
            ),
            (|d| d.status_id = None, Missing, "statusId", "Status ID is required"),
            (|d| d.status_id = Some(99), Invalid, "statusId", "Status with ID 99 not found"),
            (|d| d.portfolio_id = None, Missing, "portfolioId", "Portfolio ID is required"),
            (
                |d| d.portfolio_id = Some("   ".into()),
                Missing,
                "portfolioId",
                "Portfolio ID is required",
            ),
            (
                |d| d.portfolio_id = Some("a\u{0}b".into()),
                Invalid,
                "portfolioId",
                "Portfolio ID must not hold control characters",
            ),
            (|d| d.order_type_id = None, Missing, "orderTypeId", "Order Type ID is required"),
            (
                |d| d.order_type_id = Some(9),
                Invalid,
                "orderTypeId",
                "Order Type with ID 9 not found",
            ),
            (|d| d.security_id = None, Missing, "securityId", "Security ID is required"),
            (
                |d| d.security_id = Some("x".repeat(25).into()),
                Invalid,
                "securityId",
                "Security ID must be at most 24 characters long, got 25",
            ),
            (|d| d.quantity = None, Missing, "quantity", "Quantity must be positive"),
            (|d| d.quantity = Some("0".into()), Invalid, "quantity", "Quantity must be positive"),
            (
                |d| d.quantity = Some("0.123456789".into()),
                Invalid,
                "quantity",
                "Quantity must have at most 8 digits after the decimal point",
            ),
            (
                |d| d.quantity = Some("1e10".into()),
                Invalid,
                "quantity",
                "Quantity must have at most 10 digits before the decimal point",
            ),
            (
                |d| d.limit_price = Some("-1".into()),
                Invalid,
                "limitPrice",
                "Limit price must be positive when provided",
            ),
            (
                |d| d.order_timestamp = Some("yesterday".into()),
                Invalid,
                "orderTimestamp",
                "Order timestamp must be an ISO-8601 date and time with offset, such as 2026-01-05T14:30:00.181Z",
            ),
            (
                |d| d.status_id = Some(2),
                State,
                "statusId",
                "A new order must be NEW or HOLD, got SENT",
            ),
            (
                |d| d.trade_order_id = Some(7),
                State,
                "tradeOrderId",
                "A new order has no trade order ID: only a submission sets it",
            ),
        ];
        for (change, kind, field, message) in table {
            assert_eq!(refusal(change), (kind, field, message.to_owned()));
        }
    }

    #[test]
    fn an_order_on_hold_is_recorded_and_not_submitted() {
        let hold = Draft { status_id: Some(6), ..good() };
        let now = Moment::from_micros(0);

        let fault = hold.check_submitted(&seeds(), now).unwrap_err();

        assert_eq!((fault.kind, fault.field), (FaultKind::State, "statusId"));
        assert_eq!(fault.message, "The order is HOLD: it must be NEW to be submitted");
        assert!(hold.check_new(&seeds(), now).is_ok());
        assert!(good().check_submitted(&seeds(), now).is_ok());
    }

    #[test]
    fn the_first_failing_rule_is_the_answer() {
        let nothing = Draft::default();

        let fault = nothing.check_new(&seeds(), Moment::from_micros(0)).unwrap_err();

        assert_eq!(fault.field, "blotterId");
    }
}
