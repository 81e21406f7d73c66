//! A watcher that hops: it is cut at random, and goes on with its token at any replica.

use std::time::Duration;

use bookora_webhooks::proto::WatchDeliveriesRequest;
use bookora_webhooks::proto::watch_deliveries_response::Message;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::fleet::Addresses;
use crate::watches::{Ledger, Watcher, watch_request};

/// Messages before it hops, at most.
const MESSAGES_MAX: u32 = 400;
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// What a watcher that hops has seen.
#[derive(Default)]
pub struct Seen {
    /// Every delivery's revisions, in order.
    pub ledger: Ledger,
    /// How often it has hopped.
    pub hops: usize,
}

/// Watches from a token on, until so many deliveries have succeeded.
pub async fn watch(addresses: Addresses, mut token: String, succeeded: usize) -> Seen {
    let mut random = StdRng::seed_from_u64(3);
    let mut seen = Seen::default();
    while seen.ledger.succeeded() < succeeded {
        seen.hops += 1;
        let request = WatchDeliveriesRequest { resume_token: token.clone(), ..watch_request() };
        let Some(channel) = addresses.connect_any(&mut random).await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let Some(mut watcher) = Watcher::try_open(channel, request).await else { continue };
        for _ in 0..random.random_range(1..=MESSAGES_MAX) {
            match watcher.next().await {
                Ok(Message::Update(update)) => seen.ledger.note(update),
                Ok(_) => {}
                // Its replica was killed, or the database was.
                Err(status) if status.code() == tonic::Code::OutOfRange => panic!("{status}"),
                Err(_) => break,
            }
            if seen.ledger.succeeded() == succeeded {
                break;
            }
        }
        token = watcher.token;
    }
    seen
}
