//! Where the figures come from: without it they mean nothing later.

use std::fs::{self, File};
use std::io::Write;
use std::time::{Duration, Instant};

pub(crate) fn describe() {
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor =
        processor.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let processor = processor.map_or("an unknown processor", |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    println!(
        "{cores} cores of {processor} for the load, Weir and the database together; load average \
         before the run {load}; the disk under {} ends {:.0} fdatasync/s.",
        std::env::temp_dir().display(),
        syncs_per_second()
    );
}

/// The disk is what varies most from one moment to the next. SQLite waits for it once a commit.
fn syncs_per_second() -> f64 {
    const FOR: Duration = Duration::from_millis(300);
    let mut file: File = tempfile::tempfile().unwrap();
    let started = Instant::now();
    let mut syncs = 0;
    while started.elapsed() < FOR {
        file.write_all(&[1; 8192]).unwrap();
        file.sync_data().unwrap();
        syncs += 1;
    }
    f64::from(syncs) / started.elapsed().as_secs_f64()
}
