//! What is no gRPC at all, on the bare socket.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{audit, seed};
use crate::caller::Caller;
use crate::service::{PATIENCE, Service};

/// How a client of HTTP/2 begins.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// An empty frame of settings.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
/// Random connections of each kind.
const ROUNDS: usize = 50;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn http_2(frames: &[Vec<u8>]) -> Vec<u8> {
    [PREFACE, SETTINGS, &frames.concat()].concat()
}

/// What is sent, each on a connection of its own, with a name for it.
fn openings(random: &mut StdRng) -> Vec<(&'static str, Vec<u8>)> {
    let mut bytes = |length: usize| -> Vec<u8> { (0..length).map(|_| random.random()).collect() };
    let mut all = vec![
        ("nothing", Vec::new()),
        ("HTTP/1.1", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
        (
            "HTTP/1.1 with a body",
            b"POST /bookora.webhooks.v1.EventIngest/PublishEvent HTTP/1.1\r\n\
            Host: x\r\nContent-Type: application/grpc\r\nContent-Length: 5\r\n\r\n\0\0\0\0\0"
                .to_vec(),
        ),
        (
            "HTTP/1.1 that asks for HTTP/2",
            b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, \
            HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
                .to_vec(),
        ),
        ("HTTP/0.9", b"GET /\r\n".to_vec()),
        ("TLS", [&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3], &bytes(500)[..]].concat()),
        ("half a preface", PREFACE[..12].to_vec()),
        ("a preface alone", PREFACE.to_vec()),
        ("a frame of 16 MiB", http_2(&[vec![0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]])),
        ("data of no stream", http_2(&[frame(0, 1, 1, b"data")])),
        ("data of stream 0", http_2(&[frame(0, 1, 0, b"data")])),
        ("headers of an even stream", http_2(&[frame(1, 5, 2, &[0x82])])),
        ("headers that do not decode", http_2(&[frame(1, 5, 1, &[0xff; 40])])),
        ("headers without a path", http_2(&[frame(1, 5, 1, &[0x83])])),
        ("headers that do not end", http_2(&vec![frame(9, 0, 1, &[0; 1_000]); 50])),
        ("a promise", http_2(&[frame(5, 4, 1, &[0, 0, 0, 2, 0x82])])),
        ("a window of 0", http_2(&[frame(8, 0, 0, &[0; 4])])),
        ("a window that is too large", http_2(&vec![frame(8, 0, 0, &[0x7f, 0xff, 0xff, 0xff]); 2])),
        ("settings that are not allowed", http_2(&[frame(4, 0, 0, &[0, 5, 0, 0, 0, 0])])),
        ("a flood of settings", http_2(&vec![frame(4, 0, 0, &[0, 3, 0, 0, 0, 1]); 20_000])),
        ("a flood of pings", http_2(&vec![frame(6, 0, 0, &[7; 8]); 20_000])),
        ("a flood of resets", http_2(&resets())),
        ("priorities of themselves", http_2(&[frame(2, 0, 1, &[0, 0, 0, 1, 0])])),
        ("a goodbye", http_2(&[frame(7, 0, 0, &[0; 8])])),
        ("a frame of an unknown kind", http_2(&[frame(0xbe, 0xff, 77, &[1; 100])])),
    ];
    for _ in 0..ROUNDS {
        let (kind, flags) = (bytes(1)[0] % 12, bytes(1)[0]);
        let payload = bytes(40);
        all.push(("random bytes", bytes(200)));
        all.push(("random bytes after the preface", [PREFACE, SETTINGS, &bytes(200)].concat()));
        all.push(("a random frame", http_2(&[frame(kind, flags, 1, &payload)])));
    }
    all
}

/// Streams that are opened and reset at once (CVE-2023-44487).
fn resets() -> Vec<Vec<u8>> {
    let cancel = 8_u32.to_be_bytes();
    let stream = |place: u32| 2 * place + 1;
    // `:method POST`, `:scheme http`, `:path /`, from HPACK's static table.
    let opened = |place| frame(1, 4, stream(place), &[0x83, 0x86, 0x84]);
    (0..5_000).flat_map(|place| [opened(place), frame(3, 0, stream(place), &cancel)]).collect()
}

/// Sends all and reads what comes, as long as the other side neither hangs up nor is waiting for
/// more.
async fn send(service: &Service, opening: &[u8]) {
    let socket = TcpStream::connect(service.address()).await.expect("the service listens");
    let (mut read, mut write) = socket.into_split();
    let writing = async {
        // It may hang up meanwhile.
        let _ = write.write_all(opening).await;
        let _ = write.shutdown().await;
    };
    let reading = async {
        let mut buffer = vec![0; 64 * 1024];
        while matches!(read.read(&mut buffer).await, Ok(1..)) {}
    };
    tokio::join!(writing, reading);
}

#[tokio::test]
async fn what_is_not_grpc_ends_its_own_connection_only() {
    /// What the process may have more than before: nothing of it lasts.
    const BYTES_MAX: u64 = 64 * 1024 * 1024;
    let mut random = StdRng::seed_from_u64(seed());
    let mut service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    audit::endpoints_of(&mut caller, "-").await;
    let before = service.resident_bytes();
    let openings = openings(&mut random);
    for (name, opening) in &openings {
        tokio::time::timeout(PATIENCE, send(&service, opening))
            .await
            .unwrap_or_else(|_| panic!("{name} holds its connection, which it has half-closed"));
        // On a connection that was there before, and on a new one.
        audit::endpoints_of(&mut caller, "-").await;
    }
    audit::endpoints_of(&mut Caller::new(&service).await, "-").await;
    assert!(!service.has_ended() && !service.log().contains("panicked"));
    let grown = service.resident_bytes().saturating_sub(before);
    println!("{} openings that are no gRPC: {} KiB", openings.len(), grown / 1024);
    assert!(grown <= BYTES_MAX, "{grown} bytes");
}
