//! The service put together: in which order its parts start, and in which they stop.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::ServeArgs;
use crate::delivery::deliver::{Deliverer, DeliveryDefaults};
use crate::delivery::dispatcher::{Dispatcher, RELEASE_PATIENCE};
use crate::delivery::mishaps::Mishaps;
use crate::delivery::retention::{Retention, RetentionLimits};
use crate::delivery::suspension::Suspension;
use crate::delivery::{counting, recovery, rescue};
use crate::domain::address::AddressPolicy;
use crate::domain::attempt::Attempt;
use crate::domain::clock::{Clock, Timestamp};
use crate::domain::endpoint::Endpoint;
use crate::domain::event::TestEvent;
use crate::domain::random::Random;
use crate::domain::type_name::CustomTypes;
use crate::grpc::audit::RefusalLog;
use crate::grpc::authentication::Gate;
use crate::grpc::connections::ConnectionLimits;
use crate::grpc::delivery_query::Query;
use crate::grpc::endpoint_admin::Admin;
use crate::grpc::endpoint_fields::UrlPolicy;
use crate::grpc::endpoint_test::{TestSender, Tests};
use crate::grpc::event_ingest::Ingest;
use crate::grpc::server::{self, Health, ServerSettings, Services};
use crate::grpc::stream_limits::StreamSettings;
use crate::grpc::tls::{ClientCertificates, InvalidTls, Tls, TlsFiles};
use crate::grpc::tokens_follower::TokensFollower;
use crate::grpc::watch::WatchSettings;
use crate::store::room::RoomLimits;
use crate::store::{Store, StoreSettings};
use crate::webhook::{ClientSettings, WebhookClient};

/// How long calls that are under way may take to end once the process is asked to.
const CALLS_PATIENCE: Duration = Duration::from_secs(8);
/// How long deliveries that are under way may take to end after that. What does not is released,
/// and sent again.
const DELIVERIES_PATIENCE: Duration = Duration::from_secs(14);
/// How long an orchestrator is told to wait.
const STOP_MAX: Duration = Duration::from_secs(25);
const _: () = assert!(
    CALLS_PATIENCE.as_secs() + DELIVERIES_PATIENCE.as_secs() + RELEASE_PATIENCE.as_secs()
        < STOP_MAX.as_secs()
);

/// The running service.
pub struct App {
    /// Where gRPC is served.
    pub address: SocketAddr,
    store: Arc<Store>,
    health: Health,
    drain: CancellationToken,
    stop_dispatching: CancellationToken,
    grpc: JoinHandle<()>,
    dispatcher: JoinHandle<()>,
    rescue: JoinHandle<()>,
    suspension: JoinHandle<()>,
    retention: JoinHandle<()>,
    recovery: JoinHandle<()>,
    /// Where there is a tokens file.
    following: Option<JoinHandle<()>>,
    counting: JoinHandle<()>,
}

