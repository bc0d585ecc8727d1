//! A server that answers with the bytes that it is given, and keeps what it heard.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::rt;

/// What it does when it has answered.
#[derive(Clone, Copy)]
pub(super) enum Then {
    Close,
    /// Closing is resetting.
    Reset,
    Stay,
}

pub(super) struct Server {
    pub(super) base: String,
    heard: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// Answers every request so.
    pub(super) async fn saying(answer: impl Into<String>, then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (heard, answer) = (Arc::new(Mutex::new(Vec::new())), answer.into());
        let kept = Arc::clone(&heard);
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        rt::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                rt::spawn(converse(stream, answer.clone(), then, Arc::clone(&kept)));
            }
        });
        Self { base, heard, connections }
    }

    /// Connections that were made to it.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// The requests, each as it was sent.
    pub(super) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

/// An answer whose length is told.
pub(super) fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

async fn converse(
    mut stream: TcpStream,
    answer: String,
    then: Then,
    heard: Arc<Mutex<Vec<String>>>,
) {
    while let Some(request) = hear(&mut stream).await {
        heard.lock().unwrap().push(request);
        stream.write_all(answer.as_bytes()).await.unwrap();
        match then {
            Then::Stay => {}
            Then::Close => return,
            Then::Reset => {
                // What was written leaves before the reset.
                stream.writable().await.unwrap();
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                stream.set_zero_linger().unwrap();
                return;
            }
        }
    }
}

/// One whole request; none when the caller has gone.
async fn hear(stream: &mut TcpStream) -> Option<String> {
    let (mut heard, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&heard);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let length = head.split_once("content-length: ").map_or("0", |(_, rest)| rest);
            if body.len() >= length.lines().next()?.parse::<usize>().unwrap() {
                return Some(text.into_owned());
            }
        }
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return None,
            Ok(length) => heard.extend_from_slice(&piece[..length]),
        }
    }
}
