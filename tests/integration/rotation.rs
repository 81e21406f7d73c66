//! Rotating and revoking an endpoint's secret, as the receivers see it.

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::domain::random::SystemRandom;
use bookora_webhooks::domain::secret::Secret;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::{
    Endpoint, GetEndpointRequest, GetEndpointSecretRequest, GetEndpointSecretResponse,
    RevokeEndpointSecretRequest, RotateEndpointSecretRequest, RotateEndpointSecretResponse,
};
use bookora_webhooks::receiver::Received;
use bookora_webhooks::webhook::signature::{verify_bookora, verify_standard};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::deliveries::{delivery_in, publish, sample, seconds};
use crate::party::{Party, Receivers};
use crate::service::{Service, eventually};

const ACCOUNT: &str = "acct_1";
const REQUEST_ID: &str = "0190a5c2-7b1e-7c3d-9e4f-5a6b7c8d9e0f";
const SIGNATURE: &str = "x-bookora-signature";
const PREVIOUS: &str = "x-bookora-signature-previous";

/// A service, a receiver, and the receiver's endpoint, which tries again after a second.
struct Stage {
    service: Service,
    party: Party,
    endpoint: Endpoint,
}

impl Stage {
    /// The endpoint's first secret is the receiver's.
    async fn new() -> Self {
        let receivers = Receivers::new();
        let service = Service::start(&[&receivers.ca_argument()]);
        let party = receivers.start(0).await;
        let retry_schedule = vec![seconds(1), seconds(1)];
        let endpoint = Endpoint { retry_schedule, ..party.endpoint(ACCOUNT) };
        let endpoint = party.register(&service, endpoint).await;
        Self { service, party, endpoint }
    }

    /// The endpoint's first secret is nobody's; the receiver has `self.party.secret` already.
    async fn with_receiver_ahead() -> Self {
        let mut stage = Self::new().await;
        let first = Secret::generate(&SystemRandom);
        let to_first = RotateEndpointSecretRequest {
            secret: Some(first.expose().to_owned()),
            overlap: Some(seconds(0)),
            ..stage.rotation()
        };
        stage.endpoint = stage.rotate(to_first).await.unwrap().endpoint.unwrap();
        stage
    }

    fn rotation(&self) -> RotateEndpointSecretRequest {
        RotateEndpointSecretRequest {
            account_id: ACCOUNT.to_owned(),
            endpoint_id: self.endpoint.endpoint_id.clone(),
            ..RotateEndpointSecretRequest::default()
        }
    }

    async fn rotate(
        &self,
        request: RotateEndpointSecretRequest,
    ) -> Result<RotateEndpointSecretResponse, Status> {
        let rotated = self.service.admin().await.rotate_endpoint_secret(request).await;
        rotated.map(tonic::Response::into_inner)
    }

    /// Rotates with an overlap of 24 h; the service makes the secret.
    async fn rotated(&self) -> (Endpoint, Secret) {
        let RotateEndpointSecretResponse { endpoint, secret } =
            self.rotate(self.rotation()).await.expect("the secret is rotated");
        (endpoint.expect("and the endpoint returned"), parsed(&secret))
    }

    async fn revoke(&self, secret_id: &str) -> Result<Endpoint, Status> {
        let request = RevokeEndpointSecretRequest {
            account_id: ACCOUNT.to_owned(),
            endpoint_id: self.endpoint.endpoint_id.clone(),
            secret_id: secret_id.to_owned(),
        };
        let revoked = self.service.admin().await.revoke_endpoint_secret(request).await;
        Ok(revoked?.into_inner().endpoint.expect("the endpoint is returned"))
    }

    async fn current_secret(&self) -> GetEndpointSecretResponse {
        let request = GetEndpointSecretRequest {
            account_id: ACCOUNT.to_owned(),
            endpoint_id: self.endpoint.endpoint_id.clone(),
        };
        self.service.admin().await.get_endpoint_secret(request).await.unwrap().into_inner()
    }

    async fn read(&self) -> Endpoint {
        let request = GetEndpointRequest {
            account_id: ACCOUNT.to_owned(),
            endpoint_id: self.endpoint.endpoint_id.clone(),
        };
        let read = self.service.admin().await.get_endpoint(request).await;
        read.unwrap().into_inner().endpoint.unwrap()
    }

