//! What the clients were answered, and when.

use std::time::Duration;

use crate::shared::answers;

/// What became of one request. Times count from when it was due, not from when it got through:
/// a generator that falls behind must not make the answers look quicker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heard {
    pub(crate) client: usize,
    /// Since the crowd began.
    pub(crate) due: Duration,
    /// Of the slowest of its tries.
    pub(crate) took: Duration,
    pub(crate) status: u16,
    /// Orders that somebody is responsible for.
    pub(crate) accepted: u64,
    pub(crate) tries: u32,
}

impl Heard {
    pub(crate) fn is_served(&self) -> bool {
        answers::is_served(self.status)
    }
}

/// The share of these that were served; all of none.
pub(crate) fn served<'a>(heard: impl Iterator<Item = &'a Heard>) -> f64 {
    let (mut all, mut served) = (0.0, 0.0);
    for one in heard {
        all += 1.0;
        served += f64::from(u8::from(one.is_served()));
    }
    if all == 0.0 { 1.0 } else { served / all }
}

/// For [`percentile`](crate::shared::figures::percentile).
pub(crate) fn sorted_micros(times: impl Iterator<Item = Duration>) -> Vec<u32> {
    let micros = times.map(|time| u32::try_from(time.as_micros()).unwrap_or(u32::MAX));
    let mut micros: Vec<u32> = micros.collect();
    micros.sort_unstable();
    micros
}
