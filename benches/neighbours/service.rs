//! The real binary, as a child process.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, ensure};
use bookora_webhooks::proto::delivery_query_client::DeliveryQueryClient;
use bookora_webhooks::proto::endpoint_admin_client::EndpointAdminClient;
use bookora_webhooks::proto::event_ingest_client::EventIngestClient;
use tempfile::TempDir;
use tonic::transport::Channel;

/// The name of a database's file.
const FILE: &str = "bench.db";

/// A running service; clones share it. It is ended with the last of them.
#[derive(Clone)]
pub struct Service {
    process: Arc<Mutex<Process>>,
    /// A client.
    pub ingest: EventIngestClient<Channel>,
    /// Another.
    pub admin: EndpointAdminClient<Channel>,
    /// And one that reads.
    pub query: DeliveryQueryClient<Channel>,
}

struct Process {
    child: Child,
    arguments: Vec<String>,
    database_url: String,
    folder: TempDir,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Service {
    /// Starts the service on a SQLite database of its own.
    pub async fn start(arguments: &[&str]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join(FILE);
        Self::start_in(folder, format!("sqlite://{}?mode=rwc", file.display()), arguments).await
    }

    /// Starts the service on a database that is there.
    pub async fn start_on(database_url: &str, arguments: &[&str]) -> anyhow::Result<Self> {
        Self::start_in(tempfile::tempdir()?, database_url.to_owned(), arguments).await
    }

    async fn start_in(
        folder: TempDir,
        database_url: String,
        arguments: &[&str],
    ) -> anyhow::Result<Self> {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let (child, channel) = spawn(&database_url, &arguments).await?;
        let process = Process { child, arguments, database_url, folder };
        Ok(Self {
            process: Arc::new(Mutex::new(process)),
            ingest: EventIngestClient::new(channel.clone()),
            admin: EndpointAdminClient::new(channel.clone()),
            query: DeliveryQueryClient::new(channel),
        })
    }

    /// The database's file.
    pub fn database(&self) -> PathBuf {
        self.lock().folder.path().join(FILE)
    }

    /// Asks the process to stop and waits until it has.
    pub async fn stop(&self) -> anyhow::Result<()> {
        let pid = self.lock().child.id().to_string();
        ensure!(Command::new("kill").arg(pid).status()?.success(), "it could not be told to stop");
        let service = self.clone();
        let ended = tokio::task::spawn_blocking(move || service.lock().child.wait()).await??;
        ensure!(ended.success(), "it did not stop well");
        Ok(())
    }

    /// Starts it again.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        let (url, arguments) = {
            let process = self.lock();
            (process.database_url.clone(), process.arguments.clone())
        };
        let (child, channel) = spawn(&url, &arguments).await?;
        self.lock().child = child;
        self.ingest = EventIngestClient::new(channel.clone());
        self.admin = EndpointAdminClient::new(channel.clone());
        self.query = DeliveryQueryClient::new(channel);
        Ok(())
    }

    /// The memory that the process holds now, in MiB.
    pub fn rss_mib(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.lock().child.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
        let kib: u64 = line.split_whitespace().nth(1).context("no figure")?.parse()?;
        Ok(kib / 1_024)
    }

    /// The processor time that the process has used, in seconds.
    pub fn cpu_seconds(&self) -> anyhow::Result<f64> {
        process_cpu_seconds(&self.lock().child.id().to_string())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Process> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn spawn(database_url: &str, arguments: &[String]) -> anyhow::Result<(Child, Channel)> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bookora-webhooks"))
        .args(["serve", "--listen=127.0.0.1:0", "--ops-listen=127.0.0.1:0"])
        .args(["--allow-http", "--allow-network=127.0.0.0/8"])
        .arg(format!("--database-url={database_url}"))
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("stdout is piped")?).lines();
    let ready = lines.next().context("the service says that it is ready")??;
    let address = ready.rsplit(' ').next().context("with its address")?;
    let channel = Channel::from_shared(format!("http://{address}"))?.connect().await?;
    Ok((child, channel))
}

/// The processor time that a process has used, in seconds: fields 14 and 15 of `proc_pid_stat(5)`, in
/// hundredths.
pub fn process_cpu_seconds(pid: &str) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, fields) = stat.rsplit_once(") ").context("a name in brackets")?;
    let hundredths = |field: usize| -> anyhow::Result<f64> {
        Ok(fields.split(' ').nth(field - 3).context("a field")?.parse()?)
    };
    Ok((hundredths(14)? + hundredths(15)?) / 100.0)
}
