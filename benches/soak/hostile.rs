//! Clients that connect and hang up: at once, in the middle, or before they have heard.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::crowd::Crowd;
use crate::shared::fixture::BATCH;
use crate::shared::http::{Batch, Route};
use crate::support::Raw;

const EVERY: Duration = Duration::from_millis(20);

/// Returns how many orders were sent in requests whose answer nobody heard.
pub(crate) async fn come(public: &str, crowd: &Crowd, length: Duration) -> u64 {
    let address = public.trim_start_matches("http://");
    let route = Route { path: "/api/v1/orders/batch", headers: "x-client-id: hostile\r\n" };
    let mut batch = Batch::of(0..BATCH, route);
    let until = Instant::now() + length;
    let (mut unheard, mut silent) = (0, Vec::new());
    for turn in 0_u64.. {
        if Instant::now() >= until {
            break;
        }
        let mut client = Raw::connect(address).await;
        let request = batch.at(crowd.numbers(BATCH));
        let (head, most) = (request.len() / 100, request.len() - 1);
        // An error is a service that has had enough, which it may.
        match turn % 5 {
            0 => {}
            1 => drop(client.write(&request[..head]).await),
            2 => drop(client.write(&request[..most]).await),
            3 => {
                drop(client.write(request).await);
                unheard += BATCH;
            }
            _ => {
                drop(client.write(&request[..head]).await);
                // Says nothing more, and stays until the others have gone.
                silent.push(client);
            }
        }
        sleep(EVERY).await;
    }
    unheard
}
