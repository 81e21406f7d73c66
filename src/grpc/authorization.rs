//! For which accounts a request asks. [`Caller::authorize`](super::caller::Caller::authorize) holds
//! that against what the caller may do; [`super::guard`] asks it before every call.

use crate::domain::access::Accounts;
use crate::domain::account::AccountId;
use crate::proto::{
    BatchPublishEventsRequest, CancelDeliveryRequest, CreateEndpointRequest, DeleteEndpointRequest,
    DisableEndpointRequest, EnableEndpointRequest, GetDeliveryRequest, GetDeliveryStatsRequest,
    GetEndpointRequest, GetEndpointSecretRequest, GetEventRequest, ListAttemptsRequest,
    ListDeliveriesRequest, ListEndpointsRequest, ListEventTypesRequest, ListEventsRequest,
    PublishEventRequest, RecoverEndpointRequest, ResendDeliveryRequest,
    RevokeEndpointSecretRequest, RotateEndpointSecretRequest, StreamPublishEventsRequest,
    TestEndpointRequest, UpdateEndpointRequest, WatchDeliveriesRequest,
};

/// How a read asks for all accounts (AIP-159).
const ALL_ACCOUNTS: &str = "-";

/// A request that is about accounts.
pub trait Scoped {
    /// Every `account_id` in it, as it was sent.
    fn account_ids(&self) -> impl Iterator<Item = &str>;
}

macro_rules! of_its_account {
    ($($request:ident,)+) => {
        $(impl Scoped for $request {
            fn account_ids(&self) -> impl Iterator<Item = &str> {
                std::iter::once(self.account_id.as_str())
            }
        })+
    };
}

of_its_account! {
    CancelDeliveryRequest,
    DeleteEndpointRequest,
    DisableEndpointRequest,
    EnableEndpointRequest,
    GetDeliveryRequest,
    GetDeliveryStatsRequest,
    GetEndpointRequest,
    GetEndpointSecretRequest,
    GetEventRequest,
    ListAttemptsRequest,
    ListDeliveriesRequest,
    ListEndpointsRequest,
    ListEventsRequest,
    PublishEventRequest,
    RecoverEndpointRequest,
    ResendDeliveryRequest,
    RevokeEndpointSecretRequest,
    RotateEndpointSecretRequest,
    TestEndpointRequest,
    WatchDeliveriesRequest,
}

impl Scoped for CreateEndpointRequest {
    fn account_ids(&self) -> impl Iterator<Item = &str> {
        self.endpoint.iter().map(|endpoint| endpoint.account_id.as_str())
    }
}

impl Scoped for UpdateEndpointRequest {
    fn account_ids(&self) -> impl Iterator<Item = &str> {
        self.endpoint.iter().map(|endpoint| endpoint.account_id.as_str())
    }
}

impl Scoped for StreamPublishEventsRequest {
    fn account_ids(&self) -> impl Iterator<Item = &str> {
        self.request.iter().map(|request| request.account_id.as_str())
    }
}

impl Scoped for BatchPublishEventsRequest {
    fn account_ids(&self) -> impl Iterator<Item = &str> {
        self.requests.iter().map(|request| request.account_id.as_str())
    }
}

/// The event types are the same for everybody.
impl Scoped for ListEventTypesRequest {
    fn account_ids(&self) -> impl Iterator<Item = &str> {
        std::iter::empty()
    }
}

/// Whether a caller for these accounts may ask for this one, or for all. A text that is no account
/// id is nobody's: it is let through to be refused as a bad field, with the others.
#[must_use]
pub fn is_open(accounts: &Accounts, account_id: &str) -> bool {
    let is_nobodys = || account_id != ALL_ACCOUNTS && account_id.parse::<AccountId>().is_err();
    accounts.contain(account_id) || is_nobodys()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::proto::Endpoint;

    fn own() -> Accounts {
        Accounts::Only(BTreeSet::from(["acct_1".parse().unwrap()]))
    }

    #[test]
    fn an_own_account_is_open_and_another_or_all_are_not() {
        assert!(is_open(&own(), "acct_1"));
        for account in ["acct_2", "ACCT_1", "acct_10", "-"] {
            assert!(!is_open(&own(), account), "{account}");
            assert!(is_open(&Accounts::All, account), "{account}");
        }
    }

    #[test]
    fn what_is_no_account_id_is_left_to_the_check_of_fields() {
        for text in ["", " ", "--", "acct 1", "*", "_x", &"a".repeat(65)] {
            assert!(is_open(&own(), text), "{text}");
            assert!(text.parse::<AccountId>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_request_is_about_every_account_in_it() {
        let publish = |account: &str| PublishEventRequest {
            account_id: account.to_owned(),
            ..PublishEventRequest::default()
        };
        let batch = BatchPublishEventsRequest { requests: ["a", "b", "a"].map(publish).to_vec() };
        assert_eq!(batch.account_ids().collect::<Vec<_>>(), ["a", "b", "a"]);
        let endpoint = Endpoint { account_id: "a".to_owned(), ..Endpoint::default() };
        let update =
            UpdateEndpointRequest { endpoint: Some(endpoint), ..UpdateEndpointRequest::default() };
        assert_eq!(update.account_ids().collect::<Vec<_>>(), ["a"]);
        assert_eq!(UpdateEndpointRequest::default().account_ids().count(), 0);
    }
}
