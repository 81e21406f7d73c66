//! Room for one delivery, from when it is leased until its outcome is recorded.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::{Lane, Room};
use crate::domain::endpoint::Addressee;

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

/// What a delivery that is ready is called to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Send it now.
    Begin,
    /// The endpoint has fallen behind: give the lease back.
    GiveBack,
}

/// How far a delivery has come.
pub(super) enum Stage {
    Ready(oneshot::Receiver<Turn>),
    UnderWay,
    Answered,
    Returned,
}

/// Room for one delivery, given back when dropped.
pub struct Slot {
    pub(super) room: Arc<Room>,
    pub(super) addressee: Addressee,
    pub(super) lane: Lane,
    pub(super) stage: Stage,
    pub(super) begun: Duration,
}

impl Slot {
    /// Waits until the endpoint may have the request, or may not have it soon.
    pub async fn turn(&mut self) -> Turn {
        let Stage::Ready(turn) = &mut self.stage else { return Turn::Begin };
        let turn = turn.await.expect("the room calls everybody who is ready");
        self.begun = self.room.clock.monotonic();
        self.stage = match turn {
            Turn::Begin => Stage::UnderWay,
            Turn::GiveBack => Stage::Returned,
        };
        turn
    }

    /// The request has been under way for a while: it moves to the slow lane, if there is place.
    pub fn is_slow(&mut self) {
        let mut taken = self.room.lock();
        taken.places_of(self.addressee.endpoint_id).is_slow();
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
        if matches!(self.stage, Stage::UnderWay) {
            let mut taken = self.room.lock();
            taken.places_of(self.addressee.endpoint_id).not_begun();
        }
    }

    /// The request is over, and what that says about the endpoint; its next may begin.
    pub fn answered(&mut self, sign: Sign) {
        assert!(matches!(self.stage, Stage::UnderWay), "a request is begun, and ends once");
        self.stage = Stage::Answered;
        let now = self.room.clock.monotonic();
        let limits = self.room.pace_limits(&self.addressee);
        let mut taken = self.room.lock();
        taken.places_of(self.addressee.endpoint_id).answered(sign, self.begun, limits, now);
        if taken.end_wait_of(self.addressee.endpoint_id, limits, now) {
            self.room.freed.notify_one();
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let endpoint_id = self.addressee.endpoint_id;
        let now = self.room.clock.monotonic();
        let limits = self.room.pace_limits(&self.addressee);
        let mut taken = self.room.lock();
        let is_lane_waited_for = taken.leave(&self.addressee.account_id, self.lane);
        taken.places_of(endpoint_id).leave(&mut self.stage, limits, now);
        if taken.end_wait_of(endpoint_id, limits, now) || is_lane_waited_for {
            self.room.freed.notify_one();
        }
    }
}
