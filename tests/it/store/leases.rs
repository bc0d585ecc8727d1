//! Leases: who is gone holds nothing, and what it held is looked up before it is sent again.

use uuid::Uuid;
use weir::domain::letter::{LetterState, Rest, Settled, Settlement, Trouble};
use weir::ports::journal::Journal;
use weir::ports::post::{Leases, Post};

use super::mail::{at, kept, letters, mail, sent, settle};
use super::shelf::{LANE, assert_tallies_are_true, fresh, fresh_with, serving};
use crate::support::{Database, Kind, on_both};

on_both! {
    letters_of_an_ended_epoch_are_to_be_reconciled,
    what_a_letter_said_of_its_call_is_believed,
    nobody_takes_back_from_the_living,
    letters_of_a_holder_that_nobody_knows_are_taken_back,
    thousands_of_letters_are_taken_back,
    next_start_of_an_instance_ends_the_one_before,
    entering_again_changes_nothing,
    holders_are_forgotten_when_nothing_of_theirs_is_left,
    a_lease_is_as_long_as_it_is_set,
}

async fn holders(database: &Database) -> Vec<String> {
    let ended = "CASE WHEN ended THEN 'ended' ELSE 'alive' END";
    database.texts(&format!("SELECT instance || ' ' || {ended} FROM holders ORDER BY epoch")).await
}

/// On SQLite another process never lives beside us; a row that says so stands for one.
async fn enter_beside(database: &Database, epoch: Uuid, instance: &str) {
    let id = match database.kind {
        Kind::Sqlite => format!("x'{}'", epoch.simple()),
        Kind::Postgres => format!("'{epoch}'"),
    };
    let never = i64::MAX;
    let values = format!("{id}, '{instance}', 0, {never}, false");
    let into = "INSERT INTO holders (epoch, instance, started_at, expires_at, ended)";
    database.execute(&format!("{into} VALUES ({values})")).await;
}

async fn letters_of_an_ended_epoch_are_to_be_reconciled(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let (gone, mine) = (Uuid::now_v7(), Uuid::now_v7());
    store.enter(gone, "weir-1").await.unwrap();
    let mail = mail(1..=30, Some(gone));
    store.record(LANE, std::slice::from_ref(&mail)).await.unwrap();
    store.leave(gone).await.unwrap();
    store.enter(mine, "weir-2").await.unwrap();

    assert_eq!(store.take_back(mine, at(77)).await, Ok(2));
    assert_eq!(store.take_back(mine, at(99)).await, Ok(0));

    assert_eq!(letters(&database).await, ["2 1 1 1-25", "2 1 1 26-30"]);
    let found = store.letters_of(&[1]).await.unwrap().remove(0);
    let doubtful: Vec<i64> = (1..=25).collect();
    let (quiet_at, tainted) = (Some(at(77)), true);
    let trouble = Trouble { doubtful, quiet_at, tainted, ..Trouble::default() };
    assert_eq!(found.trouble, trouble);
    assert!(found.last_error.unwrap().contains("ended"));
    // Who held it may still write: it is too late.
    assert_eq!(settle(&store, sent(mail.letters[0].id, 1, 1..=25)).await, Settled::Stale);
    assert_eq!(
        settle(&store, kept(mail.letters[1].id, 1, LetterState::Waiting, 26..=30)).await,
        Settled::Stale
    );
    let now = store.letters_of(&[30]).await.unwrap()[0].due_at;
    let taken = super::mail::collect(&store, mine, now).await.loads;
    assert_eq!(taken.len(), 2);
    assert!(taken.iter().all(|load| load.letter.state == LetterState::Reconcile));
    assert_eq!(store.take_back(mine, at(99)).await, Ok(0));
    assert_tallies_are_true(&database).await;
}

