//! Updates and deletions: what the mask names, and what the etag guards.

use bookora_webhooks::proto::endpoint::State;
use bookora_webhooks::proto::{
    DeleteEndpointRequest, Endpoint, GetEndpointRequest, UpdateEndpointRequest,
};
use prost_types::FieldMask;
use tokio::task::JoinSet;
use tonic::{Code, Status};

use super::{full_endpoint, listed, secret_of, started};
use crate::caller::{ACCOUNT, Caller, OTHER_ACCOUNT, endpoint, nanos};
use crate::deliveries::seconds;
use crate::refusal::Refusal;

/// Everything that an update can change.
const FIELDS: [&str; 8] = [
    "url",
    "event_types",
    "description",
    "headers",
    "retry_schedule",
    "request_timeout",
    "max_deliveries_per_second",
    "max_in_flight",
];

fn mask(paths: &[&str]) -> FieldMask {
    FieldMask { paths: paths.iter().map(ToString::to_string).collect() }
}

async fn try_update(
    caller: &mut Caller,
    endpoint: Endpoint,
    update_mask: Option<FieldMask>,
) -> Result<Endpoint, Status> {
    let request = UpdateEndpointRequest { endpoint: Some(endpoint), update_mask };
    let updated = caller.admin.update_endpoint(request).await?.into_inner();
    Ok(updated.endpoint.expect("it is in the answer"))
}

/// Updates without an etag, and checks what every update must do.
async fn update(
    caller: &mut Caller,
    before: &Endpoint,
    endpoint: Endpoint,
    update_mask: impl Into<Option<FieldMask>>,
) -> Endpoint {
    let endpoint_id = before.endpoint_id.clone();
    let endpoint = Endpoint { endpoint_id, etag: String::new(), ..endpoint };
    let updated = try_update(caller, endpoint, update_mask.into()).await.expect("it is updated");
    assert_eq!(caller.endpoint(before).await, updated);
    assert_ne!(updated.etag, before.etag);
    assert!(nanos(updated.update_time) > nanos(before.update_time));
    assert_eq!(unchangeable(&updated), unchangeable(before));
    updated
}

/// What no update changes.
fn unchangeable(endpoint: &Endpoint) -> Endpoint {
    let Endpoint { account_id, endpoint_id, state, state_reason, secrets, create_time, .. } =
        endpoint.clone();
    Endpoint {
        account_id,
        endpoint_id,
        state,
        state_reason,
        secrets,
        create_time,
        ..Endpoint::default()
    }
}

/// One field of an endpoint, as it can be compared.
fn field(endpoint: &Endpoint, name: &str) -> String {
    match name {
        "url" => endpoint.url.clone(),
        "event_types" => format!("{:?}", endpoint.event_types),
        "description" => endpoint.description.clone(),
        "headers" => format!("{:?}", endpoint.headers),
        "retry_schedule" => format!("{:?}", endpoint.retry_schedule),
        "request_timeout" => format!("{:?}", endpoint.request_timeout),
        "max_deliveries_per_second" => endpoint.max_deliveries_per_second.to_string(),
        "max_in_flight" => endpoint.max_in_flight.to_string(),
        other => unreachable!("{other} is no field that can be changed"),
    }
}

fn assert_fields(updated: &Endpoint, source_of: impl Fn(&str) -> Endpoint) {
    for name in FIELDS {
        assert_eq!(field(updated, name), field(&source_of(name), name), "{name}");
    }
}

/// Other values than [`full_endpoint`] has, in every field.
fn other_endpoint() -> Endpoint {
    Endpoint {
        url: "https://elsewhere.example.com/".to_owned(),
        event_types: vec!["customer.created".to_owned()],
        description: "elsewhere".to_owned(),
        headers: [("x-other".to_owned(), "1".to_owned())].into(),
        retry_schedule: vec![seconds(5)],
        request_timeout: Some(seconds(9)),
        max_deliveries_per_second: 3,
        max_in_flight: 2,
        ..endpoint(ACCOUNT)
    }
}

