//! Whatever a receiver asks for in Retry-After: no wait is longer than a day.

#![no_main]

use std::time::Duration;

use bookora_webhooks::domain::clock::Timestamp;
use bookora_webhooks::domain::retry_after::RetryAfter;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, u32)| {
    let (value, seconds) = input;
    let now = Timestamp::from_unix_millis(i64::from(seconds) * 1_000);
    if let Some(asked) = RetryAfter::parse(value) {
        assert!(asked.wait(now) <= Duration::from_hours(24), "{value:?}");
    }
});
