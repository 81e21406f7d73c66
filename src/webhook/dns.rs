//! Looks names up in the hosts file and in the DNS, without the operating system's resolver: a
//! `getaddrinfo` that waits for a dead name server holds a thread, with no way to end it, and a
//! few endpoints with dead names would hold all the threads there are.
//!
//! Here a look-up is a task that can be dropped. Attempts that want the same name at the same time
//! share one, so that an endpoint's dead name costs one place however many attempts it has; the
//! answers are kept as long as their TTL says.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, FutureExt, Shared, WeakShared, select};
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::{Name, RecordType};
use hickory_resolver::{Hosts, Resolver, ResolverBuilder, TokioResolver};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::resolver::Resolve;

/// Most look-ups under way: as many as requests by default, so that dead names, which share
/// nothing, do not keep a live one waiting. Each has two sockets while it is asked.
const LOOKUPS_MAX: usize = 1_024;
/// How long a name server may take for one answer, before it is asked again: below half of the
/// default deadline, so that one lost packet does not fail an attempt.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
/// How often it is asked again.
const ASKED_AGAIN_MAX: usize = 2;
/// How long a look-up may take in all, its retries included.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the addresses of one family wait for those of the other, so that a name server that
/// drops one kind of question does not hold every attempt (RFC 8305, section 3).
const OTHER_FAMILY_DELAY: Duration = Duration::from_millis(50);
/// Most addresses of one family that are taken of an answer.
const ADDRESSES_MAX: usize = 128;
/// Most answers that are kept: a few hundred bytes each.
const ANSWERS_KEPT_MAX: u64 = 16_384;
/// Longest that an answer is kept, whatever its TTL says: an endpoint that moved is found again.
const KEPT_MAX: Duration = Duration::from_mins(5);
/// Longest that it is kept that there is no answer: a name that was just made is found soon.
const NO_ANSWER_KEPT_MAX: Duration = Duration::from_secs(10);

/// Looks names up; cheap to clone.
#[derive(Clone)]
pub struct DnsResolver(Arc<Inner>);

struct Inner {
    dns: TokioResolver,
    hosts: Hosts,
    places: Semaphore,
    under_way: Mutex<HashMap<String, WeakShared<LookUp>>>,
}

type Answer = Result<Arc<[IpAddr]>, LookUpFailure>;
type LookUp = BoxFuture<'static, Answer>;

/// Why a name has no addresses now; the text goes on from "host name does not resolve: ".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LookUpFailure {
    /// The name servers say that it does not exist.
    #[error("there is no such name")]
    NoSuchName,
    /// It exists and has no addresses.
    #[error("the name has no addresses")]
    NoAddresses,
    /// They did not answer in time: try again later.
    #[error("the name servers did not answer")]
    NoAnswer,
    /// They, or those that they asked, failed: try again later.
    #[error("the name servers failed: {0}")]
    Failed(String),
}

impl DnsResolver {
    /// Asks the name servers of the system (`/etc/resolv.conf`), read once; where it names none,
    /// the one on this machine, as resolv.conf(5) says. Names are taken as they are, without the
    /// system's search domains: those lead into the operator's own network.
    #[must_use]
    pub fn system() -> Self {
        match TokioResolver::builder_tokio() {
            Ok(builder) => Self::build(builder),
            Err(error) => {
                tracing::warn!(%error, "no name servers are configured; asking 127.0.0.1");
                Self::asking(SocketAddr::from((Ipv4Addr::LOCALHOST, 53)))
            }
        }
    }

    /// Asks this name server.
    #[must_use]
    pub fn asking(name_server: SocketAddr) -> Self {
        let connections =
            [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                connection.port = name_server.port();
                connection
            });
        let server = NameServerConfig::new(name_server.ip(), true, connections.to_vec());
        let config = ResolverConfig::from_name_servers(vec![server]);
        Self::build(Resolver::builder_with_config(config, TokioRuntimeProvider::default()))
    }

    fn build(mut builder: ResolverBuilder<TokioRuntimeProvider>) -> Self {
        limit(builder.options_mut());
        let dns = builder.build().expect("without TLS there is nothing to fail");
        let hosts = Hosts::from_system().unwrap_or_default();
        Self(Arc::new(Inner {
            dns,
            hosts,
            places: Semaphore::new(LOOKUPS_MAX),
            under_way: Mutex::default(),
        }))
    }

    /// The look-up of this name that is under way, or a new one.
    fn join(&self, host: String) -> Shared<LookUp> {
        let mut under_way = self.0.lock();
        let running = under_way.get(&host).and_then(WeakShared::upgrade);
        if let Some(running) = running.filter(|look_up| look_up.peek().is_none()) {
            return running;
        }
        let (inner, name) = (Arc::clone(&self.0), host.clone());
        let look_up = async move { inner.look_up(&name).await }.boxed().shared();
        under_way.retain(|_, look_up| look_up.upgrade().is_some());
        let joined = look_up.downgrade().expect("it has not ended before it began");
        under_way.insert(host, joined);
        look_up
    }
}

