//! Room for what this process has leased: over the whole process, for each account, for each
//! endpoint.
//!
//! A delivery is leased only where it can be sent at once or very soon; its room is kept in a
//! [`Slot`] until its outcome is recorded. So memory is bounded whatever the backlog. How many
//! requests are under way to an endpoint is its [pace](crate::domain::pace)'s to say, and does not
//! depend on how fast the database is: a few more deliveries are kept ready for an endpoint that
//! acknowledges quickly, and a few answers may wait to be recorded.
//!
//! There are two lanes, so that endpoints that hang do not take the room of those that answer:
//!
//! - The main lane. Endpoints of which nothing is known yet have half of it at most, each account
//!   three quarters.
//! - The slow lane, as large, for requests that have been under way for a while, which move there,
//!   and for those to endpoints that are [`Standing::Suspect`], which have half of it at most, so
//!   that there is place to move to.

mod lines;
mod places;
mod slot;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use self::lines::Lines;
use self::places::Places;
pub use self::slot::{Sign, Slot, Turn};
use super::membership::Membership;
use crate::domain::account::AccountId;
use crate::domain::clock::Clock;
use crate::domain::endpoint::Addressee;
use crate::domain::id::EndpointId;
use crate::domain::pace::{PaceLimits, Standing};

/// Endpoints whose pace is remembered while nothing is under way to them: some 150 bytes each.
const PACES_MAX: usize = 100_000;
/// Answers of an endpoint that may wait to be recorded, for each request that may be under way to
/// it: what a crash may repeat is bounded by both.
const UNRECORDED_PER_REQUEST: u32 = 7;

/// How much may be leased at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomLimits {
    /// Deliveries over the whole process: ready, under way, not recorded yet. Each lane has half.
    pub in_flight_max: u32,
    /// Requests under way to one endpoint that sets no limit of its own.
    pub endpoint_in_flight_max: u32,
}

/// Why there is no room, and so what to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRoom {
    /// The main lane is full.
    Main,
    /// Endpoints of which nothing is known yet have their share of the main lane.
    Unproven,
    /// Suspect endpoints have their share of the slow lane.
    Slow,
    /// The account has its share of the main lane.
    Account,
    /// The endpoint has as many requests under way, and as many ready, as it takes.
    Endpoint,
    /// The endpoint's rate is used up for this time.
    After(Duration),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lane {
    Main(Standing),
    Slow,
}

/// What is leased.
pub struct Room {
    limits: RoomLimits,
    membership: Arc<Membership>,
    clock: Arc<dyn Clock>,
    taken: Mutex<Taken>,
    freed: Notify,
}

#[derive(Default)]
struct Taken {
    main: u32,
    main_unproven: u32,
    main_by_account: HashMap<AccountId, u32>,
    slow: u32,
    endpoints: HashMap<EndpointId, Places>,
    /// Those with due rows in the table that there was no room for.
    lines: Lines,
}

impl Room {
    /// All of it free.
    #[must_use]
    pub fn new(
        limits: RoomLimits,
        membership: Arc<Membership>,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        let taken = Mutex::default();
        Arc::new(Self { limits, membership, clock, taken, freed: Notify::new() })
    }

    /// Takes room for a delivery that is just being made; `None` also where older ones wait for
    /// the same room: they come first.
    #[must_use]
    pub fn try_take_new(self: &Arc<Self>, addressee: &Addressee) -> Option<Slot> {
        let mut taken = self.lock();
        if taken.has_line_for(addressee) {
            return None;
        }
        self.take(&mut taken, addressee).ok()
    }

    /// Takes room for due rows of an endpoint. Where there is none the endpoint waits in line,
    /// newly made deliveries wait behind it, and [`Room::freed`] tells when it is its turn. A rate
    /// that is used up is no line: come back after the time.
    ///
    /// # Errors
    /// [`NoRoom`] says what it waits for.
    pub fn take_or_wait(self: &Arc<Self>, addressee: &Addressee) -> Result<Slot, NoRoom> {
        let mut taken = self.lock();
        let slot = self.take(&mut taken, addressee);
        if let Err(reason) = slot {
            taken.lines.add(reason, addressee);
        }
        slot
    }

    fn take(self: &Arc<Self>, taken: &mut Taken, addressee: &Addressee) -> Result<Slot, NoRoom> {
        let begun = self.clock.monotonic();
        taken.forget_idle_paces();
        let limits = self.pace_limits(addressee);
        let lane = self.choose_lane(taken, addressee, limits, begun)?;
        match lane {
            Lane::Slow => taken.slow += 1,
            Lane::Main(standing) => {
                taken.main += 1;
                taken.main_unproven += u32::from(standing == Standing::Unproven);
                *taken.main_by_account.entry(addressee.account_id.clone()).or_default() += 1;
            }
        }
        let stage = taken.places_of(addressee.endpoint_id).take(limits, begun);
        let (room, addressee) = (Arc::clone(self), addressee.clone());
        Ok(Slot { room, addressee, lane, stage, begun })
    }

