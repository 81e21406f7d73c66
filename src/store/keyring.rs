//! The master keys as this process has them: those of the file as it is now, and those that have
//! left it while secrets are sealed with them. The file is looked at anew each second by
//! `resealing`, and at once where a secret names a key that is not there.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::database::Connections;
use super::entity::endpoint_secrets::{Column, Entity};
use super::error::StoreError;
use super::key_file::{self, KeyFileError};
use crate::domain::id::EndpointId;
use crate::domain::master_key::{KeyId, MasterKey, MasterKeys};
use crate::domain::random::Random;
use crate::domain::sealed_secret::OpenSecretError;

/// Endpoints that are told of by name between two changes of the keys; the log is no list.
const TOLD_ENDPOINTS_MAX: usize = 1_000;
/// Names of keys in an error; more help nobody.
const SHOWN_KEYS_MAX: u64 = 20;

/// Why there are no keys to begin with.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// Replicas on several machines cannot share a file that one of them makes for itself.
    #[error(
        "with PostgreSQL a master key file is needed: make one with `bookora-webhooks master-key \
         new --file <FILE>`, give it to every replica, and name it with --master-key-file"
    )]
    NotNamed,
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// Secrets are sealed with keys that nobody has here.
    #[error(
        "the secrets of {endpoints} endpoints are sealed with master keys that are not in {path}: \
         {}; put the file back that has them, or their lines. Without them nobody can read these \
         secrets again, and nothing can be signed for these endpoints. Where a key is gone for \
         good, a line `<key id> lost` lets the service start, and RotateEndpointSecret gives its \
         endpoints other secrets",
        .ids.join(", ")
    )]
    Lost {
        /// The file, which may be missing.
        path: String,
        /// How many endpoints have such secrets.
        endpoints: u64,
        /// The names of the keys.
        ids: Vec<String>,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The keys of this process.
pub struct Keyring {
    path: PathBuf,
    state: RwLock<State>,
    /// Endpoints that the log has told of since the keys changed.
    told: Mutex<HashSet<EndpointId>>,
}

struct State {
    /// How often the file had other keys.
    generation: u64,
    in_file: MasterKeys,
    /// Those of the file first.
    all: Arc<MasterKeys>,
    /// What was wrong with the file at the last look, so that it is said once.
    complaint: Option<String>,
}

impl Keyring {
    /// Reads the keys, makes a first one where there is neither a file nor a need for an old one,
    /// and checks that every stored secret's key is there.
    ///
    /// # Errors
    /// [`KeyringError`], in words for the operator.
    pub async fn open(
        named: Option<PathBuf>,
        connections: &Connections,
        random: &dyn Random,
    ) -> Result<Arc<Self>, KeyringError> {
        let beside = connections.file().map(key_file_beside);
        let may_be_made = named.is_none();
        let path = named.or(beside).ok_or(KeyringError::NotNamed)?;
        let keys = match key_file::read(&path) {
            Ok(keys) => Some(keys),
            Err(KeyFileError::Missing(_)) => None,
            Err(error) => return Err(error.into()),
        };
        check_none_is_lost(connections, &path, keys.as_ref()).await?;
        let keys = match keys {
            Some(keys) => keys,
            None if may_be_made => {
                key_file::make(&path, &MasterKey::generate(random))?;
                let shown = path.display();
                tracing::info!(file = %shown, "a master key file was made: back it up apart");
                key_file::read(&path)?
            }
            None => return Err(KeyFileError::Missing(path).into()),
        };
        let state = RwLock::new(State::new(keys));
        Ok(Arc::new(Self { path, state, told: Mutex::default() }))
    }

    /// The keys: the primary one seals, all of them open.
    #[must_use]
    pub fn keys(&self) -> Arc<MasterKeys> {
        Arc::clone(&self.state().all)
    }

    /// Another number each time that the file had other keys.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.state().generation
    }

    /// The keys that have left the file.
    #[must_use]
    pub fn leaving(&self) -> Vec<KeyId> {
        let state = self.state();
        let left = |key: &&MasterKey| state.in_file.find(key.id().as_str()).is_none();
        state.all.iter().filter(left).map(|key| key.id().clone()).collect()
    }

    /// Forgets a key that has left the file and that no secret is sealed with. One that has come
    /// back into it meanwhile stays.
    pub fn forget(&self, id: &KeyId) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.in_file.find(id.as_str()).is_none() {
            state.all = Arc::new((*state.all).clone().without(id));
        }
    }

    /// Looks at the file, and takes its keys where they are others. One that cannot be used changes
    /// nothing, and the log says why.
    pub async fn reload(&self) {
        let path = self.path.clone();
        let read = tokio::task::spawn_blocking(move || key_file::read(&path)).await;
        match read {
            Ok(Ok(keys)) => self.take(keys),
            Ok(Err(error)) => self.complain(&with_causes(&error)),
            // The runtime is ending.
            Err(_) => {}
        }
    }

    /// Tells in the log, once, that an endpoint's secrets do not open.
    pub fn tell_unopened(&self, endpoint_id: EndpointId, key_id: &str, error: OpenSecretError) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() < TOLD_ENDPOINTS_MAX && told.insert(endpoint_id) {
            tracing::error!(
                %endpoint_id, key_id, %error,
                "an endpoint's secret cannot be opened: nothing is sent to it from here"
            );
        }
    }

    fn take(&self, keys: MasterKeys) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if keys == state.in_file {
            state.complaint = None;
            return;
        }
        let is_another =
            |key: &&MasterKey| keys.find(key.id().as_str()).is_some_and(|found| found != *key);
        let changed = state.all.iter().find(is_another).map(|key| key.id().clone());
        if let Some(changed) = changed {
            let complaint = format!("another key than before is called {changed}");
            drop(state);
            return self.complain(&complaint);
        }
        let (primary, count) = (keys.primary().id().clone(), keys.iter().count());
        let (generation, all) = (state.generation + 1, keys.clone().with(&state.all));
        *state = State { generation, in_file: keys, all: Arc::new(all), complaint: None };
        drop(state);
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clear();
        tracing::info!(%primary, keys = count, "the master key file was read anew");
    }

    fn complain(&self, complaint: &str) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.complaint.as_deref() != Some(complaint) {
            tracing::error!(
                error = complaint,
                "the master key file cannot be used: the keys stay as they were"
            );
            state.complaint = Some(complaint.to_owned());
        }
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new(keys: MasterKeys) -> Self {
        Self { generation: 0, all: Arc::new(keys.clone()), in_file: keys, complaint: None }
    }
}

