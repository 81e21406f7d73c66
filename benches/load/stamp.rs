//! What is written into each event: its number, and when it was to be published. So a receiver
//! knows which events came, and how long each was on its way, without asking the publisher.

use std::time::{Duration, SystemTime};

use bookora_webhooks::proto::publish_event_request::Data;
use bookora_webhooks::proto::{BookingCreated, PublishEventRequest};
use prost_types::Timestamp;

/// Bytes of every body, but for one or two: the time of publishing may be written shorter.
pub const BODY_BYTES: usize = 500;
/// What the body has beside the stamp and the padding.
const FRAME_BYTES: usize = 282;
/// What stands before the stamp in the body.
const KEY: &[u8] = br#""booking_id":""#;

/// Which event it is, and since when it is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// From 0, in one measurement.
    pub number: u32,
    /// When it was to be published, by the machine's clock, as nanoseconds since 1970. A publish
    /// that comes late is not forgiven its delay.
    pub intended_nanos: u64,
}

impl Stamp {
    /// The event that carries it.
    pub fn event(self, account_id: String) -> PublishEventRequest {
        let booking_id = format!("{:010}-{:019}", self.number, self.intended_nanos);
        let padding = BODY_BYTES - FRAME_BYTES - booking_id.len();
        let time = |seconds| Some(Timestamp { seconds, nanos: 0 });
        PublishEventRequest {
            account_id,
            data: Some(Data::BookingCreated(BookingCreated {
                booking_id,
                customer_id: "cus_1".to_owned(),
                customer_name: "Zoë Baker".to_owned(),
                service: "m".repeat(padding),
                start_time: time(1_796_115_600),
                end_time: time(1_796_119_200),
                price: 150.0,
            })),
            ..PublishEventRequest::default()
        }
    }

    /// The stamp in a body; `None` where there is none.
    pub fn find(body: &[u8]) -> Option<Self> {
        let begin = body.windows(KEY.len()).position(|window| window == KEY)? + KEY.len();
        let stamp = body.get(begin..begin + 30)?;
        let text = std::str::from_utf8(stamp).ok()?;
        let (number, intended_nanos) = text.split_once('-')?;
        Some(Self { number: number.parse().ok()?, intended_nanos: intended_nanos.parse().ok()? })
    }
}

/// The time now, as nanoseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "measuring time is what this is for")]
pub fn now_nanos() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    nanos(since.expect("the clock is past 1970"))
}

/// Nanoseconds, which last for 584 years.
pub fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).expect("it is less than 584 years")
}