#[tokio::test]
async fn each_field_that_a_mask_names_is_changed_alone() {
    let (_service, mut caller) = started().await;
    for named in FIELDS {
        let before = caller.register(full_endpoint(ACCOUNT)).await;
        let updated = update(&mut caller, &before, other_endpoint(), mask(&[named])).await;
        assert_fields(&updated, |name| {
            if name == named { other_endpoint() } else { full_endpoint(ACCOUNT) }
        });
    }
}

#[tokio::test]
async fn a_field_that_is_named_and_not_set_is_cleared() {
    let (_service, mut caller) = started().await;
    for named in FIELDS.into_iter().filter(|name| *name != "url") {
        let before = caller.register(full_endpoint(ACCOUNT)).await;
        let updated = update(&mut caller, &before, endpoint(ACCOUNT), mask(&[named])).await;
        assert_fields(&updated, |name| {
            if name == named { endpoint(ACCOUNT) } else { full_endpoint(ACCOUNT) }
        });
    }
}

#[tokio::test]
async fn several_names_change_several_fields_and_a_star_changes_all() {
    let (_service, mut caller) = started().await;
    let before = caller.register(full_endpoint(ACCOUNT)).await;
    let two = mask(&["max_in_flight", "description", "description"]);
    let updated = update(&mut caller, &before, other_endpoint(), two).await;
    assert_fields(&updated, |name| {
        let is_named = ["max_in_flight", "description"].contains(&name);
        if is_named { other_endpoint() } else { full_endpoint(ACCOUNT) }
    });
    let updated = update(&mut caller, &updated, other_endpoint(), mask(&["*"])).await;
    assert_fields(&updated, |_| other_endpoint());
    let updated = update(&mut caller, &updated, endpoint(ACCOUNT), mask(&["*"])).await;
    assert_fields(&updated, |_| endpoint(ACCOUNT));
}

#[tokio::test]
async fn without_a_mask_or_with_an_empty_one_what_is_set_is_changed() {
    let (_service, mut caller) = started().await;
    for no_mask in [None, Some(mask(&[]))] {
        let before = caller.register(full_endpoint(ACCOUNT)).await;
        let some = Endpoint {
            account_id: ACCOUNT.to_owned(),
            description: "changed".to_owned(),
            max_in_flight: 2,
            ..Endpoint::default()
        };
        let updated = update(&mut caller, &before, some.clone(), no_mask.clone()).await;
        assert_fields(&updated, |name| {
            let is_set = ["description", "max_in_flight"].contains(&name);
            if is_set { some.clone() } else { full_endpoint(ACCOUNT) }
        });
        let updated = update(&mut caller, &updated, other_endpoint(), no_mask).await;
        assert_fields(&updated, |_| other_endpoint());
    }
}

#[tokio::test]
async fn an_update_leaves_the_secret_the_state_and_other_endpoints_as_they_are() {
    let (_service, mut caller) = started().await;
    let before = caller.register(full_endpoint(ACCOUNT)).await;
    let neighbour = caller.register(full_endpoint(ACCOUNT)).await;
    let secret = secret_of(&mut caller, &before).await;
    let asked = Endpoint {
        state: State::Disabled.into(),
        state_reason: "because".to_owned(),
        ..other_endpoint()
    };
    let updated = update(&mut caller, &before, asked, mask(&["*"])).await;
    assert_eq!(updated.state(), State::Active);
    assert_eq!(secret_of(&mut caller, &updated).await, secret);
    assert_eq!(caller.endpoint(&neighbour).await, neighbour);
}

fn stale() -> Refusal {
    Refusal {
        code: Code::Aborted,
        reason: "ETAG_MISMATCH".to_owned(),
        fields: Vec::new(),
        resource: None,
    }
}

#[tokio::test]
async fn an_etag_lets_an_update_through_only_while_nothing_has_changed() {
    let (_service, mut caller) = started().await;
    let first = caller.register(full_endpoint(ACCOUNT)).await;
    let renamed = |description: &str, etag: &str| Endpoint {
        description: description.to_owned(),
        etag: etag.to_owned(),
        ..first.clone()
    };
    let second = try_update(&mut caller, renamed("second", &first.etag), None).await.unwrap();
    assert_eq!(second.description, "second");
    for etag in [first.etag.as_str(), "guessed", "\"\"", "*"] {
        let refused = try_update(&mut caller, renamed("third", etag), None).await.unwrap_err();
        assert_eq!(Refusal::read(&refused), stale(), "{etag}");
        assert_eq!(caller.endpoint(&first).await, second);
    }
    let third = try_update(&mut caller, renamed("third", &second.etag), None).await.unwrap();
    let etags = [&first.etag, &second.etag, &third.etag];
    assert!(etags.iter().all(|etag| etags.iter().filter(|other| *other == etag).count() == 1));
}

