//! Real PostgreSQL servers: one that the tests of a run share, and some of their own for tests that
//! stop or kill them. They write through to the disk, as those in production do.
//!
//! [`programs`] finds and runs what Debian's package installs, [`keeper`] ends what was started;
//! `postgres_servers` tests what a server can be put through. The benchmarks start theirs here too.

mod keeper;
mod programs;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::time::Duration;

use tempfile::TempDir;

use self::keeper::Keeper;
pub use self::programs::Programs;
use crate::service::PATIENCE;

/// Whom the service connects as.
const USER: &str = "bookora";
const PASSWORD: &str = "of-a-test";
/// Ports to try: below those that Linux gives to whoever asks for any, so that nobody else in
/// these tests gets one of them.
const PORTS: std::ops::Range<u16> = 20_000..32_000;
/// Ports that are tried before a start counts as failed.
const START_TRIES: usize = 20;
/// What the standby is called in `synchronous_standby_names`.
const STANDBY: &str = "standby";

static SHARED: OnceLock<Option<Postgres>> = OnceLock::new();

/// A server. It is ended when dropped, and when this process ends in any other way.
pub struct Postgres {
    programs: Programs,
    // Before the folder: the server ends first.
    keeper: Keeper,
    folder: TempDir,
    port: u16,
}

