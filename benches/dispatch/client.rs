//! Closed loops that send batches, and what each answer says of its orders.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{Instant, sleep};

use crate::shared::fixture::BATCH;
use crate::shared::http::{Batch, Connection, Route};
use crate::shared::load::Window;

const SUBMIT: Route<'static> = Route { path: "/api/v1/orders/batch", headers: "" };
const SUBMIT_ASYNC: Route<'static> =
    Route { path: "/api/v1/orders/batch", headers: "prefer: respond-async\r\n" };
/// Different bodies that each connection sends by turns.
const BODIES: u64 = 4;
/// Who is turned away comes back so soon.
const PAUSE: Duration = Duration::from_millis(10);
/// The totals stand near the front of an answer.
const HEAD_BYTES: usize = 400;

/// What was heard, by one client or by all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    /// Of every answer after the warm-up, those that came after the window included: who
    /// leaves them out leaves out the slow ones.
    pub(crate) micros: Vec<u32>,
    /// Orders that were accepted within the window.
    pub(crate) accepted_in_window: u64,
    /// Orders by what the answers said of them, from the first to the last.
    pub(crate) sent: u64,
    pub(crate) queued: u64,
    pub(crate) failed: u64,
    /// Orders of batches that were turned away as a whole.
    pub(crate) refused: u64,
}

impl Heard {
    /// Orders that somebody is responsible for.
    pub(crate) fn accepted(&self) -> u64 {
        self.sent + self.queued
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.micros.extend(other.micros);
        self.accepted_in_window += other.accepted_in_window;
        self.sent += other.sent;
        self.queued += other.queued;
        self.failed += other.failed;
        self.refused += other.refused;
    }
}

/// Starts so many loops, which end after the window.
pub(crate) fn start(
    public: &str,
    connections: u16,
    window: Window,
    is_async: bool,
) -> Vec<JoinHandle<Heard>> {
    let next = Rc::new(Cell::new(0));
    let route = if is_async { SUBMIT_ASYNC } else { SUBMIT };
    let client = |index| {
        let (public, next) = (public.to_owned(), Rc::clone(&next));
        spawn_local(send(public, index, next, window, route))
    };
    (0..u64::from(connections)).map(client).collect()
}

async fn send(
    public: String,
    index: u64,
    next: Rc<Cell<u64>>,
    window: Window,
    route: Route<'static>,
) -> Heard {
    let mut connection = Connection::open(&public).await;
    let body = |turn| {
        let first = (index * BODIES + turn) * BATCH;
        Batch::of(first..first + BATCH, route)
    };
    let mut bodies: Vec<Batch> = (0..BODIES).map(body).collect();
    let mut heard = Heard::default();
    for turn in (0..bodies.len()).cycle() {
        if window.is_over() {
            break;
        }
        // Each request is a new one: the same bytes again would be the same request.
        let request = bodies[turn].at(next.replace(next.get() + BATCH));
        let asked = Instant::now();
        let (status, answer) = connection.hear(request).await;
        if status == 503 {
            heard.refused += BATCH;
            sleep(PAUSE).await;
            if !connection.is_open() {
                connection = Connection::open(&public).await;
            }
            continue;
        }
        let told = String::from_utf8_lossy(&answer[..answer.len().min(HEAD_BYTES)]);
        assert!(matches!(status, 200 | 202 | 207), "{status}: {told}");
        heard.note(
            asked,
            window,
            [number(&told, "successful"), number(&told, "queued"), number(&told, "failed")],
        );
    }
    heard
}

impl Heard {
    fn note(&mut self, asked: Instant, window: Window, [sent, queued, failed]: [u64; 3]) {
        assert_eq!(sent + queued + failed, BATCH, "every order is told of");
        self.sent += sent;
        self.queued += queued;
        self.failed += failed;
        let now = Instant::now();
        if now < window.from() {
            return;
        }
        self.micros.push(u32::try_from((now - asked).as_micros()).unwrap());
        if now < window.until() {
            self.accepted_in_window += sent + queued;
        }
    }
}

fn number(told: &str, name: &str) -> u64 {
    let mark = format!("\"{name}\":");
    let (_, after) = told.split_once(&mark).unwrap_or_else(|| panic!("no {name}: {told}"));
    let end = after.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(after.len());
    after[..end].parse().unwrap()
}
