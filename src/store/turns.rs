//! Whose turn it is: endpoints in queues by account, taken account by account and, within an
//! account, endpoint by endpoint. All turns weigh the same, since each is one request: this is
//! deficit round robin with a quantum of one.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::domain::account::AccountId;
use crate::domain::id::EndpointId;

/// Endpoints that wait for their turn, each once.
#[derive(Default)]
pub struct Turns {
    accounts: VecDeque<AccountId>,
    by_account: HashMap<AccountId, VecDeque<EndpointId>>,
    waiting: HashSet<EndpointId>,
}

impl Turns {
    /// Puts an endpoint behind those of its account, and a new account behind the others.
    pub fn push(&mut self, account_id: &AccountId, endpoint_id: EndpointId) {
        if !self.waiting.insert(endpoint_id) {
            return;
        }
        let queue = self.by_account.entry(account_id.clone()).or_default();
        if queue.is_empty() {
            self.accounts.push_back(account_id.clone());
        }
        queue.push_back(endpoint_id);
    }

    /// The endpoint whose turn it is; its account's next turn comes after all others'.
    pub fn pop(&mut self) -> Option<EndpointId> {
        let account_id = self.accounts.pop_front()?;
        let queue = self.by_account.get_mut(&account_id).expect("an account in turn has a queue");
        let endpoint_id = queue.pop_front().expect("its queue is not empty");
        if queue.is_empty() {
            self.by_account.remove(&account_id);
        } else {
            self.accounts.push_back(account_id);
        }
        self.waiting.remove(&endpoint_id);
        Some(endpoint_id)
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(id: u128) -> EndpointId {
        EndpointId::from_uuid(uuid::Uuid::from_u128(id))
    }

    #[test]
    fn accounts_take_turns_however_many_endpoints_they_have() {
        let mut turns = Turns::default();
        let (many, few) = ("many".parse().unwrap(), "few".parse().unwrap());
        for id in 1..=5 {
            turns.push(&many, endpoint(id));
        }
        turns.push(&many, endpoint(1));
        turns.push(&few, endpoint(10));
        turns.push(&few, endpoint(11));
        let order: Vec<_> = std::iter::from_fn(|| turns.pop()).collect();
        assert_eq!(order, [1, 10, 2, 11, 3, 4, 5].map(endpoint));
        assert!(turns.is_empty());
    }
}
