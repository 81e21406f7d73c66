//! One delivery: sign and send it, judge what came back, record the verdict. A test of an endpoint
//! is sent the same way, and neither judged nor recorded.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::Either;
use tokio::time::{Instant, timeout};

use super::mishaps::Mishaps;
use super::suspension::settle;
use crate::domain::attempt::{Attempt, Outcome, Timing, Trigger};
use crate::domain::clock::Clock;
use crate::domain::delivery::{LeasedDelivery, Verdict, judge};
use crate::domain::endpoint::{Endpoint, GONE_REASON};
use crate::domain::event::TestEvent;
use crate::domain::id::{AttemptId, DeliveryId};
use crate::domain::random::Random;
use crate::domain::retry::RetrySchedule;
use crate::domain::trace_parent::TraceParent;
use crate::failpoint;
use crate::store::queue::Queue;
use crate::store::record::Recorded;
use crate::store::room::{Sign, Slot};
use crate::telemetry::metrics::Phases;
use crate::telemetry::traces::{AttemptOf, AttemptSpan, Traces};
use crate::webhook::{Sender, Webhook};

/// How long an answer may take before the request leaves the lane of those that are answered
/// quickly.
const SLOW_AFTER: Duration = Duration::from_secs(1);
/// How long recording is tried again while the database does not answer; meanwhile the lease is
/// extended as soon as that is possible.
const RECORD_PATIENCE: Duration = Duration::from_mins(10);
/// How long to wait between two tries.
const RECORD_RETRY_WAIT: Duration = Duration::from_millis(200);

/// What every delivery needs, beside itself.
pub struct Deliverer {
    /// Where outcomes are recorded.
    pub queue: Arc<Queue>,
    /// What sends.
    pub sender: Arc<dyn Sender>,
    /// How it is sent where the endpoint does not say.
    pub defaults: DeliveryDefaults,
    /// Stamps attempts.
    pub clock: Arc<dyn Clock>,
    /// Makes ids and jitter.
    pub random: Arc<dyn Random>,
    /// Counts panics and late outcomes.
    pub mishaps: Mishaps,
    /// Makes spans of attempts.
    pub traces: Traces,
}

/// How deliveries are made to endpoints that do not say otherwise.
#[derive(Clone, Debug)]
pub struct DeliveryDefaults {
    /// When to try again. Default: 30 s, 5 min, 30 min.
    pub retry_schedule: RetrySchedule,
    /// How long a receiver may take to acknowledge. Default 5 s, 1-30 s.
    pub request_timeout: Duration,
}

/// What one attempt sends, beside what its endpoint adds.
struct Sending<'a> {
    event_type: &'a str,
    event_id: &'a str,
    delivery_id: DeliveryId,
    number: u32,
    trigger: Trigger,
    trace_parent: &'a TraceParent,
    body: &'a Bytes,
    swaps_signatures: bool,
}

impl Deliverer {
    /// Makes one attempt of a leased delivery and records what it made of it. The last of the room
    /// is given back only then, so that outcomes that wait for the database are bounded too.
    ///
    /// A panic costs this delivery alone: its room is given back at once, and its lease runs out.
    /// Claims are counted, so that one that panics each time is given up in the end.
    pub async fn deliver(&self, leased: LeasedDelivery, slot: Slot) {
        let delivery_id = leased.delivery.delivery_id;
        // Whole after a panic: what a delivery shares with others is behind locks of the store's.
        let delivered = AssertUnwindSafe(self.attempt_and_record(leased, slot)).catch_unwind();
        if delivered.await.is_err() {
            self.mishaps.panicked(delivery_id);
        }
    }

    async fn attempt_and_record(&self, leased: LeasedDelivery, mut slot: Slot) {
        failpoint::hit("send.before");
        let attempt = self.attempt(&leased, &mut slot).await;
        failpoint::hit("send.after");
        slot.answered(sign_of(&attempt));
        self.count(&leased, &attempt);
        let config = &leased.target.config;
        let schedule = config.retry_schedule.as_ref().unwrap_or(&self.defaults.retry_schedule);
        let verdict = judge(&leased, attempt, schedule, self.clock.now(), &*self.random);
        let recorded = self.record(verdict).await;
        drop(slot);
        if recorded == Some(Recorded::EndpointSuspended) {
            let target = &leased.target;
            settle(&self.queue, &target.account_id, target.endpoint_id, GONE_REASON).await;
        }
    }

    /// Sends a sample to an endpoint, whatever its state: one attempt of a delivery that does not
    /// exist.
    pub async fn test(&self, target: &Endpoint, event: &TestEvent) -> Attempt {
        let sending = Sending {
            event_type: event.event_type.as_str(),
            event_id: &event.event_id.to_string(),
            delivery_id: DeliveryId::new(self.clock.now(), &*self.random),
            number: 1,
            trigger: Trigger::Test,
            trace_parent: &event.trace_parent,
            body: &event.payload,
            swaps_signatures: false,
        };
        self.send(target, sending, None).await
    }

