//! What a person is told: how far long work has come, and what came of it.
//!
//! All of it goes to standard error; standard output is for data.

use std::{
    io::{self, Write as _},
    thread,
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, Result};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use monoxide_engine::{backend::Space, backup::Summary};
use tokio::sync::oneshot;

/// How often a bar moves.
const TICK: Duration = Duration::from_millis(100);

/// Says a line.
pub(crate) fn note(line: &str) {
    // The work goes on when nobody reads what is said of it.
    drop(writeln!(io::stderr(), "{line}"));
}

/// How far some work has come, where standard error is a terminal. It is gone when this is
/// dropped.
#[derive(Debug, Clone)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Of something whose end is not known, counted in `unit`.
    pub(crate) fn counting(what: &'static str, unit: &str) -> Self {
        let template = format!("{{spinner}} {{msg}}: {{human_pos}} {unit} in {{elapsed}}");
        Self::of(ProgressBar::new_spinner(), what, &template)
    }

    /// Of bytes whose end is not known.
    pub(crate) fn bytes(what: &'static str) -> Self {
        let template = "{spinner} {msg}: {bytes} in {elapsed}";
        Self::of(ProgressBar::new_spinner(), what, template)
    }

    /// Of a file that is read.
    pub(crate) fn reading(what: &'static str, bytes: u64) -> Self {
        let template = "{msg}: {wide_bar} {bytes} of {total_bytes}, {eta}";
        Self::of(ProgressBar::new(bytes), what, template)
    }

    /// Of something that can only be waited for.
    pub(crate) fn waiting(what: &'static str) -> Self {
        Self::of(ProgressBar::new_spinner(), what, "{spinner} {msg}: {elapsed}")
    }

    fn of(bar: ProgressBar, what: &'static str, template: &str) -> Self {
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(TICK);
        bar.set_message(what);
        Self(bar)
    }

    pub(crate) fn set(&self, position: u64) {
        self.0.set_position(position);
    }

    pub(crate) fn add(&self, more: usize) {
        self.0.inc(more as u64);
    }

    /// What is read through this moves the bar.
    pub(crate) fn of_reader<R: io::Read>(&self, reader: R) -> impl io::Read {
        self.0.wrap_read(reader)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// What a backup holds, in words.
pub(crate) fn of_summary(summary: &Summary) -> String {
    let objects = count(summary.count(Space::State), "object");
    let accounts = count(summary.count(Space::Accounts), "account");
    let taken = SystemTime::UNIX_EPOCH + Duration::from_nanos(summary.taken);
    let taken = humantime::format_rfc3339_seconds(taken);
    format!("{objects} and {accounts}, taken at {taken}, version {}", summary.version)
}

/// So many things, in words.
pub(crate) fn count(count: u64, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{} {what}{s}", HumanCount(count))
}

/// Does what takes long on a thread of its own. The thread ends with the program, so nothing waits
/// for it when somebody has had enough.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let (done, waiting) = oneshot::channel();
    thread::spawn(move || drop(done.send(work())));
    waiting.await.context("the work panicked")?
}
