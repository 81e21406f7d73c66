//! Bytes where messages should be, and calls that are none, over good HTTP/2.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method as HttpMethod};
use prost_reflect::MessageDescriptor;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::contract::methods;
use super::maker::Maker;
use super::wire::{Ask, Wire, framed, framed_as};
use super::{Shown, audit, seed, setting, verdict};
use crate::caller::Caller;
use crate::service::Service;

/// Requests of each kind to each method where nothing else is said.
const ROUNDS: u64 = 4;
/// Beyond what any message may have.
const TOO_MANY_BYTES: u32 = 64 * 1024 * 1024;
/// Others' methods that are served on the same port.
const OTHERS: [&str; 4] = [
    "/grpc.health.v1.Health/Check",
    "/grpc.health.v1.Health/Watch",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

fn random_bytes(random: &mut StdRng, bytes_max: usize) -> Vec<u8> {
    let length = random.random_range(0..=bytes_max);
    (0..length).map(|_| random.random()).collect()
}

/// A message with some of its bytes changed, cut off or repeated.
fn damaged(message: &[u8], random: &mut StdRng) -> Vec<u8> {
    let mut bytes = message.to_vec();
    for _ in 0..random.random_range(1..=4) {
        if bytes.is_empty() {
            bytes = random_bytes(random, 16);
            continue;
        }
        let place = random.random_range(0..bytes.len());
        match random.random_range(0..4) {
            0 => bytes[place] ^= 1 << random.random_range(0..8),
            1 => bytes[place] = 0xff,
            2 => bytes.truncate(place),
            _ => bytes.extend_from_within(place..),
        }
        bytes.truncate(64 * 1024);
    }
    bytes
}

/// Bodies that no stock client sends to a method.
fn bodies(input: &MessageDescriptor, maker: &mut Maker) -> Vec<Bytes> {
    let (_, message) = maker.request(input);
    let random = &mut maker.random;
    let length = u32::try_from(message.len()).expect("a short message");
    let garbage = random_bytes(random, 300);
    let damaged = damaged(&message, random);
    vec![
        framed(&damaged),
        framed(&garbage),
        // Without a head, and with what is left of one.
        garbage.into(),
        Bytes::from(vec![0; random.random_range(1..5)]),
        Bytes::new(),
        // Lies about the length: more than comes, less than comes, more than may come.
        framed_as(0, length + random.random_range(1..1_000), &message),
        framed_as(0, length / 2, &message),
        framed_as(0, TOO_MANY_BYTES, &message),
        framed_as(0, u32::MAX, &message),
        // Said to be compressed, and flags that do not exist.
        framed_as(1, length, &message),
        framed_as(random.random_range(2..=255), length, &message),
        // Two messages where one is taken.
        Bytes::from([framed(&message), framed(&message)].concat()),
    ]
}

/// What heads of calls can have that no stock client sends.
fn heads(random: &mut StdRng) -> Vec<HeaderMap> {
    let mut heads = Vec::new();
    let mut with = |name: &'static str, value: &[u8]| {
        let mut headers = Ask::new("/", Bytes::new()).headers;
        let value = HeaderValue::from_bytes(value).expect("bytes of a header");
        headers.insert(HeaderName::from_static(name), value);
        heads.push(headers);
    };
    for content_type in
        ["application/json", "text/plain", "application/grpc+json", "application/grpc-nonsense", ""]
    {
        with("content-type", content_type.as_bytes());
    }
    for timeout in ["", "S", "abc", "-1S", "99999999H", "999999999S", "1.5S", "0n", "5", "1é"] {
        with("grpc-timeout", timeout.as_bytes());
    }
    for encoding in ["gzip", "zstd", "br", "identity,gzip", "\u{e9}"] {
        with("grpc-encoding", encoding.as_bytes());
        with("grpc-accept-encoding", encoding.as_bytes());
    }
    with("authorization", b"Bearer \xff\xfe");
    with("authorization", b"");
    with("nonsense-bin", b"!!not base64!!");
    with("grpc-trace-bin", b"\xff\xff");
    with("traceparent", b"00-ffffffffffffffffffffffffffffffff-ffffffffffffffff-zz");
    with("content-length", b"18446744073709551616");
    // Within what a server should take, and beyond it.
    with("x-long", &vec![b'x'; random.random_range(1..4_000)]);
    with("x-long", &vec![b'x'; random.random_range(20_000..200_000)]);
    let mut many = Ask::new("/", Bytes::new()).headers;
    for place in 0..1_000 {
        let name = HeaderName::try_from(format!("x-{place}")).expect("a name");
        many.insert(name, HeaderValue::from_static("x"));
    }
    heads.push(many);
    let mut bare = HeaderMap::new();
    bare.insert("x-nothing", HeaderValue::from_static("else"));
    heads.push(bare);
    heads
}

