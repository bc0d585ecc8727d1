//! How long a caller wants to wait for the outcome of what it submitted: `Prefer`, within what
//! bounds every answer.

use std::future::{Ready, ready};
use std::time::{Duration, Instant};

use actix_web::dev::Payload;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::guard::{self, Probe};
use super::problem::Problem;
use super::{Doors, Limits};
use crate::actors::batch_supervisor::Progress;

const PREFER: &str = "Prefer";
pub(super) const APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// What an answer needs beyond the waiting: it is composed, kept and written.
const MARGIN: Duration = Duration::from_secs(1);

/// When the request came in, for whoever must be done in time.
#[derive(Clone, Copy)]
pub(super) struct Arrived(pub(super) Instant);

/// What a caller prefers (RFC 7240). What is not known, or cannot be read, is ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Preferences {
    respond_async: bool,
    /// In seconds.
    wait: Option<u64>,
}

impl Preferences {
    fn of(headers: &HeaderMap) -> Self {
        let texts = headers.get_all(PREFER).filter_map(|value| value.to_str().ok());
        let mut found = Self::default();
        for preference in texts.flat_map(|text| text.split(',')) {
            let preference = preference.split(';').next().unwrap_or_default();
            let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
            let (name, value) = (name.trim(), value.trim().trim_matches('"'));
            if name.eq_ignore_ascii_case("respond-async") {
                found.respond_async = true;
            } else if name.eq_ignore_ascii_case("wait") && found.wait.is_none() {
                found.wait = value.parse().ok();
            }
        }
        found
    }

    /// As `Preference-Applied` tells it.
    fn applied(self) -> Option<String> {
        match (self.respond_async, self.wait) {
            (false, None) => None,
            (true, None) => Some("respond-async".to_owned()),
            (false, Some(seconds)) => Some(format!("wait={seconds}")),
            (true, Some(seconds)) => Some(format!("respond-async, wait={seconds}")),
        }
    }

    /// How long to wait for everything, and how long for loads that nobody has taken yet.
    fn bounds(self, left: Duration, limits: &Limits) -> (Duration, Duration) {
        match self.wait {
            Some(seconds) => {
                let wait = left.min(Duration::from_secs(seconds));
                (wait, wait)
            }
            None if self.respond_async => (Duration::ZERO, Duration::ZERO),
            None => (left, left.min(limits.wait_max)),
        }
    }
}

/// The patience of one caller.
pub(super) struct Patience {
    request: HttpRequest,
    preferences: Preferences,
    arrived: Option<Instant>,
}

impl FromRequest for Patience {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self {
            request: request.clone(),
            preferences: Preferences::of(request.headers()),
            arrived: request.extensions().get::<Arrived>().map(|arrived| arrived.0),
        }))
    }
}

impl Patience {
    /// Waits until nothing more will be heard soon, or the patience ends.
    pub(super) async fn wait(&self, progress: &Progress) -> Result<(), Problem> {
        let doors = guard::doors(&self.request)?;
        let spent = self.spent(&doors);
        // What follows says nothing about the pool: it has done its part.
        if let Some(probe) = Probe::of(&self.request) {
            probe.ended(None, spent);
        }
        let left = doors.limits.answer_within.saturating_sub(MARGIN + spent);
        let (in_all, untaken) = self.preferences.bounds(left, &doors.limits);
        if in_all.is_zero() {
            return Ok(());
        }
        let decided = async {
            if tokio::time::timeout(untaken, progress.taken()).await.is_ok() {
                progress.settled().await;
            }
        };
        // What is known then is told.
        let _ = tokio::time::timeout(in_all, decided).await;
        Ok(())
    }

    /// The value of `Preference-Applied`, if anything was preferred.
    pub(super) fn applied(&self) -> Option<HeaderValue> {
        let applied = self.preferences.applied()?;
        HeaderValue::try_from(applied).ok()
    }

    fn spent(&self, doors: &Doors) -> Duration {
        let now = doors.clock.instant();
        self.arrived.map(|arrived| now.duration_since(arrived)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preferences(values: &[&'static str]) -> Preferences {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HeaderName::from_static("prefer"), HeaderValue::from_static(value));
        }
        Preferences::of(&headers)
    }

    #[test]
    fn what_is_preferred_is_read_and_what_is_unknown_ignored() {
        type Row = (&'static [&'static str], bool, Option<u64>, Option<&'static str>);
        let table: [Row; 11] = [
            (&[], false, None, None),
            (&["respond-async"], true, None, Some("respond-async")),
            (&["Respond-Async; foo=\"bar\""], true, None, Some("respond-async")),
            (&["wait=7"], false, Some(7), Some("wait=7")),
            (&["wait = \"7\""], false, Some(7), Some("wait=7")),
            (&["wait=7, wait=9"], false, Some(7), Some("wait=7")),
            (&["handling=lenient, wait=0"], false, Some(0), Some("wait=0")),
            (&["respond-async", "wait=10"], true, Some(10), Some("respond-async, wait=10")),
            (&["wait=soon"], false, None, None),
            (&["wait=-1"], false, None, None),
            (&["return=minimal"], false, None, None),
        ];
        for (values, respond_async, wait, applied) in table {
            let found = preferences(values);
            assert_eq!(found, Preferences { respond_async, wait }, "{values:?}");
            assert_eq!(found.applied().as_deref(), applied);
        }
    }

    #[test]
    fn nobody_waits_longer_than_an_answer_may_take() {
        let seconds = Duration::from_secs;
        let limits = Limits::new(seconds(25), 1, seconds(1));
        let table: [(&[&str], u64, u64, u64); 7] = [
            (&[], 24, 24, 5),
            (&[], 3, 3, 3),
            (&["respond-async"], 24, 0, 0),
            (&["wait=7"], 24, 7, 7),
            (&["wait=18446744073709551615"], 24, 24, 24),
            (&["wait=0"], 24, 0, 0),
            (&["respond-async, wait=10"], 24, 10, 10),
        ];
        for (values, left, in_all, untaken) in table {
            let bounds = preferences(values).bounds(seconds(left), &limits);
            assert_eq!(bounds, (seconds(in_all), seconds(untaken)), "{values:?}");
        }
    }
}
