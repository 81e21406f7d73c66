//! The scenarios: one for each line of the table in docs/performance.md.

mod crowd;
mod drain;
mod grown;
mod history;
mod latency;
mod replicas;
mod throughput;

use std::str::FromStr;

use anyhow::Context;
use serde_json::Map;

use super::database::Kind;
use super::figures::Figures;
use super::publisher::{Manner, Plan};
use super::stage::{Measured, Stage, Yardstick};

/// How much of each scenario is run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// As in the table.
    Full,
    /// A hundredth: whether it works, and no figure that means anything.
    Quick,
}

impl Size {
    /// So many, or a hundredth of it.
    pub fn of(self, full: u32) -> u32 {
        match self {
            Self::Full => full,
            Self::Quick => (full / 100).max(1),
        }
    }
}

/// A scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    Unary1,
    Fanout10,
    Batch,
    Stream,
    Drain,
    LatencyLow,
    LatencyHalf,
    Grown,
    Replicas,
    Crowd,
}

impl FromStr for Scenario {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> anyhow::Result<Self> {
        Self::ALL.into_iter().find(|scenario| scenario.name() == name).with_context(|| {
            format!("no scenario is called {name}: {}", Self::ALL.map(Self::name).join(", "))
        })
    }
}

/// As many callers as the other services were measured with.
pub const CALLERS: u32 = 64;
/// Requests of the bare sender before a measurement, and again after it.
const YARDSTICK_REQUESTS: u32 = 50_000;

impl Scenario {
    pub const ALL: [Self; 10] = [
        Self::Unary1,
        Self::Fanout10,
        Self::Batch,
        Self::Stream,
        Self::Drain,
        Self::LatencyLow,
        Self::LatencyHalf,
        Self::Grown,
        Self::Replicas,
        Self::Crowd,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Unary1 => "unary-1",
            Self::Fanout10 => "fanout-10",
            Self::Batch => "batch",
            Self::Stream => "stream",
            Self::Drain => "drain",
            Self::LatencyLow => "latency-low",
            Self::LatencyHalf => "latency-half",
            Self::Grown => "grown",
            Self::Replicas => "replicas",
            Self::Crowd => "crowd",
        }
    }

    /// A SQLite file has one process.
    pub fn runs_on(self, kind: Kind) -> bool {
        self != Self::Replicas || kind == Kind::Postgres
    }

    /// Runs it, from nothing to figures.
    pub async fn run(self, kind: Kind, size: Size) -> anyhow::Result<Figures> {
        match self {
            Self::Unary1 => throughput::unary(self, kind, size, 1).await,
            Self::Fanout10 => throughput::unary(self, kind, size, 10).await,
            Self::Batch => {
                throughput::many(self, kind, size, Manner::Batch { callers: 8, events: 100 }).await
            }
            Self::Stream => throughput::many(self, kind, size, Manner::Stream { streams: 4 }).await,
            Self::Drain => drain::run(self, kind, size).await,
            Self::LatencyLow => latency::low(self, kind, size).await,
            Self::LatencyHalf => latency::half(self, kind, size).await,
            Self::Grown => grown::run(self, kind, size).await,
            Self::Replicas => replicas::run(self, kind, size).await,
            Self::Crowd => crowd::run(self, kind, size).await,
        }
    }

    /// The figures of what was measured between two looks at the yardsticks.
    async fn figures(
        self,
        stage: &mut Stage,
        measured: &Measured,
        before: &Yardstick,
        size: Size,
    ) -> anyhow::Result<Figures> {
        let rss_end_mib = stage.rss_mib()?;
        let after = yardstick(stage, size)?;
        let millis = |permille| measured.latencies.permille(permille).as_secs_f64() * 1_000.0;
        Ok(Figures {
            scenario: self.name(),
            db: stage.database.kind,
            deliveries_per_s: measured.deliveries_per_s,
            events_per_s: measured.events_per_s,
            cpu_s_per_10k: measured.cpu_per_10k(),
            p50_ms: millis(500.0),
            p99_ms: millis(990.0),
            p999_ms: millis(999.0),
            rss_idle_mib: stage.rss_idle_mib,
            rss_end_mib,
            disk_bytes_per_delivery: super::stage::number(measured.used.disk_bytes)
                / measured.count(),
            bare_sender_per_s: f64::midpoint(before.per_s, after.per_s),
            bare_sender_cpu_s_per_10k: f64::midpoint(before.cpu_per_10k, after.cpu_per_10k),
            commit_ms: stage.database.commit_millis().await?,
            lost: measured.lost,
            repeated: measured.repeated,
            bad_signatures: measured.wrong,
            more: Map::new(),
        })
    }
}

/// Runs the bare sender once.
fn yardstick(stage: &mut Stage, size: Size) -> anyhow::Result<Yardstick> {
    stage.yardstick(size.of(YARDSTICK_REQUESTS))
}

/// The plan of so many events in so many accounts.
fn plan(stage: &Stage, accounts: u32, events: u32, manner: Manner) -> Plan {
    Plan { addresses: stage.addresses(), accounts, events, manner }
}

/// Publishes a tenth of a plan first: connections are open then, and statements prepared.
async fn warm(stage: &mut Stage, plan: &Plan, endpoints: u32) -> anyhow::Result<()> {
    let tenth = Plan { events: (plan.events / 10).max(1), ..plan.clone() };
    stage.measure(&tenth, endpoints).await.map(|_| ())
}
