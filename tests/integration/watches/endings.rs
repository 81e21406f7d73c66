//! How watches end that did not ask for it: at their deadline, with the process, and where their
//! client has vanished.

use std::time::Duration;

use bookora_webhooks::proto::delivery_query_client::DeliveryQueryClient;
use bookora_webhooks::proto::watch_deliveries_response::Message;
use bookora_webhooks::proto::{WatchDeliveriesRequest, WatchDeliveriesResponse};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tonic::transport::Channel;
use tonic::{Code, Request, Streaming};

use super::{ACCOUNT, Ledger, Watcher, publish_batches, watch_request};
use crate::caller::{Caller, deaf_endpoint};
use crate::link::Link;
use crate::refusal::Refusal;
use crate::service::{PATIENCE, Service};

/// The crowd.
const WATCHERS: usize = 200;
/// Watches on one connection.
const EACH: usize = 20;

/// A watch that the server has to end by itself: the header is set by hand, the client knows of no
/// deadline.
async fn open_until(
    query: &mut DeliveryQueryClient<Channel>,
    deadline: &str,
) -> Streaming<WatchDeliveriesResponse> {
    let mut request = Request::new(watch_request());
    request.metadata_mut().insert("grpc-timeout", deadline.parse().expect("a value"));
    query.watch_deliveries(request).await.expect("the watch opens").into_inner()
}

