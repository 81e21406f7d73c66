//! An endpoint: where an account's events are sent, and how.

use std::sync::Arc;
use std::time::Duration;

use super::account::AccountId;
use super::clock::Timestamp;
use super::endpoint_secrets::EndpointSecrets;
use super::endpoint_url::EndpointUrl;
use super::header::EndpointHeaders;
use super::id::EndpointId;
use super::retry::RetrySchedule;
use super::subscription::Subscription;

/// Most endpoints of one account: each event makes one row per subscribed endpoint.
pub const ENDPOINTS_PER_ACCOUNT_MAX: u32 = 1_000;
/// Longest description, in bytes.
pub const DESCRIPTION_BYTES_MAX: usize = 1_024;
/// Longest reason for disabling, in bytes.
pub const REASON_BYTES_MAX: usize = 1_024;
/// Shortest deadline of a request.
pub const REQUEST_TIMEOUT_MIN: Duration = Duration::from_secs(1);
/// Longest deadline of a request.
pub const REQUEST_TIMEOUT_MAX: Duration = Duration::from_secs(30);
/// Most requests under way to one endpoint that may be asked for.
pub const ENDPOINT_IN_FLIGHT_MAX: u32 = 1_000;
/// Why an endpoint is suspended whose receiver answered so.
pub const GONE_REASON: &str = "the receiver answered 410 Gone";

/// Whether events are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndpointState {
    /// Events are sent.
    Active,
    /// Switched off by its owner or an operator.
    Disabled,
    /// Switched off by the service: its receiver is gone, or has failed for too long.
    Suspended,
}

/// What the owner of an endpoint decides.
#[derive(Clone, Debug, PartialEq)]
pub struct EndpointConfig {
    /// Where to POST.
    pub url: EndpointUrl,
    /// Which events.
    pub subscription: Subscription,
    /// For people.
    pub description: String,
    /// Added to every request.
    pub headers: EndpointHeaders,
    /// When to try again; `None`: as the service does by default.
    pub retry_schedule: Option<RetrySchedule>,
    /// How long a receiver may take; `None`: as the service does by default.
    pub request_timeout: Option<Duration>,
    /// How fast it may be sent to.
    pub limits: EndpointLimits,
}

/// How fast an endpoint may be sent to, by its owner's decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndpointLimits {
    /// How many requests may be under way at once; `None`: the service's limit.
    pub in_flight_max: Option<u32>,
    /// How many requests may be begun in a second; `None`: no limit.
    pub per_second_max: Option<u32>,
}

impl EndpointConfig {
    /// Every event to `url`, as the service does by default.
    #[must_use]
    pub fn new(url: EndpointUrl) -> Self {
        Self {
            url,
            subscription: Subscription::default(),
            description: String::new(),
            headers: EndpointHeaders::default(),
            retry_schedule: None,
            request_timeout: None,
            limits: EndpointLimits::default(),
        }
    }
}

/// A registered endpoint.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its id.
    pub endpoint_id: EndpointId,
    /// Whose it is.
    pub account_id: AccountId,
    /// What its owner decided.
    pub config: EndpointConfig,
    /// Whether events are sent.
    pub state: EndpointState,
    /// Why not; empty while active.
    pub state_reason: String,
    /// What signs its requests; `None` where this process has not the keys that open them: nothing
    /// is sent until it has, here or by another replica.
    pub secrets: Option<EndpointSecrets>,
    /// When it was registered.
    pub create_time: Timestamp,
    /// When it last changed.
    pub update_time: Timestamp,
    /// 1 at creation, one more with each change.
    pub version: u32,
}

impl Endpoint {
    /// Changes with every change of the endpoint (AIP-154).
    #[must_use]
    pub fn etag(&self) -> String {
        format!("\"{}-{}\"", self.endpoint_id, self.version)
    }

    /// What signs what is being sent to it: that this is open was made sure of before it was leased.
    #[must_use]
    pub fn open_secrets(&self) -> &EndpointSecrets {
        self.secrets.as_ref().expect("nothing is leased or tested that cannot be signed")
    }
}

/// An endpoint as far as its pace is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressee {
    /// The endpoint's account.
    pub account_id: AccountId,
    /// The endpoint.
    pub endpoint_id: EndpointId,
    /// What its owner allows.
    pub limits: EndpointLimits,
}

impl Addressee {
    /// The addressee that `endpoint` is.
    #[must_use]
    pub fn of(endpoint: &Endpoint) -> Self {
        Self {
            account_id: endpoint.account_id.clone(),
            endpoint_id: endpoint.endpoint_id,
            limits: endpoint.config.limits,
        }
    }
}

/// What a request to an endpoint needs to know of it; shared by all deliveries of one read.
pub type Target = Arc<Endpoint>;
