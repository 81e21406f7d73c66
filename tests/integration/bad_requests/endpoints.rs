//! Fields of endpoints, at creation and in an update.

use bookora_webhooks::proto::{CreateEndpointRequest, Endpoint, UpdateEndpointRequest};
use prost_types::{Duration, FieldMask};

use super::{Case, assert_accepted, assert_refused, bad_accounts, text};
use crate::caller::{ACCOUNT, Call, Caller, endpoint};
use crate::deliveries::seconds;
use crate::service::Service;

/// A field's name, a bad value of it, and the path that is named.
type Spoilt = (&'static str, Endpoint, String);

fn duration(seconds: i64, nanos: i32) -> Duration {
    Duration { seconds, nanos }
}

/// Durations that are none (protobuf asks for nanos of the same sign, below a second).
fn malformed_durations() -> [Duration; 4] {
    [
        duration(5, 1_000_000_000),
        duration(5, -1),
        duration(i64::MAX, i32::MAX),
        duration(i64::MIN, i32::MIN),
    ]
}

fn subscriptions() -> impl Iterator<Item = Spoilt> {
    let unknown = [
        "",
        "*",
        ".*",
        "booking",
        "booking.",
        "booking*",
        "bookings.*",
        "booking.deleted",
        "booking.created ",
        "Booking.Created",
        "*.created",
        "booking.*.*",
        "custom.*",
    ];
    let unknown = unknown.into_iter().map(|entry| {
        let event_types = vec!["booking.created".to_owned(), entry.to_owned()];
        let path = "endpoint.event_types[1]".to_owned();
        ("event_types", Endpoint { event_types, ..endpoint(ACCOUNT) }, path)
    });
    let event_types = vec!["booking.created".to_owned(); 101];
    let path = "endpoint.event_types".to_owned();
    unknown.chain([("event_types", Endpoint { event_types, ..endpoint(ACCOUNT) }, path)])
}

/// An endpoint with these headers.
pub fn with_headers(pairs: &[(&str, &str)]) -> Endpoint {
    let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Endpoint { headers: pairs.collect(), ..endpoint(ACCOUNT) }
}

fn headers() -> Vec<Spoilt> {
    let reserved = [
        "Host",
        "Connection",
        "keep-alive",
        "Proxy-Authorization",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "Content-Type",
        "Content-Length",
        "content-encoding",
        "Expect",
        "User-Agent",
        "Accept-Encoding",
        "traceparent",
        "X-Bookora-Signature",
        "x-bookora-signature-previous",
        "X-BOOKORA-EVENT",
        "webhook-id",
        "Webhook-Signature",
    ];
    let long_name = text(65);
    let malformed = ["", " ", "x a", "x:a", ":path", "x\r\ny", "x\0", "ü", long_name.as_str()];
    let long_value = text(1_025);
    let values = ["a\r\nhost: b", "a\nb", "a\0", "\u{7f}", "ü", " a", "a\t", long_value.as_str()];

    let spoilt = |name: &str, value: &str| {
        let path = format!("endpoint.headers[{name:?}]");
        ("headers", with_headers(&[("x-tenant", "1"), (name, value)]), path)
    };
    let mut all: Vec<Spoilt> = reserved.into_iter().map(|name| spoilt(name, "x")).collect();
    all.extend(values.into_iter().map(|value| spoilt("x-a", value)));
    all.extend(malformed.into_iter().map(|name| {
        let (field, endpoint, path) = spoilt(name, "x");
        // Shown no longer than it may be.
        (field, endpoint, if name == long_name { spoilt(&text(64), "x").2 } else { path })
    }));
    let twice = with_headers(&[("X-A", "1"), ("x-a", "2")]);
    all.push(("headers", twice, "endpoint.headers[\"x-a\"]".to_owned()));
    let names: Vec<String> = (0..21).map(|index| format!("x-{index:02}")).collect();
    let too_many: Vec<_> = names.iter().map(|name| (name.as_str(), "x")).collect();
    all.push(("headers", with_headers(&too_many), "endpoint.headers[\"x-20\"]".to_owned()));
    all
}

fn retry_schedules() -> impl Iterator<Item = Spoilt> {
    let spoilt = |retry_schedule, path: &str| {
        ("retry_schedule", Endpoint { retry_schedule, ..endpoint(ACCOUNT) }, path.to_owned())
    };
    let waits = [
        duration(0, 0),
        duration(0, 999_999_999),
        duration(86_400, 1),
        duration(-1, 0),
        duration(-30, 0),
        duration(i64::MAX, 0),
        duration(i64::MIN, 0),
    ];
    let waits = waits.into_iter().chain(malformed_durations());
    let too_many = spoilt(vec![seconds(30); 11], "endpoint.retry_schedule");
    waits
        .map(move |wait| spoilt(vec![seconds(30), wait], "endpoint.retry_schedule[1]"))
        .chain([too_many])
}

fn request_timeouts() -> impl Iterator<Item = Spoilt> {
    let timeouts = [
        duration(0, 0),
        duration(0, 999_999_999),
        duration(30, 1),
        duration(31, 0),
        duration(-1, 0),
        duration(-5, 0),
        duration(i64::MAX, 0),
        duration(i64::MIN, 0),
    ];
    timeouts.into_iter().chain(malformed_durations()).map(|timeout| {
        let endpoint = Endpoint { request_timeout: Some(timeout), ..endpoint(ACCOUNT) };
        ("request_timeout", endpoint, "endpoint.request_timeout".to_owned())
    })
}

fn limits() -> Vec<Spoilt> {
    let in_flight = [-1, i32::MIN, 1_001, i32::MAX].map(|max_in_flight| {
        let endpoint = Endpoint { max_in_flight, ..endpoint(ACCOUNT) };
        ("max_in_flight", endpoint, "endpoint.max_in_flight".to_owned())
    });
    let per_second = [-1, i32::MIN, 10_001, i32::MAX].map(|max_deliveries_per_second| {
        let endpoint = Endpoint { max_deliveries_per_second, ..endpoint(ACCOUNT) };
        let path = "endpoint.max_deliveries_per_second".to_owned();
        ("max_deliveries_per_second", endpoint, path)
    });
    let descriptions = [text(1_025), "é".repeat(513), "a\0b".to_owned()].map(|description| {
        let endpoint = Endpoint { description, ..endpoint(ACCOUNT) };
        ("description", endpoint, "endpoint.description".to_owned())
    });
    [&in_flight[..], &per_second, &descriptions].concat()
}

/// Every field but the URL, which has a file of its own.
fn spoilt_endpoints() -> impl Iterator<Item = Spoilt> {
    subscriptions()
        .chain(headers())
        .chain(retry_schedules())
        .chain(request_timeouts())
        .chain(limits())
}

/// Everything at its border from inside.
fn largest_endpoints() -> [Endpoint; 3] {
    let names: Vec<String> = (0..20).map(|index| format!("{index:02}{}", text(62))).collect();
    let value = text(1_024);
    let headers: Vec<_> = names.iter().map(|name| (name.as_str(), value.as_str())).collect();
    [
        Endpoint {
            event_types: vec!["booking.*".to_owned(); 100],
            description: "é".repeat(512),
            retry_schedule: vec![seconds(86_400); 10],
            request_timeout: Some(seconds(30)),
            max_deliveries_per_second: 10_000,
            max_in_flight: 1_000,
            ..with_headers(&headers)
        },
        Endpoint {
            retry_schedule: vec![seconds(1)],
            request_timeout: Some(seconds(1)),
            max_deliveries_per_second: 1,
            max_in_flight: 1,
            ..with_headers(&[("x-empty", ""), ("Cookie", "a b\tc")])
        },
        Endpoint { account_id: text(64), ..endpoint(ACCOUNT) },
    ]
}

fn create(endpoint: Endpoint) -> CreateEndpointRequest {
    CreateEndpointRequest { endpoint: Some(endpoint), ..CreateEndpointRequest::default() }
}

/// An update of one field.
pub fn update(endpoint: Endpoint, field: &str) -> UpdateEndpointRequest {
    let update_mask = Some(FieldMask { paths: vec![field.to_owned()] });
    UpdateEndpointRequest { endpoint: Some(endpoint), update_mask }
}

#[tokio::test]
async fn no_endpoint_is_created_with_a_field_that_is_not_as_documented() {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let fields = spoilt_endpoints().map(|(field, endpoint, path)| {
        Case::of_field(format!("{field} of {endpoint:?}"), create(endpoint), &path)
    });
    let accounts = bad_accounts().into_iter().map(|account_id| {
        let endpoint = Endpoint { account_id, ..endpoint(ACCOUNT) };
        Case::of_field(
            format!("{:?}", endpoint.account_id),
            create(endpoint),
            "endpoint.account_id",
        )
    });
    assert_refused(&mut caller, fields.chain(accounts)).await;
    let none = CreateEndpointRequest::default();
    assert_refused(&mut caller, [Case::of_field("no endpoint", none, "endpoint")]).await;

    let largest =
        largest_endpoints().map(|endpoint| (format!("{endpoint:?}"), Call::from(create(endpoint))));
    assert_accepted(&mut caller, largest).await;
}

#[tokio::test]
async fn no_endpoint_is_created_with_a_bad_secret_or_request_id() {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let secrets = [
        String::new(),
        text(23),
        text(129),
        "with spaces 0123456789abcdef".to_owned(),
        "line\nbreak-0123456789abcdef".to_owned(),
        "ümlaut-0123456789abcdef01".to_owned(),
        "whsec_".to_owned(),
        "whsec_not*base64*not*base64*not*".to_owned(),
        // 23 bytes; not padded; the URL's alphabet.
        "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY=".to_owned(),
        "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3OA".to_owned(),
        "whsec_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_".to_owned(),
    ];
    let with_secret =
        |secret| CreateEndpointRequest { secret: Some(secret), ..create(endpoint(ACCOUNT)) };
    let cases =
        secrets.map(|secret| Case::of_field(format!("{secret:?}"), with_secret(secret), "secret"));
    assert_refused(&mut caller, cases).await;

    let with_id = |request_id: &str| CreateEndpointRequest {
        request_id: request_id.to_owned(),
        ..create(endpoint(ACCOUNT))
    };
    let ids = ["1", "request", " ", "3f2504e0-4f89-11d3-9a0c-0305e82c330", &text(36), &text(1_000)];
    let cases = ids.map(|id| Case::of_field(format!("{id:?}"), with_id(id), "request_id"));
    assert_refused(&mut caller, cases).await;

    let allowed = [
        with_secret(text(24)),
        with_secret(text(128)),
        with_secret("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3".to_owned()),
        with_id("3f2504e0-4f89-11d3-9a0c-0305e82c3301"),
    ];
    let allowed = allowed.map(|request| (format!("{request:?}"), Call::from(request)));
    assert_accepted(&mut caller, allowed).await;
}

#[tokio::test]
async fn no_endpoint_is_updated_with_a_field_that_is_not_as_documented() {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let created = caller.register(endpoint(ACCOUNT)).await;
    let id = || created.endpoint_id.clone();
    let named = spoilt_endpoints().map(|(field, endpoint, path)| {
        let request = update(Endpoint { endpoint_id: id(), ..endpoint }, field);
        Case::of_field(format!("{request:?}"), request, &path)
    });
    let all = spoilt_endpoints().map(|(_, endpoint, path)| {
        let request = update(Endpoint { endpoint_id: id(), ..endpoint }, "*");
        Case::of_field(format!("{request:?}"), request, &path)
    });
    assert_refused(&mut caller, named.chain(all)).await;
    assert_eq!(caller.endpoint(&created).await, created);

    let [largest, smallest, _] = largest_endpoints();
    let allowed = [largest, smallest].map(|endpoint| {
        let request = update(Endpoint { endpoint_id: id(), ..endpoint }, "*");
        (format!("{request:?}"), Call::from(request))
    });
    assert_accepted(&mut caller, allowed).await;
}
