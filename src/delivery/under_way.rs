//! The deliveries that this process has under way, and their leases, so that these can be extended
//! when an outcome has to wait for the database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::id::{DeliveryId, LeaseToken};

/// Shared by the deliveries and by who extends their leases. Bounded by the room for requests.
#[derive(Clone, Default)]
pub struct UnderWay(Arc<Mutex<HashMap<DeliveryId, LeaseToken>>>);

impl UnderWay {
    /// A delivery is under way until the guard is dropped.
    #[must_use]
    pub fn enter(&self, delivery_id: DeliveryId, lease_token: LeaseToken) -> Guard {
        self.lock().insert(delivery_id, lease_token);
        Guard { under_way: self.clone(), delivery_id, lease_token }
    }

    /// The leases of what is under way.
    #[must_use]
    pub fn leases(&self) -> Vec<(DeliveryId, LeaseToken)> {
        self.lock().iter().map(|(delivery_id, token)| (*delivery_id, *token)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DeliveryId, LeaseToken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps a delivery in the list.
pub struct Guard {
    under_way: UnderWay,
    delivery_id: DeliveryId,
    lease_token: LeaseToken,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut leases = self.under_way.lock();
        // Another claim of the same delivery may have taken its place.
        if leases.get(&self.delivery_id) == Some(&self.lease_token) {
            leases.remove(&self.delivery_id);
        }
    }
}
