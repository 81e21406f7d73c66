//! Room for requests under way: over the whole process, and for each endpoint.
//!
//! A delivery is leased to this process only where there is room to send it at once; the room is
//! kept in a [`Slot`] until its outcome is recorded. So memory is bounded whatever the backlog.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::domain::id::EndpointId;

/// How many requests may be under way at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomLimits {
    /// Over the whole process.
    pub in_flight_max: u32,
    /// To one endpoint that sets no limit of its own.
    pub endpoint_in_flight_max: u32,
}

/// What is under way.
pub struct Room {
    limits: RoomLimits,
    taken: Mutex<Taken>,
    freed: Notify,
}

#[derive(Default)]
struct Taken {
    total: u32,
    by_endpoint: HashMap<EndpointId, u32>,
}

impl Room {
    /// All of it free.
    #[must_use]
    pub fn new(limits: RoomLimits) -> Arc<Self> {
        Arc::new(Self { limits, taken: Mutex::default(), freed: Notify::new() })
    }

    /// Takes room for one request to the endpoint; `None` where there is none.
    /// `endpoint_max` is the endpoint's own limit.
    #[must_use]
    pub fn try_take(
        self: &Arc<Self>,
        endpoint_id: EndpointId,
        endpoint_max: Option<u32>,
    ) -> Option<Slot> {
        let mut taken = self.lock();
        let free = self.free_of(&taken, endpoint_id, endpoint_max);
        if free == 0 {
            return None;
        }
        taken.total += 1;
        *taken.by_endpoint.entry(endpoint_id).or_default() += 1;
        Some(Slot { room: Arc::clone(self), endpoint_id })
    }

    /// How many more requests may be under way over the whole process.
    #[must_use]
    pub fn free(&self) -> u32 {
        self.limits.in_flight_max.saturating_sub(self.lock().total)
    }

    /// How many requests are under way.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.lock().total
    }

    fn free_of(&self, taken: &Taken, endpoint_id: EndpointId, endpoint_max: Option<u32>) -> u32 {
        let of_endpoint = taken.by_endpoint.get(&endpoint_id).copied().unwrap_or(0);
        let endpoint_max = endpoint_max.unwrap_or(self.limits.endpoint_in_flight_max);
        let free = self.limits.in_flight_max.saturating_sub(taken.total);
        free.min(endpoint_max.saturating_sub(of_endpoint))
    }

    fn give_back(&self, endpoint_id: EndpointId) {
        let mut taken = self.lock();
        taken.total -= 1;
        let of_endpoint =
            taken.by_endpoint.get_mut(&endpoint_id).expect("a slot of the endpoint was taken");
        *of_endpoint -= 1;
        if *of_endpoint == 0 {
            taken.by_endpoint.remove(&endpoint_id);
        }
        drop(taken);
        self.freed.notify_one();
    }

    /// Waits until room was given back since the last wait.
    pub async fn freed(&self) {
        self.freed.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Room for one request, given back when dropped.
pub struct Slot {
    room: Arc<Room>,
    endpoint_id: EndpointId,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.room.give_back(self.endpoint_id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(id: u128) -> EndpointId {
        EndpointId::from_uuid(uuid::Uuid::from_u128(id))
    }

    #[test]
    fn room_is_bounded_by_endpoint_and_in_all_and_comes_back() {
        let room = Room::new(RoomLimits { in_flight_max: 3, endpoint_in_flight_max: 2 });
        let first = room.try_take(endpoint(1), None);
        let second = room.try_take(endpoint(1), None);
        assert!(first.is_some() && second.is_some());
        assert!(room.try_take(endpoint(1), None).is_none(), "the endpoint is full");
        assert!(room.try_take(endpoint(2), Some(0)).is_none(), "its own limit counts");
        let third = room.try_take(endpoint(2), None);
        assert!(third.is_some());
        assert!(room.try_take(endpoint(3), None).is_none(), "the process is full");
        drop(first);
        assert_eq!(room.free(), 1);
        assert!(room.try_take(endpoint(1), None).is_some(), "its room came back");
        drop((second, third));
        assert!(room.lock().by_endpoint.is_empty());
    }
}
