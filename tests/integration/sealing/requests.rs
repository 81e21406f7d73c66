//! Requests that bring a secret and are made again.

use bookora_webhooks::domain::random::SystemRandom;
use bookora_webhooks::domain::secret::Secret;
use bookora_webhooks::proto::{
    CreateEndpointRequest, CreateEndpointResponse, RotateEndpointSecretRequest,
};
use tonic::Code;

use super::key_file::{MasterKeyFile, NOTHING_IS_LEFT};
use crate::caller::{ACCOUNT, Caller, endpoint};
use crate::service::Service;

const CREATE_ID: &str = "0190a5c2-7b1e-7c3d-9e4f-5a6b7c8d9e01";
const ROTATE_ID: &str = "0190a5c2-7b1e-7c3d-9e4f-5a6b7c8d9e02";

fn secret() -> String {
    Secret::generate(&SystemRandom).expose().to_owned()
}

fn creation(secret: Option<&str>) -> CreateEndpointRequest {
    CreateEndpointRequest {
        endpoint: Some(endpoint(ACCOUNT)),
        secret: secret.map(str::to_owned),
        request_id: CREATE_ID.to_owned(),
    }
}

fn rotation(created: &CreateEndpointResponse, secret: Option<&str>) -> RotateEndpointSecretRequest {
    let endpoint = created.endpoint.as_ref().expect("it is in the answer");
    RotateEndpointSecretRequest {
        account_id: endpoint.account_id.clone(),
        endpoint_id: endpoint.endpoint_id.clone(),
        secret: secret.map(str::to_owned),
        request_id: ROTATE_ID.to_owned(),
        ..RotateEndpointSecretRequest::default()
    }
}

async fn create(caller: &mut Caller, secret: Option<&str>) -> CreateEndpointResponse {
    caller.admin.create_endpoint(creation(secret)).await.expect("it is created").into_inner()
}

/// That a creation with this secret is taken for another one.
async fn is_another_creation(caller: &mut Caller, secret: Option<&str>) {
    let refusal = caller.refusal(creation(secret)).await;
    assert_eq!((refusal.code, &*refusal.reason), (Code::AlreadyExists, "REQUEST_ID_REUSED"));
}

#[tokio::test]
async fn a_request_with_the_same_secret_is_known_again_and_one_with_another_is_not() {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let (brought, other, next) = (secret(), secret(), secret());
    let created = create(&mut caller, Some(&brought)).await;
    assert_eq!(created.secret, brought);
    assert_eq!(create(&mut caller, Some(&brought)).await, created);
    is_another_creation(&mut caller, Some(&other)).await;
    is_another_creation(&mut caller, None).await;

    let rotate = rotation(&created, Some(&next));
    let rotated = caller.admin.rotate_endpoint_secret(rotate.clone()).await.unwrap().into_inner();
    let again = caller.admin.rotate_endpoint_secret(rotate).await.unwrap().into_inner();
    assert_eq!((again.endpoint, &again.secret), (rotated.endpoint, &next));
    for secret in [Some(&*other), None] {
        let refusal = caller.refusal(rotation(&created, secret)).await;
        assert_eq!((refusal.code, &*refusal.reason), (Code::AlreadyExists, "REQUEST_ID_REUSED"));
    }
    // During the overlap the first secret is still there to be compared.
    assert_eq!(create(&mut caller, Some(&brought)).await.secret, next);
    is_another_creation(&mut caller, Some(&other)).await;
}

#[tokio::test]
async fn a_request_is_known_again_after_the_master_key_was_replaced_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let (file, first_key) = MasterKeyFile::new(folder.path());
    let service = Service::start(&[&file.argument()]);
    let mut caller = Caller::new(&service).await;
    let (brought, next) = (secret(), secret());
    let created = create(&mut caller, Some(&brought)).await;
    let rotate = rotation(&created, Some(&next));
    let rotated = caller.admin.rotate_endpoint_secret(rotate.clone()).await.unwrap().into_inner();

    let second_key = file.add();
    file.make_primary(&second_key);
    service.logged(&[NOTHING_IS_LEFT, &second_key]).await;
    file.remove(&first_key);
    service.logged(&["is forgotten", &first_key]).await;
    let again = caller.admin.rotate_endpoint_secret(rotate).await.unwrap().into_inner();
    assert_eq!(again, rotated);
    assert_eq!(create(&mut caller, Some(&brought)).await.secret, next);
    is_another_creation(&mut caller, Some(&secret())).await;
}
