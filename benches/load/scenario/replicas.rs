//! Several replicas on one database: what a delivery costs with two and with four, beside one.

use serde_json::json;

use super::{CALLERS, Scenario, Size, plan, warm, yardstick};
use crate::database::Kind;
use crate::figures::Figures;
use crate::publisher::Manner;
use crate::stage::Stage;

const EVENTS: u32 = 50_000;
const REPLICAS: [usize; 3] = [1, 2, 4];

/// The figures are those of four replicas.
pub async fn run(scenario: Scenario, kind: Kind, size: Size) -> anyhow::Result<Figures> {
    let mut figures = None;
    let mut each = Vec::new();
    for replicas in REPLICAS {
        let mut stage = Stage::set(kind, replicas).await?;
        stage.register(0..1, 1, false).await?;
        let plan = plan(&stage, 1, size.of(EVENTS), Manner::Unary { callers: CALLERS });
        warm(&mut stage, &plan, 1).await?;
        let before = yardstick(&mut stage, size)?;
        let measured = stage.measure(&plan, 1).await?;
        each.push((replicas, measured.deliveries_per_s, measured.cpu_per_10k()));
        figures = Some(scenario.figures(&mut stage, &measured, &before, size).await?);
    }
    let mut figures = figures.expect("there are replicas");
    let (_, _, of_one) = each[0];
    for (replicas, rate, cpu) in each {
        let name = |what| format!("replicas_{replicas}_{what}");
        figures.more.insert(name("deliveries_per_s"), json!(rate.round()));
        figures.more.insert(name("cpu_in_percent_of_one"), json!(100.0 * cpu / of_one));
    }
    Ok(figures)
}
