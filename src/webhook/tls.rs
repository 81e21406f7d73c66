//! Whom to trust: TLS 1.2 and 1.3 with the system's certificate authorities and, where given,
//! those of a file. Read once, before anything listens; the handshake itself is left to
//! the connector.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};

/// HTTP/2 where the receiver offers it, else HTTP/1.1 (RFC 7301).
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Settings of the client that sends webhooks.
#[derive(Clone, Debug, Default)]
pub struct ClientSettings {
    /// PEM file of certificate authorities to trust beside the system's, for receivers with
    /// certificates of a private authority. Default: none. It is read once, at start.
    pub ca_file: Option<PathBuf>,
}

/// The client cannot be built; the text says what to change.
#[derive(Debug, thiserror::Error)]
pub enum InvalidClientSettings {
    /// The file cannot be read, or is not PEM.
    #[error("--ca-file {path}: cannot be read as PEM certificates: {source}")]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// The file was read and holds no certificate.
    #[error("--ca-file {path}: holds no certificate (expected -----BEGIN CERTIFICATE-----)")]
    CaFileEmpty {
        /// The file.
        path: PathBuf,
    },
    /// The file holds a certificate that cannot be an authority's.
    #[error("--ca-file {path}: holds a certificate that cannot be used: {source}")]
    CaCertificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with the certificate.
        source: rustls::Error,
    },
    /// Nobody would be trusted, so every HTTPS request would fail.
    #[error(
        "no trusted certificates were found: install the ca-certificates package or give --ca-file"
    )]
    NoRoots,
    /// The cryptography library does not offer TLS 1.2 and 1.3: a bug in this build.
    #[error("TLS 1.2 and 1.3 are not available in this build")]
    Tls(#[source] rustls::Error),
}

/// The TLS configuration of every connection.
pub(super) fn client_config(
    settings: &ClientSettings,
) -> Result<ClientConfig, InvalidClientSettings> {
    let roots = trusted_roots(settings.ca_file.as_deref())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(InvalidClientSettings::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Ok(config)
}

fn trusted_roots(ca_file: Option<&Path>) -> Result<RootCertStore, InvalidClientSettings> {
    let mut roots = RootCertStore::empty();
    // A system's bundle may hold an authority that this library cannot use; the others still count.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = ca_file {
        add_file(&mut roots, path)?;
    }
    if roots.is_empty() { Err(InvalidClientSettings::NoRoots) } else { Ok(roots) }
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), InvalidClientSettings> {
    let unreadable = |source| InvalidClientSettings::CaFile { path: path.to_owned(), source };
    let unusable = |source| InvalidClientSettings::CaCertificate { path: path.to_owned(), source };
    let mut is_empty = true;
    for certificate in CertificateDer::pem_file_iter(path).map_err(unreadable)? {
        roots.add(certificate.map_err(unreadable)?).map_err(unusable)?;
        is_empty = false;
    }
    if is_empty {
        return Err(InvalidClientSettings::CaFileEmpty { path: path.to_owned() });
    }
    Ok(())
}
