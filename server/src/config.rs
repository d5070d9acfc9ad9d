//! Every setting of the server: its flag, its name in the environment, its default.

use std::{env, net::SocketAddr};

use clap::{CommandFactory as _, Parser, error::ContextKind};
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

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
    #[arg(long, env = "MONOXIDE_LOG", default_value = "info", value_parser = filter)]
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
            one_line(&error)
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

/// The first paragraph of what clap says, with the name that the setting has in the environment:
/// the value may have come from there.
fn one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let lines = text.lines().map(str::trim).take_while(|line| !line.is_empty());
    let line = lines.collect::<Vec<_>>().join(" ");
    let Some(setting) = error.get(ContextKind::InvalidArg).map(ToString::to_string) else {
        return line;
    };
    let mut command = Config::command();
    command.build();
    let names = command.get_arguments().find(|it| it.to_string() == setting);
    match names.and_then(|it| it.get_env()) {
        Some(name) => line.replace(
            &format!("'{setting}'"),
            &format!("'{setting}' ({} in the environment)", name.display()),
        ),
        None => line,
    }
}

/// Reads what to log. A word that is no level would be taken for the name of a module, and a
/// mistyped level would log nothing.
fn filter(text: &str) -> Result<EnvFilter, String> {
    let mut bare = text.split(',').filter(|word| !word.contains('='));
    match bare.find(|word| word.is_empty() || word.parse::<LevelFilter>().is_err()) {
        Some(word) => Err(format!("`{word}` is not off, error, warn, info, debug or trace")),
        None => EnvFilter::try_new(text).map_err(|error| error.to_string()),
    }
}
