//! Publishing: the event, one delivery for each subscribed endpoint, and one log row for each
//! delivery, in one transaction; many publishes in one commit.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};
use tokio::sync::mpsc;

use super::changes::ChangeLog;
use super::database::in_time;
use super::database::session::Transaction;
use super::doubts::Doubts;
use super::entity::events;
use super::error::StoreError;
use super::group_commit::{Pending, answer_group};
use super::lease::LeaseTerms;
use super::peers::Peers;
use super::room::{Room, Slot};
use super::row;
use super::tables::{NewDelivery, NewRows, Tables};
use super::wakeup::{DueEndpoint, Wakeup};
use crate::domain::account::AccountId;
use crate::domain::clock::{Clock, Timestamp};
use crate::domain::delivery::{Delivery, DeliveryState, LeasedDelivery, ScheduleStart};
use crate::domain::endpoint::{Addressee, Target};
use crate::domain::event::NewEvent;
use crate::domain::id::{DeliveryId, EndpointId, EventId, LeaseToken};
use crate::domain::payload::data_of;
use crate::domain::random::Random;
use crate::failpoint;
use crate::telemetry::metrics::{Metrics, PublishedEvents};

/// Weight of what is written in one transaction before the next begins: of so many events the
/// commit's cost disappears, and nobody waits long. A batch of more goes alone.
pub const GROUP_WEIGHT_MAX: usize = 256;
/// Bytes of payload that weigh as much as one event: few events have more, and those that have are
/// few in a transaction.
const WEIGHT_BYTES: usize = 16 * 1024;
/// Times that a group is written, where other replicas store events with the same keys at the same
/// moment.
const WRITES_MAX: u32 = 5;

/// What the events of a publish weigh, in memory and in a transaction: 1 each, and more where they
/// are large; 17 at most.
#[must_use]
pub fn weight(events: &[NewEvent]) -> usize {
    events.iter().map(|event| 1 + event.payload.len() / WEIGHT_BYTES).sum()
}

/// What came of one event of a publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Published {
    /// The event is stored: now, or with the same idempotency key and content before.
    Stored {
        /// The stored event's id.
        event_id: EventId,
        /// The stored event's time.
        create_time: Timestamp,
        /// How many deliveries it has.
        delivery_count: u32,
        /// Whether it was stored before.
        duplicate: bool,
    },
    /// It was only asked for; nothing was stored.
    Valid {
        /// The time that the event would have.
        create_time: Timestamp,
        /// How many deliveries it would have.
        delivery_count: u32,
    },
    /// The idempotency key belongs to an event with other content; nothing was stored.
    KeyReused {
        /// That event.
        event_id: EventId,
    },
}

/// A delivery that was born leased, with the room that was taken for it.
pub struct Handed {
    /// What to send.
    pub leased: LeasedDelivery,
    /// Room for its request.
    pub slot: Slot,
}

/// What a publish needs beside the events.
pub(super) struct Publisher {
    /// Where it is written.
    pub tables: Arc<dyn Tables>,
    /// Room for what can be sent at once.
    pub room: Arc<Room>,
    /// Told of what cannot.
    pub wakeup: Arc<Wakeup>,
    /// Told of what cannot, too.
    pub peers: Arc<Peers>,
    /// Told of each commit.
    pub change_log: Arc<ChangeLog>,
    /// Has as many places as there is room: it is never full.
    pub handed: mpsc::Sender<Handed>,
    /// Told of leases where it is not known whether they were committed.
    pub doubts: Arc<Doubts>,
    /// Counts what is stored.
    pub metrics: Metrics,
    /// How long a lease lasts.
    pub lease_terms: LeaseTerms,
    /// Stamps rows.
    pub clock: Arc<dyn Clock>,
    /// Makes ids and lease tokens.
    pub random: Arc<dyn Random>,
}

impl Publisher {
    /// Commits a group of publishes and answers each.
    pub async fn commit(&self, group: Vec<Pending<Vec<NewEvent>, Vec<Published>>>) {
        self.metrics.group("publish", group.len());
        let written = || self.metrics.timed("publish", in_time(self.write(&group)));
        let mut answers = written().await;
        for _ in 1..WRITES_MAX {
            if !matches!(answers, Err(StoreError::Conflict(_))) {
                break;
            }
            // Another replica stored an event with one of the keys: it is found this time.
            answers = written().await;
        }
        if let Ok(answers) = &answers {
            self.metrics.published(count(answers.iter().flatten()));
        }
        answer_group(group, answers);
    }

