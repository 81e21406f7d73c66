//! The transactions of the way of an event, on SQLite with `synchronous=FULL`, of one row and of as
//! many as a busy service has in one; and how a commit reaches those who follow the log.

use std::sync::Arc;

use bookora_webhooks::domain::delivery::LeasedDelivery;
use bookora_webhooks::store::changes::ChangePage;
use divan::Bencher;
use futures_util::future::join_all;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::broadcast::Receiver;

use crate::tests::bare_store::BareStore;

const FOLLOWERS: usize = 100;

/// A store in a folder of its own, which goes with it.
struct Shop {
    runtime: Runtime,
    bare: BareStore,
    _folder: TempDir,
}

impl Shop {
    fn open() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let runtime = Runtime::new().expect("threads can be started");
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("micro.db").display());
        let bare = runtime.block_on(BareStore::open(&url, None));
        Self { runtime, bare, _folder: folder }
    }

    /// Publishes so many events, and gives all their deliveries, leased.
    fn leased(&self, events: usize) -> Vec<LeasedDelivery> {
        self.runtime.block_on(self.bare.publish(events));
        let mut leased: Vec<_> = self.handed();
        if leased.len() < events {
            leased.extend(self.claimed());
        }
        leased
    }

    fn handed(&self) -> Vec<LeasedDelivery> {
        let mut handed = self.bare.handed.lock().expect("nobody panicked");
        std::iter::from_fn(|| handed.try_recv().ok()).map(|handed| handed.leased).collect()
    }

    fn claimed(&self) -> Vec<LeasedDelivery> {
        self.runtime.block_on(self.bare.claim(1_000))
    }

    fn record(&self, leased: &[LeasedDelivery]) {
        self.runtime.block_on(self.bare.record_all(leased));
    }
}

#[divan::bench(args = [1, 64], sample_count = 50)]
fn publish_transaction(bencher: Bencher, events: usize) {
    let shop = Shop::open();
    bencher.bench_local(|| shop.runtime.block_on(shop.bare.publish(events)));
}

/// What is due is made so beforehand: the endpoint has no room for it.
#[divan::bench(args = [1, 64], sample_count = 50)]
fn claim(bencher: Bencher, deliveries: usize) {
    let shop = Shop::open();
    // Its first delivery is handed over, and keeps the room that a new endpoint has.
    shop.runtime.block_on(shop.bare.publish(1));
    let _held = shop.bare.handed.lock().expect("nobody panicked").try_recv();
    bencher
        .with_inputs(|| shop.runtime.block_on(shop.bare.publish(deliveries)))
        .bench_local_values(|()| {
            let claimed = shop.claimed();
            assert_eq!(claimed.len(), deliveries);
            claimed
        });
}

#[divan::bench(args = [1, 64], sample_count = 50)]
fn record_transaction(bencher: Bencher, deliveries: usize) {
    let shop = Shop::open();
    bencher
        .with_inputs(|| shop.leased(deliveries))
        .bench_local_values(|leased| shop.record(&leased));
}

/// From the publish to the last of 100 followers.
#[divan::bench(sample_count = 50)]
fn change_fan_out(bencher: Bencher) {
    let shop = Shop::open();
    let mut followers: Vec<Receiver<Arc<ChangePage>>> =
        (0..FOLLOWERS).map(|_| shop.bare.store.change_log().follow()).collect();
    // The tail begins at the end of the log, and says so.
    shop.runtime.block_on(shop.bare.publish(1));
    shop.runtime.block_on(join_all(followers.iter_mut().map(Receiver::recv)));
    bencher.bench_local(|| {
        shop.runtime.block_on(async {
            shop.bare.publish(1).await;
            join_all(followers.iter_mut().map(Receiver::recv)).await
        })
    });
}
