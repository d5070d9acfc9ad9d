//! `monoxide export`.

use std::{
    io::{self, BufWriter, Write},
    path::PathBuf,
};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use clap::Args;
use monoxide_engine::{
    backend::{BackendError, Folder, Space, record},
    transfer::{Exporter, Format, Style},
};
use monoxide_protocol::Glob;

use crate::{
    output::Output,
    place::{Owner, Place},
    report::{self, Progress},
    socket::Server,
};

/// What `monoxide export` is told.
#[derive(Debug, Clone, Args)]
pub struct Export {
    /// The objects to write, such as `books/*`, in which each star is one whole segment. Default:
    /// all.
    glob: Option<Glob>,

    /// The file to write; standard output without one.
    #[arg(long, short, default_value = "-")]
    output: PathBuf,

    /// jsonl, one object a line, or json, an array.
    #[arg(long, default_value_t)]
    format: Format,

    /// Writes the data alone, and not what it is called and when it was written.
    #[arg(long)]
    plain: bool,

    /// Replaces the file when there is one.
    #[arg(long)]
    force: bool,
}

impl Export {
    pub(crate) async fn run(self, place: &Place) -> Result<()> {
        let output = Output::open(&self.output, self.force)?;
        let exported = match place.owner().await? {
            Owner::Server(server) => self.receive(&server, &output).await,
            Owner::Us(folder) => self.write(folder, &output).await,
        };
        match exported {
            // Whoever reads has had enough.
            Err(error) if is_broken_pipe(&error) => return Ok(()),
            exported => exported?,
        }
        let name = output.name();
        let is_file = matches!(output, Output::New(..));
        output.keep()?;
        if is_file {
            report::note(&format!("exported to {name}"));
        }
        Ok(())
    }

    async fn receive(&self, server: &Server, output: &Output) -> Result<()> {
        let format = self.format.name();
        let mut query = vec![("api", "export"), ("format", format)];
        query.extend(self.glob.as_ref().map(|glob| ("glob", glob.as_str())));
        query.extend(self.plain.then_some(("plain", "true")));
        let mut sent = server.ask("GET", &query, Bytes::new()).await?;
        let (mut out, progress) = (output.writer()?, Progress::bytes("exporting"));
        while let Some(part) = sent.part().await? {
            out.write_all(&part).with_context(|| format!("cannot write {}", output.name()))?;
            progress.add(part.len());
        }
        out.flush().with_context(|| format!("cannot write {}", output.name()))
    }

    async fn write(&self, folder: Folder, output: &Output) -> Result<()> {
        let (out, name, glob) = (output.writer()?, output.name(), self.glob.clone());
        let style = Style { format: self.format, is_plain: self.plain };
        let progress = Progress::counting("exporting", "objects");
        report::aside(move || {
            let exporter = Exporter::new(BufWriter::new(out), style);
            export(&folder, glob.as_ref(), exporter, &progress, &name)
        })
        .await
    }
}

fn export(
    folder: &Folder,
    glob: Option<&Glob>,
    mut exporter: Exporter<impl Write>,
    progress: &Progress,
    name: &str,
) -> Result<()> {
    let mut failed = None;
    let loaded = folder.backend()?.load(Space::State, &mut |key, value| {
        let object = record::decode(key, value)?;
        if glob.is_none_or(|glob| glob.matches(&object.key)) {
            progress.add(1);
            exporter.put(&object).map_err(|error| {
                failed = Some(error);
                BackendError::Io("the output is full".to_owned())
            })?;
        }
        Ok(())
    });
    if let Some(error) = failed {
        return Err(error).with_context(|| format!("cannot write {name}"));
    }
    loaded?;
    exporter.finish().map(drop).with_context(|| format!("cannot write {name}"))
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
