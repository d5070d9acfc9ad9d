//! `monoxide backup`.

use std::{
    io::{BufReader, BufWriter},
    path::PathBuf,
};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use clap::Args;
use indicatif::HumanBytes;
use monoxide_engine::{
    backend::Folder,
    backup::{self, Summary},
};

use crate::{
    output::Output,
    place::{Owner, Place},
    report::{self, Progress},
    socket::Server,
};

/// What `monoxide backup` is told.
#[derive(Debug, Clone, Args)]
pub struct Backup {
    /// The file to write; `-` is standard output. It is there when it is whole, or not at all.
    file: PathBuf,

    /// Replaces the file when there is one.
    #[arg(long)]
    force: bool,
}

impl Backup {
    pub(crate) async fn run(self, place: &Place) -> Result<()> {
        let output = Output::open(&self.file, self.force)?;
        let name = output.name();
        match place.owner().await? {
            Owner::Server(server) => receive(&server, &output).await?,
            Owner::Us(folder) => write(folder, &output).await?,
        }
        let Some(written) = output.written()? else {
            output.keep()?;
            report::note(&format!("backed up to {name}"));
            return Ok(());
        };
        let size = written.metadata()?.len();
        let progress = Progress::reading("verifying", size);
        // What is on disk is what counts.
        let summary: Summary = report::aside(move || {
            let file = BufReader::new(progress.of_reader(written));
            Ok(backup::verify(file, |_| ())?)
        })
        .await
        .context("what was written is not what it should be")?;
        output.keep()?;
        let (held, size) = (report::of_summary(&summary), HumanBytes(size));
        report::note(&format!("backed up and verified: {held}; {size} in {name}"));
        Ok(())
    }
}

/// Writes down what the server sends.
async fn receive(server: &Server, output: &Output) -> Result<()> {
    let mut sent = server.ask("POST", &[("api", "backup")], Bytes::new()).await?;
    let (mut out, progress) = (output.writer()?, Progress::bytes("backing up"));
    while let Some(part) = sent.part().await? {
        out.write_all(&part).with_context(|| format!("cannot write {}", output.name()))?;
        progress.add(part.len());
    }
    out.flush().with_context(|| format!("cannot write {}", output.name()))
}

/// Writes down what is in the folder.
async fn write(folder: Folder, output: &Output) -> Result<()> {
    let (out, name) = (output.writer()?, output.name());
    let progress = Progress::counting("backing up", "entries");
    report::aside(move || {
        let mut backend = folder.backend()?;
        let written =
            backup::write_backend(&mut *backend, BufWriter::new(out), |count| progress.set(count));
        written.map(drop).map_err(|error| match error {
            backup::BackupError::Io(error) => {
                anyhow::Error::new(error).context(format!("cannot write {name}"))
            }
            error => error.into(),
        })
    })
    .await
}
