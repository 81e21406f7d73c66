//! Which credentials are good, and what each may do.

use std::collections::HashMap;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

use super::caller::{CallerKind, Principal};
use crate::domain::access_token::TokenDigest;

/// What a caller is known by.
#[derive(Clone, PartialEq, Eq)]
pub enum Identity {
    /// The digest of its token.
    Token(TokenDigest),
    /// A name in its client certificate, as the tokens file has it.
    Certificate(String),
}

impl Identity {
    /// How the caller showed it.
    #[must_use]
    pub const fn kind(&self) -> CallerKind {
        match self {
            Self::Token(_) => CallerKind::Token,
            Self::Certificate(_) => CallerKind::Certificate,
        }
    }
}

/// All that are good at one time.
#[derive(Default)]
pub struct Credentials {
    /// A token is found by its digest: how long that takes tells nothing about the token.
    pub tokens: HashMap<TokenDigest, Arc<Principal>>,
    /// By a name in the certificate: a DNS name in lower case, or a URI.
    pub certificates: HashMap<String, Arc<Principal>>,
}

impl Credentials {
    /// Who that is.
    #[must_use]
    pub fn find(&self, identity: &Identity) -> Option<&Arc<Principal>> {
        match identity {
            Identity::Token(digest) => self.tokens.get(digest),
            Identity::Certificate(name) => self.certificates.get(name),
        }
    }

    /// Who shows this certificate, which was verified when the connection was made: the first of its
    /// names that has an entry, DNS names before URIs.
    #[must_use]
    pub fn find_certificate(&self, leaf: &CertificateDer) -> Option<Identity> {
        let certificate = EndEntityCert::try_from(leaf).ok()?;
        let dns = certificate.valid_dns_names().map(str::to_ascii_lowercase);
        let uris = certificate.valid_uri_names().map(str::to_owned);
        let known = dns.chain(uris).find(|name| self.certificates.contains_key(name));
        known.map(Identity::Certificate)
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, SanType};

    use super::*;
    use crate::domain::access::Grant;

    fn certificate(names: Vec<SanType>) -> CertificateDer<'static> {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
    }

    fn dns(name: &str) -> SanType {
        SanType::DnsName(name.try_into().unwrap())
    }

    fn uri(name: &str) -> SanType {
        SanType::URI(name.try_into().unwrap())
    }

    fn known(names: &[&str]) -> Credentials {
        let principal =
            |name: &str| Arc::new(Principal { name: name.to_owned(), grant: Grant::everything() });
        let certificates = names.iter().map(|name| ((*name).to_owned(), principal(name)));
        Credentials { certificates: certificates.collect(), ..Credentials::default() }
    }

    #[test]
    fn a_certificate_is_known_by_a_dns_name_or_a_uri_in_it() {
        let credentials = known(&["billing.internal", "spiffe://bookora/billing"]);
        let found = |names| match credentials.find_certificate(&certificate(names)) {
            Some(Identity::Certificate(name)) => Some(name),
            Some(Identity::Token(_)) => unreachable!("it is a certificate"),
            None => None,
        };
        assert_eq!(found(vec![dns("billing.internal")]).unwrap(), "billing.internal");
        assert_eq!(found(vec![dns("Billing.Internal")]).unwrap(), "billing.internal");
        let uri_name = "spiffe://bookora/billing";
        assert_eq!(found(vec![uri(uri_name)]).unwrap(), uri_name);
        assert_eq!(found(vec![dns("other"), uri(uri_name)]).unwrap(), uri_name);
        assert_eq!(
            found(vec![uri(uri_name), dns("billing.internal")]).unwrap(),
            "billing.internal"
        );
    }

    #[test]
    fn a_certificate_with_other_names_is_not_known() {
        let credentials = known(&["billing.internal", "spiffe://bookora/billing", "10.0.0.1"]);
        for names in [
            vec![],
            vec![dns("*.internal")],
            vec![dns("x.billing.internal")],
            vec![dns("billing.internal.example.com")],
            vec![uri("spiffe://bookora/billing/x"), uri("SPIFFE://bookora/billing")],
            vec![SanType::IpAddress("10.0.0.1".parse().unwrap())],
            vec![SanType::Rfc822Name("billing.internal".try_into().unwrap())],
        ] {
            assert!(credentials.find_certificate(&certificate(names)).is_none());
        }
        assert!(credentials.find_certificate(&CertificateDer::from(vec![0x30, 0])).is_none());
    }
}
