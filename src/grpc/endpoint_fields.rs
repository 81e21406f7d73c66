//! An endpoint as the contract's message: its fields checked, all at creation, those in the mask
//! at an update; and back.

use std::time::Duration;

use super::violations::{Violations, std_duration};
use crate::domain::address::AddressPolicy;
use crate::domain::clock::Timestamp;
use crate::domain::endpoint::{
    DESCRIPTION_BYTES_MAX, ENDPOINT_IN_FLIGHT_MAX, Endpoint, EndpointConfig, EndpointState,
    REQUEST_TIMEOUT_MAX, REQUEST_TIMEOUT_MIN,
};
use crate::domain::endpoint_secrets::{EndpointSecret, EndpointSecrets};
use crate::domain::endpoint_url::EndpointUrl;
use crate::domain::header::EndpointHeaders;
use crate::domain::pace::DELIVERIES_PER_SECOND_MAX;
use crate::domain::retry::{InvalidRetrySchedule, RETRY_WAIT_MAX, RETRY_WAIT_MIN, RetrySchedule};
use crate::domain::subscription::{SUBSCRIPTION_ENTRIES_MAX, Subscription};
use crate::domain::type_name::CustomTypes;
use crate::proto;
use crate::proto::endpoint::State;

/// Which URLs may be registered.
#[derive(Clone, Debug)]
pub struct UrlPolicy {
    /// Whether plain `http` is allowed. Default: no.
    pub allow_http: bool,
    /// Which addresses are. The same policy decides again when a request is sent.
    pub addresses: AddressPolicy,
}

/// What is asked of an endpoint beside the contract.
#[derive(Clone, Copy, Debug)]
pub struct Policies<'a> {
    /// Which URLs may be registered.
    pub urls: &'a UrlPolicy,
    /// Which types may be subscribed to beside those that are built in.
    pub custom_types: &'a CustomTypes,
}

/// The fields that an update may name.
const MUTABLE: [&str; 8] = [
    "url",
    "event_types",
    "description",
    "headers",
    "retry_schedule",
    "request_timeout",
    "max_deliveries_per_second",
    "max_in_flight",
];

/// How much of an unknown path is repeated to its sender, in bytes.
const NAMED_BYTES_MAX: usize = 64;

/// A new value of one field; `None` sets it back to the service's default.
enum NewValue {
    Url(EndpointUrl),
    EventTypes(Subscription),
    Description(String),
    Headers(EndpointHeaders),
    RetrySchedule(Option<RetrySchedule>),
    RequestTimeout(Option<Duration>),
    MaxPerSecond(Option<u32>),
    MaxInFlight(Option<u32>),
}

/// New values for some of an endpoint's fields.
pub struct ConfigChange(Vec<NewValue>);

impl ConfigChange {
    /// Reads every field, as for a new endpoint.
    pub fn read_all(
        violations: &mut Violations,
        message: &proto::Endpoint,
        policies: Policies<'_>,
    ) -> Self {
        Self::read(violations, MUTABLE.into_iter(), message, policies)
    }

    /// Reads the fields that the mask names; without one, or where it names none, those that are
    /// set (AIP-134): many languages cannot tell an empty mask from none.
    pub fn read_masked(
        violations: &mut Violations,
        message: &proto::Endpoint,
        mask: Option<&prost_types::FieldMask>,
        policies: Policies<'_>,
    ) -> Self {
        match mask.filter(|mask| !mask.paths.is_empty()) {
            None => {
                let set = MUTABLE.into_iter().filter(|field| is_set(message, field));
                Self::read(violations, set, message, policies)
            }
            Some(mask) if mask.paths == ["*"] => Self::read_all(violations, message, policies),
            Some(mask) => {
                Self::read(violations, mask.paths.iter().map(String::as_str), message, policies)
            }
        }
    }

