//! Passes bytes between a client and the service; can lose answers, and cut connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

/// Longest piece that is passed on at once.
const PIECE_BYTES: usize = 64 * 1024;

/// The relay. It ends when dropped.
pub struct Relay {
    address: String,
    loses_answers: Arc<AtomicBool>,
    cuts: broadcast::Sender<()>,
    server: JoinHandle<()>,
}

impl Relay {
    pub async fn start(service: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let loses_answers = Arc::new(AtomicBool::new(false));
        let (cuts, _) = broadcast::channel(1);
        let relaying =
            serve(listener, service.to_owned(), Arc::clone(&loses_answers), cuts.clone());
        Self { address, loses_answers, cuts, server: tokio::spawn(relaying) }
    }

    /// Where clients connect, `ip:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Passes no more answers on, until the connections are cut.
    pub fn lose_answers(&self) {
        self.loses_answers.store(true, Ordering::SeqCst);
    }

    /// Ends every connection, in the middle of whatever it carries; those to come are whole.
    pub fn cut(&self) {
        let _ = self.cuts.send(());
        self.loses_answers.store(false, Ordering::SeqCst);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(
    listener: TcpListener,
    service: String,
    loses_answers: Arc<AtomicBool>,
    cuts: broadcast::Sender<()>,
) {
    loop {
        let (client, _) = listener.accept().await.expect("the port is open");
        let mut cut = cuts.subscribe();
        let (service, loses_answers) = (service.clone(), Arc::clone(&loses_answers));
        tokio::spawn(async move {
            let Ok(server) = TcpStream::connect(service).await else { return };
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            let never = Arc::new(AtomicBool::new(false));
            tokio::select! {
                () = pass_on(from_client, to_server, never) => {}
                () = pass_on(from_server, to_client, loses_answers) => {}
                _ = cut.recv() => {}
            }
        });
    }
}

async fn pass_on(mut source: OwnedReadHalf, mut sink: OwnedWriteHalf, loses: Arc<AtomicBool>) {
    let mut piece = vec![0; PIECE_BYTES];
    while let Ok(length @ 1..) = source.read(&mut piece).await {
        if !loses.load(Ordering::SeqCst) && sink.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}
