//! All endpoints are down, and come back together: none is met by all that waited for it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::Endpoint;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::caller::Caller;
use crate::deliveries::{sample, seconds};
use crate::plain_receiver::status;
use crate::service::{Service, eventually};

const ENDPOINTS: usize = 8;
/// What waits for each endpoint.
const EVENTS: usize = 100;
/// How long a receiver takes, so that requests meet.
const ANSWER_TIME: Duration = Duration::from_millis(20);

/// What a receiver has seen.
#[derive(Default)]
struct Seen {
    is_down: AtomicBool,
    under_way: AtomicUsize,
    refused: AtomicUsize,
    acknowledged: AtomicUsize,
    /// For each request: how many were acknowledged before it came, and how many were under way
    /// then, itself among them.
    arrivals: Mutex<Vec<(usize, usize)>>,
}

impl Seen {
    async fn answer(&self) -> http::Response<http_body_util::Full<bytes::Bytes>> {
        let acknowledged = self.acknowledged.load(Ordering::SeqCst);
        let under_way = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.arrivals.lock().unwrap().push((acknowledged, under_way));
        tokio::time::sleep(ANSWER_TIME).await;
        let is_down = self.is_down.load(Ordering::SeqCst);
        let counted = if is_down { &self.refused } else { &self.acknowledged };
        counted.fetch_add(1, Ordering::SeqCst);
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        status(if is_down { 503 } else { 204 })
    }

    /// How many requests the last ones met.
    fn most_under_way(&self, last: usize) -> usize {
        let arrivals = self.arrivals.lock().unwrap();
        arrivals.iter().rev().take(last).map(|(_, under_way)| *under_way).max().unwrap_or(0)
    }
}

async fn start(seen: Arc<Seen>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let seen = Arc::clone(&seen);
            let service = service_fn(move |_: http::Request<hyper::body::Incoming>| {
                let seen = Arc::clone(&seen);
                async move { Ok::<_, Infallible>(seen.answer().await) }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connection);
        }
    });
    address
}

#[tokio::test]
async fn endpoints_that_come_back_together_are_each_let_in_gradually() {
    let service = Service::start(&["--allow-http"]);
    let mut caller = Caller::new(&service).await;
    let mut receivers = Vec::new();
    for number in 0..ENDPOINTS {
        let seen = Arc::new(Seen::default());
        let endpoint = Endpoint {
            account_id: format!("acct_{number}"),
            url: format!("http://{}/hooks", start(Arc::clone(&seen)).await),
            retry_schedule: vec![seconds(2); 10],
            ..Endpoint::default()
        };
        let account_id = caller.register(endpoint).await.account_id;
        receivers.push((account_id, seen));
    }
    for (account_id, seen) in &receivers {
        caller.publish_all(vec![sample(account_id, EventType::BookingCreated); EVENTS]).await;
        let all = async || (seen.acknowledged.load(Ordering::SeqCst) == EVENTS).then_some(());
        eventually("all is well", all).await;
        assert!(seen.most_under_way(EVENTS) > 4, "what answers promptly gets many at once");
        seen.is_down.store(true, Ordering::SeqCst);
        caller.publish_all(vec![sample(account_id, EventType::BookingCreated); EVENTS]).await;
    }
    for (_, seen) in &receivers {
        eventually("everything was refused once, and no two at a time any longer", async || {
            let refused = seen.refused.load(Ordering::SeqCst);
            (refused > EVENTS && seen.most_under_way(EVENTS / 5) == 1).then_some(())
        })
        .await;
    }

    for (_, seen) in &receivers {
        seen.arrivals.lock().unwrap().clear();
        seen.is_down.store(false, Ordering::SeqCst);
    }
    for (_, seen) in &receivers {
        let all = async || (seen.acknowledged.load(Ordering::SeqCst) == 2 * EVENTS).then_some(());
        eventually("what waited arrives", all).await;
        let arrivals = seen.arrivals.lock().unwrap();
        for (acknowledged, under_way) in &*arrivals {
            // A window that begins at one and grows by one a round: n rounds take n²/2 answers.
            let answered = acknowledged - EVENTS;
            let window = 2 + (2 * answered).isqrt();
            assert!(*under_way <= window, "{under_way} at once after {answered} answers");
        }
        assert!(arrivals.iter().any(|(_, under_way)| *under_way > 1), "it opens again");
    }
}
