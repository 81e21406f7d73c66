//! What ends a stream from outside, whatever it carries: the client's deadline, its age, the end of
//! the process.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tonic::metadata::MetadataMap;

use super::failure::Failure;
use crate::domain::random::Random;

/// How far chance moves the age at which a stream ends, to either side.
const AGE_SPREAD: f64 = 0.1;

/// What ends streams.
#[derive(Clone, Debug)]
pub struct StreamSettings {
    /// After how long a stream is ended so that clients spread anew, ± 10 %. 30 min.
    pub age_max: Duration,
    /// Cancelled when the process shuts down.
    pub drain: CancellationToken,
}

impl StreamSettings {
    /// The contract's times.
    #[must_use]
    pub fn new(drain: CancellationToken) -> Self {
        Self { age_max: Duration::from_mins(30), drain }
    }
}

/// What ends one stream.
#[derive(Clone, Debug)]
pub struct StreamLimits {
    drain: CancellationToken,
    age: Duration,
    client_timeout: Option<Duration>,
}

impl StreamLimits {
    /// The limits of a stream that was opened with this metadata.
    #[must_use]
    pub fn new(settings: &StreamSettings, metadata: &MetadataMap, random: &dyn Random) -> Self {
        let spread = 1.0 - AGE_SPREAD + 2.0 * AGE_SPREAD * random.fraction();
        Self {
            drain: settings.drain.clone(),
            age: settings.age_max.mul_f64(spread),
            client_timeout: client_timeout(metadata),
        }
    }

    /// Waits until one of them is reached, counted from the first poll, and says which;
    /// `age_reached` where it is the age.
    pub async fn reached(&self, age_reached: Failure) -> Failure {
        tokio::select! {
            () = self.drain.cancelled() => Failure::Draining,
            () = self.deadline() => Failure::DeadlineExceeded,
            () = tokio::time::sleep(self.age) => age_reached,
        }
    }

    /// Waits for the client's deadline, counted from the first poll; for ever without one.
    pub async fn deadline(&self) {
        match self.client_timeout {
            Some(timeout) => tokio::time::sleep(timeout).await,
            None => std::future::pending().await,
        }
    }
}

/// The client's deadline (`grpc-timeout`): tonic's own ends with the response's headers.
fn client_timeout(metadata: &MetadataMap) -> Option<Duration> {
    /// The gRPC specification allows 8 digits.
    const DIGITS_MAX: usize = 8;
    let text = metadata.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > DIGITS_MAX {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_hours(amount)),
        "M" => Some(Duration::from_mins(amount)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::random::SeededRandom;

    const LONG: Duration = Duration::from_hours(1);

    fn limits(age_max: Duration, grpc_timeout: Option<&str>, random: &dyn Random) -> StreamLimits {
        let mut metadata = MetadataMap::new();
        if let Some(timeout) = grpc_timeout {
            metadata.insert("grpc-timeout", timeout.parse().unwrap());
        }
        let settings = StreamSettings { age_max, drain: CancellationToken::new() };
        StreamLimits::new(&settings, &metadata, random)
    }

    #[tokio::test]
    async fn the_limit_that_is_reached_first_is_told() {
        let random = SeededRandom::new(1);
        let age_max = Duration::from_millis(1);
        let aged = limits(age_max, None, &random).reached(Failure::StreamAgeReached).await;
        assert!(matches!(aged, Failure::StreamAgeReached), "{aged:?}");
        let late = limits(LONG, Some("1m"), &random).reached(Failure::StreamAgeReached).await;
        assert!(matches!(late, Failure::DeadlineExceeded), "{late:?}");
        let draining = limits(LONG, None, &random);
        draining.drain.cancel();
        let drained = draining.reached(Failure::StreamAgeReached).await;
        assert!(matches!(drained, Failure::Draining), "{drained:?}");
    }

    #[test]
    fn streams_of_one_age_end_at_times_that_are_a_tenth_apart_at_most() {
        let random = SeededRandom::new(1);
        let ages: Vec<_> = (0..1_000).map(|_| limits(LONG, None, &random).age).collect();
        let (least, most) = (ages.iter().min().unwrap(), ages.iter().max().unwrap());
        let share = |from: f64, to: f64| LONG.mul_f64(from)..=LONG.mul_f64(to);
        assert!(share(0.9, 0.91).contains(least), "{least:?}");
        assert!(share(1.09, 1.1).contains(most), "{most:?}");
    }

    #[test]
    fn the_clients_deadline_is_read_in_every_unit() {
        let read = |text: &str| {
            let mut metadata = MetadataMap::new();
            metadata.insert("grpc-timeout", text.parse().unwrap());
            client_timeout(&metadata)
        };
        assert_eq!(read("2H"), Some(Duration::from_hours(2)));
        assert_eq!(read("3M"), Some(Duration::from_mins(3)));
        assert_eq!(read("4S"), Some(Duration::from_secs(4)));
        assert_eq!(read("5m"), Some(Duration::from_millis(5)));
        assert_eq!(read("6u"), Some(Duration::from_micros(6)));
        assert_eq!(read("7n"), Some(Duration::from_nanos(7)));
        for text in ["", "S", "5", "5x", "-5S", "123456789S"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