    /// Publishes an event and waits for its request.
    async fn request(&mut self) -> Received {
        publish(&self.service, sample(ACCOUNT, EventType::BookingCreated)).await;
        self.party.next().await
    }
}

fn parsed(text: &str) -> Secret {
    Secret::parse(text).expect("a secret")
}

fn value<'a>(request: &'a Received, name: &str) -> &'a str {
    let lines: Vec<_> = request.headers.get_all(name).iter().collect();
    assert_eq!(lines.len(), 1, "{name} has one line");
    lines[0].to_str().unwrap()
}

/// Asserts that exactly these secrets sign, in this order.
fn assert_signed_by(request: &Received, first: &Secret, second: Option<&Secret>) {
    let body = &request.body;
    assert!(verify_bookora(first, body, value(request, SIGNATURE)));
    match second {
        None => assert!(!request.headers.contains_key(PREVIOUS)),
        Some(second) => assert!(verify_bookora(second, body, value(request, PREVIOUS))),
    }
    let signatures: Vec<_> = value(request, "webhook-signature").split(' ').collect();
    let secrets: Vec<_> = std::iter::once(first).chain(second).collect();
    assert_eq!(signatures.len(), secrets.len(), "{signatures:?}");
    let (id, timestamp) = (value(request, "webhook-id"), value(request, "webhook-timestamp"));
    for (signature, secret) in signatures.into_iter().zip(secrets) {
        assert!(verify_standard(secret, id, timestamp, body, signature));
    }
}

fn reason(status: &Status) -> String {
    status.get_error_details().error_info().expect("every error has a reason").reason.clone()
}

#[tokio::test]
async fn a_rotation_signs_with_the_new_secret_and_beside_it_with_the_old_one() {
    let mut stage = Stage::new().await;
    let (endpoint, new) = stage.rotated().await;
    assert!(new.expose().starts_with("whsec_"));
    let request = stage.request().await;
    assert_signed_by(&request, &new, Some(&stage.party.secret));

    let [current, old] = &endpoint.secrets[..] else { panic!("{:?}", endpoint.secrets) };
    assert_eq!((&current.hint, &current.expire_time), (&new.hint(), &None));
    assert_eq!(old.secret_id, stage.endpoint.secrets[0].secret_id);
    let overlap = old.expire_time.unwrap().seconds - current.create_time.unwrap().seconds;
    assert_eq!(overlap, 24 * 60 * 60);
    assert_ne!(endpoint.etag, stage.endpoint.etag);
    assert_eq!(stage.read().await, endpoint);
}

#[tokio::test]
async fn the_current_secret_is_the_new_one() {
    let stage = Stage::new().await;
    assert_eq!(stage.current_secret().await.secret, stage.party.secret.expose());
    let (endpoint, new) = stage.rotated().await;
    let current = stage.current_secret().await;
    assert_eq!(current.secret, new.expose());
    assert_eq!(current.secret_id, endpoint.secrets[0].secret_id);
}

#[tokio::test]
async fn a_receiver_with_the_old_secret_gets_everything_at_the_next_attempt() {
    let mut stage = Stage::new().await;
    let (_, new) = stage.rotated().await;
    let published = publish(&stage.service, sample(ACCOUNT, EventType::BookingCreated)).await;
    let (first, second) = (stage.party.next().await, stage.party.next().await);
    assert_eq!([first.attempt, second.attempt], [1, 2]);
    assert_eq!([first.answered, second.answered], [401, 204]);
    assert_signed_by(&first, &new, Some(&stage.party.secret));
    assert_signed_by(&second, &stage.party.secret, Some(&new));
    delivery_in(&stage.service, &published.event_id, State::Succeeded).await;
}

#[tokio::test]
async fn a_swap_outlives_the_process() {
    let mut stage = Stage::new().await;
    let (_, new) = stage.rotated().await;
    let published = publish(&stage.service, sample(ACCOUNT, EventType::BookingCreated)).await;
    assert_eq!(stage.party.next().await.answered, 401);
    delivery_in(&stage.service, &published.event_id, State::Retrying).await;
    stage.service.kill();
    stage.service.restart();
    let second = stage.party.next().await;
    assert_eq!((second.attempt, second.answered), (2, 204));
    assert_signed_by(&second, &stage.party.secret, Some(&new));
}

