//! What is known of the rows that wait in the table: which endpoints have any, which of them may
//! be claimed for now, and whose turn it is.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::domain::clock::Timestamp;
use crate::domain::endpoint::Addressee;
use crate::domain::id::EndpointId;
use crate::store::claim::Claimed;
use crate::store::room::{NoRoom, Slot};
use crate::store::turns::Turns;
use crate::store::wakeup::DueEndpoint;

/// Room that was taken for deliveries yet to be claimed, by endpoint.
pub type Shares = BTreeMap<EndpointId, Vec<Slot>>;

/// Where an endpoint with waiting rows stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In turn: rows are due, and there may be room.
    InTurn,
    /// Its first row is due, or its rate allows one, at a later time.
    Later(Timestamp),
    /// Rows are due; it waits in the room's lines.
    InLine,
}

struct Waiting {
    addressee: Addressee,
    place: Place,
}

/// The endpoints with rows that wait in the table. In the order of their ids, so that what is decided
/// by a walk through them can be repeated.
#[derive(Default)]
pub struct Backlog {
    endpoints: BTreeMap<EndpointId, Waiting>,
    turns: Turns,
    later: BTreeSet<(Timestamp, EndpointId)>,
}

impl Backlog {
    /// An endpoint has waiting rows.
    pub fn note(&mut self, due: DueEndpoint, now: Timestamp) {
        let endpoint_id = due.addressee.endpoint_id;
        let known = self.endpoints.get(&endpoint_id).map(|known| known.place);
        if let Some(known) = self.endpoints.get_mut(&endpoint_id) {
            known.addressee = due.addressee.clone();
        }
        match known {
            None => {
                let waiting = Waiting { addressee: due.addressee, place: Place::InLine };
                self.endpoints.insert(endpoint_id, waiting);
                self.put(endpoint_id, due.first_due, now);
            }
            Some(Place::Later(planned)) if due.first_due < planned => {
                self.put(endpoint_id, due.first_due, now);
            }
            Some(_) => {}
        }
    }

    /// What was planned for a time that has come is in turn.
    pub fn ripen(&mut self, now: Timestamp) {
        while let Some((time, endpoint_id)) = self.later.first().copied()
            && time <= now
        {
            self.put(endpoint_id, time, now);
        }
    }

    /// An endpoint need not wait in line any longer.
    pub fn end_wait(&mut self, endpoint_id: EndpointId, now: Timestamp) {
        if self.endpoints.get(&endpoint_id).is_some_and(|known| known.place == Place::InLine) {
            self.put(endpoint_id, now, now);
        }
    }

    /// Nobody is in line any longer.
    pub fn end_all_waits(&mut self, now: Timestamp) {
        let in_line = self.endpoints.iter().filter(|(_, known)| known.place == Place::InLine);
        let in_line: Vec<_> = in_line.map(|(endpoint_id, _)| *endpoint_id).collect();
        for endpoint_id in in_line {
            self.put(endpoint_id, now, now);
        }
    }

    /// When something falls due next.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.later.first().map(|(time, _)| *time)
    }

    /// Takes room for `places_max` deliveries at most, in turn.
    pub fn share_room(
        &mut self,
        places_max: usize,
        now: Timestamp,
        take: impl Fn(&Addressee) -> Result<Slot, NoRoom>,
    ) -> Shares {
        let mut shares = Shares::new();
        let mut places = 0;
        while places < places_max
            && let Some(endpoint_id) = self.turns.pop()
        {
            let Some(waiting) = self.endpoints.get_mut(&endpoint_id) else { continue };
            match take(&waiting.addressee) {
                Ok(slot) => {
                    self.turns.push(&waiting.addressee.account_id, endpoint_id);
                    shares.entry(endpoint_id).or_default().push(slot);
                    places += 1;
                }
                Err(NoRoom::After(wait)) => {
                    self.put(endpoint_id, now + wait.max(RATE_WAIT_MIN), now);
                }
                Err(_) => waiting.place = Place::InLine,
            }
        }
        shares
    }

    /// What a claim came to: an endpoint that had fewer due rows than were asked for is out of
    /// turn until its next row is due.
    pub fn note_claimed(&mut self, claimed: &Claimed, now: Timestamp) {
        for exhausted in &claimed.exhausted {
            match exhausted.next_due {
                Some(next_due) => self.put(exhausted.endpoint_id, next_due, now),
                None => self.forget(exhausted.endpoint_id),
            }
        }
    }

    fn put(&mut self, endpoint_id: EndpointId, time: Timestamp, now: Timestamp) {
        let Some(waiting) = self.endpoints.get_mut(&endpoint_id) else { return };
        if let Place::Later(planned) = waiting.place {
            self.later.remove(&(planned, endpoint_id));
        }
        if time <= now {
            waiting.place = Place::InTurn;
            self.turns.push(&waiting.addressee.account_id, endpoint_id);
        } else {
            waiting.place = Place::Later(time);
            self.later.insert((time, endpoint_id));
        }
    }

    fn forget(&mut self, endpoint_id: EndpointId) {
        if let Some(Waiting { place: Place::Later(time), .. }) = self.endpoints.remove(&endpoint_id)
        {
            self.later.remove(&(time, endpoint_id));
        }
        // A turn of its that is left is passed over.
    }
}

/// Shortest wait for a rate, so that the dispatcher does not spin on the last fraction of a place.
const RATE_WAIT_MIN: Duration = Duration::from_millis(1);
