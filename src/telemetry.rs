//! What the process says of itself: log lines on standard error, metrics to be scraped, and, where
//! an OTLP endpoint is set, traces, metrics and logs to a collector. Secrets, payloads and full URLs
//! are in none of them.
//!
//! Layers are handed [`Metrics`] and [`Traces`] and call their functions, which take names and
//! durations: this module knows none of ours. What is exported waits in bounded queues and is
//! dropped where nobody takes it; nothing of the service waits for it.

mod by_endpoint;
pub mod calls;
mod collector;
mod family;
pub mod gauges;
mod logs;
pub mod metrics;
pub mod otlp;
mod process;
mod requests;
mod text;
pub mod traces;
mod watched;

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::{Instrument, PeriodicReader, SdkMeterProvider, Stream};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::sync::oneshot;
use tokio::time::timeout;

use self::gauges::Readings;
pub use self::logs::start;
use self::metrics::Metrics;
use self::otlp::{OtlpError, Signal};
pub use self::text::MetricsText;
use self::traces::Traces;
use self::watched::Watched;

/// How long the last export may take when the process ends.
pub const STOP_PATIENCE: Duration = Duration::from_secs(2);
/// What resources are called where `OTEL_SERVICE_NAME` is not set.
const SERVICE_NAME: &str = env!("CARGO_PKG_NAME");
/// The name of our instruments' and spans' scope.
const SCOPE: &str = "bookora_webhooks";

/// How the service tells of itself.
#[derive(Clone, Copy, Debug)]
pub struct TelemetrySettings {
    /// The level of lines where `RUST_LOG` is not set or not understood.
    pub level: &'static str,
    /// Whether attempts are counted by endpoint.
    pub by_endpoint: bool,
}

/// What the service tells of itself with. Cheap to clone.
#[derive(Clone)]
pub struct Telemetry {
    /// Counts and times.
    pub metrics: Metrics,
    /// Makes spans.
    pub traces: Traces,
    /// The metrics, to be scraped.
    pub text: MetricsText,
    meter: Meter,
    providers: Providers,
}

#[derive(Clone)]
struct Providers {
    meters: SdkMeterProvider,
    spans: Option<SdkTracerProvider>,
    logs: Option<SdkLoggerProvider>,
}

impl Telemetry {
    /// Starts all of it, as the standard variables say; in a Tokio runtime, once in a process.
    ///
    /// # Errors
    /// [`OtlpError`], in words for the operator.
    pub fn start(settings: TelemetrySettings) -> Result<Self, OtlpError> {
        otlp::check_sampler()?;
        let resource = resource();
        let logs = otlp::logs()?.map(|exporter| {
            SdkLoggerProvider::builder()
                .with_resource(resource.clone())
                .with_batch_exporter(Watched::new(exporter, Signal::Logs))
                .build()
        });
        let spans = otlp::spans()?.map(|exporter| {
            traces::provider(Watched::new(exporter, Signal::Traces), resource.clone())
        });
        let exporter = otlp::metrics()?.map(|exporter| Watched::new(exporter, Signal::Metrics));
        logs::start_with(settings.level, logs.as_ref());
        let made = Self::on(resource, settings.by_endpoint, exporter, spans, logs);
        process::show(&made.meter);
        Ok(made)
    }

    /// Metrics alone, which nobody need read: for a service that is part of another program.
    #[must_use]
    pub fn quiet() -> Self {
        Self::on(resource(), false, None::<Watched<opentelemetry_otlp::MetricExporter>>, None, None)
    }

    fn on(
        resource: Resource,
        by_endpoint: bool,
        exporter: Option<Watched<opentelemetry_otlp::MetricExporter>>,
        spans: Option<SdkTracerProvider>,
        logs: Option<SdkLoggerProvider>,
    ) -> Self {
        let (text, scraped) = MetricsText::new();
        let mut meters = SdkMeterProvider::builder().with_resource(resource).with_reader(scraped);
        if by_endpoint {
            meters = meters.with_view(wide);
        }
        if let Some(exporter) = exporter {
            meters = meters.with_reader(PeriodicReader::builder(exporter).build());
        }
        let meters = meters.build();
        let meter = meters.meter(SCOPE);
        Self {
            metrics: Metrics::new(&meter, by_endpoint),
            traces: Traces::new(spans.as_ref()),
            text,
            meter,
            providers: Providers { meters, spans, logs },
        }
    }

    /// Shows these readings as gauges from now on.
    pub fn show(&self, readings: &Arc<dyn Readings>) {
        gauges::show(&self.meter, readings);
    }

    /// Exports what is left, as far as that takes no longer than [`STOP_PATIENCE`].
    pub async fn stop(self) {
        let Providers { meters, spans, logs } = self.providers;
        let stopped = [
            spans.map(|spans| last_export(move || spans.shutdown_with_timeout(STOP_PATIENCE))),
            Some(last_export(move || meters.shutdown_with_timeout(STOP_PATIENCE))),
            logs.map(|logs| last_export(move || logs.shutdown_with_timeout(STOP_PATIENCE))),
        ];
        let stopped = futures_util::future::join_all(stopped.into_iter().flatten());
        // What is not taken in time is lost: the process ends.
        let _ = timeout(STOP_PATIENCE, stopped).await;
    }
}

/// On a thread that the process does not wait for when it ends: the libraries' own limits of time do
/// not hold in every case.
fn last_export(
    export: impl FnOnce() -> OTelSdkResult + Send + 'static,
) -> oneshot::Receiver<OTelSdkResult> {
    let (done, exported) = oneshot::channel();
    std::thread::spawn(move || {
        // Whoever waited may have given up.
        let _ = done.send(export());
    });
    exported
}

/// More series than an instrument may have by itself, for the one that may have them.
fn wide(instrument: &Instrument) -> Option<Stream> {
    let is_wide = instrument.name() == "bookora.attempts";
    is_wide
        .then(|| Stream::builder().with_cardinality_limit(by_endpoint::SERIES_MAX).build().ok())?
}

fn resource() -> Resource {
    let named = std::env::var("OTEL_SERVICE_NAME").is_ok_and(|name| !name.is_empty())
        || std::env::var("OTEL_RESOURCE_ATTRIBUTES").is_ok_and(|all| all.contains("service.name="));
    let builder = Resource::builder()
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    if named { builder.build() } else { builder.with_service_name(SERVICE_NAME).build() }
}
