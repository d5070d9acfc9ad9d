//! What a process has cost, as the kernel counts it.
//!
//! The server's threads live as long as it does, and the kernel counts each in nanoseconds. Our own
//! come and go; those that are gone are only in the process's count, which is in hundredths of a
//! second.

use std::{fs, io, time::Duration};

/// A process whose cost is measured.
#[derive(Debug, Clone)]
pub(crate) struct Process {
    folder: String,
}

/// How long this process has run, with its threads that are gone.
pub(crate) fn own_cpu() -> io::Result<Duration> {
    Ok(Duration::from_millis(10 * process_ticks(&fs::read_to_string("/proc/self/stat")?)))
}

impl Process {
    /// The process with this number.
    pub(crate) fn new(pid: u32) -> Self {
        Self { folder: format!("/proc/{pid}") }
    }

    /// How long its threads that are alive have run.
    pub(crate) fn cpu(&self) -> io::Result<Duration> {
        let mut nanos = 0;
        for thread in fs::read_dir(format!("{}/task", self.folder))? {
            // A thread may end meanwhile.
            let text = fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
            nanos += running_nanos(&text);
        }
        Ok(Duration::from_nanos(nanos))
    }

    /// How much memory it holds, in bytes.
    pub(crate) fn memory(&self) -> io::Result<u64> {
        Ok(resident_bytes(&fs::read_to_string(format!("{}/status", self.folder))?))
    }
}

fn running_nanos(schedstat: &str) -> u64 {
    schedstat.split_whitespace().next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0)
}

/// The time in user and in kernel mode: the fourteenth and fifteenth word, of which
/// the second, the name, may contain anything but ends with the last parenthesis.
fn process_ticks(stat: &str) -> u64 {
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let times = after_name.split_whitespace().skip(11).take(2);
    times.filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
}

fn resident_bytes(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_figures_are_read() {
        assert_eq!(running_nanos("120034 57074 1\n"), 120_034);
        let stat = "42 (a) (b) c) S 1 2 3 4 5 6 7 8 9 10 70 30 0 0 20 0 5";
        assert_eq!(process_ticks(stat), 100);
        assert_eq!(resident_bytes("Name:\tx\nVmRSS:\t    2048 kB\nThreads:\t4\n"), 2_097_152);
    }

    #[test]
    fn a_process_is_asked_for_its_own_figures() {
        let own = Process::new(std::process::id());
        assert!(own.memory().unwrap() > 0);
        assert!(own.cpu().unwrap() > Duration::ZERO);
        own_cpu().unwrap();
    }
}
