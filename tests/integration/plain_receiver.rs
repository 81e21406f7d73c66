//! Receivers over plain HTTP that answer as a test says; what they are sent is not verified.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bookora_webhooks::proto::{CreateEndpointRequest, Endpoint};
use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::service::Service;

/// A receiver that runs until it is dropped. It is registered with services that were started with
/// `--allow-http`.
pub struct PlainReceiver {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

/// An answer without a body.
pub fn status(status: u16) -> Response<Full<Bytes>> {
    Response::builder().status(status).body(Full::default()).expect("a valid status")
}

impl PlainReceiver {
    /// A receiver that answers each request by its headers.
    pub async fn start(
        answer: impl Fn(&HeaderMap) -> Response<Full<Bytes>> + Send + Sync + 'static,
    ) -> Self {
        Self::start_slow(move |headers| std::future::ready(answer(&headers))).await
    }

    /// A receiver that answers each request by its headers, when it sees fit.
    pub async fn start_slow<F>(answer: impl Fn(HeaderMap) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let requests = Arc::new(AtomicUsize::new(0));
        let (counter, answer) = (Arc::clone(&requests), Arc::new(answer));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (counter, answer) = (Arc::clone(&counter), Arc::clone(&answer));
                let service = service_fn(move |request: http::Request<_>| {
                    counter.fetch_add(1, Ordering::SeqCst);
                    let answer = answer(request.into_parts().0.headers);
                    async move { Ok::<_, Infallible>(answer.await) }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection);
            }
        });
        Self { address, requests, task }
    }

    /// How many requests came so far.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}/hooks", self.address)
    }

    /// Registers an endpoint for this receiver.
    pub async fn register(&self, service: &Service, endpoint: Endpoint) -> Endpoint {
        let endpoint = Endpoint { url: self.url(), ..endpoint };
        let request =
            CreateEndpointRequest { endpoint: Some(endpoint), ..CreateEndpointRequest::default() };
        let created = service.admin().await.create_endpoint(request).await;
        created.expect("the endpoint is created").into_inner().endpoint.expect("and returned")
    }
}

impl Drop for PlainReceiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The number of the attempt that a request says it is.
pub fn attempt(headers: &HeaderMap) -> u32 {
    let attempt = headers.get("x-bookora-attempt").and_then(|value| value.to_str().ok());
    attempt.and_then(|text| text.parse().ok()).expect("requests carry their attempt")
}
