//! Settings of `serve`: each with its default, range and unit, and what no single one can show.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use http::HeaderValue;
use ipnet::IpNet;

use super::{DatabaseUrl, duration_between};
use crate::domain::endpoint::{ENDPOINT_IN_FLIGHT_MAX, REQUEST_TIMEOUT_MAX, REQUEST_TIMEOUT_MIN};
use crate::domain::retry::RetrySchedule;
use crate::domain::type_name::CustomTypes;

/// Most requests under way in one process: each has a socket and a buffer.
const IN_FLIGHT_MAX: u32 = 10_000;
/// Most connections of callers: each has a socket, and up to a megabyte of what it sends.
const CONNECTIONS_MAX: u32 = 100_000;
/// 24 hours.
const DAY: Duration = Duration::from_hours(24);
/// How long the log is kept where nothing is said.
const LOG_RETENTION_DEFAULT: Duration = Duration::from_hours(7 * 24);
/// Ten years of 365.25 days, as `10y` is read.
const RETENTION_MAX: Duration = Duration::from_hours(10 * 8_766);
/// Settings of the service.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// Where gRPC is served, `ip:port`
    #[arg(long, env = "BOOKORA_LISTEN", default_value = "127.0.0.1:50051")]
    pub listen: SocketAddr,

    /// Where metrics and health are served over HTTP, `ip:port`: `/metrics`, `/healthz`, `/readyz`
    #[arg(long, env = "BOOKORA_OPS_LISTEN", default_value = "127.0.0.1:9464")]
    pub ops_listen: SocketAddr,

    /// Count the attempts of each endpoint by themselves: up to 10000 endpoints, some 8 series each
    #[arg(long, env = "BOOKORA_METRICS_BY_ENDPOINT")]
    pub metrics_by_endpoint: bool,

    /// Serve on an address that is not loopback although anybody who can reach it can read and
    /// publish, or can read tokens on their way
    #[arg(long, env = "BOOKORA_INSECURE")]
    pub insecure: bool,

    /// Who may call what: a TOML file, read again when it changes; `bookora-webhooks token new`
    /// makes its entries. Without one, everybody may do everything
    #[arg(long, value_name = "FILE", env = "BOOKORA_TOKENS_FILE")]
    pub tokens_file: Option<PathBuf>,
    /// Serve TLS with the certificate in this PEM file, followed by those between it and its root.
    /// It is read again when it changes, as are the two that follow
    #[arg(long, value_name = "FILE", env = "BOOKORA_TLS_CERT")]
    pub tls_cert: Option<PathBuf>,

    /// The private key of --tls-cert, in PEM
    #[arg(long, value_name = "FILE", env = "BOOKORA_TLS_KEY")]
    pub tls_key: Option<PathBuf>,

    /// Ask callers for a certificate of one of the authorities in this PEM file (mTLS)
    #[arg(long, value_name = "FILE", env = "BOOKORA_TLS_CLIENT_CA")]
    pub tls_client_ca: Option<PathBuf>,

    /// Let the pages of this origin, such as `https://app.example.com`, call over gRPC-Web;
    /// repeatable, in the environment separated by commas
    #[arg(
        long = "web-origin",
        value_name = "ORIGIN",
        env = "BOOKORA_WEB_ORIGINS",
        value_delimiter = ',',
        value_parser = web_origin
    )]
    pub web_origins: Vec<HeaderValue>,

    /// Connections of callers at once; those beyond it are closed at once: 1-100000
    #[arg(
        long,
        value_name = "N",
        env = "BOOKORA_MAX_CONNECTIONS",
        default_value_t = 1_000,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(CONNECTIONS_MAX))
    )]
    pub max_connections: u32,

    /// How old a connection gets before it is told to end, ±10 %: 1s to 1h. For tests.
    #[arg(
        long,
        value_name = "TIME",
        env = "BOOKORA_CONNECTION_AGE",
        default_value = "10m",
        value_parser = connection_age,
        hide = true
    )]
    pub connection_age: Duration,

    /// The database: `sqlite://<path>?mode=rwc`, one file for one process; or
    /// `postgres://<user>:<password>@<host>:<port>/<database>`, which any number of replicas share;
    /// with several hosts, separated by commas, the primary among them
    #[arg(
        long,
        env = "BOOKORA_DATABASE_URL",
        default_value = "sqlite://bookora.db?mode=rwc",
        hide_env_values = true
    )]
    pub database_url: DatabaseUrl,

    /// The file with the master keys that the secrets of endpoints are sealed with, which
    /// `master-key new` makes; needed with PostgreSQL, where every replica has it. If not set, with
    /// SQLite: `<database file>.key`, which is made where it is missing
    #[arg(long, value_name = "FILE", env = "BOOKORA_MASTER_KEY_FILE")]
    pub master_key_file: Option<PathBuf>,

    /// Send to addresses in this network (CIDR) although they are special-purpose, such as
    /// 127.0.0.0/8 for development; repeatable, in the environment separated by commas
    #[arg(
        long = "allow-network",
        value_name = "CIDR",
        env = "BOOKORA_ALLOW_NETWORKS",
        value_delimiter = ','
    )]
    pub allow_networks: Vec<IpNet>,

    /// Register endpoints with plain http URLs too
    #[arg(long, env = "BOOKORA_ALLOW_HTTP")]
    pub allow_http: bool,

    /// Trust the certificates in this PEM file beside the system's roots when sending
    #[arg(long, value_name = "FILE", env = "BOOKORA_CA_FILE")]
    pub ca_file: Option<PathBuf>,

    /// Event types that may be published and subscribed to beside those that are built in: names
    /// such as invoice.paid and groups such as invoice.*, separated by commas, at most 200
    #[arg(
        long,
        value_name = "TYPES",
        env = "BOOKORA_CUSTOM_EVENT_TYPES",
        default_value = "",
        hide_default_value = true
    )]
    pub custom_event_types: CustomTypes,

    /// Waits before each retry, before jitter of ±20 %: 0-10 waits of 1s to 24h, separated by
    /// commas; empty for no retries
    #[arg(
        long,
        value_name = "WAITS",
        env = "BOOKORA_RETRY_SCHEDULE",
        default_value = "30s,5m,30m",
        value_parser = retry_schedule
    )]
    pub retry_schedule: RetrySchedule,

    /// How long a receiver may take to acknowledge, from resolving its name to the response's
    /// head: 1s to 30s
    #[arg(
        long,
        value_name = "TIME",
        env = "BOOKORA_REQUEST_TIMEOUT",
        default_value = "5s",
        value_parser = request_timeout
    )]
    pub request_timeout: Duration,

    /// Deliveries that may be under way at once: ready to be sent, being sent, not recorded yet; half
    /// of them are kept for endpoints that are slow to answer: 2-10000
    #[arg(
        long,
        value_name = "N",
        env = "BOOKORA_MAX_IN_FLIGHT",
        default_value_t = 8_192,
        value_parser = clap::value_parser!(u32).range(2..=i64::from(IN_FLIGHT_MAX))
    )]
    pub max_in_flight: u32,

    /// Requests that may be under way at once to one endpoint that sets no limit of its own:
    /// 1-1000
    #[arg(
        long,
        value_name = "N",
        env = "BOOKORA_ENDPOINT_MAX_IN_FLIGHT",
        default_value_t = 64,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(ENDPOINT_IN_FLIGHT_MAX))
    )]
    pub endpoint_max_in_flight: u32,

    /// Suspend an endpoint after nothing but failure for this time, with at least 20 attempts
    /// among what is kept: 1s to 30d
    #[arg(
        long,
        value_name = "TIME",
        env = "BOOKORA_SUSPEND_AFTER",
        default_value = "5d",
        value_parser = suspend_after
    )]
    pub suspend_after: Duration,

    /// How long deliveries are kept once they are closed, with their attempts, and events once
    /// they have no delivery left, with their idempotency keys: 1s to 10y
    #[arg(
        long,
        value_name = "TIME",
        env = "BOOKORA_RETENTION",
        default_value = "30d",
        value_parser = retention
    )]
    pub retention: Duration,

    /// How long watches can go back with a token: 1s to the time of --retention; 7d, or the time
    /// of --retention where that is shorter, if not set
    #[arg(
        long,
        value_name = "TIME",
        env = "BOOKORA_LOG_RETENTION",
        value_parser = retention
    )]
    pub log_retention: Option<Duration>,
}

