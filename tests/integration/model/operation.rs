//! What is done to both.

use std::time::Duration;

use super::side::{Both, ENDPOINTS};
use crate::simulation::dice::Dice;

/// One operation; numbers choose among what there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Publishes one event in each of some accounts, given as bits; with a key, or without.
    Publish { accounts: u64, key: Option<u64> },
    /// Claims so many of each of some endpoints, given as bits.
    Claim { endpoints: u64, each: u64 },
    /// Records an outcome under a lease that was taken some time: it may be gone.
    Record { lease: u64, outcome: u64 },
    /// Records two at once.
    RecordTwo { leases: [u64; 2] },
    /// Gives a lease back.
    Release { lease: u64 },
    /// Extends all leases that were ever taken.
    Extend,
    /// Frees those that ran out.
    Rescue,
    /// Asks which endpoints have what is due, and whether leases run out.
    Look,
    /// Reads the log from a place on.
    ReadLog { from: u64 },
    /// Cancels what is open for an endpoint.
    Cancel { endpoint: u64 },
    /// Cancels what is open for endpoints that are off.
    CancelLeftovers,
    /// Time passes.
    Pass(Duration),
    /// The wall clock is set, in milliseconds, and what waits follows.
    SetClock(i64),
    /// The process starts again.
    Restart,
}

impl Operation {
    /// Draws one.
    pub fn draw(dice: &Dice, both: &Both, is_shared: bool) -> Self {
        let lease = || dice.below(both.leases().max(1));
        match dice.below(if is_shared { 27 } else { 30 }) {
            0..=5 => Self::Publish {
                accounts: dice.between(1, 7),
                key: dice.chance(400).then(|| dice.below(6)),
            },
            6..=9 => Self::Claim {
                endpoints: dice.between(1, (1 << ENDPOINTS) - 1),
                each: dice.between(1, 4),
            },
            10..=14 => Self::Record { lease: lease(), outcome: dice.below(12) },
            15 => Self::RecordTwo { leases: [lease(), lease()] },
            16 => Self::Release { lease: lease() },
            17 => Self::Extend,
            18 | 19 => Self::Rescue,
            20 => Self::Look,
            21 => Self::ReadLog { from: dice.below(1_000) },
            22 if dice.chance(300) => Self::Cancel { endpoint: dice.below(ENDPOINTS) },
            22 => Self::CancelLeftovers,
            23..=26 => Self::Pass(dice.millis(1, 25_000)),
            27 | 28 => Self::SetClock(*dice.pick(&[-86_400_000, -9_000, -100, 9_000, 86_400_000])),
            _ => Self::Restart,
        }
    }
}
