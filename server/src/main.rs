//! The server. This is yours to change.

mod config;
mod filters;
mod routes;

use std::{
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context as _;
use monoxide_gateway::{Builder, Site, listen};
use monoxide_identity::Identities;
use monoxide_rules::{self as rules, RuleSet, follow};
use tokio_util::sync::CancellationToken;

use crate::config::{Command, Config};

/// The front end: in a release inside the binary, in development read from the folder.
#[derive(rust_embed::RustEmbed)]
#[folder = "../target/site"]
#[allow_missing = true]
struct Files;

#[tokio::main]
#[expect(clippy::print_stderr, reason = "this is where a person is told why it does not start")]
async fn main() -> ExitCode {
    let config = match Config::read() {
        Ok(config) => config,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    match run(config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(mut config: Config) -> anyhow::Result<()> {
    live_with_a_limit_of_file_sizes()?;
    match config.command.take() {
        Some(Command::Rules(command)) => return explain(command, config.rules.as_deref()),
        Some(Command::Tools(command)) => {
            return monoxide_tools::run(command, config.place(filters::filters)?).await;
        }
        None => {}
    }
    tracing_subscriber::fmt()
        .with_env_filter(std::mem::take(&mut config.log))
        .with_writer(io::stderr)
        // When nobody reads the log, nobody reads a complaint about that either; trying panics.
        .log_internal_errors(false)
        .init();

    config.fit(raise_the_limit_of_open_files());
    let (addr, tls) = (config.addr, config.tls_cert.is_some());
    let site = Site::new::<Files>(include_str!("page.html")).reload_port(config.reload_port);
    let path = config.rules.take();
    let rules = path.as_deref().map(RuleSet::from_file).transpose()?;
    let rules = rules.map(|rules| Arc::new(rules) as _);
    let engine = config.engine()?.filters(filters::filters()).rules(rules).start()?;
    let listener = listen(addr).with_context(|| format!("cannot listen on {addr}"))?;
    let scheme = if tls { "https" } else { "http" };
    let address = format!("{scheme}://{}", listener.local_addr()?);
    let (is_open, lifetime) = (config.open, config.token_lifetime);
    let mut server = config.server(engine.clone()).site(site);
    if !is_open {
        let identities = Identities::builder(&engine).token_lifetime(lifetime).build()?;
        let address = address.clone();
        server = server.identity(identities).on_set_up(move |secret| {
            drop(writeln!(io::stdout(), "set it up at {address}/_ui/_setup#{secret}"));
        });
    }
    let server = routes::endpoints().into_iter().fold(server, Builder::endpoint).build()?;

    let stop = CancellationToken::new();
    let signalled = cancel_on_signal(stop.clone())?;
    // For whoever started the server; it runs also when that one does not listen.
    drop(writeln!(io::stdout(), "listening on {address}"));

    let serve = async {
        // Whichever ends first ends the other.
        let _stop = stop.clone().drop_guard();
        server.serve(listener, stop.clone()).await
    };
    let following = path.map(|path| stop.run_until_cancelled(follow(engine, path)));
    let following = async {
        if let Some(following) = following {
            following.await;
        }
    };
    let (served, (), ()) = tokio::join!(serve, signalled, following);
    served.context("the server failed")
}

/// Says which rule decides; refused is a failure, for scripts.
fn explain(command: rules::command::Command, file: Option<&Path>) -> anyhow::Result<()> {
    let explanation = command.run(file, include_str!("../rules.toml"))?;
    writeln!(io::stdout(), "{explanation}")?;
    std::process::exit(i32::from(!explanation.is_allowed));
}

/// A connection is an open file, and shells give out few of them. Gives how many there are now.
fn raise_the_limit_of_open_files() -> u64 {
    rlimit::increase_nofile_limit(u64::MAX).unwrap_or_else(|error| {
        tracing::warn!(%error, "the limit of open files stays as it is");
        rlimit::getrlimit(rlimit::Resource::NOFILE).map_or(u64::MAX, |(soft, _)| soft)
    })
}

/// Takes SIGXFSZ, which would kill a program that writes more than its user may: to the storage
/// that is a disk like any other that is full.
fn live_with_a_limit_of_file_sizes() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    // It is not ignored but never read.
    signal(SignalKind::from_raw(libc::SIGXFSZ)).map(drop)
}

/// Takes SIGINT (Ctrl-C) and SIGTERM from now on, so that neither kills a server that has said
/// that it runs. The future cancels `stop` when one comes, and ends when it is cancelled.
fn cancel_on_signal(stop: CancellationToken) -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => tracing::info!("stopping on SIGINT"),
            _ = terminate.recv() => tracing::info!("stopping on SIGTERM"),
            () = stop.cancelled() => {}
        }
        stop.cancel();
    })
}
