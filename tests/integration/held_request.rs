//! A request that a receiver has taken and answers when the test says so, or never.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A connection whose request came and has no answer. Dropped, it is closed without one.
pub struct HeldRequest(TcpStream);

impl HeldRequest {
    /// Takes the next connection and reads its request's head. What is written to a connection
    /// before its request is no answer to it, and a sender has to take it for a fault.
    pub async fn accept(listener: &TcpListener) -> Self {
        let (mut stream, _) = listener.accept().await.expect("it listens");
        let (mut head, mut bytes) = (Vec::new(), [0; 4_096]);
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            let count = stream.read(&mut bytes).await.expect("a request comes");
            assert!(count > 0, "closed within the head: {}", String::from_utf8_lossy(&head));
            head.extend_from_slice(&bytes[..count]);
        }
        Self(stream)
    }

    /// Acknowledges it, and ends the connection.
    pub async fn acknowledge(mut self) {
        let answer = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
        self.0.write_all(answer).await.expect("the sender waits");
    }
}