#[tokio::test]
async fn of_racing_updates_with_one_etag_one_gets_through() {
    let (_service, mut caller) = started().await;
    let before = caller.register(endpoint(ACCOUNT)).await;
    let mut racing = JoinSet::new();
    for index in 0..20 {
        let (mut caller, before) = (caller.clone(), before.clone());
        racing.spawn(async move {
            let description = format!("writer {index}");
            try_update(&mut caller, Endpoint { description, ..before }, None).await
        });
    }
    let (through, refused): (Vec<_>, Vec<_>) =
        racing.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!((through.len(), refused.len()), (1, 19));
    for status in refused {
        assert_eq!(Refusal::read(&status.unwrap_err()), stale());
    }
    assert_eq!(caller.endpoint(&before).await, *through[0].as_ref().unwrap());
}

fn delete(endpoint: &Endpoint) -> DeleteEndpointRequest {
    DeleteEndpointRequest {
        account_id: endpoint.account_id.clone(),
        endpoint_id: endpoint.endpoint_id.clone(),
        ..DeleteEndpointRequest::default()
    }
}

#[tokio::test]
async fn a_deleted_endpoint_is_gone_with_its_secret() {
    let (_service, mut caller) = started().await;
    let [deleted, kept] =
        [caller.register(endpoint(ACCOUNT)).await, caller.register(endpoint(ACCOUNT)).await];
    let answer = caller.admin.delete_endpoint(delete(&deleted)).await.unwrap().into_inner();
    assert_eq!(answer.cancelled_delivery_count, 0);
    let get = GetEndpointRequest {
        account_id: ACCOUNT.to_owned(),
        endpoint_id: deleted.endpoint_id.clone(),
    };
    let missing = Refusal::of_id("Endpoint", &deleted.endpoint_id);
    assert_eq!(caller.refusal(get).await, missing);
    assert_eq!(listed(&mut caller, "-").await, [kept]);

    assert_eq!(caller.refusal(delete(&deleted)).await, missing);
    for etag in ["", deleted.etag.as_str()] {
        let again = DeleteEndpointRequest {
            allow_missing: true,
            etag: etag.to_owned(),
            ..delete(&deleted)
        };
        let answer = caller.admin.delete_endpoint(again).await.unwrap().into_inner();
        assert_eq!(answer.cancelled_delivery_count, 0);
    }
}

#[tokio::test]
async fn a_stale_etag_keeps_an_endpoint_from_being_deleted() {
    let (_service, mut caller) = started().await;
    let first = caller.register(endpoint(ACCOUNT)).await;
    let renamed = Endpoint { description: "changed".to_owned(), ..first.clone() };
    let second = try_update(&mut caller, renamed, None).await.unwrap();
    for allow_missing in [false, true] {
        let etag = first.etag.clone();
        let request = DeleteEndpointRequest { etag, allow_missing, ..delete(&first) };
        assert_eq!(caller.refusal(request).await, stale());
        assert_eq!(caller.endpoint(&first).await, second);
    }
    let etag = second.etag.clone();
    caller.admin.delete_endpoint(DeleteEndpointRequest { etag, ..delete(&first) }).await.unwrap();
    assert_eq!(listed(&mut caller, "-").await, []);
}

#[tokio::test]
async fn allow_missing_does_not_delete_the_endpoint_of_another_account() {
    let (_service, mut caller) = started().await;
    let foreign = caller.register(endpoint(OTHER_ACCOUNT)).await;
    let request = DeleteEndpointRequest {
        account_id: ACCOUNT.to_owned(),
        allow_missing: true,
        ..delete(&foreign)
    };
    caller.admin.delete_endpoint(request).await.unwrap();
    assert_eq!(caller.endpoint(&foreign).await, foreign);
}
