//! The load generator: bare sockets and bytes that were written beforehand.
//!
//! It shares two cores with what it measures, so what it spends it takes away from the result.
//! awc was not used for that: it builds each request and parses each answer anew, at several times
//! the cost of a write, a read and a search for one header.

use std::fmt::Write;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::fixture::{Order, millis_of_day};

const ANSWER_BYTES: usize = 64 << 10;
/// Where the time of day stands in an `orderTimestamp`; overwritten before each use.
const TIME_OF_DAY: &str = "hh:mm:ss.mmm";

/// A kept-alive connection that asks one thing at a time.
pub(crate) struct Connection {
    stream: TcpStream,
    heard: Vec<u8>,
}

impl Connection {
    /// To the public listener, `http://HOST:PORT`.
    pub(crate) async fn open(public: &str) -> Self {
        let address = public.trim_start_matches("http://");
        let stream = TcpStream::connect(address).await.expect("weir listens");
        stream.set_nodelay(true).unwrap();
        Self { stream, heard: Vec::with_capacity(ANSWER_BYTES) }
    }

    /// The body of the answer, which must be a 200.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> &[u8] {
        let (status, body) = self.hear(request).await;
        assert!(status == 200, "wrong answer: {status} {}", String::from_utf8_lossy(body));
        body
    }

    /// May it be asked again? The other side says so in the head of each answer.
    pub(crate) fn is_open(&self) -> bool {
        const CLOSING: &[u8] = b"connection: close";
        let head = &self.heard[..self.heard.len().min(1024)];
        !head.windows(CLOSING.len()).any(|window| window.eq_ignore_ascii_case(CLOSING))
    }

    /// The status and the body of the answer.
    pub(crate) async fn hear(&mut self, request: &[u8]) -> (u16, &[u8]) {
        self.stream.write_all(request).await.expect("weir hears");
        self.heard.clear();
        let (start, end) = loop {
            let heard = self.stream.read_buf(&mut self.heard).await.expect("weir answers");
            assert!(heard > 0, "weir closed the connection in the middle of an answer");
            if let Some((start, end)) = bounds(&self.heard)
                && self.heard.len() >= end
            {
                break (start, end);
            }
        };
        let status = self.heard.get(9..12).and_then(|status| str::from_utf8(status).ok());
        let status = status.and_then(|status| status.parse().ok());
        let is_whole = status.is_some() && self.heard.len() == end;
        assert!(is_whole, "no answer: {}", String::from_utf8_lossy(&self.heard));
        (status.unwrap_or_default(), &self.heard[start..end])
    }
}

/// Where the body begins and ends, once the head is here.
fn bounds(heard: &[u8]) -> Option<(usize, usize)> {
    const NAME: &[u8] = b"content-length:";
    let start = heard.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let mut lines = heard[..start].split(|byte| *byte == b'\n');
    let line = lines
        .find(|line| line.get(..NAME.len()).is_some_and(|name| name.eq_ignore_ascii_case(NAME)));
    let line = line.expect("every answer says how long it is");
    let length = str::from_utf8(&line[NAME.len()..]).unwrap().trim();
    Some((start, start + length.parse::<usize>().unwrap()))
}

/// Where batches are sent, and with which headers of their own.
#[derive(Clone, Copy)]
pub(crate) struct Route<'a> {
    pub(crate) path: &'static str,
    /// Whole lines, each with its end.
    pub(crate) headers: &'a str,
}

/// Batches that are only recorded.
pub(crate) const RECORD: Route<'static> = Route { path: "/api/v1/orders", headers: "" };

/// A `POST` of a batch that is written once and used many times.
///
/// Only the times of its orders change: two requests with the same bytes are the same request to
/// Weir, and a second one would not be recorded.
pub(crate) struct Batch {
    bytes: Vec<u8>,
    times: Vec<usize>,
}

impl Batch {
    pub(crate) fn of(numbers: std::ops::Range<u64>, Route { path, headers }: Route<'_>) -> Self {
        let mut body = String::from("[");
        let mut times = Vec::new();
        for number in numbers {
            let (before, after) = parts(&Order::number(number));
            body += if times.is_empty() { "" } else { "," };
            body += &before;
            times.push(body.len());
            body += TIME_OF_DAY;
            body += after;
        }
        body.push(']');
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: weir\r\ncontent-type: application/json\r\n\
             {headers}content-length: {}\r\n\r\n",
            body.len()
        );
        times.iter_mut().for_each(|time| *time += head.len());
        Self { bytes: (head + &body).into_bytes(), times }
    }

    /// The request with its orders made at the times of these numbers.
    pub(crate) fn at(&mut self, first: u64) -> &[u8] {
        for (number, at) in (first..).zip(&self.times) {
            write_time(&mut self.bytes[*at..*at + TIME_OF_DAY.len()], millis_of_day(number));
        }
        &self.bytes
    }
}

pub(crate) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: weir\r\n\r\n").into_bytes()
}

/// An order as JSON, before and after its time of day.
fn parts(order: &Order) -> (String, &'static str) {
    let mut before = String::new();
    write!(
        before,
        r#"{{"blotterId":1,"statusId":1,"portfolioId":"{}","orderTypeId":{},"securityId":"{}","#,
        order.portfolio, order.order_type, order.security
    )
    .unwrap();
    write!(
        before,
        r#""quantity":{},"limitPrice":{},"tradeOrderId":null,"orderTimestamp":"2026-01-05T"#,
        order.quantity as f64 / 1e8,
        order.limit_price as f64 / 1e8
    )
    .unwrap();
    (before, r#"Z","version":1}"#)
}

fn write_time(place: &mut [u8], millis: u64) {
    let seconds = millis / 1000;
    let digits = |place: &mut [u8], mut number: u64| {
        for digit in place.iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
    };
    digits(&mut place[0..2], seconds / 3600);
    digits(&mut place[3..5], seconds / 60 % 60);
    digits(&mut place[6..8], seconds % 60);
    digits(&mut place[9..12], millis % 1000);
    for (at, mark) in [(2, b':'), (5, b':'), (8, b'.')] {
        place[at] = mark;
    }
}
