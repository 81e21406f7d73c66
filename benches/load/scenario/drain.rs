//! What waits is sent: 100,000 deliveries that are due at once.

use anyhow::ensure;
use bookora_webhooks::proto::endpoint_admin_client::EndpointAdminClient;
use bookora_webhooks::proto::{Endpoint, UpdateEndpointRequest};
use prost_types::FieldMask;
use serde_json::json;

use super::{Scenario, Size, plan, warm, yardstick};
use crate::database::Kind;
use crate::figures::Figures;
use crate::publisher::{Manner, account};
use crate::stage::Stage;
use crate::stamp::now_nanos;

const DUE: u32 = 100_000;

/// The endpoint takes one in a second until everything waits, and then all.
pub async fn run(scenario: Scenario, kind: Kind, size: Size) -> anyhow::Result<Figures> {
    let mut stage = Stage::set(kind, 1).await?;
    let ids = stage.register(0..1, 1, false).await?;
    let plan = plan(&stage, 1, size.of(DUE), Manner::Batch { callers: 4, events: 250 });
    warm(&mut stage, &plan, 1).await?;
    let before = yardstick(&mut stage, size)?;
    stage.begin(plan.events, 1)?;
    limit(&stage, &ids[0], 1).await?;
    let mut published = stage.publish(&plan)?;
    stage.settle().await?;
    let used = stage.used()?;
    // The latency is not measured here: it is that of waiting.
    published.begun_nanos = now_nanos();
    limit(&stage, &ids[0], 0).await?;
    let measured = stage.end(used, &published).await?;
    ensure!(measured.deliveries == u64::from(plan.events), "all waited");
    let mut figures = scenario.figures(&mut stage, &measured, &before, size).await?;
    figures.events_per_s = 0.0;
    let percent = 100.0 * figures.deliveries_per_s / figures.bare_sender_per_s;
    figures.more.insert("percent_of_bare_sender".to_owned(), json!(percent));
    Ok(figures)
}

/// How many deliveries the endpoint gets in a second; 0 for as many as there are.
async fn limit(stage: &Stage, endpoint_id: &str, per_second: i32) -> anyhow::Result<()> {
    let endpoint = Endpoint {
        account_id: account(0),
        endpoint_id: endpoint_id.to_owned(),
        max_deliveries_per_second: per_second,
        ..Endpoint::default()
    };
    let paths = vec!["max_deliveries_per_second".to_owned()];
    let request =
        UpdateEndpointRequest { endpoint: Some(endpoint), update_mask: Some(FieldMask { paths }) };
    EndpointAdminClient::new(stage.channel().await?).update_endpoint(request).await?;
    Ok(())
}
