//! Reads a body: JSON, bounded in size and time; parsed once, and again only to say what is
//! wrong with it.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::StreamExt;
use serde::Deserialize;

use super::problem::{Code, Problem};
use super::{Limits, guard};

/// What is reserved for a body that only claims to be large.
const RESERVED_MAX: usize = 64 * 1024;

/// Characters of what is said about an unreadable body.
const REASON_MAX: usize = 300;

/// The bytes of a JSON body.
pub(super) struct Body(Bytes);

impl Body {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn is_blank(&self) -> bool {
        self.0.iter().all(u8::is_ascii_whitespace)
    }

    /// The value in the body. The quick way first; a body that it cannot read is read again by
    /// a slower parser that knows where it is.
    pub(super) fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Problem> {
        serde_json::from_slice(&self.0).map_err(|error| self.explain::<T>(&error))
    }

    fn explain<'a, T: Deserialize<'a>>(&'a self, error: &serde_json::Error) -> Problem {
        if self.is_blank() {
            return unreadable("the body is empty");
        }
        let mut parser = serde_json::Deserializer::from_slice(&self.0);
        let place = match serde_path_to_error::deserialize::<_, T>(&mut parser) {
            Ok(_) => String::new(),
            Err(found) => found.path().to_string(),
        };
        // The parser names its own types; whoever sent the body knows integers.
        let reason = error.to_string().replace("expected i64", "expected an integer");
        if error.is_data() && place != "." && !place.is_empty() {
            unreadable(&format!("{place}: {reason}")).at(place)
        } else {
            unreadable(&reason)
        }
    }
}

fn unreadable(reason: &str) -> Problem {
    // The parser repeats the value that it did not like, however long it is.
    let reason: String = reason.chars().take(REASON_MAX).collect();
    Problem::new(Code::InvalidRequestFormat, format!("The body is not what it must be: {reason}"))
}

impl FromRequest for Body {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let limits = guard::doors(&request)?.limits;
            check_media_type(&request)?;
            let announced = check_length(&request, limits.body_max)?;
            let reading = read(payload, announced, limits.body_max);
            match tokio::time::timeout(limits.body_within, reading).await {
                Ok(body) => body.map(Self),
                Err(_) => Err(too_slow(&limits)),
            }
        })
    }
}

fn check_media_type(request: &HttpRequest) -> Result<(), Problem> {
    let media_type = request.content_type().trim();
    let (kind, subtype) = media_type.split_once('/').unwrap_or_default();
    let is_json = kind.eq_ignore_ascii_case("application")
        && (subtype.eq_ignore_ascii_case("json")
            || subtype.to_ascii_lowercase().ends_with("+json"));
    if is_json {
        return Ok(());
    }
    let message = match media_type {
        "" => "The body must be declared: Content-Type: application/json".to_owned(),
        other => format!("The body must be application/json, not {other}"),
    };
    Err(Problem::new(Code::UnsupportedMediaType, message).at(CONTENT_TYPE.as_str()))
}

fn check_length(request: &HttpRequest, length_max: usize) -> Result<usize, Problem> {
    let header = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let announced = header.and_then(|text| text.parse().ok()).unwrap_or(0);
    if announced > length_max { Err(too_large(length_max)) } else { Ok(announced) }
}

/// A body that comes in one piece is not copied.
async fn read(mut payload: Payload, announced: usize, length_max: usize) -> Result<Bytes, Problem> {
    let Some(first) = payload.next().await.transpose()? else { return Ok(Bytes::new()) };
    if first.len() > length_max {
        return Err(too_large(length_max));
    }
    let Some(second) = payload.next().await.transpose()? else { return Ok(first) };
    let mut body = BytesMut::with_capacity(announced.min(RESERVED_MAX).max(first.len()));
    body.extend_from_slice(&first);
    let mut piece = Some(second);
    while let Some(bytes) = piece {
        if body.len() + bytes.len() > length_max {
            return Err(too_large(length_max));
        }
        body.extend_from_slice(&bytes);
        piece = payload.next().await.transpose()?;
    }
    Ok(body.freeze())
}

fn too_large(length_max: usize) -> Problem {
    let message = format!("The body is larger than {length_max} bytes");
    Problem::new(Code::PayloadTooLarge, message).closing()
}

fn too_slow(limits: &Limits) -> Problem {
    let message = format!("The body did not arrive within {:?}", limits.body_within);
    Problem::new(Code::RequestTimeout, message).closing()
}

#[cfg(test)]
mod tests {
    use super::super::orders::wire::{Elements, OrderBody};
    use super::*;

    fn said<'a, T: Deserialize<'a> + std::fmt::Debug>(body: &'a Body) -> (String, Problem) {
        let problem = body.parse::<T>().unwrap_err();
        assert_eq!(problem.code(), Code::InvalidRequestFormat);
        (problem.to_string(), problem)
    }

    #[test]
    fn an_ill_typed_field_is_named_with_its_place() {
        let body = Body(Bytes::from_static(br#"[{"quantity": 1}, null, {}, {"quantity": true}]"#));

        let (message, _) = said::<Elements<'_>>(&body);

        assert!(message.contains("[3].quantity"), "{message}");
        assert!(message.contains("line 1 column "), "{message}");
    }

    #[test]
    fn bodies_that_are_no_batch_say_what_they_are() {
        let deep = "[".repeat(200);
        let table = [
            ("", "empty"),
            ("{}", "an array of orders"),
            ("null", "an array of orders"),
            ("[5]", "an order object or null"),
            ("[[1]]", "an order object or null"),
            ("[{]", "line 1 column 3"),
            ("[", "line 1 column 1"),
            (r#"[{"blotterId": 1.5}]"#, "[0].blotterId"),
            (r#"[{"blotterId": 99999999999999999999}]"#, "[0].blotterId"),
            (r#"[{"portfolioId": {}}]"#, "[0].portfolioId"),
            (r#"[{"quantity": []}]"#, "[0].quantity"),
            ("[{\"portfolioId\": \"\u{1}\"}]", "control character"),
            (&deep, "an order object or null"),
            (&format!(r#"{{"version": {deep}}}"#), "an array of orders"),
            ("[] []", "trailing characters"),
        ];
        for (text, part) in table {
            let body = Body(Bytes::copy_from_slice(text.as_bytes()));
            let (message, _) = said::<Elements<'_>>(&body);
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    #[test]
    fn depth_that_nobody_looks_at_costs_nothing() {
        // Unknown members are skipped without recursion, so their depth needs no limit.
        let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
        let text = format!(r#"[{{"x": {open}{close}}}]"#);

        let body = Body(Bytes::from(text));

        assert!(body.parse::<Elements<'_>>().is_ok());
    }

    #[test]
    fn a_single_order_is_an_object() {
        for (text, part) in [("[]", "an order object"), (r#"{"version": "x"}"#, "version: ")] {
            let body = Body(Bytes::copy_from_slice(text.as_bytes()));
            let (message, _) = said::<OrderBody<'_>>(&body);
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
