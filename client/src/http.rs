//! The service over HTTP.
//!
//! `awc` looks at every idle connection before it uses it, repeats no call, and follows no
//! redirect as it is set here. A connection that went stale just then shows as one that hung up,
//! which is tried again like every other silence: the key makes that safe.

use std::time::Duration;

use async_trait::async_trait;
use awc::error::{ConnectError, SendRequestError};
use awc::http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, RETRY_AFTER, USER_AGENT};
use awc::http::{StatusCode, Version};
use awc::{Client, Connector, SendClientRequest};
use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::clock;
use crate::parcel::Parcel;
use crate::post::Post;
use crate::rules::class::{Heard, Told};
use crate::rules::retry_after;
use crate::settings::Connection;
use crate::wire::PoolHealth;

const AGENT: &str = concat!("weir-client/", env!("CARGO_PKG_VERSION"));
const JSON: &str = "application/json";
/// A look at the service's health is small talk: who does not answer it soon is not well.
const HEALTH_WITHIN: Duration = Duration::from_secs(5);
/// Bytes of the largest answer that is read: a batch of a thousand has a tenth of it.
const ANSWER_MAX: usize = 4 * 1024 * 1024;

pub(crate) struct HttpPost {
    client: Client,
    batch: String,
    health: String,
    client_id: Option<String>,
    read_timeout: Duration,
    lease_timeout: Duration,
    /// Calls that may be under way. One connection each, so that nobody waits inside of awc, where
    /// waiting could not be told from a slow answer.
    places: Semaphore,
}

impl HttpPost {
    pub(crate) fn new(settings: &Connection, client_id: Option<String>) -> Self {
        let base = settings.base_url.trim_end_matches('/');
        // There is one host, so that the lesser bound is the one that counts.
        let connections = settings.max_connections.min(settings.max_connections_per_route);
        let connector = Connector::new()
            // One more for looks at the health, which must not wait for orders.
            .limit(connections + 1)
            .timeout(settings.connect_timeout)
            .handshake_timeout(settings.connect_timeout)
            .max_http_version(Version::HTTP_11);
        let client = Client::builder()
            .connector(connector)
            .disable_timeout()
            .disable_redirects()
            .add_default_header((USER_AGENT, AGENT))
            .add_default_header((ACCEPT, JSON))
            .finish();
        Self {
            client,
            batch: format!("{base}/api/v1/orders/batch"),
            health: format!("{base}/api/v1/health/connection-pool"),
            client_id,
            read_timeout: settings.read_timeout,
            lease_timeout: settings.connection_request_timeout,
            places: Semaphore::new(connections),
        }
    }

    async fn hear(&self, request: SendClientRequest, within: Duration) -> Heard {
        let hearing = async {
            let mut response = match request.await {
                Ok(response) => response,
                Err(error) => return silence(&error),
            };
            let (status, pause) = (response.status(), pause(response.headers()));
            match response.body().limit(ANSWER_MAX).await {
                Ok(body) => Heard::Answer(told(status, pause, body)),
                Err(error) => Heard::HungUp(error.to_string()),
            }
        };
        timeout(within, hearing).await.unwrap_or(Heard::TimedOut)
    }
}

#[async_trait(?Send)]
impl Post for HttpPost {
    async fn send(&self, parcel: &Parcel) -> Heard {
        let Ok(Ok(_place)) = timeout(self.lease_timeout, self.places.acquire()).await else {
            return Heard::NoLease;
        };
        let mut request = self
            .client
            .post(self.batch.as_str())
            .insert_header((CONTENT_TYPE, JSON))
            .insert_header(("Idempotency-Key", parcel.key.as_str()));
        if let Some(id) = &self.client_id {
            request = request.insert_header(("X-Client-Id", id.as_str()));
        }
        self.hear(request.send_body(parcel.body.clone()), self.read_timeout).await
    }

    async fn utilisation(&self) -> Result<f64, String> {
        let request = self.client.get(self.health.as_str()).send();
        match self.hear(request, HEALTH_WITHIN).await {
            Heard::Answer(told) if told.status == StatusCode::OK.as_u16() => {
                let health: PoolHealth<'_> =
                    serde_json::from_slice(&told.body).map_err(|error| error.to_string())?;
                Ok(health.utilization)
            }
            Heard::Answer(told) => Err(format!("the health page answered {}", told.status)),
            Heard::NoLease | Heard::TimedOut => Err("the health page did not answer".to_owned()),
            Heard::NotConnected(why) | Heard::HungUp(why) => Err(why),
        }
    }
}

/// How long the service asks to be left alone.
fn pause(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    retry_after::parse(text, clock::utc())
}

fn told(status: StatusCode, retry_after: Option<Duration>, body: Bytes) -> Told {
    #[derive(Deserialize)]
    struct Coded {
        code: String,
    }

    let is_problem = status.is_client_error() || status.is_server_error();
    let coded = is_problem.then(|| serde_json::from_slice::<Coded>(&body).ok()).flatten();
    Told { status: status.as_u16(), code: coded.map(|coded| coded.code), retry_after, body }
}

/// A server that hangs up without an answer is told as a failed connect, too: `Disconnected`
/// comes after the sending.
fn silence(error: &SendRequestError) -> Heard {
    let hung_up = matches!(error, SendRequestError::Connect(ConnectError::Disconnected));
    let is_unsent = matches!(
        error,
        SendRequestError::Connect(_) | SendRequestError::Url(_) | SendRequestError::Http(_)
    );
    let reason = error.to_string();
    if is_unsent && !hung_up { Heard::NotConnected(reason) } else { Heard::HungUp(reason) }
}
