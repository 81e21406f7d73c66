//! The service put together: in which order its parts start, and in which they stop.

mod background;
mod gauges;
mod services;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use self::background::{Background, BackgroundSettings};
use self::gauges::Gauges;
use self::services::{Parts, services};
use crate::config::ServeArgs;
use crate::delivery::deliver::{Deliverer, DeliveryDefaults};
use crate::delivery::dispatcher::RELEASE_PATIENCE;
use crate::delivery::mishaps::Mishaps;
use crate::delivery::retention::RetentionLimits;
use crate::domain::address::AddressPolicy;
use crate::domain::clock::{Clock, Timestamp};
use crate::domain::random::Random;
use crate::grpc::audit::RefusalLog;
use crate::grpc::authentication::Gate;
use crate::grpc::connections::ConnectionLimits;
use crate::grpc::endpoint_fields::UrlPolicy;
use crate::grpc::server::{self, Health, ServerSettings};
use crate::grpc::stream_limits::StreamSettings;
use crate::grpc::tls::{ClientCertificates, InvalidTls, Tls, TlsFiles};
use crate::grpc::tokens_follower::TokensFollower;
use crate::grpc::watch::WatchSettings;
use crate::ops::readiness::Readiness;
use crate::ops::{self, Ops};
use crate::store::room::RoomLimits;
use crate::store::{Store, StoreSettings};
use crate::telemetry::gauges::Readings;
use crate::telemetry::{self, MetricsText, Telemetry};
use crate::webhook::{ClientSettings, WebhookClient};

/// How long calls that are under way may take to end once the process is asked to.
const CALLS_PATIENCE: Duration = Duration::from_secs(8);
/// How long deliveries that are under way may take to end after that. What does not is released,
/// and sent again.
const DELIVERIES_PATIENCE: Duration = Duration::from_secs(12);
/// How long an orchestrator is told to wait.
const STOP_MAX: Duration = Duration::from_secs(25);
const _: () = assert!(
    CALLS_PATIENCE.as_secs()
        + DELIVERIES_PATIENCE.as_secs()
        + RELEASE_PATIENCE.as_secs()
        + telemetry::STOP_PATIENCE.as_secs()
        < STOP_MAX.as_secs()
);

/// The running service.
pub struct App {
    /// Where gRPC is served.
    pub address: SocketAddr,
    ops: OpsTask,
    store: Arc<Store>,
    health: Health,
    drain: CancellationToken,
    grpc: JoinHandle<()>,
    background: Background,
    /// Where there is a tokens file.
    following: Option<JoinHandle<()>>,
}

impl App {
    /// Starts the service: what tells whether it is ready, the store, what delivers, and last what
    /// takes calls.
    ///
    /// # Errors
    /// A sentence for the operator: what could not be opened, and why.
    pub async fn start(
        settings: ServeArgs,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        telemetry: &Telemetry,
    ) -> anyhow::Result<Self> {
        settings.check()?;
        let follower = settings.tokens_file.as_deref().map(follow_tokens).transpose()?;
        let listener = TcpListener::bind(settings.listen)
            .await
            .with_context(|| cannot_listen(settings.listen))?;
        let address = listener.local_addr()?;
        let ops = OpsTask::start(settings.ops_listen, telemetry.text.clone()).await?;
        let tls = tls(&settings, clock.now())?;
        let connections = ConnectionLimits {
            count: usize::try_from(settings.max_connections)?,
            age: settings.connection_age,
        };
        let retention =
            RetentionLimits { deliveries: settings.retention, log: settings.log_retention() };
        let addresses = AddressPolicy::new(settings.allow_networks, vec![address, ops.address]);
        let client_settings = ClientSettings { ca_file: settings.ca_file };
        let client = WebhookClient::new(&client_settings, addresses.clone())?;
        let store_settings = StoreSettings {
            database_url: settings.database_url.expose().to_owned(),
            master_key_file: settings.master_key_file,
            room: RoomLimits {
                in_flight_max: settings.max_in_flight,
                endpoint_in_flight_max: settings.endpoint_max_in_flight,
            },
            request_timeout: settings.request_timeout,
            metrics: telemetry.metrics.clone(),
        };
        let (store, handed) = Store::open(store_settings, clock, Arc::clone(&random)).await?;
        // From here on everybody goes by the database's time.
        let clock = store.clock();

        let deliverer = Deliverer {
            queue: Arc::clone(store.queue()),
            sender: Arc::new(client),
            defaults: DeliveryDefaults {
                retry_schedule: settings.retry_schedule,
                request_timeout: settings.request_timeout,
            },
            clock: Arc::clone(&clock),
            random: Arc::clone(&random),
            mishaps: Mishaps::new(telemetry.metrics.clone()),
            traces: telemetry.traces.clone(),
        };
        let deliverer = Arc::new(deliverer);
        let drain = CancellationToken::new();
        let watches = WatchSettings::new(drain.clone());
        let gauges = Gauges::new(&store, watches.lags.clone(), settings.max_in_flight);
        telemetry.show(&(Arc::clone(&gauges) as Arc<dyn Readings>));
        let background = BackgroundSettings {
            suspend_after: settings.suspend_after,
            retention,
            patience: DELIVERIES_PATIENCE,
        };
        let background = Background::start(&store, &deliverer, gauges, handed, background);

        let parts = Parts {
            url_policy: UrlPolicy { allow_http: settings.allow_http, addresses },
            custom_types: settings.custom_event_types,
            deliverer,
            watches,
            streams: StreamSettings::new(drain.clone()),
            retention: settings.retention,
            traces: telemetry.traces.clone(),
        };
        let services = services(&store, parts, &random);
        let credentials = follower.as_ref().map(TokensFollower::credentials);
        let gate = Gate::new(credentials, RefusalLog::new(Arc::clone(&clock)));
        let following = follower.map(|follower| tokio::spawn(follower.run(drain.clone())));
        if let Some(tls) = &tls {
            tokio::spawn(Arc::clone(tls).follow_files(Arc::clone(&clock), drain.clone()));
        }
        let server = ServerSettings {
            connections,
            tls,
            gate,
            web_origins: settings.web_origins,
            metrics: telemetry.metrics.clone(),
            traces: telemetry.traces.clone(),
            random,
            stop: drain.clone(),
        };
        let (health, grpc) = server::serve(listener, services, server);
        health.serving().await;
        ops.readiness.started(Arc::clone(&store));
        let grpc = tokio::spawn(grpc);
        Ok(Self { address, ops, store, health, drain, grpc, background, following })
    }

