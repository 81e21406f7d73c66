//! Who gets room, and who comes first.

use super::*;
use crate::domain::clock::Timestamp;
use crate::domain::endpoint::EndpointLimits;
use crate::domain::random::SeededRandom;

struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

fn room(in_flight_max: u32) -> Arc<Room> {
    let limits = RoomLimits { in_flight_max, endpoint_in_flight_max: 64 };
    Room::new(limits, Membership::alone(&SeededRandom::new(1)), Arc::new(StoppedClock))
}

fn addressee(account: &str, endpoint: u128) -> Addressee {
    Addressee {
        account_id: account.parse().unwrap(),
        endpoint_id: EndpointId::from_uuid(uuid::Uuid::from_u128(endpoint)),
        limits: EndpointLimits::default(),
    }
}

/// Acknowledges until the endpoint's window is wide open.
fn prove(room: &Arc<Room>, addressee: &Addressee) {
    for _ in 0..64 {
        room.try_take_new(addressee).unwrap().answered(Sign::Acknowledged);
    }
}

fn take_all(room: &Arc<Room>, addressee: &Addressee) -> Vec<Slot> {
    std::iter::from_fn(|| room.try_take_new(addressee)).collect()
}

#[test]
fn an_endpoint_that_is_waited_for_gets_the_room_before_new_deliveries() {
    let (room, one) = (room(8), addressee("a", 1));
    let slot = room.take_or_wait(&one).ok().unwrap();
    assert_eq!(room.take_or_wait(&one).err(), Some(NoRoom::Endpoint));
    assert!(room.take_over().is_empty());
    drop(slot);
    assert_eq!(room.take_over(), [one.endpoint_id]);
    assert_eq!(room.in_flight(), 0);
    assert!(room.try_take_new(&one).is_some(), "nobody waits any more");
}

#[test]
fn an_account_leaves_a_quarter_of_the_lane_to_others_and_unproven_endpoints_half_of_it() {
    let room = room(64);
    let unproven: Vec<_> =
        (0..40).filter_map(|id| room.try_take_new(&addressee(&format!("a{id}"), id))).collect();
    assert_eq!(unproven.len(), 16, "half of a lane of 32");
    drop(unproven);
    let (greedy, modest) = (addressee("greedy", 1), addressee("modest", 2));
    prove(&room, &greedy);
    prove(&room, &modest);
    assert_eq!(take_all(&room, &greedy).len(), 24);
    let _held = take_all(&room, &greedy);
    assert_eq!(take_all(&room, &modest).len(), 8);
}

#[test]
fn endpoints_that_hang_move_over_and_leave_the_main_lane_to_others() {
    let room = room(256);
    let hanging: Vec<_> = (0..24).map(|id| addressee(&format!("h{id}"), id)).collect();
    let mut slots: Vec<_> =
        hanging.iter().map(|one| room.try_take_new(one).expect("there is room")).collect();
    slots.iter_mut().for_each(Slot::is_slow);
    let healthy = addressee("healthy", 100);
    prove(&room, &healthy);
    assert_eq!(take_all(&room, &healthy).len(), 64, "as if nobody hung");
    assert_eq!(room.take_or_wait(&hanging[0]).err(), Some(NoRoom::Endpoint));
    drop(slots);
    let suspects: Vec<_> = (0..72).map(|id| addressee(&format!("h{id}"), id)).collect();
    for suspect in &suspects {
        room.try_take_new(suspect).expect("there is room").answered(Sign::Overrun);
    }
    // Half of the slow lane, and the main lane stays theirs who answer.
    let again: Vec<_> = suspects.iter().filter_map(|one| room.try_take_new(one)).collect();
    assert_eq!(again.len(), 64);
}

#[test]
fn an_endpoint_that_has_answered_gets_its_next_request_before_the_outcome_is_recorded() {
    let (room, one) = (room(2_048), addressee("a", 1));
    prove(&room, &one);
    let mut unrecorded = Vec::new();
    for _ in 0..7 {
        let mut answered = take_all(&room, &one);
        assert_eq!(answered.len(), 64);
        assert_eq!(room.take_or_wait(&one).err(), Some(NoRoom::Endpoint));
        for slot in &mut answered {
            slot.answered(Sign::Acknowledged);
        }
        assert_eq!(room.take_over(), [one.endpoint_id], "it need not wait for the database");
        unrecorded.append(&mut answered);
    }
    assert_eq!(room.take_or_wait(&one).err(), Some(NoRoom::Endpoint), "not without a bound");
    drop(unrecorded.pop());
    assert_eq!(room.take_over(), [one.endpoint_id]);
    assert!(room.take_or_wait(&one).is_ok());
}

#[test]
fn room_is_given_back_whatever_became_of_it() {
    let room = room(8);
    let one = addressee("a", 1);
    prove(&room, &one);
    let mut slots = take_all(&room, &one);
    slots.iter_mut().take(1).for_each(Slot::is_slow);
    slots.pop().unwrap().unused();
    drop(slots);
    assert_eq!(room.in_flight(), 0);
    assert!(room.lock().main_by_account.is_empty());
}