    fn read<'a>(
        violations: &mut Violations,
        fields: impl Iterator<Item = &'a str>,
        message: &proto::Endpoint,
        policies: Policies<'_>,
    ) -> Self {
        Self(fields.filter_map(|field| read_field(violations, field, message, policies)).collect())
    }

    /// The configuration of a new endpoint; `None` without a URL.
    #[must_use]
    pub fn into_config(self) -> Option<EndpointConfig> {
        let url = self.0.iter().find_map(|value| match value {
            NewValue::Url(url) => Some(url.clone()),
            _ => None,
        });
        let mut config = EndpointConfig::new(url?);
        self.apply(&mut config);
        Some(config)
    }

    /// Takes the new values over.
    pub fn apply(self, config: &mut EndpointConfig) {
        for value in self.0 {
            match value {
                NewValue::Url(url) => config.url = url,
                NewValue::EventTypes(subscription) => config.subscription = subscription,
                NewValue::Description(description) => config.description = description,
                NewValue::Headers(headers) => config.headers = headers,
                NewValue::RetrySchedule(schedule) => config.retry_schedule = schedule,
                NewValue::RequestTimeout(timeout) => config.request_timeout = timeout,
                NewValue::MaxPerSecond(max) => config.limits.per_second_max = max,
                NewValue::MaxInFlight(max) => config.limits.in_flight_max = max,
            }
        }
    }
}

/// Checks one field; `None` where it is wrong, and nothing will be changed.
fn read_field(
    violations: &mut Violations,
    field: &str,
    message: &proto::Endpoint,
    policies: Policies<'_>,
) -> Option<NewValue> {
    match field {
        "url" => url(violations, &message.url, policies.urls).map(NewValue::Url),
        "event_types" => {
            let entries = &message.event_types;
            subscription(violations, entries, policies.custom_types).map(NewValue::EventTypes)
        }
        "description" => {
            let text = &message.description;
            violations.text_or_empty("endpoint.description", text, DESCRIPTION_BYTES_MAX);
            Some(NewValue::Description(text.clone()))
        }
        "headers" => headers(violations, message).map(NewValue::Headers),
        "retry_schedule" => {
            let schedule = retry_schedule(violations, &message.retry_schedule);
            Some(NewValue::RetrySchedule(schedule))
        }
        "request_timeout" => {
            let timeout = message.request_timeout.as_ref();
            Some(NewValue::RequestTimeout(timeout.and_then(|timeout| {
                let (min, max) = (REQUEST_TIMEOUT_MIN, REQUEST_TIMEOUT_MAX);
                violations.duration("endpoint.request_timeout", timeout, min, max).map(in_millis)
            })))
        }
        "max_deliveries_per_second" => {
            let value = message.max_deliveries_per_second;
            let field = "endpoint.max_deliveries_per_second";
            Some(NewValue::MaxPerSecond(limit(violations, field, value, DELIVERIES_PER_SECOND_MAX)))
        }
        "max_in_flight" => {
            let value = message.max_in_flight;
            let field = "endpoint.max_in_flight";
            Some(NewValue::MaxInFlight(limit(violations, field, value, ENDPOINT_IN_FLIGHT_MAX)))
        }
        other => {
            let allowed = MUTABLE.join(", ");
            let named = &other[..other.floor_char_boundary(NAMED_BYTES_MAX)];
            let problem = format!("names {named:?}; allowed are {allowed}, or \"*\" alone");
            violations.add("update_mask", problem);
            None
        }
    }
}

fn is_set(message: &proto::Endpoint, field: &str) -> bool {
    match field {
        "url" => !message.url.is_empty(),
        "event_types" => !message.event_types.is_empty(),
        "description" => !message.description.is_empty(),
        "headers" => !message.headers.is_empty(),
        "retry_schedule" => !message.retry_schedule.is_empty(),
        "request_timeout" => message.request_timeout.is_some(),
        "max_deliveries_per_second" => message.max_deliveries_per_second != 0,
        "max_in_flight" => message.max_in_flight != 0,
        _ => false,
    }
}

fn url(violations: &mut Violations, text: &str, policy: &UrlPolicy) -> Option<EndpointUrl> {
    const FIELD: &str = "endpoint.url";
    let url = EndpointUrl::parse(text, policy.allow_http)
        .map_err(|error| violations.add(FIELD, error))
        .ok()?;
    if let Some(address) = url.ip_literal() {
        let checked = policy.addresses.check(std::net::SocketAddr::new(address, url.port()));
        checked.map_err(|error| violations.add(FIELD, error)).ok()?;
    }
    Some(url)
}

fn subscription(
    violations: &mut Violations,
    entries: &[String],
    custom_types: &CustomTypes,
) -> Option<Subscription> {
    if !violations.count("endpoint.event_types", entries.len(), SUBSCRIPTION_ENTRIES_MAX) {
        return None;
    }
    Subscription::parse(entries, custom_types)
        .map_err(|error| {
            violations.add(format_args!("endpoint.event_types[{}]", error.index), error);
        })
        .ok()
}

