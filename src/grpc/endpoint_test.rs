//! Testing an endpoint: one sample, sent now, and what came of it.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tonic::metadata::MetadataMap;

use super::endpoint_admin::Admin;
use super::failure::Failure;
use super::violations::Violations;
use super::{event_ingest, event_samples};
use crate::domain::account::AccountScope;
use crate::domain::attempt::Attempt;
use crate::domain::endpoint::Endpoint;
use crate::domain::event::{EventType, TestEvent, UnknownEventType};
use crate::domain::id::TestEventId;
use crate::domain::type_name::TypeName;
use crate::proto::TestEndpointRequest;
use crate::store::error::StoreError;

/// Tests under way at once: each holds a connection for as long as its receiver takes to answer,
/// beside those of the deliveries.
const TESTS_MAX: usize = 32;

/// What sends a sample. The layer that delivers does; this one does not know it.
#[tonic::async_trait]
pub trait TestSender: Send + Sync + 'static {
    /// Signs the sample and sends it to the endpoint once, within the endpoint's deadline.
    async fn send(&self, target: &Endpoint, event: &TestEvent) -> Attempt;
}

/// Sends tests, so many at once.
pub struct Tests {
    sender: Arc<dyn TestSender>,
    places: Semaphore,
}

impl Tests {
    /// None under way.
    #[must_use]
    pub fn new(sender: Arc<dyn TestSender>) -> Self {
        Self { sender, places: Semaphore::new(TESTS_MAX) }
    }
}

impl Admin {
    /// Sends one sample to an endpoint.
    pub(super) async fn test(
        &self,
        metadata: &MetadataMap,
        request: &TestEndpointRequest,
    ) -> Result<Attempt, Failure> {
        let mut violations = Violations::new();
        let account = violations.account(&request.account_id);
        let id = violations.parse("endpoint_id", &request.endpoint_id);
        let event_type = match request.event_type.as_str() {
            "" => Some(EventType::BookingCreated.into()),
            name => self.event_type(&mut violations, name),
        };
        let ((account, id), event_type) = violations.finish(account.zip(id).zip(event_type))?;

        let target = self.find(&AccountScope::One(account), id).await?;
        if target.secrets.is_none() {
            return Err(StoreError::Sealed.into());
        }
        let _place = self.tests.places.try_acquire().map_err(|_| Failure::TooManyTests)?;
        let now = self.clock.now();
        let event_id = TestEventId::new(now, &*self.random);
        let event = TestEvent {
            event_id,
            payload: event_samples::body_of(&event_type, event_id, now),
            event_type,
            trace_parent: event_ingest::trace_parent(metadata, &*self.random),
        };
        Ok(self.tests.sender.send(&target, &event).await)
    }

    /// Reads the type of a sample: one that may be published.
    fn event_type(&self, violations: &mut Violations, name: &str) -> Option<TypeName> {
        let is_published = |name: &TypeName| match name {
            TypeName::BuiltIn(_) => true,
            TypeName::Custom(custom) => self.custom_types.allow(custom),
        };
        let read = name.parse().ok().filter(is_published);
        if read.is_none() {
            violations.add("event_type", UnknownEventType);
        }
        read
    }
}
