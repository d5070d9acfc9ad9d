//! `monoxide import`.

use std::{
    fs::File,
    io::{self, Read as _},
    path::PathBuf,
};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use clap::Args;
use monoxide_engine::{
    backend::Folder,
    transfer::{self, Format, Imported, Style},
};
use monoxide_protocol::{KeyError, Target};

use crate::{
    output::is_standard,
    place::{Owner, Place},
    report::{self, Progress},
    socket::Server,
};

/// What `monoxide import` is told.
#[derive(Debug, Clone, Args)]
pub struct Import {
    /// The file to read; standard input without one.
    #[arg(default_value = "-")]
    file: PathBuf,

    /// jsonl, one object a line, or json, an array.
    #[arg(long, default_value_t)]
    format: Format,

    /// What is read is data alone, and goes to `--into`.
    #[arg(long, requires = "into")]
    plain: bool,

    /// The list to push plain data to, such as `books/*`, or the key of a single object.
    #[arg(long, requires = "plain", value_parser = target)]
    into: Option<Into>,

    /// Checks everything, and writes nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Where plain data goes.
#[derive(Debug, Clone)]
struct Into {
    text: String,
    target: Target,
}

fn target(text: &str) -> Result<Into, KeyError> {
    Ok(Into { text: text.to_owned(), target: Target::parse(text)? })
}

impl Import {
    pub(crate) async fn run(self, place: Place) -> Result<()> {
        let text = self.read().await?;
        let imported = match place.owner_or_new().await? {
            Owner::Server(server) => self.send(&server, text).await?,
            Owner::Us(folder) => self.write(place, folder, text).await?,
        };
        report::note(&self.told(&imported));
        Ok(())
    }

    async fn read(&self) -> Result<Vec<u8>> {
        let file = self.file.clone();
        report::aside(move || {
            let mut text = Vec::new();
            if is_standard(&file) {
                let read = io::stdin().lock().read_to_end(&mut text);
                read.context("cannot read standard input")?;
                return Ok(text);
            }
            let opened = File::open(&file).and_then(|mut file| file.read_to_end(&mut text));
            opened.with_context(|| format!("cannot read `{}`", file.display()))?;
            Ok(text)
        })
        .await
    }

    async fn send(&self, server: &Server, text: Vec<u8>) -> Result<Imported> {
        let mut query = vec![("api", "import"), ("format", self.format.name())];
        if let Some(into) = &self.into {
            query.extend([("plain", "true"), ("into", into.text.as_str())]);
        }
        query.extend(self.dry_run.then_some(("dry-run", "true")));
        let _progress = Progress::waiting("importing");
        let imported = server.ask_json("POST", &query, Bytes::from(text)).await;
        imported.context("nothing was imported")
    }

    async fn write(&self, place: Place, folder: Folder, text: Vec<u8>) -> Result<Imported> {
        let style = Style { format: self.format, is_plain: self.plain };
        let into = self.into.as_ref().map(|into| into.target.clone());
        let _progress = Progress::waiting("importing");
        let imports = report::aside(move || Ok(transfer::parse(&text, style, into.as_ref())?));
        let imports = imports.await.context("nothing was imported")?;
        let engine = (place.engine)().backend(folder.opener()).start()?;
        let imported = async {
            engine.ready().await?;
            Ok::<_, anyhow::Error>(engine.import(imports, self.dry_run).await?)
        };
        let imported = imported.await;
        engine.close().await;
        imported.context("nothing was imported")
    }

    fn told(&self, imported: &Imported) -> String {
        let Imported { created, changed, evicted, .. } = *imported;
        let objects = report::count((created + changed) as u64, "object");
        let news = format!("{objects}, {created} new and {changed} replaced");
        match (self.dry_run, evicted) {
            (true, _) => format!("all is well, and nothing was written: {news}"),
            (false, 0) => format!("imported {news}"),
            (false, evicted) => {
                let evicted = report::count(evicted as u64, "object");
                format!("imported {news}; limits removed {evicted}")
            }
        }
    }
}
