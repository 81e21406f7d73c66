//! Streaks of failure: since when nothing but failure has been recorded for an endpoint.
//!
//! No row is written per attempt: `endpoints.failing_since` is set by the first failure and unset
//! by the first success, and the condition of the statement decides which is the first, whichever
//! process records it. [`Streaks`] only saves the statements that would change nothing.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::database::session::Transaction;
use super::entity::endpoints;
use super::error::StoreError;
use crate::domain::attempt::Outcome;
use crate::domain::clock::Timestamp;
use crate::domain::delivery::Verdict;
use crate::domain::id::EndpointId;

/// Endpoints that are remembered; when there are more, all are looked up anew. About 1 MiB.
const STREAKS_MAX: usize = 10_000;

/// Whether endpoints were failing when this process last recorded an outcome of theirs. Where
/// another process may have changed that since, it is to be forgotten from time to time.
#[derive(Default)]
pub struct Streaks {
    is_failing: Mutex<HashMap<EndpointId, bool>>,
}

/// What a group of outcomes says about streaks.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct StreakChanges {
    /// Endpoints with nothing but failures.
    pub began: HashSet<EndpointId>,
    /// When the first of those failures was judged.
    pub begin_time: Option<Timestamp>,
    /// Endpoints with a success: a failure beside it begins nothing, the next one will.
    pub ended: HashSet<EndpointId>,
}

impl StreakChanges {
    /// What these outcomes say.
    pub fn of<'a>(verdicts: impl Iterator<Item = &'a Verdict> + Clone) -> Self {
        let is_success = |verdict: &&Verdict| {
            let outcome = verdict.attempt.exchange.outcome;
            outcome == Outcome::Succeeded
        };
        let ended: HashSet<_> = verdicts
            .clone()
            .filter(is_success)
            .map(|verdict| verdict.delivery.endpoint_id)
            .collect();
        let failed = verdicts.filter(|verdict| !ended.contains(&verdict.delivery.endpoint_id));
        let begin_time = failed.clone().map(|verdict| verdict.delivery.update_time).min();
        Self {
            began: failed.map(|verdict| verdict.delivery.endpoint_id).collect(),
            begin_time,
            ended,
        }
    }

    /// Writes what is not the case yet.
    pub(super) async fn write(&self, transaction: &Transaction) -> Result<(), StoreError> {
        use endpoints::Column;
        let set = |time: Option<Timestamp>| {
            let time = Expr::value(time.map(Timestamp::as_unix_nanos));
            endpoints::Entity::update_many().col_expr(Column::FailingSince, time)
        };
        let are = |ids: &HashSet<EndpointId>| {
            Column::EndpointId.is_in(ids.iter().map(|endpoint_id| endpoint_id.as_uuid()))
        };
        if !self.began.is_empty() {
            let begin = set(self.begin_time).filter(are(&self.began));
            begin.filter(Column::FailingSince.is_null()).exec(transaction).await?;
        }
        if !self.ended.is_empty() {
            let end = set(None).filter(are(&self.ended));
            end.filter(Column::FailingSince.is_not_null()).exec(transaction).await?;
        }
        Ok(())
    }
}

impl Streaks {
    /// Leaves out what is known to be the case already.
    pub fn only_news(&self, mut changes: StreakChanges) -> StreakChanges {
        let is_failing = self.lock();
        changes.began.retain(|endpoint_id| is_failing.get(endpoint_id) != Some(&true));
        changes.ended.retain(|endpoint_id| is_failing.get(endpoint_id) != Some(&false));
        changes
    }

    /// Remembers what is being written; to be forgotten if it is not committed.
    pub fn learn(&self, changes: &StreakChanges) {
        let mut is_failing = self.lock();
        if is_failing.len() + changes.began.len() + changes.ended.len() > STREAKS_MAX {
            is_failing.clear();
        }
        is_failing.extend(changes.began.iter().map(|endpoint_id| (*endpoint_id, true)));
        is_failing.extend(changes.ended.iter().map(|endpoint_id| (*endpoint_id, false)));
    }

    /// Forgets one endpoint: its streak was changed by somebody else than the recorder.
    pub fn forget(&self, endpoint_id: EndpointId) {
        self.lock().remove(&endpoint_id);
    }

    /// Forgets everything.
    pub fn forget_all(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<EndpointId, bool>> {
        self.is_failing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(numbers: &[u128]) -> HashSet<EndpointId> {
        let id = |number: &u128| EndpointId::from_uuid(uuid::Uuid::from_u128(*number));
        numbers.iter().map(id).collect()
    }

    fn changes(began: &[u128], ended: &[u128]) -> StreakChanges {
        StreakChanges { began: ids(began), begin_time: None, ended: ids(ended) }
    }

    #[test]
    fn what_is_known_is_not_written_again_until_it_turns_or_is_forgotten() {
        let streaks = Streaks::default();
        let first = streaks.only_news(changes(&[1, 2], &[3]));
        assert_eq!(first, changes(&[1, 2], &[3]), "nothing is known");
        streaks.learn(&first);
        assert_eq!(streaks.only_news(changes(&[1, 2], &[3])), StreakChanges::default());
        assert_eq!(streaks.only_news(changes(&[3], &[1])), changes(&[3], &[1]), "both turn");
        streaks.forget(*ids(&[1]).iter().next().unwrap());
        assert_eq!(streaks.only_news(changes(&[1, 2], &[])), changes(&[1], &[]));
        streaks.forget_all();
        assert_eq!(streaks.only_news(changes(&[2], &[3])), changes(&[2], &[3]));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let streaks = Streaks::default();
        for number in 0..3 * STREAKS_MAX as u128 {
            streaks.learn(&changes(&[number], &[]));
            assert!(streaks.lock().len() <= STREAKS_MAX);
        }
    }
}
