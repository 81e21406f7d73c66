//! The figures of a scenario: what is printed, and kept as JSON.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value};

use super::database::Kind;

/// What was measured on one database, of one scenario. Times are in milliseconds, memory in MiB.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    pub scenario: &'static str,
    pub db: Kind,
    /// Receipts a second, from the first publish to the last receipt.
    pub deliveries_per_s: f64,
    /// Acknowledged publishes a second.
    pub events_per_s: f64,
    /// Processor seconds of the service and its database for each 10,000 deliveries; of events where
    /// there are no deliveries.
    pub cpu_s_per_10k: f64,
    /// From the intended time of publishing to the receipt; to the acknowledgement where there are
    /// no deliveries.
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub p999_ms: f64,
    /// After the start, and at the end. Of several replicas the largest.
    pub rss_idle_mib: f64,
    pub rss_end_mib: f64,
    /// What the service and its database had written to the disk.
    pub disk_bytes_per_delivery: f64,
    /// The bare sender's rate and processor time, with those of the receiver.
    pub bare_sender_per_s: f64,
    pub bare_sender_cpu_s_per_10k: f64,
    /// One durable commit.
    pub commit_ms: f64,
    /// Deliveries that never came, came again, or came with a wrong signature.
    pub lost: u64,
    pub repeated: u64,
    pub bad_signatures: u64,
    /// What only this scenario has.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl Figures {
    /// Whether every delivery came once, and rightly signed.
    pub fn is_right(&self) -> bool {
        self.lost == 0 && self.repeated == 0 && self.bad_signatures == 0
    }

    /// Its line under [`HEAD`], and a line for what only this scenario has.
    pub fn line(&self) -> String {
        let mut line = format!(
            "{:<13} {:<8} {:>9.0} {:>9.0} {:>7.2} {:>8.2} {:>8.2} {:>8.2} {:>5.0} {:>5.0} {:>7.0} \
             {:>9.0} {:>5.2} {:>6.2}",
            self.scenario,
            self.db,
            self.deliveries_per_s,
            self.events_per_s,
            self.cpu_s_per_10k,
            self.p50_ms,
            self.p99_ms,
            self.p999_ms,
            self.rss_idle_mib,
            self.rss_end_mib,
            self.disk_bytes_per_delivery,
            self.bare_sender_per_s,
            self.bare_sender_cpu_s_per_10k,
            self.commit_ms,
        );
        for (name, value) in &self.more {
            let _ = write!(line, "\n              {name}: {}", short(value));
        }
        if !self.is_right() {
            let _ = write!(
                line,
                "\n              WRONG: {} lost, {} repeated, {} with a wrong signature",
                self.lost, self.repeated, self.bad_signatures
            );
        }
        line
    }
}

/// Numbers to two digits; what is more than a number is in the JSON.
fn short(value: &Value) -> String {
    match value.as_f64() {
        Some(number) => format!("{number:.2}"),
        None => "(in the JSON)".to_owned(),
    }
}

/// Above the lines.
pub const HEAD: &str = "\
scenario      db       deliver/s  events/s CPU/10k   p50 ms   p99 ms p99.9 ms  idle   end  disk B \
sender/s   CPU commit
                                             (s)                             (MiB) (MiB)   each  \
(bare)  /10k   (ms)";