/// Where the key file of a database file is, if nothing else is said.
fn key_file_beside(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(".key");
    PathBuf::from(path)
}

async fn check_none_is_lost(
    connections: &Connections,
    path: &Path,
    keys: Option<&MasterKeys>,
) -> Result<(), KeyringError> {
    let ids = |keys: &MasterKeys| -> Vec<KeyId> {
        keys.iter().map(MasterKey::id).chain(keys.lost()).cloned().collect()
    };
    let known = keys.map(ids).unwrap_or_default();
    let known = known.iter().map(KeyId::as_str);
    let lost = Entity::find().select_only().filter(Column::KeyId.is_not_in(known));
    let reader = connections.reader();
    let ids: Vec<String> = lost
        .clone()
        .column(Column::KeyId)
        .distinct()
        .order_by_asc(Column::KeyId)
        .limit(SHOWN_KEYS_MAX)
        .into_tuple()
        .all(reader)
        .await
        .map_err(StoreError::from)?;
    if ids.is_empty() {
        return Ok(());
    }
    let endpoints: Option<i64> = lost
        .expr(Column::EndpointId.into_expr().count_distinct())
        .into_tuple()
        .one(reader)
        .await
        .map_err(StoreError::from)?;
    let endpoints = endpoints.unwrap_or(0).unsigned_abs();
    Err(KeyringError::Lost { path: path.display().to_string(), endpoints, ids })
}

/// An error with its causes, as one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text
}