    async fn write(
        &self,
        group: &[Pending<Vec<NewEvent>, Vec<Published>>],
    ) -> Result<Vec<Vec<Published>>, StoreError> {
        let mut transaction = self.tables.begin().await?;
        let all: Vec<_> = group.iter().flat_map(|pending| &pending.write).collect();
        let accounts: Vec<_> = all.iter().map(|event| &event.account_id).collect();
        let now = self.clock.now();
        let mut writing = Writing {
            publisher: self,
            now,
            earlier: transaction.earlier_events(&all).await?,
            targets: transaction.active_targets(&accounts).await?,
            rows: Rows::default(),
        };
        let answers = group
            .iter()
            .map(|pending| pending.write.iter().map(|event| writing.add(event)).collect())
            .collect();
        let Rows { events, deliveries, handed, free } = writing.rows;
        let is_stored = !events.is_empty();
        transaction.insert(NewRows { events, deliveries, now }).await?;
        failpoint::hit("publish.before_commit");
        if let Err(error) = transaction.commit().await {
            self.doubts.add(handed.iter().map(|handed| &handed.leased));
            return Err(error);
        }
        failpoint::hit("publish.after_commit");
        if is_stored {
            self.announce(handed, free, now);
        }
        Ok(answers)
    }

    /// After the commit: what is leased is handed over, what is free is told of.
    fn announce(&self, handed: Vec<Handed>, free: HashMap<EndpointId, Addressee>, now: Timestamp) {
        for delivery in handed {
            // Without a dispatcher (shutting down) the lease runs out or the next start frees it.
            let _ = self.handed.try_send(delivery);
        }
        if !free.is_empty() {
            self.peers.due();
        }
        for addressee in free.into_values() {
            self.wakeup.tell(DueEndpoint { addressee, first_due: now });
        }
        self.change_log.committed();
    }
}

/// What came of the events of a group.
fn count<'a>(answers: impl Iterator<Item = &'a Published>) -> PublishedEvents {
    let mut events = PublishedEvents::default();
    for published in answers {
        match published {
            Published::Stored { duplicate: true, .. } => events.duplicates += 1,
            Published::Stored { delivery_count, .. } => {
                events.stored += 1;
                events.deliveries += u64::from(*delivery_count);
            }
            Published::Valid { .. } => {}
            Published::KeyReused { .. } => events.keys_reused += 1,
        }
    }
    events
}

/// The event that an idempotency key means.
#[derive(Clone, Debug)]
pub struct EarlierEvent {
    /// Its id.
    pub event_id: EventId,
    /// Its type, by name.
    pub event_type: String,
    /// Its time.
    pub create_time: Timestamp,
    /// How many deliveries it has.
    pub delivery_count: u32,
    /// What is sent.
    pub payload: Bytes,
}

impl EarlierEvent {
    fn answer(&self, again: &NewEvent) -> Published {
        let same_time = !again.create_time_given || again.create_time == self.create_time;
        let same = same_time
            && again.event_type.as_str() == self.event_type
            && data_of(&again.payload) == data_of(&self.payload);
        if same {
            Published::Stored {
                event_id: self.event_id,
                create_time: self.create_time,
                delivery_count: self.delivery_count,
                duplicate: true,
            }
        } else {
            Published::KeyReused { event_id: self.event_id }
        }
    }
}

/// An account, and one of its idempotency keys.
pub type IdempotencyOwner = (AccountId, String);

/// A transaction's rows, as they come together.
struct Writing<'a> {
    publisher: &'a Publisher,
    now: Timestamp,
    earlier: HashMap<IdempotencyOwner, EarlierEvent>,
    targets: HashMap<AccountId, Vec<Target>>,
    rows: Rows<'a>,
}

#[derive(Default)]
struct Rows<'a> {
    /// Each with how many deliveries it has.
    events: Vec<(&'a NewEvent, u32)>,
    deliveries: Vec<NewDelivery>,
    handed: Vec<Handed>,
    /// The endpoints with rows that found no room.
    free: HashMap<EndpointId, Addressee>,
}

impl<'a> Writing<'a> {
    fn add(&mut self, event: &'a NewEvent) -> Published {
        let key = event
            .idempotency_key
            .as_ref()
            .map(|key| (event.account_id.clone(), key.as_str().to_owned()));
        if let Some(earlier) = key.as_ref().and_then(|key| self.earlier.get(key)) {
            return earlier.answer(event);
        }
        if event.validate_only {
            let delivery_count = wanting(&self.targets, event).count();
            return Published::Valid {
                create_time: event.create_time,
                delivery_count: u32::try_from(delivery_count).unwrap_or(u32::MAX),
            };
        }
        let delivery_count = self.add_deliveries(event);
        self.rows.events.push((event, delivery_count));
        if let Some(key) = key {
            self.earlier.insert(
                key,
                EarlierEvent {
                    event_id: event.event_id,
                    event_type: event.event_type.to_string(),
                    create_time: event.create_time,
                    delivery_count,
                    payload: event.payload.clone(),
                },
            );
        }
        Published::Stored {
            event_id: event.event_id,
            create_time: event.create_time,
            delivery_count,
            duplicate: false,
        }
    }

