use std::net::SocketAddr;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::TlsConnector;
use tower::service_fn;

use super::*;
use crate::domain::clock::Timestamp;
use crate::domain::random::{SeededRandom, SystemRandom};
use crate::grpc::tls::{ClientCertificates, TlsFiles};

const LIMITS: ConnectionLimits = ConnectionLimits { count: 10, age: Duration::from_mins(10) };

/// Answers with who is at the other end: address, and how many certificates it has shown.
async fn tell(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let extensions = request.extensions();
    let address = extensions.get::<TcpConnectInfo>().and_then(TcpConnectInfo::remote_addr);
    let tls = extensions.get::<TlsConnectInfo<TcpConnectInfo>>();
    let shown = tls.and_then(TlsConnectInfo::peer_certs);
    let response = Response::builder()
        .header("address", address.expect("it has one").to_string())
        .header("shown", shown.map_or(0, |certificates| certificates.len()));
    Ok(response.body(Body::empty()).expect("a response"))
}

/// An authority that has issued one certificate, for both sides.
struct Party {
    folder: tempfile::TempDir,
    authority: CertificateDer<'static>,
    cert: String,
    key: String,
}

impl Party {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let authority = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);
        let own = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let cert = params.signed_by(&own, &issuer).unwrap().pem();
        let folder = tempfile::tempdir().unwrap();
        let party =
            Self { folder, authority: authority.der().clone(), cert, key: own.serialize_pem() };
        std::fs::write(party.folder.path().join("ca.pem"), authority.pem()).unwrap();
        std::fs::write(party.folder.path().join("cert.pem"), &party.cert).unwrap();
        std::fs::write(party.folder.path().join("key.pem"), &party.key).unwrap();
        party
    }

    fn tls(&self, client_certificates: ClientCertificates) -> Tls {
        let file = |name| self.folder.path().join(name);
        let files = TlsFiles {
            cert: file("cert.pem"),
            key: file("key.pem"),
            client_ca: Some(file("ca.pem")),
            client_certificates,
        };
        Tls::load(files, Timestamp::UNIX_EPOCH).unwrap()
    }

    /// Asks over TLS who this is.
    async fn ask(&self, address: SocketAddr, shows: bool) -> std::io::Result<(String, String)> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.authority.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = if shows {
            let cert = CertificateDer::from_pem_slice(self.cert.as_bytes()).unwrap();
            let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).unwrap();
            builder.with_client_auth_cert(vec![cert], key).unwrap()
        } else {
            builder.with_no_client_auth()
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        let stream = TcpStream::connect(address).await?;
        let own = stream.local_addr()?.to_string();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        let (seen, shown) = ask(stream).await.map_err(std::io::Error::other)?;
        assert_eq!(seen, own, "the caller's address");
        Ok((seen, shown))
    }
}

async fn ask<T>(stream: T) -> Result<(String, String), h2::Error>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (client, connection) = h2::client::handshake(stream).await?;
    let connection = tokio::spawn(connection);
    let request = Request::post("http://localhost/").body(()).expect("a request");
    let (response, _) = client.ready().await?.send_request(request, true)?;
    let response = response.await?;
    let header = |name: &str| response.headers()[name].to_str().expect("text").to_owned();
    let answer = (header("address"), header("shown"));
    connection.abort();
    Ok(answer)
}

async fn start(tls: Option<Tls>, stop: &CancellationToken) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Connections {
        limits: LIMITS,
        tls: tls.map(Arc::new),
        service: service_fn(tell),
        random: Arc::new(SystemRandom),
        stop: stop.clone(),
    };
    tokio::spawn(connections.serve(listener));
    address
}

#[tokio::test]
async fn a_request_has_its_callers_address_and_certificates() {
    let (party, stop) = (Party::new(), CancellationToken::new());
    let _stops = stop.clone().drop_guard();
    let required = start(Some(party.tls(ClientCertificates::Required)), &stop).await;
    assert_eq!(party.ask(required, true).await.unwrap().1, "1");
    assert!(party.ask(required, false).await.is_err(), "it has to show one");
    let optional = start(Some(party.tls(ClientCertificates::IfGiven)), &stop).await;
    assert_eq!(party.ask(optional, true).await.unwrap().1, "1");
    assert_eq!(party.ask(optional, false).await.unwrap().1, "0");
    let other = Party::new();
    let strange = Party { authority: party.authority.clone(), ..other };
    assert!(strange.ask(optional, true).await.is_err(), "what is shown is verified");
    let plain = start(None, &stop).await;
    let stream = TcpStream::connect(plain).await.unwrap();
    let own = stream.local_addr().unwrap().to_string();
    assert_eq!(ask(stream).await.unwrap(), (own, "0".to_owned()));
}

#[test]
fn connections_that_came_together_do_not_go_together() {
    let connections = Connections {
        limits: LIMITS,
        tls: None,
        service: service_fn(tell),
        random: Arc::new(SeededRandom::new(7)),
        stop: CancellationToken::new(),
    };
    let ages: Vec<Duration> = (0..1_000).map(|_| connections.age()).collect();
    let (min, max) = (ages.iter().min().unwrap(), ages.iter().max().unwrap());
    assert!(*min >= Duration::from_mins(9) && *max <= Duration::from_mins(11), "{min:?} {max:?}");
    assert!(*max > *min + Duration::from_secs(110), "{min:?} {max:?}");
}
