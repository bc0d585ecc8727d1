//! The name of a request: the caller's own, or a new one. It is on every answer, in every
//! problem and in the log, so that one word finds all three.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use uuid::{NoContext, Timestamp, Uuid};

use crate::domain::moment::Moment;

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LENGTH_MAX: usize = 128;

/// Visible ASCII, and short: it is echoed and logged.
#[derive(Clone, Debug)]
pub(super) struct RequestId(HeaderValue);

impl RequestId {
    pub(super) fn of(headers: &HeaderMap, now: Moment) -> Self {
        let own = headers.get(&REQUEST_ID).filter(|value| is_presentable(value.as_bytes()));
        Self(own.cloned().unwrap_or_else(|| fresh(now)))
    }

    pub(super) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }

    #[cfg(test)]
    pub(super) fn for_tests(name: &'static str) -> Self {
        Self(HeaderValue::from_static(name))
    }
}

fn is_presentable(value: &[u8]) -> bool {
    (1..=LENGTH_MAX).contains(&value.len()) && value.iter().all(u8::is_ascii_graphic)
}

fn fresh(now: Moment) -> HeaderValue {
    let micros = u64::try_from(now.micros()).unwrap_or_default();
    let nanos = u32::try_from(micros % 1_000_000 * 1000).unwrap_or_default();
    let id = Uuid::new_v7(Timestamp::from_unix(NoContext, micros / 1_000_000, nanos));
    let mut buffer = Uuid::encode_buffer();
    let text = id.hyphenated().encode_lower(&mut buffer);
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("unnamed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &[u8]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_bytes(value).unwrap());
        RequestId::of(&headers, Moment::from_micros(1_767_623_400_181_000)).as_str().to_owned()
    }

    #[test]
    fn the_callers_name_is_kept_when_it_can_be_printed() {
        assert_eq!(of(b"desk-7/42"), "desk-7/42");
        assert_eq!(of(&[b'a'; LENGTH_MAX]), "a".repeat(LENGTH_MAX));
    }

    #[test]
    fn what_cannot_be_printed_is_replaced_by_a_uuid() {
        let long = [b'a'; LENGTH_MAX + 1];
        for value in [&b""[..], b"a b", b"\xff", &long] {
            assert_eq!(Uuid::parse_str(&of(value)).unwrap().get_version_num(), 7);
        }
    }
}
