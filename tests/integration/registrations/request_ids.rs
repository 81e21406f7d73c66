//! A creation that is asked for again, and how many there may be.

use bookora_webhooks::proto::{
    CreateEndpointRequest, CreateEndpointResponse, DeleteEndpointRequest, Endpoint,
    UpdateEndpointRequest,
};
use tokio::task::JoinSet;
use tonic::Code;
use tonic_types::StatusExt;

use super::{full_endpoint, listed, started};
use crate::caller::{ACCOUNT, Caller, OTHER_ACCOUNT, PAGE_MAX, endpoint};
use crate::refusal::Refusal;

const REQUEST_ID: &str = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";
/// Endpoints of an account.
const ENDPOINTS_MAX: usize = 1_000;

fn request(endpoint: Endpoint) -> CreateEndpointRequest {
    CreateEndpointRequest {
        endpoint: Some(endpoint),
        request_id: REQUEST_ID.to_owned(),
        ..CreateEndpointRequest::default()
    }
}

async fn create(caller: &mut Caller, request: CreateEndpointRequest) -> CreateEndpointResponse {
    caller.admin.create_endpoint(request).await.expect("it is created").into_inner()
}

#[tokio::test]
async fn the_same_request_again_answers_with_the_same_endpoint_and_secret() {
    let (_service, mut caller) = started().await;
    let first = create(&mut caller, request(full_endpoint(ACCOUNT))).await;
    assert_eq!(create(&mut caller, request(full_endpoint(ACCOUNT))).await, first);
    // One UUID has several spellings.
    for spelling in [REQUEST_ID.to_uppercase(), REQUEST_ID.replace('-', "")] {
        let again =
            CreateEndpointRequest { request_id: spelling, ..request(full_endpoint(ACCOUNT)) };
        assert_eq!(create(&mut caller, again).await, first);
    }
    assert_eq!(listed(&mut caller, ACCOUNT).await, [first.endpoint.unwrap()]);
}

#[tokio::test]
async fn the_same_request_again_answers_with_the_endpoint_as_it_is_now() {
    let (_service, mut caller) = started().await;
    let first = create(&mut caller, request(endpoint(ACCOUNT))).await;
    let description = "changed since".to_owned();
    let update = UpdateEndpointRequest {
        endpoint: Some(Endpoint { description, ..first.endpoint.unwrap() }),
        ..UpdateEndpointRequest::default()
    };
    let changed = caller.admin.update_endpoint(update).await.unwrap().into_inner().endpoint;
    let again = create(&mut caller, request(endpoint(ACCOUNT))).await;
    assert_eq!((again.endpoint, again.secret), (changed, first.secret));
}

#[tokio::test]
async fn racing_requests_with_one_id_make_one_endpoint() {
    let (_service, mut caller) = started().await;
    let mut racing = JoinSet::new();
    for _ in 0..20 {
        let mut caller = caller.clone();
        racing.spawn(async move { create(&mut caller, request(endpoint(ACCOUNT))).await });
    }
    let answers = racing.join_all().await;
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(listed(&mut caller, ACCOUNT).await.len(), 1);
}

#[tokio::test]
async fn an_id_that_was_used_for_another_content_is_refused_and_names_what_it_made() {
    let (_service, mut caller) = started().await;
    let first = create(&mut caller, request(endpoint(ACCOUNT))).await.endpoint.unwrap();
    let expected = Refusal {
        code: Code::AlreadyExists,
        reason: "REQUEST_ID_REUSED".to_owned(),
        fields: Vec::new(),
        resource: Some(("Endpoint".to_owned(), first.endpoint_id.clone())),
    };
    let secret = Some("my-own-secret-0123456789".to_owned());
    for other in [
        request(full_endpoint(ACCOUNT)),
        request(Endpoint { description: " ".to_owned(), ..endpoint(ACCOUNT) }),
        CreateEndpointRequest { secret, ..request(endpoint(ACCOUNT)) },
    ] {
        assert_eq!(caller.refusal(other).await, expected);
    }
    assert_eq!(listed(&mut caller, "-").await, [first]);
}

#[tokio::test]
async fn a_request_id_is_an_accounts_own_and_free_again_with_its_endpoint() {
    let (_service, mut caller) = started().await;
    let first = create(&mut caller, request(endpoint(ACCOUNT))).await.endpoint.unwrap();
    let elsewhere = create(&mut caller, request(full_endpoint(OTHER_ACCOUNT))).await;
    assert_ne!(elsewhere.endpoint.unwrap().endpoint_id, first.endpoint_id);
    let delete = DeleteEndpointRequest {
        account_id: ACCOUNT.to_owned(),
        endpoint_id: first.endpoint_id.clone(),
        ..DeleteEndpointRequest::default()
    };
    caller.admin.delete_endpoint(delete).await.unwrap();
    let second = create(&mut caller, request(full_endpoint(ACCOUNT))).await.endpoint.unwrap();
    assert_ne!(second.endpoint_id, first.endpoint_id);
}

#[tokio::test]
async fn an_account_has_at_most_1_000_endpoints_and_others_do_not_mind() {
    let (_service, mut caller) = started().await;
    let first = create(&mut caller, request(endpoint(ACCOUNT))).await;
    caller.register_many(&endpoint(ACCOUNT), ENDPOINTS_MAX - 1).await;

    let one_more = CreateEndpointRequest {
        endpoint: Some(endpoint(ACCOUNT)),
        ..CreateEndpointRequest::default()
    };
    let status = caller.admin.create_endpoint(one_more.clone()).await.unwrap_err();
    let refusal = Refusal::read(&status);
    assert_eq!((refusal.code, &*refusal.reason), (Code::ResourceExhausted, "QUOTA_EXCEEDED"));
    let details = status.get_error_details();
    let violation = &details.quota_failure().expect("a QuotaFailure").violations[0];
    assert!(!violation.subject.is_empty());
    assert!(violation.description.contains("1000"), "{}", violation.description);
    let all = caller.stored().await.endpoints;
    assert_eq!(all.len(), usize::try_from(PAGE_MAX).unwrap());

    // What was asked for before is no new endpoint, and other accounts have room of their own.
    assert_eq!(create(&mut caller, request(endpoint(ACCOUNT))).await, first);
    caller.register(endpoint(OTHER_ACCOUNT)).await;
    let delete = DeleteEndpointRequest {
        account_id: ACCOUNT.to_owned(),
        endpoint_id: all[500].endpoint_id.clone(),
        ..DeleteEndpointRequest::default()
    };
    caller.admin.delete_endpoint(delete).await.unwrap();
    create(&mut caller, one_more.clone()).await;
    assert_eq!(caller.refusal(one_more).await, refusal);
}
