//! Whatever a receiver answers over plain HTTP: the attempt ends, within its limits.

#![no_main]

use std::cell::LazyCell;

use bookora_webhooks::webhook::ClientSettings;
use bookora_webhooks_fuzz::Bench;
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

thread_local! {
    static BENCH: LazyCell<Bench> =
        LazyCell::new(|| Bench::new("http", &ClientSettings::default()));
}

fuzz_target!(|answer: &[u8]| {
    BENCH.with(|bench| {
        bench.runtime.block_on(async {
            let receive = async {
                let (mut tcp, _) = bench.listener.accept().await.expect("a connection");
                let _ = tcp.read(&mut [0; 4_096]).await;
                let _ = tcp.write_all(answer).await;
                let _ = tcp.shutdown().await;
                while tcp.read(&mut [0; 4_096]).await.is_ok_and(|count| count > 0) {}
            };
            tokio::join!(bench.post(), receive);
        });
    });
});
