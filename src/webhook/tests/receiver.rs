//! Receivers that do exactly what a test says, byte by byte.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// An answer that lets the connection be used again.
pub const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// A listener whose connections all behave the same; dropped, it stops listening.
pub struct Receiver {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl Receiver {
    /// Listens on 127.0.0.1.
    pub async fn start<F>(behave: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::start_on("127.0.0.1", behave).await
    }

    /// Listens on this address.
    pub async fn start_on<F>(ip: &str, behave: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind((ip, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = connections.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(behave(tcp));
            }
        });
        Self { address, connections, accepting }
    }

    /// Reads each request of a connection and answers it with `answer`, as it is.
    pub async fn answering(answer: impl Into<String>) -> Self {
        let answer: Arc<str> = answer.into().into();
        Self::start(move |tcp| answer_each(tcp, answer.clone())).await
    }

    /// Reads one request, then does as `behave` says.
    pub async fn after_request<F>(behave: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let behave = Arc::new(behave);
        Self::start(move |mut tcp| {
            let behave = behave.clone();
            async move {
                read_request(&mut tcp).await;
                behave(tcp).await;
            }
        })
        .await
    }

    /// Stops listening; afterwards connections are refused.
    pub async fn stop(mut self) {
        self.accepting.abort();
        let _ = (&mut self.accepting).await;
    }

    /// How many connections arrived.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

pub async fn answer_each(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: Arc<str>) {
    while read_request(&mut stream).await.is_some() {
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// One request's head and body; `None` where the connection ended before it was complete.
pub async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<(String, Vec<u8>)> {
    let mut received = Vec::new();
    loop {
        if let Some(request) = complete(&received) {
            return Some(request);
        }
        if stream.read_buf(&mut received).await.ok()? == 0 {
            return None;
        }
    }
}

fn complete(received: &[u8]) -> Option<(String, Vec<u8>)> {
    let head_end = received.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8(received[..head_end].to_vec()).ok()?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
    let body = received[head_end..].to_vec();
    (body.len() == length.parse::<usize>().ok()?).then_some((head, body))
}

/// Reads until the connection ends, cleanly or not; how many bytes came.
pub async fn read_to_end(stream: &mut (impl AsyncRead + Unpin)) -> usize {
    let mut buffer = vec![0; 64 * 1024];
    let mut total = 0;
    while let Ok(count) = stream.read(&mut buffer).await
        && count > 0
    {
        total += count;
    }
    total
}

/// Writes `bytes` again and again until the connection ends.
pub async fn write_endlessly(mut stream: impl AsyncWrite + Unpin, bytes: &[u8]) {
    while stream.write_all(bytes).await.is_ok() {}
}

/// Neither reads nor writes until the connection is dropped by the test's end.
pub async fn say_nothing<S>(stream: S) {
    std::future::pending::<()>().await;
    drop(stream);
}
