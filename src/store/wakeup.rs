//! The wake-up signal from writes to the dispatcher: that something in the table is due, and when.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::domain::clock::Timestamp;

/// Tells the dispatcher about rows that wait in the table. Only a hint: the rows are the truth,
/// and the dispatcher looks at them from time to time without being told.
#[derive(Default)]
pub struct Wakeup {
    /// When the dispatcher will look by itself, or has been told to.
    next_look: Mutex<Option<Timestamp>>,
    told: Notify,
}

impl Wakeup {
    /// Some free row is due at `time`. Wakes the dispatcher unless it will look by then anyway.
    pub fn due_at(&self, time: Timestamp) {
        let mut next_look = self.lock();
        if next_look.is_none_or(|planned| time < planned) {
            *next_look = Some(time);
            self.told.notify_one();
        }
    }

    /// The dispatcher begins to look: what it is told from now on it may not see.
    pub fn begin_look(&self) {
        *self.lock() = None;
    }

    /// The dispatcher will look again at `time` without being told.
    pub fn plan_look(&self, time: Timestamp) {
        let mut next_look = self.lock();
        *next_look = Some(next_look.map_or(time, |told| told.min(time)));
    }

    /// Waits until [`Wakeup::due_at`] tells of an earlier time than was planned.
    pub async fn told(&self) {
        self.told.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Timestamp>> {
        self.next_look.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
