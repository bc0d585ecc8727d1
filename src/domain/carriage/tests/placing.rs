//! Calls that are taken, turned away, or never answered.

use super::*;

#[test]
fn fresh_loads_share_one_call_and_nothing_is_written_before_it() {
    let mut carriage = carriage([letter(1..=3), letter(11..=12)]);

    assert_eq!(carriage.next_step(), Step::Place(vec![1, 2, 3, 11, 12]));
    assert_eq!(carriage.next_step(), Step::Place(vec![1, 2, 3, 11, 12]), "the same until heard");
    let done = carriage.hears(all_taken(&[12, 11, 3, 2, 1])).done();

    assert_eq!(
        done.iter().map(short).collect::<Vec<_>>(),
        [closed(&[1, 2, 3], &[]), closed(&[11, 12], &[])]
    );
    assert_eq!(done[0].sent, [(1, 1001), (2, 1002), (3, 1003)]);
    assert_eq!((done[0].letter_id, done[0].fence), (letter(1..=3).id, 1));
}

#[test]
fn orders_are_read_while_an_outcome_is_awaited() {
    let mut carriage = carriage([letter(11..=12), letter(1..=2)]);
    let cargo = carriage.cargo();
    let Step::Place(ids) = carriage.next_step() else { panic!() };

    let ids_picked: Vec<_> = cargo.pick(&ids).iter().map(|order| order.id).collect();

    assert_eq!(ids_picked, [11, 12, 1, 2]);
    assert_eq!(cargo.order(3), None);
}

#[test]
fn a_trade_with_other_terms_is_put_aside_and_its_neighbours_are_sent() {
    let mut carriage = carriage([letter(1..=3)]);
    carriage.next_step();

    let trades = vec![trade(1), foreign_trade(2), trade(3)];
    let done = carriage.hears(Placing::Placed(trades)).last();

    // Nothing else is left of the letter: it is the dead one itself.
    assert_eq!(short(&done), kept(&[1, 3], &[], LetterState::Dead, &[2]));
    let (_, _, trouble, last_error) = rest(&done);
    assert!(last_error.starts_with("TRADE_ID_CONFLICT: trade 1002 "), "{last_error}");
    assert_eq!((trouble.doubtful, trouble.tainted), (vec![2], true));
}

#[test]
fn orders_that_a_success_does_not_name_are_doubtful() {
    let mut carriage = carriage([letter(1..=4), letter(11..=12)]);
    carriage.next_step();

    let done = carriage.hears(all_taken(&[1, 3, 11, 12])).done();

    let expected = [kept(&[1, 3], &[], LetterState::Reconcile, &[2, 4]), closed(&[11, 12], &[])];
    assert_eq!(done.iter().map(short).collect::<Vec<_>>(), expected);
    let (attempts, due_at, trouble, _) = rest(&done[0]);
    assert_eq!((attempts, due_at), (1, seconds(1)));
    assert_eq!((trouble.doubtful, trouble.quiet_at), (vec![2, 4], Some(NOW)));
    assert!(trouble.tainted);
}

#[test]
fn a_call_of_unknown_outcome_stops_everything() {
    // Was it answered; when is it quiet then?
    for (over, quiet_at) in [(true, NOW), (false, seconds(50))] {
        let mut carriage = carriage([letter(1..=5), letter(11..=12)]);
        carriage.next_step();
        carriage.hears(refused(None));
        assert_eq!(carriage.calls(), [1, 2, 3, 4, 5], "cut at the letters' border");

        let done = carriage.hears(unknown(over)).done();

        assert_eq!(short(&done[0]), kept(&[], &[], LetterState::Reconcile, &[1, 2, 3, 4, 5]));
        let (attempts, due_at, trouble, last_error) = rest(&done[0]);
        assert_eq!((attempts, due_at, last_error.as_str()), (1, seconds(1), "silence"));
        let expected = Trouble {
            doubtful: vec![1, 2, 3, 4, 5],
            quiet_at: Some(quiet_at),
            absences: 0,
            part_max: Some(3),
            tainted: true,
            kills: 0,
        };
        assert_eq!(trouble, expected, "half the size next time");
        assert_eq!(short(&done[1]), kept(&[], &[], LetterState::Waiting, &[11, 12]));
        assert_eq!((rest(&done[1]).1, rest(&done[1]).2), (NOW, Trouble::default()));
    }
}

