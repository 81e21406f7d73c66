//! Leases in doubt: the answer of the commit that took them was lost, so they may be in the table,
//! and nobody sends what they hold. They are freed by their tokens, long before they run out.

use std::sync::{Mutex, MutexGuard, PoisonError};

use sea_orm::{ColumnTrait, Condition};

use super::Store;
use super::entity::deliveries;
use super::error::StoreError;
use crate::domain::delivery::LeasedDelivery;
use crate::domain::id::LeaseToken;

/// Leases that are remembered: several commits' worth. What is beyond runs out by itself.
const DOUBTS_MAX: usize = 4_096;

/// The tokens of leases in doubt.
#[derive(Default)]
pub struct Doubts(Mutex<Vec<LeaseToken>>);

impl Doubts {
    /// These may have been leased.
    pub fn add<'a>(&self, leased: impl Iterator<Item = &'a LeasedDelivery>) {
        self.put(leased.map(|leased| leased.lease_token));
    }

    fn put(&self, tokens: impl Iterator<Item = LeaseToken>) {
        let mut doubts = self.lock();
        let room = DOUBTS_MAX - doubts.len();
        doubts.extend(tokens.take(room));
    }

    fn take(&self) -> Vec<LeaseToken> {
        std::mem::take(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<LeaseToken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// Frees the leases in doubt, and says how many there were.
    ///
    /// # Errors
    /// The database's; they stay in doubt then.
    pub async fn free_doubtful(&self) -> Result<u64, StoreError> {
        use deliveries::Column;
        let tokens = self.doubts.take();
        if tokens.is_empty() {
            return Ok(0);
        }
        let stored = tokens.iter().map(|token| token.as_stored());
        // The first condition lets the index of leases be used: there is none of tokens.
        let held = Condition::all()
            .add(Column::LeaseToken.is_not_null())
            .add(Column::LeaseExpireTime.gt(0));
        let freed = self.free(held.add(Column::LeaseToken.is_in(stored))).await;
        if freed.is_err() {
            self.doubts.put(tokens.into_iter());
        }
        freed
    }
}
