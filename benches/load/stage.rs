//! All processes of a scenario, and one measurement on them.

use std::fs;
use std::time::Duration;

use anyhow::{Context, ensure};
use bookora_webhooks::proto::endpoint_admin_client::EndpointAdminClient;
use bookora_webhooks::proto::{CreateEndpointRequest, Endpoint};
use tonic::transport::Channel;

use super::database::{Database, Kind};
use super::kernel::{Used, rss_mib, used_by};
use super::latency::Latencies;
use super::publisher::{self, Plan, Published, account};
use super::receiver::{self, Command, Place, Report, SECRET};
use super::role::Role;
use super::sender;
use super::service::{Service, make_master_key};

/// A delivery counts as lost when nothing has come for so long: longer than a first retry waits.
const SILENCE_MILLIS: u64 = 45_000;
/// Outcomes are all recorded when the service has done nothing for so long.
const SETTLED: Duration = Duration::from_millis(300);
/// Less processor time than this in a look is nothing: its own look at the clock.
const IDLE_CPU_SECONDS: f64 = 0.03;
/// Looks before it counts as never idle.
const LOOKS_MAX: usize = 200;

/// What runs.
pub struct Stage {
    pub services: Vec<Service>,
    publisher: Role,
    receiver: Role,
    sender: Role,
    place: Place,
    /// Behind those who use it: it is dropped when they have ended.
    pub database: Database,
    /// The memory of a service that has done nothing yet.
    pub rss_idle_mib: f64,
}

/// What one measurement gave.
pub struct Measured {
    pub events: u64,
    pub deliveries: u64,
    pub deliveries_per_s: f64,
    pub events_per_s: f64,
    pub used: Used,
    /// To the receipt; to the acknowledgement where there are no deliveries.
    pub latencies: Latencies,
    pub lost: u64,
    pub repeated: u64,
    pub wrong: u64,
}

impl Measured {
    /// What is counted: deliveries, or events where there are none.
    pub fn count(&self) -> f64 {
        number(if self.deliveries == 0 { self.events } else { self.deliveries })
    }

    pub fn cpu_per_10k(&self) -> f64 {
        self.used.cpu_seconds * 10_000.0 / self.count()
    }
}

/// What the bare sender gave.
pub struct Yardstick {
    pub per_s: f64,
    pub cpu_per_10k: f64,
}

impl Stage {
    /// Starts everything, with so many replicas.
    pub async fn set(kind: Kind, replicas: usize) -> anyhow::Result<Self> {
        let database = Database::make(kind).await?;
        let mut receiver = Role::start(receiver::NAME)?;
        let place: Place = receiver.answer()?;
        fs::write(database.beside("receiver.pem"), &place.certificate_pem)?;
        make_master_key(&database.beside("keys"))?;
        let mut stage = Self {
            services: Vec::new(),
            publisher: Role::start(publisher::NAME)?,
            receiver,
            sender: Role::start(sender::NAME)?,
            place,
            database,
            rss_idle_mib: 0.0,
        };
        stage.start_services(replicas)?;
        tokio::time::sleep(SETTLED).await;
        stage.rss_idle_mib = stage.rss_mib()?;
        Ok(stage)
    }

    /// Starts so many replicas more.
    pub fn start_services(&mut self, replicas: usize) -> anyhow::Result<()> {
        let (keys, ca) = (self.database.beside("keys"), self.database.beside("receiver.pem"));
        for _ in 0..replicas {
            self.services.push(Service::start(&self.database.url, &keys, &ca)?);
        }
        Ok(())
    }

    /// Stops all replicas.
    pub fn stop_services(&mut self) -> anyhow::Result<()> {
        self.services.drain(..).try_for_each(Service::stop)
    }

    /// Of the largest replica.
    pub fn rss_mib(&self) -> anyhow::Result<f64> {
        let mut each = self.services.iter().map(|service| rss_mib(service.pid()));
        each.try_fold(0.0_f64, |largest, one| Ok(largest.max(one?)))
    }

    /// A channel to the first replica.
    pub async fn channel(&self) -> anyhow::Result<Channel> {
        let address = &self.services.first().context("one runs")?.address;
        Ok(Channel::from_shared(format!("http://{address}"))?.connect().await?)
    }

    /// Registers so many endpoints in each of these accounts; gives their ids.
    pub async fn register(
        &self,
        accounts: std::ops::Range<u32>,
        endpoints: u32,
        is_https: bool,
    ) -> anyhow::Result<Vec<String>> {
        let mut admin = EndpointAdminClient::new(self.channel().await?);
        let mut ids = Vec::new();
        for account_number in accounts {
            for number in 0..endpoints {
                ids.push(self.register_one(&mut admin, account_number, number, is_https).await?);
            }
        }
        Ok(ids)
    }

