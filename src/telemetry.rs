//! What the process says of itself: log lines on standard error, at the levels that `RUST_LOG`
//! sets (default `info`). Secrets, payloads and full URLs are never in them.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts logging; the default level applies where `RUST_LOG` is not set or not understood.
pub fn start(default_level: &str) {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default_level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
}
