//! What the fakes of several rooms share.

use async_trait::async_trait;
use uuid::Uuid;

use super::Failure;
use super::post::{Collect, Collected, Post};
use crate::domain::batch::{Answer, Claim, Claimed, Known, Wanted};
use crate::domain::decision::{Decided, NotDecided, Ruling};
use crate::domain::letter::{Settled, Settlement};
use crate::domain::moment::Moment;

/// A store without letters: of keys and names nothing is known, and nobody asks for more. What
/// has to do with letters is tested over a store in memory.
pub(crate) trait Letterless: Send + Sync {}

#[async_trait]
impl<T: Letterless> Post for T {
    async fn known(&self, wanted: &Wanted) -> Result<Known, Failure> {
        Ok(Known {
            keys: vec![None; wanted.keys.len()],
            client_orders: vec![None; wanted.client_orders.len()],
        })
    }

    async fn claim(&self, _: u16, _: &[Claim]) -> Result<Vec<Claimed>, Failure> {
        Err(nobody_asks())
    }

    async fn collect(&self, _: Collect, _: Moment) -> Result<Collected, Failure> {
        Err(nobody_asks())
    }

    async fn settle(&self, _: u16, _: &[Settlement]) -> Result<Vec<Settled>, Failure> {
        Err(nobody_asks())
    }

    async fn freeze(&self, _: &[(Uuid, Answer)]) -> Result<Vec<Answer>, Failure> {
        Err(nobody_asks())
    }

    async fn decide(&self, _: &[Ruling]) -> Result<Vec<Vec<Result<Decided, NotDecided>>>, Failure> {
        Err(nobody_asks())
    }
}

fn nobody_asks() -> Failure {
    Failure::Broken { reason: "no test of these asks for it".to_owned() }
}