#[tokio::test]
async fn a_receiver_with_the_new_secret_gets_everything_at_the_first_attempt() {
    let mut stage = Stage::with_receiver_ahead().await;
    let old = parsed(&stage.current_secret().await.secret);
    let brought = stage.party.secret.clone();
    let rotation = RotateEndpointSecretRequest {
        secret: Some(brought.expose().to_owned()),
        ..stage.rotation()
    };
    let rotated = stage.rotate(rotation).await.unwrap();
    assert_eq!(rotated.secret, brought.expose(), "the secret that the caller brought");
    let request = stage.request().await;
    assert_eq!((request.attempt, request.answered), (1, 204));
    assert_signed_by(&request, &brought, Some(&old));
}

#[tokio::test]
async fn a_receiver_with_neither_secret_sees_the_two_swapped_at_each_attempt() {
    let mut stage = Stage::with_receiver_ahead().await;
    let old = parsed(&stage.current_secret().await.secret);
    let (_, new) = stage.rotated().await;
    let published = publish(&stage.service, sample(ACCOUNT, EventType::BookingCreated)).await;
    for (first, second) in [(&new, &old), (&old, &new), (&new, &old)] {
        let request = stage.party.next().await;
        assert_eq!(request.answered, 401);
        assert_signed_by(&request, first, Some(second));
    }
    delivery_in(&stage.service, &published.event_id, State::Failed).await;
}

#[tokio::test]
async fn an_overlap_of_zero_ends_the_old_secret_at_once() {
    let mut stage = Stage::new().await;
    let without = RotateEndpointSecretRequest { overlap: Some(seconds(0)), ..stage.rotation() };
    let rotated = stage.rotate(without.clone()).await.unwrap();
    assert_eq!(rotated.endpoint.unwrap().secrets.len(), 1);
    let new = parsed(&rotated.secret);
    assert_signed_by(&stage.request().await, &new, None);
    // And no overlap is in the way of the next.
    stage.rotate(without).await.unwrap();
}

#[tokio::test]
async fn when_the_overlap_is_over_the_new_secret_signs_alone_and_may_be_rotated() {
    let mut stage = Stage::new().await;
    let short = RotateEndpointSecretRequest { overlap: Some(seconds(1)), ..stage.rotation() };
    let rotated = stage.rotate(short).await.unwrap();
    let new = parsed(&rotated.secret);
    eventually("the old secret has expired", async || {
        (stage.read().await.secrets.len() == 1).then_some(())
    })
    .await;
    assert_signed_by(&stage.request().await, &new, None);

    let (endpoint, newest) = stage.rotated().await;
    assert_eq!(endpoint.secrets.len(), 2);
    assert_ne!(newest.expose(), new.expose());
}

