//! The metrics as Prometheus reads them (text format 0.0.4).

use opentelemetry_prometheus::PrometheusExporter;
use prometheus::{Encoder, Registry, TextEncoder};

/// What a scrape is answered with. Cheap to clone.
#[derive(Clone)]
pub struct MetricsText(Registry);

impl MetricsText {
    /// An empty one, and what fills it.
    ///
    /// # Panics
    /// Never: the registry is new.
    #[must_use]
    pub fn new() -> (Self, PrometheusExporter) {
        let registry = Registry::new();
        let exporter = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            // The same for every line: the name of this program, which is the target's anyway.
            .scope_info_enabled(false)
            .build()
            .expect("nothing is in the registry yet");
        (Self(registry), exporter)
    }

    /// What type the text has.
    #[must_use]
    pub fn content_type() -> &'static str {
        prometheus::TEXT_FORMAT
    }

    /// The metrics as they are now.
    #[must_use]
    pub fn render(&self) -> Vec<u8> {
        let mut text = Vec::new();
        let families = self.0.gather();
        // Only a family without metrics is an error, and such are not gathered.
        if let Err(error) = TextEncoder::new().encode(&families, &mut text) {
            tracing::warn!(%error, "the metrics cannot be shown");
        }
        text
    }
}
