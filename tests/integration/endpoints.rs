//! Managing endpoints: what is set reads back, and what is changed is changed once.

use std::collections::HashSet;

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::domain::secret::Secret;
use bookora_webhooks::proto::endpoint::State;
use bookora_webhooks::proto::{
    CreateEndpointRequest, CreateEndpointResponse, DeleteEndpointRequest, DisableEndpointRequest,
    EnableEndpointRequest, Endpoint, GetEndpointRequest, GetEndpointSecretRequest,
    ListEndpointsRequest, ListEventTypesRequest, UpdateEndpointRequest,
};
use prost_types::{Duration, FieldMask};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::deliveries::sample;
use crate::service::Service;

const ACCOUNT: &str = "acct_1";

fn endpoint() -> Endpoint {
    Endpoint {
        account_id: ACCOUNT.to_owned(),
        url: "https://Hooks.Example.com:443/in?a=1".to_owned(),
        ..Endpoint::default()
    }
}

async fn create(service: &Service, endpoint: Endpoint) -> CreateEndpointResponse {
    let request =
        CreateEndpointRequest { endpoint: Some(endpoint), ..CreateEndpointRequest::default() };
    service.admin().await.create_endpoint(request).await.expect("created").into_inner()
}

async fn get(service: &Service, endpoint_id: &str) -> Endpoint {
    let request =
        GetEndpointRequest { account_id: ACCOUNT.to_owned(), endpoint_id: endpoint_id.to_owned() };
    let got = service.admin().await.get_endpoint(request).await.expect("found").into_inner();
    got.endpoint.expect("it is returned")
}

async fn update(service: &Service, endpoint: Endpoint, paths: &[&str]) -> Result<Endpoint, Status> {
    let paths: Vec<String> = paths.iter().map(ToString::to_string).collect();
    let request = UpdateEndpointRequest {
        endpoint: Some(endpoint),
        update_mask: (!paths.is_empty()).then_some(FieldMask { paths }),
    };
    let updated = service.admin().await.update_endpoint(request).await?.into_inner();
    Ok(updated.endpoint.expect("it is returned"))
}

fn reason(status: &Status) -> String {
    status.get_error_details().error_info().expect("an error has its reason").reason.clone()
}

#[tokio::test]
async fn what_is_set_reads_back_and_the_url_is_in_normal_form() {
    let service = Service::start_strict();
    let asked = Endpoint {
        event_types: vec!["booking.*".to_owned(), "review.created".to_owned()],
        description: "Für die Kasse".to_owned(),
        headers: [("Authorization".to_owned(), "Bearer 42".to_owned())].into(),
        retry_schedule: vec![Duration { seconds: 1, nanos: 500_000_000 }],
        request_timeout: Some(Duration { seconds: 10, nanos: 0 }),
        max_in_flight: 7,
        max_deliveries_per_second: 9,
        ..endpoint()
    };
    let created = create(&service, asked.clone()).await.endpoint.unwrap();
    assert_eq!(created, get(&service, &created.endpoint_id).await);
    assert_eq!(created.url, "https://hooks.example.com/in?a=1");
    assert_eq!(created.state(), State::Active);
    assert_eq!(created.event_types, asked.event_types);
    assert_eq!(created.description, asked.description);
    assert_eq!(created.headers["authorization"], "Bearer 42");
    assert_eq!(created.retry_schedule, asked.retry_schedule);
    assert_eq!(created.request_timeout, asked.request_timeout);
    assert_eq!((created.max_in_flight, created.max_deliveries_per_second), (7, 9));
    assert!(created.create_time.is_some() && created.create_time == created.update_time);
}

#[tokio::test]
async fn a_secret_is_made_or_brought_and_shown_by_two_calls_only() {
    let service = Service::start_strict();
    let made = create(&service, endpoint()).await;
    let secret = Secret::parse(&made.secret).expect("a made secret is valid");
    assert_eq!(secret.standard_key().len(), 32);
    let made_endpoint = made.endpoint.unwrap();
    let hint = &made_endpoint.secrets[0].hint;
    assert!(hint.chars().count() <= 5 && !made.secret.contains(hint.as_str()), "{hint}");
    assert!(
        !format!("{:?}", get(&service, &made_endpoint.endpoint_id).await).contains(&made.secret)
    );

    let request = CreateEndpointRequest {
        endpoint: Some(endpoint()),
        secret: Some("a-secret-that-was-brought".to_owned()),
        ..CreateEndpointRequest::default()
    };
    let brought = service.admin().await.create_endpoint(request).await.unwrap().into_inner();
    assert_eq!(brought.secret, "a-secret-that-was-brought");
    let brought = brought.endpoint.unwrap();
    let request = GetEndpointSecretRequest {
        account_id: ACCOUNT.to_owned(),
        endpoint_id: brought.endpoint_id.clone(),
    };
    let shown = service.admin().await.get_endpoint_secret(request).await.unwrap().into_inner();
    assert_eq!(shown.secret, "a-secret-that-was-brought");
    assert_eq!(shown.secret_id, brought.secrets[0].secret_id);
}

