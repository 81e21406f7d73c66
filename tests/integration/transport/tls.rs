//! TLS and callers' certificates.

use std::sync::Arc;

use bookora_webhooks::proto::ListEventTypesRequest;
use bookora_webhooks::proto::endpoint_admin_client::EndpointAdminClient;
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject;
use rustls::version::{TLS12, TLS13};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tonic::transport::Channel;

use super::authority::{Authority, Issued};
use crate::command_line::run;
use crate::service::{PATIENCE, Service, binary, eventually, serve_arguments};

/// Whether a call is answered on a connection.
async fn is_served(channel: Channel) -> bool {
    let request = ListEventTypesRequest::default();
    EndpointAdminClient::new(channel).list_event_types(request).await.is_ok()
}

/// Whether the service serves who shows this, where a handshake alone says little: in TLS 1.3 a
/// client is done before the server has looked at its certificate.
async fn serves(authority: &Authority, service: &Service, identity: Option<&Issued>) -> bool {
    match authority.connect(service, identity).await {
        Ok(channel) => is_served(channel).await,
        Err(_) => false,
    }
}

/// A handshake as a client that trusts anybody makes it: the certificate that it was shown, and the
/// protocol that was agreed on.
async fn handshake(
    service: &Service,
    authority: &Authority,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> Result<(Vec<u8>, Vec<u8>), std::io::Error> {
    let mut roots = rustls::RootCertStore::empty();
    let pem = std::fs::read(authority.path("ca.pem"))?;
    roots.add(rustls::pki_types::CertificateDer::from_pem_slice(&pem).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let stream = TcpStream::connect(service.address()).await?;
    let stream = connector.connect(ServerName::try_from("localhost").unwrap(), stream).await?;
    let session = stream.get_ref().1;
    let shown = session.peer_certificates().expect("the server shows one")[0].to_vec();
    Ok((shown, session.alpn_protocol().unwrap_or_default().to_vec()))
}

#[tokio::test]
async fn callers_are_served_over_tls_1_2_and_1_3_and_not_in_plain_text() {
    let authority = Authority::new();
    let service = authority.start_service(&[]);
    assert!(serves(&authority, &service, None).await);
    for version in [&TLS12, &TLS13] {
        let (_, protocol) = handshake(&service, &authority, &[version]).await.unwrap();
        assert_eq!(protocol, b"h2", "{version:?}");
    }
    let plain = Channel::from_shared(format!("http://{}", service.address())).unwrap();
    let served = match plain.connect().await {
        Ok(channel) => is_served(channel).await,
        Err(_) => false,
    };
    assert!(!served, "plain text is not served beside TLS");
    assert!(!serves(&Authority::new(), &service, None).await, "a stranger would not be trusted");
}

#[tokio::test]
async fn with_an_authority_for_callers_only_those_that_it_vouches_for_are_let_in() {
    let authority = Authority::new();
    let service = authority.start_service(&[&authority.client_ca_argument()]);
    assert!(serves(&authority, &service, Some(&authority.issue("publisher"))).await);
    assert!(!serves(&authority, &service, None).await, "no certificate");
    let expired = authority.issue_expired("publisher");
    assert!(!serves(&authority, &service, Some(&expired)).await, "an expired one");
    let other = Authority::new().issue("publisher");
    assert!(!serves(&authority, &service, Some(&other)).await, "another authority's");
    assert!(serves(&authority, &service, Some(&authority.issue("viewer"))).await);
    service.logged(&["WARN", "a TLS handshake failed"]).await;
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_without_a_restart_and_a_bad_one_changes_nothing() {
    let authority = Authority::new();
    let service = authority.start_service(&[]);
    let shown = async || handshake(&service, &authority, &[&TLS13]).await.unwrap().0;
    let first = shown().await;
    let kept = authority.connect(&service, None).await.unwrap();

    authority.write("cert.pem", &authority.issue("localhost").cert);
    service.logged(&["WARN", "the certificate stays as it was", "--tls-key"]).await;
    assert_eq!(shown().await, first, "its key does not fit");
    authority.write("cert.pem", "nonsense");
    service.logged(&["WARN", "the certificate stays as it was", "no usable certificate"]).await;
    assert_eq!(shown().await, first, "it is not PEM");
    std::fs::remove_file(authority.path("cert.pem")).unwrap();
    service.logged(&["WARN", "the certificate stays as it was", "cannot be read"]).await;
    assert_eq!(shown().await, first, "it is not there");

    authority.install(&authority.issue("localhost"));
    eventually("the new one is shown", async || (shown().await != first).then_some(())).await;
    service.logged(&["INFO", "the certificate was read again"]).await;
    assert!(is_served(kept).await, "connections of before go on");
    assert!(serves(&authority, &service, None).await);
}

#[tokio::test]
async fn another_authority_for_callers_is_taken_without_a_restart() {
    let (authority, next) = (Authority::new(), Authority::new());
    let own = authority.issue("publisher");
    let service = authority.start_service(&[&authority.client_ca_argument()]);
    assert!(serves(&authority, &service, Some(&own)).await);
    std::fs::copy(next.path("ca.pem"), authority.path("ca.pem")).unwrap();
    let changed = async || {
        let is_in = serves(&authority, &service, Some(&next.issue("publisher"))).await;
        is_in.then_some(())
    };
    eventually("the new authority's callers are let in", changed).await;
    assert!(!serves(&authority, &service, Some(&own)).await, "those of before are not");
}

#[test]
fn a_start_with_tls_files_that_are_of_no_use_says_why() {
    let authority = Authority::new();
    let (own, other) = (authority.issue("localhost"), authority.issue("localhost"));
    let file = |name: &str, content: &str| authority.write(name, content).display().to_string();
    let (cert, key) = (file("cert.pem", &own.cert), file("key.pem", &own.key));
    let (other_key, nonsense) = (file("other.pem", &other.key), file("nonsense.pem", "nonsense"));
    let missing = authority.path("missing.pem").display().to_string();
    for (files, sentence) in [
        (vec![("cert", &cert)], "--tls-key is missing"),
        (vec![("key", &key)], "--tls-cert is missing"),
        (vec![("client-ca", &cert)], "--tls-cert is missing"),
        (vec![("cert", &missing), ("key", &key)], "cannot be read"),
        (vec![("cert", &nonsense), ("key", &key)], "no usable certificate"),
        (vec![("cert", &cert), ("key", &nonsense)], "no usable private key"),
        (vec![("cert", &cert), ("key", &other_key)], "cannot be used"),
        (vec![("cert", &cert), ("key", &key), ("client-ca", &missing)], "cannot be read"),
        (vec![("cert", &cert), ("key", &key), ("client-ca", &key)], "no usable certificate"),
    ] {
        let database = format!("sqlite://{}?mode=rwc", authority.path("test.db").display());
        let mut command = binary();
        command.args(serve_arguments(&database));
        command.args(files.iter().map(|(flag, path)| format!("--tls-{flag}={path}")));
        let (output, said) = run(&mut command);
        assert_eq!(output.status.code(), Some(1), "{files:?}");
        assert!(said.contains(sentence) && said.contains("--tls-"), "{files:?}: {said}");
        assert!(!said.contains("PRIVATE KEY") && !said.contains("panicked"), "{said}");
    }
}

#[tokio::test]
async fn an_expired_certificate_is_told_of_and_served() {
    let authority = Authority::new();
    authority.install(&authority.issue_expired("localhost"));
    let arguments = authority.arguments();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let service = Service::start(&arguments);
    service.logged(&["WARN", "the certificate has expired", "2020-04-01"]).await;
}

#[tokio::test]
async fn handshakes_that_hang_hold_up_nobody_and_are_ended() {
    const HANGING: usize = 200;
    let authority = Authority::new();
    let service = authority.start_service(&["--max-connections=400"]);
    let mut hanging = Vec::new();
    for _ in 0..HANGING {
        hanging.push(TcpStream::connect(service.address()).await.unwrap());
    }
    assert!(serves(&authority, &service, None).await, "while they hang");
    for mut stream in hanging {
        let end = tokio::time::timeout(PATIENCE, stream.read(&mut [0; 1])).await;
        assert!(matches!(end, Ok(Ok(0) | Err(_))), "it is ended");
    }
    assert!(serves(&authority, &service, None).await);
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_ended() {
    let service = Service::start(&[]);
    let mut silent = TcpStream::connect(service.address()).await.unwrap();
    let mut talking = service.admin().await;
    let end = tokio::time::timeout(PATIENCE, silent.read(&mut [0; 1])).await;
    assert!(matches!(end, Ok(Ok(0) | Err(_))), "it is ended");
    assert!(talking.list_event_types(ListEventTypesRequest::default()).await.is_ok());
}
