//! Group commit: writes that arrive while a commit is under way go together into the next one.
//! Nobody waits for a timer: an idle store commits a single write at once, a busy one commits as
//! many as have come.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::error::StoreError;

/// One write and where its answer goes.
pub struct Pending<W, A> {
    /// What to write.
    pub write: W,
    /// Where the answer goes; the asker may be gone, the write is made all the same.
    pub answer: oneshot::Sender<Result<A, StoreError>>,
    /// Its place in the queue, until it is answered.
    _place: Place,
}

/// A write's share of what may wait, and of what may wait of its kind.
struct Place {
    _whole: OwnedSemaphorePermit,
    _share: Option<OwnedSemaphorePermit>,
}

/// The queue of writes of one kind.
pub struct GroupCommit<W, A> {
    queue: mpsc::Sender<Pending<W, A>>,
    room: Arc<Semaphore>,
    weight: fn(&W) -> usize,
}

impl<W, A> Clone for GroupCommit<W, A> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone(), room: Arc::clone(&self.room), weight: self.weight }
    }
}

/// How much goes into one transaction, and how much may wait for the next.
#[derive(Clone, Copy, Debug)]
pub struct GroupLimits {
    /// Weight of what may be waiting or under way; more is refused as overload.
    pub queue_max: usize,
    /// Weight after which a transaction takes no further write.
    pub weight_max: usize,
}

/// The answer to a write, once it is committed.
pub struct Answer<A>(oneshot::Receiver<Result<A, StoreError>>);

impl<A> Answer<A> {
    /// Waits for the commit. Nobody needs to: the write is made all the same.
    ///
    /// # Errors
    /// The commit's own.
    pub async fn wait(self) -> Result<A, StoreError> {
        self.0.await.unwrap_or(Err(StoreError::Closed))
    }
}

impl<W: Send + 'static, A: Send + 'static> GroupCommit<W, A> {
    /// Starts the task that commits. It ends when the last handle is dropped and the queue is
    /// empty.
    ///
    /// `commit` writes a group in one transaction and answers each; `weight` is a write's share of
    /// the limits, at least 1.
    pub fn start<C, F>(limits: GroupLimits, weight: fn(&W) -> usize, commit: C) -> Self
    where
        C: Fn(Vec<Pending<W, A>>) -> F + Send + 'static,
        F: Future<Output = ()> + Send,
    {
        let (queue, mut waiting) = mpsc::channel::<Pending<W, A>>(limits.queue_max);
        tokio::spawn(async move {
            while let Some(first) = waiting.recv().await {
                let mut group_weight = weight(&first.write);
                let mut group = vec![first];
                while group_weight < limits.weight_max
                    && let Ok(next) = waiting.try_recv()
                {
                    group_weight += weight(&next.write);
                    group.push(next);
                }
                commit(group).await;
            }
        });
        Self { queue, room: Arc::new(Semaphore::new(limits.queue_max)), weight }
    }

    /// Queues a write and waits until it is committed.
    ///
    /// # Errors
    /// [`StoreError::Overloaded`] where the queue is full; otherwise the commit's own.
    pub async fn write(&self, write: W) -> Result<A, StoreError> {
        let whole = Arc::clone(&self.room).try_acquire_many_owned(self.weight(&write));
        let whole = whole.map_err(|_| StoreError::Overloaded)?;
        self.push(write, Place { _whole: whole, _share: None })?.wait().await
    }

    /// Queues a write behind all that are queued, once there is room: in the queue, and in the
    /// share of it that its kind has.
    ///
    /// # Errors
    /// [`StoreError::Closed`] where the process is ending.
    pub async fn queue(&self, write: W, share: &Arc<Semaphore>) -> Result<Answer<A>, StoreError> {
        let weight = self.weight(&write);
        // The share first: who waits for it holds nothing of the queue.
        let closed = |_| StoreError::Closed;
        let share = Arc::clone(share).acquire_many_owned(weight).await.map_err(closed)?;
        let whole = Arc::clone(&self.room).acquire_many_owned(weight).await.map_err(closed)?;
        self.push(write, Place { _whole: whole, _share: Some(share) })
    }

