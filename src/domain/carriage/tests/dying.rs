//! Workers that die with letters in hand.

use super::*;

fn killed(carriage: &mut Carriage) -> Vec<Settlement> {
    carriage.killed(NOW, 1.0)
}

#[test]
fn what_was_being_sent_is_doubtful_and_goes_one_by_one() {
    let mut carriage = carriage([letter(1..=3), letter(11..=12)]);
    carriage.next_step();
    carriage.hears(refused(None));
    carriage.calls();

    let done = killed(&mut carriage);

    assert_eq!(short(&done[0]), kept(&[], &[], LetterState::Reconcile, &[1, 2, 3]));
    let expected = Trouble {
        doubtful: vec![1, 2, 3],
        quiet_at: Some(seconds(50)),
        absences: 0,
        part_max: Some(1),
        tainted: true,
        kills: 1,
    };
    let (attempts, due_at, trouble, _) = rest(&done[0]);
    assert_eq!((attempts, due_at, trouble), (1, seconds(1), expected));
    // The other one was not in the call.
    assert_eq!(short(&done[1]), kept(&[], &[], LetterState::Waiting, &[11, 12]));
    assert_eq!((rest(&done[1]).1, rest(&done[1]).2), (NOW, Trouble::default()));
    assert_eq!(killed(&mut carriage), done, "and is dead only once");
}

#[test]
fn the_third_death_puts_the_suspects_aside_and_their_neighbours_go_on() {
    let trouble = Trouble { part_max: Some(1), tainted: true, kills: 2, ..Trouble::default() };
    let mut carriage = carriage([Letter { trouble, attempts: 2, ..letter(1..=3) }]);
    assert_eq!(carriage.calls(), [1]);
    carriage.hears(all_taken(&[1]));
    assert_eq!(carriage.calls(), [2]);

    let done = killed(&mut carriage).remove(0);

    let expected = kept(&[], &[], LetterState::Waiting, &[3]);
    assert_eq!(short(&done), Written { severed: vec![2], ..expected });
    assert_eq!((rest(&done).0, rest(&done).2.kills), (3, 0));
    let severed = done.severed.unwrap();
    assert!(severed.reason.starts_with("WORKER_KILLED: 3 "), "{}", severed.reason);
    assert_eq!(severed.trouble.doubtful, [2]);
    assert_eq!(severed.trouble.quiet_at, Some(seconds(50)));
}

#[test]
fn the_third_death_over_all_orders_of_a_letter_ends_it() {
    let trouble = Trouble { part_max: Some(1), tainted: true, kills: 2, ..Trouble::default() };
    let mut carriage = carriage([Letter { trouble, ..letter(1..=1) }]);
    carriage.calls();

    let done = killed(&mut carriage).remove(0);

    assert_eq!(short(&done), kept(&[], &[], LetterState::Dead, &[1]));
    assert_eq!(rest(&done).2.doubtful, [1]);
    assert!(rest(&done).3.starts_with("WORKER_KILLED: "));
}

#[test]
fn a_death_over_a_look_up_leaves_the_doubt() {
    let letter = doubtful(1..=3, &[1, 2]);
    let mut carriage = carriage([letter.clone()]);
    carriage.next_step();
    carriage.finds(Finding::Found(trade(1))).next_step();

    let done = killed(&mut carriage).remove(0);

    assert_eq!(short(&done), kept(&[1], &[], LetterState::Reconcile, &[2, 3]));
    let expected = Trouble { doubtful: vec![2], part_max: Some(1), kills: 1, ..letter.trouble };
    assert_eq!((rest(&done).0, rest(&done).2), (1, expected));
}

#[test]
fn a_death_over_a_look_at_a_refused_order_leaves_it_in_doubt() {
    let trouble = Trouble { part_max: Some(1), tainted: true, ..Trouble::default() };
    let mut carriage = carriage([Letter { trouble, ..letter(1..=2) }]);
    carriage.calls();
    carriage.hears(refused(None));
    assert_eq!(carriage.next_step(), Step::LookUp(1));

    let done = killed(&mut carriage).remove(0);

    assert_eq!(short(&done), kept(&[], &[], LetterState::Reconcile, &[1, 2]));
    assert_eq!(rest(&done).2.doubtful, [1]);
}

#[test]
fn a_death_while_writing_says_again_what_was_decided() {
    let mut carriage = carriage([letter(1..=3)]);
    carriage.next_step();
    carriage.hears(refused(Some(0))).calls();
    let write = carriage.hears(refused(None)).next_step();
    let Step::Write(write) = write else { panic!("{write:?}") };

    let done = killed(&mut carriage).remove(0);

    assert_eq!(done.rejected, write[0].rejected);
    assert_eq!(short(&done), kept(&[], &[1], LetterState::Waiting, &[2, 3]));
    assert_eq!(rest(&done).2.kills, 1);
}

#[test]
fn a_death_over_the_last_word_says_it_again() {
    let mut carriage = carriage([letter(1..=3)]);
    carriage.next_step();
    let done = carriage.hears(all_taken(&[1, 2, 3])).done();

    assert_eq!(killed(&mut carriage), done);
}

#[test]
fn a_death_before_the_first_step_costs_nothing() {
    let mut carriage = carriage([letter(1..=3)]);

    let done = killed(&mut carriage).remove(0);

    assert_eq!(short(&done), kept(&[], &[], LetterState::Waiting, &[1, 2, 3]));
    assert_eq!((rest(&done).0, rest(&done).2), (0, Trouble::default()));
}
