//! What an order's owner may change, and when it may be deleted.

use super::draft::Draft;
use super::{Fault, Order, Terms, status};
use crate::domain::reference::References;

/// A changed order as its owner wants it: the fields, and the version that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amendment {
    pub id: i64,
    pub version: i32,
    pub draft: Draft<'static>,
}

/// Why an order is left as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("order {id} does not exist")]
    NotFound { id: i64 },
    #[error("order {id} has version {current}, not {given}: read it again and repeat the change")]
    Stale { id: i64, given: i32, current: i32 },
    #[error("order {id} is on its way to the trade service: wait for the outcome")]
    InSubmission { id: i64 },
    #[error(transparent)]
    Fault(Fault),
}

/// The terms that `order` gets by `amendment`. A stale version is told before anything else:
/// whoever has not seen the order as it is cannot judge its state.
pub fn amend(
    order: &Order,
    amendment: &Amendment,
    references: &References,
) -> Result<Terms, Refusal> {
    check_untouched(order, amendment.version)?;
    let wanted =
        amendment.draft.check(references, order.terms.ordered_at).map_err(Refusal::Fault)?;
    check_move(order, wanted.status_id, references)?;
    check_fixed(order, amendment, &wanted, references)?;
    // The name that the client gave an order stays with it.
    Ok(Terms { client_order_id: order.terms.client_order_id.clone(), ..wanted })
}

/// May this order be deleted by somebody who read it at `version`?
pub fn remove(order: &Order, version: i32, references: &References) -> Result<(), Refusal> {
    check_untouched(order, version)?;
    let name = references.status(order.terms.status_id).unwrap_or_default();
    if status::is_free(name) {
        return Ok(());
    }
    let message = format!("An order that is {name} cannot be deleted: only NEW and HOLD can");
    Err(Refusal::Fault(Fault::state("statusId", message)))
}

fn check_untouched(order: &Order, version: i32) -> Result<(), Refusal> {
    if order.version != version {
        let refusal = Refusal::Stale { id: order.id, given: version, current: order.version };
        return Err(refusal);
    }
    if order.in_submission() {
        return Err(Refusal::InSubmission { id: order.id });
    }
    Ok(())
}

fn check_move(order: &Order, status_id: i32, references: &References) -> Result<(), Refusal> {
    if status_id == order.terms.status_id {
        return Ok(());
    }
    let from = references.status(order.terms.status_id).unwrap_or_default();
    let to = references.status(status_id).unwrap_or_default();
    let allowed = status::successors(from);
    if allowed.contains(&to) {
        return Ok(());
    }
    let message = match (from, to) {
        (status::NEW, status::SENT) => "An order becomes SENT only by submitting it".to_owned(),
        _ if allowed.is_empty() => format!("An order that is {from} stays {from}"),
        _ => format!("An order that is {from} can become {}, not {to}", allowed.join(", ")),
    };
    Err(Refusal::Fault(Fault::state("statusId", message)))
}

/// From SENT on the trade service has the order: everything but its status is fixed. The trade
/// id is fixed always, since only a submission sets it.
fn check_fixed(
    order: &Order,
    amendment: &Amendment,
    wanted: &Terms,
    references: &References,
) -> Result<(), Refusal> {
    if amendment.draft.trade_order_id.is_some_and(|id| Some(id) != order.trade_order_id) {
        let message = "The trade order ID is set by the submission alone";
        return Err(Refusal::Fault(Fault::state("tradeOrderId", message)));
    }
    let name = references.status(order.terms.status_id).unwrap_or_default();
    let changed = changed_field(&order.terms, wanted);
    match changed {
        Some(field) if !status::is_free(name) => {
            let message =
                format!("An order that is {name} keeps its {field}: only its status moves");
            Err(Refusal::Fault(Fault::state(field, message)))
        }
        _ => Ok(()),
    }
}