impl Postgres {
    /// The server that all tests of this run share. `None` where there are no programs to start
    /// one, which is said.
    pub fn shared() -> Option<&'static Self> {
        SHARED.get_or_init(Self::start).as_ref()
    }

    /// A server of a test's own, to be stopped and killed. `None` as with [`Postgres::shared`].
    pub fn start() -> Option<Self> {
        let programs = Programs::find()?;
        let folder = programs.folder();
        let (data, password) = (data_in(folder.path()), folder.path().join("password"));
        std::fs::write(&password, PASSWORD).expect("it is written");
        let mut initdb = programs.command("initdb");
        initdb.args(["--no-sync", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]);
        initdb.arg(format!("--username={USER}")).arg(format!("--pwfile={}", password.display()));
        programs::run(initdb.arg("-D").arg(&data));
        let server = Self::on_a_free_port(programs, folder);
        assert_eq!(server.ask("SHOW fsync"), "on");
        assert_eq!(server.ask("SHOW synchronous_commit"), "on");
        Some(server)
    }

    /// Starts a server on data that is there.
    fn on_a_free_port(programs: Programs, folder: TempDir) -> Self {
        let keeper = Keeper::start(&programs, folder.path());
        let mut server = Self { programs, keeper, folder, port: 0 };
        for _ in 0..START_TRIES {
            server.port = next_port();
            server.configure();
            if server.try_start() {
                return server;
            }
        }
        panic!("PostgreSQL starts on one of {START_TRIES} ports:\n{}", server.log());
    }

    fn configure(&self) {
        let settings = format!(
            "listen_addresses = '127.0.0.1'\n\
             port = {}\n\
             unix_socket_directories = '{}'\n\
             max_connections = 1000\n\
             authentication_timeout = 5s\n\
             shared_buffers = 32MB\n",
            self.port,
            self.folder.path().display()
        );
        // Beside postgresql.conf, which names it, so that another port takes the first one's place.
        std::fs::write(self.data().join("test.conf"), settings).expect("it is written");
        let path = self.data().join("postgresql.conf");
        let named = std::fs::read_to_string(&path).expect("initdb wrote it");
        if !named.ends_with("include 'test.conf'\n") {
            std::fs::write(path, named + "include 'test.conf'\n").expect("it is written");
        }
    }

    fn try_start(&self) -> bool {
        let mut start = self.pg_ctl("start");
        start.arg("-l").arg(self.folder.path().join("log"));
        start.output().expect("pg_ctl runs").status.success()
    }

    /// Stops the server in order: what is under way is broken off, nothing waits for a recovery.
    pub fn stop(&self) {
        programs::run(self.pg_ctl("stop").args(["-m", "fast"]));
    }

    /// Ends every process of the server at once (SIGKILL), as a loss of its machine would.
    pub fn kill(&self) {
        programs::kill_tree(self.process_id());
    }

    /// Starts the server again where it was, after it was stopped or killed.
    pub fn start_again(&self) {
        // Processes that were killed may take a moment to be gone.
        let tries = PATIENCE.as_millis() / TRY_AGAIN.as_millis();
        for _ in 0..tries {
            if self.try_start() {
                return;
            }
            std::thread::sleep(TRY_AGAIN);
        }
        panic!("PostgreSQL starts again:\n{}", self.log());
    }

    /// A second server that has everything that this one commits: no commit is answered before
    /// it is on the disks of both.
    pub fn standby(&self) -> Self {
        let (programs, folder) = (self.programs.clone(), self.programs.folder());
        let source = format!("{} application_name={STANDBY}", self.connection("postgres"));
        let mut backup = programs.command("pg_basebackup");
        backup.args(["--checkpoint=fast", "--write-recovery-conf", "--no-sync", "-d", &source]);
        programs::run(backup.arg("-D").arg(data_in(folder.path())));
        let standby = Self::on_a_free_port(programs, folder);
        self.ask(&format!("ALTER SYSTEM SET synchronous_standby_names = '{STANDBY}'"));
        self.ask("SELECT pg_reload_conf()");
        self.until("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'", "1");
        standby
    }

    /// Makes a standby the server that takes writes.
    pub fn promote(&self) {
        programs::run(&mut self.pg_ctl("promote"));
    }

    /// The URL of a new, empty database.
    pub fn fresh_database(&self) -> String {
        static NUMBER: AtomicUsize = AtomicUsize::new(1);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.ask(&format!("CREATE DATABASE {name}"));
        url_on(&self.host(), &name)
    }

    /// Everything in a database, as statements.
    pub fn dump(&self, url: &str) -> String {
        let mut dump = self.programs.command("pg_dump");
        dump.args(["-d", &self.connection(name_in(url))]);
        programs::run(&mut dump)
    }

    /// Drops a database, whoever may still be connected to it.
    pub fn drop_database(&self, url: &str) {
        self.ask(&format!("DROP DATABASE {} WITH (FORCE)", name_in(url)));
    }

    /// Where it listens, `ip:port`.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn connection(&self, database: &str) -> String {
        let port = self.port;
        format!("host=127.0.0.1 port={port} user={USER} password={PASSWORD} dbname={database}")
    }

    /// Runs a statement that is not a service's; what it answers, as text.
    fn ask(&self, statement: &str) -> String {
        let mut psql = self.programs.command("psql");
        psql.args(["-X", "-A", "-t", "-q", "-c", statement, &self.connection("postgres")]);
        programs::run(&mut psql).trim().to_owned()
    }

    fn until(&self, question: &str, answer: &str) {
        for _ in 0..PATIENCE.as_millis() / TRY_AGAIN.as_millis() {
            if self.ask(question) == answer {
                return;
            }
            std::thread::sleep(TRY_AGAIN);
        }
        panic!("{answer} in time: {question}\n{}", self.log());
    }

    fn pg_ctl(&self, action: &str) -> std::process::Command {
        let mut command = self.programs.command("pg_ctl");
        command.args([action, "-w", "-D"]).arg(self.data());
        command
    }

    /// Its first process: the parent of all others.
    pub fn process_id(&self) -> u32 {
        let file = std::fs::read_to_string(self.data().join("postmaster.pid"));
        let file = file.expect("the server runs");
        file.lines().next().and_then(|line| line.trim().parse().ok()).expect("it begins with it")
    }

    fn data(&self) -> PathBuf {
        data_in(self.folder.path())
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("PostgreSQL on {} said:\n{}", self.host(), self.log());
        }
        self.keeper.end();
    }
}

/// The URL of the same database on other hosts, `ip:port`, separated by commas.
pub fn at_hosts(url: &str, hosts: &str) -> String {
    url_on(hosts, name_in(url))
}

fn name_in(url: &str) -> &str {
    url.rsplit_once('/').expect("it ends with the database's name").1
}

fn url_on(hosts: &str, database: &str) -> String {
    format!("postgres://{USER}:{PASSWORD}@{hosts}/{database}")
}

/// Between two looks at something that takes a moment.
const TRY_AGAIN: Duration = Duration::from_millis(50);

fn data_in(folder: &Path) -> PathBuf {
    folder.join("data")
}

/// Another port each time; other runs of the tests at the same time begin elsewhere.
fn next_port() -> u16 {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let begin = u16::try_from(std::process::id() % u32::from(u16::MAX)).expect("it is below");
    let number = begin.wrapping_mul(97).wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed));
    PORTS.start + number % (PORTS.end - PORTS.start)
}
