//! What a caller asks of a new secret: the secret itself, the overlap, the request's id.

use std::time::Duration;

use prost::Message;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::failure::Failure;
use super::violations::Violations;
use crate::domain::account::AccountId;
use crate::domain::endpoint_secrets::{OVERLAP_DEFAULT, OVERLAP_MAX};
use crate::domain::id::EndpointId;
use crate::domain::random::Random;
use crate::domain::secret::Secret;
use crate::proto::RotateEndpointSecretRequest;
use crate::store::secrets::{RotateRequest, Rotation};

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
    let content = RotateEndpointSecretRequest { request_id: String::new(), ..request.clone() };
    let request = request_id(&mut violations, &request.request_id).map(|request_id| {
        RotateRequest { request_id, digest: Sha256::digest(content.encode_to_vec()).into() }
    });
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

/// The id that a caller gave to its request (AIP-155); `None` where it gave none.
pub fn request_id(violations: &mut Violations, text: &str) -> Option<Uuid> {
    if text.is_empty() {
        return None;
    }
    Uuid::try_parse(text).map_err(|_| violations.add("request_id", "must be a UUID")).ok()
}
