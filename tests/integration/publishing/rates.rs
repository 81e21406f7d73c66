//! How fast the three ways of publishing are beside each other; what they reach is printed.

use std::time::Duration;

use bookora_webhooks::domain::clock::{Clock, SystemClock};
use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::{BatchPublishEventsRequest, StreamPublishEventsRequest};

use super::PublishStream;
use crate::caller::{ACCOUNT, Caller};
use crate::deliveries::sample;
use crate::service::Service;

/// Events of each way: enough that starting does not count.
const EVENTS: usize = 3_000;
/// Events of a batch.
const BATCH: usize = 100;

#[expect(clippy::cast_precision_loss, reason = "a rate is shown")]
fn rate(took: Duration) -> f64 {
    EVENTS as f64 / took.as_secs_f64()
}

#[tokio::test]
async fn one_stream_is_faster_than_one_call_after_the_other() {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let event = || sample(ACCOUNT, EventType::BookingCreated);
    let clock = SystemClock::new();
    let start = clock.monotonic();
    for _ in 0..EVENTS {
        caller.publish(event()).await;
    }
    let single = rate(clock.monotonic().saturating_sub(start));

    let start = clock.monotonic();
    for _ in 0..EVENTS / BATCH {
        let request = BatchPublishEventsRequest { requests: vec![event(); BATCH] };
        caller.ingest.batch_publish_events(request).await.expect("they are published");
    }
    let batch = rate(clock.monotonic().saturating_sub(start));

    let mut stream = PublishStream::open(&service).await;
    let requests = stream.requests.clone();
    let start = clock.monotonic();
    let sending = async move {
        for _ in 0..EVENTS {
            let request = StreamPublishEventsRequest { request: Some(event()) };
            requests.send(request).await.expect("the stream goes on");
        }
    };
    let reading = async {
        for _ in 0..EVENTS {
            stream.published().await;
        }
    };
    tokio::join!(sending, reading);
    let streamed = rate(clock.monotonic().saturating_sub(start));
    println!(
        "events/s: {single:.0} one by one, {batch:.0} in batches of {BATCH}, {streamed:.0} in one stream"
    );
    assert!(streamed > single, "a stream shares commits");
}
