//! What the targets that feed a client share: the client, a webhook for it, and what must hold of
//! whatever it makes of an answer.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bookora_webhooks::domain::address::AddressPolicy;
use bookora_webhooks::domain::attempt::{
    ERROR_MESSAGE_BYTES_MAX, Exchange, Outcome, RESPONSE_BODY_BYTES_MAX,
    RESPONSE_HEADERS_BYTES_MAX, RESPONSE_HEADERS_MAX,
};
use bookora_webhooks::domain::clock::Timestamp;
use bookora_webhooks::domain::endpoint_secrets::SigningSecrets;
use bookora_webhooks::domain::endpoint_url::EndpointUrl;
use bookora_webhooks::domain::header::EndpointHeaders;
use bookora_webhooks::domain::id::{DeliveryId, EventId};
use bookora_webhooks::domain::random::SeededRandom;
use bookora_webhooks::domain::secret::Secret;
use bookora_webhooks::domain::trace_parent::TraceParent;
use bookora_webhooks::webhook::dns::DnsResolver;
use bookora_webhooks::webhook::{ClientSettings, Webhook, WebhookClient};
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::time::Instant;

/// What an answer may take: most are there at once, and a stall shows nothing new.
const DEADLINE: Duration = Duration::from_millis(100);
/// How much longer an attempt may last, on a busy machine.
const LATENESS_MAX: Duration = Duration::from_secs(5);

/// A client and a listener for its requests.
pub struct Bench {
    pub runtime: Runtime,
    pub listener: TcpListener,
    pub client: WebhookClient,
    secret: Secret,
    url: EndpointUrl,
}

impl Bench {
    pub fn new(scheme: &str, settings: &ClientSettings) -> Self {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let loopback = "127.0.0.0/8".parse().expect("a network");
        let policy = AddressPolicy::new(vec![loopback], Vec::new());
        let (listener, client) = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            // Addresses alone are asked for: nothing is looked up.
            let nobody = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
            let resolver = Arc::new(DnsResolver::asking(nobody));
            (listener, WebhookClient::with_resolver(settings, policy, resolver).expect("a client"))
        });
        let address = listener.local_addr().expect("it is bound");
        Self {
            runtime,
            listener,
            client,
            secret: Secret::generate(&SeededRandom::new(1)),
            url: EndpointUrl::stored(&format!("{scheme}://{address}/")).expect("a URL"),
        }
    }

    /// One attempt; what must hold of any is checked.
    pub async fn post(&self) {
        let (random, at) = (SeededRandom::new(1), Timestamp::from_unix_millis(1_781_087_400_000));
        let webhook = Webhook {
            url: &self.url,
            headers: &EndpointHeaders::default(),
            secrets: SigningSecrets { first: &self.secret, second: None },
            event_type: "booking.created",
            event_id: &EventId::new(at, &random).to_string(),
            delivery_id: DeliveryId::new(at, &random),
            attempt: 1,
            trace_parent: &TraceParent::new(&random),
            body: Bytes::from_static(b"{}"),
            sent_at: at,
        };
        let start = Instant::now();
        let exchange = self.client.post(&webhook, start + DEADLINE).await;
        assert!(start.elapsed() < DEADLINE + LATENESS_MAX, "held for {:?}", start.elapsed());
        check(&exchange);
    }
}

fn check(exchange: &Exchange) {
    let succeeded = exchange.outcome == Outcome::Succeeded;
    assert_eq!(succeeded, exchange.error_message.is_none(), "a failure is told");
    let told = exchange.error_message.as_deref().unwrap_or_default();
    assert!(told.len() <= ERROR_MESSAGE_BYTES_MAX);
    let Some(response) = &exchange.response else {
        assert!(!succeeded, "an acknowledgement has a head");
        return;
    };
    assert!((100..=999).contains(&response.status));
    assert!(!succeeded || (200..300).contains(&response.status));
    assert!(response.body.len() <= RESPONSE_BODY_BYTES_MAX);
    assert!(response.headers.len() <= RESPONSE_HEADERS_MAX);
    let bytes = response.headers.iter().map(|header| header.name.len() + header.value.len());
    assert!(bytes.sum::<usize>() <= RESPONSE_HEADERS_BYTES_MAX);
}
