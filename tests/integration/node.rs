//! Node for the tests that need real JavaScript: finds it, installs the packages of `tests/node`
//! once, and starts its scripts. What the scripts do is theirs.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// Oldest major version that the scripts are written for, as in `tests/node/package.json`.
const MAJOR_MIN: u32 = 20;

/// Looked for on the `PATH`.
const PROGRAM: &str = "node";

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/node");

/// A Node to run the scripts of `tests/node` with, their packages installed.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    program: &'static str,
}

/// Node, ready to run scripts. `None` where there is none or it is too old: the calling test says
/// so on stderr and is to return at once.
///
/// # Panics
/// Without Node where the environment has `CI=true`, so that no test is skipped there; and where
/// the packages cannot be installed.
#[track_caller]
pub fn require() -> Option<Node> {
    static NODE: OnceLock<Option<Node>> = OnceLock::new();
    let node = *NODE.get_or_init(|| {
        let found = major_version().is_some_and(|major| major >= MAJOR_MIN);
        found.then(|| {
            install_packages();
            Node { program: PROGRAM }
        })
    });
    if node.is_none() {
        skip(&caller_name(Location::caller()));
    }
    node
}

impl Node {
    /// Starts `tests/node/<script>` with `env` added to the environment, its stdin and stdout
    /// piped. Stderr is the test's own: a script that fails says why there, and cannot block on a
    /// pipe that nobody reads.
    ///
    /// # Panics
    /// Where the process cannot be started.
    pub fn spawn(self, script: &str, env: &[(&str, &OsStr)]) -> Child {
        Command::new(self.program)
            .arg(Path::new(SCRIPTS).join(script))
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("node {script} does not start: {error}"))
    }
}

/// The `20` of `v20.1.0`.
fn major_version() -> Option<u32> {
    let output = Command::new(PROGRAM).arg("--version").output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

fn install_packages() {
    // Other test processes wait here, whatever target directory they were built in.
    let lockfile = scripts_path("package-lock.json");
    let lock = File::open(&lockfile).expect("tests/node/package-lock.json is in the repository");
    lock.lock().expect("package-lock.json can be locked");
    if are_packages_fresh(&lockfile) {
        return;
    }
    let output = Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund"])
        .current_dir(SCRIPTS)
        .stdin(Stdio::null())
        .output()
        .expect("npm is installed beside node");
    assert!(
        output.status.success(),
        "npm ci failed in tests/node: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// npm writes `node_modules/.package-lock.json` last, when everything is in its place.
fn are_packages_fresh(lockfile: &Path) -> bool {
    let modified = |path: &Path| path.metadata().and_then(|metadata| metadata.modified());
    match (modified(&scripts_path("node_modules/.package-lock.json")), modified(lockfile)) {
        (Ok(installed), Ok(wanted)) => installed >= wanted,
        _ => false,
    }
}

fn scripts_path(path: &str) -> PathBuf {
    Path::new(SCRIPTS).join(path)
}

fn skip(test: &str) {
    skip_for(test, &format!("Node {MAJOR_MIN}"));
}

/// Says that `test` is skipped for want of a program; not by `eprintln!`, which the harness hides
/// for a test that passes.
///
/// # Panics
/// Where the environment has `CI=true`, so that no test is skipped there.
pub fn skip_for(test: &str, program: &str) {
    let is_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
    assert!(!is_ci, "{test} needs {program}, which CI must have");
    writeln!(std::io::stderr(), "SKIPPED: {test}: {program} is not installed")
        .expect("stderr takes a line");
}

/// The harness names each test's thread after the test, unless it runs them all on the main one.
fn caller_name(caller: &Location<'_>) -> String {
    match std::thread::current().name() {
        Some(name) if name != "main" => name.to_owned(),
        _ => caller.to_string(),
    }
}
