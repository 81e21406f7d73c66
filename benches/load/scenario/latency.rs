//! How long an event is on its way while there is room.

use serde_json::json;

use super::{CALLERS, Scenario, Size, plan, warm, yardstick};
use crate::database::Kind;
use crate::figures::Figures;
use crate::publisher::Manner;
use crate::stage::Stage;

const LOW_PER_SECOND: u32 = 50;
const LOW_SECONDS: u32 = 20;
const HALF_SECONDS: u32 = 10;
const SATURATING_EVENTS: u32 = 50_000;
/// Of the saturated rate, in percent: the points of the throughput-latency curve.
const LOADS: [u32; 5] = [10, 25, 50, 75, 90];
const CURVE_SECONDS: u32 = 4;

/// Fifty events a second.
pub async fn low(scenario: Scenario, kind: Kind, size: Size) -> anyhow::Result<Figures> {
    let mut stage = Stage::set(kind, 1).await?;
    stage.register(0..1, 1, false).await?;
    let manner = Manner::Paced { per_second: LOW_PER_SECOND };
    let plan = plan(&stage, 1, size.of(LOW_PER_SECOND * LOW_SECONDS), manner);
    warm(&mut stage, &plan, 1).await?;
    let before = yardstick(&mut stage, size)?;
    let measured = stage.measure(&plan, 1).await?;
    scenario.figures(&mut stage, &measured, &before, size).await
}

/// Half the rate that saturates it, and the points of a curve around it.
pub async fn half(scenario: Scenario, kind: Kind, size: Size) -> anyhow::Result<Figures> {
    let mut stage = Stage::set(kind, 1).await?;
    stage.register(0..1, 1, false).await?;
    let manner = Manner::Unary { callers: CALLERS };
    let closed = plan(&stage, 1, size.of(SATURATING_EVENTS), manner);
    warm(&mut stage, &closed, 1).await?;
    let saturated = stage.measure(&closed, 1).await?.deliveries_per_s;
    let paced = |stage: &Stage, percent: u32, seconds: u32| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "some thousands"
        )]
        let per_second = (saturated * f64::from(percent) / 100.0).max(1.0) as u32;
        let events = size.of(per_second * seconds);
        plan(stage, 1, events, Manner::Paced { per_second })
    };
    let low = stage.measure(&paced(&stage, 1, HALF_SECONDS), 1).await?;
    let before = yardstick(&mut stage, size)?;
    let half = stage.measure(&paced(&stage, 50, HALF_SECONDS), 1).await?;
    let mut figures = scenario.figures(&mut stage, &half, &before, size).await?;
    let mut curve = Vec::new();
    for percent in LOADS {
        let measured = stage.measure(&paced(&stage, percent, CURVE_SECONDS), 1).await?;
        let millis = |permille| measured.latencies.permille(permille).as_secs_f64() * 1_000.0;
        curve.push(json!({
            "percent": percent,
            "deliveries_per_s": measured.deliveries_per_s.round(),
            "p50_ms": millis(500.0),
            "p99_ms": millis(990.0),
        }));
    }
    let low_p50 = low.latencies.permille(500.0).as_secs_f64() * 1_000.0;
    figures.more.insert("saturated_per_s".to_owned(), json!(saturated.round()));
    figures.more.insert("low_p50_ms".to_owned(), json!(low_p50));
    figures.more.insert("p99_in_low_p50".to_owned(), json!(figures.p99_ms / low_p50));
    figures.more.insert("curve".to_owned(), json!(curve));
    Ok(figures)
}
