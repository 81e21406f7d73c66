//! A certificate for a local receiver, made on the spot: nothing has to be installed.

use std::sync::Arc;

use anyhow::Context;
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

/// A self-signed certificate and its key. It is its own root: whoever trusts its PEM trusts it.
#[derive(Clone)]
pub struct Certificate {
    pem: String,
    der: CertificateDer<'static>,
    key: Vec<u8>,
    key_pem: String,
}

impl Certificate {
    /// A new certificate for these names and IP addresses.
    ///
    /// # Errors
    /// Where a name cannot be in a certificate.
    pub fn for_names(names: &[&str]) -> anyhow::Result<Self> {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let key = KeyPair::generate().context("cannot make a key")?;
        let params = CertificateParams::new(names).context("cannot make a certificate")?;
        let certificate = params.self_signed(&key).context("cannot make a certificate")?;
        Ok(Self {
            pem: certificate.pem(),
            der: certificate.der().clone(),
            key: key.serialize_der(),
            key_pem: key.serialize_pem(),
        })
    }

    /// The certificate in PEM, for whom is to trust it.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Its private key in PEM, for a receiver of another make.
    #[must_use]
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// What accepts TLS connections with it, HTTP/2 and HTTP/1.1.
    ///
    /// # Errors
    /// Where certificate and key do not fit.
    pub fn acceptor(&self) -> anyhow::Result<TlsAcceptor> {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.clone()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![self.der.clone()], key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}
