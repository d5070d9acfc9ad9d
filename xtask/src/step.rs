//! One step of a chore: a line that says what was done and how long it took.

use std::time::Instant;

use anyhow::Result;

/// Does `work`, then prints `name`, what came of it and the seconds it took.
#[allow(clippy::disallowed_methods, reason = "people wait for chores in real time")]
pub(crate) fn step(name: &str, work: impl FnOnce() -> Result<String>) -> Result<()> {
    let start = Instant::now();
    let outcome = work()?;
    println!("{name}: {outcome} ({:.1} s)", start.elapsed().as_secs_f32());
    Ok(())
}
