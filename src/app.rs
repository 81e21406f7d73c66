//! The service put together: in which order its parts start, and in which they stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::ServeArgs;
use crate::delivery::deliver::{Deliverer, DeliveryDefaults};
use crate::delivery::dispatcher::Dispatcher;
use crate::delivery::mishaps::Mishaps;
use crate::delivery::retention::{Retention, RetentionLimits};
use crate::delivery::suspension::Suspension;
use crate::delivery::{recovery, rescue};
use crate::domain::address::AddressPolicy;
use crate::domain::attempt::Attempt;
use crate::domain::clock::Clock;
use crate::domain::endpoint::Endpoint;
use crate::domain::event::TestEvent;
use crate::domain::random::Random;
use crate::domain::type_name::CustomTypes;
use crate::grpc::delivery_query::Query;
use crate::grpc::endpoint_admin::Admin;
use crate::grpc::endpoint_fields::UrlPolicy;
use crate::grpc::endpoint_test::{TestSender, Tests};
use crate::grpc::event_ingest::Ingest;
use crate::grpc::server::{self, Health, Services};
use crate::grpc::stream_limits::StreamSettings;
use crate::grpc::watch::WatchSettings;
use crate::store::room::RoomLimits;
use crate::store::{Store, StoreSettings};
use crate::webhook::{ClientSettings, WebhookClient};

/// How long calls that are under way may take to end once the process is asked to.
const CALLS_PATIENCE: Duration = Duration::from_secs(8);
/// How long deliveries that are under way may take to end after that; together with the above
/// below the 25 s that an orchestrator is told to wait. What does not end is sent again.
const DELIVERIES_PATIENCE: Duration = Duration::from_secs(14);

/// The running service.
pub struct App {
    /// Where gRPC is served.
    pub address: SocketAddr,
    store: Arc<Store>,
    health: Health,
    drain: CancellationToken,
    stop_dispatching: CancellationToken,
    grpc: JoinHandle<Result<(), tonic::transport::Error>>,
    dispatcher: JoinHandle<()>,
    rescue: JoinHandle<()>,
    suspension: JoinHandle<()>,
    retention: JoinHandle<()>,
    recovery: JoinHandle<()>,
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
        let listener = TcpListener::bind(settings.listen)
            .await
            .with_context(|| format!("cannot listen on {}", settings.listen))?;
        let address = listener.local_addr()?;
        let retention =
            RetentionLimits { deliveries: settings.retention, log: settings.log_retention() };
        let addresses = AddressPolicy::new(settings.allow_networks, vec![address]);
        let client_settings = ClientSettings { ca_file: settings.ca_file };
        let client = WebhookClient::new(&client_settings, addresses.clone())?;
        let store_settings = StoreSettings {
            database_url: settings.database_url,
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
        let dispatcher = tokio::spawn(dispatcher.run(handed, stop_dispatching.clone()));
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

        let drain = CancellationToken::new();
        let url_policy = UrlPolicy { allow_http: settings.allow_http, addresses };
        let tests = Tests::new(Arc::new(Tester(deliverer)));
        let custom_types = settings.custom_event_types;
        let services = services(&store, url_policy, custom_types, tests, &drain, &clock, &random);
        let (health, grpc) = server::serve(listener, services, drain.clone().cancelled_owned());
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
                Ok(Ok(())) => anyhow::anyhow!("the gRPC server ended"),
                Ok(Err(error)) => anyhow::Error::new(error).context("the gRPC server failed"),
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
        if tokio::time::timeout(DELIVERIES_PATIENCE, self.dispatcher).await.is_err() {
            tracing::warn!("some deliveries did not end in time; they are sent again");
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
        if let Err(error) = self.store.close().await {
            tracing::warn!(%error, "the database could not be closed");
        }
    }
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
    clock: &Arc<dyn Clock>,
    random: &Arc<dyn Random>,
) -> Services {
    Services {
        ingest: Ingest {
            store: Arc::clone(store),
            clock: Arc::clone(clock),
            random: Arc::clone(random),
            custom_types: custom_types.clone(),
            streams: StreamSettings::new(drain.clone()),
        },
        admin: Admin {
            store: Arc::clone(store),
            url_policy,
            custom_types,
            clock: Arc::clone(clock),
            random: Arc::clone(random),
            tests,
        },
        query: Query {
            store: Arc::clone(store),
            watches: WatchSettings::new(drain.clone()),
            random: Arc::clone(random),
        },
    }
}
