//! The example of the README's section "An actor by its address": what stands there runs.

use std::fs;
use std::sync::Arc;

use actix::Actor;
use resilience::breaker::{Command, Config};
use weir::actors::circuit_breaker::{CircuitBreaker, Operate, Protected, Setup};
use weir::actors::observe::Observe;
use weir::ports::clock::{Clock, SystemClock};

// As it is printed, wider than this house writes.
#[rustfmt::skip]
#[actix::test]
async fn a_forced_open_breaker_refuses() {
    tokio::time::pause();
    let setup = Setup { protects: Protected::Trade, rules: Config::trade().check().unwrap(), permits_max: 16, seed: 1 };
    let (room, view) = CircuitBreaker::new(&setup, Arc::new(SystemClock), Arc::new(()));
    let room = room.start();
    let operate = Operate { command: Command::ForceOpen, reason: "a drill".to_owned() };
    room.send(operate).await.unwrap();
    assert!(view.refuse(SystemClock.instant()).is_some());
    assert_eq!(room.send(Observe).await.unwrap().state, "forced_open");
}

#[test]
fn the_example_in_the_readme_is_this_one() {
    let readme = fs::read_to_string("README.md").unwrap();
    let (_, section) = readme.split_once("\n## An actor by its address\n").unwrap();
    let (_, code) = section.split_once("```rust\n").unwrap();
    let (code, _) = code.split_once("```").unwrap();

    let here = fs::read_to_string("tests/actors/readme.rs").unwrap();
    assert!(here.contains(code), "the README prints another example:\n{code}");
}
