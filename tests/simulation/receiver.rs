//! Those who are sent to: each endpoint's receiver answers in its manner, and keeps what it got.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bookora_webhooks::domain::attempt::{Exchange, Outcome, Response, Timing};
use bookora_webhooks::domain::id::{DeliveryId, EndpointId};
use bookora_webhooks::domain::retry_after::RetryAfter;
use bookora_webhooks::webhook::{Sender, Webhook};
use tokio::time::Instant;

use super::dice::Dice;
use super::model::Model;
use super::time::now;
use super::trace::{Trace, short};
use super::weather::ReplicaWeather;

/// How a receiver answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// At once.
    Prompt,
    /// Acknowledges after a while, which may be too long.
    Slow,
    /// Fails every other time.
    Flaky,
    /// Says nothing until the deadline.
    Hanging,
    /// Refuses connections.
    Dead,
    /// Acknowledges for a while, then is gone for good: 410.
    Leaving,
    /// Asks to be left alone, now and then: 429 with Retry-After.
    Throttling,
    /// Takes what it is sent, and cuts the connection before its answer, now and then.
    Cutting,
}

impl Manner {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Prompt,
        Self::Slow,
        Self::Flaky,
        Self::Hanging,
        Self::Dead,
        Self::Leaving,
        Self::Throttling,
        Self::Cutting,
    ];
}

/// What one request comes to.
struct Answer {
    after: Duration,
    outcome: Outcome,
    status: Option<u16>,
    retry_after: Option<RetryAfter>,
    /// The receiver took it, whatever the sender learns.
    is_taken: bool,
}

impl Answer {
    fn status(after: Duration, status: u16) -> Self {
        let is_taken = (200..300).contains(&status);
        let outcome = if is_taken { Outcome::Succeeded } else { Outcome::HttpStatus };
        Self { after, outcome, status: Some(status), retry_after: None, is_taken }
    }

    fn failure(after: Duration, outcome: Outcome) -> Self {
        Self { after, outcome, status: None, retry_after: None, is_taken: false }
    }
}

/// What receivers know of a delivery.
#[derive(Default)]
pub struct Received {
    /// When it came first.
    pub first: Option<Instant>,
    /// How often it came.
    pub requests: u64,
    /// How often it was taken.
    pub taken: u64,
    under_way: Vec<UnderWay>,
}

/// A request that has not been answered.
struct UnderWay {
    weather: Arc<ReplicaWeather>,
    until: Instant,
}

/// All receivers.
pub struct Receivers {
    pub model: Arc<Model>,
    pub manners: BTreeMap<EndpointId, Manner>,
    pub dice: Arc<Dice>,
    pub trace: Arc<Trace>,
    received: Mutex<BTreeMap<DeliveryId, Received>>,
}

impl Receivers {
    /// Those of these endpoints, which have got nothing yet.
    pub fn new(
        model: Arc<Model>,
        manners: BTreeMap<EndpointId, Manner>,
        dice: Arc<Dice>,
        trace: Arc<Trace>,
    ) -> Arc<Self> {
        Arc::new(Self { model, manners, dice, trace, received: Mutex::default() })
    }

