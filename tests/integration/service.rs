//! The real binary as a child process, and clients for it.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use bookora_webhooks::proto::delivery_query_client::DeliveryQueryClient;
use bookora_webhooks::proto::endpoint_admin_client::EndpointAdminClient;
use bookora_webhooks::proto::event_ingest_client::EventIngestClient;
use sea_orm::{ConnectionTrait, Database, Statement};
use tempfile::{NamedTempFile, TempDir};
use tonic::transport::Channel;

/// How long anything awaited may take before a test fails: far longer than it does.
pub const PATIENCE: Duration = Duration::from_mins(1);

const ALLOW_LOOPBACK: &str = "--allow-network=127.0.0.0/8";

/// A running service. It is killed when dropped.
pub struct Service {
    child: Child,
    address: String,
    arguments: Vec<String>,
    folder: TempDir,
    log: NamedTempFile,
}

impl Service {
    /// Starts the service on a database of its own, with loopback allowed and these arguments
    /// besides.
    pub fn start(arguments: &[&str]) -> Self {
        Self::launch(&[&[ALLOW_LOOPBACK], arguments].concat(), None)
    }

    /// The same without loopback allowed: it sends to the public internet only.
    pub fn start_strict() -> Self {
        Self::launch(&[], None)
    }

    /// Starts the service as [`Service::start`] does, to end by itself at a failpoint. After a
    /// restart it has none.
    pub fn start_failing(arguments: &[&str], failpoint: &str) -> Self {
        Self::launch(&[&[ALLOW_LOOPBACK], arguments].concat(), Some(failpoint))
    }

    /// Starts the service on a database in a folder that outlives it.
    pub fn start_in(folder: &Path) -> Self {
        let inside = tempfile::tempdir_in(folder).expect("a temporary folder");
        Self::launch_in(inside, &[ALLOW_LOOPBACK], None)
    }

    fn launch(arguments: &[&str], failpoint: Option<&str>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self::launch_in(folder, arguments, failpoint)
    }

    fn launch_in(folder: TempDir, arguments: &[&str], failpoint: Option<&str>) -> Self {
        let arguments = arguments.iter().map(ToString::to_string).collect::<Vec<_>>();
        let log = NamedTempFile::new().expect("a temporary file");
        let (child, address) = spawn(serve(folder.path(), &arguments, log.path()), failpoint);
        let address = address.expect("the service says that it is ready");
        Self { child, address, arguments, folder, log }
    }

    /// Starts the service as [`Service::start_failing`] does; where the failpoint is in the start,
    /// it has to say why it ends, and is started again without.
    pub async fn start_in_the_end(arguments: &[&str], failpoint: &str) -> Self {
        let arguments = [&[ALLOW_LOOPBACK], arguments].concat();
        let arguments = arguments.iter().map(ToString::to_string).collect::<Vec<_>>();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = NamedTempFile::new().expect("a temporary file");
        let command = serve(folder.path(), &arguments, log.path());
        let (child, address) = spawn(command, Some(failpoint));
        let has_started = address.is_some();
        let address = address.unwrap_or_default();
        let mut service = Self { child, address, arguments, folder, log };
        if !has_started {
            assert_eq!(service.ended().await.code(), Some(1));
            assert!(service.log().contains("bookora-webhooks: "), "it says why");
            service.restart();
        }
        service
    }

    /// Other arguments from the next start on, loopback allowed besides.
    pub fn change_arguments(&mut self, arguments: &[&str]) {
        let arguments = [&[ALLOW_LOOPBACK], arguments].concat();
        self.arguments = arguments.iter().map(ToString::to_string).collect();
    }

    /// Runs the service on the same database until it ends at a failpoint.
    pub async fn run_into(&mut self, failpoint: &str) {
        let mut command = self.serve();
        command.env("BOOKORA_FAILPOINT", failpoint).stdout(Stdio::null());
        self.child = command.spawn().expect("the binary starts");
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
        self.start_again(None);
    }

    /// The same, to end by itself at a failpoint.
    pub fn restart_failing(&mut self, failpoint: &str) {
        self.start_again(Some(failpoint));
    }

