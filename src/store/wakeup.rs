//! The wake-up signal from writes to the dispatcher: which endpoints have free rows, and from when.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::domain::clock::Timestamp;
use crate::domain::endpoint::Addressee;
use crate::domain::id::EndpointId;

/// Endpoints that are told of; more are found when the dispatcher looks at the table, every second.
const TOLD_MAX: usize = 10_000;
/// Later than any time: nothing waits.
const NOTHING_DUE: i64 = i64::MAX;

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
pub struct Wakeup {
    told: Mutex<BTreeMap<EndpointId, DueEndpoint>>,
    should_look: AtomicBool,
    /// Nanoseconds since 1970; [`NOTHING_DUE`] where nothing waits.
    oldest_due: AtomicI64,
    notify: Notify,
}

impl Default for Wakeup {
    fn default() -> Self {
        Self {
            told: Mutex::default(),
            should_look: AtomicBool::default(),
            oldest_due: AtomicI64::new(NOTHING_DUE),
            notify: Notify::default(),
        }
    }
}

impl Wakeup {
    /// What a look at the whole table found: when the row that has waited longest was due.
    pub fn found_oldest(&self, due: Option<Timestamp>) {
        let nanos = due.map_or(NOTHING_DUE, Timestamp::as_unix_nanos);
        self.oldest_due.store(nanos, Ordering::Relaxed);
    }

    /// What the last look found.
    #[must_use]
    pub fn oldest_due(&self) -> Option<Timestamp> {
        let nanos = self.oldest_due.load(Ordering::Relaxed);
        (nanos != NOTHING_DUE).then(|| Timestamp::from_unix_nanos(nanos))
    }

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

    /// What was told since the last call, in the order of the endpoints' ids: what is decided by it can
    /// be repeated.
    #[must_use]
    pub fn take(&self) -> BTreeMap<EndpointId, DueEndpoint> {
        std::mem::take(&mut *self.lock())
    }

    /// Waits until something was told.
    pub async fn told(&self) {
        self.notify.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<EndpointId, DueEndpoint>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
