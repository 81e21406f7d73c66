//! The server's certificate, and the authority of its callers' certificates: read from PEM files,
//! and read again when these change, since certificates are renewed every few weeks. The handshake
//! itself is left to [`connections`](super::connections), what a caller's certificate allows to
//! whoever authorises.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use crate::domain::clock::{Clock, Timestamp};

/// HTTP/2 for gRPC, HTTP/1.1 for gRPC-Web (RFC 7301).
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];
/// How often the files are looked at: by their contents, since what mounts them may swap a folder
/// without a change of times that could be waited for.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// Largest file that is read: bundles of all public authorities have a fifth of it.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// How long before it expires a certificate is told of: whoever renews them should have by then.
const EXPIRY_NOTICE_SECONDS: i64 = 7 * 24 * 60 * 60;

/// Whether a caller has to show a certificate, where there is an authority for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientCertificates {
    /// It has to: nothing else could tell who it is.
    Required,
    /// It may: one that shows none has to have a token.
    IfGiven,
}

/// Where certificates are.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The server's certificate and those between it and its root, in PEM.
    pub cert: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
    /// The authorities of callers' certificates, in PEM; `None`: callers are not asked for any.
    pub client_ca: Option<PathBuf>,
    /// Whether callers have to show one.
    pub client_certificates: ClientCertificates,
}

/// The files are of no use; the text says what to change.
#[derive(Debug, thiserror::Error)]
pub enum InvalidTls {
    /// A file cannot be read.
    #[error("{flag} {path}: cannot be read: {source}")]
    Unreadable {
        /// Which setting.
        flag: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is larger than any certificate.
    #[error("{flag} {path}: is larger than {FILE_BYTES_MAX} bytes")]
    TooLarge {
        /// Which setting.
        flag: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// A file does not hold what it should.
    #[error("{flag} {path}: holds no usable {what} in PEM: {source}")]
    NotPem {
        /// Which setting.
        flag: &'static str,
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
        /// What is wrong.
        source: pem::Error,
    },
    /// A certificate cannot be an authority's.
    #[error("--tls-client-ca {path}: holds a certificate that cannot be an authority's: {reason}")]
    Authority {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Certificate and key are of no use together.
    #[error("--tls-cert {cert} and --tls-key {key} cannot be used: {source}")]
    Pair {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// Why, such as that they do not belong together.
        source: rustls::Error,
    },
}

/// TLS as the files say, always by their last version that could be used.
pub struct Tls {
    files: TlsFiles,
    state: RwLock<State>,
}

struct State {
    config: Arc<ServerConfig>,
    /// The digest of what was read last; `None` where nothing could be.
    seen: Option<[u8; 32]>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn load(files: TlsFiles, now: Timestamp) -> Result<Self, InvalidTls> {
        let contents = Contents::read(&files)?;
        let config = Arc::new(contents.config(&files, now)?);
        let state = State { config, seen: Some(contents.digest()) };
        Ok(Self { files, state: RwLock::new(state) })
    }

    /// What the next connection is to use.
    #[must_use]
    pub fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner).config)
    }

    /// Reads the files again whenever they have changed. What cannot be used changes nothing, and
    /// is logged once.
    pub async fn follow_files(self: Arc<Self>, clock: Arc<dyn Clock>, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(LOOK_INTERVAL)).await.is_some() {
            let (tls, now) = (Arc::clone(&self), clock.now());
            // Files may be on a disk that hangs.
            if tokio::task::spawn_blocking(move || tls.look(now)).await.is_err() {
                tracing::warn!("looking at the certificate's files failed");
            }
        }
    }

    fn look(&self, now: Timestamp) {
        let contents = Contents::read(&self.files);
        let seen = contents.as_ref().ok().map(Contents::digest);
        if seen == self.state.read().unwrap_or_else(PoisonError::into_inner).seen {
            return;
        }
        let config = contents.and_then(|contents| contents.config(&self.files, now));
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.seen = seen;
        match config {
            Ok(config) => {
                state.config = Arc::new(config);
                tracing::info!(cert = %self.files.cert.display(), "the certificate was read again");
            }
            Err(error) => tracing::warn!(%error, "the certificate stays as it was"),
        }
    }
}

