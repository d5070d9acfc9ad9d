//! The program as a person meets it: what it prints, how it ends, and with which exit code.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails by panicking")]

mod care;
#[cfg(target_os = "linux")]
mod full;
#[cfg(target_os = "linux")]
mod memory;
mod rules;
mod settings;
mod stopping;
mod storage;

use std::{net::SocketAddr, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, ChildStdout, Command},
};

/// The program, without any settings of whoever runs the tests, and in memory.
fn monoxide(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_monoxide"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("MONOXIDE_") || text.starts_with("LEPTOS_") || text.starts_with("RUST_")
        {
            command.env_remove(name);
        }
    }
    // A panic would print its backtrace.
    command
        .env("RUST_BACKTRACE", "1")
        .env("MONOXIDE_MEMORY", "yes")
        .args(arguments)
        .kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Sends a signal, as `kill` does.
async fn signal(child: &Child, name: &str) {
    let id = child.id().expect("it runs").to_string();
    let sent = Command::new("kill").args(["-s", name, &id]).status().await.unwrap();
    assert!(sent.success());
}

/// A running server.
struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Running {
    /// Starts it and waits until it says where it listens.
    async fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).await.unwrap();
        let address =
            line.strip_prefix("listening on http://").and_then(|it| it.strip_suffix('\n'));
        let address = address.unwrap_or_else(|| panic!("{line:?} is not where it listens"));
        Self { child, stdout, address: address.parse().unwrap() }
    }

    /// Waits for its end, and gives its exit code and all that it printed after its first line.
    async fn ended(mut self) -> (Option<i32>, String, String) {
        let (mut out, mut err) = (String::new(), String::new());
        self.stdout.read_to_string(&mut out).await.unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut err).await.unwrap();
        (self.child.wait().await.unwrap().code(), out, err)
    }
}
