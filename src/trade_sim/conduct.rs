//! Gives an answer the way its fault wants it given: whole, torn, dripping, or not at all.

use std::any::Any;
use std::cell::Cell;
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use actix_web::body::SizedStream;
use actix_web::dev::Extensions;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use actix_web::rt::net::TcpStream;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use futures_util::stream::{self, LocalBoxStream};
use futures_util::{StreamExt, future};

use super::answer::{self, Answer};
use super::faults::chaos::Plan;
use super::faults::kind::Kind;
use super::sim::Sim;

/// Bytes per piece of a dripping body.
const PIECE: usize = 32;
/// Long enough for the first half of a body to leave before the connection breaks.
const LEAVE: Duration = Duration::from_millis(20);
const GARBAGE: &str = "<html><body>Bad proxy, no JSON today</body></html>";
const BEGINNING: &str = r#"{"status":"SUCCESS","message":"All trade orders cre"#;

/// A second handle on a connection: what resets it cannot be reached through a request.
struct Socket(Cell<Option<std::net::TcpStream>>);

/// For every new connection.
pub(super) fn remember(connection: &dyn Any, data: &mut Extensions) {
    let stream = connection.downcast_ref::<TcpStream>();
    if let Some(Ok(handle)) = stream.map(|stream| stream.as_fd().try_clone_to_owned()) {
        data.insert(Socket(Cell::new(Some(handle.into()))));
    }
}

/// From now on closing the connection is resetting it. Without this the caller would see an
/// orderly end.
fn arm(request: &HttpRequest) {
    let handle = request.conn_data::<Socket>().and_then(|socket| socket.0.take());
    if let Some(stream) = handle.and_then(|handle| TcpStream::from_std(handle).ok())
        && let Err(error) = stream.set_zero_linger()
    {
        log::warn!(reason:% = error; "a connection cannot be reset, it will only be closed");
    }
}

/// The answer to a call as its plan wants it. `answer` is there when the kind lets one be made.
pub(super) async fn conduct(
    request: &HttpRequest,
    sim: &Sim,
    plan: &Plan,
    answer: Option<Answer>,
) -> HttpResponse {
    let failed = |status, message| {
        let answer = answer::failed(status, message, request.path(), sim.clock().utc());
        response(answer.status).body(answer.body)
    };
    match plan.kind {
        Kind::ErrorBefore | Kind::ErrorAfter => {
            failed(StatusCode::INTERNAL_SERVER_ERROR, "An unexpected error occurred")
        }
        Kind::TooMany => {
            come_again(failed(StatusCode::TOO_MANY_REQUESTS, "Too many requests"), plan)
        }
        Kind::Unavailable => come_again(failed(StatusCode::SERVICE_UNAVAILABLE, "Busy"), plan),
        Kind::HangBefore | Kind::HangAfter | Kind::Late => future::pending().await,
        Kind::ResetBefore | Kind::ResetAfter => {
            arm(request);
            torn(StatusCode::OK, Vec::new(), 1)
        }
        Kind::GarbageBefore | Kind::GarbageAfter => response(StatusCode::CREATED).body(GARBAGE),
        Kind::TruncatedBefore => response(StatusCode::CREATED).body(BEGINNING),
        Kind::TruncatedAfter => match answer {
            Some(Answer { status, mut body }) => {
                body.truncate(body.len() / 2);
                response(status).body(body)
            }
            None => response(StatusCode::OK).body(BEGINNING),
        },
        Kind::CutAfter => {
            arm(request);
            let Answer { status, mut body } = answer.unwrap_or_else(nothing);
            let length = body.len().max(1);
            body.truncate(length / 2);
            torn(status, body, length)
        }
        Kind::Drip => dripping(answer.unwrap_or_else(nothing), plan.drip),
        Kind::Ok | Kind::Reject | Kind::Partial | Kind::Shuffled | Kind::Empty | Kind::Stale => {
            let Answer { status, body } = answer.unwrap_or_else(nothing);
            response(status).body(body)
        }
    }
}

/// An empty list, for kinds that let no answer be made.
fn nothing() -> Answer {
    Answer { status: StatusCode::OK, body: b"[]".to_vec() }
}

pub(super) fn response(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((CONTENT_TYPE, HeaderValue::from_static("application/json")));
    response
}

fn come_again(mut response: HttpResponse, plan: &Plan) -> HttpResponse {
    response.headers_mut().insert(RETRY_AFTER, plan.retry_after.into());
    response
}

/// A body that breaks off, and its connection with it. One that breaks off before its first
/// byte takes the head along: nothing has been sent by then.
fn torn(status: StatusCode, part: Vec<u8>, length: usize) -> HttpResponse {
    let begin = if part.is_empty() { None } else { Some(Ok(Bytes::from(part))) };
    let has_begun = begin.is_some();
    let end = stream::once(async move {
        if has_begun {
            tokio::time::sleep(LEAVE).await;
        }
        Err(io::Error::other("broken on purpose by the trade simulator"))
    });
    sized(status, stream::iter(begin).chain(end).boxed_local(), length)
}

fn dripping(answer: Answer, pause: Duration) -> HttpResponse {
    let length = answer.body.len();
    let pieces = stream::unfold(Bytes::from(answer.body), move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(pause).await;
        let piece = rest.split_to(PIECE.min(rest.len()));
        Some((Ok(piece), rest))
    });
    sized(answer.status, pieces.boxed_local(), length)
}

fn sized(
    status: StatusCode,
    body: LocalBoxStream<'static, io::Result<Bytes>>,
    length: usize,
) -> HttpResponse {
    response(status).body(SizedStream::new(u64::try_from(length).unwrap_or(u64::MAX), body))
}
