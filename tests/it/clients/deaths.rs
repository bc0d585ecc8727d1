//! kill -9 of the service, and of a process with a hundred submitters: the next process goes on
//! from what the last one left on the disk.

use std::time::Duration;

use super::{BATCH, DEADLINE, House};
use crate::support::process::Run;
use crate::support::{Kind, on_both, wait_for};

on_both! {
    a_hundred_submitters_whose_process_and_service_are_killed_lose_and_double_nothing,
}

const SUBMITTERS: usize = 100;
/// Longer than the lease of what the dead process was bringing.
const ENDED_WITHIN: Duration = Duration::from_mins(3);

/// A command of the client's, with a connection for each submitter.
fn weir(house: &House, arguments: &[&str]) -> Run {
    let connections = SUBMITTERS.to_string();
    let variables = [
        ("READ_TIMEOUT", "5000"),
        ("MAX_CONNECTIONS", &connections),
        ("MAX_CONNECTIONS_PER_ROUTE", &connections),
    ];
    let variables =
        variables.map(|(name, value)| (format!("ORDER_SERVICE_CLIENT_{name}"), value.to_owned()));
    let arguments = [arguments, &["--url", &house.proxy.url]].concat();
    Run::spawn_under("", house.folder.path(), &arguments, &variables)
}

/// The same orders under the same keys, whoever sends them.
fn generate(house: &House, rate: &str) -> Run {
    let (count, size) = (SUBMITTERS.to_string(), BATCH.to_string());
    let what = ["generate", "--seed", "7", "--count", &count, "--size", &size, "--rate", rate];
    weir(house, &what)
}

async fn expect_success(mut run: Run) {
    let status = wait_for("the command to end", ENDED_WITHIN, async || run.ended()).await;
    assert_eq!(status.code(), Some(0));
}

async fn a_hundred_submitters_whose_process_and_service_are_killed_lose_and_double_nothing(
    kind: Kind,
) {
    let mut house = House::open(kind).await;
    house.slow_down().await;
    // Most calls are still to come when the first orders are on their way.
    let mut first = generate(&house, "40");
    house.kill_9_in_the_middle().await;
    wait_for("something to be queued", DEADLINE, async || house.depth().await.waiting > 0).await;
    first.kill_9();
    house.restart().await;

    expect_success(weir(&house, &["queue", "drain", "--within", "2m"])).await;
    assert_eq!(house.depth().await.waiting, 0);
    expect_success(generate(&house, "1000")).await;

    house.expect_each_once(SUBMITTERS * BATCH).await;
}
