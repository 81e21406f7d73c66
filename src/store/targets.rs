//! The endpoints that deliveries go to, with their secrets open, kept in memory: a transaction that
//! needs some asks only which versions they have now, and reads those that are others.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sea_orm::{ConnectionTrait, Statement, Value};
use uuid::Uuid;

use super::database::session::Transaction;
use super::endpoints;
use super::error::StoreError;
use super::insert::{bind_rows, rows_max};
use super::keyring::Keyring;
use super::row;
use crate::domain::account::AccountId;
use crate::domain::endpoint::{EndpointState, Target};
use crate::domain::id::EndpointId;

/// Endpoints that are kept: 1 KiB each, as a rule.
const KEPT_MAX: usize = 16_384;

/// What is kept.
pub(super) struct Targets {
    keyring: Arc<Keyring>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Of the keys that opened the secrets.
    generation: u64,
    by_id: HashMap<EndpointId, Target>,
}

/// An endpoint as the database has it now.
struct Version {
    endpoint_id: Uuid,
    version: i32,
}

impl Targets {
    /// None yet.
    pub fn new(keyring: Arc<Keyring>) -> Arc<Self> {
        Arc::new(Self { keyring, kept: Mutex::default() })
    }

    /// The active endpoints of the accounts: whom an event published now goes to.
    pub async fn active_of(
        &self,
        transaction: &Transaction,
        accounts: impl Iterator<Item = &AccountId>,
    ) -> Result<HashMap<AccountId, Vec<Target>>, StoreError> {
        let accounts: HashSet<&str> = accounts.map(AccountId::as_str).collect();
        let accounts = accounts.into_iter().map(Value::from).collect();
        let active = format!("e.state = {}", row::endpoint_state_number(EndpointState::Active));
        let versions = versions(transaction, accounts, "account_id", &active).await?;
        let mut of_accounts: HashMap<AccountId, Vec<Target>> = HashMap::new();
        for target in self.read(transaction, versions).await? {
            of_accounts.entry(target.account_id.clone()).or_default().push(target);
        }
        Ok(of_accounts)
    }

    /// The endpoints with these ids, whatever their state.
    pub async fn with_ids(
        &self,
        transaction: &Transaction,
        ids: impl Iterator<Item = EndpointId>,
    ) -> Result<HashMap<EndpointId, Target>, StoreError> {
        let ids = ids.map(|id| id.as_uuid().into()).collect();
        let versions = versions(transaction, ids, "endpoint_id", "TRUE").await?;
        let found = self.read(transaction, versions).await?;
        Ok(found.into_iter().map(|target| (target.endpoint_id, target)).collect())
    }

    /// The endpoints of these versions, from memory where they are there.
    async fn read(
        &self,
        transaction: &Transaction,
        versions: Vec<Version>,
    ) -> Result<Vec<Target>, StoreError> {
        let (mut found, others) = self.kept(versions);
        if !others.is_empty() {
            // Before the secrets are opened: if the keys change meanwhile, they are read again.
            let generation = self.keyring.generation();
            let read = endpoints::with_ids(transaction, &self.keyring, others).await?;
            let read: Vec<_> = read.into_iter().map(Arc::new).collect();
            self.lock().keep(generation, &read);
            found.extend(read);
        }
        Ok(found)
    }

    /// Those that are kept, and the ids of the others.
    fn kept(&self, versions: Vec<Version>) -> (Vec<Target>, Vec<Uuid>) {
        let (mut found, mut others) = (Vec::with_capacity(versions.len()), Vec::new());
        let generation = self.keyring.generation();
        let mut kept = self.lock();
        kept.be_of(generation);
        for Version { endpoint_id, version } in versions {
            match kept.by_id.get(&EndpointId::from_uuid(endpoint_id)) {
                Some(target) if row::stored_count(target.version) == version => {
                    found.push(Arc::clone(target));
                }
                _ => others.push(endpoint_id),
            }
        }
        (found, others)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// What was opened with other keys is forgotten.
    fn be_of(&mut self, generation: u64) {
        if self.generation != generation {
            *self = Self { generation, by_id: HashMap::new() };
        }
    }

    /// Keeps endpoints; those that cannot be signed for are looked at each time.
    fn keep(&mut self, generation: u64, read: &[Target]) {
        self.be_of(generation);
        for target in read.iter().filter(|target| target.secrets.is_some()) {
            if self.by_id.len() >= KEPT_MAX
                && let Some(any) = self.by_id.keys().next().copied()
            {
                self.by_id.remove(&any);
            }
            self.by_id.insert(target.endpoint_id, Arc::clone(target));
        }
    }
}

/// The versions of the endpoints that have one of the values in a column.
async fn versions(
    transaction: &Transaction,
    wanted: Vec<Value>,
    column: &str,
    condition: &str,
) -> Result<Vec<Version>, StoreError> {
    let backend = transaction.get_database_backend();
    let mut versions = Vec::new();
    for some in wanted.chunks(rows_max(backend, 1)) {
        let mut values = Vec::new();
        let rows = bind_rows(backend, &mut values, some.iter().cloned(), 1);
        let sql = format!(
            "SELECT e.endpoint_id, e.version FROM ({rows}) AS wanted \
             JOIN endpoints AS e ON e.{column} = wanted.column1 WHERE {condition}"
        );
        let statement = Statement::from_sql_and_values(backend, sql, values);
        for row in transaction.query_all_raw(statement).await? {
            let (endpoint_id, version) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            versions.push(Version { endpoint_id, version });
        }
    }
    Ok(versions)
}
