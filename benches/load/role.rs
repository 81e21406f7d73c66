//! The parts that run as processes of their own, so that the processor time of each is its own: this
//! program again, with the part's name as its argument. A part reads commands from its input and
//! answers each on its output, a line of JSON each.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::Context;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A part that runs. It is ended when dropped.
pub struct Role {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Drop for Role {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Role {
    /// Starts a part.
    pub fn start(name: &str) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let commands = child.stdin.take().context("its input is piped")?;
        let answers = BufReader::new(child.stdout.take().context("its output is piped")?);
        Ok(Self { child, commands, answers })
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Tells it something.
    pub fn tell(&mut self, command: &impl Serialize) -> anyhow::Result<()> {
        let line = serde_json::to_string(command)?;
        writeln!(self.commands, "{line}").context("the part has ended")
    }

    /// Waits for what it answers.
    pub fn answer<T: DeserializeOwned>(&mut self) -> anyhow::Result<T> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        serde_json::from_str(&line).with_context(|| format!("a part answered {line:?}"))
    }

    /// Tells it something, and waits for the answer.
    pub fn ask<T: DeserializeOwned>(&mut self, command: &impl Serialize) -> anyhow::Result<T> {
        self.tell(command)?;
        self.answer()
    }
}

/// The commands that this process is told, as a part.
pub fn commands<T: DeserializeOwned>() -> impl Iterator<Item = anyhow::Result<T>> {
    std::io::stdin().lines().map(|line| Ok(serde_json::from_str(&line?)?))
}

/// Answers as a part.
pub fn answer(answer: &impl Serialize) -> anyhow::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{}", serde_json::to_string(answer)?)?;
    Ok(output.flush()?)
}
