//! The connections of callers: taken up to a number, encrypted where there is a certificate, served
//! over HTTP/2 (and HTTP/1.1, for gRPC-Web), ended when they are old or the server stops. What a
//! call may cost is [`calls`](super::calls)' business.
//!
//! tonic's own server neither counts connections nor spreads their ends, and asks nothing of one
//! that never says a word; what is below it, hyper's, is the same.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::body::Body;
use tonic::transport::server::{Connected, TcpConnectInfo, TlsConnectInfo};
use tower::{Service, ServiceExt};

use super::answer::Cut;
use super::intake::{Count, Intake};
use super::tls::Tls;
use crate::domain::random::Random;

/// Calls at once on one connection: what gRPC clients open before they open another connection.
const STREAMS_PER_CONNECTION: u32 = 100;
/// Longest list of headers, in bytes: what Java, C++ and Python take themselves.
const HEADER_BYTES_MAX: u32 = 8 * 1024;
/// What a client may send ahead of what is read: on one stream, and on a connection. Most messages
/// are a DATA frame of their own, and h2 ends a connection (`ENHANCE_YOUR_CALM`) whose unread small
/// frames cost more than half of its window, at 256 bytes less their own each. Of a stream's window
/// full of events with 100 bytes that is 200 KB, so that a connection carries 30 streams of
/// publishes that are all held back; with equal windows it would not carry one.
const STREAM_WINDOW_BYTES: u32 = 128 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = STREAMS_PER_CONNECTION * STREAM_WINDOW_BYTES;
/// Streams that a client has reset before we looked at them, beyond which its connection ends
/// (CVE-2023-44487): clients cancel some of those they have open, not one after the other.
const UNSEEN_RESETS_MAX: usize = 20;
/// Streams that we reset since the client broke HTTP/2's rules, beyond which its connection ends: a
/// client that does so at all is broken.
const OWN_RESETS_MAX: usize = 100;
/// How often an idle connection is asked whether it lives, and how long it may take to answer:
/// the watch of a client that vanished does not stay open for ever.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection may take for its TLS handshake, and again for what HTTP/2 begins with or
/// the head of a request.
const OPENING_PATIENCE: Duration = Duration::from_secs(5);
/// What HTTP/2 begins with has as many bytes; a request of HTTP/1.1 has more.
const PREFACE_BYTES: usize = 24;
/// How long an old connection may take to end after it was told to: longer than the longest watch.
const OLD_PATIENCE: Duration = Duration::from_mins(35);
/// How far chance moves the age of a connection, to either side, so that clients which came together
/// do not go together.
const AGE_SPREAD: f64 = 0.1;
/// How long nothing is accepted after that failed, as where there are too many open files: it
/// passes when connections end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How many connections there may be, and how old they get.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// Connections at once; more are closed at once, so that their clients try another replica.
    pub count: usize,
    /// Age at which a connection is told to end (GOAWAY), ± 10 %: clients spread anew over replicas.
    pub age: Duration,
}

/// What takes connections, and serves them.
pub struct Connections<S> {
    /// How many there may be, and how old they get.
    pub limits: ConnectionLimits,
    /// Encrypts; `None`: plain text.
    pub tls: Option<Arc<Tls>>,
    /// What answers the requests.
    pub service: S,
    /// Spreads the ages.
    pub random: Arc<dyn Random>,
    /// Cancelled when the process shuts down.
    pub stop: CancellationToken,
}

/// Things that went wrong, of which not each is worth a line: the first, the second, the fourth and
/// so on are told.
#[derive(Default)]
struct Tally(AtomicU64);

impl Tally {
    /// How many there are with this one, where that is worth a line.
    fn add(&self) -> Option<u64> {
        let count = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        count.is_power_of_two().then_some(count)
    }
}

