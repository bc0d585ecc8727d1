//! Calls the admin listener of a running Weir: what the command line does for operators.

use std::net::SocketAddr;
use std::time::Duration;

use awc::Client;
use awc::http::header::AUTHORIZATION;
use awc::http::{Method, StatusCode};
use serde_json::Value;

use super::readiness::reachable;
use crate::settings::{AdminSettings, BaseUrl, Secret};

/// Orders to many letters take longer than questions.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// Ten minutes of samples at their quickest are half a megabyte.
const ANSWER_MAX: usize = 16 << 20;

/// Why there is no answer that could be shown.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    #[error("nothing answers at {url}: {reason}")]
    NoAnswer { url: String, reason: String },
    #[error("{url} refused: {message} ({code})")]
    Refused { url: String, code: String, message: String },
    #[error("{url} answered {status} with what is no JSON: is this the admin listener?")]
    Unreadable { url: String, status: u16 },
}

/// Where it is, and what it asks for.
pub struct AdminListener {
    base: String,
    token: Option<Secret>,
    client: Client,
}

impl AdminListener {
    /// The one at `url`, else the one of these settings; the token is that of the settings.
    #[must_use]
    pub fn new(url: Option<&BaseUrl>, settings: &AdminSettings) -> Self {
        let of_settings = |bind: SocketAddr| format!("http://{}", reachable(bind));
        Self {
            base: url.map_or_else(|| of_settings(settings.bind), BaseUrl::to_string),
            // After a rotation the last one is the one that stays.
            token: settings.tokens.last().cloned(),
            client: Client::builder().timeout(ANSWER_WITHIN).finish(),
        }
    }

    /// With what of this query has a value.
    pub async fn get(
        &self,
        path: &str,
        query: &[(&str, Option<String>)],
    ) -> Result<Value, AdminError> {
        self.call(Method::GET, path, query, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, AdminError> {
        self.call(Method::POST, path, &[], Some(body)).await
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, Option<String>)],
        body: Option<&Value>,
    ) -> Result<Value, AdminError> {
        let url = format!("{}{path}", self.base);
        let no_answer = |reason: String| AdminError::NoAnswer { url: url.clone(), reason };
        let request = self.client.request(method, &url).query(&query);
        let mut request = request.map_err(|error| no_answer(error.to_string()))?;
        if let Some(token) = &self.token {
            request = request.insert_header((AUTHORIZATION, format!("Bearer {}", token.expose())));
        }
        let sending = match body {
            Some(body) => request.send_json(body),
            None => request.send(),
        };
        let mut answer = sending.await.map_err(|error| no_answer(error.to_string()))?;
        let bytes = answer.body().limit(ANSWER_MAX).await;
        let bytes = bytes.map_err(|error| no_answer(error.to_string()))?;
        let status = answer.status();
        if status == StatusCode::NO_CONTENT {
            return Ok(Value::Null);
        }
        let Ok(body) = serde_json::from_slice::<Value>(&bytes) else {
            return Err(AdminError::Unreadable { url, status: status.as_u16() });
        };
        if status.is_success() {
            return Ok(body);
        }
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or("?").to_owned();
        Err(AdminError::Refused { url, code: text("code"), message: text("message") })
    }
}
