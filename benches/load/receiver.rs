//! The receiver, a process of its own: it costs little, verifies every signature, and keeps count of
//! what comes, so that no delivery is lost, repeated or wrong without being noticed.

use std::cell::RefCell;
use std::rc::Rc;

use anyhow::{Context, ensure};
use bookora_webhooks::domain::secret::Secret;
use bookora_webhooks::receiver::Certificate;
use bookora_webhooks::webhook::signature::verify_bookora;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::{LocalSet, spawn_local};
use tokio_rustls::TlsAcceptor;

use super::latency::{Latencies, Taken};
use super::role;
use super::stamp::{Stamp, now_nanos};

/// The part's name.
pub const NAME: &str = "receiver";
/// What signs.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwLaLaSw==";
/// Largest request that is read; ours have a kilobyte.
const REQUEST_BYTES_MAX: usize = 64 * 1_024;
/// Most headers of a request.
const HEADERS_MAX: usize = 64;
const ACKNOWLEDGED: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";

/// What it is told.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub enum Command {
    /// To begin a count of so many events to so many endpoints.
    Begin { events: u32, endpoints: u32 },
    /// To say when all have come, or nothing more has for so long.
    AwaitAll { silence_millis: u64 },
    /// To say what has come.
    Report,
}

/// Where it listens, and whom its TLS is to be trusted by.
#[derive(Serialize, Deserialize)]
pub struct Place {
    pub port: u16,
    pub tls_port: u16,
    pub certificate_pem: String,
}

/// What came since the count began.
#[derive(Default, Serialize, Deserialize)]
pub struct Report {
    /// Deliveries, each counted once.
    pub arrived: u64,
    /// Those that came again.
    pub repeated: u64,
    /// Requests without the right signature, or without a stamp that was awaited.
    pub wrong: u64,
    /// When the last came, in nanoseconds since 1970.
    pub last_nanos: u64,
    /// From the intended time of publishing to the receipt.
    pub latencies: Taken,
}

struct Count {
    secret: Secret,
    events: u32,
    /// Whether the delivery of an event to an endpoint has come; endpoint by endpoint.
    come: Vec<bool>,
    report: Report,
    latencies: Latencies,
}

impl Count {
    fn begin(&mut self, events: u32, endpoints: u32) {
        self.events = events;
        self.come = vec![false; events as usize * endpoints as usize];
        self.report = Report::default();
        self.latencies = Latencies::new();
    }

    /// Counts a request; only its first arrival takes part in the latencies.
    fn take(&mut self, endpoint: u32, signature: &str, body: &[u8]) {
        let now = now_nanos();
        let stamp = verify_bookora(&self.secret, body, signature).then(|| Stamp::find(body));
        let Some(stamp) = stamp.flatten().filter(|stamp| stamp.number < self.events) else {
            self.report.wrong += 1;
            return;
        };
        let delivery = endpoint as usize * self.events as usize + stamp.number as usize;
        match self.come.get_mut(delivery) {
            None => self.report.wrong += 1,
            Some(true) => self.report.repeated += 1,
            Some(come) => {
                *come = true;
                self.report.arrived += 1;
                self.report.last_nanos = now;
                self.latencies.record(now.saturating_sub(stamp.intended_nanos));
            }
        }
    }

    fn is_complete(&self) -> bool {
        self.report.arrived == self.come.len() as u64
    }
}

/// Runs as the part.
pub fn run() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, receive())
}