    /// Runs until the server fails, or a part without which nothing is delivered: a process that
    /// takes events and sends none is worse than one that is started again.
    ///
    /// # Errors
    /// Why it failed.
    pub async fn failed(&mut self) -> anyhow::Error {
        tokio::select! {
            ended = &mut self.grpc => match ended {
                Ok(()) => anyhow::anyhow!("the gRPC server ended"),
                Err(error) => anyhow::Error::new(error).context("the gRPC server failed"),
            },
            error = self.background.failed() => error,
        }
    }

    /// Stops: says so to health checkers, ends watches with a token, finishes calls, then
    /// deliveries.
    pub async fn stop(self) {
        self.ops.readiness.draining();
        self.health.draining().await;
        self.drain.cancel();
        if tokio::time::timeout(CALLS_PATIENCE, self.grpc).await.is_err() {
            tracing::warn!("some calls did not end in time");
        }
        self.background.stop().await;
        if let Some(following) = self.following
            && following.await.is_err()
        {
            tracing::warn!("the tokens file was no longer followed");
        }
        if let Err(error) = self.store.close().await {
            tracing::warn!(%error, "the database could not be closed");
        }
    }
}

fn cannot_listen(address: SocketAddr) -> String {
    format!("cannot listen on {address}: end what listens there, or give another --listen")
}

/// Tells of the service over HTTP, from before it is ready until everything has stopped.
struct OpsTask {
    address: SocketAddr,
    readiness: Arc<Readiness>,
    _task: AbortOnDropHandle<()>,
}

impl OpsTask {
    async fn start(listen: SocketAddr, metrics: MetricsText) -> anyhow::Result<Self> {
        let listener = ops::bind(listen).await.with_context(|| {
            format!("cannot serve metrics and health on {listen}, which --ops-listen sets")
        })?;
        let address = listener.local_addr()?;
        let readiness = Arc::new(Readiness::default());
        let ops = Ops { metrics, readiness: Arc::clone(&readiness) };
        let task = AbortOnDropHandle::new(tokio::spawn(ops.serve(listener)));
        tracing::info!(%address, "metrics and health are served");
        Ok(Self { address, readiness, _task: task })
    }
}

/// Reads the tokens file for the first time.
fn follow_tokens(path: &Path) -> anyhow::Result<TokensFollower> {
    TokensFollower::open(path.to_owned())
        .with_context(|| format!("the tokens file {}", path.display()))
}

/// TLS as it is set; `None` where it is not.
fn tls(settings: &ServeArgs, now: Timestamp) -> Result<Option<Arc<Tls>>, InvalidTls> {
    let Some((cert, key)) = settings.tls_cert.clone().zip(settings.tls_key.clone()) else {
        return Ok(None);
    };
    let files = TlsFiles {
        cert,
        key,
        client_ca: settings.tls_client_ca.clone(),
        client_certificates: match settings.tokens_file {
            Some(_) => ClientCertificates::IfGiven,
            None => ClientCertificates::Required,
        },
    };
    Tls::load(files, now).map(Arc::new).map(Some)
}
