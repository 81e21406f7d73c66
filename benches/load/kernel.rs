//! What the kernel says that processes have used.

use std::fs;
use std::ops::Sub;

use anyhow::Context;

/// What a process has used since it began, or between two such looks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Used {
    /// Processor time, user and system, in seconds.
    pub cpu_seconds: f64,
    /// Bytes that it had written to disks.
    pub disk_bytes: u64,
}

impl Sub for Used {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            cpu_seconds: self.cpu_seconds - before.cpu_seconds,
            disk_bytes: self.disk_bytes.saturating_sub(before.disk_bytes),
        }
    }
}

impl std::iter::Sum for Used {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            cpu_seconds: sum.cpu_seconds + one.cpu_seconds,
            disk_bytes: sum.disk_bytes + one.disk_bytes,
        })
    }
}

/// What a process and the children that it has waited for have used.
///
/// Fields 14 to 17 of `proc_pid_stat(5)`, in hundredths of a second, and `write_bytes` of
/// `proc_pid_io(5)`.
pub fn used_by(pid: u32) -> anyhow::Result<Used> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, fields) = stat.rsplit_once(") ").context("a name in brackets")?;
    let mut hundredths = 0;
    for field in fields.split(' ').skip(14 - 3).take(4) {
        hundredths += field.parse::<u32>()?;
    }
    let io = fs::read_to_string(format!("/proc/{pid}/io"))?;
    let written = io.lines().find_map(|line| line.strip_prefix("write_bytes: "));
    Ok(Used {
        cpu_seconds: f64::from(hundredths) / 100.0,
        disk_bytes: written.context("no write_bytes")?.parse()?,
    })
}

/// What a process, its children of now and those that it has waited for have used.
pub fn used_by_tree(pid: u32) -> anyhow::Result<Used> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
    let children = children.split_whitespace().map(str::parse).collect::<Result<Vec<u32>, _>>()?;
    // A child that ends just now is with its parent.
    let of_children: Used = children.into_iter().filter_map(|child| used_by(child).ok()).sum();
    Ok([used_by(pid)?, of_children].into_iter().sum())
}

/// The memory that a process holds now, in MiB.
pub fn rss_mib(pid: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
    let kib: f64 = line.split_whitespace().nth(1).context("no figure")?.parse()?;
    Ok(kib / 1_024.0)
}
