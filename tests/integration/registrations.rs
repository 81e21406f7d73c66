//! Endpoints: what is set is what is read, and who gets to see a secret.

mod changes;
mod event_types;
mod listings;
mod request_ids;
mod states;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bookora_webhooks::proto::endpoint::State;
use bookora_webhooks::proto::{
    CreateEndpointRequest, DisableEndpointRequest, EnableEndpointRequest, Endpoint, EndpointSecret,
    GetEndpointRequest, GetEndpointSecretRequest, GetEndpointSecretResponse, ListEndpointsRequest,
    UpdateEndpointRequest,
};
use prost::Message;
use prost_types::{Duration, Timestamp};

use crate::caller::{ACCOUNT, Caller, endpoint, nanos};
use crate::deliveries::seconds;
use crate::service::Service;

async fn started() -> (Service, Caller) {
    let service = Service::start(&[]);
    let caller = Caller::new(&service).await;
    (service, caller)
}

/// An endpoint with everything set that can be.
fn full_endpoint(account_id: &str) -> Endpoint {
    let headers = [("authorization", "Bearer 42"), ("x-tenant", "a b\tc"), ("x-empty", "")];
    Endpoint {
        url: "https://hooks.example.com:8443/bookora?tenant=1".to_owned(),
        event_types: vec!["review.created".to_owned(), "booking.*".to_owned()],
        description: "Zoë's \"salon\"\n💆".to_owned(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        retry_schedule: vec![Duration { seconds: 1, nanos: 500_000_000 }, seconds(60)],
        request_timeout: Some(Duration { seconds: 2, nanos: 250_000_000 }),
        max_deliveries_per_second: 100,
        max_in_flight: 7,
        ..endpoint(account_id)
    }
}

async fn secret_of(caller: &mut Caller, endpoint: &Endpoint) -> GetEndpointSecretResponse {
    let request = GetEndpointSecretRequest {
        account_id: endpoint.account_id.clone(),
        endpoint_id: endpoint.endpoint_id.clone(),
    };
    caller.admin.get_endpoint_secret(request).await.expect("it has one").into_inner()
}

async fn listed(caller: &mut Caller, account_id: &str) -> Vec<Endpoint> {
    let request = ListEndpointsRequest {
        account_id: account_id.to_owned(),
        ..ListEndpointsRequest::default()
    };
    caller.admin.list_endpoints(request).await.expect("it is listed").into_inner().endpoints
}

#[tokio::test]
async fn what_is_set_at_creation_reads_back() {
    let (_service, mut caller) = started().await;
    let asked = full_endpoint(ACCOUNT);
    let created = caller.register(asked.clone()).await;
    // All that the service adds; everything else is as it was asked for.
    let expected = Endpoint {
        endpoint_id: created.endpoint_id.clone(),
        state: State::Active.into(),
        secrets: created.secrets.clone(),
        create_time: created.create_time,
        update_time: created.create_time,
        etag: created.etag.clone(),
        ..asked
    };
    assert_eq!(created, expected);
    assert!(created.endpoint_id.starts_with("ep_") && created.endpoint_id.len() == 29);
    assert!(!created.etag.is_empty() && created.create_time.is_some());
    assert_eq!(caller.endpoint(&created).await, created);
    for account in [ACCOUNT, "-"] {
        assert_eq!(listed(&mut caller, account).await, std::slice::from_ref(&created));
        let request = GetEndpointRequest {
            account_id: account.to_owned(),
            endpoint_id: created.endpoint_id.clone(),
        };
        let read = caller.admin.get_endpoint(request).await.unwrap().into_inner();
        assert_eq!(read.endpoint, Some(created.clone()));
    }
}

#[tokio::test]
async fn what_only_the_service_sets_is_ignored_at_creation() {
    let (_service, mut caller) = started().await;
    let time = Some(Timestamp { seconds: 1, nanos: 1 });
    let asked = Endpoint {
        endpoint_id: "mine".to_owned(),
        state: State::Disabled.into(),
        state_reason: "because".to_owned(),
        secrets: vec![EndpointSecret { secret_id: "mine".to_owned(), ..EndpointSecret::default() }],
        create_time: time,
        update_time: time,
        etag: "mine".to_owned(),
        ..endpoint(ACCOUNT)
    };
    let created = caller.register(asked).await;
    assert!(created.endpoint_id.starts_with("ep_"));
    assert_eq!((created.state(), created.state_reason.as_str()), (State::Active, ""));
    assert_eq!(created.secrets.len(), 1);
    assert_ne!((&*created.secrets[0].secret_id, &*created.etag), ("mine", "mine"));
    assert!(nanos(created.create_time) > nanos(time));
    assert_eq!(created.create_time, created.update_time);
}

#[tokio::test]
async fn a_url_is_kept_in_its_normal_form() {
    let (_service, mut caller) = started().await;
    for (given, kept) in [
        ("https://hooks.example.com", "https://hooks.example.com/"),
        ("HTTPS://Hooks.EXAMPLE.com:443/A/../B?q=C", "https://hooks.example.com/B?q=C"),
        ("https://hooks.example.com:08443//x/./y", "https://hooks.example.com:8443//x/y"),
        ("https://hooks.example.com?q", "https://hooks.example.com/?q"),
        ("https://bücher.example/ä?ö", "https://xn--bcher-kva.example/%C3%A4?%C3%B6"),
        ("https://hooks.example.com/%7e%2F", "https://hooks.example.com/%7e%2F"),
        ("https://134744072/", "https://8.8.8.8/"),
        ("https://0x8.010.2056/", "https://8.8.8.8/"),
        ("https://[2606:4700:0:0::1]/", "https://[2606:4700::1]/"),
    ] {
        let created =
            caller.register(Endpoint { url: given.to_owned(), ..endpoint(ACCOUNT) }).await;
        assert_eq!(created.url, kept);
        // What was read can be written again.
        let again = caller.register(Endpoint { url: kept.to_owned(), ..endpoint(ACCOUNT) }).await;
        assert_eq!(caller.endpoint(&again).await.url, kept);
    }
}

#[tokio::test]
async fn headers_read_back_in_lowercase_and_repeated_event_types_once() {
    let (_service, mut caller) = started().await;
    let names = ["booking.created", "booking.*", "booking.created"].map(str::to_owned);
    let asked = Endpoint {
        headers: [("X-Tenant".to_owned(), "A".to_owned())].into(),
        event_types: names.to_vec(),
        ..endpoint(ACCOUNT)
    };
    let created = caller.register(asked).await;
    assert_eq!(created.headers, [("x-tenant".to_owned(), "A".to_owned())].into());
    assert_eq!(created.event_types, names[..2]);
    assert_eq!(caller.endpoint(&created).await, created);
}

/// What is kept is what is answered, also where more was given than can be kept.
#[tokio::test]
async fn durations_are_kept_to_the_millisecond() {
    let (_service, mut caller) = started().await;
    let given = Duration { seconds: 1, nanos: 999_999_999 };
    let asked =
        Endpoint { request_timeout: Some(given), retry_schedule: vec![given], ..endpoint(ACCOUNT) };
    let created = caller.register(asked).await;
    let kept = Duration { seconds: 1, nanos: 999_000_000 };
    assert_eq!((created.request_timeout, &created.retry_schedule), (Some(kept), &vec![kept]));
    assert_eq!(caller.endpoint(&created).await, created);
}

#[tokio::test]
async fn the_service_makes_a_secret_of_32_random_bytes_where_none_is_brought() {
    let (_service, mut caller) = started().await;
    let [first, second] =
        [caller.create(endpoint(ACCOUNT)).await, caller.create(endpoint(ACCOUNT)).await];
    for created in [&first, &second] {
        let encoded = created.secret.strip_prefix("whsec_").expect("the prefix");
        assert_eq!(STANDARD.decode(encoded).expect("padded base64").len(), 32);
        let endpoint = created.endpoint.as_ref().expect("it is in the answer");
        let read = secret_of(&mut caller, endpoint).await;
        assert_eq!(read.secret, created.secret);
        assert_eq!(read.secret_id, endpoint.secrets[0].secret_id);
        assert!(read.secret_id.starts_with("sec_") && read.secret_id.len() == 30);
    }
    assert_ne!(first.secret, second.secret);
}

#[tokio::test]
async fn a_secret_that_is_brought_is_kept_as_it_is() {
    let (_service, mut caller) = started().await;
    for secret in [
        "my-own-secret-0123456789",
        "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3",
        "WHSEC_~!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}",
    ] {
        let request = CreateEndpointRequest {
            endpoint: Some(endpoint(ACCOUNT)),
            secret: Some(secret.to_owned()),
            ..CreateEndpointRequest::default()
        };
        let created = caller.admin.create_endpoint(request).await.unwrap().into_inner();
        assert_eq!(created.secret, secret);
        let endpoint = created.endpoint.unwrap();
        assert_eq!(secret_of(&mut caller, &endpoint).await.secret, secret);
        assert_eq!(endpoint.secrets[0].hint, format!("…{}", &secret[secret.len() - 4..]));
    }
}

#[tokio::test]
async fn no_answer_shows_a_secret_but_those_that_are_asked_for_it() {
    let (_service, mut caller) = started().await;
    let created = caller.create(endpoint(ACCOUNT)).await;
    let (secret, endpoint) = (created.secret, created.endpoint.unwrap());
    let told = secret.trim_end_matches('=');
    assert_eq!(endpoint.secrets[0].hint, format!("…{}", &told[told.len() - 4..]));
    assert!(endpoint.secrets[0].create_time == endpoint.create_time);
    assert_eq!(endpoint.secrets[0].expire_time, None);

    let (account_id, endpoint_id) = (|| ACCOUNT.to_owned(), || endpoint.endpoint_id.clone());
    let request = DisableEndpointRequest {
        account_id: account_id(),
        endpoint_id: endpoint_id(),
        ..DisableEndpointRequest::default()
    };
    let disabled = caller.admin.disable_endpoint(request).await.unwrap().into_inner();
    let request = EnableEndpointRequest { account_id: account_id(), endpoint_id: endpoint_id() };
    let enabled = caller.admin.enable_endpoint(request).await.unwrap().into_inner();
    let request = UpdateEndpointRequest {
        endpoint: Some(Endpoint {
            description: "changed".to_owned(),
            etag: String::new(),
            ..endpoint.clone()
        }),
        ..UpdateEndpointRequest::default()
    };
    let updated = caller.admin.update_endpoint(request).await.unwrap().into_inner();
    let answers = [
        endpoint.encode_to_vec(),
        caller.endpoint(&endpoint).await.encode_to_vec(),
        listed(&mut caller, "-").await[0].encode_to_vec(),
        disabled.encode_to_vec(),
        enabled.encode_to_vec(),
        updated.encode_to_vec(),
    ];
    // Not even a good part of it.
    let parts: Vec<&[u8]> = secret.as_bytes()["whsec_".len()..].windows(8).collect();
    for answer in answers {
        let shown = answer.windows(8).find(|window| parts.contains(window));
        assert_eq!(shown, None, "{}", String::from_utf8_lossy(&answer));
    }
}
