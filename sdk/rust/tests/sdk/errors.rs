//! What callers get when a call is refused, and when a connection is cut.

use std::time::Duration;

use bookora_webhooks_sdk::v1::publish_event_result::Result as Outcome;
use bookora_webhooks_sdk::v1::{
    DeleteEndpointRequest, Endpoint, ErrorReason, GetEventRequest, PublishEventRequest,
    UpdateEndpointRequest,
};
use bookora_webhooks_sdk::{Client, ConfigError, ErrorDetails, item_error};
use tonic::{Code, Status};

use crate::publishing::count;
use crate::relay::Relay;
use crate::samples::{ACCOUNT, customer, register};
use crate::service::{Service, certificate, eventually, in_time};

fn keyed(key: &str, customer_id: &str) -> PublishEventRequest {
    PublishEventRequest { idempotency_key: key.to_owned(), ..customer(ACCOUNT, customer_id) }
}

#[tokio::test]
async fn the_details_of_each_kind_of_error_are_read() {
    let service = Service::start(&[]);
    let client = service.client();

    let error = client.publish(customer("", "")).await.expect_err("two fields are missing");
    let details = ErrorDetails::of(&error);
    assert_eq!((details.code, details.reason.as_str()), (Code::InvalidArgument, "INVALID_FIELDS"));
    assert_eq!(details.known_reason, Some(ErrorReason::InvalidFields));
    let fields: Vec<_> = details.field_violations.iter().map(|it| it.field.as_str()).collect();
    assert_eq!(fields, ["account_id", "customer_created.customer_id"]);
    assert!(!details.field_violations[0].description.is_empty());

    let first = client.publish(keyed("key", "cus_1")).await.expect("it is published");
    let error = client.publish(keyed("key", "cus_2")).await.expect_err("the key is used");
    let details = ErrorDetails::of(&error);
    assert_eq!(details.known_reason, Some(ErrorReason::IdempotencyKeyReused));
    let resource = details.resource.expect("the first event");
    assert_eq!((resource.resource_type.as_str(), resource.name), ("Event", first.event_id));
    let batch = [keyed("key", "cus_2"), customer(ACCOUNT, "cus_3")];
    let results = client.publish_batch(batch).await.expect("one is published").results;
    let Some(Outcome::Error(error)) = &results[0].result else { panic!("{results:?}") };
    let details = ErrorDetails::of(&item_error(error));
    assert_eq!(details.code, Code::AlreadyExists);
    assert_eq!(details.known_reason, Some(ErrorReason::IdempotencyKeyReused));

    let event_id = "evt_01m86nb6b8fnbaaqb07tc5deyz".to_owned();
    let get = GetEventRequest { account_id: ACCOUNT.to_owned(), event_id: event_id.clone() };
    let error = client.delivery_query().get_event(get).await.expect_err("there is no such event");
    let details = ErrorDetails::of(&error);
    assert_eq!(details.known_reason, Some(ErrorReason::EventNotFound));
    assert_eq!(details.resource.expect("the event").name, event_id);

    let created = register(&client, ACCOUNT, "http://127.0.0.1:9/hooks").await;
    let endpoint = created.endpoint.expect("an endpoint");
    let (endpoint_id, etag) = (endpoint.endpoint_id.clone(), "another".to_owned());
    let changed = Endpoint { etag, description: "new".to_owned(), ..endpoint };
    let update = UpdateEndpointRequest { endpoint: Some(changed), update_mask: None };
    let error = client.endpoint_admin().update_endpoint(update).await.expect_err("it has changed");
    let details = ErrorDetails::of(&error);
    assert_eq!((details.code, details.reason.as_str()), (Code::Aborted, "ETAG_MISMATCH"));
    let account_id = ACCOUNT.to_owned();
    let delete = DeleteEndpointRequest { account_id, endpoint_id, ..Default::default() };
    client.endpoint_admin().delete_endpoint(delete).await.expect("without an etag it is deleted");
}

#[test]
fn an_error_of_something_else_has_empty_details() {
    for error in [
        Status::unknown("somebody's"),
        Status::with_details(Code::Internal, "no protobuf", vec![0xff, 0xff].into()),
    ] {
        let details = ErrorDetails::of(&error);
        assert_eq!((details.code, details.reason.as_str()), (error.code(), ""));
        assert_eq!((details.known_reason, details.retry_delay), (None, None));
        assert!(details.field_violations.is_empty() && details.metadata.is_empty());
    }
}

