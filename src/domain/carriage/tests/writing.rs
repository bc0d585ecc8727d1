//! What is written on the way, what is let go, and letters that somebody else has.

use super::*;
use crate::domain::letter::Severed;

#[test]
fn a_letter_that_has_another_holder_is_dropped() {
    let mut carriage = carriage([letter(1..=2), letter(11..=14)]);
    carriage.next_step();
    carriage.hears(refused(None)).next_step();
    carriage.hears(all_taken(&[1, 2])).next_step();
    carriage.hears(refused(None));
    let step = carriage.next_step();
    let Step::Write(settlements) = step else { panic!("{step:?}") };
    assert_eq!(
        settlements.iter().map(short).collect::<Vec<_>>(),
        [kept(&[], &[], LetterState::Held, &[11, 12, 13, 14]), closed(&[1, 2], &[])],
        "what is over is written along"
    );

    carriage.written(&[Settled::Stale, Settled::Done]);

    assert_eq!(carriage.next_step(), Step::Done(vec![]));
}

#[test]
fn a_letter_of_whose_settlement_nothing_was_heard_is_dropped() {
    let mut carriage = carriage([letter(1..=2)]);
    carriage.next_step();
    carriage.hears(refused(None)).next_step();

    carriage.written(&[]);

    assert_eq!(carriage.next_step(), Step::Done(vec![]));
}

#[test]
fn the_places_of_other_letters_survive_one_that_is_dropped() {
    let part = Trouble { part_max: Some(1), ..Trouble::default() };
    let letters = [1..=1, 11..=11, 21..=21];
    let mut carriage =
        carriage(letters.map(|orders| Letter { trouble: part.clone(), ..letter(orders) }));
    carriage.next_step();
    carriage.written(&[Settled::Stale]);

    assert_eq!(carriage.calls(), [11]);
    carriage.hears(all_taken(&[11]));
    assert_eq!(carriage.calls(), [21]);
    let done = carriage.hears(all_taken(&[21])).last();
    assert_eq!(done.sent, [(21, 1021)]);
}

#[test]
fn what_may_not_go_is_let_go_as_it_was() {
    let tainted = Trouble { part_max: Some(2), tainted: true, ..Trouble::default() };
    let table = [
        letter(1..=2),
        Letter { attempts: 40, trouble: tainted, ..letter(1..=2) },
        doubtful(1..=3, &[2]),
    ];
    for before in table {
        let mut carriage = carriage([before.clone()]);
        carriage.next_step();

        carriage.let_go("the breaker is open", Duration::from_secs(7), NOW);

        let done = carriage.last();
        let in_doubt = !before.trouble.doubtful.is_empty();
        let state = if in_doubt { LetterState::Reconcile } else { LetterState::Waiting };
        assert_eq!(short(&done), kept(&[], &[], state, &before.undecided));
        let reason = "the breaker is open".to_owned();
        assert_eq!(rest(&done), (before.attempts, seconds(7), before.trouble, reason));
    }
}

#[test]
fn what_is_decided_is_not_let_go() {
    let mut carriage = carriage([letter(1..=2), letter(11..=12)]);
    carriage.next_step();
    carriage.hears(refused(None)).next_step();
    carriage.hears(all_taken(&[1, 2])).next_step();

    carriage.let_go("the breaker is open", Duration::ZERO, NOW);
    let done = carriage.done();

    let expected = [closed(&[1, 2], &[]), kept(&[], &[], LetterState::Waiting, &[11, 12])];
    assert_eq!(done.iter().map(short).collect::<Vec<_>>(), expected);
    carriage.let_go("again", Duration::ZERO, NOW);
    assert_eq!(carriage.done(), done);
}

#[test]
fn loads_of_which_nothing_came_go_back_as_they_were() {
    let loads = vec![load(letter(11..=12)), load(letter(1..=3))];
    let mut untouched = Carriage::new(loads.clone(), RULES);
    untouched.next_step();
    let mut touched = Carriage::new(loads.clone(), RULES);
    touched.next_step();
    touched.hears(refused(None));

    assert!(untouched.untouched() && !touched.untouched());
    assert_eq!(untouched.into_loads(), loads);
}

#[test]
fn orders_that_nobody_brought_are_put_aside_loudly() {
    let mut load = load(doubtful(1..=3, &[2]));
    load.orders.remove(1);
    let mut carriage = Carriage::new(vec![load], RULES);
    assert!(!carriage.untouched());

    let write = carriage.writes();

    let expected = kept(&[], &[], LetterState::Held, &[1, 3]);
    assert_eq!(short(&write[0]), Written { severed: vec![2], ..expected });
    assert!(write[0].severed.clone().unwrap().reason.starts_with("ORDER_MISSING: "));
    assert_eq!(carriage.calls(), [1, 3]);
}

#[test]
fn severing_again_makes_the_same_letter_and_severing_another_does_not() {
    let severed = |orders: RangeInclusive<i64>, conflict: i64| -> Severed {
        let ids: Vec<_> = orders.clone().collect();
        let mut carriage = carriage([letter(orders)]);
        carriage.next_step();
        let trades = ids.iter().map(|id| match *id == conflict {
            true => foreign_trade(*id),
            false => trade(*id),
        });
        let mut trades: Vec<_> = trades.collect();
        trades.retain(|trade| trade.order_id != ids[2]);
        carriage.hears(Placing::Placed(trades)).last().severed.unwrap()
    };

    let first = severed(1..=3, 1);

    assert_eq!(severed(1..=3, 1), first);
    assert_eq!(first.letter_id.get_version_num(), 7);
    let others = [severed(1..=3, 2), severed(11..=13, 11), severed(2..=4, 2)];
    let mut ids: Vec<_> = others.iter().map(|severed| severed.letter_id).collect();
    ids.extend([first.letter_id, letter(1..=3).id]);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5, "{ids:?}");
}

#[test]
fn what_is_put_aside_is_written_before_anything_is_sent() {
    let mut letter = doubtful(1..=3, &[2, 3]);
    letter.trouble.absences = 1;
    let mut load = load(letter);
    load.orders.remove(0);
    let mut carriage = Carriage::new(vec![load], RULES);
    carriage.next_step();
    // The record tells these two already.
    carriage.finds(Finding::Absent);

    let expected = kept(&[], &[], LetterState::Held, &[2, 3]);
    assert_eq!(short(&carriage.writes()[0]), Written { severed: vec![1], ..expected });
    assert_eq!(carriage.calls(), [2, 3]);
}
