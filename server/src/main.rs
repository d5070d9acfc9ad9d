//! The server. This is yours to change.

mod config;

use std::process::ExitCode;

use anyhow::Context as _;
use monoxide_engine::Engine;
use monoxide_gateway::{Server, Site};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::Config;

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

#[expect(clippy::print_stdout, reason = "the address is for whoever started the server")]
async fn run(config: Config) -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_env_filter(config.log).with_writer(std::io::stderr).init();

    let listener = TcpListener::bind(config.addr)
        .await
        .with_context(|| format!("cannot listen on {}", config.addr))?;
    println!("listening on http://{}", listener.local_addr()?);

    let site = Site::new::<Files>(include_str!("page.html")).reload_port(config.reload_port);
    let server = Server::new(Engine::builder().start()?).name(config.name).site(site);
    let stop = CancellationToken::new();
    let serve = async {
        // Whichever ends first ends the other.
        let _stop = stop.clone().drop_guard();
        server.serve(listener, stop.clone()).await
    };
    let (served, signalled) = tokio::join!(serve, cancel_on_signal(stop.clone()));
    signalled?;
    served.context("the listener failed")
}

/// Cancels `stop` on SIGINT (Ctrl-C) or SIGTERM, and returns when it is cancelled.
async fn cancel_on_signal(stop: CancellationToken) -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let _stop = stop.clone().drop_guard();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => tracing::info!("stopping on SIGINT"),
        _ = terminate.recv() => tracing::info!("stopping on SIGTERM"),
        () = stop.cancelled() => {}
    }
    Ok(())
}