    /// Which lane there is room in.
    fn choose_lane(
        &self,
        taken: &mut Taken,
        addressee: &Addressee,
        limits: PaceLimits,
        now: Duration,
    ) -> Result<Lane, NoRoom> {
        let lane_max = self.lane_max();
        let places =
            taken.endpoints.entry(addressee.endpoint_id).or_insert_with(|| Places::new(now));
        let standing = places.standing();
        places.admit(limits, now)?;
        if standing == Standing::Suspect {
            let has_room = taken.slow < (lane_max / 2).max(1);
            return if has_room { Ok(Lane::Slow) } else { Err(NoRoom::Slow) };
        }
        let account_max = account_share(lane_max);
        let of_account = taken.main_by_account.get(&addressee.account_id).copied().unwrap_or(0);
        if taken.main >= lane_max {
            Err(NoRoom::Main)
        } else if standing == Standing::Unproven && taken.main_unproven >= unproven_share(lane_max)
        {
            Err(NoRoom::Unproven)
        } else if of_account >= account_max {
            Err(NoRoom::Account)
        } else {
            Ok(Lane::Main(standing))
        }
    }

    /// Deliveries that are leased: ready, under way, not recorded yet.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        let taken = self.lock();
        taken.main + taken.slow
    }

    /// Waits until [`Room::take_over`] has something to tell.
    pub async fn freed(&self) {
        self.freed.notified().await;
    }

    /// The endpoints whose wait is over since the last call.
    #[must_use]
    pub fn take_over(&self) -> Vec<EndpointId> {
        self.lock().lines.take_over()
    }

    /// Ends everybody's wait: whoever is still short of room will wait anew. Called from time to
    /// time, so that no line can be forgotten.
    pub fn end_all_waits(&self) {
        self.lock().lines = Lines::default();
    }

    fn lane_max(&self) -> u32 {
        (self.limits.in_flight_max / 2).max(1)
    }

    /// The endpoint's own limits hold over all replicas: this one's share of them. One without a
    /// share of the rate sends it nothing.
    fn pace_limits(&self, addressee: &Addressee) -> PaceLimits {
        let share = |limit| self.membership.share(addressee.endpoint_id, limit);
        let in_flight = addressee.limits.in_flight_max.map(share);
        let per_second_max = addressee.limits.per_second_max.map(share);
        let in_flight_max = match per_second_max {
            Some(0) => 0,
            _ => in_flight.unwrap_or(self.limits.endpoint_in_flight_max),
        };
        PaceLimits { in_flight_max, per_second_max }
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What hangs is found out within this; what answers proves itself at its first answer.
fn unproven_share(lane_max: u32) -> u32 {
    (lane_max / 2).max(1)
}

/// Three quarters of a lane, and some of any.
fn account_share(lane_max: u32) -> u32 {
    (lane_max - lane_max / 4).max(1)
}

impl Taken {
    /// Forgets the endpoints that nothing is leased for, when they have become too many.
    fn forget_idle_paces(&mut self) {
        if self.endpoints.len() >= PACES_MAX {
            self.endpoints.retain(|_, places| !places.is_idle());
        }
    }

    /// What is known of an endpoint that has a slot.
    fn places_of(&mut self, endpoint_id: EndpointId) -> &mut Places {
        self.endpoints.get_mut(&endpoint_id).expect("it is kept while it has slots")
    }

    fn has_line_for(&self, addressee: &Addressee) -> bool {
        let places = self.endpoints.get(&addressee.endpoint_id);
        let standing = places.map_or(Standing::Unproven, Places::standing);
        self.lines.stand_before(addressee, standing)
    }

    /// Something of an endpoint has come to an end: if it waits, and may have more, it need not wait
    /// any longer. Says whether that is so.
    fn end_wait_of(&mut self, endpoint_id: EndpointId, limits: PaceLimits, now: Duration) -> bool {
        self.lines.has(endpoint_id)
            && self.places_of(endpoint_id).is_worth_a_claim(limits, now)
            && self.lines.end_wait_of(endpoint_id)
    }

    /// A delivery gives its place in a lane back: whoever is next in line for it need not wait any
    /// longer. Says whether there was somebody.
    fn leave(&mut self, account_id: &AccountId, lane: Lane) -> bool {
        match lane {
            Lane::Slow => {
                self.slow -= 1;
                self.lines.slow_is_free()
            }
            Lane::Main(standing) => {
                self.main -= 1;
                self.main_unproven -= u32::from(standing == Standing::Unproven);
                let of_account =
                    self.main_by_account.get_mut(account_id).expect("the account has a slot");
                *of_account -= 1;
                if *of_account == 0 {
                    self.main_by_account.remove(account_id);
                }
                self.lines.main_is_free(account_id, standing)
            }
        }
    }
}

#[cfg(test)]
mod tests;
