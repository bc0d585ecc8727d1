//! What the supervisor tells of itself, each child with its load.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use actix::{Context, Handler, MessageResult};

use super::children::ChildPicture;
use super::{BatchSupervisor, ClientShare, Counters, LinePicture, ObserveLine};
use crate::actors::observe::{Observe, Part, Snapshot};
use crate::domain::line::{Line, WORKERS};

/// Clients that are told of, of those who wait.
const CLIENTS_MAX: usize = 20;

impl Handler<Observe> for BatchSupervisor {
    type Result = MessageResult<Observe>;

    fn handle(&mut self, _: Observe, _: &mut Context<Self>) -> Self::Result {
        let Counters { submissions, carriages, died, not_now, collected, late, declined } =
            self.counters;
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let busy = self.children.busy();
        let counters = BTreeMap::from([
            ("submissions", submissions),
            ("carriages", carriages),
            ("workers_died", died),
            ("not_now", not_now),
            ("letters_collected", collected),
            ("settled_too_late", late),
            ("declined", declined),
            ("callers", number(self.admission.active())),
            ("children_busy", number(busy)),
            ("children_in_use", number(self.children_in_use())),
            ("children_max", number(WORKERS)),
            ("loads_fresh", number(self.fresh.loads())),
            ("loads_retry", number(self.retries.loads())),
            ("orders_reserved", number(self.reserved)),
            ("batches_under_way", number(self.batches.under_way())),
            ("clients_behind", number(self.behind.clients())),
        ]);
        let state = match (self.draining, self.is_paused(self.now()), busy) {
            (true, ..) => "draining",
            (false, true, _) => "paused",
            (false, false, 0) => "idle",
            (false, false, WORKERS) => "full",
            (false, false, _) => "working",
        };
        let now = self.now();
        let part = |(place, child): (usize, ChildPicture)| Part {
            name: format!("worker-{}", place + 1),
            state: match (child.since, child.is_retry) {
                (None, _) => "idle",
                (Some(_), false) => "carrying",
                (Some(_), true) => "carrying a retry",
            },
            busy_for: child.since.map(|since| now.duration_since(since)),
            letters: child.letters,
            orders: child.orders,
            done: child.carried,
            restarts: child.replaced,
        };
        MessageResult(Snapshot {
            name: "batch_supervisor",
            state,
            since: self.since,
            depth: number(self.fresh.loads() + self.retries.loads() + self.landing),
            counters,
            last_error: self.last_error.clone(),
            parts: self.children.picture().into_iter().enumerate().map(part).collect(),
        })
    }
}

impl Handler<ObserveLine> for BatchSupervisor {
    type Result = MessageResult<ObserveLine>;

    fn handle(&mut self, _: ObserveLine, _: &mut Context<Self>) -> Self::Result {
        let mut shares: HashMap<_, (usize, usize)> = HashMap::new();
        for (client, loads, orders) in
            [&self.fresh, &self.retries].into_iter().flat_map(Line::clients)
        {
            let share = shares.entry(client).or_default();
            *share = (share.0 + loads, share.1 + orders);
        }
        let mut clients: Vec<_> = shares
            .into_iter()
            .map(|(client, (loads, orders))| ClientShare { client: client.clone(), loads, orders })
            .collect();
        clients.sort_by(|one, other| {
            let place = |share: &ClientShare| (Reverse(share.orders), share.client.clone());
            place(one).cmp(&place(other))
        });
        clients.truncate(CLIENTS_MAX);
        MessageResult(LinePicture {
            children_busy: self.children.busy(),
            children_in_use: self.children_in_use(),
            loads: self.fresh.loads() + self.retries.loads(),
            orders: self.fresh.orders() + self.retries.orders(),
            clients,
            pauses: self.pauses().to_vec(),
        })
    }
}
