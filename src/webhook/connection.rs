//! An open connection, plain or TLS, as the HTTP client's pool holds it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::{Connected, Connection as Pooled};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::opening::Opening;

/// A connection and the notes of the attempt that opened it.
pub struct Connection {
    stream: Stream,
    opening: Opening,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Connection {
    /// A connection that sends in the clear.
    pub fn plain(tcp: TcpStream, opening: Opening) -> Self {
        Self { stream: Stream::Plain(tcp), opening }
    }

    /// A connection whose handshake is done.
    pub fn tls(tls: TlsStream<TcpStream>, opening: Opening) -> Self {
        Self { stream: Stream::Tls(Box::new(tls)), opening }
    }

    fn negotiated_h2(&self) -> bool {
        match &self.stream {
            Stream::Plain(_) => false,
            Stream::Tls(tls) => tls.get_ref().1.alpn_protocol() == Some(b"h2"),
        }
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
        match &mut $connection.get_mut().stream {
            Stream::Plain(tcp) => Pin::new(tcp).$method($($argument),*),
            Stream::Tls(tls) => Pin::new(tls).$method($($argument),*),
        }
    };
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        stream!(self, poll_read(context, buffer))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        stream!(self, poll_write(context, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        stream!(self, poll_write_vectored(context, slices))
    }

    fn is_write_vectored(&self) -> bool {
        // Both streams are: TCP by writev, TLS by filling a record.
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        stream!(self, poll_flush(context))
    }

    /// Tries once and never waits: the answer is read or given up by then, and a receiver that
    /// reads nothing would otherwise hold the socket for as long as it likes.
    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let _ = stream!(self, poll_shutdown(context));
        Poll::Ready(Ok(()))
    }
}
