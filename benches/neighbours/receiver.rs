//! Receivers that cost little, so that what is measured is the service.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use anyhow::Context;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// How long a delivery may be awaited before the measurement fails.
const PATIENCE: Duration = Duration::from_mins(2);

/// A receiver on every loopback address, over plain HTTP.
pub struct Receiver {
    /// Its port.
    pub port: u16,
    arrived: mpsc::UnboundedReceiver<(String, Instant)>,
}

impl Receiver {
    /// One that acknowledges at once.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("0.0.0.0:0").await?;
        let port = listener.local_addr()?.port();
        let (tell, arrived) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let tell = tell.clone();
                let service = service_fn(move |request| answer(request, tell.clone()));
                tokio::spawn(async move {
                    let _ = stream.set_nodelay(true);
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service).await
                });
            }
        });
        Ok(Self { port, arrived })
    }

    /// One that accepts connections and says nothing.
    pub async fn start_silent() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("0.0.0.0:0").await?;
        let port = listener.local_addr()?.port();
        let (_, arrived) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut open = std::collections::VecDeque::new();
            while let Ok((stream, _)) = listener.accept().await {
                open.push_back(stream);
                // Older ones have timed out on the other side.
                if open.len() > 4_000 {
                    open.pop_front();
                }
            }
        });
        Ok(Self { port, arrived })
    }

    /// The next event's id, and when it came.
    pub async fn next(&mut self) -> anyhow::Result<(String, Instant)> {
        let next = tokio::time::timeout(PATIENCE, self.arrived.recv()).await;
        next.context("nothing arrives any more")?.context("the receiver ended")
    }
}

async fn answer(
    request: Request<Incoming>,
    tell: mpsc::UnboundedSender<(String, Instant)>,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    let id = request.headers().get("webhook-id").and_then(|id| id.to_str().ok());
    let _ = tell.send((id.unwrap_or_default().to_owned(), super::now()));
    let _ = request.into_body().collect().await;
    let mut response = Response::new(Empty::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}
