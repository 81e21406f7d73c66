//! The service: its real program, as one process or several.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};

/// How long what is started may take to be ready.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// A process of the service. It is ended when dropped.
pub struct Service {
    child: Child,
    /// Where it serves gRPC, `ip:port`.
    pub address: String,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Service {
    /// Starts it on a database, and waits until it serves. It trusts the authorities in `ca_file`,
    /// and its secrets are sealed with the keys in `master_key_file`.
    pub fn start(
        database_url: &str,
        master_key_file: &Path,
        ca_file: &Path,
    ) -> anyhow::Result<Self> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bookora-webhooks"))
            .args(["serve", "--listen=127.0.0.1:0", "--ops-listen=127.0.0.1:0"])
            .args(["--allow-http", "--allow-network=127.0.0.0/8"])
            .arg(format!("--database-url={database_url}"))
            .arg(format!("--master-key-file={}", master_key_file.display()))
            .arg(format!("--ca-file={}", ca_file.display()))
            .env("RUST_LOG", "warn")
            .stdout(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("stdout is piped")?).lines();
        let ready = lines.next().context("the service says that it is ready")??;
        let address = ready.rsplit(' ').next().context("with its address")?.to_owned();
        Ok(Self { child, address })
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(mut self) -> anyhow::Result<()> {
        let asked = Command::new("kill").arg(self.pid().to_string()).status()?;
        ensure!(asked.success() && self.child.wait()?.success(), "the service did not stop well");
        Ok(())
    }
}

/// Makes the keys that secrets are sealed with.
pub fn make_master_key(file: &Path) -> anyhow::Result<()> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bookora-webhooks"));
    let made = command.args(["master-key", "new", "--file"]).arg(file).output()?;
    ensure!(made.status.success(), "no keys: {}", String::from_utf8_lossy(&made.stderr));
    Ok(())
}