#[tokio::test]
async fn a_second_rotation_inside_an_overlap_is_refused_and_changes_nothing() {
    let stage = Stage::new().await;
    let (endpoint, new) = stage.rotated().await;
    let refused = stage.rotate(stage.rotation()).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert_eq!(reason(&refused), "ROTATION_IN_PROGRESS");
    let details = refused.get_error_details();
    let violation = &details.precondition_failure().unwrap().violations[0];
    assert_eq!(violation.r#type, "ROTATION_IN_PROGRESS");
    assert_eq!(violation.subject, endpoint.secrets[1].secret_id);
    assert!(violation.description.contains("RevokeEndpointSecret"), "{}", violation.description);
    assert_eq!(stage.read().await, endpoint);
    assert_eq!(stage.current_secret().await.secret, new.expose());
}

#[tokio::test]
async fn a_revoked_secret_signs_no_more_and_leaves_room_for_a_rotation() {
    let mut stage = Stage::new().await;
    let (endpoint, new) = stage.rotated().await;
    let revoked = stage.revoke(&endpoint.secrets[1].secret_id).await.unwrap();
    assert_eq!(revoked.secrets, endpoint.secrets[..1]);
    assert_ne!(revoked.etag, endpoint.etag);
    assert_signed_by(&stage.request().await, &new, None);
    stage.rotated().await;
}

#[tokio::test]
async fn the_current_secret_cannot_be_revoked() {
    let stage = Stage::new().await;
    let current = stage.current_secret().await.secret_id;
    let refused = stage.revoke(&current).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert_eq!(reason(&refused), "SECRET_IN_USE");
    let details = refused.get_error_details();
    let violation = &details.precondition_failure().unwrap().violations[0];
    assert_eq!((violation.r#type.as_str(), &violation.subject), ("SECRET_IN_USE", &current));
    assert!(violation.description.contains("overlap of 0"), "{}", violation.description);
    assert_eq!(stage.read().await, stage.endpoint);
}

#[tokio::test]
async fn a_secret_that_is_not_in_force_is_not_found() {
    let stage = Stage::new().await;
    let (endpoint, _) = stage.rotated().await;
    let old = &endpoint.secrets[1].secret_id;
    stage.revoke(old).await.unwrap();
    for secret_id in [old.as_str(), "sec_01jz3k5x8gabcdefghjkmnpqrs"] {
        let refused = stage.revoke(secret_id).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused)), (Code::NotFound, "SECRET_NOT_FOUND".into()));
        let details = refused.get_error_details();
        let resource = details.resource_info().unwrap();
        assert_eq!(resource.resource_type, "EndpointSecret");
        assert_eq!(resource.resource_name, secret_id);
    }
}

#[tokio::test]
async fn a_repeated_request_answers_with_the_first_ones_secret_and_rotates_once() {
    let stage = Stage::new().await;
    let request =
        RotateEndpointSecretRequest { request_id: REQUEST_ID.to_owned(), ..stage.rotation() };
    let first = stage.rotate(request.clone()).await.unwrap();
    let again = stage.rotate(request.clone()).await.unwrap();
    assert_eq!(again, first);

    let other = RotateEndpointSecretRequest { overlap: Some(seconds(60)), ..request.clone() };
    let refused = stage.rotate(other).await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    assert_eq!(reason(&refused), "REQUEST_ID_REUSED");

    // Also after the old secret is gone, and from another process.
    let first_secrets = first.endpoint.unwrap().secrets;
    let revoked = stage.revoke(&first_secrets[1].secret_id).await.unwrap();
    let Stage { mut service, party, endpoint } = stage;
    service.kill();
    service.restart();
    let stage = Stage { service, party, endpoint };
    let late = stage.rotate(request).await.unwrap();
    assert_eq!((late.endpoint, late.secret), (Some(revoked), first.secret));
}

#[tokio::test]
async fn a_repeat_after_the_next_rotation_answers_with_the_secret_that_is_now_the_old_one() {
    let stage = Stage::new().await;
    let request = RotateEndpointSecretRequest {
        request_id: REQUEST_ID.to_owned(),
        overlap: Some(seconds(0)),
        ..stage.rotation()
    };
    let first = stage.rotate(request.clone()).await.unwrap();
    let (endpoint, newest) = stage.rotated().await;
    let again = stage.rotate(request).await.unwrap();
    assert_eq!((again.endpoint, again.secret), (Some(endpoint), first.secret));
    assert_eq!(stage.current_secret().await.secret, newest.expose());
}

