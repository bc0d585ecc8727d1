//! Letters of unknown outcome: looked up before anything is sent.

use super::*;

fn looks_up(carriage: &mut Carriage) -> i64 {
    let step = carriage.next_step();
    let Step::LookUp(order) = step else { panic!("nothing is looked up: {step:?}") };
    order
}

#[test]
fn a_hit_asks_for_the_rest_of_the_call_and_then_sends_the_others() {
    let mut carriage = carriage([doubtful(1..=5, &[2, 3])]);

    assert_eq!(looks_up(&mut carriage), 2);
    carriage.finds(Finding::Found(trade(2)));
    assert_eq!(looks_up(&mut carriage), 3);
    carriage.finds(Finding::Found(trade(3)));

    let before = carriage.writes();
    assert_eq!(short(&before[0]), kept(&[2, 3], &[], LetterState::Held, &[1, 4, 5]));
    assert_eq!(rest(&before[0]).2.doubtful, [1, 4]);
    assert_eq!(carriage.calls(), [1, 4]);
    carriage.hears(all_taken(&[1, 4]));
    assert_eq!(carriage.calls(), [5]);
    assert_eq!(short(&carriage.hears(all_taken(&[5])).last()), closed(&[5], &[]));
}

#[test]
fn an_order_that_is_absent_beside_a_hit_stays_doubtful() {
    let mut carriage = carriage([doubtful(1..=3, &[1, 2, 3])]);
    looks_up(&mut carriage);
    carriage.finds(Finding::Found(trade(1)));
    looks_up(&mut carriage);
    carriage.finds(Finding::Absent);
    assert_eq!(looks_up(&mut carriage), 3);

    let done = carriage.finds(Finding::Found(trade(3))).last();

    assert_eq!(short(&done), kept(&[1, 3], &[], LetterState::Reconcile, &[2]));
    let (attempts, due_at, trouble, _) = rest(&done);
    assert_eq!((attempts, due_at), (1, seconds(2)), "look-ups cost no attempt");
    assert_eq!((trouble.doubtful, trouble.absences), (vec![2], 0));
}

#[test]
fn an_absence_is_believed_when_it_is_quiet_and_twice() {
    let hour = 3600;
    // When it is quiet, absences before; absences after and the due time, or None: it is sent.
    let table = [
        (seconds(10), 0, Some((0, seconds(10)))),
        (seconds(10), 1, Some((1, seconds(10)))),
        (seconds(1), 1, Some((1, seconds(1)))),
        (NOW, 0, Some((1, seconds(2)))),
        (NOW, 1, None),
        (NOW, 200, None),
        (NOW, u8::MAX, None),
        // The clock was put back since.
        (seconds(hour), 1, Some((1, seconds(hour)))),
        (seconds(hour + 1), 0, Some((1, seconds(2)))),
        (seconds(hour + 1), 1, None),
    ];
    for (quiet_at, absences, expected) in table {
        let mut letter = doubtful(1..=2, &[1, 2]);
        letter.trouble = Trouble { quiet_at: Some(quiet_at), absences, ..letter.trouble };
        let mut carriage = carriage([letter]);
        looks_up(&mut carriage);

        carriage.finds(Finding::Absent);

        let told = format!("quiet at {quiet_at}, {absences} absences");
        let Some((absences, due)) = expected else {
            assert_eq!(carriage.calls(), [1, 2], "{told}");
            continue;
        };
        let done = carriage.last();
        assert_eq!(short(&done), kept(&[], &[], LetterState::Reconcile, &[1, 2]), "{told}");
        let (attempts, due_at, trouble, _) = rest(&done);
        assert_eq!((attempts, due_at, trouble.absences), (1, due, absences), "{told}");
        assert_eq!((trouble.doubtful, trouble.quiet_at), (vec![1, 2], Some(quiet_at)), "{told}");
    }
}

#[test]
fn a_doubt_without_a_time_is_quiet_later() {
    let mut letter = doubtful(1..=2, &[1, 2]);
    letter.trouble.quiet_at = None;
    let mut carriage = carriage([letter]);
    looks_up(&mut carriage);

    let (_, due_at, trouble, _) = rest(&carriage.finds(Finding::Absent).last());

    assert_eq!((due_at, trouble.quiet_at), (seconds(50), Some(seconds(50))));
}

