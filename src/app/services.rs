//! The three services, put together from the parts that they need.

use std::sync::Arc;
use std::time::Duration;

use crate::delivery::deliver::Deliverer;
use crate::domain::attempt::Attempt;
use crate::domain::endpoint::Endpoint;
use crate::domain::event::TestEvent;
use crate::domain::random::Random;
use crate::domain::type_name::CustomTypes;
use crate::grpc::delivery_query::Query;
use crate::grpc::endpoint_admin::Admin;
use crate::grpc::endpoint_fields::UrlPolicy;
use crate::grpc::endpoint_test::{TestSender, Tests};
use crate::grpc::event_ingest::Ingest;
use crate::grpc::server::Services;
use crate::grpc::stream_limits::StreamSettings;
use crate::grpc::watch::WatchSettings;
use crate::store::Store;
use crate::telemetry::traces::Traces;

/// Lets `grpc` test endpoints with what `delivery` sends with.
struct Tester(Arc<Deliverer>);

#[tonic::async_trait]
impl TestSender for Tester {
    async fn send(&self, target: &Endpoint, event: &TestEvent) -> Attempt {
        self.0.test(target, event).await
    }
}

/// What the services need, each some of it.
pub struct Parts {
    /// Which URLs endpoints may have.
    pub url_policy: UrlPolicy,
    /// Which types there are beside those that are built in.
    pub custom_types: CustomTypes,
    /// What sends tests.
    pub deliverer: Arc<Deliverer>,
    /// How watches behave.
    pub watches: WatchSettings,
    /// What ends streams of publishes.
    pub streams: StreamSettings,
    /// How long deliveries are kept.
    pub retention: Duration,
    /// Makes spans of commits.
    pub traces: Traces,
}

/// Puts them together.
pub fn services(store: &Arc<Store>, parts: Parts, random: &Arc<dyn Random>) -> Services {
    let Parts { url_policy, custom_types, deliverer, watches, streams, retention, traces } = parts;
    let clock = store.clock();
    Services {
        ingest: Ingest {
            store: Arc::clone(store),
            clock: Arc::clone(&clock),
            random: Arc::clone(random),
            custom_types: custom_types.clone(),
            streams,
            traces,
        },
        admin: Admin {
            store: Arc::clone(store),
            url_policy,
            custom_types,
            clock: Arc::clone(&clock),
            random: Arc::clone(random),
            tests: Tests::new(Arc::new(Tester(deliverer))),
        },
        query: Query {
            store: Arc::clone(store),
            watches,
            random: Arc::clone(random),
            clock,
            retention,
        },
    }
}
