//! Pauses stand until they are taken down, and letters of a paused client are brought to nobody.

use uuid::Uuid;
use weir::domain::audit::{AuditQuery, Signature};
use weir::domain::batch::Batch;
use weir::domain::pause::{Pause, Paused};
use weir::ports::board::Board;
use weir::ports::journal::{Change, ChangeRefusal, Changed, Journal};
use weir::ports::library::Library;

use super::mail::{at, client, collect, ids, mail};
use super::shelf::{LANE, change, fresh};
use crate::support::{Kind, on_both};

on_both! {
    the_first_pause_of_a_thing_stands_until_somebody_resumes_it,
    letters_of_a_paused_client_are_brought_to_nobody,
}

fn signature(second: i64, operator: &str) -> Signature {
    Signature {
        at: at(second),
        operator: operator.to_owned(),
        reason: "a drill".to_owned(),
        instance: "here:8080".to_owned(),
    }
}

fn paused(name: &str) -> Paused {
    Paused::of("client", name).unwrap()
}

fn pause(what: &Paused, second: i64, operator: &str) -> Change {
    Change::Pause { paused: what.clone(), signature: signature(second, operator) }
}

async fn the_first_pause_of_a_thing_stands_until_somebody_resumes_it(kind: Kind) {
    let (_database, store) = fresh(kind).await;
    let what = paused("a");
    let standing = Pause {
        paused: what.clone(),
        since: at(1),
        operator: "ann".to_owned(),
        reason: "a drill".to_owned(),
    };

    let first = change(&store, pause(&what, 1, "ann")).await;
    let second = change(&store, pause(&what, 2, "bob")).await;
    change(&store, pause(&Paused::Destination, 3, "ann")).await.unwrap();

    assert_eq!(first, Ok(Changed::Paused(standing.clone())));
    assert_eq!(second, Ok(Changed::Paused(standing.clone())));
    let stand = store.pauses().await.unwrap();
    assert_eq!((stand.len(), &stand[0], &stand[1].paused), (2, &standing, &Paused::Destination));
    let resume = Change::Resume { paused: what.clone(), signature: signature(4, "bob") };
    assert_eq!(change(&store, resume.clone()).await, Ok(Changed::Removed));
    assert_eq!(change(&store, resume).await, Err(ChangeRefusal::NotPaused { paused: what }));
    assert_eq!(store.pauses().await.unwrap().len(), 1);
    let lines = store.audit(&AuditQuery { limit: 9, ..AuditQuery::default() }).await.unwrap();
    let told: Vec<_> = lines
        .iter()
        .map(|line| (line.deed.kind.as_str(), line.deed.action.as_str(), line.signature.at))
        .collect();
    let expected =
        [("client", "RESUME", at(4)), ("destination", "PAUSE", at(3)), ("client", "PAUSE", at(1))];
    assert_eq!(told, expected);
}

async fn letters_of_a_paused_client_are_brought_to_nobody(kind: Kind) {
    let (_database, store) = fresh(kind).await;
    let of = |name: &str, first: i64| Batch { client: client(name), ..mail([first], None) };
    store.record(LANE, &[of("a", 1), of("a", 2), of("b", 3)]).await.unwrap();
    change(&store, pause(&paused("a"), 1, "ann")).await.unwrap();

    let collected = collect(&store, Uuid::now_v7(), at(50)).await;

    assert_eq!(collected.loads.iter().map(|load| ids(&load.orders)).collect::<Vec<_>>(), [[3]]);
    assert_eq!((collected.more, collected.next_due), (false, None));
    let count = async |names: &[&str]| {
        let clients: Vec<_> = names.iter().map(|name| client(name)).collect();
        store.letters_in_line(&clients).await.unwrap()
    };
    assert_eq!([count(&["a"]).await, count(&["b"]).await, count(&["a", "c"]).await], [2, 0, 2]);
    let resume = Change::Resume { paused: paused("a"), signature: signature(2, "ann") };
    change(&store, resume).await.unwrap();
    assert_eq!(collect(&store, Uuid::now_v7(), at(50)).await.loads.len(), 2);
}
