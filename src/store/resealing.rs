//! Looking at the master key file, and sealing secrets anew whose key is not the primary one: on
//! every replica, a bounded number at a time. Breaking off anywhere leaves each secret sealed with
//! one key or the other, and what is done twice is done once.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use sea_orm::sea_query::{Expr, LockBehavior, LockType};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::database::session::Transaction;
use super::database::{Connections, in_time};
use super::entity::endpoint_secrets::{Column, Entity, Model};
use super::entity::endpoints;
use super::error::StoreError;
use super::keyring::Keyring;
use super::row::corrupt;
use super::sealing;
use crate::domain::account::AccountId;
use crate::domain::clock::Clock;
use crate::domain::random::Random;
use crate::failpoint;

/// How often the file is looked at, and the rows while there is anything to seal anew.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// How often the rows are looked at while nothing is known to be left.
const CHECK_INTERVAL: Duration = Duration::from_mins(1);
/// How long nothing is found under another key before nothing counts as left: longer than another
/// replica takes to look at its file, and to commit what it was just sealing with the old key.
const SETTLE_TIME: Duration = Duration::from_secs(10);
/// Secrets that one transaction seals anew.
const RESEAL_ROWS_MAX: u64 = 100;

/// What seals anew.
pub struct Resealing {
    /// Where the secrets are. It does not keep the database open.
    pub connections: Weak<Connections>,
    /// The keys.
    pub keyring: Arc<Keyring>,
    /// Tells how long nothing was found.
    pub clock: Arc<dyn Clock>,
    /// Makes nonces.
    pub random: Arc<dyn Random>,
}

/// What one look at all rows came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Pass {
    resealed: u64,
    /// Those that do not open.
    unopened: u64,
}

/// How far it is.
#[derive(Default)]
struct Progress {
    /// Sealed anew since nothing was left.
    resealed: u64,
    /// Since when nothing was found, by the monotonic clock.
    clean_since: Option<Duration>,
    next_look: Duration,
    is_told: bool,
}

impl Resealing {
    /// Runs from now on until the database is closed.
    pub fn start(self) {
        tokio::spawn(self.run());
    }

    async fn run(self) {
        let (mut progress, mut generation) = (Progress::default(), self.keyring.generation());
        loop {
            tokio::time::sleep(LOOK_INTERVAL).await;
            let connections = self.connections.upgrade();
            let Some(connections) = connections.filter(|connections| !connections.is_closed())
            else {
                return;
            };
            self.keyring.reload().await;
            if self.keyring.generation() != generation {
                generation = self.keyring.generation();
                progress = Progress::default();
                self.tell_leaving(&connections).await;
            }
            if self.clock.monotonic() >= progress.next_look {
                match self.pass(&connections).await {
                    Ok(pass) => self.note(&mut progress, pass),
                    Err(error) => tracing::warn!(%error, "cannot seal secrets anew; trying again"),
                }
            }
        }
    }

    /// Seals anew what is sealed with another key than the primary one.
    async fn pass(&self, connections: &Connections) -> Result<Pass, StoreError> {
        let mut pass = Pass::default();
        let mut cursor = Uuid::nil();
        let keys = self.keyring.keys();
        let primary = keys.primary().id().as_str();
        // Only read as long as there is nothing to do: on SQLite writers wait for each other.
        let is_other = Entity::find().filter(Column::KeyId.ne(primary)).limit(1);
        if in_time(async { Ok(is_other.one(connections.reader()).await?) }).await?.is_none() {
            return Ok(pass);
        }
        loop {
            let step = in_time(self.step(connections, primary, cursor)).await?;
            let Some((last, done)) = step else { return Ok(pass) };
            pass.resealed += done.resealed;
            pass.unopened += done.unopened;
            cursor = last;
        }
    }

