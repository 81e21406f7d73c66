//! A receiver behind a gate: while that is shut, requests are let in and not answered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use http::HeaderMap;
use tokio::sync::watch;

use crate::plain_receiver::{PlainReceiver, status};
use crate::service::eventually;

/// A receiver that acknowledges everything, while its gate is open.
pub struct GatedReceiver {
    /// What it is registered by.
    pub receiver: PlainReceiver,
    is_open: watch::Sender<bool>,
    came: Arc<Mutex<Came>>,
}

/// What came.
#[derive(Default)]
struct Came {
    /// Requests of each delivery.
    requests: HashMap<String, usize>,
    under_way: usize,
    under_way_most: usize,
}

impl GatedReceiver {
    /// A receiver whose gate is open.
    pub async fn start() -> Self {
        let (is_open, gate) = watch::channel(true);
        let came = Arc::new(Mutex::new(Came::default()));
        let told = Arc::clone(&came);
        let receiver = PlainReceiver::start_slow(move |headers| {
            let (told, mut gate) = (Arc::clone(&told), gate.clone());
            async move {
                told.lock().expect("nobody panicked").enter(&headers);
                let opened = gate.wait_for(|is_open| *is_open).await.is_ok();
                told.lock().expect("nobody panicked").under_way -= 1;
                status(if opened { 204 } else { 503 })
            }
        });
        Self { receiver: receiver.await, is_open, came }
    }

    /// Shuts the gate.
    pub fn shut(&self) {
        self.is_open.send_replace(false);
    }

    /// Opens it: everything that waits is acknowledged.
    pub fn open(&self) {
        self.is_open.send_replace(true);
    }

    /// Waits until so many requests wait at the gate.
    pub async fn waiting(&self, wanted: usize) {
        eventually(&format!("{wanted} requests wait at the gate"), async || {
            (self.came.lock().expect("nobody panicked").under_way == wanted).then_some(())
        })
        .await;
    }

    /// How many deliveries came so often.
    pub fn that_came(&self, times: usize) -> usize {
        let came = self.came.lock().expect("nobody panicked");
        came.requests.values().filter(|requests| **requests == times).count()
    }

    /// The most requests that were under way at once.
    pub fn under_way_most(&self) -> usize {
        self.came.lock().expect("nobody panicked").under_way_most
    }
}

impl Came {
    fn enter(&mut self, headers: &HeaderMap) {
        let delivery_id = headers["x-bookora-delivery"].to_str().expect("in ASCII").to_owned();
        *self.requests.entry(delivery_id).or_default() += 1;
        self.under_way += 1;
        self.under_way_most = self.under_way_most.max(self.under_way);
    }
}
