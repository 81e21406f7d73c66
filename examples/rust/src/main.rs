//! A receiver of Bookora's webhooks, to copy: it verifies each request, drops what it has had, and
//! prints a line for each event.
//!
//! ```sh
//! PORT=3000 BOOKORA_WEBHOOK_SECRET=whsec_… cargo run
//! ```
//!
//! While the secret is being replaced, give both with a space between.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use bookora_webhooks_sdk::receiver::{EventData, Verifier, VerifyError};
use tokio::net::TcpListener;

/// How many ids are remembered. A real receiver keeps them in its database, with what it made of
/// the events.
const SEEN_MAX: usize = 100_000;
/// The largest body that Bookora sends.
const BODY_BYTES_MAX: usize = 256 * 1024;

struct Receiver {
    verifier: Verifier,
    seen: Mutex<Seen>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port: u16 = std::env::var("PORT").unwrap_or_else(|_| "3000".into()).parse()?;
    let secrets = std::env::var("BOOKORA_WEBHOOK_SECRET")?;
    let verifier = Verifier::new(secrets.split_whitespace())?;
    let receiver = Arc::new(Receiver { verifier, seen: Mutex::default() });
    let app = Router::new()
        .route("/hooks", post(receive))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(receiver);
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("receiving on http://{}/hooks", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

async fn receive(
    State(receiver): State<Arc<Receiver>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let event = match receiver.verifier.verify(&body, &headers) {
        Ok(event) => event,
        Err(error) => {
            eprintln!("refused: {error}");
            let is_malformed = matches!(error, VerifyError::MalformedBody(_));
            return if is_malformed { StatusCode::BAD_REQUEST } else { StatusCode::UNAUTHORIZED };
        }
    };
    if !receiver.seen.lock().expect("nobody panics with it").is_new(&event.id) {
        return StatusCode::NO_CONTENT;
    }
    // Here a real receiver stores the event, and does the work after it has answered.
    match event.data {
        EventData::BookingCreated(it) => {
            println!("{} {}: {} for {}", event.event_type, event.id, it.service, it.customer_name);
        }
        _ => println!("{} {}", event.event_type, event.id),
    }
    StatusCode::NO_CONTENT
}

/// The ids that came last.
#[derive(Default)]
struct Seen {
    ids: HashSet<String>,
    oldest_first: VecDeque<String>,
}

impl Seen {
    fn is_new(&mut self, id: &str) -> bool {
        if !self.ids.insert(id.to_owned()) {
            return false;
        }
        self.oldest_first.push_back(id.to_owned());
        if self.oldest_first.len() > SEEN_MAX {
            self.oldest_first.pop_front().map(|oldest| self.ids.remove(&oldest));
        }
        true
    }
}
