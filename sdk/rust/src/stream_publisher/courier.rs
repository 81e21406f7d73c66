//! The task of a publisher: it keeps a stream open, and everything that has no result.

use std::collections::VecDeque;

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::{Settled, StreamPublisherOptions};
use crate::client::{Backoff, Calls, chance};
use crate::error_details::{item_error, resumption};
use crate::v1::event_ingest_client::EventIngestClient;
use crate::v1::publish_event_result::Result as Outcome;
use crate::v1::{PublishEventResponse, StreamPublishEventsRequest, StreamPublishEventsResponse};

/// An event, who waits for its result, and its place among those that are outstanding.
pub struct Item {
    pub request: StreamPublishEventsRequest,
    pub answer: oneshot::Sender<Result<PublishEventResponse, Status>>,
    pub _place: OwnedSemaphorePermit,
}

/// What carries the events.
pub struct Courier {
    ingest: EventIngestClient<Calls>,
    items: mpsc::UnboundedReceiver<Item>,
    /// Sent, or to be sent with the next stream; the oldest first. Its number is bounded by the
    /// places.
    outstanding: VecDeque<Item>,
    settling: watch::Sender<Settled>,
    backoff: Backoff,
    options: StreamPublisherOptions,
    /// When the first that is outstanding, or the last result, came.
    heard_at: Instant,
}

/// How a stream ended.
enum End {
    /// Nothing is outstanding, and nothing more will be handed in.
    Done,
    /// With a status, or (`Ok`) without.
    Broken(Result<(), Status>),
}

impl Courier {
    pub fn new(
        ingest: EventIngestClient<Calls>,
        items: mpsc::UnboundedReceiver<Item>,
        settling: watch::Sender<Settled>,
        options: StreamPublisherOptions,
    ) -> Self {
        Self {
            ingest,
            items,
            outstanding: VecDeque::new(),
            settling,
            backoff: Backoff::of_streams(),
            options,
            heard_at: now(),
        }
    }

    /// Carries until everything is settled and no more will come, or it has to be given up.
    pub async fn run(mut self) {
        // A stream is opened for something only.
        while self.has_more().await {
            let given_up = match self.carry().await {
                Ok(End::Done) => return,
                Ok(End::Broken(end)) => self.pause(end).await.err(),
                Err(given_up) => Some(given_up),
            };
            if let Some(failure) = given_up {
                return self.give_up(&failure);
            }
        }
    }

    async fn has_more(&mut self) -> bool {
        if self.outstanding.is_empty() {
            match self.items.recv().await {
                Some(item) => self.keep(item),
                None => return false,
            }
        }
        true
    }

    fn keep(&mut self, item: Item) {
        if self.outstanding.is_empty() {
            self.heard_at = now();
        }
        self.outstanding.push_back(item);
    }

    /// Opens a stream, sends everything that is outstanding and what comes, and takes the results.
    ///
    /// # Errors
    /// When it has to be given up.
    async fn carry(&mut self) -> Result<End, Status> {
        let (requests, sending) = mpsc::channel(self.options.outstanding_max);
        for item in &self.outstanding {
            requests.try_send(item.request.clone()).expect("there are as many places");
        }
        let opening = self.ingest.stream_publish_events(ReceiverStream::new(sending));
        let patience = tokio::time::sleep_until(self.heard_at + self.options.patience);
        let opened = tokio::select! {
            opened = opening => opened,
            () = patience => return Err(self.silence()),
        };
        match opened {
            Err(error) => Ok(End::Broken(Err(error))),
            Ok(response) => self.exchange(requests, response.into_inner()).await,
        }
    }

    async fn exchange(
        &mut self,
        requests: mpsc::Sender<StreamPublishEventsRequest>,
        mut results: Streaming<StreamPublishEventsResponse>,
    ) -> Result<End, Status> {
        let mut takes_more = true;
        loop {
            if !takes_more && self.outstanding.is_empty() {
                drop(requests);
                self.see_off(results).await;
                return Ok(End::Done);
            }
            let patience = tokio::time::sleep_until(self.heard_at + self.options.patience);
            tokio::select! {
                result = results.message() => match result {
                    Ok(Some(result)) => self.settle(result),
                    Ok(None) => return Ok(End::Broken(Ok(()))),
                    Err(error) => return Ok(End::Broken(Err(error))),
                },
                item = self.items.recv(), if takes_more => match item {
                    Some(item) => {
                        // A stream that takes none any more says so in its results.
                        let _ = requests.try_send(item.request.clone());
                        self.keep(item);
                    }
                    None => takes_more = false,
                },
                () = patience, if !self.outstanding.is_empty() => return Err(self.silence()),
            }
        }
    }

    /// Waits for the server's end of a stream of which everything is on disk: however it ends, it
    /// is done.
    async fn see_off(&self, mut results: Streaming<StreamPublishEventsResponse>) {
        let _ = tokio::time::timeout(self.options.patience, results.message()).await;
    }

    /// Gives the oldest event its result.
    fn settle(&mut self, response: StreamPublishEventsResponse) {
        let Some(item) = self.outstanding.pop_front() else { return };
        self.backoff.reset();
        self.heard_at = now();
        let result = match response.result.and_then(|result| result.result) {
            Some(Outcome::Published(published)) => Ok(published),
            Some(Outcome::Error(error)) => Err(item_error(&error)),
            None => Err(Status::internal("the server's result says nothing")),
        };
        // Who does not wait for it does not want it.
        let _ = item.answer.send(result);
        self.settling.send_modify(|settled| settled.count += 1);
    }

    /// Waits before another stream.
    ///
    /// # Errors
    /// Where another would not help.
    async fn pause(&mut self, end: Result<(), Status>) -> Result<(), Status> {
        let wait = self.backoff.next(resumption(end)?, chance());
        if !self.outstanding.is_empty() && now() + wait > self.heard_at + self.options.patience {
            return Err(self.silence());
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }

    fn silence(&self) -> Status {
        let seconds = self.options.patience.as_secs();
        Status::unavailable(format!("no result has come for {seconds} s: the stream is given up"))
    }

    /// Fails everything, also what will be handed in.
    fn give_up(mut self, failure: &Status) {
        self.settling.send_modify(|settled| settled.failure = Some(failure.clone()));
        self.items.close();
        for item in self.outstanding.drain(..) {
            let _ = item.answer.send(Err(failure.clone()));
        }
        while let Ok(item) = self.items.try_recv() {
            let _ = item.answer.send(Err(failure.clone()));
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "silence is measured")]
fn now() -> Instant {
    Instant::now()
}
