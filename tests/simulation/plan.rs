//! What a seed is about: how many replicas, which endpoints, how much goes wrong.

use std::time::Duration;

use bookora_webhooks::store::room::RoomLimits;

use super::dice::Dice;
use super::receiver::Manner;

/// A seed's circumstances.
#[derive(Debug)]
pub struct Plan {
    /// Whether several processes may use the tables, as on PostgreSQL.
    pub is_shared: bool,
    /// How many do.
    pub replicas: u64,
    /// How each endpoint answers, and in which account it is.
    pub endpoints: Vec<(Manner, u64)>,
    /// How much each replica leases at once.
    pub room: RoomLimits,
    /// Events that are published, in batches.
    pub events: u64,
    /// Events of a batch at most.
    pub batch_max: u64,
    /// Who publishes, each one batch after the other.
    pub publishers: u64,
    /// Who watches.
    pub watchers: u64,
    /// For how long things go wrong.
    pub storm: Duration,
    /// What goes wrong.
    pub odds: Odds,
}

/// How often something goes wrong, of 1,000 times.
#[derive(Clone, Copy, Debug, Default)]
pub struct Odds {
    /// A call fails before it reaches the tables.
    pub error: u64,
    /// A commit is refused.
    pub refused: u64,
    /// A commit is done, and its answer lost.
    pub answer_lost: u64,
    /// A commit is done long after an error was answered.
    pub late: u64,
    /// A call takes long.
    pub slow: u64,
    /// Whether replicas are killed, paused and cut off, and clocks set.
    pub has_accidents: bool,
}

/// The request deadline of endpoints without one of their own.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

impl Plan {
    /// The plan of a seed.
    pub fn draw(dice: &Dice) -> Self {
        let is_shared = dice.chance(750);
        let accounts = dice.between(1, 3);
        let manners = (0..dice.between(1, 6)).map(|_| *dice.pick(&Manner::ALL));
        let manners: Vec<_> = std::iter::once(Manner::Prompt).chain(manners).collect();
        Self {
            is_shared,
            replicas: if is_shared { dice.between(1, 3) } else { 1 },
            endpoints: manners.into_iter().map(|manner| (manner, dice.below(accounts))).collect(),
            room: RoomLimits {
                in_flight_max: *dice.pick(&[2, 8, 32, 256]),
                endpoint_in_flight_max: *dice.pick(&[1, 4, 64]),
            },
            events: dice.between(5, 40),
            batch_max: *dice.pick(&[1, 3, 8]),
            publishers: dice.between(1, 3),
            watchers: dice.between(0, 2),
            storm: Duration::from_secs(dice.between(10, 70)),
            odds: Odds::draw(dice),
        }
    }
}

impl Plan {
    /// Whether endpoints that hang may cost the others nothing: with room for a few requests they
    /// have to share.
    pub fn is_fair(&self) -> bool {
        self.odds.are_calm() && self.room.in_flight_max >= 32
    }
}

impl Odds {
    fn draw(dice: &Dice) -> Self {
        if dice.chance(150) {
            return Self::default();
        }
        Self {
            error: *dice.pick(&[0, 2, 10, 40]),
            refused: *dice.pick(&[0, 10, 50]),
            answer_lost: *dice.pick(&[0, 10, 50]),
            late: *dice.pick(&[0, 10, 50]),
            slow: *dice.pick(&[0, 5, 20]),
            has_accidents: dice.chance(750),
        }
    }

    /// Whether nothing goes wrong but what receivers do.
    fn are_calm(self) -> bool {
        let Self { error, refused, answer_lost, late, slow, has_accidents } = self;
        error + refused + answer_lost + late + slow == 0 && !has_accidents
    }
}
