//! How fast one endpoint is sent to: a window of requests under way that opens with what it
//! acknowledges and closes when it falls behind, a rate that its owner may set, and how much may be
//! kept ready for it.
//!
//! The window is that of TCP (RFC 5681, section 3.1): a new endpoint's doubles with each round of
//! acknowledgements; once it has been overrun it is halved, and from then on grows by one a round.
//! So after an outage a backlog is let in gradually.

use std::time::Duration;

/// The window of an endpoint that nothing is known of.
const WINDOW_MIN: f64 = 1.0;
/// An endpoint's own limit of deliveries a second may be saved up for this long.
const BURST: Duration = Duration::from_secs(1);
/// Deliveries that may be ready for each request that may be under way: enough that they are fetched
/// by the hundred, few enough that what a lost process holds is a small part of a backlog.
const READY_PER_REQUEST: f64 = 7.0;
/// For how long, at the pace of its answers, an endpoint may have deliveries ready: others could send
/// them, and they are not sent as they would be if its settings were changed now.
const READY_MAX: Duration = Duration::from_millis(250);
/// Share of an answer's time in what is remembered of them.
const LATENCY_WEIGHT: f64 = 1.0 / 8.0;
/// Highest `max_deliveries_per_second` that may be set: what one process sends to all.
pub const DELIVERIES_PER_SECOND_MAX: u32 = 10_000;

/// What an endpoint's owner, or the service, allows at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaceLimits {
    /// Requests under way at once.
    pub in_flight_max: u32,
    /// Requests begun in a second; `None`: no limit.
    pub per_second_max: Option<u32>,
}

/// What is known of an endpoint's readiness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Nothing yet.
    #[default]
    Unproven,
    /// The last that was heard of it was an acknowledgement.
    Proven,
    /// The last that was heard of it was a failure to keep up, or it has kept a request waiting.
    Suspect,
}

/// Whether one more request may be begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may.
    Now,
    /// Not before one that is under way has ended.
    WhenOneEnds,
    /// Not before this much time has passed.
    After(Duration),
}

/// One endpoint's pace. Times are monotonic, counted from any fixed start.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    standing: Standing,
    window: f64,
    has_been_overrun: bool,
    /// Since it was last overrun or kept a request waiting.
    acknowledged_in_a_row: u32,
    /// Of acknowledgements, in seconds; the last ones count most.
    latency: Option<f64>,
    /// Requests that were begun before this say nothing about the window as it is now.
    narrowed_at: Option<Duration>,
    /// Requests that the rate allows, and when they were counted.
    allowance: f64,
    counted_at: Duration,
}

impl Pace {
    /// The pace of an endpoint that nothing is known of.
    #[must_use]
    pub fn new(now: Duration) -> Self {
        Self {
            standing: Standing::Unproven,
            window: WINDOW_MIN,
            has_been_overrun: false,
            acknowledged_in_a_row: 0,
            latency: None,
            narrowed_at: None,
            allowance: f64::INFINITY,
            counted_at: now,
        }
    }

    /// What is known of the endpoint.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// Whether a request may be begun while `in_flight` are under way.
    pub fn admit(&mut self, in_flight: u32, limits: PaceLimits, now: Duration) -> Admission {
        if f64::from(in_flight) >= self.open(limits) {
            return Admission::WhenOneEnds;
        }
        match limits.per_second_max {
            None => Admission::Now,
            Some(per_second) => self.admit_by_rate(f64::from(per_second), now),
        }
    }

    /// How many requests may be under way.
    fn open(&self, limits: PaceLimits) -> f64 {
        self.window.min(f64::from(limits.in_flight_max)).floor()
    }