impl ServeArgs {
    /// Checks what no single setting can show.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn check(&self) -> anyhow::Result<()> {
        self.check_reach()?;
        anyhow::ensure!(
            !self.database_url.is_hidden(),
            "the password in --database-url is hidden, as --print-config prints it: put the real \
             one in its place, or the whole URL into the variable BOOKORA_DATABASE_URL"
        );
        let parts = [("--tls-cert", &self.tls_cert), ("--tls-key", &self.tls_key)];
        let any = parts.iter().any(|(_, file)| file.is_some()) || self.tls_client_ca.is_some();
        for (flag, file) in parts {
            anyhow::ensure!(
                file.is_some() || !any,
                "{flag} is missing: TLS needs a certificate and its key"
            );
        }
        anyhow::ensure!(
            self.log_retention() <= self.retention,
            "--log-retention {} is longer than --retention {}: the log shows deliveries",
            humantime::format_duration(self.log_retention()),
            humantime::format_duration(self.retention)
        );
        Ok(())
    }

    /// Who can reach the service must not be anybody, and must not read what others send.
    fn check_reach(&self) -> anyhow::Result<()> {
        if self.insecure || self.listen.ip().is_loopback() {
            return Ok(());
        }
        anyhow::ensure!(
            self.tokens_file.is_some(),
            "--listen {} is not a loopback address and no credentials are configured: anybody who \
             can reach it could read and publish; give a --tokens-file, listen on 127.0.0.1, or \
             say --insecure",
            self.listen
        );
        anyhow::ensure!(
            self.tls_cert.is_some(),
            "--listen {} is not a loopback address and there is no TLS: tokens could be read on \
             their way; give a --tls-cert, listen on 127.0.0.1, or say --insecure where something \
             else encrypts",
            self.listen
        );
        Ok(())
    }

    /// How long the log is kept.
    #[must_use]
    pub fn log_retention(&self) -> Duration {
        self.log_retention.unwrap_or(LOG_RETENTION_DEFAULT.min(self.retention))
    }
}

