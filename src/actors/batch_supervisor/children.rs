//! The children: at most fifteen, hired when they are needed, replaced when they are gone.

use std::sync::Arc;
use std::time::Instant;

use actix::{Actor, Addr};
use uuid::Uuid;

use crate::actors::batch_worker::{BatchWorker, Hand, Tools};
use crate::domain::line::WORKERS;

/// The children, by their place.
#[derive(Default)]
pub(super) struct Children {
    places: Vec<Child>,
}

struct Child {
    address: Addr<BatchWorker>,
    carries: Option<Carriage>,
    carried: u64,
    replaced: u64,
}

/// What a child carries.
#[derive(Clone, Debug)]
pub(super) struct Carriage {
    pub(super) hand: Arc<Hand>,
    pub(super) epoch: Uuid,
    pub(super) cargo: Vec<Cargo>,
    /// Not a first attempt: only so many children may carry one.
    pub(super) is_retry: bool,
    pub(super) since: Instant,
}

/// One letter of a carriage.
#[derive(Clone, Debug)]
pub(super) struct Cargo {
    pub(super) letter_id: Uuid,
    pub(super) batch_id: Uuid,
    pub(super) order_ids: Vec<i64>,
    /// When it entered the line.
    pub(super) since: Instant,
    /// Its place there.
    pub(super) number: u64,
}

/// What a child is told of, for operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ChildPicture {
    pub(super) letters: Vec<Uuid>,
    pub(super) orders: usize,
    pub(super) since: Option<Instant>,
    pub(super) is_retry: bool,
    pub(super) carried: u64,
    pub(super) replaced: u64,
}

impl Children {
    pub(super) fn busy(&self) -> usize {
        self.places.iter().filter(|child| child.carries.is_some()).count()
    }

    pub(super) fn busy_with_retries(&self) -> usize {
        let retries = |child: &&Child| child.carries.as_ref().is_some_and(|it| it.is_retry);
        self.places.iter().filter(retries).count()
    }

    /// A child that is free, hired if need be; None if fifteen are busy.
    pub(super) fn free(&mut self, tools: &Tools) -> Option<(usize, Addr<BatchWorker>)> {
        let free = self.places.iter().position(|child| child.carries.is_none());
        let place = match free {
            Some(place) => place,
            None if self.places.len() < WORKERS => {
                let address = BatchWorker::new(tools.clone()).start();
                self.places.push(Child { address, carries: None, carried: 0, replaced: 0 });
                self.places.len() - 1
            }
            None => return None,
        };
        debug_assert!(self.places.len() <= WORKERS, "fifteen children at most");
        self.places.get(place).map(|child| (place, child.address.clone()))
    }

    pub(super) fn begin(&mut self, place: usize, carriage: Carriage) {
        if let Some(child) = self.places.get_mut(place) {
            debug_assert!(child.carries.is_none(), "a child carries one load at a time");
            child.carries = Some(carriage);
        }
    }

    /// The child at this place is done with what it carried.
    pub(super) fn end(&mut self, place: usize) -> Option<Carriage> {
        let child = self.places.get_mut(place)?;
        child.carried += 1;
        child.carries.take()
    }

    /// Somebody else takes the place of a child that is gone. The old one, should it be there
    /// after all, hears of nothing any more.
    pub(super) fn replace(&mut self, place: usize, tools: &Tools) {
        if let Some(child) = self.places.get_mut(place) {
            child.address = BatchWorker::new(tools.clone()).start();
            child.replaced += 1;
        }
    }

    pub(super) fn letters(&self) -> impl Iterator<Item = Uuid> + '_ {
        let carried = self.places.iter().filter_map(|child| child.carries.as_ref());
        carried.flat_map(|carriage| &carriage.cargo).map(|cargo| cargo.letter_id)
    }

    pub(super) fn picture(&self) -> Vec<ChildPicture> {
        self.places.iter().map(Child::picture).collect()
    }
}

impl Child {
    fn picture(&self) -> ChildPicture {
        let cargo = self.carries.iter().flat_map(|carriage| &carriage.cargo);
        ChildPicture {
            letters: cargo.clone().map(|cargo| cargo.letter_id).collect(),
            orders: cargo.map(|cargo| cargo.order_ids.len()).sum(),
            since: self.carries.as_ref().map(|carriage| carriage.since),
            is_retry: self.carries.as_ref().is_some_and(|carriage| carriage.is_retry),
            carried: self.carried,
            replaced: self.replaced,
        }
    }
}
