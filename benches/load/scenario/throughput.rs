//! As much as goes through, over HTTP and over HTTPS.

use serde_json::json;

use super::{CALLERS, Scenario, Size, plan, warm, yardstick};
use crate::database::Kind;
use crate::figures::Figures;
use crate::publisher::Manner;
use crate::stage::{Measured, Stage};

const DELIVERIES: u32 = 100_000;
const EVENTS_OF_MANY: u32 = 150_000;

/// Callers that publish one event at a time.
pub async fn unary(
    scenario: Scenario,
    kind: Kind,
    size: Size,
    endpoints: u32,
) -> anyhow::Result<Figures> {
    let events = size.of(DELIVERIES / endpoints);
    let manner = Manner::Unary { callers: CALLERS };
    let mut stage = Stage::set(kind, 1).await?;
    stage.register(0..1, endpoints, false).await?;
    let before = yardstick(&mut stage, size)?;
    let measured = publish(&mut stage, events, manner, endpoints).await?;
    let mut figures = scenario.figures(&mut stage, &measured, &before, size).await?;
    drop(stage);
    add_https(&mut figures, kind, events, manner, endpoints).await?;
    Ok(figures)
}

/// Many events in a call: as many as are acknowledged where nobody subscribes, and as many as are
/// delivered to one endpoint.
pub async fn many(
    scenario: Scenario,
    kind: Kind,
    size: Size,
    manner: Manner,
) -> anyhow::Result<Figures> {
    let mut stage = Stage::set(kind, 1).await?;
    let unheard = publish(&mut stage, size.of(EVENTS_OF_MANY), manner, 0).await?;
    drop(stage);
    let mut stage = Stage::set(kind, 1).await?;
    stage.register(0..1, 1, false).await?;
    let before = yardstick(&mut stage, size)?;
    let events = size.of(DELIVERIES);
    let measured = publish(&mut stage, events, manner, 1).await?;
    let mut figures = scenario.figures(&mut stage, &measured, &before, size).await?;
    drop(stage);
    figures.more.insert("events_per_s_delivered".to_owned(), json!(figures.events_per_s.round()));
    figures.more.insert("cpu_s_per_10k_events".to_owned(), json!(unheard.cpu_per_10k()));
    figures.events_per_s = unheard.events_per_s;
    add_https(&mut figures, kind, events, manner, 1).await?;
    Ok(figures)
}

/// The same once more over HTTPS.
async fn add_https(
    figures: &mut Figures,
    kind: Kind,
    events: u32,
    manner: Manner,
    endpoints: u32,
) -> anyhow::Result<()> {
    let mut stage = Stage::set(kind, 1).await?;
    stage.register(0..1, endpoints, true).await?;
    let https = publish(&mut stage, events, manner, endpoints).await?;
    figures.lost += https.lost;
    figures.repeated += https.repeated;
    figures.bad_signatures += https.wrong;
    let rate = json!(https.deliveries_per_s.round());
    figures.more.insert("https_deliveries_per_s".to_owned(), rate);
    figures.more.insert("https_cpu_s_per_10k".to_owned(), json!(https.cpu_per_10k()));
    Ok(())
}

async fn publish(
    stage: &mut Stage,
    events: u32,
    manner: Manner,
    endpoints: u32,
) -> anyhow::Result<Measured> {
    let plan = plan(stage, 1, events, manner);
    warm(stage, &plan, endpoints).await?;
    stage.measure(&plan, endpoints).await
}
