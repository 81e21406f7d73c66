//! Who waits for room: endpoints with due rows in the table, by what they wait for.

use std::collections::{HashMap, HashSet};

use super::NoRoom;
use crate::domain::account::AccountId;
use crate::domain::endpoint::Addressee;
use crate::domain::id::EndpointId;
use crate::domain::pace::Standing;
use crate::store::turns::Turns;

/// The lines, and who need not stand in one any longer.
#[derive(Default)]
pub(super) struct Lines {
    for_main: Turns,
    for_unproven: Turns,
    for_slow: Turns,
    for_account: HashMap<AccountId, Turns>,
    for_endpoint: HashSet<EndpointId>,
    over: Vec<EndpointId>,
}

impl Lines {
    /// An endpoint waits.
    pub fn add(&mut self, reason: NoRoom, addressee: &Addressee) {
        let Addressee { account_id, endpoint_id, .. } = addressee;
        match reason {
            NoRoom::Main => self.for_main.push(account_id, *endpoint_id),
            NoRoom::Unproven => self.for_unproven.push(account_id, *endpoint_id),
            NoRoom::Slow => self.for_slow.push(account_id, *endpoint_id),
            NoRoom::Account => {
                let line = self.for_account.entry(account_id.clone()).or_default();
                line.push(account_id, *endpoint_id);
            }
            NoRoom::Endpoint => {
                self.for_endpoint.insert(*endpoint_id);
            }
            NoRoom::After(_) => {}
        }
    }

    /// Whether anybody waits for what an endpoint of this standing would take.
    pub fn stand_before(&self, addressee: &Addressee, standing: Standing) -> bool {
        self.for_endpoint.contains(&addressee.endpoint_id)
            || self.for_account.contains_key(&addressee.account_id)
            || self.has_line_for_lane(standing)
    }

    fn has_line_for_lane(&self, standing: Standing) -> bool {
        match standing {
            Standing::Proven => !self.for_main.is_empty(),
            Standing::Unproven => !self.for_main.is_empty() || !self.for_unproven.is_empty(),
            Standing::Suspect => !self.for_slow.is_empty(),
        }
    }

    /// Whether an endpoint waits for itself.
    pub fn has(&self, endpoint_id: EndpointId) -> bool {
        self.for_endpoint.contains(&endpoint_id)
    }

    /// It need not any longer. Says whether it did.
    pub fn end_wait_of(&mut self, endpoint_id: EndpointId) -> bool {
        let has_waited = self.for_endpoint.remove(&endpoint_id);
        if has_waited {
            self.over.push(endpoint_id);
        }
        has_waited
    }

    /// There is a place in the slow lane. Says whether anybody waited for it.
    pub fn slow_is_free(&mut self) -> bool {
        let next = self.for_slow.pop();
        self.call(next)
    }

    /// There is a place in the main lane, which an account's endpoint of this standing had.
    pub fn main_is_free(&mut self, account_id: &AccountId, standing: Standing) -> bool {
        let unproven = standing == Standing::Unproven;
        let next = [
            self.for_main.pop(),
            unproven.then(|| self.for_unproven.pop()).flatten(),
            self.pop_of_account(account_id),
        ];
        self.call(next.into_iter().flatten())
    }

    fn call(&mut self, next: impl IntoIterator<Item = EndpointId>) -> bool {
        let before = self.over.len();
        self.over.extend(next);
        self.over.len() > before
    }

    fn pop_of_account(&mut self, account_id: &AccountId) -> Option<EndpointId> {
        let line = self.for_account.get_mut(account_id)?;
        let next = line.pop();
        if line.is_empty() {
            self.for_account.remove(account_id);
        }
        next
    }

    /// The endpoints whose wait is over since the last call.
    pub fn take_over(&mut self) -> Vec<EndpointId> {
        std::mem::take(&mut self.over)
    }
}
