//! Calls that change endpoints, secrets and deliveries: masks, accounts, ids, and many mistakes at
//! once.

use bookora_webhooks::proto::{
    CancelDeliveryRequest, CreateEndpointRequest, DeleteEndpointRequest, DisableEndpointRequest,
    EnableEndpointRequest, Endpoint, GetEndpointSecretRequest, RecoverEndpointRequest,
    RecoveryKind, ResendDeliveryRequest, RevokeEndpointSecretRequest, RotateEndpointSecretRequest,
    TestEndpointRequest, UpdateEndpointRequest,
};
use prost_types::{Duration, FieldMask, Timestamp};

use super::endpoints::{update, with_headers};
use super::{Case, assert_accepted, assert_refused, bad_accounts, bad_ids, text, unknown_id};
use crate::caller::{ACCOUNT, Call, Caller, endpoint};
use crate::deliveries::seconds;
use crate::service::Service;

#[tokio::test]
async fn a_mask_names_what_can_be_changed_and_nothing_else() {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let created = caller.register(endpoint(ACCOUNT)).await;
    let paths = [
        "",
        "account_id",
        "endpoint_id",
        "state",
        "state_reason",
        "secrets",
        "create_time",
        "update_time",
        "etag",
        "secret",
        "name",
        "eventTypes",
        "endpoint.url",
        "headers.x-tenant",
        "retry_schedule[0]",
        "url,description",
        "**",
        &text(100_000),
        &"ü\n".repeat(10_000),
    ];
    let changed = Endpoint { description: "changed".to_owned(), ..created.clone() };
    let cases = paths.map(|path| {
        let paths = vec!["description".to_owned(), path.to_owned()];
        let request = UpdateEndpointRequest {
            endpoint: Some(changed.clone()),
            update_mask: Some(FieldMask { paths }),
        };
        let shown: String = path.chars().take(40).collect();
        Case::of_field(format!("{shown:?}"), request, "update_mask")
    });
    assert_refused(&mut caller, cases).await;
    assert_eq!(caller.endpoint(&created).await, created);
}

/// A recovery with nothing wrong in it.
fn recovery() -> RecoverEndpointRequest {
    RecoverEndpointRequest {
        account_id: ACCOUNT.to_owned(),
        start_time: Some(Timestamp { seconds: 1, nanos: 0 }),
        include: vec![RecoveryKind::Missed.into()],
        ..RecoverEndpointRequest::default()
    }
}

#[tokio::test]
async fn every_call_about_an_endpoint_needs_a_whole_account_and_id() {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let created = caller.register(endpoint(ACCOUNT)).await;
    let calls = |account_id: &str, endpoint_id: &str| {
        let (account_id, endpoint_id) = (account_id.to_owned(), endpoint_id.to_owned());
        [
            Call::from(DeleteEndpointRequest {
                account_id: account_id.clone(),
                endpoint_id: endpoint_id.clone(),
                allow_missing: true,
                ..DeleteEndpointRequest::default()
            }),
            EnableEndpointRequest {
                account_id: account_id.clone(),
                endpoint_id: endpoint_id.clone(),
            }
            .into(),
            DisableEndpointRequest {
                account_id: account_id.clone(),
                endpoint_id: endpoint_id.clone(),
                reason: "why not".to_owned(),
            }
            .into(),
            GetEndpointSecretRequest {
                account_id: account_id.clone(),
                endpoint_id: endpoint_id.clone(),
            }
            .into(),
            RotateEndpointSecretRequest {
                account_id: account_id.clone(),
                endpoint_id: endpoint_id.clone(),
                ..RotateEndpointSecretRequest::default()
            }
            .into(),
            RevokeEndpointSecretRequest {
                account_id: account_id.clone(),
                endpoint_id: endpoint_id.clone(),
                secret_id: unknown_id("sec_"),
            }
            .into(),
            TestEndpointRequest {
                account_id: account_id.clone(),
                endpoint_id: endpoint_id.clone(),
                ..TestEndpointRequest::default()
            }
            .into(),
            RecoverEndpointRequest { account_id, endpoint_id, ..recovery() }.into(),
        ]
    };
    let updated = |account_id: &str, endpoint_id: &str| {
        let (account_id, endpoint_id) = (account_id.to_owned(), endpoint_id.to_owned());
        update(Endpoint { account_id, endpoint_id, ..endpoint(ACCOUNT) }, "url")
    };
    let mut cases = Vec::new();
    for account in bad_accounts() {
        for call in calls(&account, &created.endpoint_id) {
            cases.push(Case::of_field(format!("{call:?}"), call, "account_id"));
        }
        let request = updated(&account, &created.endpoint_id);
        cases.push(Case::of_field(format!("{request:?}"), request, "endpoint.account_id"));
    }
    for id in bad_ids("ep_") {
        for call in calls(ACCOUNT, &id) {
            cases.push(Case::of_field(format!("{call:?}"), call, "endpoint_id"));
        }
        let request = updated(ACCOUNT, &id);
        cases.push(Case::of_field(format!("{request:?}"), request, "endpoint.endpoint_id"));
    }
    let request = UpdateEndpointRequest::default();
    cases.push(Case::of_field("no endpoint", request, "endpoint"));
    for (what, reason) in [("a long reason", text(1_025)), ("a NUL", "\0".to_owned())] {
        let request = DisableEndpointRequest {
            account_id: ACCOUNT.to_owned(),
            endpoint_id: created.endpoint_id.clone(),
            reason,
        };
        cases.push(Case::of_field(what, request, "reason"));
    }
    assert_refused(&mut caller, cases).await;
    assert_eq!(caller.endpoint(&created).await, created);
}

