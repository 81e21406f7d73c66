//! A connection's bytes, counted as they come in: tells one that has begun to speak from one that
//! only takes up a place. At the end what the client still sends is taken and forgotten: a socket
//! that is closed with bytes unread is reset, and its client loses the last answers with it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How long a client may take to hear that its connection has ended, and to end it too.
const FAREWELL_PATIENCE: Duration = Duration::from_secs(2);
/// What is read at a time of what nobody wants any more, in bytes.
const FAREWELL_READ_BYTES: usize = 8 * 1024;

/// A connection whose incoming bytes are counted.
pub struct Intake<T> {
    stream: T,
    count: Arc<AtomicUsize>,
    /// Once nothing more is said.
    farewell: Option<Pin<Box<Sleep>>>,
}

/// How many bytes came in.
#[derive(Clone, Debug)]
pub struct Count(Arc<AtomicUsize>);

impl Count {
    /// How many bytes came in until now.
    pub fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl<T> Intake<T> {
    /// Counts from 0.
    pub fn new(stream: T) -> (Self, Count) {
        let count = Arc::new(AtomicUsize::new(0));
        (Self { stream, count: Arc::clone(&count), farewell: None }, Count(count))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Intake<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.count.fetch_add(buffer.filled().len() - before, Ordering::Relaxed);
        polled
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Intake<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.farewell.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
        }
        let patience = self.farewell.get_or_insert_with(|| Box::pin(sleep(FAREWELL_PATIENCE)));
        if patience.as_mut().poll(context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        let mut bytes = [0; FAREWELL_READ_BYTES];
        loop {
            let mut buffer = ReadBuf::new(&mut bytes);
            let read = ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer));
            // However it ends.
            if read.is_err() || buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}
