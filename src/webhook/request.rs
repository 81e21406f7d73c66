//! The request of a webhook: its headers, in the order that the documentation lists them, both
//! signatures among them. Who connects and sends it is left to [`super::client`].

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use http::{Method, Request};
use http_body_util::Full;

use super::signature::{bookora_signature, standard_signatures};
use crate::domain::clock::Timestamp;
use crate::domain::endpoint_secrets::SigningSecrets;
use crate::domain::endpoint_url::EndpointUrl;
use crate::domain::header::EndpointHeaders;
use crate::domain::id::DeliveryId;
use crate::domain::trace_parent::TraceParent;

/// The event's type.
pub const BOOKORA_EVENT: HeaderName = HeaderName::from_static("x-bookora-event");
/// The delivery's id: the same on each of its attempts.
pub const BOOKORA_DELIVERY: HeaderName = HeaderName::from_static("x-bookora-delivery");
/// The attempt's number within the delivery, from 1.
pub const BOOKORA_ATTEMPT: HeaderName = HeaderName::from_static("x-bookora-attempt");
/// Lowercase hex HMAC-SHA256 of the body.
pub const BOOKORA_SIGNATURE: HeaderName = HeaderName::from_static("x-bookora-signature");
/// The same with the other secret, during the overlap of a rotation. A header of its own: of two
/// lines with one name, receivers see one, or both joined by a comma.
pub const BOOKORA_SIGNATURE_PREVIOUS: HeaderName =
    HeaderName::from_static("x-bookora-signature-previous");
/// The event's id (Standard Webhooks): the same on each of its attempts, for deduplication.
pub const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
/// The time of the attempt in whole seconds since the Unix epoch (Standard Webhooks).
pub const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
/// `v1,` and base64 HMAC-SHA256 of id, timestamp and body (Standard Webhooks); during an overlap
/// two of these.
pub const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
/// The trace that the publish belongs to (W3C Trace Context).
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Name and version of the service, in every request's `User-Agent`.
const USER_AGENT_VALUE: &str = concat!("Bookora-Webhooks/", env!("CARGO_PKG_VERSION"));
/// Most headers that the service sets itself.
const OWN_HEADERS: usize = 12;

/// One attempt to deliver one event: all that is needed to sign and send it.
#[derive(Clone)]
pub struct Webhook<'a> {
    /// Where to.
    pub url: &'a EndpointUrl,
    /// The endpoint's own headers.
    pub headers: &'a EndpointHeaders,
    /// What signs.
    pub secrets: SigningSecrets<'a>,
    /// The event's type, by name: visible ASCII.
    pub event_type: &'a str,
    /// The event's id, as it is shown: visible ASCII.
    pub event_id: &'a str,
    /// The delivery's id.
    pub delivery_id: DeliveryId,
    /// The attempt's number within the delivery, from 1.
    pub attempt: u32,
    /// The trace that the publish belongs to.
    pub trace_parent: &'a TraceParent,
    /// The body, exactly as it was rendered at publish.
    pub body: Bytes,
    /// When the attempt began; the signed timestamp.
    pub sent_at: Timestamp,
}

impl Webhook<'_> {
    /// The signed request.
    pub(super) fn sign(&self) -> Request<Full<Bytes>> {
        let seconds = self.sent_at.as_unix_seconds();
        let bookora = |secret| ascii(&bookora_signature(secret, &self.body));
        let standard = standard_signatures(self.secrets, self.event_id, seconds, &self.body);

        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.url.uri().clone();
        let headers = request.headers_mut();
        headers.reserve(OWN_HEADERS + self.headers.len());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(USER_AGENT_VALUE));
        headers.insert(BOOKORA_EVENT, ascii(self.event_type));
        headers.insert(BOOKORA_DELIVERY, ascii(&self.delivery_id.to_string()));
        headers.insert(BOOKORA_ATTEMPT, HeaderValue::from(self.attempt));
        headers.insert(BOOKORA_SIGNATURE, bookora(self.secrets.first));
        if let Some(second) = self.secrets.second {
            headers.insert(BOOKORA_SIGNATURE_PREVIOUS, bookora(second));
        }
        headers.insert(WEBHOOK_ID, ascii(self.event_id));
        headers.insert(WEBHOOK_TIMESTAMP, HeaderValue::from(seconds));
        headers.insert(WEBHOOK_SIGNATURE, ascii(&standard));
        headers.insert(TRACEPARENT, ascii(self.trace_parent.as_str()));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        for (name, value) in self.headers.iter() {
            headers.insert(name, value.clone());
        }
        request
    }
}

fn ascii(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("ids, types, signatures and traces are visible ASCII")
}
