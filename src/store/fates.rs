//! What became of each item of a batch, as its row keeps it: an order's id, or the fault in words.

use std::borrow::Borrow;

use serde_json::Value;

use crate::domain::batch::{Fate, Item};
use crate::domain::order::{Fault, FaultKind};

/// The fates of items on their way to the disk.
pub(super) fn of_items(items: &[Item]) -> String {
    text(items.iter().map(|item| item.as_ref().map(|order| order.id)))
}

/// In request order.
pub(super) fn text<F: Borrow<Fault>>(
    fates: impl ExactSizeIterator<Item = Result<i64, F>>,
) -> String {
    let mut text = String::with_capacity(fates.len() * 8 + 2);
    text.push('[');
    for (index, fate) in fates.enumerate() {
        if index > 0 {
            text.push(',');
        }
        match fate {
            Ok(id) => text.push_str(&id.to_string()),
            Err(fault) => {
                let fault = fault.borrow();
                let fate = serde_json::json!({
                    "kind": fault.kind.label(),
                    "field": fault.field,
                    "message": fault.message,
                });
                text.push_str(&fate.to_string());
            }
        }
    }
    text.push(']');
    text
}

/// The fault of an order that was asked for and is not there.
pub(super) fn missing(id: i64) -> Fault {
    let message = format!("Order with ID {id} not found");
    Fault { kind: FaultKind::NotFound, field: "", message }
}

/// None for a text that [`text`] cannot have written.
pub(super) fn parse(text: &str) -> Option<Vec<Fate>> {
    let fates: Vec<Value> = serde_json::from_str(text).ok()?;
    fates.iter().map(fate).collect()
}

fn fate(value: &Value) -> Option<Fate> {
    if let Some(id) = value.as_i64() {
        return Some(Fate::Order(id));
    }
    let word = |name| value.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Fate::Fault { kind: word("kind")?, field: word("field")?, message: word("message")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fates_are_read_as_they_were_written() {
        let fault = Fault::invalid("quantity", "must be \"positive\"");
        let written = text([Ok(7), Err(&fault), Ok(i64::MAX), Err(&missing(8))].into_iter());

        let fault = |kind: &str, field: &str, message: &str| Fate::Fault {
            kind: kind.to_owned(),
            field: field.to_owned(),
            message: message.to_owned(),
        };
        let read = vec![
            Fate::Order(7),
            fault("invalid", "quantity", "must be \"positive\""),
            Fate::Order(i64::MAX),
            fault("not_found", "", "Order with ID 8 not found"),
        ];
        assert_eq!(parse(&written), Some(read));
        assert_eq!(parse("[]"), Some(Vec::new()));
    }

    #[test]
    fn what_is_no_list_of_fates_is_not_read() {
        for text in ["", "{}", "[1.5]", "[{}]", r#"[{"kind":"x","field":1,"message":"y"}]"#] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
