//! A watch that goes on where it was whenever its stream ends.

mod revisions;

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio::time::Sleep;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::{Response, Status, Streaming};

use self::revisions::Revisions;
use crate::client::{Backoff, Calls, chance};
use crate::error_details::resumption;
use crate::v1::delivery_query_client::DeliveryQueryClient;
use crate::v1::watch_deliveries_response::Message;
use crate::v1::{WatchDeliveriesRequest, WatchDeliveriesResponse};

type Messages = Streaming<WatchDeliveriesResponse>;
type Opening = dyn Future<Output = Result<Response<Messages>, Status>> + Send;

/// Every change of deliveries, each once and in order, across disconnects. It is a [`Stream`], and
/// has [`Watch::next`].
///
/// It gives updates and `snapshot_complete`; heartbeats only move the token. Where the stream ends,
/// the connection is cut or the service says that it is slow or leaving (UNAVAILABLE,
/// `WATCH_TOO_SLOW`), it is opened again after the last message that was dealt with: when the
/// server says, or after a random wait of at most 100 ms, doubling to 10 s. A message counts as
/// dealt with when the next one is asked for. Any other error is given, and is the end:
/// `RESUME_TOKEN_EXPIRED` means that the deliveries are to be listed, and watched from the list's
/// `watch_token`.
///
/// A revision that is not above the last seen of its delivery is left out; 100,000 deliveries are
/// remembered for it. Until `snapshot_complete` there is no token: a snapshot that is cut begins
/// anew.
///
/// Dropping it ends it; a [`WatchCloser`] does so from elsewhere.
pub struct Watch {
    query: DeliveryQueryClient<Calls>,
    /// With the last token that counts.
    request: WatchDeliveriesRequest,
    /// The token of the message that was given last.
    given: Option<String>,
    revisions: Revisions,
    backoff: Backoff,
    state: State,
    closer: CancellationToken,
    closed: Pin<Box<WaitForCancellationFutureOwned>>,
}

enum State {
    Idle,
    Opening(Pin<Box<Opening>>),
    Reading(Box<Messages>),
    Waiting(Pin<Box<Sleep>>),
    Ended,
}

/// Ends a [`Watch`] from another task or thread.
#[derive(Clone, Debug)]
pub struct WatchCloser(CancellationToken);

impl WatchCloser {
    /// Ends the watch at once: whoever waits for its next message gets `None`.
    pub fn close(&self) {
        self.0.cancel();
    }
}

impl Watch {
    pub(crate) fn new(query: DeliveryQueryClient<Calls>, request: WatchDeliveriesRequest) -> Self {
        let closer = CancellationToken::new();
        Self {
            query,
            request,
            given: None,
            revisions: Revisions::default(),
            backoff: Backoff::of_streams(),
            state: State::Idle,
            closed: Box::pin(closer.clone().cancelled_owned()),
            closer,
        }
    }

    /// The next message; `None` after the end: it was closed, or gave an error.
    ///
    /// What was given before counts as dealt with. It may be dropped before it is ready.
    pub async fn next(&mut self) -> Option<Result<WatchDeliveriesResponse, Status>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The token of the last message that was dealt with, to be stored and given to another watch;
    /// `None` before `snapshot_complete`, or the first message.
    #[must_use]
    pub fn resume_token(&self) -> Option<&str> {
        Some(self.request.resume_token.as_str()).filter(|token| !token.is_empty())
    }

    /// What ends it from elsewhere.
    #[must_use]
    pub fn closer(&self) -> WatchCloser {
        WatchCloser(self.closer.clone())
    }

    fn open(&self) -> State {
        let mut query = self.query.clone();
        let request = self.request.clone();
        State::Opening(Box::pin(async move { query.watch_deliveries(request).await }))
    }

    /// What comes after the stream has ended so.
    ///
    /// # Errors
    /// Where opening it again would not help.
    fn resume(&mut self, end: Result<(), Status>) -> Result<State, Status> {
        let wait = self.backoff.next(resumption(end)?, chance());
        Ok(State::Waiting(Box::pin(tokio::time::sleep(wait))))
    }

    /// The message, where it tells something; its token counts once the next is asked for. Of one
    /// that does not, it counts now.
    fn take(&mut self, message: WatchDeliveriesResponse) -> Option<WatchDeliveriesResponse> {
        self.backoff.reset();
        let token = message.resume_token.clone();
        let tells = match &message.message {
            Some(Message::Update(update)) => update
                .delivery
                .as_ref()
                .is_some_and(|found| self.revisions.is_new(&found.delivery_id, found.revision)),
            Some(Message::SnapshotComplete(_)) => true,
            Some(Message::Heartbeat(_)) | None => false,
        };
        if tells {
            self.given = Some(token);
            return Some(message);
        }
        self.settle(token);
        None
    }

    fn settle(&mut self, token: String) {
        // Within a snapshot there is none: what counted before goes on counting.
        if !token.is_empty() {
            self.request.resume_token = token;
        }
    }
}

impl Stream for Watch {
    type Item = Result<WatchDeliveriesResponse, Status>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let watch = self.get_mut();
        if let Some(token) = watch.given.take() {
            watch.settle(token);
        }
        if watch.closed.as_mut().poll(context).is_ready() {
            watch.state = State::Ended;
        }
        loop {
            let end = match &mut watch.state {
                State::Ended => return Poll::Ready(None),
                State::Idle => {
                    watch.state = watch.open();
                    continue;
                }
                State::Waiting(sleep) => {
                    ready!(sleep.as_mut().poll(context));
                    watch.state = State::Idle;
                    continue;
                }
                State::Opening(opening) => match ready!(opening.as_mut().poll(context)) {
                    Ok(response) => {
                        watch.state = State::Reading(Box::new(response.into_inner()));
                        continue;
                    }
                    Err(error) => Err(error),
                },
                State::Reading(messages) => {
                    match ready!(Pin::new(messages.as_mut()).poll_next(context)) {
                        Some(Ok(message)) => match watch.take(message) {
                            Some(message) => return Poll::Ready(Some(Ok(message))),
                            None => continue,
                        },
                        Some(Err(error)) => Err(error),
                        None => Ok(()),
                    }
                }
            };
            match watch.resume(end) {
                Ok(state) => watch.state = state,
                Err(error) => {
                    watch.state = State::Ended;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }
}
