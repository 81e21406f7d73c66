//! What EndpointAdmin does to one delivery: sends it again, or cancels it.

use super::delivery_message;
use super::endpoint_admin::{Admin, named_request};
use super::failure::Failure;
use super::violations::Violations;
use crate::domain::account::AccountId;
use crate::domain::id::DeliveryId;
use crate::proto;
use crate::proto::{CancelDeliveryRequest, ResendDeliveryRequest};

impl Admin {
    /// Sends a closed delivery again.
    pub(super) async fn resend(
        &self,
        request: &ResendDeliveryRequest,
    ) -> Result<proto::Delivery, Failure> {
        let mut violations = Violations::new();
        let content = ResendDeliveryRequest { request_id: String::new(), ..request.clone() };
        let named = named_request(&mut violations, &request.request_id, &content);
        let (account, id) = delivery_of(violations, &request.account_id, &request.delivery_id)?;
        let resent = self.store.resend_delivery(&account, id, named).await;
        let resent = resent.map_err(|error| Failure::Intervention(id, error))?;
        Ok(delivery_message::shown(&resent))
    }

    /// Cancels an open delivery.
    pub(super) async fn cancel(
        &self,
        request: &CancelDeliveryRequest,
    ) -> Result<proto::Delivery, Failure> {
        let (account, id) =
            delivery_of(Violations::new(), &request.account_id, &request.delivery_id)?;
        let cancelled = self.store.cancel_delivery(&account, id).await;
        let cancelled = cancelled.map_err(|error| Failure::Intervention(id, error))?;
        Ok(delivery_message::shown(&cancelled))
    }
}

fn delivery_of(
    mut violations: Violations,
    account_id: &str,
    delivery_id: &str,
) -> Result<(AccountId, DeliveryId), Failure> {
    let account = violations.account(account_id);
    let id = violations.parse("delivery_id", delivery_id);
    violations.finish(account.zip(id))
}
