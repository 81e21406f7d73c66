//! The rows of the matrix and how each comes to its listener.

use std::future::Future;
use std::sync::Arc;

use bookora_webhooks::proto::attempt::Outcome;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::authority::{Authority, accept};
use super::receiver::{OK, Receiver, read_request, read_to_end};

/// What a receiver does, and what a first attempt must make of it.
pub struct Row {
    /// What it does.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// What must come of it.
    pub expected: Expected,
    /// Listens as long as the row lives.
    _receiver: Option<Receiver>,
}

impl Row {
    /// Whether the receiver says that it wants no more.
    pub fn is_gone(&self) -> bool {
        self.name.starts_with("410")
    }
}

/// How an attempt must end.
#[derive(Clone, Copy)]
pub struct Expected {
    /// In one of these ways.
    pub outcomes: &'static [Outcome],
    /// What the message must contain where it ended in the first of them.
    pub told: &'static str,
}

/// It acknowledges.
pub const SUCCEEDS: Expected = Expected { outcomes: &[Outcome::Succeeded], told: "" };
/// Nothing in time.
pub const NO_RESPONSE: Expected =
    Expected { outcomes: &[Outcome::Timeout], told: "no response within 2 s" };
/// The connection ended too early.
pub const CLOSED: Expected =
    Expected { outcomes: &[Outcome::Connect], told: "connection closed before the response" };
/// The connection was reset, or ended, too early: which of the two is the kernel's choice.
pub const CUT: Expected = Expected { outcomes: &[Outcome::Connect], told: " before the response" };
/// Not HTTP.
pub const NOT_HTTP: Expected =
    Expected { outcomes: &[Outcome::Protocol], told: "what was answered is not HTTP: " };
/// Not HTTP/2.
pub const NOT_HTTP_2: Expected =
    Expected { outcomes: &[Outcome::Protocol], told: "what was answered is not HTTP/2: " };
/// More head than is read.
pub const TOO_LARGE: Expected = Expected {
    outcomes: &[Outcome::Protocol],
    told: "response head larger than 64 KiB or 100 lines",
};

/// Answered with a status that is no acknowledgement.
pub const fn status(told: &'static str) -> Expected {
    Expected { outcomes: &[Outcome::HttpStatus], told }
}

/// The handshake fails.
pub const fn tls_fails(told: &'static str) -> Expected {
    Expected { outcomes: &[Outcome::Tls], told }
}

/// One of several ways, as the timing falls; the message is that of the first.
pub const fn either(outcomes: &'static [Outcome], told: &'static str) -> Expected {
    Expected { outcomes, told }
}

/// All rows, and what they share.
pub struct Matrix {
    /// The rows.
    pub rows: Vec<Row>,
    /// Who vouches for the receivers that are to be trusted.
    pub authority: Authority,
    /// Where redirects lead: nobody may ever come.
    pub trap: Receiver,
}

impl Matrix {
    /// Starts all receivers.
    pub async fn build() -> Self {
        let (authority, trap) = (Authority::new(), Receiver::answering(OK).await);
        let mut matrix = Self { rows: Vec::new(), authority, trap };
        super::statuses::add(&mut matrix).await;
        super::heads::add(&mut matrix).await;
        super::bodies::add(&mut matrix).await;
        super::framing::add(&mut matrix).await;
        super::connections::add(&mut matrix).await;
        super::tls::add(&mut matrix).await;
        super::http2::add(&mut matrix).await;
        matrix
    }

    /// A row without a receiver of ours.
    pub fn elsewhere(&mut self, name: &str, expected: Expected, url: &str) {
        self.push(name, expected, url.to_owned(), None);
    }

    /// A row for `receiver`, by plain HTTP.
    pub fn http(&mut self, name: &str, expected: Expected, receiver: Receiver) {
        self.push(name, expected, receiver.url("/hooks"), Some(receiver));
    }

    /// A row for `receiver`, by HTTPS.
    pub fn https(&mut self, name: &str, expected: Expected, receiver: Receiver) {
        let url = format!("https://{}/hooks", receiver.address);
        self.push(name, expected, url, Some(receiver));
    }

    /// A receiver that reads each request and answers it with these bytes.
    pub async fn answers(&mut self, name: &str, expected: Expected, answer: impl AsRef<[u8]>) {
        let answer: Arc<[u8]> = answer.as_ref().into();
        let receiver = Receiver::start(move |mut tcp| {
            let answer = Arc::clone(&answer);
            async move {
                while read_request(&mut tcp).await.is_some() {
                    if tcp.write_all(&answer).await.is_err() {
                        return;
                    }
                }
            }
        });
        self.http(name, expected, receiver.await);
    }

    /// A receiver that reads one request, answers it with these bytes and ends the connection.
    pub async fn answers_and_ends(
        &mut self,
        name: &str,
        expected: Expected,
        answer: impl AsRef<[u8]>,
    ) {
        let answer: Arc<[u8]> = answer.as_ref().into();
        self.after_request(name, expected, move |mut tcp| {
            let answer = Arc::clone(&answer);
            async move {
                let _ = tcp.write_all(&answer).await;
                let _ = tcp.shutdown().await;
                read_to_end(&mut tcp).await;
            }
        })
        .await;
    }

    /// A receiver that reads one request and then does as `behave` says.
    pub async fn after_request<F>(
        &mut self,
        name: &str,
        expected: Expected,
        behave: impl Fn(TcpStream) -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let receiver = Receiver::after_request(behave).await;
        self.http(name, expected, receiver);
    }

    /// A receiver that completes the TLS handshake and then does as `behave` says.
    pub async fn secure<F>(
        &mut self,
        name: &str,
        expected: Expected,
        acceptor: TlsAcceptor,
        behave: impl Fn(TlsStream<TcpStream>) -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let behave = Arc::new(behave);
        let receiver = Receiver::start(move |tcp| {
            let (acceptor, behave) = (acceptor.clone(), Arc::clone(&behave));
            async move {
                if let Some(tls) = accept(acceptor, tcp).await {
                    behave(tls).await;
                }
            }
        });
        self.https(name, expected, receiver.await);
    }

    fn push(&mut self, name: &str, expected: Expected, url: String, receiver: Option<Receiver>) {
        assert!(self.rows.iter().all(|row| row.name != name), "{name} is there twice");
        self.rows.push(Row { name: name.to_owned(), url, expected, _receiver: receiver });
    }
}
