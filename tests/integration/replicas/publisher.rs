//! A careful publisher: every event has a key, and is published again, to any replica, until it is
//! acknowledged.

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::event_ingest_client::EventIngestClient;
use bookora_webhooks::proto::publish_event_result::Result as ResultMessage;
use bookora_webhooks::proto::{BatchPublishEventsRequest, PublishEventRequest};
use rand::SeedableRng;
use rand::rngs::StdRng;
use tonic::transport::Channel;

use super::ACCOUNT;
use super::fleet::Addresses;
use crate::deliveries::sample;
use crate::ledger::Ledger;

/// Events of one call.
const BATCH: usize = 10;
/// How long a call may take before it is made again elsewhere.
const CALL_PATIENCE: Duration = Duration::from_secs(10);
/// Between two tries: what keeps a caller from trying in circles while everything is down.
const PAUSE: Duration = Duration::from_millis(20);

/// Publishes to all replicas.
pub struct Publisher {
    /// Where they are.
    pub addresses: Addresses,
    /// Told of what was acknowledged.
    pub ledger: Arc<Mutex<Ledger>>,
}

impl Publisher {
    /// Publishes events, each until it is acknowledged.
    pub async fn publish(&self, numbers: Range<usize>) {
        let mut random = StdRng::seed_from_u64(numbers.start as u64);
        for begin in numbers.clone().step_by(BATCH) {
            let batch: Vec<usize> = (begin..numbers.end.min(begin + BATCH)).collect();
            while self.try_publish(&batch, &mut random).await.is_none() {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// `None`: not all of it was acknowledged, as far as is known.
    async fn try_publish(&self, numbers: &[usize], random: &mut StdRng) -> Option<()> {
        let channel = self.addresses.connect_any(random).await?;
        let results = publish_keyed(channel, numbers).await?;
        for (number, result) in numbers.iter().zip(results) {
            match result {
                ResultMessage::Published(published) => {
                    let mut ledger = self.ledger.lock().expect("nobody panicked");
                    ledger.acknowledge(&published, *number);
                }
                ResultMessage::Error(error) => {
                    assert_eq!(error.code, tonic::Code::Unavailable as i32, "{error:?}");
                    return None;
                }
            }
        }
        Some(())
    }
}

async fn publish_keyed(channel: Channel, numbers: &[usize]) -> Option<Vec<ResultMessage>> {
    let keyed = |number: &usize| PublishEventRequest {
        idempotency_key: format!("event {number}"),
        ..sample(ACCOUNT, EventType::BookingCreated)
    };
    let request = BatchPublishEventsRequest { requests: numbers.iter().map(keyed).collect() };
    let mut ingest = EventIngestClient::new(channel);
    let called = tokio::time::timeout(CALL_PATIENCE, ingest.batch_publish_events(request)).await;
    let results = called.ok()?.ok()?.into_inner().results;
    Some(results.into_iter().map(|result| result.result.expect("each has one")).collect())
}