    /// How many deliveries may be kept ready to be sent as soon as requests end: so many as it takes
    /// within a quarter of a second, and no more than it has acknowledged in a row. None where a rate
    /// is kept.
    #[must_use]
    pub fn ready_max(&self, limits: PaceLimits) -> u32 {
        let (Some(latency), None) = (self.latency, limits.per_second_max) else { return 0 };
        let each = (READY_MAX.as_secs_f64() / latency).min(READY_PER_REQUEST);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "some thousands"
        )]
        let ready = (self.open(limits) * each) as u32;
        ready.min(self.acknowledged_in_a_row)
    }

    fn admit_by_rate(&mut self, per_second: f64, now: Duration) -> Admission {
        let passed = now.saturating_sub(self.counted_at).as_secs_f64();
        let most = (per_second * BURST.as_secs_f64()).max(1.0);
        self.allowance = (self.allowance + passed * per_second).min(most);
        self.counted_at = now;
        if self.allowance >= 1.0 {
            Admission::Now
        } else {
            Admission::After(Duration::from_secs_f64((1.0 - self.allowance) / per_second))
        }
    }

    /// A request was begun.
    pub fn begin(&mut self) {
        self.allowance = (self.allowance - 1.0).max(0.0);
    }

    /// A request was not begun after all.
    pub fn not_begun(&mut self) {
        self.allowance += 1.0;
    }

    /// A request was acknowledged, and what time that took.
    pub fn acknowledged(&mut self, took: Duration, limits: PaceLimits) {
        self.standing = Standing::Proven;
        self.acknowledged_in_a_row = self.acknowledged_in_a_row.saturating_add(1);
        let took = took.as_secs_f64();
        let before = self.latency.unwrap_or(took);
        self.latency = Some(before + (took - before) * LATENCY_WEIGHT);
        let growth = if self.has_been_overrun { 1.0 / self.window } else { 1.0 };
        self.window = (self.window + growth).min(f64::from(limits.in_flight_max).max(WINDOW_MIN));
    }

    /// A request that was begun at `begun` ended in a way that says: too much. Requests that were
    /// under way together narrow the window once.
    pub fn overrun(&mut self, begun: Duration, now: Duration) {
        self.standing = Standing::Suspect;
        self.acknowledged_in_a_row = 0;
        if self.narrowed_at.is_some_and(|narrowed| begun < narrowed) {
            return;
        }
        self.has_been_overrun = true;
        self.narrowed_at = Some(now);
        self.window = (self.window / 2.0).max(WINDOW_MIN);
    }

    /// A request has been under way for so long that others should not wait behind its like.
    pub fn kept_waiting(&mut self) {
        self.standing = Standing::Suspect;
        self.acknowledged_in_a_row = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: PaceLimits = PaceLimits { in_flight_max: 64, per_second_max: None };

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// How many may be under way.
    fn window(pace: &mut Pace, limits: PaceLimits) -> u32 {
        (0..=1_000).find(|n| pace.admit(*n, limits, at(0)) != Admission::Now).unwrap()
    }

    #[test]
    fn a_new_endpoint_starts_at_one_and_doubles_with_each_round() {
        let mut pace = Pace::new(at(0));
        let mut windows = Vec::new();
        for _ in 0..8 {
            let open = window(&mut pace, LIMITS);
            windows.push(open);
            for _ in 0..open {
                pace.acknowledged(at(10), LIMITS);
            }
        }
        assert_eq!(windows, [1, 2, 4, 8, 16, 32, 64, 64]);
        assert_eq!(pace.standing(), Standing::Proven);
    }

    #[test]
    fn one_overrun_round_halves_the_window_once_and_recovery_is_gradual() {
        let mut pace = Pace::new(at(0));
        for _ in 0..100 {
            pace.acknowledged(at(10), LIMITS);
        }
        for ended in 0..64 {
            pace.overrun(at(1_000), at(6_000 + ended));
        }
        assert_eq!(window(&mut pace, LIMITS), 32);
        assert_eq!(pace.standing(), Standing::Suspect);
        for round in 1..=5 {
            for _ in 0..=window(&mut pace, LIMITS) {
                pace.acknowledged(at(10), LIMITS);
            }
            assert_eq!(window(&mut pace, LIMITS), 32 + round, "one more a round");
        }
    }

    #[test]
    fn an_hour_of_outage_opens_nothing_and_afterwards_the_window_opens_round_by_round() {
        let mut pace = Pace::new(at(0));
        for _ in 0..100 {
            pace.acknowledged(at(10), LIMITS);
        }
        for second in 0..3_600 {
            pace.overrun(at(second * 1_000), at(second * 1_000 + 500));
        }
        let hour_after = Duration::from_hours(2);
        assert_eq!(pace.admit(0, LIMITS, hour_after), Admission::Now);
        assert_eq!(pace.admit(1, LIMITS, hour_after), Admission::WhenOneEnds);
        for round in 1..=10 {
            assert_eq!(window(&mut pace, LIMITS), round);
            for _ in 0..=round {
                pace.acknowledged(at(10), LIMITS);
            }
        }
    }

    #[test]
    fn the_window_never_closes() {
        let mut pace = Pace::new(at(0));
        for second in 1..100 {
            pace.overrun(at(second * 1_000), at(second * 1_000 + 500));
        }
        assert_eq!(window(&mut pace, LIMITS), 1);
    }

    #[test]
    fn what_is_kept_ready_is_what_a_quarter_of_a_second_takes_of_what_was_acknowledged_in_a_row() {
        let ready = |acknowledged: u32, took: Duration, limits: PaceLimits| {
            let mut pace = Pace::new(at(0));
            for _ in 0..acknowledged {
                pace.acknowledged(took, limits);
            }
            pace.ready_max(limits)
        };
        assert_eq!(ready(0, at(1), LIMITS), 0);
        assert_eq!(ready(1, at(1), LIMITS), 1);
        assert_eq!(ready(100, at(1), LIMITS), 100);
        assert_eq!(ready(1_000, at(1), LIMITS), 448, "seven for each request");
        assert_eq!(ready(1_000, Duration::ZERO, LIMITS), 448);
        assert_eq!(ready(1_000, at(100), LIMITS), 160, "two and a half rounds");
        assert_eq!(ready(1_000, at(2_000), LIMITS), 8, "an eighth of a round");
        assert_eq!(ready(1_000, at(1), PaceLimits { in_flight_max: 0, ..LIMITS }), 0);
        let paced = PaceLimits { per_second_max: Some(1_000), ..LIMITS };
        assert_eq!(ready(1_000, at(1), paced), 0);
    }

    #[test]
    fn who_falls_behind_has_nothing_ready_until_it_has_acknowledged_again() {
        let mut pace = Pace::new(at(0));
        for _ in 0..1_000 {
            pace.acknowledged(at(1), LIMITS);
        }
        pace.overrun(at(0), at(1));
        assert_eq!(pace.ready_max(LIMITS), 0);
        pace.acknowledged(at(1), LIMITS);
        assert_eq!(pace.ready_max(LIMITS), 1);
        pace.kept_waiting();
        assert_eq!(pace.ready_max(LIMITS), 0);
    }

    #[test]
    fn a_rate_is_kept_and_says_when_to_come_back() {
        let limits = PaceLimits { in_flight_max: 64, per_second_max: Some(10) };
        let mut pace = Pace::new(at(0));
        for _ in 0..100 {
            pace.acknowledged(at(10), limits);
        }
        let mut begun = 0;
        for millis in 0..5_000 {
            while pace.admit(0, limits, at(millis)) == Admission::Now {
                pace.begin();
                begun += 1;
            }
        }
        // What was saved up for a second at the start, then ten a second.
        assert!((58..=60).contains(&begun), "{begun}");
        let Admission::After(wait) = pace.admit(0, limits, at(4_999)) else { panic!() };
        assert!(wait <= at(100), "{wait:?}");
        assert_eq!(pace.admit(0, limits, at(4_999) + wait), Admission::Now);
    }
}