    fn start_again(&mut self, failpoint: Option<&str>) {
        let (child, address) = spawn(self.serve(), failpoint);
        (self.child, self.address) = (child, address.expect("the service says that it is ready"));
    }

    fn serve(&self) -> Command {
        serve(self.folder.path(), &self.arguments, self.log.path())
    }

    /// Asks the process to stop (SIGTERM).
    pub fn terminate(&self) {
        let status = Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(status.expect("kill runs").success(), "the process could be told to stop");
    }

    /// Waits until the process has ended.
    pub async fn ended(&mut self) -> ExitStatus {
        eventually("the process ends", async || self.child.try_wait().expect("it can be asked"))
            .await
    }

    /// The folder with the database.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What the process has logged, over all its starts.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log.path()).expect("the log is text")
    }

    /// Waits until the process has logged a line with all of these in it.
    pub async fn logged(&self, parts: &[&str]) {
        let is_it = |line: &str| parts.iter().all(|part| line.contains(part));
        let found = async || self.log().lines().any(is_it).then_some(());
        eventually(&format!("it logs {parts:?}"), found).await;
    }

    /// A number from the process's database.
    pub async fn ask_database(&self, sql: &str) -> i64 {
        ask_database(&self.folder().join("test.db"), sql).await
    }

    /// Changes the database beside the process.
    pub async fn change_database(&self, sql: &str) {
        let url = format!("sqlite://{}", self.folder().join("test.db").display());
        let database = Database::connect(url).await.expect("the database opens");
        database.execute_unprepared(sql).await.expect("it is changed");
        database.close().await.expect("it closes");
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

    /// A new connection.
    pub async fn channel(&self) -> Channel {
        let endpoint = Channel::from_shared(format!("http://{}", self.address)).expect("a URI");
        endpoint.connect().await.expect("the service takes connections")
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

    /// A client of EventIngest, where the process lives.
    pub async fn try_ingest(&self) -> Option<EventIngestClient<Channel>> {
        let endpoint = Channel::from_shared(format!("http://{}", self.address)).expect("a URI");
        Some(EventIngestClient::new(endpoint.connect().await.ok()?))
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
            eprintln!("the service logged:\n{}", self.log());
        }
    }
}

/// A number from a database.
pub async fn ask_database(file: &Path, sql: &str) -> i64 {
    let url = format!("sqlite://{}?mode=ro", file.display());
    let database = Database::connect(url).await.expect("the database opens");
    let statement = Statement::from_string(database.get_database_backend(), sql);
    let row = database.query_one_raw(statement).await.expect("it answers");
    row.expect("with a row").try_get_by_index(0).expect("a number")
}

/// The binary that cargo built for these tests.
pub fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bookora-webhooks"));
    // What is set on the machine of whoever runs the tests is not to matter.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("BOOKORA_")) {
        command.env_remove(name);
    }
    command
}

/// Arguments of `serve` on the database in a folder.
pub fn serve_arguments(folder: &Path) -> Vec<String> {
    vec![
        "serve".to_owned(),
        "--listen=127.0.0.1:0".to_owned(),
        format!("--database-url=sqlite://{}?mode=rwc", folder.join("test.db").display()),
    ]
}

fn serve(folder: &Path, arguments: &[String], log: &Path) -> Command {
    let log = OpenOptions::new().append(true).open(log).expect("the log can be written");
    let mut command = binary();
    command.args(serve_arguments(folder)).args(arguments).stderr(log);
    command
}

/// The process, and its address once it takes calls; `None` where it ends before.
fn spawn(mut command: Command, failpoint: Option<&str>) -> (Child, Option<String>) {
    let mut child = command
        .envs(failpoint.map(|failpoint| ("BOOKORA_FAILPOINT", failpoint)))
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
    let ready = lines.next().map(|line| line.expect("in UTF-8"));
    let address = ready.map(|line| {
        let (_, address) = line.rsplit_once(' ').expect("with its address");
        address.to_owned()
    });
    (child, address)
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
