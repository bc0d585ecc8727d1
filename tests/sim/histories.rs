//! Many histories, and what to do when one of them breaks a promise.

use std::time::Instant;

use crate::plan::Plan;
use crate::world::{Outcome, play};

/// How many histories are played unless `WEIR_SIM_HISTORIES` says otherwise.
const HISTORIES: u64 = 800;
/// Every so many histories one is played again: a seed that is not the same history twice is of
/// no use to anybody.
const AGAIN_EVERY: u64 = 25;
/// So many failures are told at most.
const TOLD: usize = 3;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a number, not {text:?}")))
}

/// What must be typed to see it again.
fn again(seed: u64) -> String {
    format!("WEIR_SIM_SEED={seed} cargo test --test sim one_history -- --nocapture")
}

/// Plays the histories of `seeds` and tells those that broke a promise.
fn play_all(seeds: impl Iterator<Item = u64>) {
    let (mut failed, mut count, mut total) = (0, 0, Outcome::default());
    let began = Instant::now();
    for seed in seeds {
        let mut outcome = play(&Plan::of(seed), false);
        if seed % AGAIN_EVERY == 0 && play(&Plan::of(seed), false).digest != outcome.digest {
            outcome.broken.push("the same seed told another history".to_owned());
        }
        count += 1;
        total.orders += outcome.orders;
        total.accepted += outcome.accepted;
        total.sent += outcome.sent;
        total.dead += outcome.dead;
        total.deaths += outcome.deaths;
        if outcome.broken.is_empty() {
            continue;
        }
        failed += 1;
        if failed <= TOLD {
            tell(seed, &outcome);
        }
    }
    let per_minute = f64::from(count) * 60.0 / began.elapsed().as_secs_f64();
    let Outcome { orders, accepted, sent, dead, deaths, .. } = total;
    println!(
        "{count} histories, {per_minute:.0} a minute: {orders} orders, {accepted} heard accepted, \
         {sent} sent, {dead} dead letters, {deaths} deaths"
    );
    assert_eq!(failed, 0, "histories broke promises");
}

fn tell(seed: u64, outcome: &Outcome) {
    println!("seed {seed} broke {} promises; again with\n  {}", outcome.broken.len(), again(seed));
    for line in outcome.broken.iter().take(10) {
        println!("  {line}");
    }
}

/// The seeds differ between the two tests, which run side by side.
fn share(part: u64) -> impl Iterator<Item = u64> {
    let histories = number("WEIR_SIM_HISTORIES").unwrap_or(HISTORIES);
    let first = number("WEIR_SIM_FIRST").unwrap_or(0);
    (first..first + histories).filter(move |seed| seed % 2 == part)
}

#[test]
fn no_history_breaks_a_promise() {
    play_all(share(0));
}

#[test]
fn nor_does_another_half() {
    play_all(share(1));
}

#[test]
fn one_history_is_always_the_same() {
    let seed = number("WEIR_SIM_SEED").unwrap_or(7);
    let plan = Plan::of(seed);
    let told = (play(&plan, true), play(&plan, true));
    println!("{plan:#?}\n{}", told.0.story.join("\n"));
    for (first, second) in told.0.story.iter().zip(&told.1.story) {
        assert_eq!(first, second, "the same seed must tell the same history");
    }
    assert_eq!(told.0.digest, told.1.digest);
    assert_eq!(told.0.broken, Vec::<String>::new(), "it broke promises");
}
