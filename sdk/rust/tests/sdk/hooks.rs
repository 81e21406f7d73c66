//! A receiver of webhooks that verifies what it gets with the SDK.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bookora_webhooks_sdk::receiver::{Event, Verifier, VerifyError};
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Collected, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A request, and what `verify` said of it.
#[derive(Clone, Debug)]
pub struct Hook {
    pub headers: HeaderMap,
    pub body: Bytes,
    pub verified: Result<Event, VerifyError>,
    pub status: u16,
}

#[derive(Default)]
struct Shared {
    secrets: Vec<String>,
    /// How many requests to refuse with 503 from now on.
    refusals: usize,
    hooks: Vec<Hook>,
}

/// The receiver. It ends when dropped.
pub struct Hooks {
    url: String,
    shared: Arc<Mutex<Shared>>,
    server: JoinHandle<()>,
}

impl Hooks {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hooks", listener.local_addr().expect("an address"));
        let shared = Arc::new(Mutex::new(Shared::default()));
        let server = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Self { url, shared, server }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// The secrets to verify with from now on.
    pub fn trust(&self, secrets: &[&str]) {
        let secrets = secrets.iter().map(ToString::to_string).collect();
        self.shared.lock().expect("no test panicked").secrets = secrets;
    }

    /// Refuses so many requests.
    pub fn refuse(&self, count: usize) {
        self.shared.lock().expect("no test panicked").refusals = count;
    }

    /// What came so far.
    pub fn hooks(&self) -> Vec<Hook> {
        self.shared.lock().expect("no test panicked").hooks.clone()
    }
}

impl Drop for Hooks {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Mutex<Shared>>) {
    loop {
        let (socket, _) = listener.accept().await.expect("the port is open");
        let shared = Arc::clone(&shared);
        let service = service_fn(move |request| take(request, Arc::clone(&shared)));
        let connection = hyper::server::conn::http1::Builder::new();
        tokio::spawn(connection.serve_connection(TokioIo::new(socket), service));
    }
}

async fn take(
    request: Request<Incoming>,
    shared: Arc<Mutex<Shared>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
    let mut shared = shared.lock().expect("no test panicked");
    let verifier = Verifier::new(&shared.secrets).expect("there are secrets");
    let verified = verifier.verify(&body, &head.headers);
    let status = match &verified {
        Err(_) => 401,
        Ok(_) if shared.refusals > 0 => {
            shared.refusals -= 1;
            503
        }
        Ok(_) => 204,
    };
    shared.hooks.push(Hook { headers: head.headers, body, verified, status });
    let response = Response::builder().status(status).body(Full::default());
    Ok(response.expect("a status"))
}
