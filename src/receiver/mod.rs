//! A local receiver of webhooks, as a customer would run one: HTTPS, signatures verified, each
//! request told. For `receive` and `demo`; the service itself does not use it.

mod certificate;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

pub use self::certificate::Certificate;
use crate::domain::secret::Secret;
use crate::webhook::signature;

/// Largest body that is read: four times the largest that the service sends.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Requests that wait to be told; a receiver that nobody listens to waits too.
const TOLD_MAX: usize = 1_024;

/// How a receiver is set up.
pub struct ReceiverSettings {
    /// Where it listens, port 0 for any free one.
    pub listen: SocketAddr,
    /// The secret that signs what it gets.
    pub secret: Secret,
    /// Its certificate; `None` for plain HTTP.
    pub certificate: Option<Certificate>,
    /// How many attempts of each delivery are answered with 503 before one is accepted.
    pub fail_attempts: u32,
}

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Received {
    /// `X-Bookora-Event`.
    pub event_type: String,
    /// `webhook-id`.
    pub event_id: String,
    /// `X-Bookora-Delivery`.
    pub delivery_id: String,
    /// `X-Bookora-Attempt`.
    pub attempt: u32,
    /// Whether `X-Bookora-Signature` fits the body.
    pub bookora_verified: bool,
    /// Whether `webhook-signature` fits id, time and body.
    pub standard_verified: bool,
    /// `X-Bookora-Signature`.
    pub signature: String,
    /// The status that it was answered with.
    pub answered: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Received {
    /// Whether both signatures fit.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.bookora_verified && self.standard_verified
    }
}

/// For people: what came and its signature; with `{:#}` also the body.
impl fmt::Display for Received {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { event_type, delivery_id, attempt, answered, .. } = self;
        let verified = match (self.bookora_verified, self.standard_verified) {
            (true, true) => "verified",
            (true, false) => "ONLY X-Bookora-Signature verified",
            (false, true) => "ONLY webhook-signature verified",
            (false, false) => "NOT VERIFIED",
        };
        write!(
            formatter,
            "{event_type} {delivery_id} attempt {attempt}: {verified} {}, answered {answered}",
            self.signature,
        )?;
        if formatter.alternate() {
            write!(formatter, "\n  {}", String::from_utf8_lossy(&self.body))?;
        }
        Ok(())
    }
}

/// A receiver that runs until it is dropped.
pub struct Receiver {
    /// Where it listens.
    pub address: SocketAddr,
    /// What comes in.
    pub received: mpsc::Receiver<Received>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    /// Starts to receive.
    ///
    /// # Errors
    /// Where the address cannot be listened on, or the certificate is of no use.
    pub async fn start(settings: ReceiverSettings) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(settings.listen)
            .await
            .with_context(|| format!("cannot listen on {}", settings.listen))?;
        let tls = settings.certificate.as_ref().map(Certificate::acceptor).transpose()?;
        let (told, received) = mpsc::channel(TOLD_MAX);
        let address = listener.local_addr()?;
        let judge = Arc::new(Judge {
            secret: settings.secret,
            fail_attempts: settings.fail_attempts,
            told,
        });
        let task = tokio::spawn(accept(listener, tls, judge));
        Ok(Self { address, received, task })
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, judge: Arc<Judge>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(serve_connection(stream, tls.clone(), Arc::clone(&judge)));
            }
            // Such as too many open files: passes when connections close.
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve_connection(stream: TcpStream, tls: Option<TlsAcceptor>, judge: Arc<Judge>) {
    let service = service_fn(move |request| {
        let judge = Arc::clone(&judge);
        async move { Ok::<_, std::convert::Infallible>(judge.answer(request).await) }
    });
    let server = auto::Builder::new(TokioExecutor::new());
    // How a connection ends is the sender's business: what counts was told request by request.
    let _ended = match tls {
        None => server.serve_connection(TokioIo::new(stream), service).await,
        Some(tls) => match tls.accept(stream).await {
            Ok(stream) => server.serve_connection(TokioIo::new(stream), service).await,
            Err(error) => return tracing::warn!(%error, "a TLS handshake failed"),
        },
    };
}

/// Verifies, decides what to answer, and tells.
struct Judge {
    secret: Secret,
    fail_attempts: u32,
    told: mpsc::Sender<Received>,
}

impl Judge {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (Ok(status) | Err(status)) = self.judge(request).await;
        let mut response = Response::new(Full::default());
        *response.status_mut() = status;
        response
    }

    async fn judge(&self, request: Request<Incoming>) -> Result<StatusCode, StatusCode> {
        if request.method() != Method::POST {
            return Err(StatusCode::METHOD_NOT_ALLOWED);
        }
        let (head, body) = request.into_parts();
        let body = Limited::new(body, BODY_BYTES_MAX).collect().await;
        let body = body.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?.to_bytes();
        let mut received = self.verify(head.headers, body);
        let status = if !received.is_verified() {
            StatusCode::UNAUTHORIZED
        } else if received.attempt <= self.fail_attempts {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::NO_CONTENT
        };
        received.answered = status.as_u16();
        // Nobody may be listening any more; the answer stands.
        let _ = self.told.send(received).await;
        Ok(status)
    }

    fn verify(&self, headers: HeaderMap, body: Bytes) -> Received {
        let header = |name: &str| {
            headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
        let signature = header("x-bookora-signature");
        let standard = header("webhook-signature");
        Received {
            event_type: header("x-bookora-event"),
            delivery_id: header("x-bookora-delivery"),
            attempt: header("x-bookora-attempt").parse().unwrap_or(0),
            bookora_verified: signature::verify_bookora(&self.secret, &body, &signature),
            standard_verified: signature::verify_standard(
                &self.secret,
                &id,
                &timestamp,
                &body,
                &standard,
            ),
            event_id: id,
            signature,
            answered: 0,
            headers,
            body,
        }
    }
}
