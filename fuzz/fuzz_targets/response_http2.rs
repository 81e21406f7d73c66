//! Whatever frames a receiver answers over HTTP/2: the attempt ends, within its limits.

#![no_main]

use std::cell::LazyCell;

use bookora_webhooks::receiver::Certificate;
use bookora_webhooks::webhook::ClientSettings;
use bookora_webhooks_fuzz::Bench;
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

/// An empty SETTINGS frame: without it every input would have to begin with one.
const GREETING: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];

thread_local! {
    static BENCH: LazyCell<(Bench, TlsAcceptor)> = LazyCell::new(|| {
        let certificate = Certificate::for_names(&["127.0.0.1"]).expect("a certificate");
        let path = std::env::temp_dir().join(format!("fuzz-ca-{}.pem", std::process::id()));
        std::fs::write(&path, certificate.pem()).expect("it is written");
        let bench = Bench::new("https", &ClientSettings { ca_file: Some(path.clone()) });
        std::fs::remove_file(path).expect("it was read");
        (bench, certificate.acceptor().expect("an acceptor"))
    });
}

fuzz_target!(|frames: &[u8]| {
    BENCH.with(|bench| {
        let (bench, acceptor) = &**bench;
        bench.runtime.block_on(async {
            let receive = async {
                let (tcp, _) = bench.listener.accept().await.expect("a connection");
                let Ok(mut tls) = acceptor.accept(tcp).await else { return };
                let _ = tls.write_all(&GREETING).await;
                let _ = tls.flush().await;
                let _ = tls.read(&mut [0; 4_096]).await;
                let _ = tls.write_all(frames).await;
                let _ = tls.shutdown().await;
                while tls.read(&mut [0; 4_096]).await.is_ok_and(|count| count > 0) {}
            };
            tokio::join!(bench.post(), receive);
        });
    });
});