async fn receive() -> anyhow::Result<()> {
    let secret = Secret::parse(SECRET)?;
    let (latencies, report) = (Latencies::new(), Report::default());
    let count = Count { secret, events: 0, come: Vec::new(), report, latencies };
    let count = Rc::new(RefCell::new(count));
    let certificate = Certificate::for_names(&["127.0.0.1"])?;
    // Every loopback address is a receiver.
    let plain = TcpListener::bind("0.0.0.0:0").await?;
    let tls = TcpListener::bind("0.0.0.0:0").await?;
    role::answer(&Place {
        port: plain.local_addr()?.port(),
        tls_port: tls.local_addr()?.port(),
        certificate_pem: certificate.pem().to_owned(),
    })?;
    spawn_local(accept(plain, None, Rc::clone(&count)));
    spawn_local(accept(tls, Some(http1_alone(&certificate)?), Rc::clone(&count)));
    let (tell, mut told) = tokio::sync::mpsc::channel(1);
    std::thread::spawn(move || {
        for command in role::commands::<Command>() {
            tell.blocking_send(command).expect("it is read as long as this lives");
        }
    });
    while let Some(command) = told.recv().await {
        match command? {
            Command::Begin { events, endpoints } => {
                count.borrow_mut().begin(events, endpoints);
                role::answer(&())?;
            }
            Command::AwaitAll { silence_millis } => {
                await_all(&count, silence_millis).await;
                role::answer(&())?;
            }
            Command::Report => {
                let mut count = count.borrow_mut();
                count.report.latencies = count.latencies.taken();
                role::answer(&count.report)?;
            }
        }
    }
    Ok(())
}

/// The bare receiver speaks HTTP/1.1.
fn http1_alone(certificate: &Certificate) -> anyhow::Result<TlsAcceptor> {
    let mut config = certificate.acceptor()?.config().as_ref().clone();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(std::sync::Arc::new(config)))
}

async fn await_all(count: &RefCell<Count>, silence_millis: u64) {
    const LOOK: std::time::Duration = std::time::Duration::from_millis(2);
    let begun = now_nanos();
    loop {
        if count.borrow().is_complete() {
            return;
        }
        let last = count.borrow().report.last_nanos.max(begun);
        if now_nanos().saturating_sub(last) > silence_millis * 1_000_000 {
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, count: Rc<RefCell<Count>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, count) = (tls.clone(), Rc::clone(&count));
        spawn_local(async move {
            let _ = stream.set_nodelay(true);
            // A connection that ends is the sender's business: what is missing is noticed.
            let _ = match tls {
                None => serve(stream, &count).await,
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => serve(stream, &count).await,
                    Err(error) => Err(error.into()),
                },
            };
        });
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    count: &RefCell<Count>,
) -> anyhow::Result<()> {
    let mut buffer = Vec::with_capacity(4 * 1_024);
    loop {
        let Some(request) = Request::parse(&buffer)? else {
            ensure!(buffer.len() < REQUEST_BYTES_MAX, "a request is too large");
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
            continue;
        };
        let body = &buffer[request.body.clone()];
        count.borrow_mut().take(request.endpoint, request.signature, body);
        let end = request.body.end;
        buffer.drain(..end);
        stream.write_all(ACKNOWLEDGED).await?;
    }
}

struct Request<'a> {
    /// The number in `/hooks/7`.
    endpoint: u32,
    signature: &'a str,
    body: std::ops::Range<usize>,
}

impl<'a> Request<'a> {
    /// The first request in a buffer, once it is there whole.
    fn parse(buffer: &'a [u8]) -> anyhow::Result<Option<Self>> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut request = httparse::Request::new(&mut headers);
        let httparse::Status::Complete(head_bytes) = request.parse(buffer)? else {
            return Ok(None);
        };
        let path = request.path.context("a path")?;
        let endpoint = path.rsplit('/').next().context("a number")?.parse()?;
        let header = |name: &str| {
            let found = request.headers.iter().find(|one| one.name.eq_ignore_ascii_case(name));
            std::str::from_utf8(found.map(|one| one.value).unwrap_or_default())
        };
        let body_bytes: usize = header("content-length")?.parse()?;
        let body = head_bytes..head_bytes + body_bytes;
        let is_whole = buffer.len() >= body.end;
        let signature = header("x-bookora-signature")?;
        Ok(is_whole.then_some(Self { endpoint, signature, body }))
    }
}
