//! `Idempotency-Key`: what a client calls its request, or what the request's body calls it.

use std::future::{Ready, ready};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest, HttpRequest};

use super::Limits;
use super::problem::{Code, Problem};
use crate::domain::batch::Key;
use crate::domain::idempotency;
use crate::domain::order::draft::Draft;

pub(super) const HEADER: &str = "Idempotency-Key";

/// A key, and how long it is kept.
pub(super) type Kept = (Key, Duration);

/// The key that a client gave, if any, and what it asks for.
pub(super) struct GivenKey {
    text: Option<String>,
    target: String,
}

impl FromRequest for GivenKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let target = request.path().to_owned();
        ready(given(request.headers()).map(|text| Self { text, target }))
    }
}

/// The key in these headers, if there is one.
pub(super) fn given(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let invalid = |message: String| {
        Problem::new(Code::InvalidFieldValue, format!("{HEADER} {message}")).at(HEADER)
    };
    let mut values = headers.get_all(HEADER);
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            let text = idempotency::given(value.as_bytes());
            text.map(Some).map_err(|error| invalid(error.to_string()))
        }
        (Some(_), Some(_)) => Err(invalid("must be given once".to_owned())),
    }
}

impl GivenKey {
    pub(super) fn of(self, body: &[u8], limits: &Limits) -> Option<Kept> {
        let text = self.text?;
        Some((Key::given(text, &self.target, body), limits.key_kept))
    }

    /// Bodies are only matched when every order in them brings its own time: else two that are
    /// meant to be two look the same.
    pub(super) fn or_of_body(
        self,
        body: &[u8],
        drafts: &[Option<Draft<'_>>],
        limits: &Limits,
    ) -> Option<Kept> {
        if self.text.is_some() {
            return self.of(body, limits);
        }
        let has_time = |draft: &Option<Draft<'_>>| {
            draft.as_ref().is_some_and(|draft| draft.order_timestamp.is_some())
        };
        let is_distinct = drafts.iter().all(has_time);
        is_distinct.then(|| (Key::of_body(&self.target, body), limits.body_key_kept))
    }
}