#[test]
fn suspects_go_last_and_in_parts() {
    let mut letter = doubtful(1..=6, &[2, 3, 4]);
    letter.trouble.absences = 1;
    let mut carriage = carriage([letter]);
    looks_up(&mut carriage);
    carriage.finds(Finding::Absent);

    for part in [&[1, 5][..], &[6], &[2, 3], &[4]] {
        assert_eq!(carriage.calls(), part);
        carriage.hears(all_taken(part));
    }

    assert_eq!(short(&carriage.last()), closed(&[4], &[]));
}

#[test]
fn what_was_believed_and_not_sent_waits_without_a_doubt() {
    let mut letter = doubtful(1..=2, &[1, 2]);
    letter.trouble.absences = 1;
    let mut carriage = carriage([letter]);
    looks_up(&mut carriage);
    carriage.finds(Finding::Absent).calls();

    let done = carriage.hears(Placing::NotSent { reason: "down".into(), wait: None }).last();

    assert_eq!(short(&done), kept(&[], &[], LetterState::Waiting, &[1, 2]));
    let expected = Trouble { part_max: Some(2), tainted: true, ..Trouble::default() };
    assert_eq!(rest(&done).2, expected);
}

#[test]
fn an_answer_that_cannot_be_used_changes_nothing() {
    let asked = Some(Duration::from_secs(30));
    for (wait, due_in) in [(None, 1), (asked, 30)] {
        let mut letter = doubtful(1..=2, &[1, 2]);
        letter.trouble.absences = 1;
        let mut carriage = carriage([letter.clone()]);
        looks_up(&mut carriage);

        let done = carriage.finds(Finding::Unclear { reason: "fog".into(), wait }).last();

        assert_eq!(short(&done), kept(&[], &[], LetterState::Reconcile, &[1, 2]));
        assert_eq!(rest(&done), (1, seconds(due_in), letter.trouble, "fog".into()));
    }
}

#[test]
fn a_found_trade_with_other_terms_decides_nothing_about_its_neighbours() {
    let mut carriage = carriage([doubtful(1..=2, &[1, 2])]);
    looks_up(&mut carriage);
    carriage.finds(Finding::Found(foreign_trade(1)));
    assert_eq!(looks_up(&mut carriage), 2);

    let done = carriage.finds(Finding::Absent).last();

    let expected = kept(&[], &[], LetterState::Reconcile, &[2]);
    assert_eq!(short(&done), Written { severed: vec![1], ..expected });
    assert_eq!((rest(&done).2.absences, rest(&done).2.doubtful), (1, vec![2]));
    let severed = done.severed.unwrap();
    assert!(severed.reason.starts_with("TRADE_ID_CONFLICT: "));
    assert_ne!(severed.letter_id, done.letter_id);
    assert_eq!((severed.trouble.doubtful, severed.trouble.tainted), (vec![1], true));
}

#[test]
fn the_letter_itself_is_dead_if_nothing_goes_on_without_the_conflict() {
    let mut carriage = carriage([doubtful(1..=1, &[1])]);
    looks_up(&mut carriage);

    let done = carriage.finds(Finding::Found(foreign_trade(1))).last();

    assert_eq!(short(&done), kept(&[], &[], LetterState::Dead, &[1]));
    assert_eq!(rest(&done).2.doubtful, [1], "who sends it again looks it up first");
    assert!(rest(&done).3.starts_with("TRADE_ID_CONFLICT: "));
}

#[test]
fn a_letter_that_was_taken_back_is_doubtful_as_far_as_its_record_says() {
    let part = |doubtful: &[i64]| Trouble {
        doubtful: doubtful.to_vec(),
        part_max: Some(2),
        ..Trouble::default()
    };
    // The trouble in the record, and what is doubtful then.
    let table = [
        (Trouble::default(), vec![1, 2, 3]),
        (part(&[2, 3]), vec![2, 3]),
        (Trouble { part_max: None, ..part(&[2]) }, vec![2]),
        (part(&[]), vec![]),
    ];
    for (trouble, expected) in table {
        let held = Letter { trouble: Trouble { absences: 1, ..trouble }, ..letter(1..=3) };

        let back = held.clone().taken_back(seconds(9));

        assert_eq!(back.trouble.doubtful, expected);
        if expected.is_empty() {
            assert_eq!(back, Letter { state: LetterState::Waiting, ..held });
            continue;
        }
        assert_eq!((back.state, back.attempts), (LetterState::Reconcile, 1));
        let Trouble { quiet_at, absences, part_max, tainted, .. } = back.trouble.clone();
        assert_eq!((quiet_at, absences, tainted), (Some(seconds(9)), 0, true));
        assert_eq!(part_max, held.trouble.part_max);
        assert_eq!(looks_up(&mut carriage([back])), expected[0]);
    }
}
