//! What leaves the process over OTLP, as the standard variables say (`OTEL_EXPORTER_OTLP_…`): which
//! signals, to where, by which protocol. Without an endpoint nothing does.

use std::env;
use std::time::Duration;

use opentelemetry_otlp::{
    ExporterBuildError, LogExporter, MetricExporter, SpanExporter, WithHttpConfig, WithTonicConfig,
};
use tonic::transport::ClientTlsConfig;

use super::collector::{CollectorClient, NoRoots};

/// How long one export may take where nothing is said (OTLP exporter specification).
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);
const PROTOCOLS: &str = "grpc or http/protobuf";
/// The samplers that there are (`OTEL_TRACES_SAMPLER`).
const SAMPLERS: [&str; 6] = [
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
];

/// What is wrong with the variables, or with the machine.
#[derive(Debug, thiserror::Error)]
pub enum OtlpError {
    /// A variable has a value that it cannot have.
    #[error("{variable} is {value:?}: it must be {allowed}")]
    Variable {
        /// Its name.
        variable: String,
        /// Its value.
        value: String,
        /// What it may be.
        allowed: String,
    },
    /// The exporter cannot be made.
    #[error("{signal} cannot be exported over OTLP")]
    Exporter {
        /// Of what.
        signal: &'static str,
        /// Why.
        #[source]
        source: ExporterBuildError,
    },
    /// Nobody is trusted, and the endpoint is one of https.
    #[error(transparent)]
    NoRoots(#[from] NoRoots),
}

/// What can be exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Metrics, beside those that are scraped.
    Metrics,
    /// Log lines, beside those on standard error.
    Logs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Grpc,
    HttpProtobuf,
}

impl Signal {
    /// As people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        }
    }

    /// Where it goes; `None`: nowhere.
    fn endpoint(self) -> Option<String> {
        let own = format!("OTEL_{}_EXPORTER", self.name().to_ascii_uppercase());
        let is_off = variable("OTEL_SDK_DISABLED")
            .is_some_and(|it| it.eq_ignore_ascii_case("true"))
            || variable(&own).is_some_and(|exporter| exporter == "none");
        if is_off { None } else { self.setting("ENDPOINT").map(|(_, value)| value) }
    }

    /// Whether it is exported.
    #[must_use]
    pub fn is_exported(self) -> bool {
        self.endpoint().is_some()
    }

    /// A setting, the signal's own first: the variable's name, and its value.
    fn setting(self, what: &str) -> Option<(String, String)> {
        let own = format!("OTEL_EXPORTER_OTLP_{}_{what}", self.name().to_ascii_uppercase());
        [own, format!("OTEL_EXPORTER_OTLP_{what}")]
            .into_iter()
            .find_map(|name| variable(&name).map(|value| (name, value)))
    }

    fn protocol(self) -> Result<Protocol, OtlpError> {
        match self.setting("PROTOCOL") {
            None => Ok(Protocol::HttpProtobuf),
            Some((_, value)) if value == "http/protobuf" => Ok(Protocol::HttpProtobuf),
            Some((_, value)) if value == "grpc" => Ok(Protocol::Grpc),
            Some((variable, value)) => {
                Err(OtlpError::Variable { variable, value, allowed: PROTOCOLS.to_owned() })
            }
        }
    }

    /// In milliseconds.
    fn timeout(self) -> Result<Duration, OtlpError> {
        let Some((variable, value)) = self.setting("TIMEOUT") else { return Ok(TIMEOUT_DEFAULT) };
        let millis = value.parse().map(Duration::from_millis);
        let allowed = "a number of milliseconds".to_owned();
        millis.map_err(|_| OtlpError::Variable { variable, value, allowed })
    }

    /// The system's authorities, where the collector is asked over TLS.
    fn grpc_tls(self) -> Option<ClientTlsConfig> {
        let is_https = self.endpoint().is_some_and(|endpoint| endpoint.starts_with("https://"));
        is_https.then(|| ClientTlsConfig::new().with_native_roots())
    }

    fn client(self) -> Result<CollectorClient, OtlpError> {
        let is_https = self.endpoint().is_some_and(|endpoint| endpoint.starts_with("https://"));
        Ok(CollectorClient::new(is_https, self.timeout()?)?)
    }
}

/// Makes the exporter of a signal; `None` where there is no endpoint for it. In a Tokio runtime.
macro_rules! exporter {
    ($name:ident, $exporter:ident, $signal:expr) => {
        #[doc = concat!("What exports ", stringify!($name), "; `None` where there is no endpoint.")]
        ///
        /// # Errors
        /// [`OtlpError`], in words for the operator.
        pub fn $name() -> Result<Option<$exporter>, OtlpError> {
            let signal = $signal;
            if !signal.is_exported() {
                return Ok(None);
            }
            signal.timeout()?;
            let built = match signal.protocol()? {
                Protocol::Grpc => {
                    let builder = $exporter::builder().with_tonic();
                    match signal.grpc_tls() {
                        Some(tls) => builder.with_tls_config(tls).build(),
                        None => builder.build(),
                    }
                }
                Protocol::HttpProtobuf => {
                    $exporter::builder().with_http().with_http_client(signal.client()?).build()
                }
            };
            built.map(Some).map_err(|source| OtlpError::Exporter { signal: signal.name(), source })
        }
    };
}

exporter!(spans, SpanExporter, Signal::Traces);
exporter!(metrics, MetricExporter, Signal::Metrics);
exporter!(logs, LogExporter, Signal::Logs);

/// Checks the sampler, whose reader takes another one's place where it is not known.
///
/// # Errors
/// [`OtlpError::Variable`].
pub fn check_sampler() -> Result<(), OtlpError> {
    let name = "OTEL_TRACES_SAMPLER";
    match variable(name) {
        Some(value) if !SAMPLERS.contains(&value.as_str()) => Err(OtlpError::Variable {
            variable: name.to_owned(),
            value,
            allowed: format!("one of {}", SAMPLERS.join(", ")),
        }),
        _ => Ok(()),
    }
}

/// An empty one is none (specification of the variables).
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
