//! A gRPC client that sends whatever it is told: any path, headers and bytes, over HTTP/2.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use h2::client::SendRequest;
use h2::{Reason, RecvStream};
use http::{HeaderMap, Request, StatusCode};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tonic::Status;

use super::contract::Method;
use crate::service::{PATIENCE, Service};

/// Bytes of the head of a message: a flag and a length.
const HEAD_BYTES: usize = 5;

/// What is sent.
#[derive(Clone, Debug)]
pub struct Ask {
    /// HTTP method.
    pub method: http::Method,
    /// Path, such as `/bookora.webhooks.v1.EventIngest/PublishEvent`.
    pub path: String,
    /// Headers.
    pub headers: HeaderMap,
    /// The whole body, messages with their heads.
    pub body: Bytes,
    /// After how many messages the answer is left: a watch goes on for ever.
    pub messages_max: usize,
}

impl Ask {
    /// What a stock client would send to a method.
    pub fn to(method: &Method, body: Bytes) -> Self {
        let is_watch = method.answers_stream && !method.takes_stream;
        let messages_max = if is_watch { 1 } else { usize::MAX };
        Self { messages_max, ..Self::new(&method.path, body) }
    }

    /// What a stock client would send.
    pub fn new(path: &str, body: Bytes) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/grpc".parse().expect("a value"));
        headers.insert("te", "trailers".parse().expect("a value"));
        Self {
            method: http::Method::POST,
            path: path.to_owned(),
            headers,
            body,
            messages_max: usize::MAX,
        }
    }
}

/// How a request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Good,
    Reset,
    None,
}

/// A message with its head.
pub fn framed(message: &[u8]) -> Bytes {
    framed_as(0, u32::try_from(message.len()).expect("a short message"), message)
}

/// A message with a head that says what it is told to say.
pub fn framed_as(flag: u8, length: u32, message: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(HEAD_BYTES + message.len());
    frame.put_u8(flag);
    frame.put_u32(length);
    frame.put_slice(message);
    frame.freeze()
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub http_status: StatusCode,
    /// gRPC status; `None` where the stream went on, or what came is not gRPC.
    pub status: Option<Status>,
    /// Whole messages.
    pub messages: Vec<Bytes>,
}

/// A connection.
pub struct Wire {
    sender: SendRequest<Bytes>,
    driver: JoinHandle<()>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Wire {
    /// A new connection.
    pub async fn open(service: &Service) -> Self {
        let socket = TcpStream::connect(service.address()).await.expect("the service listens");
        socket.set_nodelay(true).expect("a socket");
        let (sender, connection) = h2::client::handshake(socket).await.expect("it speaks HTTP/2");
        let driver = tokio::spawn(async move {
            // What goes wrong is seen by whoever asks.
            let _ = connection.await;
        });
        Self { sender, driver }
    }

    /// Sends a request and reads the answer. An error is one of HTTP/2: the stream was reset, or
    /// the connection ended.
    pub async fn ask(&self, ask: &Ask) -> Result<Answer, h2::Error> {
        let answering = async {
            let (response, _body) = self.send_as(ask, Ending::Good).await?;
            let (head, mut body) = response.await?.into_parts();
            let (messages, trailers) = read(&mut body, ask.messages_max).await?;
            let status = Status::from_header_map(trailers.as_ref().unwrap_or(&head.headers));
            Ok(Answer { http_status: head.status, status, messages })
        };
        tokio::time::timeout(PATIENCE, answering).await.unwrap_or_else(|_| {
            panic!("an answer to {} comes in time", ask.path);
        })
    }

    /// Sends a request and does not end it. It lasts until what this returns is dropped.
    pub async fn begin(
        &self,
        ask: &Ask,
    ) -> Result<(h2::client::ResponseFuture, h2::SendStream<Bytes>), h2::Error> {
        self.send_as(ask, Ending::None).await
    }

    /// Sends a request and breaks it off.
    pub async fn break_off(&self, ask: &Ask) {
        // The connection may have ended.
        drop(self.send_as(ask, Ending::Reset).await);
    }

    async fn send_as(
        &self,
        ask: &Ask,
        ending: Ending,
    ) -> Result<(h2::client::ResponseFuture, h2::SendStream<Bytes>), h2::Error> {
        let mut request = Request::new(());
        *request.method_mut() = ask.method.clone();
        let uri = format!("http://localhost{}", ask.path);
        *request.uri_mut() = uri.parse().expect("the test's paths are paths");
        *request.headers_mut() = ask.headers.clone();
        let mut sender = self.sender.clone().ready().await?;
        let (response, mut body) = sender.send_request(request, false)?;
        // Kept here until the service takes it: some megabytes at most.
        body.send_data(ask.body.clone(), ending == Ending::Good)?;
        if ending == Ending::Reset {
            body.send_reset(Reason::CANCEL);
        }
        Ok((response, body))
    }
}

/// Messages, as many as are waited for, and the trailers, if it came to them.
async fn read(
    body: &mut RecvStream,
    messages_max: usize,
) -> Result<(Vec<Bytes>, Option<HeaderMap>), h2::Error> {
    let (mut messages, mut buffer) = (Vec::new(), BytesMut::new());
    while let Some(data) = body.data().await {
        let data = data?;
        body.flow_control().release_capacity(data.len())?;
        buffer.extend_from_slice(&data);
        while let Some(message) = next_message(&mut buffer) {
            messages.push(message);
        }
        if messages.len() >= messages_max {
            return Ok((messages, None));
        }
    }
    Ok((messages, body.trailers().await?))
}

fn next_message(buffer: &mut BytesMut) -> Option<Bytes> {
    let length = buffer.get(1..HEAD_BYTES)?;
    let length = u32::from_be_bytes(length.try_into().expect("four bytes"));
    let length = usize::try_from(length).expect("of 32 bits");
    if buffer.len() < HEAD_BYTES + length {
        return None;
    }
    buffer.advance(HEAD_BYTES);
    Some(buffer.split_to(length).freeze())
}