/// Calls of what does not exist.
fn strange_calls(body: &Bytes) -> Vec<Ask> {
    let paths = [
        "/".to_owned(),
        "//".to_owned(),
        "/bookora.webhooks.v1.EventIngest".to_owned(),
        "/bookora.webhooks.v1.EventIngest/".to_owned(),
        "/bookora.webhooks.v1.EventIngest/publishevent".to_owned(),
        "/bookora.webhooks.v1.EventIngest/PublishEvent/".to_owned(),
        "/bookora.webhooks.v1.EventIngest/PublishEvent?x=%00".to_owned(),
        "/bookora.webhooks.v2.EventIngest/PublishEvent".to_owned(),
        "/%2e%2e/%2e%2e/etc/passwd".to_owned(),
        format!("/{}/x", "a".repeat(8_000)),
    ];
    let mut calls: Vec<_> = paths.iter().map(|path| Ask::new(path, body.clone())).collect();
    let publish = "/bookora.webhooks.v1.EventIngest/PublishEvent";
    for method in [HttpMethod::GET, HttpMethod::PUT, HttpMethod::OPTIONS, HttpMethod::DELETE] {
        calls.push(Ask { method, ..Ask::new(publish, body.clone()) });
    }
    calls
}

/// The wire, a new one after each time that the service has ended it.
struct Rewired<'a> {
    service: &'a Service,
    wire: Wire,
    sent: usize,
    seed: u64,
}

impl Rewired<'_> {
    /// Sends one and checks how it is answered; the service may reset the stream or the connection.
    async fn ask(&mut self, ask: &Ask, is_ours: bool) {
        let Self { seed, sent: number, .. } = *self;
        let _shown = Shown { seed, number, path: &ask.path, messages: &[], body: &ask.body };
        self.sent += 1;
        match self.wire.ask(ask).await {
            Ok(answer) if is_ours => verdict::of_anything(&answer),
            // Health and reflection have errors of their own.
            Ok(_) => {}
            Err(_) => self.wire = Wire::open(self.service).await,
        }
    }
}

#[tokio::test]
async fn whatever_bytes_come_the_service_refuses_them_and_goes_on() {
    let (seed, rounds) = (seed(), setting("BOOKORA_TEST_ROUNDS", ROUNDS));
    let mut service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let mut maker = Maker::new(StdRng::seed_from_u64(seed));
    let wire = Wire::open(&service).await;
    let mut rewired = Rewired { service: &service, wire, sent: 0, seed };
    for _ in 0..rounds {
        for method in methods() {
            for body in bodies(&method.input, &mut maker) {
                let mut ask = Ask::to(&method, body);
                rewired.ask(&ask, true).await;
                // Compressed, by what it says.
                ask.headers.insert("grpc-encoding", HeaderValue::from_static("gzip"));
                rewired.ask(&ask, true).await;
                rewired.wire.break_off(&ask).await;
            }
            for headers in heads(&mut maker.random) {
                let (_, message) = maker.request(&method.input);
                let ask = Ask { headers, ..Ask::to(&method, framed(&message)) };
                rewired.ask(&ask, true).await;
            }
        }
        for path in OTHERS {
            let garbage = random_bytes(&mut maker.random, 100);
            for body in [framed(&garbage), garbage.into()] {
                let ask = Ask { messages_max: 1, ..Ask::new(path, body) };
                rewired.ask(&ask, false).await;
            }
        }
        for ask in strange_calls(&framed(&random_bytes(&mut maker.random, 100))) {
            rewired.ask(&ask, true).await;
        }
    }
    let sent = rewired.sent;
    audit::read_all(&mut caller).await;
    assert!(!service.has_ended() && !service.log().contains("panicked"));
    println!("{sent} requests of bytes");
}

/// The length that a message is said to have is believed only as far as it comes.
#[tokio::test]
async fn messages_that_are_announced_and_do_not_come_cost_no_memory() {
    // Fewer calls than may be under way.
    const CONNECTIONS: usize = 4;
    const STREAMS: usize = 50;
    /// Of the 1.6 GiB that are announced: what 200 streams need that wait.
    const BYTES_MAX: u64 = 64 * 1024 * 1024;
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    audit::endpoints_of(&mut caller, "-").await;
    let before = service.resident_bytes();
    let body = framed_as(0, 8 * 1024 * 1024 - 1, b"and nothing more");
    let ask = Ask::new("/bookora.webhooks.v1.EventIngest/BatchPublishEvents", body);
    let (mut wires, mut waiting) = (Vec::new(), Vec::new());
    for _ in 0..CONNECTIONS {
        let wire = Wire::open(&service).await;
        for _ in 0..STREAMS {
            waiting.push(wire.begin(&ask).await.expect("it is sent"));
        }
        wires.push(wire);
    }
    // Others are served meanwhile.
    for _ in 0..50 {
        audit::endpoints_of(&mut caller, "-").await;
    }
    let grown = service.resident_bytes().saturating_sub(before);
    println!("{} streams that announce 8 MiB each: {} KiB", waiting.len(), grown / 1024);
    assert!(grown <= BYTES_MAX, "{grown} bytes");
}
