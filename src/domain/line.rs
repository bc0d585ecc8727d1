//! The line of waiting loads: one queue per client, served in turn by number of orders.
//!
//! Deficit round robin: each turn gives a client a quantum of orders, and a load leaves when its
//! client has saved up for it. A client with a thousand loads waits behind its own, never in
//! front of another's one. First attempts of a client leave in the order in which they came.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Loads in flight at once, at any load. It is what callers and the trade service are promised,
/// and so no setting.
pub const WORKERS: usize = 15;

/// What stands in the line.
pub trait Freight {
    type Client: Clone + Eq + Hash;
    type Destination: PartialEq;

    fn client(&self) -> &Self::Client;
    /// Only loads to the same place can share a call.
    fn destination(&self) -> &Self::Destination;
    fn orders(&self) -> usize;
    /// Rises with each load that enters the line: by it one that comes back finds its place.
    fn number(&self) -> u64;
    /// Must this load have a call of its own? One that was unknown before must.
    fn travels_alone(&self) -> bool;
}

/// Loads in the order in which they leave.
#[derive(Debug)]
pub struct Line<Load: Freight> {
    queues: HashMap<Load::Client, Queue<Load>>,
    /// The clients that have something waiting, the next to be served first.
    turns: VecDeque<Load::Client>,
    quantum: usize,
    loads: usize,
    orders: usize,
}

#[derive(Debug)]
struct Queue<Load> {
    loads: VecDeque<Load>,
    /// Orders that the client has saved up for.
    deficit: usize,
}

impl<Load: Freight> Line<Load> {
    /// A line that gives `quantum` orders a turn; as large as the largest usual load, so that
    /// nobody has to save up for long.
    #[must_use]
    pub fn new(quantum: usize) -> Self {
        let (queues, turns) = (HashMap::new(), VecDeque::new());
        Self { queues, turns, quantum: quantum.max(1), loads: 0, orders: 0 }
    }

    #[must_use]
    pub fn loads(&self) -> usize {
        self.loads
    }

    #[must_use]
    pub fn orders(&self) -> usize {
        self.orders
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.loads == 0
    }

    /// Clients with something waiting, and how many loads and orders each has in the line.
    pub fn clients(&self) -> impl Iterator<Item = (&Load::Client, usize, usize)> {
        let orders = |queue: &Queue<Load>| queue.loads.iter().map(Freight::orders).sum();
        self.queues.iter().map(move |(client, queue)| (client, queue.loads.len(), orders(queue)))
    }

    pub fn push(&mut self, load: Load) {
        self.loads += 1;
        self.orders += load.orders();
        let client = load.client().clone();
        if let Some(queue) = self.queues.get_mut(&client) {
            queue.loads.push_back(load);
            return;
        }
        let queue = Queue { loads: VecDeque::from([load]), deficit: 0 };
        self.queues.insert(client.clone(), queue);
        self.turns.push_back(client);
    }

    /// The loads of the next call: the next one in turn, and as many after it as go to the same
    /// place and fit into `orders_max`.
    pub fn take(&mut self, orders_max: usize) -> Vec<Load> {
        let Some(first) = self.pop(|_| true) else { return Vec::new() };
        let mut room = orders_max.saturating_sub(first.orders());
        if first.travels_alone() {
            return vec![first];
        }
        let mut call = vec![first];
        while room > 0 {
            let fits = |load: &Load| {
                let first = call.first();
                let together = first.is_none_or(|it| it.destination() == load.destination());
                together && !load.travels_alone() && load.orders() <= room
            };
            let Some(load) = self.pop(fits) else { break };
            room -= load.orders();
            call.push(load);
        }
        call
    }

