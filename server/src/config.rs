//! Every setting of the server: its flag, its name in the environment, its default.

use std::{env, net::SocketAddr};

use clap::Parser;
use tracing_subscriber::EnvFilter;

/// Live state over HTTP and WebSocket, with a page to look at it.
#[derive(Debug, Parser)]
#[command(name = "monoxide", version)]
pub(crate) struct Config {
    /// Where to listen. Port 0 takes a free one.
    #[arg(long, env = "MONOXIDE_ADDR", default_value = "127.0.0.1:8800")]
    pub(crate) addr: SocketAddr,

    /// What the page calls this server.
    #[arg(long, env = "MONOXIDE_NAME", default_value = "monoxide")]
    pub(crate) name: String,

    /// What to log: a level, or levels by module such as `info,monoxide_gateway=debug`.
    #[arg(long, env = "MONOXIDE_LOG", default_value = "info")]
    pub(crate) log: EnvFilter,

    /// Where `cargo leptos watch` tells that the page was built. It sets this itself.
    #[arg(skip)]
    pub(crate) reload_port: Option<u16>,
}

impl Config {
    /// Reads the command line and the environment.
    ///
    /// # Errors
    ///
    /// One line that says which setting cannot be read, and why. Asked for help or the version,
    /// this prints it and ends the process.
    pub(crate) fn read() -> Result<Self, String> {
        let mut config = Self::try_parse().map_err(|error| {
            if !error.use_stderr() {
                error.exit();
            }
            let text = error.render().to_string();
            let lines = text.lines().map(str::trim).take_while(|line| !line.is_empty());
            lines.collect::<Vec<_>>().join(" ")
        })?;
        if env::var_os("LEPTOS_WATCH").is_some() {
            config.follow_watch();
        }
        Ok(config)
    }

    /// The development loop says where it expects the server, and where it tells of changes.
    fn follow_watch(&mut self) {
        let read = |name| env::var(name).ok();
        if let Some(addr) = read("LEPTOS_SITE_ADDR").and_then(|text| text.parse().ok()) {
            self.addr = addr;
        }
        self.reload_port = read("LEPTOS_RELOAD_PORT").and_then(|text| text.parse().ok());
    }
}
