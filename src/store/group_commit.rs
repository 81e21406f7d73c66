//! Group commit: writes that arrive while a commit is under way go together into the next one.
//! Nobody waits for a timer: an idle store commits a single write at once, a busy one commits as
//! many as have come.

use std::future::Future;

use tokio::sync::{mpsc, oneshot};

use super::error::StoreError;

/// One write and where its answer goes.
pub struct Pending<W, A> {
    /// What to write.
    pub write: W,
    /// Where the answer goes; the asker may be gone, the write is made all the same.
    pub answer: oneshot::Sender<Result<A, StoreError>>,
}

/// The queue of writes of one kind.
pub struct GroupCommit<W, A> {
    queue: mpsc::Sender<Pending<W, A>>,
}

impl<W, A> Clone for GroupCommit<W, A> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone() }
    }
}

/// How much goes into one transaction, and how much may wait for the next.
#[derive(Clone, Copy, Debug)]
pub struct GroupLimits {
    /// Writes that may wait; one more is refused as overload.
    pub queue_max: usize,
    /// Weight after which a transaction takes no further write.
    pub weight_max: usize,
}

impl<W: Send + 'static, A: Send + 'static> GroupCommit<W, A> {
    /// Starts the task that commits. It ends when the last handle is dropped and the queue is
    /// empty.
    ///
    /// `commit` writes a group in one transaction and answers each; `weight` is a write's share of
    /// [`GroupLimits::weight_max`].
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
        Self { queue }
    }

    /// Queues a write and waits until it is committed.
    ///
    /// # Errors
    /// [`StoreError::Overloaded`] where the queue is full; otherwise the commit's own.
    pub async fn write(&self, write: W) -> Result<A, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Pending { write, answer }).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
        })?;
        answered.await.unwrap_or(Err(StoreError::Closed))
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
