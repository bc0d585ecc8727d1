//! Pool monitor.
use crate::ports::clock::Clock;
use crate::ports::gauge::PoolGauge;
use actix::{Actor, Context};
use std::sync::Arc;
use std::time::Duration;
/// Pace.
pub struct Pace {
    pub sample_every: Duration,
    pub hold_warning: Duration,
}
/// Monitor.
pub struct PoolMonitor {
    gauge: Arc<dyn PoolGauge>,
}
impl PoolMonitor {
    pub fn new(gauge: Arc<dyn PoolGauge>, _c: Arc<dyn Clock>, _p: Pace) -> Self {
        Self { gauge }
    }
}
impl Actor for PoolMonitor {
    type Context = Context<Self>;
    fn started(&mut self, _: &mut Context<Self>) {
        let _ = &self.gauge;
    }
}