impl Resolve for DnsResolver {
    fn resolve(&self, host: String, port: u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        let look_up = self.join(host);
        async move {
            let addresses = look_up.await.map_err(io::Error::other)?;
            Ok(addresses.iter().map(|ip| SocketAddr::new(*ip, port)).collect())
        }
        .boxed()
    }
}

impl Inner {
    async fn look_up(&self, host: &str) -> Answer {
        let mut name = Name::from_ascii(host).map_err(|_| LookUpFailure::NoSuchName)?;
        name.set_fqdn(true);
        if let Some(addresses) = self.in_hosts_file(&name) {
            return Ok(addresses);
        }
        let _place = self.places.acquire().await.expect("the places are never closed");
        timeout(LOOKUP_TIMEOUT, self.ask(&name)).await.unwrap_or(Err(LookUpFailure::NoAnswer))
    }

    fn in_hosts_file(&self, name: &Name) -> Option<Arc<[IpAddr]>> {
        let found: Arc<[IpAddr]> = [RecordType::AAAA, RecordType::A]
            .into_iter()
            .filter_map(|kind| self.hosts.lookup_static_host(&Query::query(name.clone(), kind)))
            .flat_map(|lookup| addresses(&lookup))
            .collect();
        (!found.is_empty()).then_some(found)
    }

    /// Asks for both families at once.
    async fn ask(&self, name: &Name) -> Answer {
        let v6 = pin!(self.dns.lookup(name.clone(), RecordType::AAAA));
        let v4 = pin!(self.dns.lookup(name.clone(), RecordType::A));
        let (v6, v4) = match select(v6, v4).await {
            Either::Left((v6, v4)) => {
                let v6 = judge(v6);
                let v4 = after_the_first(v6.is_ok(), v4).await;
                (v6, v4)
            }
            Either::Right((v4, v6)) => {
                let v4 = judge(v4);
                let v6 = after_the_first(v4.is_ok(), v6).await;
                (v6, v4)
            }
        };
        match (v6, v4) {
            (Ok(v6), Ok(v4)) => Ok(v6.into_iter().chain(v4).collect()),
            (Ok(found), Err(_)) | (Err(_), Ok(found)) => Ok(found.into()),
            // Of two reasons, the one that says more than that one family is missing.
            (Err(LookUpFailure::NoAddresses), Err(failure)) | (Err(failure), Err(_)) => {
                Err(failure)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, WeakShared<LookUp>>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for the second family: shortly where the first has addresses.
async fn after_the_first(
    first_is_found: bool,
    second: impl Future<Output = Result<Lookup, NetError>>,
) -> Result<Vec<IpAddr>, LookUpFailure> {
    if !first_is_found {
        return judge(second.await);
    }
    timeout(OTHER_FAMILY_DELAY, second).await.map_or(Err(LookUpFailure::NoAnswer), judge)
}

fn judge(answer: Result<Lookup, NetError>) -> Result<Vec<IpAddr>, LookUpFailure> {
    match answer {
        Ok(lookup) => {
            let found = addresses(&lookup);
            if found.is_empty() { Err(LookUpFailure::NoAddresses) } else { Ok(found) }
        }
        Err(error) if error.is_nx_domain() => Err(LookUpFailure::NoSuchName),
        Err(error) if error.is_no_records_found() => Err(LookUpFailure::NoAddresses),
        Err(NetError::Timeout) => Err(LookUpFailure::NoAnswer),
        Err(error) => Err(LookUpFailure::Failed(error.to_string())),
    }
}

fn addresses(lookup: &Lookup) -> Vec<IpAddr> {
    let ips = lookup.answers().iter().filter_map(|record| record.data.ip_addr());
    ips.take(ADDRESSES_MAX).collect()
}

fn limit(options: &mut ResolverOpts) {
    options.timeout = ANSWER_TIMEOUT;
    options.attempts = ASKED_AGAIN_MAX;
    options.cache_size = ANSWERS_KEPT_MAX;
    options.positive_max_ttl = Some(KEPT_MAX);
    options.negative_max_ttl = Some(NO_ANSWER_KEPT_MAX);
    options.max_active_requests = 2 * LOOKUPS_MAX;
    // Asked here, so that a name that stands in the file with one family is not asked for the other.
    options.use_hosts_file = ResolveHosts::Never;
    // Answers are guessed less easily (RFC 5452, section 9.2).
    options.os_port_selection = true;
}