impl<S> Connections<S>
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    /// Serves until it is told to stop, then until the connections have ended.
    pub async fn serve(self, listener: TcpListener) {
        let stop = self.stop.clone();
        let connections = TaskTracker::new();
        let accepting = Arc::new(self).accept(listener, connections.clone());
        // With it goes the listener, so that nobody waits at a port that nobody serves.
        stop.run_until_cancelled(accepting).await;
        connections.close();
        connections.wait().await;
    }

    async fn accept(self: Arc<Self>, listener: TcpListener, connections: TaskTracker) {
        let places = Arc::new(Semaphore::new(self.limits.count));
        let (too_many, failed) = (Tally::default(), Arc::new(Tally::default()));
        loop {
            let (stream, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                if let Some(refused) = too_many.add() {
                    tracing::warn!(refused, "as many connections are open as may be");
                }
                continue;
            };
            let (server, failed) = (Arc::clone(&self), Arc::clone(&failed));
            connections.spawn(async move {
                if let Err(error) = server.open(stream).await
                    && let Some(count) = failed.add()
                {
                    tracing::warn!(%peer, %error, count, "a TLS handshake failed");
                }
                drop(place);
            });
        }
    }

    /// Opens one connection, and serves it until it ends.
    async fn open(&self, stream: TcpStream) -> std::io::Result<()> {
        // Without it an answer of several frames waits some 40 ms for the client's delayed ACK.
        let _ = stream.set_nodelay(true);
        let Some(tls) = &self.tls else {
            let caller = Caller { tcp: stream.connect_info(), tls: None, cut: Cut::default() };
            self.serve_one(stream, caller).await;
            return Ok(());
        };
        let handshake = TlsAcceptor::from(tls.current()).accept(stream);
        let stream = tokio::select! {
            stream = tokio::time::timeout(OPENING_PATIENCE, handshake) => stream??,
            () = self.stop.cancelled() => return Ok(()),
        };
        let info = stream.connect_info();
        let tcp = info.get_ref().clone();
        self.serve_one(stream, Caller { tcp, tls: Some(info), cut: Cut::default() }).await;
        Ok(())
    }

    async fn serve_one<T>(&self, stream: T, caller: Caller)
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (intake, count) = Intake::new(stream);
        let cut = caller.cut.clone();
        let service = service_fn(|mut request: Request<Incoming>| {
            caller.introduce(&mut request);
            self.service.clone().oneshot(request)
        });
        let http = http();
        let mut connection = pin!(http.serve_connection(TokioIo::new(intake), service));
        tokio::select! {
            // How a connection ends is its client's business.
            _ended = connection.as_mut() => return,
            () = cut.0.cancelled() => return,
            () = silent(&count) => return,
            () = self.stop.cancelled() => {}
            () = sleep(self.age()) => {}
        }
        connection.as_mut().graceful_shutdown();
        tokio::select! {
            _ended = connection => {}
            () = cut.0.cancelled() => {}
            () = sleep(OLD_PATIENCE) => tracing::warn!("an old connection did not end: it is cut"),
        }
    }

    fn age(&self) -> Duration {
        let spread = 1.0 - AGE_SPREAD + 2.0 * AGE_SPREAD * self.random.fraction();
        self.limits.age.mul_f64(spread)
    }
}

/// Ends where nothing has been said in time.
async fn silent(count: &Count) {
    sleep(OPENING_PATIENCE).await;
    if count.bytes() >= PREFACE_BYTES {
        std::future::pending::<()>().await;
    }
}

/// Who is at the other end, in the extensions of each request.
struct Caller {
    tcp: TcpConnectInfo,
    /// Has the certificates that it showed.
    tls: Option<TlsConnectInfo<TcpConnectInfo>>,
    cut: Cut,
}

impl Caller {
    fn introduce<B>(&self, request: &mut Request<B>) {
        let extensions = request.extensions_mut();
        extensions.insert(self.tcp.clone());
        if let Some(tls) = &self.tls {
            extensions.insert(tls.clone());
        }
        extensions.insert(self.cut.clone());
    }
}

fn http() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(OPENING_PATIENCE)
        .max_buf_size(HEADER_BYTES_MAX as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_PER_CONNECTION)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_header_list_size(HEADER_BYTES_MAX)
        .max_pending_accept_reset_streams(UNSEEN_RESETS_MAX)
        .max_local_error_reset_streams(OWN_RESETS_MAX)
        .keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT);
    builder
}

#[cfg(test)]
mod tests;