#[tokio::test]
async fn every_call_that_changes_a_delivery_needs_a_whole_account_and_id() {
    let service = Service::start_strict();
    let mut caller = Caller::new(&service).await;
    let calls = |account_id: &str, delivery_id: &str| {
        let (account_id, delivery_id) = (account_id.to_owned(), delivery_id.to_owned());
        let resend = ResendDeliveryRequest {
            account_id: account_id.clone(),
            delivery_id: delivery_id.clone(),
            ..ResendDeliveryRequest::default()
        };
        [Call::from(resend), CancelDeliveryRequest { account_id, delivery_id }.into()]
    };
    let mut cases = Vec::new();
    for account in bad_accounts() {
        for call in calls(&account, &unknown_id("dlv_")) {
            cases.push(Case::of_field(format!("{call:?}"), call, "account_id"));
        }
    }
    for id in bad_ids("dlv_") {
        for call in calls(ACCOUNT, &id) {
            cases.push(Case::of_field(format!("{call:?}"), call, "delivery_id"));
        }
    }
    assert_refused(&mut caller, cases).await;
}

#[tokio::test]
async fn a_secret_overlaps_the_next_for_0_to_7_days_and_is_named_by_a_whole_id() {
    let service = Service::start_strict();
    let mut caller = Caller::new(&service).await;
    let created = caller.register(endpoint(ACCOUNT)).await;
    let endpoint_id = || created.endpoint_id.clone();
    let week = 7 * 24 * 3_600;
    let rotation = |seconds, nanos| RotateEndpointSecretRequest {
        account_id: ACCOUNT.to_owned(),
        endpoint_id: endpoint_id(),
        overlap: Some(Duration { seconds, nanos }),
        ..RotateEndpointSecretRequest::default()
    };
    let overlaps = [
        (-1, 0),
        (0, -1),
        (week, 1),
        (week + 1, 0),
        (1, 1_000_000_000),
        (1, -1),
        (i64::MAX, 0),
        (i64::MIN, 0),
        (i64::MIN, i32::MIN),
    ];
    let overlaps = overlaps.map(|(seconds, nanos)| {
        let request = rotation(seconds, nanos);
        Case::of_field(format!("{request:?}"), request, "overlap")
    });
    assert_refused(&mut caller, overlaps).await;
    let revocations = bad_ids("sec_").into_iter().map(|secret_id| {
        let (account_id, endpoint_id) = (ACCOUNT.to_owned(), endpoint_id());
        let request = RevokeEndpointSecretRequest { account_id, endpoint_id, secret_id };
        Case::of_field(format!("{request:?}"), request, "secret_id")
    });
    assert_refused(&mut caller, revocations).await;
    assert_eq!(caller.endpoint(&created).await, created);
    let fine = [rotation(0, 0), rotation(week, 0)];
    let fine = fine.map(|request| (format!("{request:?}"), Call::from(request)));
    assert_accepted(&mut caller, fine).await;
}

fn all_wrong(headers: &[(&str, &str)]) -> CreateEndpointRequest {
    CreateEndpointRequest {
        endpoint: Some(Endpoint {
            account_id: "-".to_owned(),
            url: "http://127.0.0.1/".to_owned(),
            event_types: vec!["nothing".to_owned()],
            description: text(1_025),
            retry_schedule: vec![seconds(0)],
            request_timeout: Some(seconds(0)),
            max_deliveries_per_second: -1,
            max_in_flight: -1,
            ..with_headers(headers)
        }),
        secret: Some(String::new()),
        request_id: "1".to_owned(),
    }
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once() {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let refusal = caller.refusal(all_wrong(&[("Host", "x"), ("x-a", "\n"), ("x-b", "fine")])).await;
    let expected = [
        "secret",
        "request_id",
        "endpoint.account_id",
        "endpoint.url",
        "endpoint.event_types[0]",
        "endpoint.description",
        "endpoint.headers[\"Host\"]",
        "endpoint.headers[\"x-a\"]",
        "endpoint.retry_schedule[0]",
        "endpoint.request_timeout",
        "endpoint.max_deliveries_per_second",
        "endpoint.max_in_flight",
    ];
    assert_eq!(refusal.fields, expected);
    assert_eq!(caller.stored().await.endpoints, []);
}

#[tokio::test]
async fn however_much_is_wrong_the_client_has_room_for_it() {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    for filling in ["\0", "ü", "\u{10ffff}", "\"", "x"] {
        let name = |index: usize| format!("content-{index:02}{}", filling.repeat(54));
        let names: Vec<String> = (0..21).map(name).collect();
        let headers: Vec<_> = names.iter().map(|name| (name.as_str(), "x")).collect();
        // Its length is checked as it is read.
        let refusal = caller.refusal(all_wrong(&headers)).await;
        assert_eq!(
            refusal.fields[..4],
            ["secret", "request_id", "endpoint.account_id", "endpoint.url"]
        );
        assert!((8..=25).contains(&refusal.fields.len()), "{:?}", refusal.fields);
    }
    assert_eq!(caller.stored().await.endpoints, []);
}