fn headers(violations: &mut Violations, message: &proto::Endpoint) -> Option<EndpointHeaders> {
    let pairs = message.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    EndpointHeaders::parse(pairs)
        .map_err(|invalid| {
            for header in invalid {
                violations.add(format_args!("endpoint.headers[{:?}]", header.name), &header);
            }
        })
        .ok()
}

fn retry_schedule(
    violations: &mut Violations,
    waits: &[prost_types::Duration],
) -> Option<RetrySchedule> {
    const FIELD: &str = "endpoint.retry_schedule";
    if waits.is_empty() {
        return None;
    }
    // A wait that has no form here is out of range too: reported by the same rule.
    let read = waits.iter().map(|wait| std_duration(wait).unwrap_or_default());
    match RetrySchedule::new(read.collect()) {
        Ok(schedule) => {
            let kept = schedule.waits().iter().copied().map(in_millis).collect();
            RetrySchedule::new(kept).ok()
        }
        Err(error @ InvalidRetrySchedule::TooMany) => {
            violations.add(FIELD, error);
            None
        }
        Err(InvalidRetrySchedule::Wait { index }) => violations
            .duration(
                format_args!("{FIELD}[{index}]"),
                &waits[index],
                RETRY_WAIT_MIN,
                RETRY_WAIT_MAX,
            )
            .and(None),
    }
}

/// The duration as it is stored: to the millisecond, so that what is answered is what is kept.
fn in_millis(duration: Duration) -> Duration {
    Duration::new(duration.as_secs(), duration.subsec_millis() * 1_000_000)
}

fn limit(violations: &mut Violations, field: &str, value: i32, max: u32) -> Option<u32> {
    match u32::try_from(value) {
        Ok(0) => None,
        Ok(value) if value <= max => Some(value),
        _ => {
            violations.add(field, format_args!("must be 0-{max}, is {value}"));
            None
        }
    }
}

fn shown_limit(limit: Option<u32>) -> i32 {
    limit.map_or(0, |max| i32::try_from(max).unwrap_or(i32::MAX))
}

/// An endpoint as it is shown at `now`.
#[must_use]
pub fn message(endpoint: &Endpoint, now: Timestamp) -> proto::Endpoint {
    let config = &endpoint.config;
    let waits = config.retry_schedule.as_ref().map_or(&[][..], RetrySchedule::waits);
    proto::Endpoint {
        account_id: endpoint.account_id.to_string(),
        endpoint_id: endpoint.endpoint_id.to_string(),
        url: config.url.as_str().to_owned(),
        event_types: config.subscription.entries().to_vec(),
        description: config.description.clone(),
        headers: config
            .headers
            .pairs()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        retry_schedule: waits.iter().map(|wait| (*wait).try_into().unwrap_or_default()).collect(),
        request_timeout: config
            .request_timeout
            .map(|timeout| timeout.try_into().unwrap_or_default()),
        max_deliveries_per_second: shown_limit(config.limits.per_second_max),
        max_in_flight: shown_limit(config.limits.in_flight_max),
        state: state(endpoint.state).into(),
        state_reason: endpoint.state_reason.clone(),
        secrets: endpoint.secrets.as_ref().map_or_else(Vec::new, |open| secrets(open, now)),
        create_time: Some(endpoint.create_time.into()),
        update_time: Some(endpoint.update_time.into()),
        etag: endpoint.etag(),
    }
}

fn secrets(secrets: &EndpointSecrets, now: Timestamp) -> Vec<proto::EndpointSecret> {
    let shown = |secret: &EndpointSecret, expire_time: Option<Timestamp>| proto::EndpointSecret {
        secret_id: secret.secret_id.to_string(),
        hint: secret.secret.hint(),
        create_time: Some(secret.create_time.into()),
        expire_time: expire_time.map(Into::into),
    };
    let previous = secrets.previous_at(now);
    let previous = previous.map(|previous| shown(&previous.secret, Some(previous.expire_time)));
    std::iter::once(shown(secrets.current(), None)).chain(previous).collect()
}

fn state(state: EndpointState) -> State {
    match state {
        EndpointState::Active => State::Active,
        EndpointState::Disabled => State::Disabled,
        EndpointState::Suspended => State::Suspended,
    }
}

/// The state that a filter names; `None` for unspecified.
#[must_use]
pub fn state_of(message: State) -> Option<EndpointState> {
    match message {
        State::Unspecified => None,
        State::Active => Some(EndpointState::Active),
        State::Disabled => Some(EndpointState::Disabled),
        State::Suspended => Some(EndpointState::Suspended),
    }
}
