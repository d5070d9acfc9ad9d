//! The fixture as a program: `cargo run -p monoxide-testkit --bin fixture -- --help`.

use clap::Parser as _;
use monoxide_testkit::fixture::{Fixture, Flags};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "whoever started it waits for the address")]
async fn main() -> anyhow::Result<()> {
    let flags = Flags::parse();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;

    let fixture = Fixture::start(flags).await?;
    println!("listening {}", fixture.address());

    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    fixture.close().await;
    Ok(())
}
