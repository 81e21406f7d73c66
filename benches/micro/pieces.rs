//! What is computed for each event and each request, of 500 bytes.

use bookora_webhooks::domain::clock::Timestamp;
use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::domain::payload::{DataWriter, render};
use bookora_webhooks::domain::random::SystemRandom;
use bookora_webhooks::domain::secret::Secret;
use bookora_webhooks::webhook::signature::{bookora_signature, standard_signature};
use bytes::Bytes;
use divan::{Bencher, black_box};
use prost_types::Timestamp as ProtoTimestamp;

const TIME: Timestamp = Timestamp::from_unix_nanos(1_796_115_600_000_000_000);

#[divan::bench]
fn body_writer() -> Bytes {
    body()
}

/// Both headers of a request.
#[divan::bench]
fn signature(bencher: Bencher) {
    let (secret, body) = (Secret::generate(&SystemRandom), body());
    bencher.bench(|| {
        let (secret, body) = (black_box(&secret), black_box(&body));
        let standard = standard_signature(secret, "evt_01m8esc6cseftb337h1f9tqqfy", 1, body);
        (bookora_signature(secret, body), standard)
    });
}

fn body() -> Bytes {
    let time = |seconds| ProtoTimestamp { seconds, nanos: 0 };
    let data = DataWriter::new()
        .string("booking_id", black_box("0000000001-1796115600000000000"))
        .string("customer_id", "cus_1")
        .string("customer_name", "Zoë Baker")
        .string("service", &"m".repeat(200))
        .time("start_time", &time(1_796_115_600))
        .time("end_time", &time(1_796_119_200))
        .number("price", 150.0)
        .expect("it is finite")
        .finish();
    let event_type = EventType::BookingCreated.into();
    render(&event_type, "evt_01m8esc6cseftb337h1f9tqqfy", TIME, &data).expect("it is short")
}
