//! The wake-up signal from writes to the dispatcher: which endpoints have free rows, and from when.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::domain::clock::Timestamp;
use crate::domain::endpoint::Addressee;
use crate::domain::id::EndpointId;

/// Endpoints that are told of; more are found when the dispatcher looks at the table, every second.
const TOLD_MAX: usize = 10_000;

/// An endpoint with free rows in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueEndpoint {
    /// The endpoint.
    pub addressee: Addressee,
    /// When its first free row is due.
    pub first_due: Timestamp,
}

/// Tells the dispatcher about rows that wait in the table. Only a hint: the rows are the truth,
/// and the dispatcher looks at them from time to time without being told.
#[derive(Default)]
pub struct Wakeup {
    told: Mutex<HashMap<EndpointId, DueEndpoint>>,
    should_look: AtomicBool,
    notify: Notify,
}

impl Wakeup {
    /// An endpoint has free rows.
    pub fn tell(&self, due: DueEndpoint) {
        let (endpoint_id, first_due) = (due.addressee.endpoint_id, due.first_due);
        let mut told = self.lock();
        if told.len() < TOLD_MAX || told.contains_key(&endpoint_id) {
            let known = told.entry(endpoint_id).or_insert(due);
            known.first_due = known.first_due.min(first_due);
        }
        drop(told);
        self.notify.notify_one();
    }

    /// Endpoints may have free rows that nobody here was told of.
    pub fn look(&self) {
        self.should_look.store(true, Ordering::Relaxed);
        self.notify.notify_one();
    }

    /// Whether [`Wakeup::look`] was called since the last call.
    #[must_use]
    pub fn take_look(&self) -> bool {
        self.should_look.swap(false, Ordering::Relaxed)
    }

    /// What was told since the last call.
    #[must_use]
    pub fn take(&self) -> HashMap<EndpointId, DueEndpoint> {
        std::mem::take(&mut *self.lock())
    }

    /// Waits until something was told.
    pub async fn told(&self) {
        self.notify.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<EndpointId, DueEndpoint>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
