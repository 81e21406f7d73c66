//! Deadlines and retries of each call: the figures of the contract's `service_config.json`, which
//! gRPC's own libraries read; tonic has no service config.

use std::time::Duration;

/// Of every unary call but TestEndpoint, its retries included; `timeout` in the service config.
pub const TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);
/// Of TestEndpoint, which waits for a receiver.
pub const TEST_TIMEOUT_DEFAULT: Duration = Duration::from_secs(45);
/// How often a call is made at most; `maxAttempts`.
pub const ATTEMPTS_MAX: u32 = 4;
/// The longest wait before the first retry; `initialBackoff`.
pub const WAIT_FIRST: Duration = Duration::from_millis(500);
/// The longest wait before any; `maxBackoff`. Each may be twice as long as the one before
/// (`backoffMultiplier`).
pub const WAIT_MAX: Duration = Duration::from_secs(8);

const WATCH: &str = "/bookora.webhooks.v1.DeliveryQuery/WatchDeliveries";
const PUBLISH_STREAM: &str = "/bookora.webhooks.v1.EventIngest/StreamPublishEvents";
const TEST: &str = "/bookora.webhooks.v1.EndpointAdmin/TestEndpoint";

/// How a method is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// One request, one response, within a time.
    Unary {
        /// Unless the caller sets another.
        timeout: Duration,
        /// Whether it is made again on UNAVAILABLE.
        is_retried: bool,
    },
    /// A stream, which has no deadline and is resumed by [`Watch`](crate::Watch) and
    /// [`StreamPublisher`](crate::StreamPublisher).
    Stream,
}

impl Policy {
    /// Of a method, `/package.Service/Method`. `timeout` is what the client was made with.
    pub fn of(path: &str, timeout: Option<Duration>) -> Self {
        let unary =
            |default, is_retried| Self::Unary { timeout: timeout.unwrap_or(default), is_retried };
        match path {
            WATCH | PUBLISH_STREAM => Self::Stream,
            // The receiver would get another request.
            TEST => unary(TEST_TIMEOUT_DEFAULT, false),
            _ => unary(TIMEOUT_DEFAULT, true),
        }
    }
}
