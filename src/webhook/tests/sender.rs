//! The client under test, with everything that a webhook needs.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt};

use crate::domain::address::AddressPolicy;
use crate::domain::attempt::Exchange;
use crate::domain::clock::Timestamp;
use crate::domain::endpoint_secrets::SigningSecrets;
use crate::domain::endpoint_url::EndpointUrl;
use crate::domain::header::EndpointHeaders;
use crate::domain::id::{DeliveryId, EventId};
use crate::domain::random::SeededRandom;
use crate::domain::secret::Secret;
use crate::domain::trace_parent::TraceParent;
use crate::webhook::opening::monotonic_now;
use crate::webhook::resolver::Resolve;
use crate::webhook::{ClientSettings, Webhook, WebhookClient};

/// Time enough for whatever must not end by the deadline.
pub const PATIENT: Duration = Duration::from_secs(20);
/// The deadline of a test that waits for it.
pub const SHORT: Duration = Duration::from_millis(300);
/// How much later than its deadline an attempt may end (on a busy machine).
pub const LATENESS_MAX: Duration = Duration::from_secs(1);

pub const BODY: &[u8] = br#"{"event":"booking.created"}"#;
pub const SENT_AT: Timestamp = Timestamp::from_unix_millis(1_781_087_400_999);

/// A resolver that knows the names it was told and counts what it is asked.
#[derive(Clone, Default)]
pub struct Names {
    pub addresses: HashMap<&'static str, Vec<SocketAddr>>,
    pub asked: Arc<AtomicUsize>,
}

impl Resolve for Names {
    fn resolve(&self, host: String, port: u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.addresses.get(host.as_str()).cloned();
        async move {
            let with_port = |address: SocketAddr| SocketAddr::new(address.ip(), port);
            let unknown = || io::Error::other("name not known");
            Ok(answer.ok_or_else(unknown)?.into_iter().map(with_port).collect())
        }
        .boxed()
    }
}

pub struct Sender {
    pub client: WebhookClient,
    pub secret: Secret,
    /// The other secret of an overlap.
    pub second: Option<Secret>,
    pub headers: EndpointHeaders,
    pub body: Bytes,
}

impl Sender {
    /// A sender that may reach loopback; `receiver.example` leads to 127.0.0.1.
    pub fn new() -> Self {
        Self::leading_to_loopback(None)
    }

    /// The same, trusting the authorities of a file.
    pub fn trusting(ca_file: PathBuf) -> Self {
        Self::leading_to_loopback(Some(ca_file))
    }

    fn leading_to_loopback(ca_file: Option<PathBuf>) -> Self {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let addresses = HashMap::from([("receiver.example", vec![loopback])]);
        Self::build(ca_file, allowing_loopback(), Names { addresses, ..Names::default() })
    }

    pub fn guarded(policy: AddressPolicy, resolver: impl Resolve) -> Self {
        Self::build(None, policy, resolver)
    }

    fn build(ca_file: Option<PathBuf>, policy: AddressPolicy, resolver: impl Resolve) -> Self {
        let settings = ClientSettings { ca_file };
        let headers = [("authorization", "Bearer token"), ("x-tenant", "a b")];
        Self {
            client: WebhookClient::with_resolver(&settings, policy, Arc::new(resolver)).unwrap(),
            secret: Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap(),
            second: None,
            headers: EndpointHeaders::parse(headers.into_iter()).unwrap(),
            body: Bytes::from_static(BODY),
        }
    }

    /// Posts with time enough.
    pub async fn post(&self, url: &str) -> Exchange {
        self.post_within(url, PATIENT).await
    }

    /// Posts, and asserts that the attempt ends by its deadline.
    pub async fn post_within(&self, url: &str, timeout: Duration) -> Exchange {
        let random = SeededRandom::new(1);
        let url = EndpointUrl::stored(url).unwrap();
        let webhook = Webhook {
            url: &url,
            headers: &self.headers,
            secrets: SigningSecrets { first: &self.secret, second: self.second.as_ref() },
            event_type: "booking.created",
            event_id: &EventId::new(SENT_AT, &random).to_string(),
            delivery_id: DeliveryId::new(SENT_AT, &random),
            attempt: 2,
            trace_parent: &TraceParent::new(&random),
            body: self.body.clone(),
            sent_at: SENT_AT,
        };
        let start = monotonic_now();
        let exchange = self.client.post(&webhook, start + timeout).await;
        let took = start.elapsed();
        assert!(took <= timeout + LATENESS_MAX, "took {took:?} of {timeout:?}");
        exchange
    }
}

pub fn allowing_loopback() -> AddressPolicy {
    AddressPolicy::new(vec!["127.0.0.0/8".parse().unwrap()], Vec::new())
}

/// The message of an attempt that failed.
pub fn message(exchange: &Exchange) -> &str {
    exchange.error_message.as_deref().unwrap_or_default()
}
