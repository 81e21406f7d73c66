//! What is wrong with a request's fields, by path. A request is read to its end before it is
//! refused, so that its sender sees everything at once.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use super::failure::{Failure, Violation};
use crate::domain::account::{AccountId, AccountScope};
use crate::domain::clock::Timestamp;

/// Violations that are listed; more of them in an error's trailers break stock clients.
const VIOLATIONS_MAX: usize = 25;
/// Bytes of all that is listed: with the message, and in base64, it stays below the 8 KiB of
/// trailers that stock clients take.
const VIOLATIONS_BYTES_MAX: usize = 3 * 1024;
/// Longest path and longest description that are listed, in bytes: a path may repeat what the
/// caller sent.
const FIELD_BYTES_MAX: usize = 192;
const DESCRIPTION_BYTES_MAX: usize = 320;

/// Seconds of 0001-01-01T00:00:00Z and of 9999-12-31T23:59:59Z: the range of
/// `google.protobuf.Timestamp`.
const TIMESTAMP_SECONDS: RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
const NANOS: RangeInclusive<i32> = 0..=999_999_999;

/// The violations of a request, and the place in it that is being read.
#[derive(Debug, Default)]
pub struct Violations {
    prefix: String,
    found: Vec<Violation>,
    found_bytes: usize,
    has_unknown_event_type: bool,
}

impl Violations {
    /// None yet, at the request's top.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a part of the request whose fields' paths begin with `prefix` and a dot.
    pub fn within<T>(&mut self, prefix: impl Display, read: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.prefix.len();
        self.prefix = format!("{}{prefix}.", self.prefix);
        let value = read(self);
        self.prefix.truncate(outer);
        value
    }

    /// Notes that a field is not as documented.
    pub fn add(&mut self, field: impl Display, description: impl Display) {
        if self.found.len() == VIOLATIONS_MAX {
            return;
        }
        let field = shortened(format!("{}{field}", self.prefix), FIELD_BYTES_MAX);
        let description = shortened(description.to_string(), DESCRIPTION_BYTES_MAX);
        let found_bytes = self.found_bytes + field.len() + description.len();
        if found_bytes <= VIOLATIONS_BYTES_MAX {
            self.found_bytes = found_bytes;
            self.found.push(Violation { field, description });
        }
    }

    /// Notes that the field which says what happened is unset or of a type to come.
    pub fn add_unknown_event_type(&mut self, field: impl Display) {
        self.add(field, "must be set to one of the event types; ListEventTypes lists them");
        self.has_unknown_event_type = true;
    }

    /// Notes that a field names a type that nobody has added.
    pub fn add_unknown_custom_type(&mut self, field: impl Display, description: impl Display) {
        self.add(field, description);
        self.has_unknown_event_type = true;
    }

