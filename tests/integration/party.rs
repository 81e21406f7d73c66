//! A party to the tests: an account's endpoint and the real HTTPS receiver behind it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use bookora_webhooks::domain::random::SystemRandom;
use bookora_webhooks::domain::secret::Secret;
use bookora_webhooks::proto::{CreateEndpointRequest, Endpoint};
use bookora_webhooks::receiver::{Certificate, Received, Receiver, ReceiverSettings};
use tempfile::TempDir;

use crate::service::{PATIENCE, Service};

/// HTTPS receivers with one certificate that services trust.
pub struct Receivers {
    folder: Arc<TempDir>,
    certificate: Certificate,
}

impl Receivers {
    /// A certificate for 127.0.0.1, written for `--ca-file`.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let certificate = Certificate::for_names(&["127.0.0.1"]).expect("a certificate");
        std::fs::write(folder.path().join("ca.pem"), certificate.pem()).expect("it is written");
        std::fs::write(folder.path().join("key.pem"), certificate.key_pem()).expect("it too");
        Self { folder: Arc::new(folder), certificate }
    }

    /// The argument that makes a service trust these receivers.
    pub fn ca_argument(&self) -> String {
        format!("--ca-file={}", self.ca_file().display())
    }

    /// The certificate's file.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Its private key's file, for receivers that are not ours.
    pub fn key_file(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    /// A receiver that refuses so many attempts of each delivery before it accepts.
    pub async fn start(&self, fail_attempts: u32) -> Party {
        let secret = Secret::generate(&SystemRandom);
        let receiver = Receiver::start(ReceiverSettings {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            secret: secret.clone(),
            certificate: Some(self.certificate.clone()),
            fail_attempts,
        });
        Party {
            receiver: receiver.await.expect("a receiver"),
            secret,
            _folder: Arc::clone(&self.folder),
        }
    }
}

/// A receiver and the secret that signs what it gets.
pub struct Party {
    /// The receiver.
    pub receiver: Receiver,
    /// The secret.
    pub secret: Secret,
    /// The certificate's file lives as long as somebody may trust it.
    _folder: Arc<TempDir>,
}

impl Party {
    /// An endpoint message for this receiver.
    pub fn endpoint(&self, account_id: &str) -> Endpoint {
        Endpoint {
            account_id: account_id.to_owned(),
            url: format!("https://{}/hooks", self.receiver.address),
            ..Endpoint::default()
        }
    }

    /// A request that registers an endpoint for this receiver, with its secret.
    pub fn registration(&self, endpoint: Endpoint) -> CreateEndpointRequest {
        CreateEndpointRequest {
            endpoint: Some(endpoint),
            secret: Some(self.secret.expose().to_owned()),
            ..CreateEndpointRequest::default()
        }
    }

    /// Registers an endpoint for this receiver, with its secret.
    pub async fn register(&self, service: &Service, endpoint: Endpoint) -> Endpoint {
        let created = service.admin().await.create_endpoint(self.registration(endpoint)).await;
        created.expect("the endpoint is created").into_inner().endpoint.expect("and returned")
    }

    /// The next request.
    pub async fn next(&mut self) -> Received {
        tokio::time::timeout(PATIENCE, self.receiver.received.recv())
            .await
            .expect("a request comes in time")
            .expect("the receiver runs")
    }

    /// Requests that have come and were not looked at.
    pub fn rest(&mut self) -> Vec<Received> {
        std::iter::from_fn(|| self.receiver.received.try_recv().ok()).collect()
    }
}
