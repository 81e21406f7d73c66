//! PostgreSQL's programs, as Debian installs them, run as a user that they put up with.

use std::ffi::OsStr;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Where Debian puts each version.
const VERSIONS: &str = "/usr/lib/postgresql";
/// The oldest that the service supports.
const VERSION_MIN: u32 = 15;

/// The programs of one version.
#[derive(Clone)]
pub struct Programs {
    folder: PathBuf,
    /// They refuse to run as root: then they run as the user that the package makes.
    user: Option<(u32, u32)>,
}

impl Programs {
    /// Finds the newest. Without any the tests that need them are skipped, which is said; CI must
    /// have them.
    pub fn find() -> Option<Self> {
        let Some(folder) = newest() else {
            let is_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
            assert!(!is_ci, "CI must have PostgreSQL {VERSION_MIN} or later");
            eprintln!("SKIPPED: PostgreSQL is missing: apt-get install postgresql");
            return None;
        };
        let is_root = id(&["-u"]) == 0;
        let user = is_root.then(|| (id(&["-u", "postgres"]), id(&["-g", "postgres"])));
        Some(Self { folder, user })
    }

    /// A program, to be run in the folder of nobody.
    pub fn command(&self, name: &str) -> Command {
        self.command_of(self.path(name))
    }

    /// Any program, as the user of these.
    pub fn command_of(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        // A signal from the terminal is for the tests; what is started here ends after them.
        command.current_dir("/").process_group(0);
        // What is set on the machine of whoever runs the tests is not to matter.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PG")) {
            command.env_remove(name);
        }
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }

    /// Where a program is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A temporary folder of the user's.
    pub fn folder(&self) -> TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        // Who may not look into it cannot find the socket, and the data is the user's alone.
        let mode = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(folder.path(), mode).expect("it is ours");
        if let Some((user, group)) = self.user {
            chown(folder.path(), Some(user), Some(group)).expect("root may give it away");
        }
        folder
    }
}

fn newest() -> Option<PathBuf> {
    let versions = std::fs::read_dir(VERSIONS).ok()?.flatten();
    let version = |name: &OsStr| name.to_str().and_then(|name| name.parse::<u32>().ok());
    let usable = versions
        .filter_map(|entry| version(&entry.file_name()))
        .filter(|version| *version >= VERSION_MIN)
        .filter(|version| bin(*version).join("initdb").exists());
    usable.max().map(bin)
}

fn bin(version: u32) -> PathBuf {
    Path::new(VERSIONS).join(version.to_string()).join("bin")
}

fn id(arguments: &[&str]) -> u32 {
    run(Command::new("id").args(arguments)).trim().parse().expect("a number")
}

/// Runs a command that has to succeed; what it printed.
pub fn run(command: &mut Command) -> String {
    let output = command.output().expect("the program runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).expect("in UTF-8")
}

/// Kills a process and its children, the parent first: it is not to see them die.
pub fn kill_tree(process_id: u32) {
    let children = format!("/proc/{process_id}/task/{process_id}/children");
    let children = std::fs::read_to_string(children).expect("the process runs");
    let mut kill = Command::new("kill");
    kill.arg("-KILL").arg(process_id.to_string()).args(children.split_whitespace());
    // A child may have ended by itself meanwhile.
    let _ = kill.output().expect("kill runs");
}
