//! What the process uses of its machine, as Linux tells it in `/proc/self` (`proc(5)`). Elsewhere
//! nothing is shown.

use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;

/// Ticks of the processor times in `/proc` in a second: 100 on every architecture that Rust has
/// Linux for.
const TICKS_PER_SECOND: f64 = 100.0;
/// The fields of `proc_pid_stat(5)` that are added: time in user mode and in the kernel.
const TIME_FIELDS: [usize; 2] = [14, 15];

/// Shows it from now on, and which build this is.
pub fn show(meter: &Meter) {
    meter
        .f64_observable_counter("process.cpu.time")
        .with_unit("s")
        .with_description("Processor time that the process has used")
        .with_callback(|counter| {
            if let Some(seconds) = read("stat").as_deref().and_then(cpu_seconds) {
                counter.observe(seconds, &[]);
            }
        })
        .build();
    meter
        .u64_observable_gauge("process.memory.usage")
        .with_unit("By")
        .with_description("Memory of the process that is in RAM")
        .with_callback(|gauge| {
            if let Some(bytes) = read("status").as_deref().and_then(resident_bytes) {
                gauge.observe(bytes, &[]);
            }
        })
        .build();
    let version = [KeyValue::new("version", env!("CARGO_PKG_VERSION"))];
    meter
        .u64_observable_gauge("bookora.build.info")
        .with_description("1, with the version as a label")
        .with_callback(move |gauge| gauge.observe(1, &version))
        .build();
}

fn read(file: &str) -> Option<String> {
    std::fs::read_to_string(format!("/proc/self/{file}")).ok()
}

/// The name before the fields is in brackets, and may hold anything.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let ticks = |field: usize| fields.get(field - 3)?.parse::<f64>().ok();
    let [user, kernel] = TIME_FIELDS.map(ticks);
    Some((user? + kernel?) / TICKS_PER_SECOND)
}

fn resident_bytes(status: &str) -> Option<u64> {
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = resident.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_of_a_process_are_read() {
        let stat = "7 (a ) name) S 1 7 7 0 -1 4194560 90 0 0 0 250 150 0 0 20 0 1 0 5 9 1";
        assert_eq!(cpu_seconds(stat), Some(4.0));
        assert_eq!(cpu_seconds("7 (short"), None);
        assert_eq!(resident_bytes("Name:\tx\nVmRSS:\t   12 kB\n"), Some(12 * 1024));
        assert_eq!(resident_bytes("Name:\tx\n"), None);
    }
}
