//! What a caller asks of a new secret: the secret itself, the overlap, the request's id.

use std::time::Duration;

use uuid::Uuid;

use super::endpoint_admin::named_request;
use super::failure::Failure;
use super::violations::Violations;
use crate::domain::account::AccountId;
use crate::domain::endpoint_secrets::{OVERLAP_DEFAULT, OVERLAP_MAX};
use crate::domain::id::EndpointId;
use crate::domain::random::Random;
use crate::domain::secret::Secret;
use crate::proto::RotateEndpointSecretRequest;
use crate::store::request::SecretRequest;
use crate::store::secrets::Rotation;

/// Reads a rotation and whose secret it is about.
///
/// # Errors
/// The fields that are not as documented.
pub fn read(
    request: &RotateEndpointSecretRequest,
    random: &dyn Random,
) -> Result<(AccountId, EndpointId, Rotation), Failure> {
    let mut violations = Violations::new();
    let account = violations.account(&request.account_id);
    let id = violations.parse("endpoint_id", &request.endpoint_id);
    let overlap = match &request.overlap {
        None => Some(OVERLAP_DEFAULT),
        Some(overlap) => violations.duration("overlap", overlap, Duration::ZERO, OVERLAP_MAX),
    };
    let secret = secret(&mut violations, request.secret.as_deref(), random);
    let content = RotateEndpointSecretRequest {
        account_id: request.account_id.clone(),
        endpoint_id: request.endpoint_id.clone(),
        overlap: request.overlap,
        secret: without_secret(request.secret.as_ref()),
        request_id: String::new(),
    };
    let request = named_request(&mut violations, &request.request_id, &content)
        .map(|named| SecretRequest { named, brings_secret: request.secret.is_some() });
    let rotation =
        secret.zip(overlap).map(|(secret, overlap)| Rotation { secret, overlap, request });
    let asked = account.zip(id).zip(rotation);
    violations.finish(asked.map(|((account, id), rotation)| (account, id, rotation)))
}

/// The secret that a caller brought, else a new one.
pub fn secret(
    violations: &mut Violations,
    brought: Option<&str>,
    random: &dyn Random,
) -> Option<Secret> {
    match brought {
        None => Some(Secret::generate(random)),
        Some(text) => Secret::parse(text).map_err(|error| violations.add("secret", error)).ok(),
    }
}

/// What stands for a brought secret in the content that a digest is made over: that there is one.
/// See [`SecretRequest`].
pub fn without_secret(brought: Option<&String>) -> Option<String> {
    brought.map(|_| String::new())
}

/// The id that a caller gave to its request (AIP-155); `None` where it gave none.
pub fn request_id(violations: &mut Violations, text: &str) -> Option<Uuid> {
    if text.is_empty() {
        return None;
    }
    Uuid::try_parse(text).map_err(|_| violations.add("request_id", "must be a UUID")).ok()
}
