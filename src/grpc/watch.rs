//! WatchDeliveries: a snapshot where asked for, then the change log from a place on, live.
//!
//! A task follows the log and puts messages into a short queue; the response stream takes them
//! out. When the client reads too slowly the queue fills, the task waits, the live feed runs over,
//! and the task reads on from the log: memory stays bounded and nothing is left out.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{broadcast, mpsc};
use tokio::time::{Interval, MissedTickBehavior};
use tokio_stream::Stream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Status};

use super::failure::Failure;
use super::stream_limits::{StreamLimits, StreamSettings};
use super::token::{TokenKind, Tokens};
use super::violations::Violations;
use super::watch_lag::{Unsent, WatchLags};
use super::{delivery_filter, delivery_message};
use crate::domain::account::AccountScope;
use crate::domain::clock::Timestamp;
use crate::domain::random::Random;
use crate::proto::watch_deliveries_response::Message;
use crate::proto::{
    DeliveryUpdate, Heartbeat, SnapshotComplete, WatchDeliveriesRequest, WatchDeliveriesResponse,
};
use crate::store::Store;
use crate::store::changes::{ChangePage, LogPosition};
use crate::store::deliveries::{DeliveryFilter, SnapshotPlace};

/// Messages that wait for the client; beside these only what the connection buffers.
const QUEUE_MESSAGES_MAX: usize = 64;
/// After how long a client that takes nothing is told to resume: longer than a pause of a busy one.
const SEND_PATIENCE: Duration = Duration::from_secs(30);
/// Deliveries of one page of the snapshot.
const SNAPSHOT_PAGE: u64 = 200;
const HEARTBEAT_MIN: Duration = Duration::from_secs(1);
const HEARTBEAT_MAX: Duration = Duration::from_mins(1);
const HEARTBEAT_DEFAULT: Duration = Duration::from_secs(15);

/// How watches behave.
#[derive(Clone, Debug)]
pub struct WatchSettings {
    /// After how long without a message being taken a watch is ended. 30 s.
    pub send_patience: Duration,
    /// What ends all streams.
    pub streams: StreamSettings,
    /// How far watches are behind.
    pub lags: WatchLags,
}

impl WatchSettings {
    /// The contract's times.
    #[must_use]
    pub fn new(drain: CancellationToken) -> Self {
        let (streams, lags) = (StreamSettings::new(drain), WatchLags::default());
        Self { send_patience: SEND_PATIENCE, streams, lags }
    }
}

/// The watch tokens of an account.
#[must_use]
pub fn tokens(store: &Store, scope: &AccountScope) -> Tokens {
    Tokens::new(TokenKind::Watch, store.database_id(), &scope.to_string())
}

/// The token of a place in the log.
#[must_use]
pub fn write_token(tokens: &Tokens, position: LogPosition) -> String {
    tokens.write(&position.to_bytes())
}

/// Opens a watch. Where it begins is settled when this returns, so that a client that has opened a
/// watch sees whatever it does next.
///
/// # Errors
/// [`Failure::InvalidFields`], or the store's.
pub async fn open(
    store: &Arc<Store>,
    settings: &WatchSettings,
    request: &Request<WatchDeliveriesRequest>,
    random: &dyn Random,
) -> Result<WatchStream, Failure> {
    let message = request.get_ref();
    let mut violations = Violations::new();
    let scope = violations.account_scope(&message.account_id);
    let filter = delivery_filter::read(&mut violations, message.filter.as_ref());
    let heartbeat = match &message.heartbeat_interval {
        None => HEARTBEAT_DEFAULT,
        Some(interval) => violations
            .duration("heartbeat_interval", interval, HEARTBEAT_MIN, HEARTBEAT_MAX)
            .unwrap_or(HEARTBEAT_DEFAULT),
    };
    let begin = scope.as_ref().map(|scope| begin(&mut violations, message, &tokens(store, scope)));
    let (scope, begin) = violations.finish(scope.zip(begin))?;

    let (queue, messages) = mpsc::channel(QUEUE_MESSAGES_MAX);
    let end = Arc::new(OnceLock::new());
    let limits = StreamLimits::new(&settings.streams, request.metadata(), random)?;
    let now = store.change_log().head().await?;
    let unsent = settings.lags.open();
    let watch = Watch {
        tokens: tokens(store, &scope),
        store: Arc::clone(store),
        scope,
        filter,
        queue,
        send_patience: settings.send_patience,
        heartbeat: heartbeat_timer(heartbeat),
        position: None,
        unsent: Arc::clone(&unsent),
    };
    tokio::spawn(watch.run(begin, now, limits, Arc::clone(&end)));
    Ok(WatchStream { messages, end, unsent })
}

