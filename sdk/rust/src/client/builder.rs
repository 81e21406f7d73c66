//! How a client is made: where the service is, who calls it, whom it trusts.

use std::time::Duration;

use http::HeaderValue;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

use super::Client;
use super::address::Address;
use super::calls::Calls;

/// After how much silence, while a call is under way, the server is asked whether it is there.
/// What asks more often is refused by some proxies.
const KEEPALIVE_INTERVAL: Duration = Duration::from_mins(1);
/// How long it may take to answer that.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a connection may take to be made, TLS included: gRPC's own libraries wait as long.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// Before the names of the library underneath.
const USER_AGENT: &str = concat!("bookora-webhooks-sdk-rust/", env!("CARGO_PKG_VERSION"));

/// Why no client could be made. It is a mistake in what was given; nothing was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The address is not one of a service.
    #[error(
        "{0:?} is not an address: it may be https://host:port or host:port (TLS) or \
         http://host:port (in the clear), without user, path or anything else"
    )]
    Address(String),
    /// The token would travel in the clear to another machine.
    #[error("a token is not sent in the clear over the network: use https://, or a loopback host")]
    PlainToken,
    /// The token has characters that no token has.
    #[error("the token is not one: it may have visible ASCII characters only")]
    Token,
    /// Certificates were given for an address without TLS.
    #[error("certificates are of no use with http://: use https://")]
    PlainCertificates,
    /// The certificates or the key could not be read, or the system has none.
    #[error("the certificates, or the key, could not be used")]
    Certificates(#[source] tonic::transport::Error),
}

/// Makes a [`Client`].
#[derive(Clone)]
pub struct ClientBuilder {
    address: String,
    token: Option<String>,
    authorities: Option<Certificate>,
    identity: Option<Identity>,
    timeout: Option<Duration>,
}

impl ClientBuilder {
    pub(super) fn new(address: String) -> Self {
        Self { address, token: None, authorities: None, identity: None, timeout: None }
    }

    /// The token, `bwt_…`, that every call carries.
    #[must_use]
    pub fn token(self, token: impl Into<String>) -> Self {
        Self { token: Some(token.into()), ..self }
    }

    /// The certificates (PEM) of the authorities to trust; the system's unless set.
    #[must_use]
    pub fn ca_certificates(self, pem: impl AsRef<[u8]>) -> Self {
        Self { authorities: Some(Certificate::from_pem(pem)), ..self }
    }

    /// The client's own certificate and its key (PEM), for mTLS.
    #[must_use]
    pub fn identity(self, certificate: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Self {
        Self { identity: Some(Identity::from_pem(certificate, key)), ..self }
    }

    /// How long every unary call may take, its retries included; 30 s unless set, TestEndpoint
    /// 45 s.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// Makes the client. It connects with its first call.
    ///
    /// # Errors
    /// Where the address, the token or the certificates are not usable: see [`ConfigError`].
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn build(self) -> Result<Client, ConfigError> {
        let address = Address::parse(&self.address)?;
        if self.token.is_some() && !address.is_tls && !address.is_loopback {
            return Err(ConfigError::PlainToken);
        }
        let authorization = self.token.as_deref().map(bearer).transpose()?;
        let endpoint = Endpoint::from(address.uri.clone())
            .user_agent(USER_AGENT)
            .expect("the name is a header's value")
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
            .keep_alive_timeout(KEEPALIVE_TIMEOUT);
        let timeout = self.timeout;
        let endpoint = self.secure(endpoint, &address)?;
        Ok(Client { calls: Calls::new(endpoint.connect_lazy(), authorization, timeout) })
    }

    fn secure(self, endpoint: Endpoint, address: &Address) -> Result<Endpoint, ConfigError> {
        if !address.is_tls {
            let is_plain = self.authorities.is_none() && self.identity.is_none();
            return if is_plain { Ok(endpoint) } else { Err(ConfigError::PlainCertificates) };
        }
        let tls = match self.authorities {
            Some(authorities) => ClientTlsConfig::new().ca_certificate(authorities),
            None => ClientTlsConfig::new().with_native_roots(),
        };
        let tls = match self.identity {
            Some(identity) => tls.identity(identity),
            None => tls,
        };
        endpoint.tls_config(tls).map_err(ConfigError::Certificates)
    }
}

/// The value of `authorization`, which no log shows.
fn bearer(token: &str) -> Result<HeaderValue, ConfigError> {
    let is_visible = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    let value = HeaderValue::from_str(&format!("Bearer {token}"));
    let mut value = value.ok().filter(|_| is_visible).ok_or(ConfigError::Token)?;
    value.set_sensitive(true);
    Ok(value)
}
