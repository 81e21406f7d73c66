//! The real binary as a child process, and clients for it.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use bookora_webhooks::proto::delivery_query_client::DeliveryQueryClient;
use bookora_webhooks::proto::endpoint_admin_client::EndpointAdminClient;
use bookora_webhooks::proto::event_ingest_client::EventIngestClient;
use sea_orm::ConnectionTrait;
use tempfile::TempDir;
use tonic::transport::Channel;

use crate::database::{FreshDatabase, ask, connect, master_key_file};

/// How long anything awaited may take before a test fails: far longer than it does.
pub const PATIENCE: Duration = Duration::from_mins(2);

const ALLOW_LOOPBACK: &str = "--allow-network=127.0.0.0/8";

/// A running service. It is killed when dropped.
pub struct Service {
    child: Child,
    address: String,
    launch: Launch,
}

/// How a process is started, and started again.
struct Launch {
    database_url: String,
    /// Where it has one of its own.
    _database: Option<FreshDatabase>,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    /// Has what it says on standard error; and the database, where that is a file of its own.
    folder: TempDir,
}

impl Service {
    /// Starts the service on a database of its own, with loopback allowed and these arguments
    /// besides.
    pub fn start(arguments: &[&str]) -> Self {
        Launch::on_its_own(&[&[ALLOW_LOOPBACK], arguments].concat()).start(None)
    }

    /// The same without loopback allowed: it sends to the public internet only.
    pub fn start_strict() -> Self {
        Launch::on_its_own(&[]).start(None)
    }

    /// Starts the service as [`Service::start`] does, to end by itself at a failpoint. After a
    /// restart it has none.
    pub fn start_failing(arguments: &[&str], failpoint: &str) -> Self {
        Launch::on_its_own(&[&[ALLOW_LOOPBACK], arguments].concat()).start(Some(failpoint))
    }

    /// Starts the service as [`Service::start_failing`] does; where the failpoint is in the start,
    /// it has to say why it ends, and is started again without.
    pub async fn start_in_the_end(arguments: &[&str], failpoint: &str) -> Self {
        let launch = Launch::on_its_own(&[&[ALLOW_LOOPBACK], arguments].concat());
        let mut child = launch.spawn(Some(failpoint));
        let address = Launch::try_address(&mut child);
        let has_started = address.is_some();
        let mut service = Self { child, address: address.unwrap_or_default(), launch };
        if !has_started {
            assert_eq!(service.ended().await.code(), Some(1));
            assert!(service.log().contains("bookora-webhooks: "), "it says why");
            service.restart();
        }
        service
    }

    /// Other arguments from the next start on, loopback allowed besides.
    pub fn change_arguments(&mut self, arguments: &[&str]) {
        self.launch.arguments = owned(&[&[ALLOW_LOOPBACK], arguments].concat());
    }

    /// Starts the service as [`Service::start`] does, on a database that is there.
    pub fn start_on(database_url: &str, arguments: &[&str]) -> Self {
        Launch::on(database_url, arguments).start(None)
    }

    /// The same, without waiting until it is ready.
    pub fn spawn_on(database_url: &str, arguments: &[&str]) -> Self {
        let launch = Launch::on(database_url, arguments);
        Self { child: launch.spawn(None), address: String::new(), launch }
    }

    /// Starts the service as [`Service::start`] does, with these variables in its environment.
    pub fn start_with(variables: &[(&str, &str)], arguments: &[&str]) -> Self {
        let launch = Launch::on_its_own(&[&[ALLOW_LOOPBACK], arguments].concat());
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Launch { variables: variables.iter().map(owned).collect(), ..launch }.start(None)
    }

    /// Starts a service on each of these databases, all at the same moment.
    pub fn start_all_on(database_urls: &[&str], arguments: &[&str]) -> Vec<Self> {
        let launches = database_urls.iter().map(|url| Launch::on(url, arguments));
        let spawned: Vec<_> = launches.map(|launch| (launch.spawn(None), launch)).collect();
        spawned.into_iter().map(|(child, launch)| launch.ready(child)).collect()
    }

