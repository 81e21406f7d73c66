//! Whoever ends a server when the tests are over, however they end.

use std::path::Path;
use std::process::{Child, Stdio};

use super::programs::Programs;

/// A shell that waits for its input to end, which it does with this process, and then stops the
/// server and removes its folder: no server is left behind by tests that are interrupted, nor by
/// one that is shared and therefore never dropped.
const SCRIPT: &str = r#"
read -r _
"$1" stop -s -w -m immediate -D "$2/data"
rm -rf "$2"
"#;

/// The keeper of one server.
pub struct Keeper(Child);

impl Keeper {
    /// Starts to wait.
    pub fn start(programs: &Programs, folder: &Path) -> Self {
        let mut shell = programs.command_of("sh");
        shell.args(["-c", SCRIPT, "keeper"]).arg(programs.path("pg_ctl")).arg(folder);
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(shell.spawn().expect("a shell starts"))
    }

    /// Ends the server, and waits until it has ended.
    pub fn end(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