    /// The value, if nothing was wrong.
    ///
    /// # Errors
    /// What was wrong.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Failure> {
        match value {
            Some(value) if self.found.is_empty() => Ok(value),
            _ if self.has_unknown_event_type => Err(Failure::UnknownEventType(self.found)),
            _ => Err(Failure::InvalidFields(self.found)),
        }
    }

    /// Reads a field by its type's own rules.
    pub fn parse<T>(&mut self, field: impl Display, text: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        text.parse().map_err(|error| self.add(field, error)).ok()
    }

    /// Reads `account_id` where it must name one account.
    pub fn account(&mut self, text: &str) -> Option<AccountId> {
        self.parse("account_id", text)
    }

    /// Reads `account_id` where it may be `-` for all.
    pub fn account_scope(&mut self, text: &str) -> Option<AccountScope> {
        match text {
            "-" => Some(AccountScope::All),
            _ => self.account(text).map(AccountScope::One),
        }
    }

    /// Checks a text's length in bytes, where it must not be empty.
    pub fn text(&mut self, field: impl Display, text: &str, bytes_max: usize) {
        if text.is_empty() || text.len() > bytes_max {
            self.add(field, format_args!("must be 1-{bytes_max} bytes, has {}", text.len()));
        }
    }

    /// Checks a text's length in bytes, where it may be empty, and that it has no U+0000, which
    /// PostgreSQL does not store.
    pub fn text_or_empty(&mut self, field: impl Display, text: &str, bytes_max: usize) {
        if text.len() > bytes_max {
            self.add(field, format_args!("must be at most {bytes_max} bytes, has {}", text.len()));
        } else if text.contains('\0') {
            self.add(field, "must not contain the character U+0000");
        }
    }

    /// Checks that a list has at most so many entries.
    pub fn count(&mut self, field: impl Display, entries: usize, max: usize) -> bool {
        if entries > max {
            self.add(field, format_args!("must have at most {max} entries, has {entries}"));
        }
        entries <= max
    }

    /// Checks a number's range.
    pub fn in_range(&mut self, field: impl Display, value: i32, allowed: RangeInclusive<i32>) {
        if !allowed.contains(&value) {
            let (min, max) = allowed.into_inner();
            self.add(field, format_args!("must be {min}-{max}, is {value}"));
        }
    }

    /// Reads a time that is required, anywhere in the years 1 to 9999.
    pub fn time<'a>(
        &mut self,
        field: impl Display,
        time: Option<&'a prost_types::Timestamp>,
    ) -> Option<&'a prost_types::Timestamp> {
        let Some(time) = time else {
            self.add(field, "must be set");
            return None;
        };
        if TIMESTAMP_SECONDS.contains(&time.seconds) && NANOS.contains(&time.nanos) {
            Some(time)
        } else {
            self.add(field, "must be in the years 1 to 9999, with 0-999,999,999 nanos");
            None
        }
    }

    /// Reads a time in the range that the service itself counts in.
    pub fn service_time(
        &mut self,
        field: impl Display,
        time: &prost_types::Timestamp,
    ) -> Option<Timestamp> {
        let nanos = NANOS.contains(&time.nanos).then_some(i64::from(time.nanos));
        let total = nanos.and_then(|nanos| {
            time.seconds.checked_mul(1_000_000_000)?.checked_add(nanos).filter(|nanos| *nanos >= 0)
        });
        if total.is_none() {
            self.add(field, "must be in the years 1970 to 2261, with 0-999,999,999 nanos");
        }
        total.map(Timestamp::from_unix_nanos)
    }

    /// Reads a bound of a range of times: one that the service does not count as far as stands for
    /// the first or last that it does, beyond which there is nothing.
    fn bound(&mut self, field: impl Display, time: &prost_types::Timestamp) -> Option<Timestamp> {
        let time = self.time(field, Some(time))?;
        let seconds = time.seconds.saturating_mul(1_000_000_000);
        let nanos = seconds.saturating_add(i64::from(time.nanos));
        Some(Timestamp::from_unix_nanos(nanos.max(0)))
    }

    /// Reads `start_time` and `end_time`, each where it is set: anywhere in the years 1 to 9999.
    pub fn time_range(
        &mut self,
        start: Option<&prost_types::Timestamp>,
        end: Option<&prost_types::Timestamp>,
    ) -> (Option<Timestamp>, Option<Timestamp>) {
        let from = start.and_then(|time| self.bound("start_time", time));
        let before = end.and_then(|time| self.bound("end_time", time));
        let place = |time: &prost_types::Timestamp| (time.seconds, time.nanos);
        let is_backward = start.zip(end).is_some_and(|(start, end)| place(end) < place(start));
        if is_backward && from.is_some() && before.is_some() {
            self.add("end_time", "must not be before start_time");
        }
        (from, before)
    }

    /// Reads a duration within a range.
    pub fn duration(
        &mut self,
        field: impl Display,
        duration: &prost_types::Duration,
        min: Duration,
        max: Duration,
    ) -> Option<Duration> {
        let read = std_duration(duration).filter(|read| *read >= min && *read <= max);
        if read.is_none() {
            let (min, max) = (humantime::format_duration(min), humantime::format_duration(max));
            self.add(field, format_args!("must be between {min} and {max}"));
        }
        read
    }
}

/// The duration, where it is one by protobuf's rules and not negative.
#[must_use]
pub fn std_duration(duration: &prost_types::Duration) -> Option<Duration> {
    // prost's own conversion takes other nanos too, and overflows on the least seconds.
    let seconds = u64::try_from(duration.seconds).ok()?;
    let nanos = Some(duration.nanos).filter(|nanos| NANOS.contains(nanos))?;
    Some(Duration::new(seconds, u32::try_from(nanos).ok()?))
}

