//! Log lines: on standard error, at the levels that `RUST_LOG` sets (default `info`), and the same
//! over OTLP where that is set.

use std::io::IsTerminal;

use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use tracing_subscriber::filter::{EnvFilter, FilterFn, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// Whose lines are not exported: exporting makes some, and would never end.
const NOT_EXPORTED: [&str; 6] = ["h2", "hyper", "hyper_util", "opentelemetry", "tonic", "tower"];

/// Starts logging; the default level applies where `RUST_LOG` is not set or not understood.
pub fn start(default_level: &str) {
    start_with(default_level, None);
}

/// The same, with a collector's lines.
pub fn start_with(default_level: &str, exported: Option<&SdkLoggerProvider>) {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default_level));
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let exported = exported
        .map(|provider| OpenTelemetryTracingBridge::new(provider).with_filter(worth_exporting()));
    tracing_subscriber::registry().with(filter).with(lines).with(exported).init();
}

fn worth_exporting() -> FilterFn {
    filter_fn(|metadata| {
        let origin = metadata.target().split("::").next().unwrap_or_default();
        !NOT_EXPORTED.iter().any(|name| origin.starts_with(name))
    })
}
