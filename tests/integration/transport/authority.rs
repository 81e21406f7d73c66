//! A certificate authority of a test's own, the files that a service reads, and clients that trust
//! them.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use tempfile::TempDir;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Identity};

use crate::service::Service;

/// An authority, and a folder for what it issues.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    folder: TempDir,
}

/// A certificate and its key, in PEM.
#[derive(Clone)]
pub struct Issued {
    /// The certificate.
    pub cert: String,
    /// The key.
    pub key: String,
}

impl Authority {
    /// A new authority.
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "an authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let authority = Self { issuer: Issuer::new(params, key), pem, folder };
        authority.write("ca.pem", &authority.pem);
        authority
    }

    /// A certificate for a name, beside 127.0.0.1.
    pub fn issue(&self, name: &str) -> Issued {
        self.sign(&Self::params(name))
    }

    /// One that has expired long ago.
    pub fn issue_expired(&self, name: &str) -> Issued {
        let mut params = Self::params(name);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2020, 4, 1);
        self.sign(&params)
    }

    fn params(name: &str) -> CertificateParams {
        let names = vec![name.to_owned(), "127.0.0.1".to_owned()];
        CertificateParams::new(names).expect("names of certificates")
    }

    fn sign(&self, params: &CertificateParams) -> Issued {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Issued { cert: certificate.pem(), key: key.serialize_pem() }
    }

    /// The path of a file in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the folder.
    pub fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).expect("a file can be written");
        path
    }

    /// Has a service serve this certificate: at its start, or from its next look on.
    pub fn install(&self, issued: &Issued) {
        self.write("cert.pem", &issued.cert);
        self.write("key.pem", &issued.key);
    }

    /// The arguments for what is installed.
    pub fn arguments(&self) -> Vec<String> {
        let (cert, key) = (self.path("cert.pem"), self.path("key.pem"));
        vec![argument("--tls-cert", &cert), argument("--tls-key", &key)]
    }

    /// The argument for callers' certificates of this authority.
    pub fn client_ca_argument(&self) -> String {
        argument("--tls-client-ca", &self.path("ca.pem"))
    }

    /// A service with a certificate of this authority, and these arguments besides.
    pub fn start_service(&self, arguments: &[&str]) -> Service {
        self.install(&self.issue("localhost"));
        let own = self.arguments();
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        Service::start(&[&own[..], arguments].concat())
    }

    /// A connection to a service whose certificate is of this authority.
    pub async fn connect(
        &self,
        service: &Service,
        identity: Option<&Issued>,
    ) -> Result<Channel, tonic::transport::Error> {
        let mut tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(&self.pem))
            .domain_name("localhost");
        if let Some(own) = identity {
            tls = tls.identity(Identity::from_pem(&own.cert, &own.key));
        }
        let endpoint = Channel::from_shared(format!("https://{}", service.address()));
        endpoint.expect("a URI").tls_config(tls)?.connect().await
    }
}

fn argument(flag: &str, path: &Path) -> String {
    format!("{flag}={}", path.display())
}