#[tokio::test]
async fn bad_rotations_are_refused_by_field_and_change_nothing() {
    let stage = Stage::new().await;
    let good = stage.rotation();
    let nanos = |seconds, nanos| Some(prost_types::Duration { seconds, nanos });
    let week = 7 * 24 * 60 * 60;
    let with = |change: fn(&mut RotateEndpointSecretRequest)| {
        let mut request = good.clone();
        change(&mut request);
        request
    };
    let current = Some(stage.party.secret.expose().to_owned());
    for (field, request) in [
        ("account_id", with(|request| request.account_id = "-".to_owned())),
        ("account_id", with(|request| request.account_id.clear())),
        ("endpoint_id", with(|request| request.endpoint_id.clear())),
        ("endpoint_id", with(|request| request.endpoint_id = "ep_1".to_owned())),
        ("overlap", RotateEndpointSecretRequest { overlap: nanos(-1, 0), ..good.clone() }),
        ("overlap", RotateEndpointSecretRequest { overlap: nanos(0, -1), ..good.clone() }),
        ("overlap", RotateEndpointSecretRequest { overlap: nanos(week, 1), ..good.clone() }),
        ("overlap", RotateEndpointSecretRequest { overlap: nanos(i64::MAX, 0), ..good.clone() }),
        ("secret", with(|request| request.secret = Some(String::new()))),
        ("secret", with(|request| request.secret = Some("too-short".to_owned()))),
        ("secret", with(|request| request.secret = Some("whsec_no*base64*no*base64".to_owned()))),
        ("secret", RotateEndpointSecretRequest { secret: current, ..good.clone() }),
        ("request_id", with(|request| request.request_id = "17".to_owned())),
    ] {
        let refused = stage.rotate(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{field}");
        assert_eq!(reason(&refused), "INVALID_FIELDS");
        let details = refused.get_error_details();
        let fields: Vec<_> = details.bad_request().unwrap().field_violations.iter().collect();
        assert_eq!(fields.len(), 1, "{fields:?}");
        assert_eq!(fields[0].field, field, "{fields:?}");
        assert!(!refused.message().contains(stage.party.secret.expose()));
    }
    assert_eq!(stage.read().await, stage.endpoint);
    let longest = RotateEndpointSecretRequest { overlap: nanos(week, 0), ..good };
    stage.rotate(longest).await.unwrap();
}

#[tokio::test]
async fn bad_revocations_are_refused_by_field() {
    let stage = Stage::new().await;
    let current = stage.current_secret().await.secret_id;
    let endpoint_id = stage.endpoint.endpoint_id.as_str();
    for (field, account_id, endpoint_id, secret_id) in [
        ("account_id", "-", endpoint_id, current.as_str()),
        ("endpoint_id", ACCOUNT, "ep_1", &current),
        ("secret_id", ACCOUNT, endpoint_id, ""),
        ("secret_id", ACCOUNT, endpoint_id, endpoint_id),
    ] {
        let request = RevokeEndpointSecretRequest {
            account_id: account_id.to_owned(),
            endpoint_id: endpoint_id.to_owned(),
            secret_id: secret_id.to_owned(),
        };
        let revoked = stage.service.admin().await.revoke_endpoint_secret(request).await;
        let refused = revoked.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{field}");
        let details = refused.get_error_details();
        assert_eq!(details.bad_request().unwrap().field_violations[0].field, field);
    }
}

#[tokio::test]
async fn another_accounts_secrets_can_be_neither_rotated_nor_revoked() {
    let stage = Stage::new().await;
    let (endpoint, _) = stage.rotated().await;
    let rotation =
        RotateEndpointSecretRequest { account_id: "acct_2".to_owned(), ..stage.rotation() };
    let revocation = RevokeEndpointSecretRequest {
        account_id: "acct_2".to_owned(),
        endpoint_id: endpoint.endpoint_id.clone(),
        secret_id: endpoint.secrets[1].secret_id.clone(),
    };
    let revoked = stage.service.admin().await.revoke_endpoint_secret(revocation).await;
    for refused in [stage.rotate(rotation).await.unwrap_err(), revoked.unwrap_err()] {
        assert_eq!(refused.code(), Code::NotFound);
        assert_eq!(reason(&refused), "ENDPOINT_NOT_FOUND");
    }
    assert_eq!(stage.read().await, endpoint);
}

#[tokio::test]
async fn racing_rotations_make_one_new_secret() {
    let stage = Stage::new().await;
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (mut admin, request) = (stage.service.admin().await, stage.rotation());
        racing.spawn(async move { admin.rotate_endpoint_secret(request).await });
    }
    let answers = racing.join_all().await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (1, 7));
    for refused in refused {
        assert_eq!(reason(&refused.unwrap_err()), "ROTATION_IN_PROGRESS");
    }
    let secret = made.into_iter().next().unwrap().unwrap().into_inner().secret;
    assert_eq!(stage.current_secret().await.secret, secret);
}