impl App {
    /// Starts the service: the store, what delivers, and last what takes calls.
    ///
    /// # Errors
    /// A sentence for the operator: what could not be opened, and why.
    pub async fn start(
        settings: ServeArgs,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> anyhow::Result<Self> {
        settings.check()?;
        let follower = settings.tokens_file.as_deref().map(follow_tokens).transpose()?;
        let listener = TcpListener::bind(settings.listen)
            .await
            .with_context(|| cannot_listen(settings.listen))?;
        let address = listener.local_addr()?;
        let tls = tls(&settings, clock.now())?;
        let connections = ConnectionLimits {
            count: usize::try_from(settings.max_connections)?,
            age: settings.connection_age,
        };
        let retention =
            RetentionLimits { deliveries: settings.retention, log: settings.log_retention() };
        let addresses = AddressPolicy::new(settings.allow_networks, vec![address]);
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
        };
        let (store, handed) = Store::open(store_settings, clock, Arc::clone(&random)).await?;
        // From here on everybody goes by the database's time.
        let clock = store.clock();

        let deliverer = Deliverer {
            store: Arc::clone(&store),
            client,
            defaults: DeliveryDefaults {
                retry_schedule: settings.retry_schedule,
                request_timeout: settings.request_timeout,
            },
            clock: Arc::clone(&clock),
            random: Arc::clone(&random),
            mishaps: Mishaps::default(),
        };
        let stop_dispatching = CancellationToken::new();
        let deliverer = Arc::new(deliverer);
        let dispatcher =
            Dispatcher::new(Arc::clone(&store), Arc::clone(&deliverer), Arc::clone(&clock));
        let rescue =
            rescue::run(Arc::clone(&store), dispatcher.under_way(), stop_dispatching.clone());
        let rescue = tokio::spawn(rescue);
        let dispatcher = dispatcher.run(handed, stop_dispatching.clone(), DELIVERIES_PATIENCE);
        let dispatcher = tokio::spawn(dispatcher);
        let suspension = Suspension {
            store: Arc::clone(&store),
            after: settings.suspend_after,
            clock: Arc::clone(&clock),
        };
        let suspension = tokio::spawn(suspension.run(stop_dispatching.clone()));
        let retention =
            Retention { store: Arc::clone(&store), limits: retention, clock: Arc::clone(&clock) };
        let retention = tokio::spawn(retention.run(stop_dispatching.clone()));
        let recovery = tokio::spawn(recovery::run(Arc::clone(&store), stop_dispatching.clone()));
        let counting = tokio::spawn(counting::run(Arc::clone(&store), stop_dispatching.clone()));

        let drain = CancellationToken::new();
        let url_policy = UrlPolicy { allow_http: settings.allow_http, addresses };
        let tests = Tests::new(Arc::new(Tester(deliverer)));
        let custom_types = settings.custom_event_types;
        let services =
            services(&store, url_policy, custom_types, tests, &drain, &random, settings.retention);
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
            random,
            stop: drain.clone(),
        };
        let (health, grpc) = server::serve(listener, services, server);
        health.serving().await;
        let grpc = tokio::spawn(grpc);
        Ok(Self {
            address,
            store,
            health,
            drain,
            stop_dispatching,
            grpc,
            dispatcher,
            rescue,
            suspension,
            retention,
            recovery,
            following,
            counting,
        })
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
            _ = &mut self.dispatcher => anyhow::anyhow!("the dispatcher failed"),
            _ = &mut self.rescue => anyhow::anyhow!("the rescue of leases failed"),
        }
    }

    /// Stops: says so to health checkers, ends watches with a token, finishes calls, then
    /// deliveries.
    pub async fn stop(self) {
        self.health.draining().await;
        self.drain.cancel();
        if tokio::time::timeout(CALLS_PATIENCE, self.grpc).await.is_err() {
            tracing::warn!("some calls did not end in time");
        }
        self.stop_dispatching.cancel();
        if self.dispatcher.await.is_err() {
            tracing::warn!("the dispatcher had failed");
        }
        if self.rescue.await.is_err() {
            tracing::warn!("the rescue of leases had failed");
        }
        if self.suspension.await.is_err() {
            tracing::warn!("the suspension of endpoints had failed");
        }
        if self.retention.await.is_err() {
            tracing::warn!("the deletion of what is old had failed");
        }
        if self.recovery.await.is_err() {
            tracing::warn!("the recovery of endpoints had failed");
        }
        if let Some(following) = self.following
            && following.await.is_err()
        {
            tracing::warn!("the tokens file was no longer followed");
        }
        if self.counting.await.is_err() {
            tracing::warn!("the counting of deliveries had failed");
        }
        if let Err(error) = self.store.close().await {
            tracing::warn!(%error, "the database could not be closed");
        }
    }
}

fn cannot_listen(address: SocketAddr) -> String {
    format!("cannot listen on {address}: end what listens there, or give another --listen")
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

/// Lets `grpc` test endpoints with what `delivery` sends with.
struct Tester(Arc<Deliverer>);

#[tonic::async_trait]
impl TestSender for Tester {
    async fn send(&self, target: &Endpoint, event: &TestEvent) -> Attempt {
        self.0.test(target, event).await
    }
}

fn services(
    store: &Arc<Store>,
    url_policy: UrlPolicy,
    custom_types: CustomTypes,
    tests: Tests,
    drain: &CancellationToken,
    random: &Arc<dyn Random>,
    retention: Duration,
) -> Services {
    let clock = store.clock();
    Services {
        ingest: Ingest {
            store: Arc::clone(store),
            clock: Arc::clone(&clock),
            random: Arc::clone(random),
            custom_types: custom_types.clone(),
            streams: StreamSettings::new(drain.clone()),
        },
        admin: Admin {
            store: Arc::clone(store),
            url_policy,
            custom_types,
            clock: Arc::clone(&clock),
            random: Arc::clone(random),
            tests,
        },
        query: Query {
            store: Arc::clone(store),
            watches: WatchSettings::new(drain.clone()),
            random: Arc::clone(random),
            clock,
            retention,
        },
    }
}
