//! The trade service over HTTP.
//!
//! Nothing is sent twice here: `awc` repeats no call, and follows no redirect as it is set below.
//! The two questions that matter are which failures prove that nothing left the house (`NotSent`)
//! and after which ones nothing can still be on its way (`over`); where the client cannot tell, the
//! outcome is unknown.

mod header;
mod telling;
#[cfg(test)]
mod tests;
mod verdict;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use awc::error::{ConnectError, PayloadError, SendRequestError};
use awc::http::Version;
use awc::http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, USER_AGENT};
use awc::{Client, Connector, SendClientRequest};

use crate::domain::trade::{Finding, Placing};
use crate::ports::clock::Clock;
use crate::ports::desk::{Call, TradeDesk};
use crate::ports::meter::DeskMeter;
use crate::settings::TradeSettings;
use telling::{Body, Told};

const AGENT: &str = concat!("weir/", env!("CARGO_PKG_VERSION"));
const JSON: &str = "application/json";
/// Trades of one order that a look-up wants to see: there is one, or the service does not keep
/// order ids unique.
const LOOK_UP_LIMIT: u8 = 2;

/// The desk of one thread: its connections are its own.
pub struct HttpDesk {
    client: Client,
    bulk: String,
    trades: String,
    answer_timeout: Duration,
    answer_max: usize,
    blotters: Vec<i32>,
    clock: Arc<dyn Clock>,
    meter: Arc<dyn DeskMeter>,
}

/// Why there is no answer.
enum Silence {
    /// Nothing left the house.
    NotSent(String),
    /// The call may have arrived, or may still arrive.
    Lost(String),
}

impl HttpDesk {
    /// `base` is where the trade service is: `trade.url`, or the simulator that stands in for it.
    #[must_use]
    pub fn new(
        base: &str,
        settings: &TradeSettings,
        clock: Arc<dyn Clock>,
        meter: Arc<dyn DeskMeter>,
    ) -> Self {
        let connector = Connector::new()
            .limit(settings.connections_max.min(settings.connections_per_host))
            .conn_keep_alive(settings.keep_alive)
            .timeout(settings.connect_timeout)
            .handshake_timeout(settings.connect_timeout)
            // One call, one connection: with HTTP/2 a broken one would take its neighbours along.
            .max_http_version(Version::HTTP_11);
        let client = Client::builder()
            .connector(connector)
            // The desk times the call as a whole.
            .disable_timeout()
            .disable_redirects()
            .add_default_header((USER_AGENT, AGENT))
            .add_default_header((ACCEPT, JSON))
            .finish();
        Self {
            client,
            bulk: format!("{base}/api/v1/tradeOrders/bulk"),
            trades: format!("{base}/api/v1/tradeOrders"),
            answer_timeout: settings.answer_timeout,
            answer_max: settings.answer_max,
            blotters: settings.blotters.clone(),
            clock,
            meter,
        }
    }

    async fn send(&self, call: Call<'_>) -> Placing {
        let body = match wire::bulk(&call, &self.blotters) {
            Ok(body) => body,
            Err(reason) => return Placing::NotSent { reason, wait: None },
        };
        let request = self
            .client
            .post(self.bulk.as_str())
            .insert_header((CONTENT_TYPE, JSON))
            .insert_header(("Idempotency-Key", header::key(call.orders)))
            .insert_header(("traceparent", header::traceparent(call.trace)));
        match self.hear(request.send_body(body)).await {
            Ok(told) => verdict::placing(&told),
            Err(Silence::NotSent(reason)) => Placing::NotSent { reason, wait: None },
            Err(Silence::Lost(reason)) => Placing::Unknown { reason, over: false, wait: None },
        }
    }

    async fn ask(&self, order_id: i64) -> Finding {
        let url = format!("{}?order_id={order_id}&limit={LOOK_UP_LIMIT}", self.trades);
        match self.hear(self.client.get(url).send()).await {
            Ok(told) => verdict::finding(order_id, &told),
            Err(Silence::NotSent(reason) | Silence::Lost(reason)) => {
                Finding::Unclear { reason, wait: None }
            }
        }
    }

    /// The answer, as far as it came in time. Giving a call up closes its connection.
    async fn hear(&self, request: SendClientRequest) -> Result<Told, Silence> {
        let mut head = None;
        let hearing = async {
            let mut response = request.await.map_err(silence)?;
            let announced = announced(response.headers());
            head = Some((response.status(), header::wait(response.headers()), announced));
            Ok(response.body().limit(self.answer_max).await)
        };
        let heard = tokio::time::timeout(self.answer_timeout, hearing).await;
        let late = || format!("no whole answer within {:?}", self.answer_timeout);
        let Some((status, wait, announced)) = head else {
            return Err(match heard {
                Ok(Err(silence)) => silence,
                Ok(Ok(_)) | Err(_) => Silence::Lost(late()),
            });
        };
        let body = match heard {
            // The client takes the end of a connection for the end of an answer.
            Ok(Ok(Ok(bytes))) if announced.is_some_and(|length| length != bytes.len()) => {
                Body::Broken("the connection ended before the answer".to_owned())
            }
            Ok(Ok(Ok(bytes))) => Body::Whole { bytes, is_measured: announced.is_some() },
            Ok(Ok(Err(PayloadError::Overflow))) => Body::TooLarge,
            Ok(Ok(Err(error))) => Body::Broken(error.to_string()),
            Ok(Err(_)) | Err(_) => Body::Broken(late()),
        };
        Ok(Told { status, wait, body })
    }
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// What a failed call proves. A server that hangs up without an answer is told as a failed
/// connect, too: `Disconnected` comes after the sending.
fn silence(error: SendRequestError) -> Silence {
    let hung_up = matches!(error, SendRequestError::Connect(ConnectError::Disconnected));
    let is_unsent = !hung_up
        && matches!(
            error,
            SendRequestError::Connect(_) | SendRequestError::Url(_) | SendRequestError::Http(_)
        );
    let reason = telling::plain(&error.to_string());
    if is_unsent { Silence::NotSent(reason) } else { Silence::Lost(reason) }
}

#[async_trait(?Send)]
impl TradeDesk for HttpDesk {
    async fn place(&self, call: Call<'_>) -> Placing {
        let began = self.clock.instant();
        let placing = self.send(call).await;
        let took = self.clock.instant().saturating_duration_since(began);
        self.meter.placed(call.orders.len(), placing.label(), took);
        placing
    }

    async fn look_up(&self, order_id: i64) -> Finding {
        let began = self.clock.instant();
        let finding = self.ask(order_id).await;
        let took = self.clock.instant().saturating_duration_since(began);
        self.meter.looked_up(finding.label(), took);
        finding
    }
}
