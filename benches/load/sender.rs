//! The first yardstick, a process of its own: a bare sender, which signs and posts the same bodies to
//! the same receiver and does nothing else. No service can be faster.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::ensure;
use bookora_webhooks::domain::secret::Secret;
use bookora_webhooks::webhook::signature::bookora_signature;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::receiver::SECRET;
use super::role;
use super::stamp::{BODY_BYTES, Stamp, now_nanos};

/// The part's name.
pub const NAME: &str = "sender";
/// Connections, each with a request at a time.
const CONNECTIONS: usize = 64;

/// To post so many bodies.
#[derive(Serialize, Deserialize)]
pub struct Command {
    pub port: u16,
    pub requests: u32,
}

/// Runs as the part; answers with the seconds that each command took.
pub fn run() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for command in role::commands::<Command>() {
        role::answer(&runtime.block_on(send(command?))?)?;
    }
    Ok(())
}

async fn send(command: Command) -> anyhow::Result<f64> {
    let (begun, next) = (now_nanos(), Arc::new(AtomicU32::new(0)));
    let mut connections = JoinSet::new();
    for _ in 0..CONNECTIONS {
        connections.spawn(post(command.port, command.requests, Arc::clone(&next)));
    }
    while let Some(ended) = connections.join_next().await {
        ended??;
    }
    #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
    Ok((now_nanos() - begun) as f64 / 1e9)
}

async fn post(port: u16, requests: u32, next: Arc<AtomicU32>) -> anyhow::Result<()> {
    let secret = Secret::parse(SECRET)?;
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    let mut answer = [0; 256];
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= requests {
            return Ok(());
        }
        let body = body(Stamp { number, intended_nanos: now_nanos() });
        let signature = bookora_signature(&secret, body.as_bytes());
        let request = format!(
            "POST /hooks/0 HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n\
             x-bookora-signature: {signature}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await?;
        let read = stream.read(&mut answer).await?;
        ensure!(answer[..read].starts_with(b"HTTP/1.1 204 "), "a request was not acknowledged");
    }
}

/// A body as long as the service's, with the stamp where that has it.
fn body(stamp: Stamp) -> String {
    let mut body = format!(
        r#"{{"event":"booking.created","data":{{"booking_id":"{:010}-{:019}","padding":""#,
        stamp.number, stamp.intended_nanos
    );
    body.extend(std::iter::repeat_n('m', BODY_BYTES - 3 - body.len()));
    body.push_str("\"}}");
    body
}
