//! The server. This is yours to change.

mod config;
mod filters;
mod routes;

use std::process::ExitCode;

use anyhow::Context as _;
use monoxide_engine::Engine;
use monoxide_gateway::{Builder, Server, Site};
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
    let stop = CancellationToken::new();
    let signalled = cancel_on_signal(stop.clone())?;
    println!("listening on http://{}", listener.local_addr()?);

    let site = Site::new::<Files>(include_str!("page.html")).reload_port(config.reload_port);
    let engine = Engine::builder().filters(filters::filters()).start()?;
    let server = Server::builder(engine).name(config.name).site(site);
    let server = routes::endpoints().into_iter().fold(server, Builder::endpoint).build()?;
    let serve = async {
        // Whichever ends first ends the other.
        let _stop = stop.clone().drop_guard();
        server.serve(listener, stop.clone()).await
    };
    let (served, ()) = tokio::join!(serve, signalled);
    served.context("the listener failed")
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