async fn what_a_letter_said_of_its_call_is_believed(kind: Kind) {
    let (_database, store) = fresh(kind).await;
    let (gone, mine) = (Uuid::now_v7(), Uuid::now_v7());
    store.enter(mine, "weir-2").await.unwrap();
    let mails: Vec<_> = [1..=4, 5..=8].map(|ids| mail(ids, Some(gone))).to_vec();
    store.record(LANE, &mails).await.unwrap();
    let say = |place: usize, trouble: Trouble| {
        let letter = &mails[place].letters[0];
        let rest = Rest::Kept {
            state: LetterState::Held,
            undecided: letter.undecided.clone(),
            attempts: 3,
            due_at: at(1),
            trouble,
            last_error: None,
        };
        Settlement { rest, ..sent(letter.id, 1, []) }
    };
    let in_a_call = Trouble {
        doubtful: vec![2],
        part_max: Some(1),
        quiet_at: Some(at(5)),
        absences: 1,
        ..Trouble::default()
    };
    let between_calls = Trouble { part_max: Some(2), ..Trouble::default() };
    store.settle(LANE, &[say(0, in_a_call.clone()), say(1, between_calls.clone())]).await.unwrap();

    assert_eq!(store.take_back(mine, at(77)).await, Ok(2));

    let quiet_at = Some(at(77));
    let found = store.letters_of(&[1, 5]).await.unwrap();
    let expected = Trouble { quiet_at, absences: 0, tainted: true, ..in_a_call };
    assert_eq!((found[0].attempts, &found[0].trouble), (4, &expected));
    // It would have said which orders it was about to send: it may go on at once.
    assert_eq!((found[1].attempts, &found[1].trouble), (3, &between_calls));
    let states = found.iter().map(|letter| letter.state);
    assert_eq!(states.collect::<Vec<_>>(), [LetterState::Reconcile, LetterState::Waiting]);
}

async fn nobody_takes_back_from_the_living(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let mine = Uuid::now_v7();
    store.enter(mine, "weir-1").await.unwrap();
    store.record(LANE, &[mail([1], Some(mine)), mail([2], None)]).await.unwrap();
    if kind == Kind::Postgres {
        let other = Uuid::now_v7();
        store.enter(other, "weir-2").await.unwrap();
        store.record(LANE, &[mail([3], Some(other))]).await.unwrap();
    }
    let before = letters(&database).await;

    assert_eq!(store.take_back(mine, at(77)).await, Ok(0));

    assert_eq!(letters(&database).await, before);
    assert_eq!(store.renew(mine).await, Ok(true));
    // Whoever has no row at all is gone, except the one who asks.
    let stranger = Uuid::now_v7();
    store.record(LANE, &[mail([4], Some(stranger))]).await.unwrap();
    assert_eq!(store.held(stranger).await.unwrap().len(), 1);
    assert_eq!(store.take_back(mine, at(77)).await, Ok(1));
    assert_eq!(store.held(stranger).await, Ok(Vec::new()));
    assert_eq!(store.held(mine).await.unwrap().len(), 1);
}

async fn letters_of_a_holder_that_nobody_knows_are_taken_back(kind: Kind) {
    let (database, store) = fresh(kind).await;
    store.record(LANE, &[mail([1], Some(Uuid::now_v7()))]).await.unwrap();
    store.record(LANE, &[mail([2], Some(Uuid::now_v7()))]).await.unwrap();
    database.execute("UPDATE letters SET holder = NULL WHERE undecided = '2'").await;

    assert_eq!(store.take_back(Uuid::now_v7(), at(77)).await, Ok(2));

    assert_eq!(letters(&database).await, ["2 1 1 1", "2 1 1 2"]);
}

async fn thousands_of_letters_are_taken_back(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let mails: Vec<_> = (0..1201).map(|n| mail([n + 1], Some(Uuid::from_u128(9)))).collect();
    store.record(LANE, &mails).await.unwrap();

    assert_eq!(store.take_back(Uuid::now_v7(), at(77)).await, Ok(1201));

    assert_eq!(database.number("SELECT count(*) FROM letters WHERE state = 2").await, 1201);
    assert_eq!(database.number("SELECT count(*) FROM letters WHERE attempts = 1").await, 1201);
}

