//! An answer as it was heard, and how it is told to people.

use std::fmt::Display;
use std::time::Duration;

use actix_web::web::Bytes;
use awc::http::StatusCode;
use serde::Deserialize;

use crate::domain::json::Text;

/// Characters of a reason: enough for a sentence of the trade service, too few for a page.
const REASON_MAX: usize = 300;

/// An answer: at least its head.
pub(super) struct Told {
    pub(super) status: StatusCode,
    pub(super) wait: Option<Duration>,
    pub(super) body: Body,
}

/// As much of a body as came.
pub(super) enum Body {
    Whole {
        bytes: Bytes,
        /// It has the length that was announced. Without one, the end of the connection looks
        /// like the end of the body.
        is_measured: bool,
    },
    TooLarge,
    Broken(String),
}

#[derive(Deserialize)]
struct Complaint<'a> {
    #[serde(borrow)]
    message: Option<Text<'a>>,
}

impl Told {
    /// What it says about itself, if that is JSON. Nothing else of a body is ever told: it may
    /// be any page of anybody's.
    pub(super) fn message(&self) -> Option<String> {
        let Body::Whole { bytes, .. } = &self.body else { return None };
        let complaint: Complaint<'_> = serde_json::from_slice(bytes).ok()?;
        complaint.message.map(|text| plain(&text.0)).filter(|text| !text.is_empty())
    }

    /// The status, and what it says about itself.
    pub(super) fn reason(&self) -> String {
        let said = format!("the trade service answered {}", self.status);
        match self.message() {
            Some(message) => plain(&format!("{said}: {message}")),
            None => said,
        }
    }

    /// The status, and why the answer cannot be used.
    pub(super) fn useless(&self, why: impl Display) -> String {
        plain(&format!("the trade service answered {}, but {why}", self.status))
    }
}

/// One short line without control characters.
pub(super) fn plain(text: &str) -> String {
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    let mut plain: String = text.trim().chars().take(REASON_MAX).map(visible).collect();
    if text.trim().chars().nth(REASON_MAX).is_some() {
        plain.pop();
        plain.push('…');
    }
    plain
}
