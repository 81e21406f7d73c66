//! What operators' tools ask over HTTP: `/metrics`, `/healthz`, `/readyz`. It answers before the store
//! is open and until everything has stopped, reads nothing but heads, and shows nothing secret.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use self::readiness::Readiness;
use crate::telemetry::MetricsText;

pub mod readiness;

/// Connections at once: a few scrapers and probes; more are closed at once.
const CONNECTIONS_MAX: usize = 64;
/// How long the head of a request may take, also the first after a connection was made, and the next
/// on one that is kept: longer than the interval of most scrapers and probes.
const HEAD_PATIENCE: Duration = Duration::from_secs(30);
/// How long a connection may last: whoever reads an answer more slowly has not asked for it.
const CONNECTION_AGE_MAX: Duration = Duration::from_mins(10);
/// Longest head of a request, in bytes; hyper takes no less.
const HEAD_BYTES_MAX: usize = 8 * 1024;
/// How long nothing is accepted after that failed, as where there are too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
const TEXT: &str = "text/plain; charset=utf-8";

/// What is answered.
#[derive(Clone)]
pub struct Ops {
    /// The metrics.
    pub metrics: MetricsText,
    /// Whether calls are to be sent here.
    pub readiness: Arc<Readiness>,
}

impl Ops {
    /// Serves until dropped.
    pub async fn serve(self, listener: TcpListener) {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        loop {
            let stream = match listener.accept().await {
                Ok((stream, _peer)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection for metrics and health");
                    sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
            let ops = self.clone();
            tokio::spawn(async move {
                ops.serve_one(stream).await;
                drop(place);
            });
        }
    }

    async fn serve_one(self, stream: TcpStream) {
        let service = service_fn(move |request: Request<Incoming>| {
            let ops = self.clone();
            async move { Ok::<_, Infallible>(ops.answer(&request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_PATIENCE)
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), service);
        // How it ends is its client's business.
        let _ = timeout(CONNECTION_AGE_MAX, pin!(connection)).await;
    }

    async fn answer<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        let path = request.uri().path();
        if !["/metrics", "/healthz", "/readyz"].contains(&path) {
            return text(StatusCode::NOT_FOUND, "there is /metrics, /healthz and /readyz\n");
        }
        if ![Method::GET, Method::HEAD].contains(request.method()) {
            let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "GET and HEAD only\n");
            refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return refused;
        }
        // Of an answer to HEAD hyper sends the head alone.
        match path {
            "/metrics" => self.metrics().await,
            "/readyz" => match self.readiness.check().await {
                Ok(()) => text(StatusCode::OK, "ready\n"),
                Err(reason) => {
                    text(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {reason}\n"))
                }
            },
            _ => text(StatusCode::OK, "alive\n"),
        }
    }

    async fn metrics(&self) -> Response<Full<Bytes>> {
        let metrics = self.metrics.clone();
        // Tens of thousands of series, where attempts are counted by endpoint, take a while.
        match tokio::task::spawn_blocking(move || metrics.render()).await {
            Ok(rendered) => answer(StatusCode::OK, MetricsText::content_type(), rendered),
            Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be shown\n"),
        }
    }
}

/// Binds the address.
///
/// # Errors
/// The system's.
pub async fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}

fn text(status: StatusCode, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    answer(status, TEXT, text)
}

fn answer(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn status(method: &str, path: &str) -> (u16, String) {
        let ops = Ops { metrics: MetricsText::new().0, readiness: Arc::default() };
        let request = Request::builder().method(method).uri(path).body(()).unwrap();
        let answer = ops.answer(&request).await;
        let allowed = answer.headers().get(ALLOW).map(|value| value.to_str().unwrap().to_owned());
        (answer.status().as_u16(), allowed.unwrap_or_default())
    }

    #[tokio::test]
    async fn only_what_there_is_can_be_read_and_nothing_written() {
        for path in ["/metrics", "/healthz"] {
            assert_eq!(status("GET", path).await.0, 200);
            assert_eq!(status("HEAD", path).await.0, 200);
            assert_eq!(status("POST", path).await, (405, "GET, HEAD".to_owned()));
        }
        assert_eq!(status("GET", "/readyz").await.0, 503, "it has not started");
        for path in ["/", "/metrics/", "/debug"] {
            assert_eq!(status("GET", path).await.0, 404);
        }
    }
}
