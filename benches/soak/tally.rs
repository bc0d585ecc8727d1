//! What the clients heard, counted by the minute: an hour of single answers would be many.

use std::time::Duration;

use crate::shared::answers::{Answer, is_served};

/// In which a minute is looked at for the moment from which on all are served again.
const MOMENTS: u32 = 60;
const NORMAL: f64 = 0.99;

/// Times count from when a request was due, not from when it got through.
pub(crate) struct Heard {
    /// Since the soak began.
    pub(crate) due: Duration,
    pub(crate) took: Duration,
    pub(crate) orders: u64,
}

pub(crate) struct Tally {
    minute: Duration,
    minutes: Vec<Minute>,
    /// Orders that somebody is responsible for.
    pub(crate) accepted: u64,
    /// Orders of which nobody knows whether they were accepted.
    pub(crate) doubtful: u64,
}

#[derive(Clone, Default)]
pub(crate) struct Minute {
    pub(crate) asked: u64,
    pub(crate) served: u64,
    pub(crate) accepted: u64,
    /// Of all that were served, the longest.
    pub(crate) longest: Duration,
    /// Of those that were due in its last quarter, in microseconds.
    pub(crate) quiet: Vec<u32>,
    /// Requests, and those that were served, by the moment they were due.
    moments: Vec<(u64, u64)>,
}

impl Tally {
    pub(crate) fn new(minute: Duration) -> Self {
        Self { minute, minutes: Vec::new(), accepted: 0, doubtful: 0 }
    }

    pub(crate) fn note(&mut self, heard: &Heard, answer: &Answer) {
        let moment = self.minute / MOMENTS;
        let at = (heard.due.as_nanos() / moment.as_nanos()) as usize;
        let (number, moment) = (at / MOMENTS as usize, at % MOMENTS as usize);
        if self.minutes.len() <= number {
            self.minutes.resize_with(number + 1, Minute::default);
        }
        let accepted = answer.accepted();
        self.minutes[number].note(moment, heard, is_served(answer.status), accepted);
        self.accepted += accepted;
        if matches!(answer.text("code"), Some("OUTCOME_UNKNOWN" | "ANSWER_TIMEOUT")) {
            self.doubtful += heard.orders;
        }
    }

    /// All of it so far.
    pub(crate) fn minute(&self, number: usize) -> Minute {
        self.minutes.get(number).cloned().unwrap_or_default()
    }
}

impl Minute {
    fn note(&mut self, moment: usize, heard: &Heard, is_served: bool, accepted: u64) {
        self.moments.resize(MOMENTS as usize, (0, 0));
        let (asked, served) = &mut self.moments[moment];
        *asked += 1;
        self.asked += 1;
        if !is_served {
            return;
        }
        *served += 1;
        self.served += 1;
        self.accepted += accepted;
        self.longest = self.longest.max(heard.took);
        if moment >= MOMENTS as usize * 3 / 4 {
            self.quiet.push(u32::try_from(heard.took.as_micros()).unwrap_or(u32::MAX));
        }
    }

    /// The share of it, from its begin, after which all were served; 1 if that never came.
    pub(crate) fn normal_from(&self) -> f64 {
        let is_normal = |(asked, served): &(u64, u64)| *served as f64 >= NORMAL * *asked as f64;
        let last = self.moments.iter().rposition(|moment| !is_normal(moment));
        last.map_or(0.0, |last| (last + 1) as f64 / f64::from(MOMENTS))
    }
}
