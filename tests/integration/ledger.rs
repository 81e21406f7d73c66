//! Holds what was acknowledged against what arrived, outside of the service.

use std::collections::HashMap;

use bookora_webhooks::proto::PublishEventResponse;
use bookora_webhooks::receiver::Received;
use bytes::Bytes;

/// What was acknowledged to publishers, and what came to the receiver.
#[derive(Default)]
pub struct Ledger {
    acknowledged: HashMap<String, usize>,
    bodies: HashMap<String, Bytes>,
    repeated: usize,
}

impl Ledger {
    /// An event was acknowledged to who published it as this one.
    pub fn acknowledge(&mut self, published: &PublishEventResponse, number: usize) {
        let earlier = self.acknowledged.insert(published.event_id.clone(), number);
        assert!(earlier.is_none_or(|earlier| earlier == number), "an id is one event's");
    }

    /// A request came.
    pub fn receive(&mut self, received: Received) {
        assert!(received.is_verified());
        match self.bodies.get(&received.event_id) {
            None => {
                self.bodies.insert(received.event_id, received.body);
            }
            Some(first) => {
                assert_eq!(*first, received.body, "an event has the same bytes each time");
                self.repeated += 1;
            }
        }
    }

    /// Events that were acknowledged.
    pub fn acknowledged(&self) -> usize {
        self.acknowledged.len()
    }

    /// Of these, those that have not come.
    pub fn lost(&self) -> usize {
        self.acknowledged.keys().filter(|id| !self.bodies.contains_key(*id)).count()
    }
    /// Requests that came although their event had come before.
    pub fn repeated(&self) -> usize {
        self.repeated
    }
}
