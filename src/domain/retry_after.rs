//! `Retry-After` (RFC 9110, section 10.2.3): how long a receiver that is overloaded asks to be left
//! alone. What is not in one of its two forms is ignored, never guessed at.

use std::time::{Duration, UNIX_EPOCH};

use super::clock::Timestamp;

/// Longest wait that a receiver can ask for; what it asks beyond that is cut to this. As long as
/// the longest wait of a schedule, so that no row falls due later than one could.
pub const RETRY_AFTER_MAX: Duration = super::retry::RETRY_WAIT_MAX;
/// The statuses whose `Retry-After` is obeyed: 429 Too Many Requests, 503 Service Unavailable.
pub const OBEYED_STATUSES: [u16; 2] = [429, 503];

/// What a receiver asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// So long after its answer (`delay-seconds`).
    Delay(Duration),
    /// Not before this time (`HTTP-date`).
    Date(Timestamp),
}

impl RetryAfter {
    /// Reads the field's value: digits alone, or one HTTP date in any of the three formats of
    /// RFC 9110, section 5.6.7. Anything else is `None`: signs, fractions, exponents, lists.
    /// Digits too many for a number are a very long wait, as in RFC 9111, section 1.2.2.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let value = value.trim_matches([' ', '\t']);
        if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
            let seconds = value.parse().unwrap_or(u64::MAX);
            return Some(Self::Delay(Duration::from_secs(seconds)));
        }
        let date = httpdate::parse_http_date(value).ok()?;
        let since_epoch = date.duration_since(UNIX_EPOCH).ok()?;
        Some(Self::Date(Timestamp::UNIX_EPOCH + since_epoch))
    }

    /// How long to wait from `now` on, at most [`RETRY_AFTER_MAX`]; zero where that time is past.
    #[must_use]
    pub fn wait(self, now: Timestamp) -> Duration {
        let wait = match self {
            Self::Delay(delay) => delay,
            Self::Date(date) => date.since(now),
        };
        wait.min(RETRY_AFTER_MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2026-06-10T10:30:00Z.
    const NOW: Timestamp = Timestamp::from_unix_millis(1_781_087_400_000);

    fn wait(value: &str) -> Option<Duration> {
        RetryAfter::parse(value).map(|asked| asked.wait(NOW))
    }

    #[test]
    fn seconds_and_dates_are_waited_for_up_to_a_day() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        for (value, expected) in [
            ("0", seconds(0)),
            ("2", seconds(2)),
            ("007", seconds(7)),
            (" 120\t", seconds(120)),
            ("86400", seconds(86_400)),
            ("86401", seconds(86_400)),
            ("99999999999999999999999999", seconds(86_400)),
            ("Wed, 10 Jun 2026 10:30:30 GMT", seconds(30)),
            ("Wednesday, 10-Jun-26 10:31:00 GMT", seconds(60)),
            ("Wed Jun 10 11:30:00 2026", seconds(3_600)),
            ("Thu, 31 Dec 2099 23:59:59 GMT", seconds(86_400)),
        ] {
            assert_eq!(wait(value), expected, "{value:?}");
        }
    }

    #[test]
    fn a_date_in_the_past_asks_for_nothing() {
        for value in ["Wed, 10 Jun 2026 10:29:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"] {
            assert_eq!(wait(value), Some(Duration::ZERO), "{value:?}");
        }
    }

    #[test]
    fn nonsense_is_ignored() {
        for value in [
            "",
            " ",
            "-1",
            "+1",
            "1.5",
            "1e30",
            "0x10",
            "inf",
            "NaN",
            "soon",
            "1, 2",
            "1 2",
            "1;2",
            "1s",
            "\u{0661}",
            "Wed, 10 Jun 2026 10:30:30 GMT, 5",
            "Wed, 10 Jun 2026 10:30:30 CET",
            "Wed, 32 Jun 2026 10:30:30 GMT",
            "Wed, 10 Jun 1816 10:30:30 GMT",
            "2026-06-10T10:30:30Z",
        ] {
            assert_eq!(wait(value), None, "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn no_value_asks_for_more_than_a_day(value in "\\PC{0,40}", now: i64) {
            if let Some(asked) = RetryAfter::parse(&value) {
                prop_assert!(asked.wait(Timestamp::from_unix_nanos(now)) <= RETRY_AFTER_MAX);
            }
        }

        #[test]
        fn digits_are_seconds(seconds in 0_u64..=86_400) {
            let asked = RetryAfter::parse(&seconds.to_string());
            prop_assert_eq!(asked, Some(RetryAfter::Delay(Duration::from_secs(seconds))));
        }

        #[test]
        fn a_date_that_was_written_is_read_back(seconds in 0_u64..253_402_300_800) {
            // The years 1970 to 9999; a timestamp ends in 2262.
            let date = UNIX_EPOCH + Duration::from_secs(seconds);
            let written = httpdate::fmt_http_date(date);
            let expected = Timestamp::UNIX_EPOCH + Duration::from_secs(seconds);
            prop_assert_eq!(RetryAfter::parse(&written), Some(RetryAfter::Date(expected)));
        }
    }
}
