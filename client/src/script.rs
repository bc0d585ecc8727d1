//! A service that answers by script: for tests.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::clock;
use crate::parcel::Parcel;
use crate::post::Post;
use crate::rules::class::{Heard, Told};

/// Answers one call after the other as it was told to, and all further ones with success.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) answers: RefCell<VecDeque<Heard>>,
    pub(crate) sent: RefCell<Vec<(Instant, Parcel)>>,
    pub(crate) utilisation: Cell<f64>,
    /// How long an answer takes.
    pub(crate) takes: Cell<Duration>,
}

#[async_trait(?Send)]
impl Post for Script {
    async fn send(&self, parcel: &Parcel) -> Heard {
        self.sent.borrow_mut().push((clock::instant(), parcel.clone()));
        sleep(self.takes.get()).await;
        let planned = self.answers.borrow_mut().pop_front();
        planned.unwrap_or_else(|| batch(&vec![None; parcel.orders.len()]))
    }

    async fn utilisation(&self) -> Result<f64, String> {
        Ok(self.utilisation.get())
    }
}

/// The answer to a batch: `None` was submitted, anything else failed with this code.
pub(crate) fn batch(codes: &[Option<&str>]) -> Heard {
    let item = |(index, code): (usize, &Option<&str>)| -> Value {
        let status = if code.is_none() { "SUCCESS" } else { "FAILURE" };
        json!({"requestIndex": index, "status": status, "message": "m", "orderId": index,
            "success": code.is_none(), "failure": code.is_some(), "errorCode": code})
    };
    let results: Vec<_> = codes.iter().enumerate().map(item).collect();
    let count = codes.len();
    let body = json!({"status": "m", "message": "m", "totalRequested": count,
        "totalReceived": count, "successful": 0, "failed": 0, "queued": 0, "success": false,
        "failure": false, "partial": true, "successRate": 0.5, "results": results});
    Heard::Answer(Told { status: 207, body: body.to_string().into(), ..Told::default() })
}

pub(crate) fn status(status: u16) -> Heard {
    Heard::Answer(Told { status, ..Told::default() })
}

pub(crate) fn hung_up() -> Heard {
    Heard::HungUp("reset".to_owned())
}
