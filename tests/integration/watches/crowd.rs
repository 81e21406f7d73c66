//! Two hundred watchers at once, of whom half read nothing: what they cost the process, and each
//! other.

use std::time::Duration;

use bookora_webhooks::proto::watch_deliveries_response::Message;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tonic::Code;

use super::{ACCOUNT, Ledger, Watcher, publish_batches, watch_request};
use crate::caller::{Caller, deaf_endpoint};
use crate::refusal::Refusal;
use crate::service::{PATIENCE, Service};

/// Watchers that read, and as many that do not.
const HALF: usize = 100;
/// Events of one stage; each makes two changes, since nobody listens at its endpoint.
const BATCHES: usize = 5;
const BATCH: usize = 100;
const CHANGES: usize = 2 * BATCHES * BATCH;
/// What one watcher that reads nothing may hold in the process: 64 messages that wait, and 400 KiB
/// that its connection takes ahead at most. All that passes by it is more.
const IDLE_BYTES_MAX: u64 = 512 * 1024;
/// How much longer a stage may take with as many idle watchers beside those who read. It takes
/// about as long; one that waited for the others would take their 30 s.
const SLOWDOWN_MAX: u32 = 4;

/// Publishes a stage while all of these read; how long it takes until all have seen all of it.
async fn stage(
    service: &Service,
    readers: Vec<(Watcher, Ledger)>,
) -> (Vec<(Watcher, Ledger)>, Duration) {
    let begin = now();
    let mut reading = JoinSet::new();
    for (mut watcher, mut ledger) in readers {
        reading.spawn(async move {
            for _ in 0..CHANGES {
                ledger.note(watcher.update().await);
            }
            (watcher, ledger)
        });
    }
    publish_batches(service, BATCHES, BATCH).await;
    let readers = reading.join_all().await;
    (readers, begin.elapsed())
}

#[expect(clippy::disallowed_methods, reason = "measured against another measurement of the run")]
fn now() -> Instant {
    Instant::now()
}

/// Opens watches, each on a connection of its own; they are open when this returns.
async fn open(service: &Service, is_narrow: bool) -> Vec<Watcher> {
    let mut opened = Vec::new();
    for _ in 0..HALF {
        opened.push(if is_narrow {
            Watcher::open_narrow(service, watch_request()).await
        } else {
            Watcher::open(service, watch_request()).await
        });
    }
    opened
}

fn assert_saw_everything(ledgers: &[(Watcher, Ledger)], stages: usize) {
    for (_, ledger) in ledgers {
        assert_eq!(ledger.deliveries().count(), stages * BATCHES * BATCH);
        assert!(ledger.deliveries().all(|delivery| delivery.revision == 2));
        assert_eq!(ledger.repeated, 0, "nothing comes twice");
    }
}

/// Reads a watch to its end: the updates, into the ledger, and the refusal.
async fn read_to_end(watcher: &mut Watcher, ledger: &mut Ledger) -> Refusal {
    loop {
        match watcher.next().await {
            Ok(Message::Update(update)) => ledger.note(update),
            Ok(_) => {}
            Err(status) => return Refusal::read(&status),
        }
    }
}

#[tokio::test]
async fn a_hundred_watchers_that_read_nothing_cost_bounded_memory_and_a_hundred_others_nothing() {
    let service = Service::start(&[]);
    Caller::new(&service).await.register(deaf_endpoint(ACCOUNT)).await;
    let readers = open(&service, false).await.into_iter();
    let readers = readers.map(|watcher| (watcher, Ledger::default())).collect();
    let (readers, alone) = stage(&service, readers).await;
    let (readers, again) = stage(&service, readers).await;
    let before = service.resident_bytes();

    let mut idle = open(&service, true).await;
    let (readers, beside) = stage(&service, readers).await;
    let (readers, beside_again) = stage(&service, readers).await;
    let grown = service.resident_bytes().saturating_sub(before);
    assert_saw_everything(&readers, 4);
    let (alone, beside) = (alone.max(again), beside.min(beside_again));
    println!(
        "{HALF} watchers read {CHANGES} changes in {alone:?}, beside {HALF} that read nothing in \
         {beside:?}; these cost {} KiB each, of {} MiB in all",
        grown / 1024 / HALF as u64,
        (before + grown) / 1024 / 1024
    );
    assert!(grown <= IDLE_BYTES_MAX * HALF as u64, "{grown} bytes");
    assert!(beside <= SLOWDOWN_MAX * alone, "{beside:?} is much longer than {alone:?}");

    // Each of the idle ones is ended, although it does not see that before it reads.
    all_are_ended(&service).await;
    let mut missed = Vec::new();
    for watcher in &mut idle {
        let mut ledger = Ledger::default();
        let refusal = read_to_end(watcher, &mut ledger).await;
        assert_eq!(
            (refusal.code, refusal.reason.as_str()),
            (Code::ResourceExhausted, "WATCH_TOO_SLOW")
        );
        missed.push(2 * CHANGES - ledger.changes());
        if missed.len() <= 5 {
            // The rest comes after the last token, without a gap.
            let mut resumed = Watcher::resume(&service, &watcher.token).await;
            while ledger.changes() < 2 * CHANGES {
                ledger.note(resumed.update().await);
            }
            assert_eq!(ledger.repeated, 0);
        }
    }
    let least = missed.iter().min().expect("some are idle");
    println!("they were ended {least} changes or more before the end");
    assert!(*least > 0, "none of them was sent everything");
}

/// Waits until the service says of each that it was ended: after the 30 s that the contract gives.
async fn all_are_ended(service: &Service) {
    let ended = async {
        let is_it = |line: &&str| line.contains("a watch was ended");
        while service.log().lines().filter(is_it).count() < HALF {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(2 * PATIENCE, ended).await.expect("idle watches are ended");
}
