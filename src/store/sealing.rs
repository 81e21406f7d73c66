//! Secrets to rows and back: sealed on the way in, opened on the way out.

use sea_orm::ActiveValue::Set;

use super::entity::endpoint_secrets::{ActiveModel, Model};
use super::error::StoreError;
use super::keyring::Keyring;
use super::row::corrupt;
use crate::domain::account::AccountId;
use crate::domain::clock::Timestamp;
use crate::domain::endpoint_secrets::{EndpointSecret, EndpointSecrets, ExpiringSecret};
use crate::domain::id::{EndpointId, SecretId};
use crate::domain::random::Random;
use crate::domain::sealed_secret::{OpenSecretError, SealedSecret, SecretPlace};

/// The row of an endpoint's current secret, without the request that made it.
pub fn secret_row(
    account_id: &AccountId,
    endpoint_id: EndpointId,
    secret: &EndpointSecret,
    keyring: &Keyring,
    random: &dyn Random,
) -> ActiveModel {
    let place = SecretPlace { account_id, endpoint_id, secret_id: secret.secret_id };
    let sealed = SealedSecret::seal(&secret.secret, place, keyring.keys().primary(), random);
    ActiveModel {
        secret_id: Set(secret.secret_id.as_uuid()),
        endpoint_id: Set(endpoint_id.as_uuid()),
        key_id: Set(sealed.key_id),
        nonce: Set(sealed.nonce),
        ciphertext: Set(sealed.ciphertext),
        create_time: Set(secret.create_time.as_unix_nanos()),
        expire_time: Set(None),
        rotate_request_id: Set(None),
        rotate_request_digest: Set(None),
    }
}

/// An endpoint's secrets from their rows; `None` where one of them does not open, which the log
/// tells. Such an endpoint waits, and holds up no other.
pub fn endpoint_secrets(
    account_id: &AccountId,
    endpoint_id: EndpointId,
    rows: &[Model],
    keyring: &Keyring,
) -> Result<Option<EndpointSecrets>, StoreError> {
    let keys = keyring.keys();
    let (mut current, mut previous) = (None, None);
    for row in rows {
        let secret_id = SecretId::from_uuid(row.secret_id);
        let place = SecretPlace { account_id, endpoint_id, secret_id };
        let secret = match sealed(row).open(place, &keys) {
            Ok(secret) => secret,
            Err(error) => {
                keyring.tell_unopened(endpoint_id, &row.key_id, error);
                return Ok(None);
            }
        };
        let create_time = Timestamp::from_unix_nanos(row.create_time);
        let secret = EndpointSecret { secret_id, secret, create_time };
        match row.expire_time.map(Timestamp::from_unix_nanos) {
            None => current = Some(secret),
            Some(expire_time) => previous = Some(ExpiringSecret { secret, expire_time }),
        }
    }
    let current = current.ok_or_else(|| corrupt("expire_time", "no secret is the current one"))?;
    Ok(Some(EndpointSecrets::stored(current, previous)))
}

/// A row's secret, sealed anew with the primary key; `None`: it does not open.
pub fn reseal(
    account_id: &AccountId,
    row: &Model,
    keyring: &Keyring,
    random: &dyn Random,
) -> Option<SealedSecret> {
    let endpoint_id = EndpointId::from_uuid(row.endpoint_id);
    let secret_id = SecretId::from_uuid(row.secret_id);
    let place = SecretPlace { account_id, endpoint_id, secret_id };
    let keys = keyring.keys();
    match sealed(row).open(place, &keys) {
        Ok(secret) => Some(SealedSecret::seal(&secret, place, keys.primary(), random)),
        Err(error) => {
            if error == OpenSecretError::Refused {
                keyring.tell_unopened(endpoint_id, &row.key_id, error);
            }
            None
        }
    }
}

fn sealed(row: &Model) -> SealedSecret {
    SealedSecret {
        key_id: row.key_id.clone(),
        nonce: row.nonce.clone(),
        ciphertext: row.ciphertext.clone(),
    }
}
