//! Chance: all of a seed's is drawn here, one draw after the other.

use std::time::Duration;

use bookora_webhooks::domain::random::{Random, SeededRandom};

/// What a seed draws.
pub struct Dice(SeededRandom);

impl Dice {
    /// The dice of a seed.
    pub fn new(seed: u64) -> Self {
        Self(SeededRandom::new(seed))
    }

    fn number(&self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// A number from 0 (included) to `end` (excluded).
    pub fn below(&self, end: u64) -> u64 {
        self.number() % end.max(1)
    }

    /// A number between two, both included.
    pub fn between(&self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    /// True in so many of 1,000 cases.
    pub fn chance(&self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    /// So many milliseconds between two.
    pub fn millis(&self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.between(least, most))
    }

    /// One of these.
    pub fn pick<'a, T>(&self, of: &'a [T]) -> &'a T {
        let at = self.below(of.len() as u64);
        &of[usize::try_from(at).expect("it is below a length")]
    }
}
