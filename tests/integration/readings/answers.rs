//! A receiver that answers whatever it is told to, right or wrong, byte by byte.

use std::net::SocketAddr;
use std::sync::Arc;

use bookora_webhooks::proto::Endpoint;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::caller::{ACCOUNT, endpoint};
use crate::deliveries::seconds;

/// What comes after the answer's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The connection is closed.
    Close,
    /// Nothing, for as long as the sender waits.
    Silence,
}

/// A receiver without TLS. It runs until it is dropped.
pub struct Answering {
    address: SocketAddr,
    _connections: JoinSet<()>,
}

impl Answering {
    /// A receiver that answers every request with the bytes.
    pub async fn start(answer: Vec<u8>, then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it has an address");
        let mut connections = JoinSet::new();
        let answer = Arc::new(answer);
        connections.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                open.spawn(converse(stream, Arc::clone(&answer), then));
            }
        });
        Self { address, _connections: connections }
    }

    /// An endpoint here. One attempt is all that is made for a long time.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint {
            url: format!("http://{}/hooks", self.address),
            retry_schedule: vec![seconds(3_600)],
            request_timeout: Some(seconds(1)),
            ..endpoint(ACCOUNT)
        }
    }

    /// Where it listens, `ip:port`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }
}

async fn converse(mut stream: TcpStream, answer: Arc<Vec<u8>>, then: Then) {
    let mut request = Vec::new();
    while !is_whole(&request) {
        if !matches!(stream.read_buf(&mut request).await, Ok(1..)) {
            return;
        }
    }
    // The sender may have heard enough before everything is said.
    let _ = stream.write_all(&answer).await;
    match then {
        Then::Close => {
            let _ = stream.shutdown().await;
            // What is unread when a connection is closed resets it.
            while matches!(stream.read_buf(&mut request).await, Ok(1..)) {}
        }
        Then::Silence => std::future::pending().await,
    }
}

/// Whether a request has arrived: its head, and as much of a body as it says.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().expect("a number"))
}
