//! Batches for a service: a bare call and the client take turns on one connection each, one batch
//! after the other, on one thread.

use std::time::{Duration, Instant};

use uuid::Uuid;
use weir_client::wire::{Order, Submission};
use weir_client::{OrderClient, Outcome, Settings};

use crate::orders::{batches, name};
use crate::plan::Plan;
use crate::shared::fixture::BATCH;
use crate::shared::usage::own_cpu;
use crate::support::{Kind, Weir};

/// Calls a second, so that the client's rate does not wait.
const NO_LIMIT: f64 = 1e6;

/// What one caller needed in one round.
pub(crate) struct Called {
    /// Of this process, microseconds a batch.
    pub(crate) cpu: f64,
    /// Microseconds until the answer was read, sorted.
    pub(crate) latencies: Vec<u32>,
}

pub(crate) struct Round {
    pub(crate) bare: Called,
    pub(crate) client: Called,
}

pub(crate) async fn run(plan: &Plan) -> Vec<Round> {
    let folder = tempfile::tempdir().unwrap();
    let mut weir = Weir::on(Kind::Sqlite).start().await;
    let bare = Bare::new(&weir.public);
    let mut settings = Settings::default();
    settings.connection.base_url = weir.public.clone();
    settings.queue.path = folder.path().join("queue");
    (settings.rate.start, settings.rate.most) = (NO_LIMIT, NO_LIMIT);
    let client = OrderClient::builder("").settings(settings).open().await.unwrap();

    let mut next = 0;
    let mut take = |count| {
        let taken = batches(next, count);
        next += BATCH * count as u64;
        taken
    };
    let by_hand = async |orders| bare.submit(orders).await;
    let by_client = async |orders| submit(&client, orders).await;
    // Connections, caches and prepared statements come into being here.
    call(take(plan.batches), &by_hand).await;
    call(take(plan.batches), &by_client).await;
    let mut rounds = Vec::new();
    for round in 1..=plan.rounds {
        eprintln!("calling, round {round} of {}", plan.rounds);
        let (first, second) = (take(plan.batches), take(plan.batches));
        // Who comes first has other neighbours: they take turns at that, too.
        rounds.push(if round % 2 == 0 {
            let client = call(first, &by_client).await;
            Round { bare: call(second, &by_hand).await, client }
        } else {
            let bare = call(first, &by_hand).await;
            Round { bare, client: call(second, &by_client).await }
        });
    }

    let page = weir.get("/api/v1/orders?limit=1").await.expect(200);
    let total = page.body["pagination"]["totalElements"].as_u64();
    assert_eq!(total, Some(next), "every order is there, once");
    assert!(weir.terminate().await.success(), "weir ends well");
    rounds
}

async fn call(batches: Vec<Vec<Order>>, submit: impl AsyncFn(Vec<Order>)) -> Called {
    let count = batches.len() as f64;
    let mut latencies = Vec::with_capacity(batches.len());
    let before = own_cpu();
    for orders in batches {
        let asked = Instant::now();
        submit(orders).await;
        latencies.push(micros(asked.elapsed()));
    }
    let cpu = own_cpu().saturating_sub(before);
    latencies.sort_unstable();
    Called { cpu: cpu.as_secs_f64() * 1e6 / count, latencies }
}

async fn submit(client: &OrderClient, orders: Vec<Order>) {
    let outcome = client.submit(orders).await.unwrap();
    let is_whole = matches!(&outcome, Outcome::Submitted { items } if items.len() as u64 == BATCH);
    assert!(is_whole, "a whole batch is submitted: {outcome:?}");
}

/// What one writes without the client: the same request, which is as safe to repeat, and nobody
/// who would repeat it.
struct Bare {
    client: awc::Client,
    url: String,
}

impl Bare {
    fn new(public: &str) -> Self {
        let client = awc::Client::builder().disable_redirects().finish();
        Self { client, url: format!("{public}/api/v1/orders/batch") }
    }

    async fn submit(&self, mut orders: Vec<Order>) {
        let key = Uuid::now_v7().to_string();
        name(&mut orders, &key);
        let request = self.client.post(self.url.as_str()).insert_header(("Idempotency-Key", key));
        let mut response = request.send_json(&orders).await.unwrap();
        let answer: Submission<'static> = response.json().await.unwrap();
        assert_eq!(answer.head.successful as u64, BATCH, "a whole batch is submitted: {answer:?}");
    }
}

pub(crate) fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap()
}