    fn add_deliveries(&mut self, event: &NewEvent) -> u32 {
        let mut count = 0;
        for target in wanting(&self.targets, event) {
            count += 1;
            let delivery = self.publisher.new_delivery(event, target, self.now);
            let addressee = Addressee::of(target);
            // What cannot be signed here waits: for another replica, or for its key.
            let slot = match target.secrets {
                Some(_) => self.publisher.room.try_take_new(&addressee),
                None => None,
            };
            if slot.is_none() {
                self.rows.free.insert(target.endpoint_id, addressee);
            }
            let lease = slot.map(|slot| self.publisher.lease(event, target, &delivery, slot));
            let lease_expiry = self.now + self.publisher.lease_terms.duration(target);
            self.rows.push(delivery, lease, lease_expiry);
        }
        count
    }
}

/// The endpoints that subscribe to an event.
fn wanting<'a>(
    targets: &'a HashMap<AccountId, Vec<Target>>,
    event: &'a NewEvent,
) -> impl Iterator<Item = &'a Target> {
    let of_account = targets.get(&event.account_id).map_or(&[][..], Vec::as_slice);
    let name = event.event_type.as_str();
    of_account.iter().filter(move |target| target.config.subscription.wants(name))
}

impl Publisher {
    fn new_delivery(&self, event: &NewEvent, target: &Target, now: Timestamp) -> Delivery {
        Delivery {
            delivery_id: DeliveryId::new(now, &*self.random),
            account_id: event.account_id.clone(),
            event_id: event.event_id,
            event_type: event.event_type.to_string(),
            endpoint_id: target.endpoint_id,
            state: DeliveryState::Pending,
            state_reason: String::new(),
            revision: 1,
            attempt_count: 0,
            next_attempt_time: Some(now),
            create_time: now,
            update_time: now,
        }
    }

    fn lease(&self, event: &NewEvent, target: &Target, delivery: &Delivery, slot: Slot) -> Handed {
        let leased = LeasedDelivery {
            delivery: delivery.clone(),
            schedule_start: ScheduleStart::AT_PUBLISH,
            lease_token: LeaseToken::new(&*self.random),
            payload: event.payload.clone(),
            trace_parent: event.trace_parent.clone(),
            swaps_signatures: false,
            target: Arc::clone(target),
        };
        Handed { leased, slot }
    }
}

impl Rows<'_> {
    fn push(&mut self, delivery: Delivery, lease: Option<Handed>, lease_expiry: Timestamp) {
        let lease_terms = lease.as_ref().map(|handed| (handed.leased.lease_token, lease_expiry));
        self.deliveries.push(NewDelivery { delivery, lease: lease_terms });
        self.handed.extend(lease);
    }
}

/// The events that the idempotency keys of `wanted` mean already.
pub(super) async fn earlier_events(
    transaction: &Transaction,
    wanted: impl Iterator<Item = &NewEvent>,
) -> Result<HashMap<IdempotencyOwner, EarlierEvent>, StoreError> {
    let mut keys: HashMap<&AccountId, Vec<&str>> = HashMap::new();
    for event in wanted {
        if let Some(key) = &event.idempotency_key {
            keys.entry(&event.account_id).or_default().push(key.as_str());
        }
    }
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let mut any = Condition::any();
    for (account, keys) in keys {
        any = any.add(
            Condition::all()
                .add(events::Column::AccountId.eq(account.as_str()))
                .add(events::Column::IdempotencyKey.is_in(keys)),
        );
    }
    let found = events::Entity::find().filter(any).all(transaction).await?;
    found.into_iter().map(earlier_event).collect()
}

fn earlier_event(found: events::Model) -> Result<(IdempotencyOwner, EarlierEvent), StoreError> {
    let event = row::event(found)?;
    let key = event.idempotency_key.ok_or_else(|| row::corrupt("idempotency_key", "missing"))?;
    let earlier = EarlierEvent {
        event_id: event.event_id,
        event_type: event.event_type,
        create_time: event.create_time,
        delivery_count: event.delivery_count,
        payload: event.payload,
    };
    Ok(((event.account_id, key), earlier))
}
