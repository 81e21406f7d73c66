//! What posts to a collector over HTTP: the service's own hyper and rustls, so that no second HTTP
//! client is linked in. The exporters' threads have no runtime; requests are made on the service's.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo};
use opentelemetry_http::{HttpClient, HttpError};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio_rustls::TlsConnector;
use tower::Service;

/// What of an answer is read, in bytes: it says how many were refused, and why.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// No certificates are installed.
#[derive(Debug, thiserror::Error)]
#[error(
    "no trusted certificates were found for the collector: install the ca-certificates package"
)]
pub struct NoRoots;

/// Posts to a collector.
#[derive(Clone, Debug)]
pub struct CollectorClient {
    http: Client<Connector, Full<Bytes>>,
    runtime: Handle,
    timeout: Duration,
}

impl CollectorClient {
    /// A client; in a Tokio runtime. Each request takes at most `timeout`.
    ///
    /// # Errors
    /// [`NoRoots`] where it is to trust somebody and can trust nobody.
    pub fn new(is_https: bool, timeout: Duration) -> Result<Self, NoRoots> {
        let tls = if is_https { Some(TlsConnector::from(Arc::new(tls()?))) } else { None };
        let http = Client::builder(TokioExecutor::new()).build(Connector { tls });
        Ok(Self { http, runtime: Handle::current(), timeout })
    }
}

#[async_trait]
impl HttpClient for CollectorClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answering = self.http.request(request.map(Full::new));
        let sending = async move {
            let (head, body) = answering.await?.into_parts();
            let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await?;
            Ok::<_, HttpError>(Response::from_parts(head, body.to_bytes()))
        };
        let timeout = self.timeout;
        // The timer is made where there is a runtime.
        let sending = async move { tokio::time::timeout(timeout, sending).await };
        self.runtime.spawn(sending).await??
    }
}

fn tls() -> Result<ClientConfig, NoRoots> {
    let mut roots = RootCertStore::empty();
    // Some of a system's may be unreadable; it is enough that there are others.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(NoRoots);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the library offers what it calls safe");
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// Opens connections.
#[derive(Clone)]
struct Connector {
    tls: Option<TlsConnector>,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Connector").finish_non_exhaustive()
    }
}

impl Connector {
    async fn open(self, uri: Uri) -> io::Result<TokioIo<Link>> {
        let host = uri.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = uri.port_u16().unwrap_or(if self.tls.is_some() { 443 } else { 80 });
        let tcp = TcpStream::connect((host, port)).await?;
        tcp.set_nodelay(true)?;
        let Some(tls) = self.tls else { return Ok(TokioIo::new(Link(Box::new(tcp)))) };
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        Ok(TokioIo::new(Link(Box::new(tls.connect(name, tcp).await?))))
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Link>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<TokioIo<Link>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().open(uri))
    }
}

/// A connection, encrypted or not.
struct Link(Box<dyn Duplex>);

trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

impl Connection for Link {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Link {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Link {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
