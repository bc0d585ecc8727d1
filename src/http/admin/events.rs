//! The status as it changes, for consoles: server-sent events over one long answer.

use std::convert::Infallible;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, get, web};
use futures_util::Stream;
use futures_util::stream::{once, unfold};
use futures_util::{StreamExt, future};
use tokio::sync::mpsc::Receiver;

use super::super::document::problems;
use super::super::problem::{Code, Problem};
use super::super::{Doors, mapping};
use crate::actors::lookout::{News, NoPlace, Watch};

/// How soon a console that lost its stream asks for another one.
const RETRY: &str = "retry: 1000\n\n";

problems! {
    /// Why there is no stream.
    NoStream: &[
        Code::AuthenticationError,
        Code::ServiceOverloaded,
        Code::ServiceStopping,
        Code::InternalError,
    ];
}

/// The status as it changes
///
/// Event `status` at once, every second and after each change: the object of `/admin/status`. Event
/// `change` for each change of a breaker and each action of an operator: `{at, kind, text}`. There
/// are 32 streams at most; one that is read too slowly ends.
#[utoipa::path(
    tag = "admin",
    operation_id = "events",
    responses(
        (status = 200, description = "A stream", body = String, content_type = "text/event-stream"),
        NoStream,
    ),
)]
#[get("/admin/events")]
pub(in crate::http) async fn watch(doors: web::Data<Doors>) -> Result<HttpResponse, Problem> {
    let asked = tokio::time::timeout(super::TOLD_WITHIN, doors.lookout.send(Watch)).await;
    let news = match asked {
        Ok(Ok(Ok(news))) => news,
        Ok(Ok(Err(NoPlace::Closing))) => return Err(mapping::stopping()),
        Ok(Ok(Err(NoPlace::Full))) => {
            let message = "As many watch already as may: close a console";
            return Err(Problem::new(Code::ServiceOverloaded, message));
        }
        Ok(Err(_)) | Err(_) => {
            let problem = Problem::new(Code::InternalError, Code::InternalError.title());
            return Err(problem.inside("the lookout did not answer"));
        }
    };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .streaming(stream(news)))
}

/// Ends when the lookout lets go of its reader.
fn stream(news: Receiver<News>) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let begin = once(future::ready(Bytes::from_static(RETRY.as_bytes())));
    let events = unfold(news, async |mut news| {
        let event = news.recv().await.map(|news| event(&news))?;
        Some((event, news))
    });
    begin.chain(events).map(Ok)
}

/// The text is JSON, and so one line.
fn event(News { kind, text }: &News) -> Bytes {
    Bytes::from(format!("event: {kind}\ndata: {text}\n\n"))
}
