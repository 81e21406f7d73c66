//! The `traceparent` of a publish (W3C Trace Context, section 3.2): it is stored with the event
//! and sent with each of its requests, so that one trace leads from the publisher to the receiver.

use std::fmt;
use std::str::FromStr;

use super::random::Random;

/// Bytes of a version 00 `traceparent`: `00-<32 hex>-<16 hex>-<2 hex>`.
const TRACE_PARENT_BYTES: usize = 55;

/// A valid `traceparent` value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceParent(String);

/// The text is no `traceparent`; by the specification the receiver starts a new trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a W3C traceparent of version 00")]
pub struct InvalidTraceParent;

impl TraceParent {
    /// A new trace, not sampled: for a publish that came without one.
    #[must_use]
    pub fn new(random: &dyn Random) -> Self {
        // The specification refuses ids of zeros only: the lowest bit is always set.
        let trace_id = u128::from_be_bytes(random.bytes()) | 1;
        let parent_id = u64::from_be_bytes(random.bytes()) | 1;
        Self(format!("00-{trace_id:032x}-{parent_id:016x}-00"))
    }

    /// The value of the header.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TraceParent {
    type Err = InvalidTraceParent;

    fn from_str(text: &str) -> Result<Self, InvalidTraceParent> {
        let is_hex = |part: &str| part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let is_id = |part: &str| is_hex(part) && part.bytes().any(|byte| byte != b'0');
        let parts: Vec<&str> = text.split('-').collect();
        let valid = text.len() == TRACE_PARENT_BYTES
            && matches!(parts[..], ["00", trace, parent, flags]
                if trace.len() == 32 && parent.len() == 16
                    && is_id(trace) && is_id(parent) && is_hex(flags));
        valid.then(|| Self(text.to_owned())).ok_or(InvalidTraceParent)
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::random::SeededRandom;

    #[test]
    fn a_new_trace_is_valid() {
        let new = TraceParent::new(&SeededRandom::new(1));
        assert_eq!(new.as_str().parse(), Ok(new));
    }

    #[test]
    fn only_the_form_of_the_specification_is_read() {
        let valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert!(valid.parse::<TraceParent>().is_ok());
        for text in [
            "",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
            "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
        ] {
            assert!(text.parse::<TraceParent>().is_err(), "{text}");
        }
    }
}
