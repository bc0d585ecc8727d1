//! The console, as people use it: in a real browser, with its keys.
//!
//! Skipped with a line where there is no Chromium, unless `WEIR_TEST_REQUIRE_CHROMIUM=1`.

mod chromium;
mod contact;
mod letters;
mod live;
mod orders;
mod page;
mod pauses;
mod token;

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::Weir;

/// A browser on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

async fn submit(weir: &Weir, orders: usize) {
    let order = json!({"blotterId": 1, "statusId": 1, "orderTypeId": 1, "quantity": 5.5,
        "portfolioId": "68a1b2c3d4e5f60718293a4b", "securityId": "68ffeeddccbbaa9988776655"});
    let batch = Value::from(vec![order; orders]);
    weir.post("/api/v1/orders/batch", &batch).await.expect(200);
}
