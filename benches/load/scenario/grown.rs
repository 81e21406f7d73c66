//! A database that has a history: the rate with 10,000,000 deliveries in it, beside that of an empty
//! one.

use serde_json::json;

use super::history::{History, fill};
use super::{CALLERS, Scenario, Size, plan, warm, yardstick};
use crate::database::Kind;
use crate::figures::Figures;
use crate::publisher::{Manner, account};
use crate::stage::{Measured, Stage};

const EVENTS: u32 = 50_000;
/// Events in the history; with ten endpoints each, of which nine have acknowledged it.
const HISTORY: u32 = 1_000_000;
const ENDPOINTS: u32 = 10;

/// What is open in the history waits for a retry tomorrow.
pub async fn run(scenario: Scenario, kind: Kind, size: Size) -> anyhow::Result<Figures> {
    let mut stage = Stage::set(kind, 1).await?;
    stage.register(0..1, 1, false).await?;
    let empty = publish(&mut stage, size).await?;
    drop(stage);

    let mut stage = Stage::set(kind, 1).await?;
    stage.register(0..1, 1, false).await?;
    let endpoint_ids = stage.register(1..2, ENDPOINTS, false).await?;
    stage.stop_services()?;
    let history = History { account: account(1), endpoint_ids, events: size.of(HISTORY) };
    fill(&stage.database, &history).await?;
    stage.start_services(1)?;
    let before = yardstick(&mut stage, size)?;
    let measured = publish(&mut stage, size).await?;
    let mut figures = scenario.figures(&mut stage, &measured, &before, size).await?;
    let percent = 100.0 * measured.deliveries_per_s / empty.deliveries_per_s;
    figures.more.insert("empty_deliveries_per_s".to_owned(), json!(empty.deliveries_per_s.round()));
    figures.more.insert("empty_cpu_s_per_10k".to_owned(), json!(empty.cpu_per_10k()));
    figures.more.insert("percent_of_empty".to_owned(), json!(percent));
    Ok(figures)
}

async fn publish(stage: &mut Stage, size: Size) -> anyhow::Result<Measured> {
    let plan = plan(stage, 1, size.of(EVENTS), Manner::Unary { callers: CALLERS });
    warm(stage, &plan, 1).await?;
    stage.measure(&plan, 1).await
}