fn shortened(mut text: String, bytes_max: usize) -> String {
    if text.len() > bytes_max {
        text.truncate(text.floor_char_boundary(bytes_max));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_nested_and_the_list_is_bounded() {
        let mut violations = Violations::new();
        violations.within("requests[3]", |requests| {
            requests.within("booking_created", |data| data.add("price", "must be finite"));
            requests.add("account_id", "must be set");
        });
        for field in 0..100 {
            violations.add(field, "no");
        }
        let Err(Failure::InvalidFields(found)) = violations.finish(Some(())) else { panic!() };
        assert_eq!(found[0].field, "requests[3].booking_created.price");
        assert_eq!(found[1].field, "requests[3].account_id");
        assert_eq!(found.len(), VIOLATIONS_MAX);
    }

    #[test]
    fn what_is_listed_is_bounded_in_bytes_and_begins_with_the_first() {
        let mut violations = Violations::new();
        for field in ["é".repeat(1_000), "a".repeat(1_000)] {
            for _ in 0..100 {
                violations.add(&field, "b".repeat(1_000));
            }
        }
        let Err(Failure::InvalidFields(found)) = violations.finish(Some(())) else { panic!() };
        assert_eq!(found[0].field, format!("{}…", "é".repeat(FIELD_BYTES_MAX / 2)));
        let bytes: usize = found.iter().map(|one| one.field.len() + one.description.len()).sum();
        assert!(bytes <= VIOLATIONS_BYTES_MAX && found.len() < VIOLATIONS_MAX, "{bytes}");
    }

    #[test]
    fn a_duration_follows_the_rules_of_protobuf() {
        let read = |seconds, nanos| std_duration(&prost_types::Duration { seconds, nanos });
        assert_eq!(read(1, 999_999_999), Some(Duration::new(1, 999_999_999)));
        assert_eq!(read(0, 0), Some(Duration::ZERO));
        for (seconds, nanos) in
            [(-1, 0), (0, -1), (5, -1), (5, 1_000_000_000), (i64::MIN, 0), (i64::MIN, i32::MIN)]
        {
            assert_eq!(read(seconds, nanos), None, "{seconds} {nanos}");
        }
    }

    #[test]
    fn times_out_of_range_are_refused() {
        let time = |seconds, nanos| prost_types::Timestamp { seconds, nanos };
        let refused = |time| {
            let mut violations = Violations::new();
            violations.time("t", Some(&time)).is_none()
        };
        assert!(!refused(time(0, 0)) && !refused(time(253_402_300_799, 999_999_999)));
        assert!(
            refused(time(253_402_300_800, 0))
                && refused(time(0, -1))
                && refused(time(0, 1_000_000_000))
        );
        let mut violations = Violations::new();
        assert_eq!(violations.service_time("t", &time(i64::MAX, 0)), None);
        assert_eq!(violations.service_time("t", &time(-1, 0)), None);
        assert_eq!(
            violations.service_time("t", &time(1, 5)),
            Some(Timestamp::from_unix_nanos(1_000_000_005))
        );
    }

    #[test]
    fn the_bounds_of_a_range_may_lie_beyond_what_the_service_counts_in() {
        let time = |seconds, nanos| prost_types::Timestamp { seconds, nanos };
        let (first, last) = (-62_135_596_800, 253_402_300_799);
        let mut violations = Violations::new();
        let range = violations.time_range(Some(&time(first, 0)), Some(&time(last, 999_999_999)));
        let all = [0, i64::MAX].map(Timestamp::from_unix_nanos);
        assert_eq!(range, (Some(all[0]), Some(all[1])));
        let one = time(1, 5);
        assert_eq!(violations.time_range(Some(&one), None).0.map(Timestamp::as_unix_nanos), {
            Some(1_000_000_005)
        });
        assert!(violations.finish(Some(())).is_ok());
        for (start, end, field) in [
            (time(first - 1, 0), one, "start_time"),
            (one, time(last + 1, 0), "end_time"),
            (one, time(5, -1), "end_time"),
            (one, time(1, 4), "end_time"),
            (time(-5, 0), time(-6, 0), "end_time"),
        ] {
            let mut violations = Violations::new();
            violations.time_range(Some(&start), Some(&end));
            let Err(Failure::InvalidFields(found)) = violations.finish(Some(())) else { panic!() };
            assert_eq!(found.iter().map(|one| &*one.field).collect::<Vec<_>>(), [field]);
        }
    }
}