/// The first field besides the status in which the two differ.
fn changed_field(before: &Terms, after: &Terms) -> Option<&'static str> {
    let fields = [
        ("blotterId", before.blotter_id == after.blotter_id),
        ("portfolioId", before.portfolio_id == after.portfolio_id),
        ("orderTypeId", before.order_type_id == after.order_type_id),
        ("securityId", before.security_id == after.security_id),
        ("quantity", before.quantity == after.quantity),
        ("limitPrice", before.limit_price == after.limit_price),
        ("orderTimestamp", before.ordered_at == after.ordered_at),
    ];
    fields.into_iter().find(|(_, same)| !same).map(|(field, _)| field)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::moment::Moment;
    use crate::domain::order::FaultKind;
    use crate::domain::order::draft::tests::{good, seeds};

    fn order(status_id: i32) -> Order {
        let terms = good().check(&seeds(), Moment::from_micros(0)).unwrap();
        Order {
            id: 7,
            terms: Terms { status_id, ..terms },
            trade_order_id: None,
            version: 3,
            letter_id: None,
        }
    }

    fn amendment(status_id: i64, change: impl FnOnce(&mut Draft<'static>)) -> Amendment {
        let mut draft = Draft { status_id: Some(status_id), ..good() };
        change(&mut draft);
        Amendment { id: 7, version: 3, draft }
    }

    fn fault(result: Result<Terms, Refusal>) -> (FaultKind, &'static str) {
        match result {
            Err(Refusal::Fault(fault)) => (fault.kind, fault.field),
            other => panic!("expected a fault, got {other:?}"),
        }
    }

    #[test]
    fn a_new_order_is_its_owners_to_edit() {
        let wanted = amendment(6, |draft| draft.quantity = Some("9".into()));

        let terms = amend(&order(1), &wanted, &seeds()).unwrap();

        assert_eq!((terms.status_id, terms.quantity.to_string()), (6, "9".to_owned()));
    }

    #[test]
    fn an_amendment_without_a_time_keeps_the_time() {
        let wanted = amendment(1, |draft| draft.order_timestamp = None);

        let terms = amend(&order(1), &wanted, &seeds()).unwrap();

        assert_eq!(terms.ordered_at, order(1).terms.ordered_at);
    }

    #[test]
    fn a_stale_version_is_told_before_anything_else() {
        let wanted = Amendment { version: 2, ..amendment(99, |_| {}) };
        let held = Order { letter_id: Some(uuid::Uuid::nil()), ..order(2) };
        let stale = Refusal::Stale { id: 7, given: 2, current: 3 };

        assert_eq!(amend(&held, &wanted, &seeds()), Err(stale.clone()));
        assert_eq!(remove(&held, 2, &seeds()), Err(stale));
    }

    #[test]
    fn an_order_under_way_is_left_alone() {
        let held = Order { letter_id: Some(uuid::Uuid::nil()), ..order(1) };

        let refusal = Err(Refusal::InSubmission { id: 7 });

        assert_eq!(amend(&held, &amendment(1, |_| {}), &seeds()), refusal);
        assert_eq!(remove(&held, 3, &seeds()), Err(Refusal::InSubmission { id: 7 }));
    }

    #[test]
    fn a_sent_order_keeps_everything_but_its_status() {
        let sent = order(2);

        assert!(amend(&sent, &amendment(3, |_| {}), &seeds()).is_ok());
        let other_quantity = amendment(3, |draft| draft.quantity = Some("9".into()));
        assert_eq!(fault(amend(&sent, &other_quantity, &seeds())), (FaultKind::State, "quantity"));
    }

    #[test]
    fn the_trade_id_belongs_to_the_submission() {
        let stolen = amendment(1, |draft| draft.trade_order_id = Some(5));

        let refused = fault(amend(&order(1), &stolen, &seeds()));

        assert_eq!(refused, (FaultKind::State, "tradeOrderId"));
        let traded = Order { trade_order_id: Some(5), ..order(2) };
        let same = amendment(2, |draft| draft.trade_order_id = Some(5));
        assert!(amend(&traded, &same, &seeds()).is_ok());
    }

    #[test]
    fn only_free_orders_can_be_deleted() {
        for status_id in 1..=10 {
            let free = [1, 6].contains(&status_id);
            assert_eq!(remove(&order(status_id), 3, &seeds()).is_ok(), free, "{status_id}");
        }
    }

    proptest! {
        #[test]
        fn a_status_moves_only_along_the_table(from in 1..=10_i32, to in 1..=10_i64) {
            let seeds = seeds();
            let moved = amend(&order(from), &amendment(to, |_| {}), &seeds);
            let to = i32::try_from(to).unwrap();
            let allowed = from == to
                || status::successors(seeds.status(from).unwrap()).contains(&seeds.status(to).unwrap());

            prop_assert_eq!(moved.is_ok(), allowed);
        }
    }
}
