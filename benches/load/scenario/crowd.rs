//! Very many endpoints, and watchers beside them: the rate with 10,000 and 100, beside that with one
//! and none.

use bookora_webhooks::proto::WatchDeliveriesRequest;
use bookora_webhooks::proto::delivery_query_client::DeliveryQueryClient;
use serde_json::json;
use tokio::task::JoinSet;

use super::{CALLERS, Scenario, Size, plan, warm, yardstick};
use crate::database::Kind;
use crate::figures::Figures;
use crate::publisher::{Manner, account};
use crate::stage::Stage;

const EVENTS: u32 = 50_000;
const ENDPOINTS: u32 = 10_000;
const WATCHERS: u32 = 100;

/// Each endpoint is another account's, and each watcher watches an account.
pub async fn run(scenario: Scenario, kind: Kind, size: Size) -> anyhow::Result<Figures> {
    let manner = Manner::Unary { callers: CALLERS };
    let mut stage = Stage::set(kind, 1).await?;
    stage.register(0..1, 1, false).await?;
    let few = plan(&stage, 1, size.of(EVENTS), manner);
    warm(&mut stage, &few, 1).await?;
    let alone = stage.measure(&few, 1).await?;
    drop(stage);

    let endpoints = size.of(ENDPOINTS);
    let mut stage = Stage::set(kind, 1).await?;
    stage.register(0..endpoints, 1, false).await?;
    let many = plan(&stage, endpoints, size.of(EVENTS), manner);
    let watchers = watch(&stage, WATCHERS.min(endpoints)).await?;
    warm(&mut stage, &many, 1).await?;
    let before = yardstick(&mut stage, size)?;
    let measured = stage.measure(&many, 1).await?;
    let mut figures = scenario.figures(&mut stage, &measured, &before, size).await?;
    drop(watchers);
    let percent = 100.0 * measured.deliveries_per_s / alone.deliveries_per_s;
    figures.more.insert("alone_deliveries_per_s".to_owned(), json!(alone.deliveries_per_s.round()));
    figures.more.insert("percent_of_alone".to_owned(), json!(percent));
    Ok(figures)
}

/// Watchers that read until they are dropped.
async fn watch(stage: &Stage, watchers: u32) -> anyhow::Result<JoinSet<()>> {
    let client = DeliveryQueryClient::new(stage.channel().await?);
    let mut watching = JoinSet::new();
    for number in 0..watchers {
        let request = WatchDeliveriesRequest {
            account_id: account(number),
            ..WatchDeliveriesRequest::default()
        };
        let mut stream = client.clone().watch_deliveries(request).await?.into_inner();
        watching.spawn(async move { while let Ok(Some(_)) = stream.message().await {} });
    }
    Ok(watching)
}
