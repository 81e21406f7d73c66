//! How far watches are behind: what each has yet to be sent, for a gauge.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use crate::domain::clock::Timestamp;

/// All open watches. Cheap to clone; the default one has none yet.
#[derive(Clone, Debug, Default)]
pub struct WatchLags(Arc<Mutex<Vec<Weak<Unsent>>>>);

/// The changes that one watch has yet to be sent.
#[derive(Debug, Default)]
pub struct Unsent(Mutex<Commits>);

/// When they were committed, as far as they are known: oldest first.
#[derive(Debug, Default)]
struct Commits {
    /// What waits for the client; bounded by the queue that it waits in.
    queued: VecDeque<Timestamp>,
    /// The log is being read from here on.
    reading: Option<Timestamp>,
}

impl WatchLags {
    /// A watch is open until what this returns is dropped.
    #[must_use]
    pub fn open(&self) -> Arc<Unsent> {
        let unsent = Arc::new(Unsent::default());
        let mut watches = lock(&self.0);
        watches.retain(|watch| watch.strong_count() > 0);
        watches.push(Arc::downgrade(&unsent));
        unsent
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        lock(&self.0).iter().filter(|watch| watch.strong_count() > 0).count()
    }

    /// The age of the oldest change that one of them has yet to be sent; zero where there is none.
    #[must_use]
    pub fn oldest(&self, now: Timestamp) -> Duration {
        let watches = lock(&self.0);
        let oldest = watches.iter().filter_map(|watch| watch.upgrade()?.oldest()).min();
        oldest.map_or(Duration::ZERO, |commit| now.since(commit))
    }
}

impl Unsent {
    /// A change waits for the client.
    pub fn queued(&self, commit: Timestamp) {
        lock(&self.0).queued.push_back(commit);
    }

    /// The client takes the first that waits.
    pub fn taken(&self) {
        lock(&self.0).queued.pop_front();
    }

    /// What comes next of the log was committed then; `None`: nothing does for now.
    pub fn reading(&self, commit: Option<Timestamp>) {
        lock(&self.0).reading = commit;
    }

    fn oldest(&self) -> Option<Timestamp> {
        let commits = lock(&self.0);
        commits.queued.front().copied().into_iter().chain(commits.reading).min()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lag_is_that_of_the_slowest_watch() {
        let at = |seconds| Timestamp::UNIX_EPOCH + Duration::from_secs(seconds);
        let lags = WatchLags::default();
        let (quick, slow) = (lags.open(), lags.open());
        assert_eq!((lags.count(), lags.oldest(at(9))), (2, Duration::ZERO));
        quick.queued(at(5));
        slow.queued(at(3));
        slow.queued(at(4));
        slow.reading(Some(at(6)));
        assert_eq!(lags.oldest(at(9)), Duration::from_secs(6));
        slow.taken();
        assert_eq!(lags.oldest(at(9)), Duration::from_secs(5));
        drop(slow);
        assert_eq!((lags.count(), lags.oldest(at(9))), (1, Duration::from_secs(4)));
        quick.taken();
        assert_eq!(lags.oldest(at(9)), Duration::ZERO);
    }
}