#[tokio::test]
async fn the_same_request_makes_one_endpoint_and_another_under_its_id_is_refused() {
    let service = Service::start_strict();
    let request = CreateEndpointRequest {
        endpoint: Some(endpoint()),
        request_id: "6f1c7a3e-2d2b-4a54-9a0e-3f0f4a1b2c3d".to_owned(),
        ..CreateEndpointRequest::default()
    };
    let mut admin = service.admin().await;
    let first = admin.create_endpoint(request.clone()).await.unwrap().into_inner();
    let again = admin.create_endpoint(request.clone()).await.unwrap().into_inner();
    assert_eq!(first, again);
    let other = Endpoint { description: "another".to_owned(), ..endpoint() };
    let request = CreateEndpointRequest { endpoint: Some(other), ..request };
    let status = admin.create_endpoint(request).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::AlreadyExists, "REQUEST_ID_REUSED")
    );
}

#[tokio::test]
async fn a_mask_names_what_changes_and_an_etag_says_since_when() {
    let service = Service::start_strict();
    let created = create(&service, Endpoint { max_in_flight: 5, ..endpoint() }).await;
    let created = created.endpoint.unwrap();

    let wanted = Endpoint { description: "new".to_owned(), max_in_flight: 0, ..created.clone() };
    let described = update(&service, wanted.clone(), &["description"]).await.unwrap();
    assert_eq!((described.description.as_str(), described.max_in_flight), ("new", 5));
    assert_ne!(described.etag, created.etag);

    let stale = update(&service, wanted.clone(), &["max_in_flight"]).await.unwrap_err();
    assert_eq!((stale.code(), reason(&stale).as_str()), (Code::Aborted, "ETAG_MISMATCH"));
    assert_eq!(get(&service, &created.endpoint_id).await, described, "nothing changed");

    let fresh = Endpoint { etag: described.etag.clone(), ..wanted };
    let cleared = update(&service, fresh, &["max_in_flight"]).await.unwrap();
    assert_eq!((cleared.description.as_str(), cleared.max_in_flight), ("new", 0));

    // Without a mask: what is set. With `*`: everything, and what is not set is cleared.
    let some = Endpoint {
        account_id: ACCOUNT.to_owned(),
        endpoint_id: created.endpoint_id.clone(),
        max_deliveries_per_second: 3,
        ..Endpoint::default()
    };
    let set = update(&service, some.clone(), &[]).await.unwrap();
    assert_eq!((set.description.as_str(), set.max_deliveries_per_second), ("new", 3));
    let all =
        update(&service, Endpoint { url: created.url.clone(), ..some }, &["*"]).await.unwrap();
    assert_eq!((all.description.as_str(), all.max_deliveries_per_second), ("", 3));
}

