//! What ends a stream from outside, whatever it carries: the client's deadline, its age, the end of
//! the process.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tonic::metadata::MetadataMap;

use super::deadline;
use super::failure::Failure;
use crate::domain::random::Random;

/// After how long a stream is ended, so that clients spread anew over what serves them.
const AGE_MAX: Duration = Duration::from_mins(30);
/// How far chance moves the age at which a stream ends, to either side.
const AGE_SPREAD: f64 = 0.1;

/// What ends streams.
#[derive(Clone, Debug)]
pub struct StreamSettings {
    /// After how long a stream is ended, ± 10 %. 30 min.
    pub age_max: Duration,
    /// Cancelled when the process shuts down.
    pub drain: CancellationToken,
}

impl StreamSettings {
    /// The contract's times.
    #[must_use]
    pub fn new(drain: CancellationToken) -> Self {
        Self { age_max: AGE_MAX, drain }
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
    ///
    /// # Errors
    /// Where the client's deadline cannot be read.
    pub fn new(
        settings: &StreamSettings,
        metadata: &MetadataMap,
        random: &dyn Random,
    ) -> Result<Self, Failure> {
        let spread = 1.0 - AGE_SPREAD + 2.0 * AGE_SPREAD * random.fraction();
        Ok(Self {
            drain: settings.drain.clone(),
            age: settings.age_max.mul_f64(spread),
            client_timeout: deadline::client_timeout(metadata.as_ref())?,
        })
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
        StreamLimits::new(&settings, &metadata, random).expect("the deadline is read")
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
}
