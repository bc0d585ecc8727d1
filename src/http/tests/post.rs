//! The letters' side of the fake: nothing is known, and nobody asks for more. The ledger with
//! letters is tested over a store in memory.

use async_trait::async_trait;
use uuid::Uuid;

use super::world::World;
use crate::domain::batch::{Answer, Claim, Claimed, Known, Wanted};
use crate::domain::letter::{Settled, Settlement};
use crate::domain::moment::Moment;
use crate::ports::Failure;
use crate::ports::post::{Collect, Collected, Post};

#[async_trait]
impl Post for World {
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
}

fn nobody_asks() -> Failure {
    Failure::Broken { reason: "no test of these asks for it".to_owned() }
}
