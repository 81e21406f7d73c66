//! What goes wrong between one replica and the world: it is paused or killed, cut off from the
//! tables, slow; calls fail, commits are lost.
//!
//! A paused replica comes no further than to its next call, and gets no answer; a killed one never
//! does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bookora_webhooks::store::error::StoreError;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::dice::Dice;
use super::model::link::{Fate, Weather, unavailable};
use super::plan::Odds;
use super::time::now;
use super::trace::Trace;

/// For how long after an accident a replica may do what it would not have done without: longer than a
/// lease, and than a late commit.
const SHAKEN_FOR: Duration = Duration::from_secs(45);

/// Whether a replica comes further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    Open,
    Paused,
    Killed,
}

/// One replica's.
pub struct ReplicaWeather {
    pub number: u64,
    dice: Arc<Dice>,
    trace: Arc<Trace>,
    odds: Odds,
    is_over: Arc<AtomicBool>,
    is_cut_off: AtomicBool,
    gate: Mutex<Gate>,
    /// Not a `watch`, which wakes those who wait in an order by chance of its own.
    gate_is_set: Notify,
    last_accident: Mutex<Option<Instant>>,
}

impl ReplicaWeather {
    /// Fair at first. `is_over`: nothing goes wrong any more.
    pub fn new(
        number: u64,
        dice: Arc<Dice>,
        trace: Arc<Trace>,
        odds: Odds,
        is_over: Arc<AtomicBool>,
    ) -> Arc<Self> {
        let (is_cut_off, last_accident) = (AtomicBool::new(false), Mutex::new(None));
        let (gate, gate_is_set) = (Mutex::new(Gate::Open), Notify::new());
        Arc::new(Self {
            number,
            dice,
            trace,
            odds,
            is_over,
            is_cut_off,
            gate,
            gate_is_set,
            last_accident,
        })
    }

    /// Opens or closes the gate.
    pub fn set_gate(&self, gate: Gate) {
        self.has_accident();
        *self.gate.lock().unwrap_or_else(PoisonError::into_inner) = gate;
        self.gate_is_set.notify_waiters();
    }

    /// Cuts the replica off from the tables, or connects it again.
    pub fn set_cut_off(&self, is_cut_off: bool) {
        self.has_accident();
        self.is_cut_off.store(is_cut_off, Ordering::Relaxed);
    }

    fn has_accident(&self) {
        *self.last_accident.lock().unwrap_or_else(PoisonError::into_inner) = Some(now());
    }

    /// Whether it is paused, killed or cut off, or was so recently.
    pub fn is_shaken(&self) -> bool {
        let last = *self.last_accident.lock().unwrap_or_else(PoisonError::into_inner);
        self.gate() != Gate::Open
            || self.is_cut_off.load(Ordering::Relaxed)
            || last.is_some_and(|last| now() - last < SHAKEN_FOR)
    }

    /// Waits while it is paused; for ever where it is killed.
    pub async fn pass(&self) {
        while self.gate() != Gate::Open {
            self.gate_is_set.notified().await;
        }
    }

    fn gate(&self) -> Gate {
        *self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn happens(&self, per_mille: u64) -> bool {
        !self.is_over.load(Ordering::Relaxed) && self.dice.chance(per_mille)
    }

    async fn take_time(&self) {
        if self.happens(self.odds.slow) {
            self.trace.step("fault: a slow call", &[("replica", self.number)]);
            tokio::time::sleep(self.dice.millis(100, 4_000)).await;
        } else if self.dice.chance(300) {
            tokio::time::sleep(self.dice.millis(1, 5)).await;
        }
    }
}

#[async_trait]
impl Weather for ReplicaWeather {
    async fn call(&self, verb: &'static str) -> Result<(), StoreError> {
        self.pass().await;
        self.take_time().await;
        self.pass().await;
        if self.is_cut_off.load(Ordering::Relaxed) {
            // As long as a connection takes to fail, so that nobody asks again at once.
            tokio::time::sleep(Duration::from_millis(20)).await;
            return Err(unavailable("cut off"));
        }
        if self.happens(self.odds.error) {
            self.trace.step("fault: a call fails", &[("replica", self.number)]);
            return Err(unavailable(verb));
        }
        Ok(())
    }

    async fn commit(&self) -> Fate {
        let replica = ("replica", self.number);
        if self.happens(self.odds.refused) {
            self.trace.step("fault: a commit is refused", &[replica]);
            Fate::Refused
        } else if self.happens(self.odds.answer_lost) {
            self.trace.step("fault: a commit's answer is lost", &[replica]);
            Fate::AnswerLost
        } else if self.happens(self.odds.late) {
            let wait = self.dice.millis(10, 12_000);
            self.trace.step("fault: a commit comes late", &[replica]);
            // What it leases meanwhile may be out before anybody knows.
            self.has_accident();
            Fate::Late(wait)
        } else {
            Fate::Done
        }
    }

    async fn answer(&self) {
        self.take_time().await;
        self.pass().await;
    }
}
