//! Whose orders stand in the database alone, so that nobody overtakes itself.

use std::collections::HashMap;

use crate::domain::client::ClientId;

/// Clients whose first attempts stand in the database alone. What they send now goes there, too:
/// a first attempt never overtakes an earlier one of its client.
#[derive(Debug)]
pub(super) struct Behind {
    /// At the start nobody knows: everybody is behind until the mailbox has looked.
    unknown: bool,
    clients: HashMap<ClientId, Standing>,
    looks: u64,
}

/// What of a client stands in the database alone.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    /// The look of the mailbox that was the last to begin before the latest was recorded.
    look: u64,
    orders: u64,
}

impl Default for Behind {
    fn default() -> Self {
        Self { unknown: true, clients: HashMap::new(), looks: 0 }
    }
}

impl Behind {
    /// How many clients are.
    pub(super) fn clients(&self) -> usize {
        self.clients.len()
    }

    pub(super) fn some_are(&self) -> bool {
        self.unknown || !self.clients.is_empty()
    }

    pub(super) fn has(&self, client: &ClientId) -> bool {
        self.unknown || self.clients.contains_key(client)
    }

    /// So many orders of this client were left to the database.
    pub(super) fn add(&mut self, client: ClientId, orders: usize) {
        let standing = self.clients.entry(client).or_default();
        standing.look = self.looks;
        standing.orders += u64::try_from(orders).unwrap_or_default();
    }

    /// They were taken from there.
    pub(super) fn take(&mut self, client: &ClientId, orders: usize) {
        if let Some(standing) = self.clients.get_mut(client) {
            let orders = u64::try_from(orders).unwrap_or_default();
            standing.orders = standing.orders.saturating_sub(orders);
        }
    }

    /// Orders of this client that are known to stand there.
    pub(super) fn orders(&self, client: &ClientId) -> u64 {
        self.clients.get(client).map_or(0, |standing| standing.orders)
    }

    /// A look began. Whoever is recorded from now on may have been missed by it.
    pub(super) fn look(&mut self) -> u64 {
        self.looks += 1;
        self.looks
    }

    /// The look `look` found that nothing more is due.
    pub(super) fn caught_up(&mut self, look: u64) {
        self.unknown = false;
        self.clients.retain(|_, standing| standing.look >= look);
    }
}
