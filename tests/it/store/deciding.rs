//! What operators decide about letters is done in one commit with its lines in the audit.

use uuid::Uuid;
use weir::domain::audit::{AuditQuery, Subject};
use weir::domain::decision::{Decided, Decision, NotDecided};
use weir::domain::letter::{LetterQuery, LetterState, Rest, Settlement, Trouble};
use weir::domain::order::Order;
use weir::ports::journal::Journal;
use weir::ports::library::Library;
use weir::ports::post::Post;
use weir::store::Store;

use super::mail::{at, collect, decide, kept, letters, mail, ruling, settle};
use super::shelf::{LANE, assert_tallies_are_true, fresh, order};
use crate::support::{Kind, on_both};

on_both! {
    discarded_letter_frees_its_orders_and_says_why,
    letters_that_go_on_are_due_when_they_were_told_to_be,
    nothing_becomes_of_a_letter_that_is_held_gone_or_in_doubt,
    the_second_word_about_a_letter_hears_of_the_first,
    letters_are_found_by_what_is_known_of_them,
}

const DISCARD: Decision = Decision::Discard { force: false };

/// A letter of orders from `first` on, with three of them, in this state.
async fn letter(store: &Store, first: i64, state: LetterState, trouble: Trouble) -> Uuid {
    let mail = mail(first..first + 3, Some(Uuid::now_v7()));
    store.record(LANE, std::slice::from_ref(&mail)).await.unwrap();
    let id = mail.letters[0].id;
    let rest = kept(id, 1, state, first..first + 3);
    let Rest::Kept { undecided, due_at, .. } = rest.rest else { unreachable!("it is kept") };
    let last_error = Some(format!("ATTEMPTS_EXHAUSTED: 100% of {first} failed"));
    let rest = Rest::Kept { state, undecided, attempts: 7, due_at, trouble, last_error };
    settle(store, Settlement { rest, ..kept(id, 1, state, []) }).await;
    id
}

async fn dead(store: &Store, first: i64) -> Uuid {
    letter(store, first, LetterState::Dead, Trouble::default()).await
}

fn doubtful(ids: &[i64]) -> Trouble {
    Trouble { doubtful: ids.to_vec(), tainted: true, ..Trouble::default() }
}

/// The lines about letters, the oldest first: target, action, before, after.
async fn lines(store: &Store) -> Vec<[String; 4]> {
    let kind = Some(Subject::Letter.label().to_owned());
    let query = AuditQuery { kind, limit: 99, ..AuditQuery::default() };
    let lines = store.audit(&query).await.unwrap().into_iter().rev();
    let text = |text: Option<String>| text.unwrap_or_default();
    lines
        .map(|line| line.deed)
        .map(|deed| [deed.target, deed.action, text(deed.before), text(deed.after)])
        .collect()
}

async fn discarded_letter_frees_its_orders_and_says_why(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let (gone, stays) = (dead(&store, 1).await, dead(&store, 4).await);

    let decided = decide(&store, DISCARD, &[gone], at(50)).await;

    let [Ok(Decided::Discarded(letter))] = &decided[..] else { panic!("{decided:?}") };
    assert_eq!((letter.id, &letter.undecided), (gone, &vec![1, 2, 3]));
    assert_eq!(letters(&database).await, ["3 1 7 4-6"]);
    assert_eq!(store.orders_by_id(&[1, 2, 3]).await, Ok([1, 2, 3].map(order).to_vec()));
    let in_letter = Order { letter_id: Some(stays), ..order(4) };
    assert_eq!(store.order(4).await, Ok(Some(in_letter)));
    let told = database.texts("SELECT last_error FROM orders WHERE id < 4").await;
    assert_eq!(told, ["discarded by an operator: a drill"; 3]);
    let batch = letter.batch_id;
    let error = "last error: ATTEMPTS_EXHAUSTED: 100% of 1 failed";
    let before = format!("dead, batch {batch}, attempts 7, orders [1, 2, 3], {error}");
    let line = [&gone.to_string(), "DISCARD", &before, "gone, its orders are free"];
    assert_eq!(lines(&store).await, [line.map(str::to_owned)]);
    assert_tallies_are_true(&database).await;
}

