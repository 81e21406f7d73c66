//! More publishers than the service takes: what it takes, it does as fast as before.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::event_ingest_client::EventIngestClient;
use tokio::task::JoinSet;
use tonic::Code;

use crate::caller::ACCOUNT;
use crate::deliveries::sample;
use crate::service::Service;

/// As many as a connection has calls at once.
const CALLERS_PER_CONNECTION: usize = 100;
/// How long each load lasts, and how often the two take turns: whatever else the machine does meets
/// both.
const LOAD_TIME: Duration = Duration::from_secs(2);
const TURNS: usize = 3;

/// Publishes from so many callers at once, for a while: how many were stored, and how many refused.
/// Callers that are refused wait as they are told.
async fn publish(service: &Service, callers: usize) -> (u64, u64) {
    let (stored, refused) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut publishing = JoinSet::new();
    for begun in (0..callers).step_by(CALLERS_PER_CONNECTION) {
        let channel = service.channel().await;
        for _ in 0..CALLERS_PER_CONNECTION.min(callers - begun) {
            let mut ingest = EventIngestClient::new(channel.clone());
            let (stored, refused) = (Arc::clone(&stored), Arc::clone(&refused));
            publishing.spawn(async move {
                loop {
                    let event = sample(ACCOUNT, EventType::LeadQualified);
                    match ingest.publish_event(event).await {
                        Ok(_) => stored.fetch_add(1, Ordering::Relaxed),
                        Err(status) => {
                            assert_eq!(status.code(), Code::Unavailable, "{status:?}");
                            let pushback = status.metadata().get("grpc-retry-pushback-ms").unwrap();
                            let pushback = pushback.to_str().unwrap().parse().unwrap();
                            tokio::time::sleep(Duration::from_millis(pushback)).await;
                            refused.fetch_add(1, Ordering::Relaxed)
                        }
                    };
                }
            });
        }
    }
    tokio::time::sleep(LOAD_TIME).await;
    let counted = (stored.load(Ordering::Relaxed), refused.load(Ordering::Relaxed));
    publishing.shutdown().await;
    counted
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overload_keeps_the_rate_at_which_events_are_stored() {
    let service = Service::start(&[]);
    publish(&service, 16).await;
    let (mut within, mut beyond, mut refused) = (0, 0, 0);
    for _ in 0..TURNS {
        within += publish(&service, 128).await.0;
        let (stored, turned_away) = publish(&service, 1_024).await;
        beyond += stored;
        refused += turned_away;
    }
    println!("stored: {within} of 128 callers; {beyond} of 1,024, with {refused} told to wait");
    assert!(refused > 0, "it is overloaded");
    assert!(2 * beyond >= within, "{beyond} of 1,024 callers and {within} of 128");
}