    /// Seals some rows anew, in the order of their ids; `None`: there are none behind the cursor.
    async fn step(
        &self,
        connections: &Connections,
        primary: &str,
        cursor: Uuid,
    ) -> Result<Option<(Uuid, Pass)>, StoreError> {
        let _turn = connections.background_turn().await;
        let transaction = connections.begin().await?;
        let rows = Entity::find()
            .filter(Column::KeyId.ne(primary))
            .filter(Column::SecretId.gt(cursor))
            .order_by_asc(Column::SecretId)
            .limit(RESEAL_ROWS_MAX)
            // What another replica is sealing, or a rotation is replacing, is left to them.
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .all(&transaction)
            .await?;
        let Some(last) = rows.last().map(|row| row.secret_id) else { return Ok(None) };
        let accounts = accounts(&transaction, &rows).await?;
        let mut pass = Pass::default();
        for row in &rows {
            // Without an endpoint it is being deleted.
            let Some(account) = accounts.get(&row.endpoint_id) else { continue };
            if self.reseal(&transaction, account, row).await? {
                pass.resealed += 1;
            } else {
                pass.unopened += 1;
            }
        }
        failpoint::hit("reseal.before_commit");
        transaction.commit().await?;
        failpoint::hit("reseal.after_commit");
        Ok(Some((last, pass)))
    }

    /// `false`: it does not open.
    async fn reseal(
        &self,
        transaction: &Transaction,
        account: &AccountId,
        row: &Model,
    ) -> Result<bool, StoreError> {
        let sealed = sealing::reseal(account, row, &self.keyring, &*self.random);
        let Some(sealed) = sealed else { return Ok(false) };
        Entity::update_many()
            .col_expr(Column::KeyId, Expr::value(sealed.key_id))
            .col_expr(Column::Nonce, Expr::value(sealed.nonce))
            .col_expr(Column::Ciphertext, Expr::value(sealed.ciphertext))
            .filter(Column::SecretId.eq(row.secret_id))
            // As it was read: nothing is put over what somebody else has sealed since.
            .filter(Column::Ciphertext.eq(row.ciphertext.clone()))
            .exec(transaction)
            .await?;
        Ok(true)
    }

    fn note(&self, progress: &mut Progress, pass: Pass) {
        let now = self.clock.monotonic();
        if pass != Pass::default() {
            progress.resealed += pass.resealed;
            progress.clean_since = None;
            progress.is_told = false;
        }
        if pass.unopened > 0 {
            let secrets = pass.unopened;
            tracing::warn!(secrets, "secrets cannot be sealed anew, since they do not open");
            progress.next_look = now + CHECK_INTERVAL;
        } else if pass.resealed == 0 {
            let since = *progress.clean_since.get_or_insert(now);
            if now.saturating_sub(since) >= SETTLE_TIME {
                progress.next_look = now + CHECK_INTERVAL;
                self.nothing_is_left(progress);
            }
        }
    }

    fn nothing_is_left(&self, progress: &mut Progress) {
        for key_id in self.keyring.leaving() {
            self.keyring.forget(&key_id);
            tracing::info!(%key_id, "a master key that has left the file is forgotten");
        }
        let keys = self.keyring.keys();
        if !progress.is_told && (progress.resealed > 0 || keys.iter().nth(1).is_some()) {
            let (primary, resealed) = (keys.primary().id(), progress.resealed);
            tracing::info!(
                %primary, resealed,
                "every secret is sealed with the primary master key: the others can be removed"
            );
        }
        progress.is_told = true;
        progress.resealed = 0;
    }

    /// Says which keys left the file although secrets are sealed with them.
    async fn tell_leaving(&self, connections: &Connections) {
        for key_id in self.keyring.leaving() {
            let sealed = Entity::find().filter(Column::KeyId.eq(key_id.as_str()));
            let secrets = in_time(async { Ok(sealed.count(connections.reader()).await?) }).await;
            if !matches!(secrets, Ok(0)) {
                tracing::warn!(
                    %key_id, secrets = secrets.unwrap_or_default(),
                    "a master key has left the file while secrets are sealed with it: it is kept \
                     until they are sealed anew"
                );
            }
        }
    }
}

async fn accounts(
    transaction: &Transaction,
    rows: &[Model],
) -> Result<HashMap<Uuid, AccountId>, StoreError> {
    let pairs: Vec<(Uuid, String)> = endpoints::Entity::find()
        .select_only()
        .columns([endpoints::Column::EndpointId, endpoints::Column::AccountId])
        .filter(endpoints::Column::EndpointId.is_in(rows.iter().map(|row| row.endpoint_id)))
        .into_tuple()
        .all(transaction)
        .await?;
    let account = |(endpoint_id, text): (Uuid, String)| {
        let account = text.parse().map_err(|error| corrupt("account_id", error))?;
        Ok((endpoint_id, account))
    };
    pairs.into_iter().map(account).collect()
}