    fn weight(&self, write: &W) -> u32 {
        u32::try_from((self.weight)(write)).unwrap_or(u32::MAX)
    }

    fn push(&self, write: W, place: Place) -> Result<Answer<A>, StoreError> {
        let (answer, answered) = oneshot::channel();
        let pending = Pending { write, answer, _place: place };
        self.queue.try_send(pending).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
        })?;
        Ok(Answer(answered))
    }
}

/// Gives every write of a group its answer, or all of them the error that undid the transaction.
pub fn answer_group<W, A>(group: Vec<Pending<W, A>>, answers: Result<Vec<A>, StoreError>) {
    match answers {
        Ok(answers) => {
            assert_eq!(group.len(), answers.len(), "every write of a group has an answer");
            for (pending, answer) in group.into_iter().zip(answers) {
                // Whoever asked may have given up; the write stands.
                let _ = pending.answer.send(Ok(answer));
            }
        }
        Err(error) => {
            for pending in group {
                let _ = pending.answer.send(Err(error.clone()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::Notify;

    use super::*;

    /// Commits one group each time that it is told to, and answers with the group's size.
    fn start(limits: GroupLimits) -> (GroupCommit<usize, usize>, Arc<Notify>) {
        let go = Arc::new(Notify::new());
        let told = Arc::clone(&go);
        let commit = move |group: Vec<Pending<usize, usize>>| {
            let told = Arc::clone(&told);
            async move {
                told.notified().await;
                let size = group.len();
                answer_group(group, Ok(vec![size; size]));
            }
        };
        (GroupCommit::start(limits, |weight| *weight, commit), go)
    }

    const LIMITS: GroupLimits = GroupLimits { queue_max: 10, weight_max: 4 };

    #[tokio::test]
    async fn writes_that_are_queued_go_together_in_their_order_up_to_the_weight() {
        let (commits, go) = start(LIMITS);
        let share = Arc::new(Semaphore::new(10));
        let mut answers = Vec::new();
        for weight in [1, 1, 1, 2, 1] {
            answers.push(commits.queue(weight, &share).await.unwrap());
        }
        let mut sizes = Vec::new();
        for answer in answers {
            go.notify_one();
            sizes.push(answer.wait().await.unwrap());
        }
        // Three that weigh 3 leave room for one more; what comes behind is the next group.
        assert_eq!(sizes, [4, 4, 4, 4, 1]);
    }

    #[tokio::test]
    async fn a_full_queue_refuses_whoever_does_not_wait_and_lets_in_who_does() {
        let (commits, go) = start(LIMITS);
        let share = Arc::new(Semaphore::new(20));
        let first = commits.queue(9, &share).await.unwrap();
        assert_eq!(commits.write(2).await.unwrap_err().to_string(), {
            StoreError::Overloaded.to_string()
        });
        let patient = {
            let (commits, share) = (commits.clone(), Arc::clone(&share));
            tokio::spawn(async move { commits.queue(5, &share).await.unwrap().wait().await })
        };
        go.notify_one();
        assert_eq!(first.wait().await.unwrap(), 1);
        go.notify_one();
        assert_eq!(patient.await.unwrap().unwrap(), 1);
        assert_eq!(share.available_permits(), 20, "what is answered gives its place back");
    }

    #[tokio::test]
    async fn a_kind_that_has_used_up_its_share_leaves_the_rest_to_the_others() {
        let (commits, go) = start(LIMITS);
        let share = Arc::new(Semaphore::new(5));
        let first = commits.queue(5, &share).await.unwrap();
        {
            let mut second = std::pin::pin!(commits.queue(1, &share));
            assert!(futures_util::poll!(&mut second).is_pending());
        }
        let other = tokio::spawn({
            let commits = commits.clone();
            async move { commits.write(5).await }
        });
        go.notify_one();
        first.wait().await.unwrap();
        go.notify_one();
        assert_eq!(other.await.unwrap().unwrap(), 1);
    }
}
