//! Client certificates, over real TLS: who is let in, and what decides where there is a token too.

use std::net::SocketAddr;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use tokio::net::TcpListener;
use tonic::Code;
use tonic::metadata::MetadataValue;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{
    Certificate, Channel, ClientTlsConfig, Endpoint, Identity as Pem, Server, ServerTlsConfig,
};
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_types::StatusExt;

use super::*;
use crate::domain::access_token::AccessToken;
use crate::domain::clock::SystemClock;
use crate::domain::random::SeededRandom;
use crate::grpc::tokens_file;

/// Signs what clients and servers trust.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn certificate(&self) -> Certificate {
        Certificate::from_pem(self.0.pem())
    }

    fn sign(&self, names: Vec<SanType>) -> Pem {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Pem::from_pem(certificate.pem(), key.serialize_pem())
    }
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

/// A server that lets in a certificate named `crm.internal` and this token, and asks for a client
/// certificate without needing one.
async fn server(authority: &Authority, token: &AccessToken) -> SocketAddr {
    let text = format!(
        "[[certificates]]\nname = 'crm.internal'\nroles = ['viewer']\naccounts = ['*']\n\
         [[tokens]]\nname = 'a'\nsha256 = '{}'\nroles = ['viewer']\naccounts = ['*']\n",
        token.digest()
    );
    let credentials = Arc::new(tokens_file::parse(&text).expect("it is read"));
    let (changes, current) = watch::channel(credentials);
    let gate = Gate::new(Some(current), RefusalLog::new(Arc::new(SystemClock::new())));
    let address = SanType::IpAddress([127, 0, 0, 1].into());
    let tls = ServerTlsConfig::new()
        .identity(authority.sign(vec![address]))
        .client_ca_root(authority.certificate())
        .client_auth_optional(true);
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(crate::proto::DESCRIPTORS)
        .build_v1()
        .expect("the descriptors are whole");
    let server = Server::builder()
        .tls_config(tls)
        .expect("it can be served with")
        .layer(AuthenticationLayer::new(gate))
        .add_service(reflection);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let _changes = changes;
        server.serve_with_incoming(TcpIncoming::from(listener)).await
    });
    address
}

async fn channel(address: SocketAddr, authority: &Authority, identity: Option<Pem>) -> Channel {
    let tls = ClientTlsConfig::new().ca_certificate(authority.certificate());
    let tls = match identity {
        Some(identity) => tls.identity(identity),
        None => tls,
    };
    let endpoint = Endpoint::from_shared(format!("https://{address}")).unwrap();
    endpoint.tls_config(tls).unwrap().connect().await.expect("it is connected")
}

/// What a call is answered: OK, or the reason.
async fn answer(channel: Channel, token: Option<&str>) -> String {
    let mut request = tonic::Request::new(tokio_stream::iter([ServerReflectionRequest::default()]));
    if let Some(token) = token {
        let value: MetadataValue<_> = format!("Bearer {token}").parse().unwrap();
        request.metadata_mut().insert("authorization", value);
    }
    match ServerReflectionClient::new(channel).server_reflection_info(request).await {
        Ok(_) => "OK".to_owned(),
        Err(status) => {
            assert_eq!(status.code(), Code::Unauthenticated, "{status:?}");
            status.get_details_error_info().expect("it gives a reason").reason
        }
    }
}

#[tokio::test]
async fn a_client_certificate_lets_its_holder_in_and_a_token_goes_before_it() {
    let authority = Authority::new();
    let random = SeededRandom::new(1);
    let (good, bad) = (AccessToken::generate(&random), AccessToken::generate(&random));
    let address = server(&authority, &good).await;
    let known = || authority.sign(vec![dns("other.internal"), dns("CRM.internal")]);
    let unknown = || authority.sign(vec![dns("other.internal")]);
    for (identity, token, expected) in [
        (Some(known()), None, "OK"),
        (Some(unknown()), None, "CREDENTIALS_INVALID"),
        (Some(authority.sign(vec![])), None, "CREDENTIALS_INVALID"),
        (None, None, "CREDENTIALS_MISSING"),
        (None, Some(&good), "OK"),
        (Some(unknown()), Some(&good), "OK"),
        (Some(known()), Some(&bad), "CREDENTIALS_INVALID"),
    ] {
        let channel = channel(address, &authority, identity).await;
        assert_eq!(answer(channel, token.map(AccessToken::expose)).await, expected);
    }
}
