//! The audit: what is added stands as it was written, and can be found again.

use uuid::Uuid;
use weir::domain::audit::{AuditLine, AuditQuery, Deed, Signature, Subject};
use weir::ports::journal::{Change, Changed};
use weir::ports::library::Library;
use weir::store::Store;

use super::mail::at;
use super::shelf::{change, fresh};
use crate::support::{Kind, on_both};

on_both! {
    lines_come_back_the_newest_first_and_as_they_were_written,
    the_database_lets_nobody_change_or_remove_a_line,
}

fn line(second: i64, operator: &str, target: &str) -> AuditLine {
    let signature = Signature {
        at: at(second),
        operator: operator.to_owned(),
        reason: "a drill".to_owned(),
        instance: "here:8080".to_owned(),
    };
    let deed = Deed::new(Subject::Breaker, target, "RESET");
    AuditLine { id: Uuid::now_v7(), signature, deed }
}

async fn note(store: &Store, line: &AuditLine) {
    assert_eq!(change(store, Change::Note(line.clone())).await, Ok(Changed::Noted));
}

async fn lines_come_back_the_newest_first_and_as_they_were_written(kind: Kind) {
    let (_database, store) = fresh(kind).await;
    let first = line(1, "ann", "pool");
    let second = AuditLine {
        deed: line(2, "", "trade").deed.changing("CLOSED", "it's \"open\""),
        ..line(2, "bob", "trade")
    };
    let third = line(3, "ann", "trade");
    for line in [&first, &second, &third] {
        note(&store, line).await;
    }
    let all = AuditQuery { limit: 9, ..AuditQuery::default() };
    let text = |text: &str| Some(text.to_owned());

    let table = [
        (all.clone(), vec![&third, &second, &first]),
        (AuditQuery { limit: 2, ..all.clone() }, vec![&third, &second]),
        (AuditQuery { before: Some(second.id), ..all.clone() }, vec![&first]),
        (AuditQuery { since: Some(at(2)), ..all.clone() }, vec![&third, &second]),
        (AuditQuery { operator: text("ann"), ..all.clone() }, vec![&third, &first]),
        (AuditQuery { target: text("trade"), operator: text("bob"), ..all.clone() }, vec![&second]),
        (AuditQuery { kind: text("breaker"), ..all.clone() }, vec![&third, &second, &first]),
        (AuditQuery { kind: text("letter"), ..all.clone() }, vec![]),
    ];
    for (query, expected) in table {
        let found = store.audit(&query).await.unwrap();
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{query:?}");
    }
}

async fn the_database_lets_nobody_change_or_remove_a_line(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let line = line(1, "ann", "pool");
    note(&store, &line).await;

    for statement in ["UPDATE audit SET operator = 'bob'", "DELETE FROM audit"] {
        assert!(database.refuses(statement).await, "{statement}");
    }

    let all = AuditQuery { limit: 9, ..AuditQuery::default() };
    assert_eq!(store.audit(&all).await, Ok(vec![line]));
}
