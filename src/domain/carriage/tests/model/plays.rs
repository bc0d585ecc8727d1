//! The lives that are looked at, and faults on purpose that the search must find.

use super::search::Searched;
use super::*;

fn search(name: &str, play: &Play) -> Searched {
    let searched = play.search().unwrap_or_else(|fault| panic!("{name}: {fault}"));
    let Searched { states, ends, dead } = searched;
    println!("{name}: {states} states, {ends} ends, {dead} of them with a dead letter");
    assert!(ends > 0, "{name} never ends");
    searched
}

fn holds(name: &str, play: &Play) {
    assert_eq!(search(name, play).dead, 0, "{name}");
}

fn breaks(play: &Play, promise: &str) {
    let fault = play.search().expect_err("the search finds nothing");
    println!("{fault}");
    assert!(fault.contains(promise), "{fault}");
}

#[test]
fn one_letter_of_one_order() {
    holds("held", &Play { faults: 3, ..Play::of([1..=1]) });
    holds("waiting", &Play { held: false, ..Play::of([1..=1]) });
    holds("unique", &Play { unique: true, faults: 3, ..Play::of([1..=1]) });
}

#[test]
fn one_letter_of_two_orders() {
    holds("both good", &Play::of([1..=2]));
    holds("one refused", &Play { guilty: &[2], ..Play::of([1..=2]) });
    holds("unique, one refused", &Play { guilty: &[1], unique: true, ..Play::of([1..=2]) });
}

#[test]
fn two_letters_in_one_call() {
    let both = Play { faults: 1, ..Play::of([1..=1, 2..=2]) };
    holds("two letters", &both);
    holds("one refused", &Play { guilty: &[1], ..both });
}

#[test]
fn orders_over_which_workers_die_are_put_aside_and_the_others_go_on() {
    let rules = Rules { kills_max: 1, ..RULES };
    let searched = search("dead", &Play { rules, guilty: &[2], ..Play::of([1..=2]) });
    assert!(searched.dead > 0 && searched.dead < searched.ends, "{searched:?}");
}

#[test]
fn with_unique_order_ids_a_call_may_be_as_late_as_it_likes() {
    let late = Duration::from_secs(6);
    holds("late", &Play { late, unique: true, ..Play::of([1..=2]) });
}

#[test]
fn without_a_quiet_time_a_late_call_takes_effect_twice() {
    let rules = Rules { quiet_after: Duration::ZERO, second_look: Duration::ZERO, ..RULES };

    breaks(&Play { rules, ..Play::of([1..=1]) }, "took effect twice");
    holds("but unique", &Play { rules, unique: true, ..Play::of([1..=1]) });
}

#[test]
fn without_unique_order_ids_a_call_that_is_later_than_quiet_takes_effect_twice() {
    let late = Duration::from_secs(6);

    breaks(&Play { late, ..Play::of([1..=1]) }, "took effect twice");
}

#[test]
fn without_a_second_look_a_stale_answer_sends_an_order_twice() {
    let rules = Rules { second_look: Duration::ZERO, ..RULES };

    breaks(&Play { rules, faults: 3, ..Play::of([1..=1]) }, "took effect twice");
}

#[test]
fn without_fences_the_word_of_an_earlier_holder_does_harm() {
    breaks(&Play { guard: Guard::Nothing, ..Play::of([1..=1]) }, "took effect twice");
}

#[test]
fn without_a_look_at_the_state_the_word_of_the_last_holder_hides_a_letter() {
    let play = Play { guilty: &[2], guard: Guard::FenceAlone, ..Play::of([1..=2]) };

    breaks(&play, "left over");
}