    /// Runs the service on the same database until it ends at a failpoint.
    pub async fn run_into(&mut self, failpoint: &str) {
        self.child = self.launch.spawn(Some(failpoint));
        // Nobody reads that it is ready, but it is to be able to say so.
        let _stdout = self.child.stdout.take();
        assert!(!self.ended().await.success(), "{failpoint} was passed");
    }

    /// Whether the process has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it can be asked").is_some()
    }

    /// Ends the process as a loss of power would (SIGKILL).
    pub fn kill(&mut self) {
        self.child.kill().expect("the process runs");
        self.child.wait().expect("the process ends");
    }

    /// Starts the service again on the same database, after it was killed or stopped.
    pub fn restart(&mut self) {
        (self.child, self.address) = self.launch.start_process(None);
    }

    /// The same, to end by itself at a failpoint.
    pub fn restart_failing(&mut self, failpoint: &str) {
        (self.child, self.address) = self.launch.start_process(Some(failpoint));
    }

    /// Asks the process to stop (SIGTERM).
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends the process a signal, by its name.
    pub fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        let status = kill.args(["-s", name]).arg(self.child.id().to_string()).status();
        assert!(status.expect("kill runs").success(), "the process could be told");
    }

    /// Waits until the process has ended.
    pub async fn ended(&mut self) -> ExitStatus {
        eventually("the process ends", async || self.child.try_wait().expect("it can be asked"))
            .await
    }

    /// The database.
    pub fn database_url(&self) -> &str {
        &self.launch.database_url
    }

    /// What the process has logged, over all its starts.
    pub fn log(&self) -> String {
        self.launch.logged()
    }

    /// Waits until the process has logged a line with all of these in it.
    pub async fn logged(&self, parts: &[&str]) {
        let is_it = |line: &str| parts.iter().all(|part| line.contains(part));
        let found = async || self.log().lines().any(is_it).then_some(());
        eventually(&format!("it logs {parts:?}"), found).await;
    }

    /// A number from the process's database.
    pub async fn ask_database(&self, question: &str) -> i64 {
        ask(self.database_url(), question).await
    }

    /// Changes the database beside the process.
    pub async fn change_database(&self, sql: &str) {
        let database = connect(self.database_url()).await;
        database.execute_unprepared(sql).await.expect("it is changed");
        database.close().await.expect("the connection ends");
    }

    /// Memory of the process that is in RAM now, in bytes (Linux).
    pub fn resident_bytes(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).expect("the process runs");
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = resident.and_then(|rest| rest.trim().strip_suffix(" kB")).expect("in kB");
        kib.parse::<u64>().expect("a number") * 1024
    }

    /// Where gRPC is served, `ip:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Where metrics and health are served, `ip:port`: the process logs it.
    pub fn ops_address(&self) -> String {
        self.launch.ops_address().expect("it is logged before the service is ready")
    }

    /// The same, of a process that may not have come so far.
    pub async fn ops_address_in_time(&self) -> String {
        eventually("it says where", async || self.launch.ops_address()).await
    }

    /// A new connection, where the process lives.
    pub async fn try_channel(&self) -> Option<Channel> {
        let endpoint = Channel::from_shared(format!("http://{}", self.address)).expect("a URI");
        endpoint.connect().await.ok()
    }

    /// A new connection.
    pub async fn channel(&self) -> Channel {
        self.try_channel().await.expect("the service takes connections")
    }

    /// A new connection that takes at most 64 KiB before what came is read.
    pub async fn narrow_channel(&self) -> Channel {
        let endpoint = Channel::from_shared(format!("http://{}", self.address)).expect("a URI");
        let endpoint = endpoint.initial_stream_window_size(65_535);
        endpoint.connect().await.expect("the service takes connections")
    }

    /// A client of EndpointAdmin on a connection of its own.
    pub async fn admin(&self) -> EndpointAdminClient<Channel> {
        EndpointAdminClient::new(self.channel().await)
    }

    /// A client of EndpointAdmin, where the process lives.
    pub async fn try_admin(&self) -> Option<EndpointAdminClient<Channel>> {
        Some(EndpointAdminClient::new(self.try_channel().await?))
    }

    /// A client of EventIngest, where the process lives.
    pub async fn try_ingest(&self) -> Option<EventIngestClient<Channel>> {
        Some(EventIngestClient::new(self.try_channel().await?))
    }

    /// A client of EventIngest on a connection of its own.
    pub async fn ingest(&self) -> EventIngestClient<Channel> {
        EventIngestClient::new(self.channel().await)
    }

    /// A client of DeliveryQuery on a connection of its own.
    pub async fn query(&self) -> DeliveryQueryClient<Channel> {
        DeliveryQueryClient::new(self.channel().await)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the service on {} logged:\n{}", self.address, self.log());
        }
    }
}

