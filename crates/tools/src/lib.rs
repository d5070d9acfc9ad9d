//! The commands that look after what a server keeps: beside it when it runs, and without one.
//!
//! Each is a variant of [`Command`], for clap. [`run`] talks to the server that uses the folder
//! over its Unix socket, and opens the folder itself when none does.

mod backup;
mod compact;
mod export;
mod import;
mod output;
mod place;
mod report;
mod restore;
mod socket;

use anyhow::bail;
use clap::Subcommand;

pub use crate::{
    backup::Backup, compact::Compact, export::Export, import::Import, place::Place,
    restore::Restore,
};

/// What can be done with a folder besides serving it.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Writes everything that is kept into one file, also while a server runs.
    Backup(Backup),
    /// Puts what a backup holds into the folder. No server may be running on it.
    Restore(Restore),
    /// Writes objects as JSON Lines or JSON, also while a server runs.
    Export(Export),
    /// Writes objects from JSON Lines or JSON: all of them, or none when one is refused.
    Import(Import),
    /// Gives room that is not needed any more back to the disk, also while a server runs.
    Compact(Compact),
}

/// Does what `command` says with the folder at `place`.
///
/// # Errors
///
/// One that says what did not work. Nothing is changed then, and no half a file is left.
pub async fn run(command: Command, place: Place) -> anyhow::Result<()> {
    let work = async {
        match command {
            Command::Backup(backup) => backup.run(&place).await,
            Command::Restore(restore) => restore.run(&place).await,
            Command::Export(export) => export.run(&place).await,
            Command::Import(import) => import.run(place).await,
            Command::Compact(compact) => compact.run(&place).await,
        }
    };
    tokio::select! {
        done = work => done,
        // What is half done is dropped, and leaves nothing.
        _ = tokio::signal::ctrl_c() => bail!("interrupted"),
    }
}
