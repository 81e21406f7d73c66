//! Opens the connections of the HTTP client's pool: a guarded TCP connection, then, for `https`,
//! TLS with the name that the URL has. There are no proxies and no environment variables here.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::{BoxFuture, FutureExt};
use http::Uri;
use http::uri::Scheme;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower::Service;

use super::connection::Connection;
use super::guard::Guard;
use super::opening::{ConnectError, Opening, Stage};
use crate::domain::endpoint::REQUEST_TIMEOUT_MAX;

/// Opens connections; cheap to clone.
#[derive(Clone)]
pub struct Connector {
    guard: Arc<Guard>,
    tls: TlsConnector,
}

impl Connector {
    /// A connector through `guard`, with `tls` for `https`.
    pub fn new(guard: Guard, tls: ClientConfig) -> Self {
        Self { guard: Arc::new(guard), tls: TlsConnector::from(Arc::new(tls)) }
    }

    async fn open(&self, uri: &Uri, opening: Opening) -> Result<Connection, ConnectError> {
        let is_tls = uri.scheme() == Some(&Scheme::HTTPS);
        let host = uri.host().expect("the client asks for absolute URIs alone");
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });

        let tcp = self.guard.connect(host, port, &opening).await?;
        let connection = if is_tls {
            opening.enter(Stage::Securing);
            let tls = self.secure(tcp, host).await.map_err(ConnectError::Tls)?;
            Connection::tls(tls, opening.clone())
        } else {
            Connection::plain(tcp, opening.clone())
        };
        opening.enter(Stage::Open);
        Ok(connection)
    }

    async fn secure(&self, tcp: TcpStream, host: &str) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        self.tls.connect(name, tcp).await
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Connection>;
    type Error = ConnectError;
    type Future = BoxFuture<'static, Result<Self::Response, ConnectError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        let opening = Opening::current();
        async move {
            // The pool goes on opening in the background when its attempt got another connection,
            // beyond the attempt's deadline: no longer than any attempt may last.
            let opened = timeout(REQUEST_TIMEOUT_MAX, connector.open(&uri, opening)).await;
            opened.unwrap_or(Err(ConnectError::TooSlow)).map(TokioIo::new)
        }
        .boxed()
    }
}
