//! Who calls: put beside each request by [`super::authentication`], asked by whoever answers it
//! what may be done.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;

use super::authorization::{self, Scoped};
use super::credentials::{Credentials, Identity};
use super::failure::Refusal;
use crate::domain::access::{Grant, Role};

/// Somebody who may do something.
#[derive(Debug)]
pub struct Principal {
    /// What it is called in the tokens file.
    pub name: String,
    /// What it may do.
    pub grant: Grant,
}

/// How a caller showed who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerKind {
    /// Not at all: there is no tokens file.
    Anonymous,
    /// With a token.
    Token,
    /// With a client certificate.
    Certificate,
}

impl CallerKind {
    /// For the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Token => "token",
            Self::Certificate => "certificate",
        }
    }
}

/// The caller of one call.
#[derive(Clone)]
pub struct Caller {
    kind: CallerKind,
    principal: Arc<Principal>,
    /// What is asked again at each authorisation: a stream may outlive its credential.
    source: Option<(Identity, watch::Receiver<Arc<Credentials>>)>,
    peer: Option<SocketAddr>,
}

impl Caller {
    /// Somebody whom nobody asked.
    #[must_use]
    pub fn anonymous(principal: Arc<Principal>, peer: Option<SocketAddr>) -> Self {
        Self { kind: CallerKind::Anonymous, principal, source: None, peer }
    }

    /// Somebody who showed a credential that is good now.
    #[must_use]
    pub fn known(
        identity: Identity,
        principal: Arc<Principal>,
        credentials: watch::Receiver<Arc<Credentials>>,
        peer: Option<SocketAddr>,
    ) -> Self {
        Self { kind: identity.kind(), principal, source: Some((identity, credentials)), peer }
    }

    /// How it showed who it is.
    #[must_use]
    pub const fn kind(&self) -> CallerKind {
        self.kind
    }

    /// What it is called in the tokens file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.principal.name
    }

    /// Where its connection comes from; behind a proxy that is the proxy.
    #[must_use]
    pub const fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// Whether it may use a service at all.
    ///
    /// # Errors
    /// [`Refusal::PermissionDenied`].
    pub fn require(&self, role: Role) -> Result<(), Refusal> {
        has_role(self.now()?.as_ref(), role)
    }

    /// Whether it may do what a request asks: it has the service's role, for every account that the
    /// request names. To be asked before anything else is looked at, and for each message of a
    /// stream.
    ///
    /// # Errors
    /// [`Refusal::PermissionDenied`]; [`Refusal::CredentialsInvalid`] where the credential was
    /// revoked meanwhile.
    pub fn authorize(&self, role: Role, request: &impl Scoped) -> Result<(), Refusal> {
        let principal = self.now()?;
        has_role(&principal, role)?;
        let accounts = &principal.grant.accounts;
        let is_allowed = request.account_ids().all(|id| authorization::is_open(accounts, id));
        is_allowed.then_some(()).ok_or(Refusal::PermissionDenied)
    }

    /// What it may do as the tokens file is now.
    fn now(&self) -> Result<Arc<Principal>, Refusal> {
        match &self.source {
            None => Ok(Arc::clone(&self.principal)),
            Some((identity, credentials)) => {
                credentials.borrow().find(identity).cloned().ok_or(Refusal::CredentialsInvalid)
            }
        }
    }
}

fn has_role(principal: &Principal, role: Role) -> Result<(), Refusal> {
    principal.grant.roles.contains(role).then_some(()).ok_or(Refusal::PermissionDenied)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::access_token::AccessToken;
    use crate::domain::random::SeededRandom;
    use crate::proto::PublishEventRequest;

    /// What is good when there is one token, with these accounts.
    fn credentials(token: &AccessToken, accounts: &str) -> Arc<Credentials> {
        let text = format!(
            "[[tokens]]\nname = 'a'\nsha256 = '{}'\nroles = ['publisher']\naccounts = ['{accounts}']",
            token.digest()
        );
        Arc::new(super::super::tokens_file::parse(&text).expect("it is read"))
    }

    /// A stream of messages goes on for longer than its credential may be good.
    #[test]
    fn each_message_is_authorised_by_what_is_good_when_it_comes() {
        let token = AccessToken::generate(&SeededRandom::new(1));
        let good = credentials(&token, "acct_1");
        let identity = Identity::Token(token.digest());
        let principal = good.find(&identity).cloned().expect("it is good");
        let (changes, current) = watch::channel(good);
        let caller = Caller::known(identity, principal, current, None);
        let message = PublishEventRequest { account_id: "acct_1".to_owned(), ..Default::default() };
        let authorized = || caller.authorize(Role::Publisher, &message);
        assert!(authorized().is_ok());
        assert!(matches!(caller.authorize(Role::Admin, &message), Err(Refusal::PermissionDenied)));
        changes.send_replace(credentials(&token, "acct_2"));
        assert!(matches!(authorized(), Err(Refusal::PermissionDenied)));
        changes.send_replace(Arc::default());
        assert!(matches!(authorized(), Err(Refusal::CredentialsInvalid)));
        changes.send_replace(credentials(&token, "*"));
        assert!(authorized().is_ok());
    }
}