    async fn register_one(
        &self,
        admin: &mut EndpointAdminClient<Channel>,
        account_number: u32,
        number: u32,
        is_https: bool,
    ) -> anyhow::Result<String> {
        let (scheme, port) =
            if is_https { ("https", self.place.tls_port) } else { ("http", self.place.port) };
        let endpoint = Endpoint {
            account_id: account(account_number),
            url: format!("{scheme}://127.0.0.1:{port}/hooks/{number}"),
            ..Endpoint::default()
        };
        let request = CreateEndpointRequest {
            endpoint: Some(endpoint),
            secret: Some(SECRET.to_owned()),
            ..CreateEndpointRequest::default()
        };
        let created = admin.create_endpoint(request).await?.into_inner();
        Ok(created.endpoint.context("it is created")?.endpoint_id)
    }

    /// The replicas' addresses, for a plan.
    pub fn addresses(&self) -> Vec<String> {
        self.services.iter().map(|service| service.address.clone()).collect()
    }

    /// Publishes, and waits until all has come, is recorded, and every process is idle again.
    /// `endpoints` are those of one account.
    pub async fn measure(&mut self, plan: &Plan, endpoints: u32) -> anyhow::Result<Measured> {
        let awaited = u64::from(plan.events) * u64::from(endpoints);
        self.begin(plan.events, endpoints)?;
        let before = self.used()?;
        let published = self.publish(plan)?;
        ensure!(published.deliveries == awaited, "{} deliveries", published.deliveries);
        self.end(before, &published).await
    }

    /// Has the receiver begin a count.
    pub fn begin(&mut self, events: u32, endpoints: u32) -> anyhow::Result<()> {
        self.receiver.ask(&Command::Begin { events, endpoints })
    }

    /// Publishes what is planned.
    pub fn publish(&mut self, plan: &Plan) -> anyhow::Result<Published> {
        self.publisher.ask(plan)
    }

    /// Waits for what was published, and says what it took.
    pub async fn end(&mut self, before: Used, published: &Published) -> anyhow::Result<Measured> {
        self.receiver.ask::<()>(&Command::AwaitAll { silence_millis: SILENCE_MILLIS })?;
        let report: Report = self.receiver.ask(&Command::Report)?;
        self.settle().await?;
        let has_deliveries = published.deliveries > 0;
        let taken = if has_deliveries { &report.latencies } else { &published.latencies };
        let since = |nanos: u64| number(nanos.saturating_sub(published.begun_nanos)) / 1e9;
        let received =
            if has_deliveries { number(report.arrived) / since(report.last_nanos) } else { 0.0 };
        Ok(Measured {
            events: published.events,
            deliveries: published.deliveries,
            deliveries_per_s: received,
            events_per_s: number(published.events) / since(published.ended_nanos),
            used: self.used()? - before,
            latencies: Latencies::of(taken),
            lost: published.deliveries - report.arrived,
            repeated: report.repeated,
            wrong: report.wrong,
        })
    }

    /// Waits until the services do nothing.
    pub async fn settle(&self) -> anyhow::Result<()> {
        let mut before = self.used()?.cpu_seconds;
        for _ in 0..LOOKS_MAX {
            tokio::time::sleep(SETTLED).await;
            let now = self.used()?.cpu_seconds;
            if now - before < IDLE_CPU_SECONDS {
                return Ok(());
            }
            before = now;
        }
        anyhow::bail!("the service is never idle")
    }

    /// What the services and their database have used.
    pub fn used(&self) -> anyhow::Result<Used> {
        let mut all = vec![self.database.used()?];
        for service in &self.services {
            all.push(used_by(service.pid())?);
        }
        Ok(all.into_iter().sum())
    }

    /// Runs the bare sender.
    pub fn yardstick(&mut self, requests: u32) -> anyhow::Result<Yardstick> {
        self.begin(requests, 1)?;
        let pids = [self.sender.pid(), self.receiver.pid()];
        let used = || -> anyhow::Result<f64> {
            Ok(used_by(pids[0])?.cpu_seconds + used_by(pids[1])?.cpu_seconds)
        };
        let before = used()?;
        let seconds: f64 = self.sender.ask(&sender::Command { port: self.place.port, requests })?;
        let report: Report = self.receiver.ask(&Command::Report)?;
        ensure!(report.arrived == u64::from(requests) && report.wrong == 0, "the yardstick is off");
        let requests = f64::from(requests);
        Ok(Yardstick {
            per_s: requests / seconds,
            cpu_per_10k: (used()? - before) * 10_000.0 / requests,
        })
    }
}

/// A count as a number to reckon with.
#[expect(clippy::cast_precision_loss, reason = "counts of millions, times of minutes")]
pub fn number(count: u64) -> f64 {
    count as f64
}
