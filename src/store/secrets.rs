//! An endpoint's secrets after its creation: rotate, revoke. A secret that has expired is not
//! looked for: its row goes with the next of either.

use std::time::Duration;

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter};

use super::Store;
use super::database::session::Transaction;
use super::endpoints::find_locked;
use super::entity::endpoint_secrets::{Column, Entity};
use super::error::StoreError;
use super::insert::insert_all;
use super::request::SecretRequest;
use super::{row, sealing};
use crate::domain::account::AccountId;
use crate::domain::clock::Timestamp;
use crate::domain::endpoint::Endpoint;
use crate::domain::endpoint_secrets::{
    EndpointSecret, EndpointSecrets, RevocationError, RotationError,
};
use crate::domain::id::{EndpointId, SecretId};
use crate::domain::secret::Secret;

/// A new secret for an endpoint.
#[derive(Clone)]
pub struct Rotation {
    /// The new secret.
    pub secret: Secret,
    /// How long the old one stays in force.
    pub overlap: Duration,
    /// The request that asks for it, where it has an id.
    pub request: Option<SecretRequest>,
}

/// What a rotation came to.
pub struct Rotated {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The secret that the rotation made.
    pub secret: EndpointSecret,
}

/// Why secrets were not written.
#[derive(Debug, thiserror::Error)]
pub enum SecretWriteError {
    /// The account has no such endpoint.
    #[error("no such endpoint")]
    EndpointNotFound,
    /// The secret cannot be rotated now, or not to that one.
    #[error(transparent)]
    Rotation(#[from] RotationError),
    /// The secret cannot be revoked.
    #[error("secret {0} cannot be revoked")]
    Revocation(SecretId, #[source] RevocationError),
    /// The request id was used for another content; it made this secret.
    #[error("the request id was used before")]
    RequestIdReused(SecretId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for SecretWriteError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

impl Store {
    /// Replaces an endpoint's secret, of which nothing is left where its key is lost, or finds what the same request replaced it with before,
    /// while that is in force.
    ///
    /// # Errors
    /// [`SecretWriteError`], all but a revocation's.
    pub async fn rotate_secret(
        &self,
        account: &AccountId,
        endpoint_id: EndpointId,
        rotation: Rotation,
    ) -> Result<Rotated, SecretWriteError> {
        let transaction = self.connections.begin().await?;
        let now = self.clock.now();
        let mut endpoint = self.find_for_write(&transaction, account, endpoint_id).await?;
        let secrets = endpoint.secrets.clone();
        if let Some(secrets) = &secrets
            && let Some(secret) =
                made_by(&transaction, endpoint_id, secrets, &rotation, now).await?
        {
            return Ok(Rotated { endpoint, secret });
        }
        let secret_id = SecretId::new(now, &*self.random);
        let secret = EndpointSecret { secret_id, secret: rotation.secret, create_time: now };
        let secrets = match secrets {
            Some(secrets) => rotated(secrets, &secret, rotation.overlap, now)?,
            None if self.is_lost(&transaction, endpoint_id).await? => {
                EndpointSecrets::new(secret.clone())
            }
            None => return Err(StoreError::Sealed.into()),
        };
        keep_previous(&transaction, endpoint_id, &secrets, now).await?;
        let mut row =
            sealing::secret_row(account, endpoint_id, &secret, &self.keyring, &*self.random);
        let named = rotation.request.map(|request| request.named);
        row.rotate_request_id = Set(named.as_ref().map(|named| named.request_id));
        row.rotate_request_digest = Set(named.map(|named| named.digest.to_vec()));
        insert_all(&transaction, vec![row]).await?;
        write_change(&transaction, &mut endpoint, secrets, now).await?;
        transaction.commit().await?;
        Ok(Rotated { endpoint, secret })
    }

    /// Ends an old secret of an endpoint.
    ///
    /// # Errors
    /// [`SecretWriteError::EndpointNotFound`], [`SecretWriteError::Revocation`], or the store's.
    pub async fn revoke_secret(
        &self,
        account: &AccountId,
        endpoint_id: EndpointId,
        secret_id: SecretId,
    ) -> Result<Endpoint, SecretWriteError> {
        let transaction = self.connections.begin().await?;
        let now = self.clock.now();
        let mut endpoint = self.find_for_write(&transaction, account, endpoint_id).await?;
        let mut secrets = endpoint.secrets.take().ok_or(StoreError::Sealed)?;
        let revoked = secrets.revoke(secret_id, now);
        revoked.map_err(|error| SecretWriteError::Revocation(secret_id, error))?;
        let current = secrets.current().secret_id;
        delete_all_but(&transaction, endpoint_id, Some(current)).await?;
        write_change(&transaction, &mut endpoint, secrets, now).await?;
        transaction.commit().await?;
        Ok(endpoint)
    }

    /// An endpoint, to be changed.
    async fn find_for_write(
        &self,
        transaction: &Transaction,
        account: &AccountId,
        endpoint_id: EndpointId,
    ) -> Result<Endpoint, SecretWriteError> {
        let found = find_locked(transaction, &self.keyring, account, endpoint_id).await?;
        found.ok_or(SecretWriteError::EndpointNotFound)
    }

    /// Whether a secret of the endpoint is sealed with a key that is gone for good, so that there is
    /// nothing to wait for.
    async fn is_lost(
        &self,
        transaction: &Transaction,
        endpoint_id: EndpointId,
    ) -> Result<bool, StoreError> {
        let rows = Entity::find()
            .filter(Column::EndpointId.eq(endpoint_id.as_uuid()))
            .all(transaction)
            .await?;
        let keys = self.keyring.keys();
        Ok(rows.iter().any(|row| keys.is_lost(&row.key_id)))
    }
}

fn rotated(
    mut secrets: EndpointSecrets,
    new: &EndpointSecret,
    overlap: Duration,
    now: Timestamp,
) -> Result<EndpointSecrets, RotationError> {
    secrets.rotate(new.clone(), overlap, now)?;
    Ok(secrets)
}

/// The secret that the same request made before, while it is in force.
async fn made_by(
    transaction: &Transaction,
    endpoint_id: EndpointId,
    secrets: &EndpointSecrets,
    rotation: &Rotation,
    now: Timestamp,
) -> Result<Option<EndpointSecret>, SecretWriteError> {
    let Some(request) = &rotation.request else { return Ok(None) };
    let found = Entity::find()
        .filter(Column::EndpointId.eq(endpoint_id.as_uuid()))
        .filter(Column::RotateRequestId.eq(request.named.request_id))
        .one(transaction)
        .await?;
    let Some(row) = found else { return Ok(None) };
    let secret_id = SecretId::from_uuid(row.secret_id);
    let made = secrets.in_force_at(now).find(|secret| secret.secret_id == secret_id);
    let Some(made) = made else { return Ok(None) };
    let digest = row.rotate_request_digest.as_deref();
    if !request.is_again(digest, Some(&made.secret), &rotation.secret) {
        return Err(SecretWriteError::RequestIdReused(secret_id));
    }
    Ok(Some(made.clone()))
}

/// Deletes the rows of a rotated endpoint's secrets but that of the one which is now the previous.
async fn keep_previous(
    transaction: &Transaction,
    endpoint_id: EndpointId,
    secrets: &EndpointSecrets,
    now: Timestamp,
) -> Result<(), StoreError> {
    let previous = secrets.previous_at(now);
    let kept = previous.map(|previous| previous.secret.secret_id);
    delete_all_but(transaction, endpoint_id, kept).await?;
    if let Some(previous) = previous {
        let expire_time = previous.expire_time.as_unix_nanos();
        Entity::update_many()
            .col_expr(Column::ExpireTime, Expr::value(expire_time))
            .filter(Column::SecretId.eq(previous.secret.secret_id.as_uuid()))
            .exec(transaction)
            .await?;
    }
    Ok(())
}

async fn delete_all_but(
    transaction: &Transaction,
    endpoint_id: EndpointId,
    kept: Option<SecretId>,
) -> Result<(), StoreError> {
    let mut delete = Entity::delete_many().filter(Column::EndpointId.eq(endpoint_id.as_uuid()));
    if let Some(kept) = kept {
        delete = delete.filter(Column::SecretId.ne(kept.as_uuid()));
    }
    delete.exec(transaction).await?;
    Ok(())
}

async fn write_change(
    transaction: &Transaction,
    endpoint: &mut Endpoint,
    secrets: EndpointSecrets,
    now: Timestamp,
) -> Result<(), StoreError> {
    endpoint.secrets = Some(secrets);
    endpoint.version += 1;
    endpoint.update_time = now;
    row::endpoint_row(endpoint).update(transaction).await?;
    Ok(())
}
