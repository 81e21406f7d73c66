//! Room for requests under way: over the whole process, for each account, for each endpoint.
//!
//! A delivery is leased to this process only where there is room to send it at once; the room is
//! kept in a [`Slot`] until its outcome is recorded. So memory is bounded whatever the backlog. The
//! endpoint itself is free for its next request as soon as it has answered: how many may be under
//! way to it is not to depend on how fast the database is.
//!
//! There are two lanes, so that endpoints that hang do not take the room of those that answer:
//!
//! - The main lane. Endpoints of which nothing is known yet have half of it at most, each account
//!   three quarters.
//! - The slow lane, as large, for requests that have been under way for a while, which move there,
//!   and for those to endpoints that are [`Standing::Suspect`], which have half of it at most, so
//!   that there is place to move to.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::membership::Membership;
use super::turns::Turns;
use crate::domain::account::AccountId;
use crate::domain::clock::Clock;
use crate::domain::endpoint::Addressee;
use crate::domain::id::EndpointId;
use crate::domain::pace::{Admission, Pace, PaceLimits, Standing};

/// Endpoints whose pace is remembered while nothing is under way to them: some 100 bytes each.
const PACES_MAX: usize = 100_000;
/// Answers of an endpoint that may wait to be recorded, for each request that may be under way to
/// it: what a crash may repeat is bounded by both.
const UNRECORDED_PER_REQUEST: u32 = 7;

/// How many requests may be under way at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomLimits {
    /// Over the whole process; each lane has half of it.
    pub in_flight_max: u32,
    /// To one endpoint that sets no limit of its own.
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
    /// The endpoint has as many requests under way as it takes.
    Endpoint,
    /// The endpoint's rate is used up for this time.
    After(Duration),
}

/// How a request ended, as far as the pace is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// Acknowledged.
    Acknowledged,
    /// It timed out, did not connect, or was answered 429 or 503.
    Overrun,
    /// It says nothing about the endpoint's readiness.
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lane {
    Main(Standing),
    Slow,
}

/// What is under way.
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
    endpoints: HashMap<EndpointId, EndpointPace>,
    waiting: Waiting,
}

/// Endpoints with due rows in the table for which there was no room, by what they wait for.
#[derive(Default)]
struct Waiting {
    for_main: Turns,
    for_unproven: Turns,
    for_slow: Turns,
    for_account: HashMap<AccountId, Turns>,
    for_endpoint: HashSet<EndpointId>,
    /// Those that need not wait any longer.
    over: Vec<EndpointId>,
}

struct EndpointPace {
    pace: Pace,
    in_flight: u32,
    unrecorded: u32,
}

impl EndpointPace {
    fn new(now: Duration) -> Self {
        Self { pace: Pace::new(now), in_flight: 0, unrecorded: 0 }
    }

    /// Whether one more request may be begun.
    fn admit(&mut self, limits: PaceLimits, now: Duration) -> Admission {
        if self.unrecorded >= limits.in_flight_max.saturating_mul(UNRECORDED_PER_REQUEST) {
            return Admission::WhenOneEnds;
        }
        self.pace.admit(self.in_flight, limits, now)
    }

    fn is_idle(&self) -> bool {
        self.in_flight == 0 && self.unrecorded == 0
    }
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
            taken.waiting.add(reason, addressee);
        }
        slot
    }

    fn take(self: &Arc<Self>, taken: &mut Taken, addressee: &Addressee) -> Result<Slot, NoRoom> {
        let now = self.clock.monotonic();
        taken.forget_idle_paces();
        let lane = self.choose_lane(taken, addressee, now)?;
        let entry = taken.entry_of(addressee.endpoint_id);
        entry.pace.begin();
        entry.in_flight += 1;
        match lane {
            Lane::Slow => taken.slow += 1,
            Lane::Main(standing) => {
                taken.main += 1;
                taken.main_unproven += u32::from(standing == Standing::Unproven);
                *taken.main_by_account.entry(addressee.account_id.clone()).or_default() += 1;
            }
        }
        let (room, addressee) = (Arc::clone(self), addressee.clone());
        Ok(Slot { room, addressee, lane, begun: now, is_answered: false })
    }

    /// Which lane there is room in.
    fn choose_lane(
        &self,
        taken: &mut Taken,
        addressee: &Addressee,
        now: Duration,
    ) -> Result<Lane, NoRoom> {
        let limits = self.pace_limits(addressee);
        let lane_max = self.lane_max();
        let entry =
            taken.endpoints.entry(addressee.endpoint_id).or_insert_with(|| EndpointPace::new(now));
        let standing = entry.pace.standing();
        match entry.admit(limits, now) {
            Admission::Now => {}
            Admission::WhenOneEnds => return Err(NoRoom::Endpoint),
            Admission::After(wait) => return Err(NoRoom::After(wait)),
        }
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

    /// Requests under way, and outcomes that are not recorded yet.
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
        std::mem::take(&mut self.lock().waiting.over)
    }

    /// Ends everybody's wait: whoever is still short of room will wait anew. Called from time to
    /// time, so that no line can be forgotten.
    pub fn end_all_waits(&self) {
        self.lock().waiting = Waiting::default();
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
    /// Forgets the endpoints that nothing is under way to, when they have become too many.
    fn forget_idle_paces(&mut self) {
        if self.endpoints.len() >= PACES_MAX {
            self.endpoints.retain(|_, entry| !entry.is_idle());
        }
    }

    /// What is known of an endpoint that has a slot.
    fn entry_of(&mut self, endpoint_id: EndpointId) -> &mut EndpointPace {
        self.endpoints.get_mut(&endpoint_id).expect("it is kept while it has slots")
    }

    fn has_line_for(&self, addressee: &Addressee) -> bool {
        let entry = self.endpoints.get(&addressee.endpoint_id);
        let standing = entry.map_or(Standing::Unproven, |entry| entry.pace.standing());
        self.waiting.for_endpoint.contains(&addressee.endpoint_id)
            || self.waiting.for_account.contains_key(&addressee.account_id)
            || self.waiting.has_line_for_lane(standing)
    }

    /// One request of an endpoint is over, or its outcome recorded: if it waits, it need not any
    /// longer. Says whether it does.
    fn end_wait_of(&mut self, endpoint_id: EndpointId) -> bool {
        let is_waited_for = self.waiting.for_endpoint.remove(&endpoint_id);
        if is_waited_for {
            self.waiting.over.push(endpoint_id);
        }
        is_waited_for
    }

    /// A request gives its place in a lane back: whoever is next in line for it need not wait any
    /// longer. Says whether there was somebody.
    fn leave(&mut self, account_id: &AccountId, lane: Lane) -> bool {
        let next = match lane {
            Lane::Slow => [self.waiting.for_slow.pop(), None, None],
            Lane::Main(standing) => [
                self.waiting.for_main.pop(),
                (standing == Standing::Unproven).then(|| self.waiting.for_unproven.pop()).flatten(),
                self.waiting.pop_of_account(account_id),
            ],
        };
        let before = self.waiting.over.len();
        self.waiting.over.extend(next.into_iter().flatten());
        match lane {
            Lane::Slow => self.slow -= 1,
            Lane::Main(standing) => {
                self.main -= 1;
                self.main_unproven -= u32::from(standing == Standing::Unproven);
                let of_account =
                    self.main_by_account.get_mut(account_id).expect("the account has a slot");
                *of_account -= 1;
                if *of_account == 0 {
                    self.main_by_account.remove(account_id);
                }
            }
        }
        self.waiting.over.len() > before
    }
}

