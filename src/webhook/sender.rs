//! What sends, as an argument: over the network, or in a simulation.

use async_trait::async_trait;
use tokio::time::Instant;

use super::client::WebhookClient;
use super::request::Webhook;
use crate::domain::attempt::Exchange;

/// Sends webhooks.
#[async_trait]
pub trait Sender: Send + Sync + 'static {
    /// Makes one attempt and answers with what came of it, by `deadline` at the latest.
    async fn post(&self, webhook: &Webhook<'_>, deadline: Instant) -> Exchange;
}

#[async_trait]
impl Sender for WebhookClient {
    async fn post(&self, webhook: &Webhook<'_>, deadline: Instant) -> Exchange {
        self.post(webhook, deadline).await
    }
}
