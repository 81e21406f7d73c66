//! An exporter whose failures are told once: when it begins to fail, and when it works again. What
//! cannot be exported is dropped by its bounded queue, and nothing waits for it.

use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogBatch, LogExporter};
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

use super::otlp::Signal;

/// An exporter, and whether its last export failed.
#[derive(Debug)]
pub struct Watched<E> {
    exporter: E,
    signal: Signal,
    is_failing: AtomicBool,
}

impl<E> Watched<E> {
    /// Of a signal; it has not failed yet.
    pub fn new(exporter: E, signal: Signal) -> Self {
        Self { exporter, signal, is_failing: AtomicBool::new(false) }
    }

    fn note(&self, exported: OTelSdkResult) -> OTelSdkResult {
        let was_failing = self.is_failing.swap(exported.is_err(), Ordering::Relaxed);
        let signal = self.signal.name();
        match &exported {
            Err(error) if !was_failing => {
                tracing::warn!(signal, %error, "telemetry cannot be exported; what cannot is dropped");
            }
            Ok(()) if was_failing => tracing::info!(signal, "telemetry is exported again"),
            _ => {}
        }
        exported
    }
}

impl<E: SpanExporter> SpanExporter for Watched<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.note(self.exporter.export(batch).await)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl<E: LogExporter> LogExporter for Watched<E> {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        self.note(self.exporter.export(batch).await)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl<E: PushMetricExporter> PushMetricExporter for Watched<E> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        self.note(self.exporter.export(metrics).await)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.exporter.temporality()
    }
}
