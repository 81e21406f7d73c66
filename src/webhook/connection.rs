//! An open connection, plain or TLS, as the HTTP client's pool holds it.
//!
//! The pool's tasks outlive the attempts, and a task that has something left to write waits for
//! a receiver that reads nothing for as long as that likes, with socket and payload. So writing
//! has a limit of its own here, and closing does not wait. A receiver that writes without an end
//! is no better: whoever reads must give way to the other deliveries now and then.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper_util::client::legacy::connect::{Connected, Connection as Pooled};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};
use tokio_rustls::client::TlsStream;

use super::opening::Opening;
use crate::domain::endpoint::REQUEST_TIMEOUT_MAX;

/// How long a receiver may take from its first refusal of more bytes until it has taken all that
/// there is to send: no attempt lasts longer, so nobody waits for the rest.
const WRITE_STALL_MAX: Duration = REQUEST_TIMEOUT_MAX;

/// How many bytes are read before other tasks get their turn: what is read is parsed at once, and
/// a flood of tiny heads or frames would keep a whole thread busy for seconds.
const READ_BURST_BYTES: usize = 16 * 1024;

/// A connection and the notes of the attempt that opened it.
pub struct Connection {
    stream: Stream,
    opening: Opening,
    /// Runs from a write that had to wait until the next flush that is done.
    stall: Option<Pin<Box<Sleep>>>,
    /// Read since this task last gave way.
    burst_bytes: usize,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Connection {
    /// A connection that sends in the clear.
    pub fn plain(tcp: TcpStream, opening: Opening) -> Self {
        Self::new(Stream::Plain(tcp), opening)
    }

    /// A connection whose handshake is done.
    pub fn tls(tls: TlsStream<TcpStream>, opening: Opening) -> Self {
        Self::new(Stream::Tls(Box::new(tls)), opening)
    }

    fn new(stream: Stream, opening: Opening) -> Self {
        Self { stream, opening, stall: None, burst_bytes: 0 }
    }

    fn negotiated_h2(&self) -> bool {
        match &self.stream {
            Stream::Plain(_) => false,
            Stream::Tls(tls) => tls.get_ref().1.alpn_protocol() == Some(b"h2"),
        }
    }

    /// Passes on what writing came to; a wait beyond [`WRITE_STALL_MAX`] becomes an error.
    fn limited<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_pending() {
            let stall = self.stall.get_or_insert_with(|| Box::pin(sleep(WRITE_STALL_MAX)));
            ready!(stall.as_mut().poll(context));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        written
    }
}

impl Pooled for Connection {
    fn connected(&self) -> Connected {
        let connected = Connected::new().extra(self.opening.clone());
        if self.negotiated_h2() { connected.negotiated_h2() } else { connected }
    }
}

/// Calls the same method of whichever stream it is.
macro_rules! stream {
    ($connection:expr, $method:ident($($argument:expr),*)) => {
        match &mut $connection.stream {
            Stream::Plain(tcp) => Pin::new(tcp).$method($($argument),*),
            Stream::Tls(tls) => Pin::new(tls).$method($($argument),*),
        }
    };
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.burst_bytes >= READ_BURST_BYTES {
            self.burst_bytes = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let read = stream!(self, poll_read(context, buffer));
        self.burst_bytes += buffer.filled().len() - before;
        if read.is_pending() {
            self.burst_bytes = 0;
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = stream!(self, poll_write(context, bytes));
        self.limited(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = stream!(self, poll_write_vectored(context, slices));
        self.limited(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        // Both streams are: TCP by writev, TLS by filling a record.
        true
    }

    /// HTTP/1.1 and HTTP/2 flush when they have nothing left to write: then the stall is over.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = stream!(self, poll_flush(context));
        if flushed.is_ready() {
            self.stall = None;
        }
        self.limited(context, flushed)
    }

    /// Tries once and never waits: the answer is read or given up by then.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let _ = stream!(self, poll_shutdown(context));
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    async fn pair() -> (Connection, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (near, far) = tokio::join!(TcpStream::connect(address), listener.accept());
        (Connection::plain(near.unwrap(), Opening::default()), far.unwrap().0)
    }

    #[tokio::test]
    async fn a_write_that_stalls_fails_by_itself() {
        let (mut connection, _reads_nothing) = pair().await;
        connection.stall = Some(Box::pin(sleep(Duration::from_millis(50))));
        let megabyte = vec![0; 1 << 20];
        let error = loop {
            if let Err(error) = connection.write_all(&megabyte).await {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(connection.shutdown().await.is_ok());
    }

    #[tokio::test]
    async fn a_reader_of_a_flood_gives_way_after_a_burst_and_misses_nothing() {
        let (mut connection, mut far) = pair().await;
        far.write_all(&vec![b'a'; 3 * READ_BURST_BYTES]).await.unwrap();
        far.shutdown().await.unwrap();
        let (mut read, mut gave_way) = (0, 0);
        while let Some(count) = poll_fn(|context| {
            let mut bytes = [0; 1024];
            let mut buffer = ReadBuf::new(&mut bytes);
            let polled = Pin::new(&mut connection).poll_read(context, &mut buffer);
            gave_way += usize::from(polled.is_pending());
            polled.map_ok(|()| buffer.filled().len())
        })
        .await
        .ok()
        .filter(|count| *count > 0)
        {
            read += count;
        }
        assert_eq!(read, 3 * READ_BURST_BYTES);
        assert!(gave_way >= 3, "gave way {gave_way} times");
    }

    #[tokio::test]
    async fn a_flush_ends_a_stall() {
        let (mut connection, _far) = pair().await;
        connection.stall = Some(Box::pin(sleep(Duration::ZERO)));
        connection.flush().await.unwrap();
        assert!(connection.stall.is_none());
    }
}