impl Launch {
    fn on_its_own(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let database = FreshDatabase::new(folder.path());
        let database_url = database.url().to_owned();
        let (arguments, variables) = (owned(arguments), Vec::new());
        Self { database_url, _database: Some(database), arguments, variables, folder }
    }

    fn on(database_url: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let arguments = owned(&[&[ALLOW_LOOPBACK], arguments].concat());
        let (database_url, variables) = (database_url.to_owned(), Vec::new());
        Self { database_url, _database: None, arguments, variables, folder }
    }

    fn start(self, failpoint: Option<&str>) -> Service {
        let child = self.spawn(failpoint);
        self.ready(child)
    }

    fn ready(self, mut child: Child) -> Service {
        let address = self.address(&mut child);
        Service { child, address, launch: self }
    }

    fn start_process(&self, failpoint: Option<&str>) -> (Child, String) {
        let mut child = self.spawn(failpoint);
        let address = self.address(&mut child);
        (child, address)
    }

    fn spawn(&self, failpoint: Option<&str>) -> Child {
        let log = OpenOptions::new().append(true).create(true).open(self.log_file());
        let mut command = binary();
        command
            .args(serve_arguments(&self.database_url))
            .args(&self.arguments)
            .envs(self.variables.iter().cloned())
            .envs(failpoint.map(|failpoint| ("BOOKORA_FAILPOINT", failpoint)))
            .envs(master_key_file(&self.database_url).map(|file| ("BOOKORA_MASTER_KEY_FILE", file)))
            .stdout(Stdio::piped())
            .stderr(log.expect("a log can be written"));
        command.spawn().expect("the binary starts")
    }

    /// Where the process listens, once it says so.
    fn address(&self, child: &mut Child) -> String {
        Self::try_address(child).unwrap_or_else(|| {
            panic!("the service did not say that it is ready, but:\n{}", self.logged())
        })
    }

    /// `None` where it ends before.
    fn try_address(child: &mut Child) -> Option<String> {
        let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        let ready = lines.next()?.expect("in UTF-8");
        Some(ready.rsplit_once(' ').expect("with its address").1.to_owned())
    }

    fn ops_address(&self) -> Option<String> {
        let logged = self.logged();
        let line = logged.lines().rfind(|line| line.contains("metrics and health are served"))?;
        line.rsplit_once("address=").map(|(_, address)| address.to_owned())
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("service.log")
    }

    fn logged(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }
}

fn owned(arguments: &[&str]) -> Vec<String> {
    arguments.iter().map(ToString::to_string).collect()
}

/// The binary that cargo built for these tests.
pub fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bookora-webhooks"));
    // What is set on the machine of whoever runs the tests is not to matter.
    for (name, _) in std::env::vars()
        .filter(|(name, _)| name.starts_with("BOOKORA_") || name.starts_with("OTEL_"))
    {
        command.env_remove(name);
    }
    command
}

/// Arguments of `serve` on a database.
pub fn serve_arguments(database_url: &str) -> Vec<String> {
    vec![
        "serve".to_owned(),
        "--listen=127.0.0.1:0".to_owned(),
        "--ops-listen=127.0.0.1:0".to_owned(),
        format!("--database-url={database_url}"),
    ]
}

/// Asks again and again until there is an answer; fails the test after [`PATIENCE`].
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("in time: {what}"))
}