async fn letters_that_go_on_are_due_when_they_were_told_to_be(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let first = dead(&store, 1).await;
    let second = letter(&store, 4, LetterState::Dead, doubtful(&[5])).await;
    let third = letter(&store, 7, LetterState::Waiting, Trouble::default()).await;
    let mut ruling = ruling(Decision::Requeue, &[first, second, third], at(50));
    ruling.letters[1].1 = at(60);

    let decided = store.decide(&[ruling]).await.unwrap().remove(0);

    assert!(decided.iter().all(Result::is_ok), "{decided:?}");
    assert_eq!(letters(&database).await, ["0 1 0 1-3", "2 1 0 4-6", "0 1 7 7-9"]);
    let due = collect(&store, Uuid::now_v7(), at(50)).await;
    let mut taken: Vec<_> = due.loads.iter().map(|load| load.letter.id).collect();
    taken.sort_unstable();
    assert_eq!((taken, due.next_due), (vec![first, third], Some(at(60))));
    let later = collect(&store, Uuid::now_v7(), at(60)).await.loads;
    assert_eq!((later.len(), later[0].letter.state), (1, LetterState::Reconcile));
    assert_eq!(later[0].letter.trouble, doubtful(&[5]));
    let told: Vec<_> = lines(&store).await.into_iter().map(|[_, action, ..]| action).collect();
    assert_eq!(told, ["REQUEUE"; 3]);
}

async fn nothing_becomes_of_a_letter_that_is_held_gone_or_in_doubt(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let held = mail(1..=3, Some(Uuid::now_v7()));
    store.record(LANE, std::slice::from_ref(&held)).await.unwrap();
    let (held, missing) = (held.letters[0].id, Uuid::now_v7());
    let in_doubt = letter(&store, 4, LetterState::Dead, doubtful(&[4])).await;
    let waits = letter(&store, 7, LetterState::Waiting, Trouble::default()).await;
    let before = letters(&database).await;

    let decided = decide(&store, DISCARD, &[held, missing, in_doubt, waits], at(50)).await;

    let expected = [
        NotDecided::Busy { id: held },
        NotDecided::Missing { id: missing },
        NotDecided::InDoubt { id: in_doubt },
        NotDecided::NotDead { id: waits },
    ];
    assert_eq!(decided, expected.map(Err));
    assert_eq!(letters(&database).await, before);
    assert_eq!(lines(&store).await, Vec::<[String; 4]>::new());
    let force = Decision::Discard { force: true };
    assert!(decide(&store, force, &[in_doubt], at(50)).await[0].is_ok());
}

async fn the_second_word_about_a_letter_hears_of_the_first(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let (one, two) = (dead(&store, 1).await, dead(&store, 4).await);
    let words = [
        ruling(Decision::Requeue, &[one], at(50)),
        ruling(DISCARD, &[one, two], at(50)),
        ruling(Decision::Requeue, &[two], at(50)),
    ];

    let decided = store.decide(&words).await.unwrap();

    assert!(decided[0][0].is_ok() && decided[1][1].is_ok());
    assert_eq!(decided[1][0], Err(NotDecided::NotDead { id: one }));
    assert_eq!(decided[2], [Err(NotDecided::Missing { id: two })]);
    assert_eq!(letters(&database).await, ["0 1 0 1-3"]);
    assert_eq!(lines(&store).await.len(), 2);
}

async fn letters_are_found_by_what_is_known_of_them(kind: Kind) {
    let (_database, store) = fresh(kind).await;
    let first = dead(&store, 1).await;
    let second = letter(&store, 4, LetterState::Waiting, Trouble::default()).await;
    let third = dead(&store, 7).await;
    let found = store.letter(second).await.unwrap().unwrap();
    let all = LetterQuery { limit: 9, ..LetterQuery::default() };
    let error = |part: &str| LetterQuery { error: Some(part.to_owned()), ..all.clone() };
    let client = |name| LetterQuery { client: Some(super::mail::client(name)), ..all.clone() };

    let table = [
        (all.clone(), vec![first, second, third]),
        (LetterQuery { limit: 2, ..all.clone() }, vec![first, second]),
        (LetterQuery { after: Some(first), ..all.clone() }, vec![second, third]),
        (LetterQuery { state: Some(LetterState::Dead), ..all.clone() }, vec![first, third]),
        (LetterQuery { batch: Some(found.batch_id), ..all.clone() }, vec![second]),
        (
            LetterQuery { created_before: Some(found.created_at), ..all.clone() },
            vec![first, second, third],
        ),
        (LetterQuery { created_before: Some(at(-9)), ..all.clone() }, vec![]),
        (client("desk-7"), vec![first, second, third]),
        (client("DESK-7"), vec![]),
        (error("attempts_exhausted"), vec![first, second, third]),
        (error("100% of 7"), vec![third]),
        (error("100_ of 7"), vec![]),
        (error("%"), vec![first, second, third]),
    ];
    for (query, expected) in table {
        let found = store.letters(&query).await.unwrap();
        let found: Vec<_> = found.into_iter().map(|letter| letter.id).collect();
        assert_eq!(found, expected, "{query:?}");
    }
    assert_eq!(store.letter(Uuid::now_v7()).await, Ok(None));
}
