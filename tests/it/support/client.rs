//! The HTTP client of the tests: hides nothing. No redirects, no decompression, no retry, and any
//! status is an answer; only a broken connection is an error.

use std::time::Duration;

use awc::http::Method;
use awc::http::header::HeaderMap;
use awc::{Client, Connector};
use serde_json::Value;

const TIMEOUT: Duration = Duration::from_secs(30);
const BODY_BYTES_MAX: usize = 64 << 20;

pub(crate) fn client() -> Client {
    // A test may hold more requests open than the 100 connections awc keeps by default.
    let connector = Connector::new().limit(0).timeout(TIMEOUT);
    Client::builder().connector(connector).timeout(TIMEOUT).disable_redirects().finish()
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// The text as JSON; null when it is not.
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Passes the answer on when the status is the expected one; shows the answer when it is not.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
}

/// A request in the making; nothing leaves before `send`.
pub(crate) struct Request {
    client: Client,
    method: Method,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Request {
    pub(crate) fn new(client: &Client, method: &str, url: String) -> Self {
        let method = method.parse().unwrap();
        Self { client: client.clone(), method, url, headers: Vec::new(), body: None }
    }

    pub(crate) fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.raw("application/json", body.to_string())
    }

    pub(crate) fn raw(mut self, content_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = Some(bytes.into());
        self.header("content-type", content_type)
    }

    pub(crate) async fn send(self) -> Answer {
        let line = format!("{} {}", self.method, self.url);
        self.try_send().await.unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    /// For tests that break connections: an error is a connection without a whole answer.
    pub(crate) async fn try_send(self) -> Result<Answer, String> {
        let mut request = self.client.request(self.method, self.url).no_decompress();
        for (name, value) in self.headers {
            request = request.append_header((name, value));
        }
        let sending = match self.body {
            Some(bytes) => request.send_body(bytes),
            None => request.send(),
        };
        let mut response = sending.await.map_err(|error| error.to_string())?;
        let bytes = response.body().limit(BODY_BYTES_MAX).await;
        let bytes = bytes.map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
        })
    }
}
