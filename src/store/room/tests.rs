//! Who gets room, and who comes first.

use futures_util::FutureExt;

use super::slot::Stage;
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

/// Whether it is called, and to what.
fn call(slot: &mut Slot) -> Option<Turn> {
    slot.turn().now_or_never()
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
    assert_eq!(take_all(&room, &healthy).len(), 96, "as if nobody hung");
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

/// A room, an endpoint that has acknowledged for long, and all that it takes of it.
fn filled() -> (Arc<Room>, Addressee, Vec<Slot>) {
    let (room, one) = (room(8_192), addressee("a", 1));
    for _ in 0..10 {
        prove(&room, &one);
    }
    let slots = take_all(&room, &one);
    (room, one, slots)
}

#[test]
fn an_endpoint_gets_as_many_requests_as_it_takes_and_its_next_deliveries_are_ready() {
    let (_room, _, mut slots) = filled();
    let called = slots.iter_mut().filter_map(call).collect::<Vec<_>>();
    assert_eq!((slots.len(), called), (8 * 64, vec![Turn::Begin; 64]));
    assert_eq!(call(&mut slots[64]), None);
    slots[0].answered(Sign::Acknowledged);
    assert_eq!(call(&mut slots[64]), Some(Turn::Begin), "it need not wait for the database");
    assert_eq!(call(&mut slots[65]), None);
    drop(slots.remove(64));
    assert_eq!(call(&mut slots[64]), Some(Turn::Begin), "in place of one that is gone");
}

#[test]
fn who_is_gone_before_its_turn_is_passed_over() {
    let (_room, _, mut slots) = filled();
    slots.drain(64..66);
    slots[0].answered(Sign::Acknowledged);
    assert_eq!(call(&mut slots[64]), Some(Turn::Begin));
}

#[test]
fn what_is_ready_is_fetched_anew_when_half_of_it_is_gone() {
    let (room, one, mut slots) = filled();
    assert_eq!(room.take_or_wait(&one).err(), Some(NoRoom::Endpoint));
    let mut done = 0;
    while room.take_over().is_empty() {
        assert_eq!(call(&mut slots[0]), Some(Turn::Begin));
        slots[0].answered(Sign::Acknowledged);
        drop(slots.remove(0));
        done += 1;
    }
    assert_eq!(done, 225, "of 448 that were ready");
    assert_eq!(take_all(&room, &one).len(), 225);
}

#[test]
fn answers_that_are_not_recorded_have_a_bound() {
    let (room, one, mut slots) = filled();
    for slot in &mut slots {
        if call(slot) == Some(Turn::Begin) {
            slot.answered(Sign::Acknowledged);
        }
    }
    let last = slots.pop().expect("there are many");
    let is_answered = |slot: &Slot| matches!(slot.stage, Stage::Answered);
    assert!(slots.iter().all(is_answered) && !is_answered(&last));
    assert_eq!(slots.len(), 8 * 64 - 1, "seven for each request, and those that were under way");
    assert_eq!(room.take_or_wait(&one).err(), Some(NoRoom::Endpoint));
    let mut last = last;
    slots.drain(..63);
    assert_eq!(call(&mut last), None);
    slots.pop();
    assert_eq!(call(&mut last), Some(Turn::Begin), "the database has caught up");
}

#[test]
fn what_is_ready_for_an_endpoint_that_falls_behind_is_given_back() {
    for fall_behind in [|slot: &mut Slot| slot.answered(Sign::Overrun), Slot::is_slow] {
        let (room, one, mut slots) = filled();
        fall_behind(&mut slots[0]);
        let turns: Vec<_> = slots[64..].iter_mut().map(|slot| call(slot).unwrap()).collect();
        assert_eq!(turns, vec![Turn::GiveBack; 448]);
        slots.truncate(64);
        assert_eq!(room.in_flight(), 64);
        assert_eq!(room.take_or_wait(&one).err(), Some(NoRoom::Endpoint));
        drop(slots);
        assert_eq!(room.in_flight(), 0);
        assert_eq!(room.take_over(), [one.endpoint_id]);
    }
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
