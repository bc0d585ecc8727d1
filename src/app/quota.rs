//! The quota of each client, if one is set.

use std::num::NonZeroU32;
use std::sync::Arc;

use crate::domain::order::BATCH_ORDERS_MAX;
use crate::domain::quota::Rate;
use crate::http::quota::Quotas;
use crate::ports::clock::Clock;
use crate::ports::meter::DispatchMeter;
use crate::settings::{BATCH_MAX, QuotaSettings};

const _: () = assert!(BATCH_ORDERS_MAX == 1_000 && BATCH_MAX == 1_000, "a batch fits a bucket");

pub(super) fn quotas(
    settings: &QuotaSettings,
    meter: Arc<dyn DispatchMeter>,
    clock: &dyn Clock,
) -> Option<Quotas> {
    let per_second = NonZeroU32::new(settings.orders_per_second)?;
    let burst = NonZeroU32::new(settings.burst)?;
    Some(Quotas::new(Rate { per_second, burst }, settings.headers, meter, clock.instant()))
}
