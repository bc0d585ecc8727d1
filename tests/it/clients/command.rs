//! `weir generate` and `weir queue` in the folder of a house, and what they print.

use std::path::PathBuf;
use std::time::Duration;

use super::House;
use crate::support::process::Run;
use crate::support::wait_for;

/// Longer than the lease of what an ended process was bringing.
const ENDED_WITHIN: Duration = Duration::from_mins(3);
const SAID: &str = "said";

pub(super) struct Command {
    pub(super) run: Run,
    folder: PathBuf,
}

impl Command {
    /// With these variables of the client's, such as `READ_TIMEOUT`.
    pub(super) fn start(house: &House, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let folder = house.folder.path();
        let named = |(name, value): &(&str, &str)| {
            (format!("ORDER_SERVICE_CLIENT_{name}"), (*value).to_owned())
        };
        let variables: Vec<_> = variables.iter().map(named).collect();
        let run = Run::spawn_under(&format!("exec >{SAID}"), folder, arguments, &variables);
        Self { run, folder: folder.to_owned() }
    }

    /// The exit code, and what was printed.
    pub(super) async fn end(mut self) -> (i32, String) {
        let ended = wait_for("the command to end", ENDED_WITHIN, async || self.run.ended()).await;
        let said = std::fs::read_to_string(self.folder.join(SAID)).unwrap();
        (ended.code().expect("no signal ended it"), said)
    }
}

/// Runs `weir queue` with these arguments, to its end.
pub(super) async fn queue(house: &House, arguments: &[&str]) -> (i32, String) {
    Command::start(house, &[&["queue"], arguments].concat(), &[]).end().await
}

/// Brings what waits.
pub(super) async fn drain(house: &House) -> (i32, String) {
    queue(house, &["drain", "--url", &house.proxy.url, "--within", "2m"]).await
}
