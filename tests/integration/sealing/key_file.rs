//! A master key file in the hands of an operator: the commands of the program.

use std::path::{Path, PathBuf};

use crate::command_line::run;
use crate::service::binary;

/// What a service logs when a file's older keys are not needed any more.
pub const NOTHING_IS_LEFT: &str = "every secret is sealed with the primary master key";

/// A master key file.
pub struct MasterKeyFile {
    path: PathBuf,
}

impl MasterKeyFile {
    /// A file in the folder, which is not there yet.
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// A new file in the folder, and the id of its key.
    pub fn new(folder: &Path) -> (Self, String) {
        let file = Self::at(&folder.join("master.key"));
        let key_id = file.add();
        (file, key_id)
    }

    /// The argument of a service that uses it.
    pub fn argument(&self) -> String {
        format!("--master-key-file={}", self.path.display())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a new key; its id.
    pub fn add(&self) -> String {
        let said = self.change(&["new"]).expect("a key is made");
        said.trim().to_owned()
    }

    /// Makes a key the primary one.
    pub fn make_primary(&self, key_id: &str) {
        self.change(&["use", key_id]).expect("it is made the primary one");
    }

    /// Takes a key out.
    pub fn remove(&self, key_id: &str) {
        self.change(&["remove", key_id]).expect("it is removed");
    }

    /// What a command prints, or why it fails.
    pub fn change(&self, arguments: &[&str]) -> Result<String, String> {
        let mut command = binary();
        command.arg("master-key").args(arguments).arg("--file").arg(&self.path);
        let (output, said) = run(&mut command);
        assert!(!said.contains("panicked"), "{said}");
        let printed = String::from_utf8(output.stdout).expect("in UTF-8");
        if output.status.success() { Ok(printed) } else { Err(said) }
    }

    /// The lines that hold keys.
    pub fn keys(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.path).expect("it can be read");
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    }
}

/// How many secrets are sealed with another key than this.
pub fn sealed_otherwise(key_id: &str) -> String {
    format!("SELECT COUNT(*) FROM endpoint_secrets WHERE key_id <> '{key_id}'")
}
