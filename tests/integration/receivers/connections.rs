//! Connections that are refused, reset, closed at a bad moment, or lead nowhere.

use bookora_webhooks::proto::attempt::Outcome;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::matrix::{CUT, Matrix, NO_RESPONSE, SUCCEEDS, either};
use super::receiver::{OK, Receiver, answer_each, read_request, say_nothing};

/// Ends the connection with a reset.
fn reset(tcp: TcpStream) {
    let _ = tcp.set_zero_linger();
    drop(tcp);
}

/// Writes, lets it arrive, and resets.
async fn write_and_reset(mut tcp: TcpStream, bytes: &[u8]) {
    let _ = tcp.write_all(bytes).await;
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    reset(tcp);
}

/// Adds the rows.
pub async fn add(matrix: &mut Matrix) {
    let refused = Receiver::answering(OK).await;
    let url = refused.url("/hooks");
    refused.stop().await;
    matrix.elsewhere(
        "a refused connection",
        either(&[Outcome::Connect], "connection refused"),
        &url,
    );
    let nobody = either(&[Outcome::Dns, Outcome::Timeout], "host name does not resolve: ");
    matrix.elsewhere("a name under .invalid, http", nobody, "http://nobody.invalid/hooks");
    matrix.elsewhere(
        "a name under .invalid, https",
        nobody,
        "https://nobody.example.invalid/hooks",
    );

    matrix.http("closed at once", CUT, Receiver::start(|tcp| async move { drop(tcp) }).await);
    // As soon as it is made, or when it is used.
    let at_once = either(&[Outcome::Connect], "connection ");
    matrix.http("reset at once", at_once, Receiver::start(|tcp| async move { reset(tcp) }).await);
    matrix.after_request("reset after the request", CUT, |tcp| async move { reset(tcp) }).await;
    matrix
        .after_request("reset in the head", CUT, |tcp| async move {
            write_and_reset(tcp, b"HTTP/1.1 200 OK\r\nx-a: ").await;
        })
        .await;
    matrix
        .after_request("reset after the head", SUCCEEDS, |tcp| async move {
            write_and_reset(tcp, b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n").await;
        })
        .await;
    matrix
        .after_request("reset in the body", SUCCEEDS, |tcp| async move {
            write_and_reset(tcp, b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc").await;
        })
        .await;
    let in_request = Receiver::start(|mut tcp| async move {
        let _ = tcp.read(&mut [0; 1]).await;
        reset(tcp);
    });
    matrix.http("reset in the request", CUT, in_request.await);
    let half_closed = Receiver::start(|mut tcp| async move {
        let _ = tcp.shutdown().await;
        say_nothing(tcp).await;
    });
    matrix.http("half-closed before the request", CUT, half_closed.await);
    add_kept(matrix).await;
    add_unaccepted(matrix).await;
}

/// Connections that are good for one request.
async fn add_kept(matrix: &mut Matrix) {
    let kept = Receiver::start(|tcp| answer_each(tcp, OK.into()));
    matrix.http("a kept connection", SUCCEEDS, kept.await);
    // The next request is written at the same moment: it may be repeated where none of it was.
    let closing = Receiver::start(|mut tcp| async move {
        if read_request(&mut tcp).await.is_some() {
            let _ = tcp.write_all(OK.as_bytes()).await;
        }
        // The first byte of the next request.
        let _ = tcp.read(&mut [0; 1]).await;
        drop(tcp);
    });
    let either_way = either(&[Outcome::Succeeded, Outcome::Connect], "");
    matrix.http("a kept connection that closes when written to", either_way, closing.await);
    let once = Receiver::start(|mut tcp| async move {
        if read_request(&mut tcp).await.is_some() {
            let _ = tcp.write_all(OK.as_bytes()).await;
        }
    });
    matrix.http("a kept connection that closes by itself", SUCCEEDS, once.await);
    let ignoring = Receiver::start(|mut tcp| async move {
        if read_request(&mut tcp).await.is_some() {
            let _ = tcp.write_all(OK.as_bytes()).await;
        }
        say_nothing(tcp).await;
    });
    let second_is_ignored = either(&[Outcome::Succeeded, Outcome::Timeout], "");
    matrix.http("a kept connection that goes silent", second_is_ignored, ignoring.await);
}

/// Connections that the kernel takes and the receiver never does.
async fn add_unaccepted(matrix: &mut Matrix) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/hooks", listener.local_addr().expect("it is bound"));
    tokio::spawn(say_nothing(listener));
    matrix.elsewhere("never accepted", NO_RESPONSE, &url);
    let expected = either(&[Outcome::Timeout], "the TLS handshake was not finished within 2 s");
    matrix.elsewhere("never accepted, https", expected, &url.replace("http:", "https:"));
}
