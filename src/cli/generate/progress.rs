//! How far it is: counted from outcomes and events, drawn as a line, summed up at the end.

use std::time::Duration;

use serde::Serialize;
use weir_client::{Depth, Error, Event, Outcome};

/// Characters of the bar.
const BAR: u64 = 20;

/// Orders and what became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Progress {
    pub(super) batches: u64,
    /// Orders that were given to the client.
    pub(super) orders: u64,
    /// The service has these.
    pub(super) sent: u64,
    /// These went into the queue; some of them may be sent since.
    pub(super) queued: u64,
    /// The service will not take these.
    pub(super) rejected: u64,
    /// These are nowhere.
    pub(super) lost: u64,
    /// Calls that were repeated.
    pub(super) retried: u64,
    /// Calls that failed.
    pub(super) failed: u64,
    /// Why the first order was rejected or lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trouble: Option<String>,
}

/// What is said at the end.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Summary {
    #[serde(flatten)]
    pub(super) progress: Progress,
    /// Submissions that wait in the queue.
    pub(super) waiting: u64,
    /// Submissions in the queue that wait for somebody to decide.
    pub(super) undecided: u64,
    pub(super) interrupted: bool,
    pub(super) seconds: f64,
    /// The same seed makes the same orders under the same keys.
    pub(super) seed: u64,
}

impl Progress {
    pub(super) fn note(&mut self, orders: u64, outcome: &Result<Outcome, Error>) {
        self.batches += 1;
        self.orders += orders;
        let (sent, queued, rejected) = match outcome {
            Ok(Outcome::Submitted { items }) => (items.len(), 0, 0),
            Ok(Outcome::Queued { count, .. }) => (0, *count, 0),
            Ok(Outcome::Rejected { orders }) => (0, 0, orders.len()),
            Ok(Outcome::Partial { submitted, queued, rejected }) => {
                (submitted.len(), queued.map_or(0, |(count, _)| count), rejected.len())
            }
            Err(_) => (0, 0, 0),
        };
        if self.trouble.is_none() {
            self.trouble = trouble(outcome);
        }
        let [sent, queued, rejected] = [sent, queued, rejected].map(number);
        self.sent += sent;
        self.queued += queued;
        self.rejected += rejected;
        self.lost += orders.saturating_sub(sent + queued + rejected);
    }

    pub(super) fn hear(&mut self, event: &Event) {
        match event {
            Event::Retrying { .. } => self.retried += 1,
            Event::Failed { .. } => self.failed += 1,
            Event::Submitting { .. } | Event::Submitted { .. } | Event::Queued { .. } => {}
            Event::BreakerRejected { .. } | Event::QueueProcessed { .. } => {}
            Event::Looked { .. } => {}
        }
    }

    /// One line for people; `expected` is how many orders there will be, if that is known.
    pub(super) fn line(&self, expected: Option<u64>, rate: f64, used: Option<f64>) -> String {
        let bar = expected.map(|expected| bar(self.orders, expected)).unwrap_or_default();
        let used = used.map_or("?".to_owned(), |used| format!("{:.0}", used * 100.0));
        let Self { sent, queued, retried, failed, .. } = self;
        format!(
            "{bar}{} orders  {rate:.1} calls/s  sent {sent}  queued {queued}  retried {retried}  \
             failed {failed}  pool {used} %",
            self.orders
        )
    }
}