/// Where a watch begins.
#[derive(Clone, Copy, Debug)]
enum Begin {
    Now,
    After(LogPosition),
    WithSnapshot,
}

fn begin(violations: &mut Violations, request: &WatchDeliveriesRequest, tokens: &Tokens) -> Begin {
    if request.resume_token.is_empty() {
        return if request.include_snapshot { Begin::WithSnapshot } else { Begin::Now };
    }
    let Some(position) = tokens.read(&request.resume_token) else {
        violations.add("resume_token", "must be a token of a watch of this account and database");
        return Begin::Now;
    };
    Begin::After(LogPosition::from_bytes(position))
}

fn heartbeat_timer(interval: Duration) -> Interval {
    let mut timer = tokio::time::interval(interval);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    timer
}

/// Why a watch ends from inside.
enum End {
    ClientGone,
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for End {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

struct Watch {
    store: Arc<Store>,
    tokens: Tokens,
    scope: AccountScope,
    filter: DeliveryFilter,
    queue: mpsc::Sender<Queued>,
    send_patience: Duration,
    heartbeat: Interval,
    /// Everything up to here has been sent or is hidden by the filter; `None` until the first
    /// token.
    position: Option<LogPosition>,
    unsent: Arc<Unsent>,
}

/// What waits for the client.
struct Queued {
    message: WatchDeliveriesResponse,
    is_change: bool,
}

impl Watch {
    async fn run(
        mut self,
        begin: Begin,
        now: LogPosition,
        limits: StreamLimits,
        end: Arc<OnceLock<Status>>,
    ) {
        let client = self.queue.clone();
        let failure = tokio::select! {
            failure = limits.reached(Failure::WatchAgeReached) => failure,
            () = client.closed() => return,
            ended = self.follow(begin, now) => match ended {
                Err(End::ClientGone) => return,
                Err(End::Failed(failure)) => failure,
            },
        };
        if self.position.is_some() {
            // The last token; where the queue is full the client resumes from an earlier one.
            let message = self.message(Message::Heartbeat(Heartbeat {}));
            let _ = client.try_send(Queued { message, is_change: false });
        }
        let _ = end.set(failure.into());
    }

    async fn follow(&mut self, begin: Begin, now: LogPosition) -> Result<Infallible, End> {
        let store = Arc::clone(&self.store);
        let log = store.change_log();
        // Before anything is read: what is committed while we read is seen as a gap, then read.
        let mut live = log.follow();
        let mut position = match begin {
            Begin::Now | Begin::WithSnapshot => now,
            Begin::After(position) if !log.bounds().await?.reach(position) => {
                // The log was pruned, or the database was put back to an earlier state than the
                // client has seen.
                return Err(Failure::ResumeTokenExpired.into());
            }
            Begin::After(position) => position,
        };
        if let Begin::WithSnapshot = begin {
            self.send(Message::Heartbeat(Heartbeat {})).await?;
            self.send_snapshot().await?;
            self.position = Some(position);
            self.send(Message::SnapshotComplete(SnapshotComplete {})).await?;
        } else {
            self.position = Some(position);
            self.send(Message::Heartbeat(Heartbeat {})).await?;
        }
        loop {
            loop {
                let page = log.read_after(position).await?;
                self.send_page(&page, position).await?;
                position = page.end;
                if !page.is_full() {
                    self.unsent.reading(None);
                    break;
                }
                self.heartbeat_if_due().await?;
            }
            position = self.send_live(&mut live, position).await?;
        }
    }

    /// Hands on what is committed, until there is a gap to be read from the log.
    async fn send_live(
        &mut self,
        live: &mut broadcast::Receiver<Arc<ChangePage>>,
        mut position: LogPosition,
    ) -> Result<LogPosition, End> {
        loop {
            let received = tokio::select! {
                received = live.recv() => received,
                _ = self.heartbeat.tick() => {
                    self.send(Message::Heartbeat(Heartbeat {})).await?;
                    continue;
                }
            };
            match received {
                Ok(page) if page.after > position => return Ok(position),
                Ok(page) => {
                    self.send_page(&page, position).await?;
                    position = position.max(page.end);
                    self.unsent.reading(None);
                }
                Err(broadcast::error::RecvError::Lagged(_)) => return Ok(position),
                Err(broadcast::error::RecvError::Closed) => return Err(Failure::Draining.into()),
            }
        }
    }

    async fn send_page(&mut self, page: &ChangePage, position: LogPosition) -> Result<(), End> {
        for change in page.changes.iter().filter(|change| change.position > position) {
            let is_seen = self.scope.account().is_none_or(|own| *own == change.delivery.account_id);
            self.position = Some(change.position);
            let commit = change.delivery.update_time;
            self.unsent.reading(Some(commit));
            if is_seen && self.filter.matches(&change.delivery) {
                let update = Message::Update(delivery_message::update(change));
                self.queue(update, Some(commit)).await?;
            }
        }
        Ok(())
    }

    async fn send_snapshot(&mut self) -> Result<(), End> {
        let mut place: Option<SnapshotPlace> = None;
        loop {
            let page = self
                .store
                .snapshot(&self.scope, &self.filter, place.as_ref(), SNAPSHOT_PAGE)
                .await?;
            let Some(last) = page.last().map(|last| &last.delivery) else { return Ok(()) };
            place = Some((last.account_id.to_string(), last.endpoint_id, last.delivery_id));
            for shown in &page {
                let delivery = &shown.delivery;
                self.send(Message::Update(DeliveryUpdate {
                    delivery: Some(delivery_message::delivery(
                        delivery,
                        shown.last_attempt.as_ref(),
                    )),
                    previous_state: 0,
                    commit_time: Some(delivery.update_time.into()),
                }))
                .await?;
            }
        }
    }

    /// A long stretch of the log may hold nothing that the filter lets through.
    async fn heartbeat_if_due(&mut self) -> Result<(), End> {
        match self.heartbeat.tick().now_or_never() {
            Some(_) => self.send(Message::Heartbeat(Heartbeat {})).await,
            None => Ok(()),
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        self.queue(message, None).await
    }

    /// Queues a message; `commit`: when the change was committed that it tells of.
    async fn queue(&mut self, message: Message, commit: Option<Timestamp>) -> Result<(), End> {
        let message = self.message(message);
        self.heartbeat.reset();
        match tokio::time::timeout(self.send_patience, self.queue.reserve()).await {
            Ok(Ok(place)) => {
                // Before the client can take it.
                if let Some(commit) = commit {
                    self.unsent.queued(commit);
                }
                place.send(Queued { message, is_change: commit.is_some() });
                Ok(())
            }
            Ok(Err(_)) => Err(End::ClientGone),
            Err(_) => {
                tracing::info!(account_id = %self.scope, "a watch was ended: its client reads nothing");
                Err(Failure::WatchTooSlow.into())
            }
        }
    }

    fn message(&self, message: Message) -> WatchDeliveriesResponse {
        let token = self.position.map(|position| write_token(&self.tokens, position));
        WatchDeliveriesResponse { message: Some(message), resume_token: token.unwrap_or_default() }
    }
}

/// The messages of a watch, then the status that it ended with.
pub struct WatchStream {
    messages: mpsc::Receiver<Queued>,
    end: Arc<OnceLock<Status>>,
    unsent: Arc<Unsent>,
}

impl Stream for WatchStream {
    type Item = Result<WatchDeliveriesResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match ready!(self.messages.poll_recv(context)) {
            Some(Queued { message, is_change }) => {
                if is_change {
                    self.unsent.taken();
                }
                Poll::Ready(Some(Ok(message)))
            }
            // The task sets how it ended before it lets go of the queue.
            None => Poll::Ready(self.end.get().cloned().map(Err)),
        }
    }
}
