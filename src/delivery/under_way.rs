//! The deliveries that this process holds, and their leases, so that these can be extended when an
//! outcome has to wait for the database, and given back when they are not to be sent soon.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::id::{DeliveryId, LeaseToken};

/// Shared by the deliveries and by who extends their leases. Bounded by the room for deliveries, but
/// for those that are to be given back while the database does not answer: these by what their
/// endpoints have acknowledged.
#[derive(Clone, Default)]
pub struct UnderWay(Arc<Mutex<HashMap<DeliveryId, Held>>>);

#[derive(Clone, Copy)]
struct Held {
    lease_token: LeaseToken,
    is_to_be_given_back: bool,
}

impl UnderWay {
    /// A delivery is under way until the guard is dropped.
    #[must_use]
    pub fn enter(&self, delivery_id: DeliveryId, lease_token: LeaseToken) -> Guard {
        self.lock().insert(delivery_id, Held { lease_token, is_to_be_given_back: false });
        Guard { under_way: self.clone(), delivery_id, lease_token, is_to_be_given_back: false }
    }

    /// The leases of all that is held.
    #[must_use]
    pub fn leases(&self) -> Vec<(DeliveryId, LeaseToken)> {
        self.leases_where(|_| true)
    }

    /// The leases that are to be given back.
    #[must_use]
    pub fn returns(&self) -> Vec<(DeliveryId, LeaseToken)> {
        self.leases_where(|held| held.is_to_be_given_back)
    }

    fn leases_where(&self, which: impl Fn(&Held) -> bool) -> Vec<(DeliveryId, LeaseToken)> {
        let held = self.lock();
        let wanted = held.iter().filter(|(_, held)| which(held));
        let mut leases: Vec<_> =
            wanted.map(|(delivery_id, held)| (*delivery_id, held.lease_token)).collect();
        drop(held);
        // In one order: replicas that change the same rows wait for each other, and do not block
        // each other.
        leases.sort_unstable_by_key(|(delivery_id, _)| *delivery_id);
        leases
    }

    /// These were given back.
    pub fn given_back(&self, leases: &[(DeliveryId, LeaseToken)]) {
        let mut held = self.lock();
        for (delivery_id, lease_token) in leases {
            forget(&mut held, *delivery_id, *lease_token);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DeliveryId, Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Another claim of the same delivery may have taken its place: that stays.
fn forget(held: &mut HashMap<DeliveryId, Held>, delivery_id: DeliveryId, lease_token: LeaseToken) {
    if held.get(&delivery_id).is_some_and(|held| held.lease_token == lease_token) {
        held.remove(&delivery_id);
    }
}

/// Keeps a delivery in the list.
pub struct Guard {
    under_way: UnderWay,
    delivery_id: DeliveryId,
    lease_token: LeaseToken,
    is_to_be_given_back: bool,
}

impl Guard {
    /// It is not to be sent soon: it stays in the list until its lease was given back.
    pub fn give_back(mut self) {
        self.is_to_be_given_back = true;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut held = self.under_way.lock();
        if !self.is_to_be_given_back {
            forget(&mut held, self.delivery_id, self.lease_token);
        } else if let Some(held) = held.get_mut(&self.delivery_id)
            && held.lease_token == self.lease_token
        {
            held.is_to_be_given_back = true;
        }
    }
}
