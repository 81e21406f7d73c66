//! Endpoints and their secrets: create, read, list, change, delete; and what becomes of the open
//! deliveries of one that is switched off.

use std::collections::HashMap;

use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::Store;
use super::cancel::{DELETED_REASON, off_reason};
use super::database::dialect;
use super::database::session::Transaction;
use super::entity::{endpoint_secrets, endpoints};
use super::error::StoreError;
use super::insert::insert_all;
use super::keyring::Keyring;
use super::request::SecretRequest;
use super::{row, sealing};
use crate::domain::account::{AccountId, AccountScope};
use crate::domain::endpoint::{ENDPOINTS_PER_ACCOUNT_MAX, Endpoint, EndpointState};
use crate::domain::id::EndpointId;

/// Why an endpoint was not written.
#[derive(Debug, thiserror::Error)]
pub enum EndpointWriteError {
    /// The account has no such endpoint.
    #[error("no such endpoint")]
    NotFound,
    /// It was changed since its etag was read: read it again, then decide.
    #[error("the endpoint was changed since")]
    EtagMismatch,
    /// The account has as many endpoints as it may.
    #[error("the account has {ENDPOINTS_PER_ACCOUNT_MAX} endpoints")]
    QuotaExceeded,
    /// The request id was used for another content.
    #[error("the request id was used before")]
    RequestIdReused(EndpointId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for EndpointWriteError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

/// Which endpoints to list.
#[derive(Clone, Debug)]
pub struct EndpointList {
    /// Whose.
    pub scope: AccountScope,
    /// In one of these states; empty: in any.
    pub states: Vec<EndpointState>,
    /// Only those made before this one: the last of the page before.
    pub before: Option<EndpointId>,
    /// At most so many.
    pub limit: u64,
}

impl Store {
    /// Registers an endpoint, or finds the one that the same request registered before.
    ///
    /// # Errors
    /// [`EndpointWriteError::QuotaExceeded`], [`EndpointWriteError::RequestIdReused`], or the
    /// store's.
    pub async fn create_endpoint(
        &self,
        endpoint: Endpoint,
        request: Option<SecretRequest>,
    ) -> Result<Endpoint, EndpointWriteError> {
        let transaction = self.connections.begin().await?;
        dialect::lock_account(&transaction, &endpoint.account_id).await?;
        if let Some(request) = &request
            && let Some(first) = self.made_by(&transaction, &endpoint, request).await?
        {
            return Ok(first);
        }
        let count = endpoints::Entity::find()
            .filter(endpoints::Column::AccountId.eq(endpoint.account_id.as_str()))
            .count(&transaction)
            .await?;
        if count >= u64::from(ENDPOINTS_PER_ACCOUNT_MAX) {
            return Err(EndpointWriteError::QuotaExceeded);
        }
        let mut row = row::endpoint_row(&endpoint);
        row.create_request_id = Set(request.as_ref().map(|request| request.named.request_id));
        row.create_request_digest = Set(request.map(|request| request.named.digest.to_vec()));
        insert_all(&transaction, vec![row]).await?;
        let secret = sealing::secret_row(
            &endpoint.account_id,
            endpoint.endpoint_id,
            endpoint.open_secrets().current(),
            &self.keyring,
            &*self.random,
        );
        insert_all(&transaction, vec![secret]).await?;
        transaction.commit().await?;
        Ok(endpoint)
    }

    /// Reads an endpoint.
    ///
    /// # Errors
    /// The database's.
    pub async fn endpoint(
        &self,
        scope: &AccountScope,
        endpoint_id: EndpointId,
    ) -> Result<Option<Endpoint>, StoreError> {
        find(self.connections.reader(), &self.keyring, scope, endpoint_id).await
    }

    /// Lists endpoints, newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn endpoints(&self, list: &EndpointList) -> Result<Vec<Endpoint>, StoreError> {
        let mut query = endpoints::Entity::find();
        if let Some(account) = list.scope.account() {
            query = query.filter(endpoints::Column::AccountId.eq(account.as_str()));
        }
        if let Some(before) = list.before {
            query = query.filter(endpoints::Column::EndpointId.lt(before.as_uuid()));
        }
        if !list.states.is_empty() {
            let states = list.states.iter().map(|state| row::endpoint_state_number(*state));
            query = query.filter(endpoints::Column::State.is_in(states));
        }
        let reader = self.connections.reader();
        let rows = query
            .order_by_desc(endpoints::Column::EndpointId)
            .limit(list.limit)
            .all(reader)
            .await?;
        with_secrets(reader, &self.keyring, rows).await
    }

    /// Changes an endpoint: `change` is applied to it as it is now, and it gets a new version.
    /// Where `etag` is given, only if the endpoint still has it.
    ///
    /// # Errors
    /// [`EndpointWriteError::NotFound`], [`EndpointWriteError::EtagMismatch`], or the store's.
    pub async fn change_endpoint(
        &self,
        account: &AccountId,
        endpoint_id: EndpointId,
        etag: Option<&str>,
        change: impl FnOnce(&mut Endpoint) + Send,
    ) -> Result<Endpoint, EndpointWriteError> {
        let transaction = self.connections.begin().await?;
        let mut endpoint =
            find_for_write(&transaction, &self.keyring, account, endpoint_id, etag).await?;
        let was_active = endpoint.state == EndpointState::Active;
        change(&mut endpoint);
        endpoint.version += 1;
        endpoint.update_time = self.clock.now();
        let mut row = row::endpoint_row(&endpoint);
        let is_switched_on = !was_active && endpoint.state == EndpointState::Active;
        if is_switched_on {
            // Else it would be suspended again for the failures of before.
            row.failing_since = Set(None);
        }
        row.update(&transaction).await?;
        transaction.commit().await?;
        if is_switched_on {
            self.streaks.forget(endpoint_id);
        }
        Ok(endpoint)
    }

    /// Switches an endpoint on; one that is on is left as it is.
    ///
    /// # Errors
    /// [`EndpointWriteError::NotFound`], or the store's.
    pub async fn enable_endpoint(
        &self,
        account: &AccountId,
        endpoint_id: EndpointId,
    ) -> Result<Endpoint, EndpointWriteError> {
        let scope = AccountScope::One(account.clone());
        match self.endpoint(&scope, endpoint_id).await? {
            Some(endpoint) if endpoint.state == EndpointState::Active => Ok(endpoint),
            _ => {
                let enable = |endpoint: &mut Endpoint| {
                    endpoint.state = EndpointState::Active;
                    endpoint.state_reason = String::new();
                };
                self.change_endpoint(account, endpoint_id, None, enable).await
            }
        }
    }

    /// Switches an endpoint off, cancels its open deliveries, and says how many those were.
    ///
    /// # Errors
    /// [`EndpointWriteError::NotFound`], or the store's. When it fails in between the endpoint is
    /// off; [`Queue::cancel_leftovers`](super::queue::Queue::cancel_leftovers) cancels the rest.
    pub async fn disable_endpoint(
        &self,
        account: &AccountId,
        endpoint_id: EndpointId,
        reason: &str,
    ) -> Result<(Endpoint, u32), EndpointWriteError> {
        let disable = |endpoint: &mut Endpoint| {
            endpoint.state = EndpointState::Disabled;
            reason.clone_into(&mut endpoint.state_reason);
        };
        let _switching_off = self.queue.switches_off();
        let endpoint = self.change_endpoint(account, endpoint_id, None, disable).await?;
        let reason = off_reason(EndpointState::Disabled, reason);
        let cancelled = self.queue.cancel_open(account, endpoint_id, &reason).await?;
        Ok((endpoint, cancelled))
    }

    /// Deletes an endpoint and its secrets, cancels its open deliveries, and says how many those
    /// were.
    ///
    /// # Errors
    /// [`EndpointWriteError::NotFound`], [`EndpointWriteError::EtagMismatch`], or the store's.
    /// When it fails in between the endpoint is gone; [`Queue::cancel_leftovers`](super::queue::Queue::cancel_leftovers) cancels the rest.
    pub async fn delete_endpoint(
        &self,
        account: &AccountId,
        endpoint_id: EndpointId,
        etag: Option<&str>,
    ) -> Result<u32, EndpointWriteError> {
        let _switching_off = self.queue.switches_off();
        let transaction = self.connections.begin().await?;
        find_for_write(&transaction, &self.keyring, account, endpoint_id, etag).await?;
        endpoint_secrets::Entity::delete_many()
            .filter(endpoint_secrets::Column::EndpointId.eq(endpoint_id.as_uuid()))
            .exec(&transaction)
            .await?;
        endpoints::Entity::delete_by_id(endpoint_id.as_uuid()).exec(&transaction).await?;
        transaction.commit().await?;
        Ok(self.queue.cancel_open(account, endpoint_id, DELETED_REASON).await?)
    }

    /// The endpoint that the request registered before, which would register `endpoint` now.
    async fn made_by(
        &self,
        transaction: &Transaction,
        endpoint: &Endpoint,
        request: &SecretRequest,
    ) -> Result<Option<Endpoint>, EndpointWriteError> {
        let found = endpoints::Entity::find()
            .filter(endpoints::Column::AccountId.eq(endpoint.account_id.as_str()))
            .filter(endpoints::Column::CreateRequestId.eq(request.named.request_id))
            .one(transaction)
            .await?;
        let Some(row) = found else { return Ok(None) };
        let digest = row.create_request_digest.clone();
        let found = with_secrets(transaction, &self.keyring, vec![row]).await?.pop();
        let Some(first) = found else { return Ok(None) };
        let secrets = first.secrets.as_ref().ok_or(StoreError::Sealed)?;
        let brought = secrets.made_at(first.create_time).map(|made| &made.secret);
        if !request.is_again(digest.as_deref(), brought, &endpoint.open_secrets().current().secret)
        {
            return Err(EndpointWriteError::RequestIdReused(first.endpoint_id));
        }
        Ok(Some(first))
    }
}

/// The endpoints with these ids, whatever their state.
pub(super) async fn with_ids(
    transaction: &Transaction,
    keyring: &Keyring,
    ids: Vec<Uuid>,
) -> Result<Vec<Endpoint>, StoreError> {
    let rows = endpoints::Entity::find()
        .filter(endpoints::Column::EndpointId.is_in(ids))
        .all(transaction)
        .await?;
    with_secrets(transaction, keyring, rows).await
}

async fn find_for_write(
    transaction: &Transaction,
    keyring: &Keyring,
    account: &AccountId,
    endpoint_id: EndpointId,
    etag: Option<&str>,
) -> Result<Endpoint, EndpointWriteError> {
    let found = find_locked(transaction, keyring, account, endpoint_id).await?;
    let endpoint = found.ok_or(EndpointWriteError::NotFound)?;
    match etag {
        Some(etag) if etag != endpoint.etag() => Err(EndpointWriteError::EtagMismatch),
        _ => Ok(endpoint),
    }
}

/// Finds an endpoint.
pub(super) async fn find<C: ConnectionTrait>(
    connection: &C,
    keyring: &Keyring,
    scope: &AccountScope,
    endpoint_id: EndpointId,
) -> Result<Option<Endpoint>, StoreError> {
    let mut query = endpoints::Entity::find_by_id(endpoint_id.as_uuid());
    if let Some(account) = scope.account() {
        query = query.filter(endpoints::Column::AccountId.eq(account.as_str()));
    }
    let row = query.one(connection).await?;
    Ok(with_secrets(connection, keyring, row.into_iter().collect()).await?.pop())
}

/// Whose an endpoint is.
pub(super) async fn account_of<C: ConnectionTrait>(
    connection: &C,
    endpoint_id: EndpointId,
) -> Result<Option<AccountId>, StoreError> {
    let account = endpoints::Entity::find_by_id(endpoint_id.as_uuid())
        .select_only()
        .column(endpoints::Column::AccountId)
        .into_tuple::<String>()
        .one(connection)
        .await?;
    let read = |account: String| account.parse().map_err(|error| row::corrupt("account_id", error));
    account.map(read).transpose()
}

/// Finds an endpoint, and keeps others from writing it until the transaction is over.
pub(super) async fn find_locked(
    transaction: &Transaction,
    keyring: &Keyring,
    account: &AccountId,
    endpoint_id: EndpointId,
) -> Result<Option<Endpoint>, StoreError> {
    let row = endpoints::Entity::find_by_id(endpoint_id.as_uuid())
        .filter(endpoints::Column::AccountId.eq(account.as_str()))
        .lock_exclusive()
        .one(transaction)
        .await?;
    Ok(with_secrets(transaction, keyring, row.into_iter().collect()).await?.pop())
}

async fn with_secrets<C: ConnectionTrait>(
    connection: &C,
    keyring: &Keyring,
    rows: Vec<endpoints::Model>,
) -> Result<Vec<Endpoint>, StoreError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let secrets = endpoint_secrets::Entity::find()
        .filter(endpoint_secrets::Column::EndpointId.is_in(rows.iter().map(|row| row.endpoint_id)))
        .all(connection)
        .await?;
    let keys = keyring.keys();
    let is_missing = |id: &str| keys.find(id).is_none() && !keys.is_lost(id);
    if secrets.iter().any(|secret| is_missing(&secret.key_id)) {
        // Another replica, which looked at its file sooner, seals with a new key.
        keyring.reload().await;
    }
    let mut by_endpoint: HashMap<Uuid, Vec<_>> = HashMap::new();
    for secret in secrets {
        by_endpoint.entry(secret.endpoint_id).or_default().push(secret);
    }
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        // Read outside a transaction, the endpoint may have been deleted between the two reads.
        if let Some(secrets) = by_endpoint.remove(&row.endpoint_id) {
            found.push(row::endpoint(row, &secrets, keyring)?);
        }
    }
    Ok(found)
}