#[test]
fn what_the_trade_service_asks_for_is_the_least_wait() {
    let asked = Some(Duration::from_secs(30));
    let reason = || "busy".to_owned();
    // The outcome, the attempts before, and the attempts and the due time after.
    let table = [
        (Placing::NotSent { reason: reason(), wait: None }, 0, 0, 1),
        (Placing::NotSent { reason: reason(), wait: asked }, 3, 3, 30),
        (Placing::NotSent { reason: reason(), wait: None }, 4, 4, 8),
        (Placing::Deferred { reason: reason(), wait: None }, 0, 1, 1),
        (Placing::Deferred { reason: reason(), wait: None }, 3, 4, 8),
        (Placing::Deferred { reason: reason(), wait: asked }, 3, 4, 30),
    ];
    for (placing, before, after, due_in) in table {
        let mut carriage = carriage([Letter { attempts: before, ..letter(1..=2) }]);
        carriage.next_step();

        let done = carriage.hears(placing.clone()).last();

        assert_eq!(short(&done), kept(&[], &[], LetterState::Waiting, &[1, 2]), "{placing:?}");
        let (attempts, due_at, trouble, last_error) = rest(&done);
        assert_eq!((attempts, due_at), (after, seconds(due_in)), "{placing:?}");
        assert_eq!((trouble, last_error.as_str()), (Trouble::default(), "busy"));
    }
}

#[test]
fn only_letters_of_the_deferred_call_count_it() {
    let mut carriage = carriage([letter(1..=2), letter(11..=12)]);
    carriage.next_step();
    carriage.hears(refused(None)).next_step();
    carriage.hears(all_taken(&[1, 2])).next_step();

    let done = carriage.hears(Placing::Deferred { reason: "busy".into(), wait: None }).done();

    assert_eq!(short(&done[0]), closed(&[1, 2], &[]));
    assert_eq!(rest(&done[1]).0, 1, "one carriage is one attempt");
}

#[test]
fn a_letter_that_was_called_in_vain_too_often_is_dead() {
    let deferred = || Placing::Deferred { reason: "busy".into(), wait: None };
    let not_sent = || Placing::NotSent { reason: "down".into(), wait: None };
    let dead = LetterState::Dead;
    // The most attempts, those before, the outcome, and the state after.
    let table = [
        (25, 23, deferred(), LetterState::Waiting),
        (25, 24, deferred(), dead),
        (25, 40, deferred(), dead),
        (0, 40, deferred(), LetterState::Waiting),
        // What was not sent counts for nothing.
        (25, 40, not_sent(), LetterState::Waiting),
        // An unknown is never made dead by count.
        (25, 40, unknown(true), LetterState::Reconcile),
    ];
    for (attempts_max, attempts, placing, state) in table {
        let letter = Letter { attempts, ..letter(1..=2) };
        let rules = Rules { attempts_max, ..RULES };
        let mut carriage = Carriage::new(vec![load(letter)], rules);
        carriage.next_step();

        let done = carriage.hears(placing.clone()).last();

        let told = format!("{attempts} of {attempts_max}: {placing:?}");
        assert_eq!(short(&done), kept(&[], &[], state, &[1, 2]), "{told}");
        let is_told = rest(&done).3 == "ATTEMPTS_EXHAUSTED: busy";
        assert_eq!(is_told, state == dead, "{told}");
    }
}

#[test]
fn an_outcome_that_was_not_asked_for_is_not_heard() {
    let mut carriage = carriage([letter(1..=2)]);

    carriage.hears(unknown(true)).finds(Finding::Absent).written(&[Settled::Stale]);

    assert!(carriage.untouched());
    assert_eq!(carriage.calls(), [1, 2]);
}