    /// What they know.
    pub fn received(&self) -> MutexGuard<'_, BTreeMap<DeliveryId, Received>> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, manner: Manner, attempt: u32) -> Answer {
        let dice = &self.dice;
        let soon = dice.millis(2, 80);
        match manner {
            Manner::Slow => Answer::status(dice.millis(100, 5_500), 204),
            Manner::Flaky if dice.chance(500) => {
                let outcome = [Outcome::Connect, Outcome::Tls, Outcome::Protocol, Outcome::Dns];
                Answer::failure(soon, *dice.pick(&outcome))
            }
            Manner::Flaky if dice.chance(300) => Answer::status(soon, *dice.pick(&[302, 401, 500])),
            Manner::Hanging => Answer::failure(Duration::MAX, Outcome::Timeout),
            Manner::Dead => Answer::failure(soon, Outcome::Connect),
            Manner::Leaving if dice.chance(150) => Answer::status(soon, 410),
            Manner::Throttling if attempt == 1 && dice.chance(300) => {
                let asked = Duration::from_secs(dice.between(1, 20));
                let retry_after = Some(RetryAfter::Delay(asked));
                Answer { retry_after, ..Answer::status(soon, *dice.pick(&[429, 503])) }
            }
            Manner::Cutting if dice.chance(300) => {
                Answer { is_taken: true, ..Answer::failure(soon, Outcome::Connect) }
            }
            _ => Answer::status(soon, 200),
        }
    }

    /// A request has come: is that as it must be?
    fn check(&self, webhook: &Webhook<'_>, weather: &Arc<ReplicaWeather>, until: Instant) {
        let id = webhook.delivery_id;
        let mut state = self.model.state();
        let row = state.rows.deliveries.get(&id);
        let event = row.and_then(|row| state.rows.events.get(&row.delivery.event_id));
        let mut broken = Vec::new();
        match event {
            None => broken.push(format!("{id}: is sent before it is committed")),
            Some(event) if event.event.payload != webhook.body => {
                broken.push(format!("{id}: other bytes are sent than were stored"));
            }
            Some(_) => {}
        }
        let mut received = self.received();
        let received = received.entry(id).or_default();
        received.first.get_or_insert(now());
        received.requests += 1;
        received.under_way.retain(|other| other.until > now());
        let is_excused = |other: &UnderWay| other.weather.is_shaken() || weather.is_shaken();
        if received.under_way.iter().any(|other| !is_excused(other)) {
            broken.push(format!("{id}: is sent while it is being sent"));
        }
        received.under_way.push(UnderWay { weather: Arc::clone(weather), until });
        state.broken.extend(broken);
    }
}

/// What one replica sends with.
pub struct ModelSender {
    pub receivers: Arc<Receivers>,
    pub weather: Arc<ReplicaWeather>,
}

#[async_trait]
impl Sender for ModelSender {
    async fn post(&self, webhook: &Webhook<'_>, deadline: Instant) -> Exchange {
        self.weather.pass().await;
        let (receivers, start) = (&self.receivers, now());
        let id = webhook.delivery_id;
        let endpoint_id = {
            let state = receivers.model.state();
            state.rows.deliveries.get(&id).map(|row| row.delivery.endpoint_id)
        };
        let manner = endpoint_id.and_then(|id| receivers.manners.get(&id)).copied();
        let answer = receivers.answer(manner.unwrap_or(Manner::Dead), webhook.attempt);
        let answered = start.checked_add(answer.after).unwrap_or(deadline).min(deadline);
        receivers.check(webhook, &self.weather, answered);
        let numbers = [
            ("replica", self.weather.number),
            ("delivery", short(id.as_uuid())),
            ("attempt", u64::from(webhook.attempt)),
        ];
        receivers.trace.step("a request is sent", &numbers);
        tokio::time::sleep_until(answered).await;
        let is_in_time = answered < deadline;
        if let Some(received) = receivers.received().get_mut(&id)
            && answer.is_taken
        {
            received.taken += 1;
        }
        receivers.trace.step("a request is answered", &numbers);
        self.weather.pass().await;
        let timed_out = Answer::failure(answer.after, Outcome::Timeout);
        exchange(if is_in_time { &answer } else { &timed_out }, now() - start)
    }
}

fn exchange(answer: &Answer, total: Duration) -> Exchange {
    let response = answer.status.map(|status| Response {
        status,
        headers: Vec::new(),
        body: Vec::new(),
        body_truncated: false,
        retry_after: answer.retry_after,
    });
    let is_success = answer.outcome == Outcome::Succeeded;
    Exchange {
        outcome: answer.outcome,
        error_message: (!is_success).then(|| format!("{:?}", answer.outcome)),
        remote_address: None,
        response,
        timing: Timing { total, ..Timing::default() },
    }
}
