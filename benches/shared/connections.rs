//! The connections of a crowd: kept alive, taken when they are free, opened when none is.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use tokio::time::Instant;

use super::answers::Answer;
use super::http::Connection;

/// Shorter than the service keeps them.
const KEPT: Duration = Duration::from_secs(10);

pub(crate) struct Connections {
    public: String,
    /// The last one used on top.
    idle: RefCell<Vec<(Instant, Connection)>>,
    taken: Cell<usize>,
}

impl Connections {
    pub(crate) fn new(public: &str) -> Self {
        Self { public: public.to_owned(), idle: RefCell::default(), taken: Cell::new(0) }
    }

    /// How many are open, in use or not.
    pub(crate) fn open(&self) -> usize {
        self.taken.get() + self.idle.borrow().len()
    }

    pub(crate) async fn ask(&self, request: &[u8]) -> Answer {
        let (connection, answer) = self.ask_on_one(request).await;
        // One that ends with this answer is given up.
        if connection.is_open() {
            self.idle.borrow_mut().push((Instant::now(), connection));
        }
        answer
    }

    /// The same, but nobody asks on this connection again.
    pub(crate) async fn ask_and_leave(&self, request: &[u8]) -> Answer {
        self.ask_on_one(request).await.1
    }

    async fn ask_on_one(&self, request: &[u8]) -> (Connection, Answer) {
        let idle = self.take_idle();
        self.taken.set(self.taken.get() + 1);
        let mut connection = match idle {
            Some(connection) => connection,
            None => Connection::open(&self.public).await,
        };
        let (status, body) = connection.hear(request).await;
        let answer = Answer::read(status, body);
        self.taken.set(self.taken.get() - 1);
        (connection, answer)
    }

    /// One that the other side has not closed meanwhile.
    fn take_idle(&self) -> Option<Connection> {
        let mut idle = self.idle.borrow_mut();
        let (used, connection) = idle.pop()?;
        if used.elapsed() < KEPT {
            return Some(connection);
        }
        idle.clear();
        None
    }
}
