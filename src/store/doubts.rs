//! Leases in doubt: the answer of the commit that took them was lost, so they may be in the table,
//! and nobody sends what they hold. They are freed by their tokens, long before they run out.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::error::StoreError;
use super::queue::Queue;
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

impl Queue {
    /// Frees the leases in doubt, and says how many there were.
    ///
    /// # Errors
    /// The database's; they stay in doubt then.
    pub async fn free_doubtful(&self) -> Result<u64, StoreError> {
        let tokens = self.doubts.take();
        if tokens.is_empty() {
            return Ok(0);
        }
        let freed = self.free(&tokens).await;
        if freed.is_err() {
            self.doubts.put(tokens.into_iter());
        }
        freed
    }

    async fn free(&self, tokens: &[LeaseToken]) -> Result<u64, StoreError> {
        let mut transaction = self.tables.begin_in_background().await?;
        let freed = transaction.free(tokens).await?;
        transaction.commit().await?;
        Ok(freed)
    }
}
