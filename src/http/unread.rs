//! Bodies that nobody read to the end: their connections are closed, not drained.
//!
//! actix drains a chunked body that its handler dropped, without a limit of time or size: a
//! client that never ends it would keep its connection for ever. While somebody still holds the
//! body, actix closes the connection instead, within the time to take leave.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpMessage;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_util::Stream;

/// Longer than it takes to write the answer; nothing waits for it.
const HELD: Duration = Duration::from_secs(2);

/// A body under way to a handler; `None` once it was read to its end.
#[derive(Clone)]
struct Shared(Rc<RefCell<Option<Payload>>>);

/// Holds a chunked body beyond the request, if it was not read.
pub(super) struct Unread(Shared);

impl Unread {
    /// Comes between a chunked body and its reader; other bodies end by their length.
    pub(super) fn watch(request: &mut ServiceRequest) -> Option<Self> {
        if !request.chunked().unwrap_or(false) {
            return None;
        }
        let shared = Shared(Rc::new(RefCell::new(Some(request.take_payload()))));
        request.set_payload(Payload::Stream { payload: Box::pin(shared.clone()) });
        Some(Self(shared))
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        let Some(payload) = self.0.0.take() else { return };
        actix_web::rt::spawn(async move {
            tokio::time::sleep(HELD).await;
            drop(payload);
        });
    }
}

impl Stream for Shared {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut held = self.0.borrow_mut();
        let Some(payload) = held.as_mut() else { return Poll::Ready(None) };
        let polled = Pin::new(payload).poll_next(context);
        if matches!(polled, Poll::Ready(None)) {
            *held = None;
        }
        polled
    }
}