/// Reads a stream until it ends: how many updates came, the last token, and the refusal.
async fn read_to_end(mut stream: Streaming<WatchDeliveriesResponse>) -> (usize, String, Refusal) {
    let reading = async {
        let (mut updates, mut token) = (0, String::new());
        loop {
            match stream.message().await {
                Ok(Some(message)) => {
                    updates += usize::from(matches!(message.message, Some(Message::Update(_))));
                    token = message.resume_token;
                }
                Ok(None) => panic!("a watch ends with a status"),
                Err(status) => return (updates, token, Refusal::read(&status)),
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("the watch ends")
}

#[tokio::test]
async fn a_watch_ends_at_its_deadline_whether_updates_flow_or_not() {
    const DEADLINE: Duration = Duration::from_secs(2);
    let service = Service::start(&[]);
    let mut query = service.query().await;
    let begin = now();
    let silent = open_until(&mut query, "2S").await;
    let (updates, token, refusal) = read_to_end(silent).await;
    assert!(begin.elapsed() >= DEADLINE, "not before");
    assert_eq!((updates, refusal.code), (0, Code::DeadlineExceeded));
    assert_eq!(refusal.reason, "DEADLINE_EXCEEDED");
    assert!(!token.is_empty());

    Caller::new(&service).await.register(deaf_endpoint(ACCOUNT)).await;
    let flowing = async {
        // As long as it takes: until the watch has ended.
        loop {
            publish_batches(&service, 1, 10).await;
        }
    };
    let begin = now();
    let busy = open_until(&mut query, "2S").await;
    let (updates, token, refusal) = tokio::select! {
        () = flowing => unreachable!("it goes on"),
        ended = read_to_end(busy) => ended,
    };
    assert!(begin.elapsed() >= DEADLINE, "not before");
    println!("{updates} updates until the deadline");
    assert!(updates > 0, "updates flowed");
    assert_eq!(
        (refusal.code, refusal.reason.as_str()),
        (Code::DeadlineExceeded, "DEADLINE_EXCEEDED")
    );
    Watcher::resume(&service, &token).await.next().await.expect("the last token is good");
}

#[expect(clippy::disallowed_methods, reason = "measures that a deadline is not kept too early")]
fn now() -> Instant {
    Instant::now()
}

/// Reads a watch until the process ends it.
async fn until_drained(mut watcher: Watcher) -> (String, Ledger) {
    let mut ledger = Ledger::default();
    loop {
        match watcher.next().await {
            Ok(Message::Update(update)) => ledger.note(update),
            Ok(_) => {}
            Err(status) => {
                let refusal = Refusal::read(&status);
                assert_eq!(refusal.code, Code::Unavailable);
                assert_eq!(refusal.reason, "SERVER_DRAINING");
                return (watcher.token, ledger);
            }
        }
    }
}

#[tokio::test]
async fn a_shutdown_ends_each_of_200_watches_with_a_token_and_the_next_process_goes_on_from_it() {
    const EVENTS: usize = 20;
    let mut service = Service::start(&[]);
    Caller::new(&service).await.register(deaf_endpoint(ACCOUNT)).await;
    // One that reads nothing, and has more to read than fits on the way, is not waited for for
    // long.
    let _idle = Watcher::open_narrow(&service, watch_request()).await;
    let mut eager = Watcher::open(&service, watch_request()).await;
    publish_batches(&service, 15, 100).await;
    for _ in 0..3_000 {
        eager.update().await;
    }
    let mut watching = JoinSet::new();
    for _ in 0..WATCHERS / EACH {
        let channel = service.channel().await;
        for _ in 0..EACH {
            let watcher = Watcher::try_open(channel.clone(), watch_request()).await;
            watching.spawn(until_drained(watcher.expect("the watch opens")));
        }
    }
    publish_batches(&service, 1, EVENTS).await;
    service.terminate();
    let drained = watching.join_all().await;
    assert_eq!(drained.len(), WATCHERS);
    assert!(service.ended().await.success());

    service.restart();
    let mut resuming = JoinSet::new();
    let channel = service.channel().await;
    for (token, mut ledger) in drained {
        let request = WatchDeliveriesRequest { resume_token: token, ..watch_request() };
        let channel = channel.clone();
        resuming.spawn(async move {
            let watcher = Watcher::try_open(channel, request).await;
            let mut watcher = watcher.expect("the watch opens");
            while ledger.deliveries().filter(|delivery| delivery.revision >= 2).count() < 2 * EVENTS
            {
                ledger.note(watcher.update().await);
            }
            assert_eq!(ledger.repeated, 0, "nothing comes twice");
        });
    }
    publish_batches(&service, 1, EVENTS).await;
    assert_eq!(resuming.join_all().await.len(), WATCHERS);
}

/// Connections of callers that the process has (Linux); not those to its database.
fn connections(service: &Service) -> usize {
    /// As `/proc/net/tcp` writes it.
    const ESTABLISHED: &str = "01";
    let (_, port) = service.address().rsplit_once(':').expect("with a port");
    let own = format!(":{:04X}", port.parse::<u16>().expect("a number"));
    let all = std::fs::read_to_string("/proc/net/tcp").expect("Linux tells");
    let is_one = |line: &&str| {
        let mut columns = line.split_ascii_whitespace().skip(1);
        let (local, state) = (columns.next(), columns.nth(1));
        local.is_some_and(|local| local.ends_with(&own)) && state == Some(ESTABLISHED)
    };
    all.lines().filter(is_one).count()
}

#[tokio::test]
async fn the_watches_of_clients_that_vanish_without_a_word_are_freed() {
    const CONNECTIONS: usize = 50;
    let service = Service::start(&[]);
    let mut near = Watcher::open(&service, watch_request()).await;
    near.next().await.expect("it is open");
    let before = connections(&service);
    let link = Link::to(service.address()).await;
    let uri = format!("http://{}", link.host());
    let mut vanishing = Vec::new();
    for _ in 0..CONNECTIONS {
        let endpoint = Channel::from_shared(uri.clone()).expect("a URI");
        let channel = endpoint.connect().await.expect("the link is whole");
        let watcher = Watcher::try_open(channel, watch_request()).await;
        let mut watcher = watcher.expect("the watch opens");
        watcher.next().await.expect("it is open");
        vanishing.push(watcher);
    }
    assert_eq!(connections(&service), before + CONNECTIONS);
    link.cut();
    // Asked after 30 s whether they live, they do not answer within 10 s.
    let freed = async {
        while connections(&service) > before {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(3 * PATIENCE, freed).await.expect("they are freed");
    // The one whose client lives is not.
    Caller::new(&service).await.register(deaf_endpoint(ACCOUNT)).await;
    publish_batches(&service, 1, 1).await;
    near.update().await;
    drop(vanishing);
}