#[tokio::test]
async fn a_token_that_is_missing_wrong_or_not_enough_is_told_apart() {
    let (service, tokens) = Service::start_secure(&[("reader", &["viewer"])], &[]);
    let refused = async |token: Option<&str>| {
        let builder = service.secure_client();
        let builder = match token {
            Some(token) => builder.token(token),
            None => builder,
        };
        let client = builder.build().expect("usable");
        let error = client.publish(customer(ACCOUNT, "cus_1")).await.expect_err("it is refused");
        ErrorDetails::of(&error).known_reason
    };
    assert_eq!(refused(None).await, Some(ErrorReason::CredentialsMissing));
    let unknown = format!("bwt_{}", "A".repeat(43));
    assert_eq!(refused(Some(&unknown)).await, Some(ErrorReason::CredentialsInvalid));
    assert_eq!(refused(Some(&tokens[0])).await, Some(ErrorReason::PermissionDenied));
}

#[tokio::test]
async fn a_certificate_of_the_clients_own_says_who_calls() {
    let service = Service::start_mutual();
    let read = |name| std::fs::read(certificate(name)).expect("a file");
    let named = service.secure_client().identity(read("server.pem"), read("server.key"));
    let client = named.build().expect("usable");
    client.publish(customer(ACCOUNT, "cus_1")).await.expect("the certificate is a publisher's");
    let client = service.secure_client().build().expect("usable");
    let error = client.publish(customer(ACCOUNT, "cus_1")).await.expect_err("nobody is asking");
    assert_eq!(ErrorDetails::of(&error).reason, "CREDENTIALS_MISSING");
}

#[tokio::test]
async fn what_would_send_a_token_in_the_clear_or_is_no_address_is_refused() {
    let build = |address: &str| Client::builder(address).token("bwt_secret").build();
    for address in ["http://hooks.example", "http://10.0.0.1:50051", "http://[2001:db8::1]:1"] {
        let error = build(address).expect_err(address);
        assert!(matches!(error, ConfigError::PlainToken), "{address}: {error}");
        assert!(!error.to_string().contains("bwt_"), "{error}");
    }
    for address in ["https://hooks.example/v1", "grpc://hooks.example", "https://me@hooks.example"]
    {
        let error = build(address).expect_err(address);
        assert!(matches!(error, ConfigError::Address(_)), "{address}: {error}");
    }
    for address in ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "hooks.example"] {
        assert!(build(address).is_ok(), "{address}");
    }
    let bad = Client::builder("hooks.example").token("bwt_\n").build();
    assert!(matches!(bad, Err(ConfigError::Token)));
    let bad = Client::builder("hooks.example").ca_certificates("no PEM").identity("x", "y").build();
    assert!(matches!(bad, Err(ConfigError::Certificates(_))));
    let bad = Client::builder("http://127.0.0.1:1").ca_certificates("").build();
    assert!(matches!(bad, Err(ConfigError::PlainCertificates)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publish_whose_answer_was_lost_is_sent_again_with_the_same_key() {
    let service = Service::start(&[]);
    let relay = Relay::start(service.address()).await;
    let client = Client::builder(format!("http://{}", relay.address())).build().expect("usable");
    client.publish(customer("acct_warm", "cus_1")).await.expect("the relay passes on");

    relay.lose_answers();
    let publishing = tokio::spawn({
        let client = client.clone();
        async move { client.publish(customer(ACCOUNT, "cus_1")).await }
    });
    // It is on disk, and its publisher does not know.
    let stored = async || count(&service.client(), ACCOUNT).await;
    eventually("it is stored", async || (stored().await == 1).then_some(())).await;
    relay.cut();
    let published = in_time("the retry", publishing).await.expect("no panic").expect("published");
    assert!(published.duplicate, "the retry had the same key");
    assert_eq!(stored().await, 1);
}

#[tokio::test]
async fn a_caller_may_set_a_deadline_of_its_own() {
    // Somebody who takes connections and never says anything.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", silent.local_addr().expect("an address"));
    let client = Client::builder(address).build().expect("usable");
    let mut request = tonic::Request::new(customer(ACCOUNT, "cus_1"));
    request.set_timeout(Duration::from_millis(200));
    let error = in_time("the deadline", client.publish(request)).await.expect_err("no answer");
    assert_eq!(error.code(), Code::DeadlineExceeded, "{error}");
}