fn retry_schedule(text: &str) -> Result<RetrySchedule, String> {
    let waits: Result<Vec<Duration>, String> = text
        .split(',')
        .map(str::trim)
        .filter(|wait| !wait.is_empty())
        .map(|wait| humantime::parse_duration(wait).map_err(|error| format!("`{wait}`: {error}")))
        .collect();
    RetrySchedule::new(waits?).map_err(|error| format!("each wait {error}"))
}

fn request_timeout(text: &str) -> Result<Duration, String> {
    duration_between(text, REQUEST_TIMEOUT_MIN, REQUEST_TIMEOUT_MAX)
}

fn suspend_after(text: &str) -> Result<Duration, String> {
    duration_between(text, Duration::from_secs(1), 30 * DAY)
}

fn retention(text: &str) -> Result<Duration, String> {
    duration_between(text, Duration::from_secs(1), RETENTION_MAX)
}

fn connection_age(text: &str) -> Result<Duration, String> {
    duration_between(text, Duration::from_secs(1), Duration::from_hours(1))
}

/// As browsers send it (RFC 6454): scheme, host, and the port where it is not the scheme's own.
fn web_origin(text: &str) -> Result<HeaderValue, String> {
    let origin = url::Url::parse(text).ok().map(|url| url.origin().ascii_serialization());
    if origin.as_deref() != Some(text) || !text.starts_with("http") {
        return Err("must be an origin such as https://app.example.com, with no path".to_owned());
    }
    HeaderValue::from_str(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::config::{Cli, Command};

    fn serve(arguments: &[&str]) -> Result<ServeArgs, String> {
        let all = ["bookora-webhooks", "serve"].iter().chain(arguments);
        match Cli::try_parse_from(all).map_err(|error| error.to_string())?.command {
            Command::Serve(serve) => Ok(serve.settings),
            _ => unreachable!("`serve` was asked for"),
        }
    }

    #[test]
    fn the_defaults_are_those_of_the_documentation() {
        let defaults = serve(&[]).unwrap();
        assert_eq!(defaults.listen.to_string(), "127.0.0.1:50051");
        assert_eq!(defaults.retry_schedule, RetrySchedule::default());
        assert_eq!(defaults.request_timeout, Duration::from_secs(5));
        assert_eq!(defaults.suspend_after, Duration::from_hours(5 * 24));
        assert_eq!(defaults.retention, Duration::from_hours(30 * 24));
        assert_eq!(defaults.log_retention(), Duration::from_hours(7 * 24));
        assert_eq!(defaults.custom_event_types, CustomTypes::default());
        assert!(defaults.check().is_ok());
    }

    #[test]
    fn what_is_out_of_range_is_refused_with_the_flags_name() {
        for (flag, value) in [
            ("--retry-schedule", "30s,never"),
            ("--retry-schedule", "10ms"),
            ("--retry-schedule", "1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s"),
            ("--request-timeout", "31s"),
            ("--request-timeout", "0s"),
            ("--max-in-flight", "0"),
            ("--suspend-after", "999ms"),
            ("--retention", "999ms"),
            ("--retention", "11y"),
            ("--log-retention", "0s"),
            ("--suspend-after", "31d"),
            ("--endpoint-max-in-flight", "1001"),
            ("--allow-network", "127.0.0.1/33"),
            ("--listen", "localhost"),
            ("--max-connections", "0"),
            ("--connection-age", "0s"),
            ("--web-origin", "app.example.com"),
            ("--web-origin", "https://app.example.com/"),
            ("--web-origin", "https://app.example.com:443"),
            ("--web-origin", "null"),
            ("--web-origin", "*"),
            ("--custom-event-types", "invoice"),
            ("--custom-event-types", "invoice.paid,booking.created"),
        ] {
            let error = serve(&[flag, value]).expect_err(value);
            assert!(error.contains(flag), "{error}");
        }
    }

    #[test]
    fn the_log_is_not_kept_longer_than_what_it_shows() {
        let day = serve(&["--retention", "1d"]).unwrap();
        assert_eq!((day.log_retention(), day.check().is_ok()), (DAY, true));
        let longer = serve(&["--retention", "1d", "--log-retention", "2d"]).unwrap();
        assert!(longer.check().unwrap_err().to_string().contains("--log-retention 2days"));
        assert!(serve(&["--retention", "10y", "--log-retention", "10y"]).unwrap().check().is_ok());
    }

    #[test]
    fn an_open_address_needs_to_be_asked_for() {
        assert!(serve(&["--listen", "0.0.0.0:50051"]).unwrap().check().is_err());
        assert!(serve(&["--listen", "[::1]:50051"]).unwrap().check().is_ok());
        assert!(serve(&["--listen", "0.0.0.0:50051", "--insecure"]).unwrap().check().is_ok());
    }

    #[test]
    fn tokens_do_not_cross_a_network_in_the_clear() {
        let with_tokens = |arguments: &[&str]| {
            serve(&[&["--tokens-file", "tokens.toml"], arguments].concat()).unwrap().check()
        };
        assert!(with_tokens(&[]).is_ok());
        let refused = with_tokens(&["--listen", "0.0.0.0:50051"]).unwrap_err().to_string();
        assert!(refused.contains("no TLS"), "{refused}");
        assert!(with_tokens(&["--listen", "0.0.0.0:50051", "--insecure"]).is_ok());
        let tls = ["--tls-cert=c.pem", "--tls-key=k.pem", "--listen", "0.0.0.0:50051"];
        assert!(with_tokens(&tls).is_ok());
    }

    #[test]
    fn origins_are_read_as_browsers_send_them() {
        let origins = ["https://app.example.com", "http://localhost:5173"];
        let read = serve(&["--web-origin", &origins.join(",")]).unwrap().web_origins;
        assert_eq!(read, origins);
    }

    #[test]
    fn tls_needs_a_certificate_and_its_key() {
        let check = |flags: &[&str]| serve(flags).unwrap().check().map_err(|e| e.to_string());
        let (cert, key, ca) = ("--tls-cert=c.pem", "--tls-key=k.pem", "--tls-client-ca=a.pem");
        assert_eq!(check(&[cert, key]), Ok(()));
        assert_eq!(check(&[cert, key, ca]), Ok(()));
        // A certificate alone says who somebody is, not what it may do.
        let reachable = [cert, key, ca, "--listen=0.0.0.0:1"];
        assert!(check(&reachable).unwrap_err().contains("--tokens-file"));
        let with_tokens = [&reachable[..], &["--tokens-file=t.toml"]].concat();
        assert_eq!(check(&with_tokens), Ok(()));
        assert!(check(&[cert]).unwrap_err().contains("--tls-key is missing"));
        assert!(check(&[key]).unwrap_err().contains("--tls-cert is missing"));
        assert!(check(&[ca]).unwrap_err().contains("--tls-cert is missing"));
    }
}
