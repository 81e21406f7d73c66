//! The signals that end the program: the first asks it to, the second does.

use std::process::exit;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// Added to a signal's number, it is the code with which a program exits that the signal ended; as
/// shells have it.
const ENDED_BY_SIGNAL: i32 = 128;

/// The first SIGTERM or SIGINT. The second ends the process where it stands, without a wait for
/// anything: what is under way is then repeated by the next start, as after a crash.
///
/// # Errors
/// The system's.
pub fn first() -> std::io::Result<oneshot::Receiver<()>> {
    let mut signals = Signals {
        terminate: signal(SignalKind::terminate())?,
        interrupt: signal(SignalKind::interrupt())?,
    };
    let (asked, first) = oneshot::channel();
    tokio::spawn(async move {
        signals.next().await;
        // Where nobody waits for it any more the program is ending already.
        let _ = asked.send(());
        let second = signals.next().await;
        eprintln!("bookora-webhooks: ended by a second signal");
        exit(ENDED_BY_SIGNAL + second.as_raw_value());
    });
    Ok(first)
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    async fn next(&mut self) -> SignalKind {
        tokio::select! {
            _ = self.terminate.recv() => SignalKind::terminate(),
            _ = self.interrupt.recv() => SignalKind::interrupt(),
        }
    }
}
