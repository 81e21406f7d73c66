//! Randomness, as an argument: ids, leases, jitter and secrets are drawn from a [`Random`] that
//! the caller hands in, so that a test or a simulation can replay what was drawn.

use std::sync::Mutex;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// A source of random bytes, shared by all that draw from it.
pub trait Random: Send + Sync + 'static {
    /// Fills `bytes` with random bytes, fit for keys where the source is [`SystemRandom`].
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Random {
    /// `N` random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A number from 0 (included) to 1 (excluded), with 53 random bits.
    #[must_use]
    pub fn fraction(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
        let numerator = (u64::from_le_bytes(self.bytes()) >> 11) as f64;
        numerator / 9_007_199_254_740_992.0
    }
}

/// What the service runs on: a generator for keys in each thread, which the operating system seeds,
/// and seeds again after every 64 KiB. Asking the operating system for every id costs more than the
/// id.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(clippy::disallowed_methods, reason = "this is where it comes from")]
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}

/// A generator that repeats itself from its seed: for tests and simulations, never for secrets.
pub struct SeededRandom(Mutex<StdRng>);

impl SeededRandom {
    /// The generator that always draws the same bytes for this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).fill_bytes(bytes);
    }
}