#[tokio::test]
async fn endpoints_are_listed_newest_first_page_by_page_and_filtered() {
    let service = Service::start_strict();
    let mut ids = Vec::new();
    for number in 0..5 {
        let event_types = if number % 2 == 0 {
            vec!["booking.*".to_owned()]
        } else {
            vec!["lead.qualified".to_owned()]
        };
        let created = create(&service, Endpoint { event_types, ..endpoint() }).await;
        ids.push(created.endpoint.unwrap().endpoint_id);
    }
    let request = DisableEndpointRequest {
        account_id: ACCOUNT.to_owned(),
        endpoint_id: ids[0].clone(),
        reason: "holidays".to_owned(),
    };
    let disabled = service.admin().await.disable_endpoint(request).await.unwrap().into_inner();
    assert_eq!(disabled.endpoint.unwrap().state_reason, "holidays");

    let mut request = ListEndpointsRequest {
        account_id: "-".to_owned(),
        page_size: 2,
        ..ListEndpointsRequest::default()
    };
    let mut listed = Vec::new();
    loop {
        let page = service.admin().await.list_endpoints(request.clone()).await.unwrap();
        let page = page.into_inner();
        listed.extend(page.endpoints.into_iter().map(|endpoint| endpoint.endpoint_id));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(listed, ids.iter().rev().cloned().collect::<Vec<_>>());

    let filtered = ListEndpointsRequest {
        account_id: ACCOUNT.to_owned(),
        states: vec![State::Active.into()],
        event_type: "booking.created".to_owned(),
        ..ListEndpointsRequest::default()
    };
    let page = service.admin().await.list_endpoints(filtered).await.unwrap().into_inner();
    let found: Vec<_> = page.endpoints.into_iter().map(|one| one.endpoint_id).collect();
    assert_eq!(found, [ids[4].clone(), ids[2].clone()]);
}

#[tokio::test]
async fn a_disabled_endpoint_can_be_enabled_and_a_deleted_one_is_gone() {
    let service = Service::start_strict();
    let mut admin = service.admin().await;
    let created = create(&service, endpoint()).await.endpoint.unwrap();
    let (account_id, endpoint_id) = (ACCOUNT.to_owned(), created.endpoint_id.clone());
    let disable = DisableEndpointRequest {
        account_id: account_id.clone(),
        endpoint_id: endpoint_id.clone(),
        ..DisableEndpointRequest::default()
    };
    admin.disable_endpoint(disable).await.unwrap();
    let mut ingest = service.ingest().await;
    let missed = ingest.publish_event(sample(ACCOUNT, EventType::LeadQualified)).await.unwrap();
    assert_eq!(missed.into_inner().delivery_count, 0);
    let enable =
        EnableEndpointRequest { account_id: account_id.clone(), endpoint_id: endpoint_id.clone() };
    let enabled = admin.enable_endpoint(enable.clone()).await.unwrap().into_inner();
    let enabled = enabled.endpoint.unwrap();
    assert_eq!((enabled.state(), enabled.state_reason.as_str()), (State::Active, ""));
    let again = admin.enable_endpoint(enable).await.unwrap().into_inner().endpoint.unwrap();
    assert_eq!(again.etag, enabled.etag, "an active endpoint is left as it is");

    let delete = DeleteEndpointRequest {
        account_id,
        endpoint_id: endpoint_id.clone(),
        etag: created.etag,
        ..DeleteEndpointRequest::default()
    };
    let stale = admin.delete_endpoint(delete.clone()).await.unwrap_err();
    assert_eq!(reason(&stale), "ETAG_MISMATCH");
    let delete = DeleteEndpointRequest { etag: enabled.etag, ..delete };
    admin.delete_endpoint(delete.clone()).await.unwrap();
    let gone = admin.delete_endpoint(delete.clone()).await.unwrap_err();
    assert_eq!(reason(&gone), "ENDPOINT_NOT_FOUND");
    let allowed = DeleteEndpointRequest { allow_missing: true, ..delete };
    let allowed = admin.delete_endpoint(allowed).await.unwrap().into_inner();
    assert_eq!(allowed.cancelled_delivery_count, 0);
}

#[tokio::test]
async fn an_account_holds_1_000_endpoints_and_no_more() {
    let service = Service::start_strict();
    let mut admin = service.admin().await;
    let request =
        CreateEndpointRequest { endpoint: Some(endpoint()), ..CreateEndpointRequest::default() };
    for _ in 0..1_000 {
        admin.create_endpoint(request.clone()).await.expect("within the quota");
    }
    let status = admin.create_endpoint(request.clone()).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::ResourceExhausted, "QUOTA_EXCEEDED")
    );
    assert_eq!(status.get_error_details().quota_failure().unwrap().violations.len(), 1);
    let other = Endpoint { account_id: "acct_2".to_owned(), ..endpoint() };
    create(&service, other).await;
}

#[tokio::test]
async fn event_types_are_listed_with_a_body_as_it_would_be_sent() {
    let service = Service::start_strict();
    let mut request = ListEventTypesRequest { page_size: 3, ..ListEventTypesRequest::default() };
    let mut names = Vec::new();
    loop {
        let page = service.admin().await.list_event_types(request.clone()).await.unwrap();
        let page = page.into_inner();
        for event_type in page.event_types {
            let example: serde_json::Value = serde_json::from_str(&event_type.example).unwrap();
            assert_eq!(example["event"], event_type.name.as_str());
            assert!(!event_type.description.is_empty());
            names.push(event_type.name);
        }
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(names.len(), 8);
    assert!(names.is_sorted());
    assert_eq!(names.iter().collect::<HashSet<_>>().len(), 8);
}