impl Waiting {
    fn add(&mut self, reason: NoRoom, addressee: &Addressee) {
        let Addressee { account_id, endpoint_id, .. } = addressee;
        match reason {
            NoRoom::Main => self.for_main.push(account_id, *endpoint_id),
            NoRoom::Unproven => self.for_unproven.push(account_id, *endpoint_id),
            NoRoom::Slow => self.for_slow.push(account_id, *endpoint_id),
            NoRoom::Account => {
                let line = self.for_account.entry(account_id.clone()).or_default();
                line.push(account_id, *endpoint_id);
            }
            NoRoom::Endpoint => {
                self.for_endpoint.insert(*endpoint_id);
            }
            NoRoom::After(_) => {}
        }
    }

    fn has_line_for_lane(&self, standing: Standing) -> bool {
        match standing {
            Standing::Proven => !self.for_main.is_empty(),
            Standing::Unproven => !self.for_main.is_empty() || !self.for_unproven.is_empty(),
            Standing::Suspect => !self.for_slow.is_empty(),
        }
    }

    fn pop_of_account(&mut self, account_id: &AccountId) -> Option<EndpointId> {
        let line = self.for_account.get_mut(account_id)?;
        let next = line.pop();
        if line.is_empty() {
            self.for_account.remove(account_id);
        }
        next
    }
}

/// Room for one request and what it comes to, given back when dropped.
pub struct Slot {
    room: Arc<Room>,
    addressee: Addressee,
    lane: Lane,
    begun: Duration,
    is_answered: bool,
}

impl Slot {
    /// The request has been under way for a while: it moves to the slow lane, if there is place.
    pub fn is_slow(&mut self) {
        let mut taken = self.room.lock();
        taken.entry_of(self.addressee.endpoint_id).pace.kept_waiting();
        if matches!(self.lane, Lane::Main(_)) && taken.slow < self.room.lane_max() {
            let is_waited_for = taken.leave(&self.addressee.account_id, self.lane);
            taken.slow += 1;
            self.lane = Lane::Slow;
            if is_waited_for {
                self.room.freed.notify_one();
            }
        }
    }

    /// Gives the room back without having begun a request.
    pub fn unused(self) {
        let mut taken = self.room.lock();
        taken.entry_of(self.addressee.endpoint_id).pace.not_begun();
    }

    /// The request is over, and what that says about the endpoint; its next may begin.
    pub fn answered(&mut self, sign: Sign) {
        assert!(!self.is_answered, "a request ends once");
        self.is_answered = true;
        let now = self.room.clock.monotonic();
        let limits = self.room.pace_limits(&self.addressee);
        let mut taken = self.room.lock();
        let entry = taken.entry_of(self.addressee.endpoint_id);
        entry.in_flight -= 1;
        entry.unrecorded += 1;
        match sign {
            Sign::Acknowledged => entry.pace.acknowledged(limits),
            Sign::Overrun => entry.pace.overrun(self.begun, now),
            Sign::None => {}
        }
        if taken.end_wait_of(self.addressee.endpoint_id) {
            self.room.freed.notify_one();
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let endpoint_id = self.addressee.endpoint_id;
        let mut taken = self.room.lock();
        let is_lane_waited_for = taken.leave(&self.addressee.account_id, self.lane);
        let entry = taken.entry_of(endpoint_id);
        let count = if self.is_answered { &mut entry.unrecorded } else { &mut entry.in_flight };
        *count -= 1;
        if taken.end_wait_of(endpoint_id) || is_lane_waited_for {
            self.room.freed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests;