/// What somebody should look at.
fn trouble(outcome: &Result<Outcome, Error>) -> Option<String> {
    let rejected = match outcome {
        Ok(Outcome::Rejected { orders: rejected } | Outcome::Partial { rejected, .. }) => rejected,
        Ok(Outcome::Submitted { .. } | Outcome::Queued { .. }) => return None,
        Err(error) => return Some(error.to_string()),
    };
    rejected.first().map(|order| format!("{} {}", order.code, order.message).trim().to_owned())
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn bar(done: u64, expected: u64) -> String {
    let full = done.min(expected) * BAR / expected.max(1);
    let part = |sign: &str, count| sign.repeat(usize::try_from(count).unwrap_or_default());
    format!("[{}{}] ", part("#", full), part("-", BAR - full))
}

impl Summary {
    pub(super) fn new(
        progress: Progress,
        depth: Depth,
        interrupted: bool,
        took: Duration,
        seed: u64,
    ) -> Self {
        let (waiting, undecided) = (depth.waiting, depth.failed);
        Self { progress, waiting, undecided, interrupted, seconds: took.as_secs_f64(), seed }
    }

    /// Every order is with the service, or safe in the queue on its way there.
    pub(crate) fn is_good(&self) -> bool {
        let Progress { rejected, lost, .. } = &self.progress;
        *rejected == 0 && *lost == 0 && self.undecided == 0 && !self.interrupted
    }

    /// For machines.
    pub(crate) fn json(&self) -> String {
        // Numbers and texts always have a JSON form.
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }

    /// For people, with what there is left to do.
    pub(crate) fn text(&self, queue: &str) -> String {
        let Progress { batches, orders, sent, queued, rejected, lost, retried, .. } =
            &self.progress;
        let mut text = format!(
            "{orders} orders in {batches} batches, {:.1} s: sent {sent}, queued {queued}, \
             rejected {rejected}, lost {lost}; {retried} calls repeated; seed {}\n",
            self.seconds, self.seed
        );
        if let Some(trouble) = &self.progress.trouble {
            text += &format!("the first that was rejected or lost: {trouble}\n");
        }
        if self.waiting > 0 {
            let waiting = self.waiting;
            text += &format!(
                "{waiting} batches wait in {queue}; to go on: weir queue drain --queue {queue}\n"
            );
        }
        if self.undecided > 0 {
            let undecided = self.undecided;
            text += &format!(
                "{undecided} batches failed for good; to see why: weir queue list --queue {queue}\n"
            );
        }
        if self.interrupted {
            text += &format!(
                "interrupted; to go on, give the same command with --seed {}: what is sent or \
                 queued already is not sent twice\n",
                self.seed
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use weir_client::QueueReason;

    use super::*;

    fn summary(progress: Progress) -> Summary {
        Summary::new(progress, Depth::default(), false, Duration::from_secs(2), 7)
    }

    #[test]
    fn every_order_is_counted_once() {
        let mut progress = Progress::default();
        let reason = QueueReason::Unhealthy;
        let partial = Outcome::Partial {
            submitted: Vec::new(),
            queued: Some((3, reason)),
            rejected: Vec::new(),
        };

        progress.note(25, &Ok(Outcome::Queued { count: 25, reason }));
        progress.note(5, &Ok(partial));
        progress.note(4, &Err(Error::KeyReused { key: "k".to_owned() }));

        let trouble = Some("the key k was used for other orders".to_owned());
        let expected = Progress {
            batches: 3,
            orders: 34,
            queued: 28,
            lost: 6,
            trouble,
            ..Progress::default()
        };
        assert_eq!(progress, expected);
    }

    #[test]
    fn a_line_shows_how_far_it_is() {
        let progress = Progress { orders: 50, sent: 25, queued: 25, ..Progress::default() };

        let line = progress.line(Some(100), 12.0, Some(0.425));

        assert_eq!(
            line,
            "[##########----------] 50 orders  12.0 calls/s  sent 25  queued 25  retried 0  \
             failed 0  pool 42 %"
        );
        assert!(progress.line(None, 1.0, None).starts_with("50 orders"));
    }

    #[test]
    fn only_what_is_lost_or_left_undecided_is_bad() {
        assert!(summary(Progress { queued: 9, ..Progress::default() }).is_good());
        assert!(!summary(Progress { lost: 1, ..Progress::default() }).is_good());
        assert!(!summary(Progress { rejected: 1, ..Progress::default() }).is_good());
        let undecided = Summary { undecided: 1, ..summary(Progress::default()) };
        let interrupted = Summary { interrupted: true, ..summary(Progress::default()) };
        assert!(!undecided.is_good() && !interrupted.is_good());
    }

    #[test]
    fn the_end_says_how_to_go_on() {
        let waiting = Summary { waiting: 3, interrupted: true, ..summary(Progress::default()) };

        let text = waiting.text("q");

        assert!(text.contains("weir queue drain --queue q"), "{text}");
        assert!(text.contains("--seed 7"), "{text}");
    }
}
