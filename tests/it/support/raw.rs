//! A bare TCP connection, for clients no HTTP library would be: slow, torn off, malformed.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CONNECT_DEADLINE: Duration = Duration::from_secs(10);

pub(crate) struct Raw {
    stream: TcpStream,
    heard: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct RawAnswer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Raw {
    /// Connects to `127.0.0.1:PORT`.
    pub(crate) async fn connect(address: &str) -> Self {
        let connecting = tokio::time::timeout(CONNECT_DEADLINE, TcpStream::connect(address));
        let stream = connecting.await.expect("connects in time").expect("connects");
        stream.set_nodelay(true).unwrap();
        Self { stream, heard: Vec::new() }
    }

    /// Sends one piece at once; an error means that the server has closed.
    pub(crate) async fn write(&mut self, piece: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(piece.as_ref()).await
    }

    /// Says that nothing more will be written; the answer can still be read.
    pub(crate) async fn end_writing(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// Listens for so long; true when neither a byte nor the end came. The pace of a slow client.
    pub(crate) async fn hears_nothing_for(&mut self, time: Duration) -> bool {
        tokio::time::timeout(time, self.hear()).await.is_err()
    }

    /// One whole answer: by its length, its last chunk, or the end of the connection.
    pub(crate) async fn read_answer(&mut self, deadline: Duration) -> RawAnswer {
        let reading = async {
            loop {
                if let Some(length) = whole_answer(&self.heard) {
                    return self.heard.drain(..length).collect::<Vec<u8>>();
                }
                if self.hear().await == 0 {
                    return std::mem::take(&mut self.heard);
                }
            }
        };
        let answer = tokio::time::timeout(deadline, reading).await;
        let answer = answer.unwrap_or_else(|_| panic!("no answer within {deadline:?}"));
        parse(&answer)
    }

    /// All that comes until the server closes; a reset counts as closed.
    pub(crate) async fn read_until_closed(&mut self, deadline: Duration) -> String {
        let reading = async { while self.hear().await > 0 {} };
        let closed = tokio::time::timeout(deadline, reading).await.is_ok();
        let text = String::from_utf8_lossy(&self.heard).into_owned();
        assert!(closed, "still open after {deadline:?}, having said: {text}");
        text
    }

    /// All that comes until this is in it, of an answer that has no end.
    pub(crate) async fn read_until(&mut self, wanted: &str, deadline: Duration) -> String {
        let reading = async {
            loop {
                let text = String::from_utf8_lossy(&self.heard).into_owned();
                if text.contains(wanted) {
                    return text;
                }
                assert!(self.hear().await > 0, "closed before {wanted}: {text}");
            }
        };
        let heard = tokio::time::timeout(deadline, reading).await;
        heard.unwrap_or_else(|_| panic!("no {wanted} within {deadline:?}"))
    }

    async fn hear(&mut self) -> usize {
        self.stream.read_buf(&mut self.heard).await.unwrap_or(0)
    }
}

/// How many bytes the answer at the front takes, once all of it is here.
pub(super) fn whole_answer(heard: &[u8]) -> Option<usize> {
    let head_length = heard.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&heard[..head_length]).to_lowercase();
    if head.starts_with("http/1.1 1") {
        return Some(head_length);
    }
    let header = |name: &str| {
        let line = head.lines().find(|line| line.starts_with(name))?;
        Some(line[name.len()..].trim())
    };
    if let Some(length) = header("content-length:") {
        let whole = head_length + length.parse::<usize>().unwrap();
        return (heard.len() >= whole).then_some(whole);
    }
    if header("transfer-encoding:") == Some("chunked") {
        let last = heard.windows(5).position(|window| window == b"0\r\n\r\n")?;
        return Some(last + 5);
    }
    None
}

fn parse(answer: &[u8]) -> RawAnswer {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text}"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.unwrap_or_else(|| panic!("no status: {head}"));
    RawAnswer { status, head: head.to_owned(), body: body.to_owned() }
}
