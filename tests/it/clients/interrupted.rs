//! Ctrl-C in the middle of `weir generate`: what was taken is safe, and the same command goes on.

use super::command::{Command, drain};
use super::{BATCH, DEADLINE, House};
use crate::support::{Fault, Kind, wait_for};

const BATCHES: usize = 4;

/// One batch after the other.
fn generate(house: &House) -> Command {
    let (count, size) = (BATCHES.to_string(), BATCH.to_string());
    let what = ["generate", "--seed", "7", "--count", &count, "--size", &size];
    let arguments = [&what[..], &["--url", &house.proxy.url]].concat();
    Command::start(house, &arguments, &[("MAX_CONNECTIONS", "1")])
}

#[actix_web::test]
async fn ctrl_c_leaves_the_queue_safe_and_says_how_to_go_on() {
    let house = House::open(Kind::Sqlite).await;
    // All three attempts at the first batch fail, so that it waits; the service has the second one,
    // and its sender never hears of it; the others are not begun.
    let cut = Fault::CutCall(0);
    house.proxy.break_next([cut, cut, cut, Fault::Swallow]);
    let mut command = generate(&house);
    wait_for("the second batch to be out", DEADLINE, async || house.proxy.calls().len() == 4).await;

    command.run.signal("INT");
    let (code, said) = command.end().await;

    assert_eq!(code, 1, "not all is with the service or in the queue");
    let go_on = "1 batches wait in weir-client.queue; to go on: weir queue drain --queue \
                 weir-client.queue\n";
    assert!(said.contains(go_on), "{said}");
    assert!(said.contains("to go on, give the same command with --seed 7"), "{said}");
    assert_eq!(house.depth().await.waiting, 1);

    assert_eq!(drain(&house).await, (0, "1 brought, 0 still wait, 0 failed\n".to_owned()));
    let (code, said) = generate(&house).end().await;

    assert_eq!(code, 0, "{said}");
    // The drained batch is remembered, and the second one is asked for again.
    assert_eq!(house.proxy.calls().len(), 4 + 1 + 3);
    house.expect_each_once(BATCHES * BATCH).await;
}