    async fn attempt(&self, leased: &LeasedDelivery, slot: &mut Slot) -> Attempt {
        let delivery = &leased.delivery;
        let sending = Sending {
            event_type: &delivery.event_type,
            event_id: &delivery.event_id.to_string(),
            delivery_id: delivery.delivery_id,
            number: delivery.attempt_count + 1,
            trigger: leased.schedule_start.trigger,
            trace_parent: &leased.trace_parent,
            body: &leased.payload,
            swaps_signatures: leased.swaps_signatures,
        };
        self.send(&leased.target, sending, Some(slot)).await
    }

    async fn send(
        &self,
        target: &Endpoint,
        sending: Sending<'_>,
        slot: Option<&mut Slot>,
    ) -> Attempt {
        let start_time = self.clock.now();
        let config = &target.config;
        let span = self.span(target, &sending);
        let of_span = span.as_ref().and_then(|span| span.traceparent().parse().ok());
        let webhook = Webhook {
            url: &config.url,
            headers: &config.headers,
            secrets: target.open_secrets().signing_at(start_time, sending.swaps_signatures),
            event_type: sending.event_type,
            event_id: sending.event_id,
            delivery_id: sending.delivery_id,
            attempt: sending.number,
            trace_parent: of_span.as_ref().unwrap_or(sending.trace_parent),
            body: sending.body.clone(),
            sent_at: start_time,
        };
        let patience = config.request_timeout.unwrap_or(self.defaults.request_timeout);
        let posting = self.sender.post(&webhook, deadline_in(patience));
        let mut posting = pin!(match &span {
            Some(span) => Either::Left(span.run(posting)),
            None => Either::Right(posting),
        });
        let exchange = if let Ok(exchange) = timeout(SLOW_AFTER, &mut posting).await {
            exchange
        } else {
            if let Some(slot) = slot {
                slot.is_slow();
            }
            posting.await
        };
        let status = exchange.response.as_ref().map(|response| response.status);
        let outcome = exchange.outcome.name();
        self.queue.metrics().request(status, outcome, &phases_of(&exchange.timing));
        if let Some(span) = span {
            span.end(outcome, status);
        }
        Attempt {
            attempt_id: AttemptId::new(start_time, &*self.random),
            number: sending.number,
            trigger: sending.trigger,
            start_time,
            exchange,
        }
    }

    /// In the trace of the event; `None`: it is not sampled.
    fn span(&self, target: &Endpoint, sending: &Sending<'_>) -> Option<AttemptSpan> {
        let url = &target.config.url;
        self.traces.attempt(AttemptOf {
            parent: sending.trace_parent.as_str(),
            delivery: sending.delivery_id.as_uuid().as_u128(),
            delivery_id: &sending.delivery_id,
            number: sending.number,
            host: url.uri().host().unwrap_or_default(),
            port: url.port(),
        })
    }

    fn count(&self, leased: &LeasedDelivery, attempt: &Attempt) {
        let metrics = self.queue.metrics();
        let endpoint_id = leased.target.endpoint_id;
        let outcome = attempt.exchange.outcome.name();
        metrics.attempt(outcome, endpoint_id.as_uuid().as_u128(), &endpoint_id);
        if attempt.number == 1 {
            metrics.first_attempt(attempt.start_time.since(leased.delivery.create_time));
        }
    }

    /// `None`: it could not be.
    async fn record(&self, verdict: Verdict) -> Option<Recorded> {
        let delivery_id = verdict.delivery.delivery_id;
        let patience = deadline_in(RECORD_PATIENCE);
        let mut may_be_recorded = false;
        loop {
            let error = match self.queue.record(verdict.clone()).await {
                Ok(recorded) => {
                    // A try whose commit was not answered may have given the lease back itself.
                    if recorded == Recorded::LeaseLost && !may_be_recorded {
                        self.mishaps.came_late(delivery_id);
                    }
                    return Some(recorded);
                }
                Err(error) => error,
            };
            may_be_recorded = true;
            if !error.may_pass() || deadline_in(Duration::ZERO) >= patience {
                // The lease runs out and the delivery is made again: repeated, not lost.
                tracing::error!(%delivery_id, %error, "an outcome could not be recorded");
                return None;
            }
            tracing::warn!(%delivery_id, %error, "recording an outcome failed; trying again");
            tokio::time::sleep(RECORD_RETRY_WAIT).await;
        }
    }
}

/// What the end of an attempt says about the endpoint's readiness for more.
fn sign_of(attempt: &Attempt) -> Sign {
    let status = attempt.exchange.response.as_ref().map(|response| response.status);
    match (attempt.exchange.outcome, status) {
        (Outcome::Succeeded, _) => Sign::Acknowledged,
        (Outcome::Timeout | Outcome::Connect | Outcome::Dns | Outcome::Tls, _)
        | (Outcome::HttpStatus, Some(429 | 503)) => Sign::Overrun,
        (Outcome::HttpStatus | Outcome::Protocol | Outcome::Blocked, _) => Sign::None,
    }
}

fn phases_of(timing: &Timing) -> Phases {
    let Timing { total, dns, connect, tls, first_byte } = *timing;
    Phases { dns, connect, tls, first_byte, total }
}

#[expect(clippy::disallowed_methods, reason = "deadlines are monotonic, whatever the clock says")]
fn deadline_in(timeout: Duration) -> Instant {
    Instant::now() + timeout
}
