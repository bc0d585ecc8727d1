//! Orders out of a file: a JSON array, or CSV with the names of the fields in its first line.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use weir_client::wire::Order;

/// Fields that are numbers in JSON, and not texts.
const IDS: [&str; 3] = ["blotterId", "statusId", "orderTypeId"];

#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("{path} cannot be read")]
    Unreadable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{path} holds what is no list of orders")]
    Json {
        path: PathBuf,
        #[source]
        source: serde_json::Error,
    },
    #[error("line {line} of {path} is no order: {reason}")]
    Line { path: PathBuf, line: usize, reason: String },
}

/// All orders of a file, and what tells its content from others. What ends in `.csv` is CSV.
pub(super) fn read(path: &Path) -> Result<(Vec<Order>, String), FileError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| FileError::Unreadable { path: path.to_owned(), source })?;
    let orders = if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv")) {
        let wrong = |(line, reason)| FileError::Line { path: path.to_owned(), line, reason };
        csv(&text).map_err(wrong)?
    } else {
        let wrong = |source| FileError::Json { path: path.to_owned(), source };
        serde_json::from_str(&text).map_err(wrong)?
    };
    let digest = Sha256::digest(text.as_bytes());
    Ok((orders, digest.iter().map(|byte| format!("{byte:02x}")).collect()))
}

/// The orders, or the number of the line that is at fault.
fn csv(text: &str) -> Result<Vec<Order>, (usize, String)> {
    let mut lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let Some((header, _)) = lines.next() else { return Ok(Vec::new()) };
    let names = fields(header);
    let order = |(line, number)| order(&names, fields(line)).map_err(|reason| (number, reason));
    lines.map(order).collect()
}

/// An order reads the same from JSON, which knows all that is to be said of its fields.
fn order(names: &[String], values: Vec<String>) -> Result<Order, String> {
    if values.len() != names.len() {
        return Err(format!("it has {} fields, and the first line {}", values.len(), names.len()));
    }
    let mut members = Map::new();
    for (name, value) in names.iter().zip(values).filter(|(_, value)| !value.is_empty()) {
        let is_id = IDS.contains(&name.as_str());
        let id = if is_id { value.parse::<i64>().ok() } else { None };
        members.insert(name.clone(), id.map_or(Value::String(value), Value::from));
    }
    let text = Value::Object(members).to_string();
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

/// The fields of a line. One in quotes may hold commas, and a quote as two.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field).trim().to_owned()),
            other => field.push(other),
        }
    }
    fields.push(field.trim().to_owned());
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"[{"portfolioId": "p", "securityId": "s", "orderTypeId": 1,
        "quantity": 5.5, "limitPrice": 0.00000001, "clientOrderId": "a, \"b\""},
        {"portfolioId": "q", "securityId": "t", "orderTypeId": 2, "quantity": 1, "blotterId": 3}]"#;

    const CSV: &str = "portfolioId,securityId,orderTypeId,quantity,limitPrice,clientOrderId,blotterId\n\
        p,s,1,5.5,0.00000001,\"a, \"\"b\"\"\",\n\n\
        q, t ,2,1,,,3\n";

    fn from(name: &str, text: &str) -> Result<Vec<Order>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        read(&path)
            .map(|(orders, _)| orders)
            .map_err(|error| error.to_string().replace(&path.display().to_string(), name))
    }

    #[test]
    fn both_kinds_of_file_say_the_same() {
        let orders = from("orders.json", JSON).unwrap();

        assert_eq!(from("orders.CSV", CSV).unwrap(), orders);
        assert_eq!(orders.len(), 2);
        assert_eq!(orders[0].client_order_id.as_deref(), Some("a, \"b\""));
        assert_eq!(orders[1].blotter_id, 3);
    }

    #[test]
    fn the_line_at_fault_is_named() {
        let table = [
            (
                "quantity\n1,2\n",
                "line 2 of o.csv is no order: it has 2 fields, and the first line 1",
            ),
            ("quantity\n\n1\n", "line 3 of o.csv is no order: missing field `portfolioId`"),
        ];
        for (text, expected) in table {
            let error = from("o.csv", text).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
        assert_eq!(from("o.json", "{}").unwrap_err(), "o.json holds what is no list of orders");
        assert_eq!(from("o.csv", "").unwrap(), []);
    }
}
