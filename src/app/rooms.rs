//! The rooms once they are open: who answers to which name, who looks at them, and what is done
//! when one of them is gone.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, Recipient};

use super::breakers::Breakers;
use super::engine::Engine;
use super::{AppError, House};
use crate::actors::circuit_breaker::Subscribe;
use crate::actors::lookout::{About, Lookout, Places};
use crate::actors::observe::Observe;
use crate::actors::pool_monitor::PoolMonitor;
use crate::http::admin::status::PRINTER;

/// How often the rooms are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);

type Named = (&'static str, Recipient<Observe>);

/// The rooms that nobody can do without.
pub(super) struct Rooms {
    pub(super) engine: Engine,
    pub(super) monitor: Addr<PoolMonitor>,
    pub(super) breakers: Breakers,
}

/// The house goes on without it, so that it is none of them.
pub(super) fn of_lookout(lookout: &Addr<Lookout>) -> Named {
    ("lookout", lookout.clone().recipient())
}

impl Rooms {
    /// By their names for operators.
    pub(super) fn observed(&self) -> Vec<Named> {
        let breakers = self.breakers.rooms();
        let breakers = breakers.map(|(it, room)| (it.room(), room.clone().recipient()));
        let mut rooms = vec![("batch_supervisor", self.engine.supervisor.clone().recipient())];
        rooms.extend(self.silent_ones());
        rooms.extend(breakers);
        rooms
    }

    /// Those that the lookout asks nothing else.
    fn silent_ones(&self) -> [Named; 3] {
        [
            ("retry_mailbox", self.engine.mailbox.clone().recipient()),
            ("ledger", self.engine.ledger.clone().recipient()),
            ("pool_monitor", self.monitor.clone().recipient()),
        ]
    }

    pub(super) fn start_lookout(
        &self,
        house: &House,
        trades_are_simulated: bool,
    ) -> Result<Addr<Lookout>, AppError> {
        let breakers = self.breakers.rooms();
        let asked = breakers.iter().map(|(it, room)| (*it, (*room).clone().recipient()));
        let places = Places {
            gauge: house.store.clone(),
            figures: house.metrics.clone(),
            clock: Arc::clone(&house.clock),
            lease: self.engine.lease.clone(),
            draining: Arc::clone(&house.draining),
            breakers: asked.collect(),
            line: self.engine.supervisor.clone().recipient(),
            rooms: self.silent_ones().into(),
        };
        let about = About {
            version: env!("CARGO_PKG_VERSION"),
            instance: self.engine.instance.to_string(),
            started_at: house.clock.utc(),
            trades_are_simulated,
        };
        let lookout = Lookout::new(places, about, PRINTER).start();
        for (protects, room) in breakers {
            let subscribed = room.try_send(Subscribe(lookout.clone().recipient()));
            subscribed.map_err(|_| AppError::Room(protects.room()))?;
        }
        Ok(lookout)
    }

    /// Comes back when one of them is gone. A panic kills an actor for good, and a service
    /// without its ledger only looks alive.
    pub(super) async fn missing(&self) -> Result<(), AppError> {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let rooms = self.observed();
            if let Some((name, _)) = rooms.iter().find(|(_, room)| !room.connected()) {
                return Err(AppError::Room(name));
            }
        }
    }
}
