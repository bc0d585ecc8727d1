//! A TCP proxy that breaks connections: in the middle of a request, before its answer, in the middle
//! of that.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};

/// Bytes of a request, and of an answer, that get through before the break.
const REQUEST: usize = 1000;
const ANSWER: u64 = 64;

pub(crate) struct Proxy {
    pub(crate) url: String,
    broken: Arc<AtomicUsize>,
}

impl Proxy {
    /// Stands before `url`. Of its connections that carry orders the first so many break.
    pub(crate) async fn breaking(url: &str, times: usize) -> Self {
        let to = url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let broken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&broken);
        tokio::task::spawn_local(async move {
            while let Ok((from, _)) = listener.accept().await {
                tokio::task::spawn_local(carry(from, to.clone(), Arc::clone(&count), times));
            }
        });
        Self { url, broken }
    }

    pub(crate) fn broken(&self) -> usize {
        self.broken.load(Ordering::SeqCst)
    }
}

/// A break is an end without an answer: both sides see the connection close.
async fn carry(mut from: TcpStream, to: String, broken: Arc<AtomicUsize>, times: usize) {
    let Ok(mut there) = TcpStream::connect(to).await else { return };
    let mut first = [0; 4096];
    let Ok(read) = from.read(&mut first).await else { return };
    let number = broken.load(Ordering::SeqCst);
    if !first.starts_with(b"POST") || number >= times {
        let _ = there.write_all(&first[..read]).await;
        let _ = tokio::io::copy_bidirectional(&mut from, &mut there).await;
        return;
    }
    broken.store(number + 1, Ordering::SeqCst);
    let place = number % 3;
    let most = if place == 0 { REQUEST } else { first.len() };
    let _ = there.write_all(&first[..read.min(most)]).await;
    let (mut from_read, mut from_write) = from.split();
    let (mut there_read, mut there_write) = there.split();
    let breaks = async {
        match place {
            0 => Ok(0),
            1 => there_read.peek(&mut [0]).await.map(|_| 0),
            _ => copy(&mut (&mut there_read).take(ANSWER), &mut from_write).await,
        }
    };
    tokio::select! {
        _ = breaks => {}
        _ = copy(&mut from_read, &mut there_write) => {}
    }
}
