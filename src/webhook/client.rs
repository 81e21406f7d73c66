//! The client that makes one signed POST: sign, send, judge, keep. One deadline bounds all of it.
//! Its pool keeps connections between attempts; what an attempt means for a delivery is left to
//! the caller.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Extensions;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::{Instant, timeout_at};

use super::connector::Connector;
use super::dns::DnsResolver;
use super::guard::Guard;
use super::opening::{Opening, Progress, monotonic_now};
use super::outcome::Ending;
use super::request::Webhook;
use super::resolver::Resolve;
use super::response::{self, HEAD_BYTES_MAX};
use super::tls::{self, ClientSettings, InvalidClientSettings};
use crate::domain::address::AddressPolicy;
use crate::domain::attempt::{Exchange, Timing};

/// How long an unused connection is kept: less than the 5 s after which Node, Apache and Uvicorn
/// close one by default, so that a request seldom meets a connection that is just being closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);
/// Most unused HTTP/1.1 connections that are kept for one origin: what a few busy endpoints have in
/// flight, since many may be behind one. More are closed when their request is done, and each that
/// is missing costs a handshake.
const IDLE_PER_ORIGIN_MAX: usize = 512;
/// HTTP/2 flow control: one stream's window holds every body that is read, and the connection's
/// holds 16 of them, so that unread bodies do not stall the others.
const STREAM_WINDOW_BYTES: u32 = 64 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 16 * STREAM_WINDOW_BYTES;
/// A busy HTTP/2 connection is pinged this often …
const PING_INTERVAL: Duration = Duration::from_secs(5);
/// … and given up when no answer comes within this: a connection that a router forgot would else
/// time out every request that the pool puts on it.
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// Sends webhooks. One client has one pool, one policy and one set of trusted authorities for as
/// long as it lives; cheap to clone.
#[derive(Clone)]
pub struct WebhookClient {
    http: Client<Connector, Full<Bytes>>,
}

impl WebhookClient {
    /// A client that asks the system's name servers and connects where `policy` allows.
    /// Reads the trusted certificates; to be built in a Tokio runtime.
    ///
    /// # Errors
    /// [`InvalidClientSettings`] where no certificates can be trusted.
    pub fn new(
        settings: &ClientSettings,
        policy: AddressPolicy,
    ) -> Result<Self, InvalidClientSettings> {
        Self::with_resolver(settings, policy, Arc::new(DnsResolver::system()))
    }

    /// The same with another resolver.
    ///
    /// # Errors
    /// [`InvalidClientSettings`] where no certificates can be trusted.
    pub fn with_resolver(
        settings: &ClientSettings,
        policy: AddressPolicy,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Self, InvalidClientSettings> {
        let guard = Guard::new(resolver, policy);
        let connector = Connector::new(guard, tls::client_config(settings)?);
        let http = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(IDLE_PER_ORIGIN_MAX)
            .http1_max_buf_size(HEAD_BYTES_MAX as usize)
            .http2_max_header_list_size(HEAD_BYTES_MAX)
            .http2_initial_stream_window_size(STREAM_WINDOW_BYTES)
            .http2_initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .http2_keep_alive_interval(PING_INTERVAL)
            .http2_keep_alive_timeout(PING_TIMEOUT)
            .build(connector);
        Ok(Self { http })
    }

    /// Makes one attempt and answers with what came of it, by `deadline` at the latest: it covers
    /// resolving, connecting, the handshake, writing and the response's head, and what is left of
    /// it the body. Only a 2xx head acknowledges; redirects are not followed. A request is sent
    /// a second time only if nothing of it was written on a kept connection that had just closed.
    pub async fn post(&self, webhook: &Webhook<'_>, deadline: Instant) -> Exchange {
        let start = monotonic_now();
        let mut request = webhook.sign();
        let used = capture_connection(&mut request);
        let flood = response::flood_of_informational(&mut request);
        let opening = Opening::default();
        let answer = opening.observe(async {
            tokio::select! {
                answer = self.http.request(request) => answer.map_err(|error| Ending::of_error(&error)),
                () = flood => Err(Ending::of_flood()),
            }
        });
        let answer = timeout_at(deadline, answer).await;
        let answered = monotonic_now();
        let progress = progress(&opening, &used);

        let (ending, response) = match answer {
            Ok(Ok(answer)) => {
                let (head, body) = answer.into_parts();
                (Ending::of_head(&head), Some(response::keep(head, body, deadline).await))
            }
            Ok(Err(ending)) => (ending, None),
            Err(_) => (Ending::of_deadline(progress.stage, deadline - start), None),
        };
        Exchange {
            outcome: ending.outcome,
            error_message: ending.error_message,
            remote_address: progress.remote_address.map(|address| address.to_string()),
            timing: timing(&progress, start, answered, response.is_some()),
            response,
        }
    }
}

/// What an attempt reports of its connection: all of one that it opened itself, or tried to; the
/// remote address alone of one that another attempt had opened.
fn progress(own: &Opening, used: &CaptureConnection) -> Progress {
    let mut extras = Extensions::new();
    if let Some(connected) = used.connection_metadata().as_ref() {
        connected.get_extras(&mut extras);
    }
    match extras.get::<Opening>() {
        Some(opening) if !opening.is(own) => opening.progress().reused(),
        _ => own.progress(),
    }
}

fn timing(progress: &Progress, start: Instant, answered: Instant, has_head: bool) -> Timing {
    let handed_over = progress.opened().unwrap_or(start);
    Timing {
        total: answered - start,
        dns: progress.dns,
        connect: progress.connect,
        tls: progress.tls,
        first_byte: has_head.then(|| answered - handed_over),
    }
}