/// What the files held at one moment.
struct Contents {
    cert: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

impl Contents {
    fn read(files: &TlsFiles) -> Result<Self, InvalidTls> {
        let client_ca = files.client_ca.as_deref();
        Ok(Self {
            cert: read("--tls-cert", &files.cert)?,
            key: read("--tls-key", &files.key)?,
            client_ca: client_ca.map(|path| read("--tls-client-ca", path)).transpose()?,
        })
    }

    fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for part in [Some(&self.cert), Some(&self.key), self.client_ca.as_ref()] {
            // A digest of digests: where one part ends and the next begins matters.
            hash.update(Sha256::digest(part.map_or(&[][..], Vec::as_slice)));
        }
        hash.finalize().into()
    }

    fn config(&self, files: &TlsFiles, now: Timestamp) -> Result<ServerConfig, InvalidTls> {
        let chain = certificates("--tls-cert", &files.cert, &self.cert)?;
        let not_pem = |source| InvalidTls::NotPem {
            flag: "--tls-key",
            path: files.key.clone(),
            what: "private key",
            source,
        };
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(not_pem)?;
        let unusable =
            |source| InvalidTls::Pair { cert: files.cert.clone(), key: files.key.clone(), source };
        tell_validity(&files.cert, &chain[0], now);
        let builder = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(unusable)?;
        let builder = match self.verifier(files)? {
            None => builder.with_no_client_auth(),
            Some(verifier) => builder.with_client_cert_verifier(verifier),
        };
        let mut config = builder.with_single_cert(chain, key).map_err(unusable)?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(config)
    }

    fn verifier(
        &self,
        files: &TlsFiles,
    ) -> Result<Option<Arc<dyn ClientCertVerifier>>, InvalidTls> {
        let Some((path, pem)) = files.client_ca.as_ref().zip(self.client_ca.as_ref()) else {
            return Ok(None);
        };
        let unusable = |reason| InvalidTls::Authority { path: path.clone(), reason };
        let mut roots = RootCertStore::empty();
        for certificate in certificates("--tls-client-ca", path, pem)? {
            roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
        }
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
        let builder = match files.client_certificates {
            ClientCertificates::Required => builder,
            ClientCertificates::IfGiven => builder.allow_unauthenticated(),
        };
        builder.build().map(Some).map_err(|error| unusable(error.to_string()))
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn read(flag: &'static str, path: &Path) -> Result<Vec<u8>, InvalidTls> {
    let unreadable = |source| InvalidTls::Unreadable { flag, path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(InvalidTls::TooLarge { flag, path: path.to_owned() });
    }
    Ok(bytes)
}

/// At least one certificate.
fn certificates(
    flag: &'static str,
    path: &Path,
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, InvalidTls> {
    let not_pem =
        |source| InvalidTls::NotPem { flag, path: path.to_owned(), what: "certificate", source };
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(not_pem)?;
    if found.is_empty() { Err(not_pem(pem::Error::NoItemsFound)) } else { Ok(found) }
}

/// Says so where the certificate is of no use at this time, or soon: callers will refuse it, which
/// is no reason to refuse them.
fn tell_validity(path: &Path, certificate: &CertificateDer<'_>, now: Timestamp) {
    let Ok((_, read)) = x509_parser::parse_x509_certificate(certificate) else {
        return tracing::warn!(cert = %path.display(), "how long the certificate is valid is not known");
    };
    let (validity, now) = (read.validity(), now.as_unix_seconds());
    let (begin, end) = (validity.not_before.timestamp(), validity.not_after.timestamp());
    let until = Timestamp::from_unix_millis(end.saturating_mul(1_000));
    let cert = path.display();
    if now < begin {
        tracing::warn!(%cert, "the certificate is not valid yet");
    } else if now > end {
        tracing::warn!(%cert, %until, "the certificate has expired");
    } else if end - now < EXPIRY_NOTICE_SECONDS {
        tracing::warn!(%cert, %until, "the certificate expires soon");
    }
}