async fn next_start_of_an_instance_ends_the_one_before(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let [first, other, second] = [1, 2, 3].map(|_| Uuid::now_v7());
    store.enter(first, "weir-1").await.unwrap();
    enter_beside(&database, other, "weir-2").await;

    store.enter(second, "weir-1").await.unwrap();

    assert_eq!(store.renew(first).await, Ok(false));
    assert_eq!(store.renew(second).await, Ok(true));
    // The one process that has the file is alone; on a server there are others.
    assert_eq!(store.renew(other).await, Ok(kind == Kind::Postgres));
    assert_eq!(store.renew(Uuid::now_v7()).await, Ok(false));
}

async fn entering_again_changes_nothing(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let epoch = Uuid::now_v7();
    store.enter(epoch, "weir-1").await.unwrap();
    store.enter(epoch, "weir-1").await.unwrap();
    assert_eq!((store.renew(epoch).await, holders(&database).await.len()), (Ok(true), 1));

    store.leave(epoch).await.unwrap();
    store.leave(epoch).await.unwrap();
    store.enter(epoch, "weir-1").await.unwrap();

    assert_eq!(store.renew(epoch).await, Ok(false));
}

async fn holders_are_forgotten_when_nothing_of_theirs_is_left(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let [gone, mine] = [1, 2].map(|_| Uuid::now_v7());
    store.enter(gone, "weir-1").await.unwrap();
    store.record(LANE, &[mail([1], Some(gone))]).await.unwrap();
    store.enter(mine, "weir-1").await.unwrap();
    assert_eq!(holders(&database).await, ["weir-1 ended", "weir-1 alive"]);

    store.take_back(mine, at(77)).await.unwrap();

    assert_eq!(holders(&database).await, ["weir-1 alive"]);
}

#[actix_web::test]
async fn lease_that_nobody_renews_ends_by_the_databases_clock() {
    if !Kind::Postgres.is_available() {
        return;
    }
    let (database, store) = fresh(Kind::Postgres).await;
    let other = serving(&database, &[]).await;
    let [slow, mine] = [1, 2].map(|_| Uuid::now_v7());
    store.enter(slow, "weir-1").await.unwrap();
    other.enter(mine, "weir-2").await.unwrap();
    store.record(LANE, &[mail(1..=3, Some(slow))]).await.unwrap();
    let clock = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
    let left = format!("SELECT expires_at - {clock} FROM holders WHERE instance = 'weir-1'");
    let whole = database.number(&left).await;
    assert!((10_000_000..=15_000_000).contains(&whole), "{whole}");
    let end = |micros: i64| {
        format!("UPDATE holders SET expires_at = {clock} + {micros} WHERE instance = 'weir-1'")
    };

    database.execute(&end(5_000_000)).await;
    assert_eq!(other.take_back(mine, at(77)).await, Ok(0));
    assert_eq!(store.renew(slow).await, Ok(true));
    assert!(database.number(&left).await > 10_000_000);
    database.execute(&end(-1)).await;

    assert_eq!(store.renew(slow).await, Ok(false));
    assert_eq!(other.take_back(mine, at(77)).await, Ok(1));
    assert_eq!(letters(&database).await, ["2 1 1 1-3"]);
    assert_eq!(store.renew(slow).await, Ok(false));
}

#[actix_web::test]
async fn lease_in_a_file_never_ends() {
    let (database, store) = fresh(Kind::Sqlite).await;
    let epoch = Uuid::now_v7();
    store.enter(epoch, "weir-1").await.unwrap();
    store.record(LANE, &[mail([1], Some(epoch))]).await.unwrap();
    database.execute("UPDATE holders SET expires_at = 0").await;

    assert_eq!(store.take_back(epoch, at(77)).await, Ok(0));
    assert_eq!(store.renew(epoch).await, Ok(true));
}

async fn a_lease_is_as_long_as_it_is_set(kind: Kind) {
    let (database, store) = fresh_with(kind, &[("mailbox.lease", "61s")]).await;
    let mine = Uuid::now_v7();

    store.enter(mine, "weir-1").await.unwrap();

    let length = "SELECT expires_at - started_at FROM holders";
    assert_eq!(database.number(length).await, 61_000_000);
    assert_eq!(store.renew(mine).await, Ok(true));
    assert!(database.number(length).await >= 61_000_000);
}