    /// Everything that waits, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Load> {
        self.queues.values().flat_map(|queue| &queue.loads)
    }

    /// A load that left and was not needed goes back to where it was: before all that came to its
    /// client's queue after it, and behind what came before it and is back already.
    pub fn put_back(&mut self, load: Load) {
        self.loads += 1;
        self.orders += load.orders();
        let client = load.client().clone();
        if let Some(queue) = self.queues.get_mut(&client) {
            queue.deficit += load.orders();
            let place = queue.loads.partition_point(|other| other.number() < load.number());
            queue.loads.insert(place, load);
            return;
        }
        let deficit = load.orders();
        self.queues.insert(client.clone(), Queue { loads: VecDeque::from([load]), deficit });
        self.turns.push_front(client);
    }

    /// All that waits of one client, in its order.
    pub fn remove(&mut self, client: &Load::Client) -> Vec<Load> {
        let Some(queue) = self.queues.remove(client) else { return Vec::new() };
        self.turns.retain(|other| other != client);
        let loads = Vec::from(queue.loads);
        self.loads -= loads.len();
        self.orders -= loads.iter().map(Freight::orders).sum::<usize>();
        loads
    }

    /// Everything that waits, to be let go of.
    pub fn drain(&mut self) -> Vec<Load> {
        self.turns.clear();
        (self.loads, self.orders) = (0, 0);
        self.queues.drain().flat_map(|(_, queue)| queue.loads).collect()
    }

    /// The next load in turn if it pleases. One that does not please keeps its turn: looking
    /// past it would let others overtake it for ever.
    fn pop(&mut self, pleases: impl Fn(&Load) -> bool) -> Option<Load> {
        loop {
            let client = self.turns.front()?;
            let queue = self.queues.get_mut(client)?;
            let cost = queue.loads.front()?.orders();
            if queue.deficit < cost {
                queue.deficit += self.quantum;
                self.turns.rotate_left(1);
                continue;
            }
            if !queue.loads.front().is_some_and(&pleases) {
                return None;
            }
            let load = queue.loads.pop_front()?;
            queue.deficit -= cost;
            if queue.loads.is_empty() {
                // Whoever leaves the line takes no savings along.
                let client = self.turns.pop_front()?;
                self.queues.remove(&client);
            }
            self.loads -= 1;
            self.orders -= cost;
            return Some(load);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq)]
    struct Load {
        client: u8,
        number: usize,
        orders: usize,
        place: u8,
        alone: bool,
    }

    impl Freight for Load {
        type Client = u8;
        type Destination = u8;

        fn client(&self) -> &u8 {
            &self.client
        }

        fn destination(&self) -> &u8 {
            &self.place
        }

        fn orders(&self) -> usize {
            self.orders
        }

        fn number(&self) -> u64 {
            self.number.try_into().unwrap()
        }

        fn travels_alone(&self) -> bool {
            self.alone
        }
    }

    fn load(client: u8, number: usize, orders: usize) -> Load {
        Load { client, number, orders, place: 0, alone: false }
    }

    fn line(loads: impl IntoIterator<Item = Load>) -> Line<Load> {
        let mut line = Line::new(50);
        loads.into_iter().for_each(|load| line.push(load));
        line
    }

    /// Defect 59 of the ancestor.
    #[test]
    fn a_client_with_much_does_not_starve_one_with_little() {
        let heavy = (0..20).map(|number| load(1, number, 50));
        let mut line = line(heavy.chain([load(2, 0, 1)]));

        let first_two: Vec<_> = (0..2).flat_map(|_| line.take(50)).collect();

        assert!(first_two.iter().any(|load| load.client == 2), "{first_two:?}");
    }

    /// Defect 28 of the ancestor.
    #[test]
    fn small_loads_to_the_same_place_share_a_call() {
        let mut line = line((0..10).map(|number| load(1, number, 25)));

        assert_eq!(line.take(100).len(), 4);
        assert_eq!((line.loads(), line.orders()), (6, 150));
    }

    #[test]
    fn a_load_larger_than_a_call_still_leaves() {
        let mut line = line([load(1, 0, 500)]);

        assert_eq!(line.take(100).len(), 1);
        assert!(line.is_empty());
    }

    #[test]
    fn what_was_unknown_travels_alone() {
        let alone = Load { alone: true, ..load(1, 1, 10) };
        let mut line = line([load(1, 0, 10), alone.clone(), load(1, 2, 10)]);

        assert_eq!(line.take(100), [load(1, 0, 10)]);
        assert_eq!(line.take(100), [alone]);
        assert_eq!(line.take(100), [load(1, 2, 10)]);
    }

    #[test]
    fn destinations_are_never_mixed() {
        let elsewhere = Load { place: 1, ..load(1, 1, 10) };
        let mut line = line([load(1, 0, 10), elsewhere.clone()]);

        assert_eq!(line.take(100), [load(1, 0, 10)]);
        assert_eq!(line.take(100), [elsewhere]);
    }

    #[test]
    fn who_is_taken_out_of_the_line_leaves_nothing_behind() {
        let mut line = line([load(1, 0, 10), load(2, 0, 20), load(1, 1, 30)]);

        assert_eq!(line.remove(&1), [load(1, 0, 10), load(1, 1, 30)]);
        assert_eq!(line.remove(&1), []);

        assert_eq!((line.loads(), line.orders()), (1, 20));
        assert_eq!(line.take(100), [load(2, 0, 20)]);
        assert!(line.is_empty() && line.take(100).is_empty());
    }

    #[test]
    fn what_comes_back_finds_its_place_in_whatever_order_it_comes() {
        let all: Vec<_> = (0..8).map(|number| load(1, number, 10)).collect();
        let mut line = line(all.clone());
        let calls = [line.take(20), line.take(20), line.take(20)];

        for place in [1, 0, 2] {
            calls[place].iter().rev().for_each(|load| line.put_back(load.clone()));
        }

        assert_eq!((line.loads(), line.orders()), (8, 80));
        assert_eq!(line.take(80), all);
    }

    proptest! {
        #[test]
        fn everything_leaves_once_and_in_its_clients_order(
            loads in proptest::collection::vec((0_u8..5, 1_usize..60, 0_u8..2, any::<bool>()), 0..80),
            orders_max in 1_usize..300,
        ) {
            let loads: Vec<_> = loads.into_iter().enumerate().map(|(number, (client, orders, place, alone))| {
                Load { client, number, orders, place, alone }
            }).collect();
            let mut line = line(loads.clone());
            let mut left = Vec::new();
            loop {
                let call = line.take(orders_max);
                if call.is_empty() {
                    break;
                }
                let orders: usize = call.iter().map(|load| load.orders).sum();
                prop_assert!(call.len() == 1 || orders <= orders_max);
                prop_assert!(call.len() == 1 || call.iter().all(|load| !load.alone && load.place == call[0].place));
                left.extend(call);
            }

            prop_assert_eq!((line.loads(), line.orders()), (0, 0));
            for client in 0..5 {
                let came: Vec<_> = loads.iter().filter(|load| load.client == client).collect();
                let went: Vec<_> = left.iter().filter(|load| load.client == client).collect();
                prop_assert_eq!(came, went);
            }
        }
    }
}
