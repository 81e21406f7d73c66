//! The link between a replica and its database, as a proxy that can be cut: then nothing comes
//! through in either direction, and neither side is told.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Bytes that are on the way in one direction of a connection.
const BUFFER_BYTES: usize = 16 * 1024;

/// A link that lasts until it is dropped.
pub struct Link {
    address: SocketAddr,
    is_cut: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Link {
    /// A link to `ip:port`, whole.
    pub async fn to(host: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let (is_cut, state) = watch::channel(false);
        let host = host.to_owned();
        let task = tokio::spawn(async move {
            loop {
                // While it is cut the kernel takes connections, and nobody ever answers them.
                let (near, _) = listener.accept().await.expect("it listens");
                tokio::spawn(join(near, host.clone(), state.clone()));
            }
        });
        Self { address, is_cut, task }
    }

    /// Where its near end is, `ip:port`.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// Cuts it. What is on the way stays on the way.
    pub fn cut(&self) {
        self.is_cut.send_replace(true);
    }

    /// Mends it: what was on the way arrives, on the connections of before, too.
    pub fn mend(&self) {
        self.is_cut.send_replace(false);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn join(near: TcpStream, host: String, mut state: watch::Receiver<bool>) {
    if whole(&mut state).await.is_err() {
        return;
    }
    let Ok(far) = TcpStream::connect(host).await else { return };
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    tokio::join!(
        forward(near_read, far_write, state.clone()),
        forward(far_read, near_write, state.clone())
    );
}

/// Forwards until one side has no more to say; closing, too, is only told while the link is whole.
async fn forward(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut state: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let read = from.read(&mut buffer).await.unwrap_or(0);
        if whole(&mut state).await.is_err() {
            return;
        }
        if read == 0 || to.write_all(&buffer[..read]).await.is_err() {
            // The other direction ends by itself: its sender is told that nobody listens.
            let _ = to.shutdown().await;
            return;
        }
    }
}

/// Waits until the link is whole; fails when it is gone.
async fn whole(state: &mut watch::Receiver<bool>) -> Result<(), watch::error::RecvError> {
    state.wait_for(|is_cut| !is_cut).await.map(drop)
}
