//! The service itself, as a process on a database of its own, that can be killed and started again.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bookora_webhooks_sdk::{Client, ClientBuilder};
use tempfile::TempDir;

/// How long anything may take before a test fails: far longer than it does.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// What the service says on standard error, in its folder.
const LOG_NAME: &str = "service.log";

/// A running service. It is killed when dropped.
pub struct Service {
    child: Child,
    address: String,
    arguments: Vec<String>,
    folder: TempDir,
}

impl Service {
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().expect("a temporary folder"), arguments)
    }

    /// With TLS, and the tokens that `roles` get: each is a name and the roles that it has.
    pub fn start_secure(roles: &[(&str, &[&str])], arguments: &[&str]) -> (Self, Vec<String>) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let tokens_file = format!("--tokens-file={}", folder.path().join("tokens.toml").display());
        let token = |(name, roles): &(&str, &[&str])| {
            let mut command = program();
            command.args([
                "token",
                "new",
                "--all-accounts",
                &tokens_file,
                &format!("--name={name}"),
            ]);
            let output = command.args(roles.iter().map(|role| format!("--role={role}"))).output();
            let said = String::from_utf8(output.expect("the program runs").stdout).expect("UTF-8");
            let token = said.split_whitespace().find(|word| word.starts_with("bwt_"));
            token.expect("it prints the token").to_owned()
        };
        let tokens = roles.iter().map(token).collect();
        let certificates = format!("--tls-cert={}", certificate("server.pem").display());
        let key = format!("--tls-key={}", certificate("server.key").display());
        let secure = [tokens_file.as_str(), &certificates, &key];
        (Self::start_in(folder, &[&secure, arguments].concat()), tokens)
    }

    /// With TLS, for callers with a certificate whose name is `localhost`.
    pub fn start_mutual() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let tokens_file = folder.path().join("tokens.toml");
        let entry = "[[certificates]]\nname = \"localhost\"\nroles = [\"publisher\"]\n\
                     accounts = [\"*\"]\n";
        std::fs::write(&tokens_file, entry).expect("a file");
        let arguments = [
            format!("--tokens-file={}", tokens_file.display()),
            format!("--tls-cert={}", certificate("server.pem").display()),
            format!("--tls-key={}", certificate("server.key").display()),
            format!("--tls-client-ca={}", certificate("ca.pem").display()),
        ];
        Self::start_in(folder, &arguments.each_ref().map(String::as_str))
    }

    fn start_in(folder: TempDir, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(ToString::to_string).collect();
        let mut child = spawn(folder.path(), "127.0.0.1:0", &arguments);
        let address = address(&mut child);
        Self { child, address, arguments, folder }
    }

    /// `ip:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A client without TLS.
    pub fn client(&self) -> Client {
        Client::builder(format!("http://{}", self.address)).build().expect("an address")
    }

    /// A client with TLS.
    pub fn secure_client(&self) -> ClientBuilder {
        let authority = std::fs::read(certificate("ca.pem")).expect("a certificate");
        Client::builder(&self.address).ca_certificates(authority)
    }

    /// Ends the process as a loss of power would.
    pub fn kill(&mut self) {
        self.child.kill().expect("the process runs");
        self.child.wait().expect("the process ends");
    }

    /// Starts it again on the same port and database.
    pub fn restart(&mut self) {
        self.child = spawn(self.folder.path(), &self.address, &self.arguments);
        assert_eq!(address(&mut self.child), self.address);
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have been killed already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.folder.path().join(LOG_NAME));
            eprintln!("the service logged:\n{}", log.unwrap_or_default());
        }
    }
}

fn spawn(folder: &Path, listen: &str, arguments: &Vec<String>) -> Child {
    let database = folder.join("bookora.db");
    let mut command = program();
    command.args(["serve", "--allow-http", "--allow-network=127.0.0.0/8"]);
    command.arg(format!("--listen={listen}")).arg("--ops-listen=127.0.0.1:0");
    command.arg(format!("--database-url=sqlite://{}?mode=rwc", database.display()));
    let log = OpenOptions::new().append(true).create(true).open(folder.join(LOG_NAME));
    command.stdout(Stdio::piped()).stderr(log.expect("a log can be written"));
    command.args(arguments).env("RUST_LOG", "warn");
    command.spawn().expect("the program starts")
}

/// The first line ends with it.
fn address(child: &mut Child) -> String {
    let mut line = String::new();
    let stdout = child.stdout.take().expect("it is piped");
    BufReader::new(stdout).read_line(&mut line).expect("UTF-8");
    line.trim_end().rsplit_once(' ').expect("the service says where it listens").1.to_owned()
}

/// The service's program, without what is set on the machine of whoever runs the tests.
fn program() -> Command {
    let beside = || {
        let test = std::env::current_exe().expect("the test has a path");
        test.ancestors().nth(2).expect("target/debug").join("bookora-webhooks")
    };
    let path = std::env::var_os("BOOKORA_WEBHOOKS_PROGRAM").map_or_else(beside, PathBuf::from);
    assert!(path.exists(), "{} is missing: run `make build`", path.display());
    let mut command = Command::new(path);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("BOOKORA_")) {
        command.env_remove(name);
    }
    command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
    command
}

/// A file of those that `make sdk-certificates` makes.
pub fn certificate(name: &str) -> PathBuf {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/certificates");
    let folder = std::env::var_os("BOOKORA_TEST_CERTIFICATES").map_or_else(default, PathBuf::from);
    let path = folder.join(name);
    assert!(path.exists(), "{} is missing: run `make sdk-certificates`", path.display());
    path
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
    in_time(what, asking).await
}

/// Fails the test after [`PATIENCE`].
pub async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("in time: {what}"))
}
