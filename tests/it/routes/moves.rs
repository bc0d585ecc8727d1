//! The transition table of Appendix A 5, whole: from each status to each.

use std::fmt::Write as _;

use serde_json::json;

use super::desk::{Desk, at, problem};
use super::orders::{STATUSES, order, order_with, status, view_with};
use crate::support::{Kind, on_both};

on_both! {
    a_status_moves_along_the_table_and_nowhere_else,
}

/// As the contract writes it; SENT is reached by a submission alone.
const TABLE: [(&str, &[&str]); 10] = [
    ("NEW", &["HOLD", "CNCLD", "DEL"]),
    ("SENT", &["WORK", "PART", "FULL", "CNCL"]),
    ("WORK", &["PART", "FULL", "CNCL"]),
    ("FULL", &[]),
    ("PART", &["FULL", "CPART", "CNCL"]),
    ("HOLD", &["NEW", "CNCLD", "DEL"]),
    ("CNCL", &["CNCLD", "CPART", "FULL"]),
    ("CNCLD", &[]),
    ("CPART", &[]),
    ("DEL", &[]),
];

/// (46, 47)
async fn a_status_moves_along_the_table_and_nowhere_else(kind: Kind) {
    let desk = Desk::open(kind).await;
    let ids = desk.create_all(&json!(vec![order(); 100])).await;
    let mut sql = String::new();
    for (place, id) in ids.iter().enumerate() {
        let from = place / 10 + 1;
        writeln!(sql, "UPDATE orders SET status_id = {from} WHERE id = {id};").unwrap();
    }
    desk.weir.database.execute(&sql).await;

    for (place, id) in ids.iter().enumerate() {
        let (from, to) = (place / 10 + 1, place % 10 + 1);
        let (from_name, to_name) = (STATUSES[from - 1].0, STATUSES[to - 1].0);
        let successors = TABLE[from - 1].1;
        assert_eq!(TABLE[from - 1].0, from_name);
        let path = format!("/api/v1/order/{id}");

        let answer = desk.put(&path, &order_with(json!({"statusId": to}))).await;

        let read = desk.get(&path).await.expect(200).body;
        if from == to || successors.contains(&to_name) {
            let moved = json!({"status": status(to), "version": 2});
            let expected = view_with(*id, moved);
            assert_eq!(answer.expect(200).body, expected, "{from_name} to {to_name}");
            assert_eq!(read, expected);
            continue;
        }
        let message = match (from_name, to_name) {
            ("NEW", "SENT") => "An order becomes SENT only by submitting it".to_owned(),
            _ if successors.is_empty() => format!("An order that is {from_name} stays {from_name}"),
            _ => {
                let successors = successors.join(", ");
                format!("An order that is {from_name} can become {successors}, not {to_name}")
            }
        };
        let expected = at("INVALID_ORDER_STATE", message, "statusId");
        assert_eq!(problem(&answer.expect(409)), expected, "{from_name} to {to_name}");
        assert_eq!(read, view_with(*id, json!({"status": status(from)})), "nothing was written");
    }
}
