//! Those who publish: each batch until it is acknowledged, by whichever replica, with the same
//! idempotency keys.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bookora_webhooks::domain::account::AccountId;
use bookora_webhooks::domain::clock::Clock;
use bookora_webhooks::domain::event::{EventType, NewEvent};
use bookora_webhooks::domain::id::EventId;
use bookora_webhooks::domain::random::{Random, SeededRandom};
use bookora_webhooks::domain::trace_parent::TraceParent;
use bookora_webhooks::store::error::StoreError;
use bookora_webhooks::store::publish::Published;
use tokio::time::timeout;

use super::trace::short;
use super::world::World;

/// How long a caller waits for an answer.
const CALL_PATIENCE: Duration = Duration::from_secs(20);

/// What was acknowledged: each event, with how many deliveries it has.
#[derive(Default)]
pub struct Ledger(Mutex<BTreeMap<EventId, u32>>);

impl Ledger {
    /// All of it.
    pub fn acknowledged(&self) -> MutexGuard<'_, BTreeMap<EventId, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Publishes so many batches.
pub async fn publish(world: Arc<World>, publisher: u64, batches: u64) {
    let random = SeededRandom::new(world.dice.below(u64::MAX));
    for batch in 0..batches {
        tokio::time::sleep(world.dice.millis(0, 3_000)).await;
        let size = world.dice.between(1, world.plan.batch_max);
        let account = account(world.dice.pick(&world.plan.endpoints).1);
        let keys: Vec<_> = (0..size).map(|at| format!("p{publisher}-{batch}-{at}")).collect();
        loop {
            match try_publish(&world, &random, &account, &keys).await {
                Ok(()) => break,
                Err(error) => {
                    let name = if error.is_some() { "a publish fails" } else { "a publish hangs" };
                    world.trace.step(name, &[("publisher", publisher), ("batch", batch)]);
                    tokio::time::sleep(world.dice.millis(50, 2_000)).await;
                }
            }
        }
        world.trace.step("a batch is acknowledged", &[("publisher", publisher), ("batch", batch)]);
    }
}

/// An account of the simulation.
pub fn account(number: u64) -> AccountId {
    format!("acct_{number}").parse().expect("it is allowed")
}

async fn try_publish(
    world: &World,
    random: &SeededRandom,
    account: &AccountId,
    keys: &[String],
) -> Result<(), Option<StoreError>> {
    let queue = world.any_queue().ok_or(None)?;
    let random: &dyn Random = random;
    let now = world.clock.now();
    let event = |key: &String| {
        let event_id = EventId::new(now, random);
        NewEvent {
            event_id,
            account_id: account.clone(),
            event_type: EventType::LeadQualified.into(),
            idempotency_key: Some(key.parse().expect("it is a key")),
            create_time: now,
            create_time_given: false,
            // The id as it is rendered; what has to be the same each time comes behind it.
            payload: format!("{{\"id\":\"{event_id}\",\"data\":\"{key}\"}}").into(),
            trace_parent: TraceParent::new(random),
            validate_only: false,
        }
    };
    let events: Vec<_> = keys.iter().map(event).collect();
    let is_stream = world.dice.chance(200);
    let publish = async {
        if is_stream {
            let mut published = Vec::new();
            for event in events {
                published.push(queue.publish_later(event).await?.wait().await?);
            }
            Ok(published)
        } else {
            queue.publish(events).await
        }
    };
    let published = timeout(CALL_PATIENCE, publish).await.map_err(|_| None)?.map_err(Some)?;
    for published in published {
        note(world, &published);
    }
    Ok(())
}

/// An acknowledgement: what it says must be there.
fn note(world: &World, published: &Published) {
    let mut state = world.model.state();
    let Published::Stored { event_id, delivery_count, .. } = published else {
        state.broken.push(format!("a publish was answered {published:?}"));
        return;
    };
    match state.rows.events.get(event_id) {
        Some(row) if row.delivery_count == *delivery_count => {}
        _ => state.broken.push(format!("{event_id}: is acknowledged and not stored so")),
    }
    world.trace.step("an event is acknowledged", &[("event", short(event_id.as_uuid()))]);
    world.ledger.acknowledged().insert(*event_id, *delivery_count);
}
