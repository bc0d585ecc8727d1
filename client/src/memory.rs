//! What was answered under a key, for whoever submits under it again.

use std::rc::Rc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::error::Error;
use crate::parcel::Parcel;
use crate::queue::{QueueError, Store};
use crate::rules::key::fingerprint;
use crate::wire::SubmissionItem;

#[derive(Clone)]
pub(crate) struct Memory {
    pub(crate) store: Rc<dyn Store>,
    pub(crate) kept: Duration,
}

/// An answer, and to what.
#[derive(Serialize, Deserialize)]
struct Answer<'a> {
    fingerprint: String,
    items: Vec<SubmissionItem<'a>>,
}

impl Memory {
    /// Keeps the answer to a submission that the service has as a whole, if its key may come again.
    pub(crate) async fn keep(
        &self,
        parcel: &Parcel,
        items: &[SubmissionItem<'static>],
    ) -> Result<(), QueueError> {
        if !parcel.is_keyed {
            return Ok(());
        }
        let answer = Answer { fingerprint: fingerprint(&parcel.body), items: items.to_vec() };
        let answer = serde_json::to_string(&answer)?;
        self.store.remember(&parcel.key, &answer, clock::utc(), self.since()).await
    }

    /// The answer to an earlier submission under this key.
    pub(crate) async fn recall(
        &self,
        parcel: &Parcel,
    ) -> Result<Option<Vec<SubmissionItem<'static>>>, Error> {
        if !parcel.is_keyed {
            return Ok(None);
        }
        let Some(answer) = self.store.recall(&parcel.key, self.since()).await? else {
            return Ok(None);
        };
        let answer: Answer<'static> = serde_json::from_str(&answer)?;
        if answer.fingerprint == fingerprint(&parcel.body) {
            Ok(Some(answer.items))
        } else {
            Err(Error::KeyReused { key: parcel.key.clone() })
        }
    }

    fn since(&self) -> DateTime<Utc> {
        clock::utc() - self.kept
    }
}
