//! The deliveries to one endpoint that this process has leased: those that are ready, those that are
//! being sent, those that are answered and not recorded yet.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::oneshot;

use super::slot::{Sign, Stage, Turn};
use super::{NoRoom, UNRECORDED_PER_REQUEST};
use crate::domain::pace::{Admission, Pace, PaceLimits, Standing};

/// What is known of an endpoint, and what is leased for it.
pub(super) struct Places {
    pace: Pace,
    in_flight: u32,
    unrecorded: u32,
    ready: u32,
    /// The turns of those that are ready, the oldest first; some may be gone.
    turns: VecDeque<oneshot::Sender<Turn>>,
}

impl Places {
    /// Nothing is known, nothing is leased.
    pub fn new(now: Duration) -> Self {
        let (pace, turns) = (Pace::new(now), VecDeque::new());
        Self { pace, in_flight: 0, unrecorded: 0, ready: 0, turns }
    }

    /// What is known of the endpoint.
    pub fn standing(&self) -> Standing {
        self.pace.standing()
    }

    /// Whether nothing is leased.
    pub fn is_idle(&self) -> bool {
        self.in_flight == 0 && self.unrecorded == 0 && self.ready == 0
    }

    /// Whether there is a place for one more.
    pub fn admit(&mut self, limits: PaceLimits, now: Duration) -> Result<(), NoRoom> {
        match self.admit_request(limits, now) {
            Admission::Now => Ok(()),
            Admission::After(wait) => Err(NoRoom::After(wait)),
            Admission::WhenOneEnds if self.ready < self.ready_max(limits) => Ok(()),
            Admission::WhenOneEnds => Err(NoRoom::Endpoint),
        }
    }

    /// Takes the place that there is.
    pub fn take(&mut self, limits: PaceLimits, now: Duration) -> Stage {
        if self.ready == 0 && self.admit_request(limits, now) == Admission::Now {
            self.pace.begin();
            self.in_flight += 1;
            return Stage::UnderWay;
        }
        let (call, turn) = oneshot::channel();
        self.turns.push_back(call);
        self.ready += 1;
        self.call(limits, now);
        Stage::Ready(turn)
    }

    fn admit_request(&mut self, limits: PaceLimits, now: Duration) -> Admission {
        if self.unrecorded >= unrecorded_max(limits) {
            return Admission::WhenOneEnds;
        }
        self.pace.admit(self.in_flight, limits, now)
    }

    /// What is ready will be unrecorded at once some time.
    fn ready_max(&self, limits: PaceLimits) -> u32 {
        let place = unrecorded_max(limits).saturating_sub(self.unrecorded);
        self.pace.ready_max(limits).min(place)
    }

    /// Calls those whose turn has come.
    fn call(&mut self, limits: PaceLimits, now: Duration) {
        while !self.turns.is_empty() && self.admit_request(limits, now) == Admission::Now {
            let next = self.turns.pop_front().expect("there is one");
            // One that is gone was counted out when it went.
            if next.send(Turn::Begin).is_ok() {
                self.ready -= 1;
                self.in_flight += 1;
                self.pace.begin();
            }
        }
    }

    /// Sends those away that are ready: others may come to send them, and their room is free.
    fn send_away(&mut self) {
        for turn in self.turns.drain(..) {
            if turn.send(Turn::GiveBack).is_ok() {
                self.ready -= 1;
            }
        }
        assert_eq!(self.ready, 0, "who is ready has a turn");
    }

    /// A request has kept its endpoint's place for long.
    pub fn is_slow(&mut self) {
        self.pace.kept_waiting();
        self.send_away();
    }

    /// A request that was begun at `begun` is answered.
    pub fn answered(&mut self, sign: Sign, begun: Duration, limits: PaceLimits, now: Duration) {
        self.in_flight -= 1;
        self.unrecorded += 1;
        match sign {
            Sign::Acknowledged => self.pace.acknowledged(now.saturating_sub(begun), limits),
            Sign::Overrun => {
                self.pace.overrun(begun, now);
                self.send_away();
            }
            Sign::None => {}
        }
        self.call(limits, now);
    }

    /// A place was taken and not used.
    pub fn not_begun(&mut self) {
        self.pace.not_begun();
    }

    /// A slot is given back.
    pub fn leave(&mut self, stage: &mut Stage, limits: PaceLimits, now: Duration) {
        match stage {
            Stage::UnderWay => self.in_flight -= 1,
            Stage::Answered => self.unrecorded -= 1,
            Stage::Returned => {}
            Stage::Ready(turn) => {
                turn.close();
                match turn.try_recv() {
                    Ok(Turn::Begin) => self.in_flight -= 1,
                    Ok(Turn::GiveBack) => {}
                    Err(_) => self.ready -= 1,
                }
            }
        }
        self.call(limits, now);
    }

    /// Whether it is worth to claim for the endpoint: a request may begin, or half of what may be
    /// ready is wanting. So what is ready is fetched many at a time.
    pub fn is_worth_a_claim(&mut self, limits: PaceLimits, now: Duration) -> bool {
        self.ready * 2 < self.ready_max(limits) || self.admit_request(limits, now) == Admission::Now
    }
}

/// How many answers may wait to be recorded.
fn unrecorded_max(limits: PaceLimits) -> u32 {
    limits.in_flight_max.saturating_mul(UNRECORDED_PER_REQUEST)
}
