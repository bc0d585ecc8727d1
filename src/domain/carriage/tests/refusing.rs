//! Calls that are refused: cut until the guilty order stands alone.

use super::*;

#[test]
fn several_letters_are_cut_at_their_borders_first() {
    let mut carriage = carriage([letter(1..=2), letter(11..=12), letter(21..=22)]);

    assert_eq!(carriage.calls(), [1, 2, 11, 12, 21, 22]);
    carriage.hears(refused(Some(2)));
    // Whole letters: the records tell what is in the call.
    assert_eq!(carriage.next_step(), Step::Place(vec![1, 2]));
    carriage.hears(all_taken(&[1, 2]));
    assert_eq!(carriage.next_step(), Step::Place(vec![11, 12, 21, 22]));
    carriage.hears(refused(None));
    assert_eq!(carriage.next_step(), Step::Place(vec![11, 12]));
    carriage.hears(all_taken(&[11, 12]));
    assert_eq!(carriage.next_step(), Step::Place(vec![21, 22]));

    let done = carriage.hears(all_taken(&[21, 22])).done();

    let expected = [closed(&[1, 2], &[]), closed(&[11, 12], &[]), closed(&[21, 22], &[])];
    assert_eq!(done.iter().map(short).collect::<Vec<_>>(), expected);
}

#[test]
fn one_refused_order_of_a_letter_is_rejected_for_good() {
    let mut carriage = carriage([letter(1..=1)]);
    carriage.next_step();

    let done = carriage.hears(refused(Some(0))).last();

    assert_eq!(short(&done), closed(&[], &[1]));
    assert_eq!(done.rejected, [Rejection { order_id: 1, message: "no".into() }]);
}

#[test]
fn the_blamed_order_goes_alone_first_and_each_part_is_told_before_it_goes() {
    let mut carriage = carriage([letter(1..=4)]);
    carriage.next_step();
    carriage.hears(refused(Some(2)));

    let before = carriage.writes();
    assert_eq!(
        before.iter().map(short).collect::<Vec<_>>(),
        [kept(&[], &[], LetterState::Held, &[1, 2, 3, 4])]
    );
    let (attempts, _, trouble, _) = rest(&before[0]);
    assert_eq!(attempts, 0, "whoever takes it back counts the attempt");
    assert_eq!((trouble.doubtful, trouble.part_max), (vec![3], Some(3)));
    assert!(!trouble.tainted, "a refusal is definite");
    assert_eq!(carriage.next_step(), Step::Place(vec![3]));

    let before = carriage.hears(refused(Some(0))).writes();
    assert_eq!(short(&before[0]), kept(&[], &[3], LetterState::Held, &[1, 2, 4]));
    assert_eq!(rest(&before[0]).2.doubtful, [1, 2, 4]);
    assert_eq!(carriage.next_step(), Step::Place(vec![1, 2, 4]));

    let done = carriage.hears(all_taken(&[1, 2, 4])).last();
    assert_eq!(short(&done), closed(&[1, 2, 4], &[]), "what was written is not said again");
}

#[test]
fn a_hint_that_lied_or_makes_no_sense_gives_way_to_halves() {
    let mut carriage = carriage([letter(1..=5)]);
    carriage.next_step();

    carriage.hears(refused(Some(4)));
    assert_eq!(carriage.calls(), [5]);
    carriage.hears(all_taken(&[5]));
    assert_eq!(carriage.calls(), [1, 2, 3, 4]);
    carriage.hears(refused(Some(3)));
    assert_eq!(carriage.calls(), [1, 2]);
    carriage.hears(refused(Some(9)));
    assert_eq!(carriage.calls(), [1]);
    carriage.hears(refused(Some(0)));
    assert_eq!(carriage.calls(), [2]);
    carriage.hears(all_taken(&[2]));
    assert_eq!(carriage.calls(), [3, 4]);

    let done = carriage.hears(all_taken(&[3, 4])).last();
    assert_eq!(short(&done), closed(&[3, 4], &[]));
}

#[test]
fn a_letter_that_was_cut_remembers_the_size_of_its_parts() {
    let mut carriage = carriage([letter(1..=5)]);
    carriage.next_step();
    carriage.hears(refused(None)).writes();
    carriage.next_step();

    let done = carriage.hears(Placing::NotSent { reason: "down".into(), wait: None }).last();

    assert_eq!(short(&done), kept(&[], &[], LetterState::Waiting, &[1, 2, 3, 4, 5]));
    let (attempts, _, trouble, _) = rest(&done);
    assert_eq!(attempts, 1, "the refused call was made");
    assert_eq!(trouble, Trouble { part_max: Some(3), ..Trouble::default() });
}

#[test]
fn a_letter_with_a_size_goes_in_parts_of_it() {
    let trouble = Trouble { part_max: Some(2), ..Trouble::default() };
    let mut carriage = carriage([Letter { trouble, attempts: 1, ..letter(1..=5) }]);

    for part in [&[1, 2][..], &[3, 4], &[5]] {
        assert_eq!(rest(&carriage.writes()[0]).2.doubtful, part);
        assert_eq!(carriage.calls(), part);
        carriage.hears(all_taken(part));
    }
    assert_eq!(short(&carriage.last()), closed(&[5], &[]));
}

#[test]
fn a_refusal_of_a_tainted_order_is_believed_after_a_look() {
    let state = LetterState::Reconcile;
    let unclear = || Finding::Unclear { reason: "fog".into(), wait: None };
    let table = [
        (Finding::Found(trade(1)), closed(&[1], &[])),
        (Finding::Absent, closed(&[], &[1])),
        (unclear(), kept(&[], &[], state, &[1])),
        (Finding::Found(foreign_trade(1)), kept(&[], &[], LetterState::Dead, &[1])),
    ];
    for (finding, expected) in table {
        let trouble = Trouble { part_max: Some(1), tainted: true, ..Trouble::default() };
        let mut carriage = carriage([Letter { trouble, attempts: 1, ..letter(1..=1) }]);
        assert_eq!(carriage.calls(), [1]);
        carriage.hears(refused(None));
        assert_eq!(carriage.next_step(), Step::LookUp(1));

        let done = carriage.finds(finding.clone()).last();

        assert_eq!(short(&done), expected, "{finding:?}");
        if finding == unclear() {
            let (attempts, due_at, trouble, last_error) = rest(&done);
            assert_eq!((attempts, due_at, last_error.as_str()), (2, seconds(2), "fog"));
            assert_eq!((trouble.doubtful, trouble.quiet_at), (vec![1], Some(NOW)));
        }
    }
}

#[test]
fn the_others_go_on_after_a_look_at_a_refused_one() {
    let trouble = Trouble { part_max: Some(1), tainted: true, ..Trouble::default() };
    let mut carriage = carriage([Letter { trouble, attempts: 1, ..letter(1..=2) }]);
    assert_eq!(carriage.calls(), [1]);
    carriage.hears(refused(None)).next_step();

    carriage.finds(Finding::Absent);

    assert_eq!(short(&carriage.writes()[0]), kept(&[], &[1], LetterState::Held, &[2]));
    assert_eq!(carriage.calls(), [2]);
    assert_eq!(short(&carriage.hears(all_taken(&[2])).last()), closed(&[2], &[]));
}
