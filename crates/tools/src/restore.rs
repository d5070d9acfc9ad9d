//! `monoxide restore`.

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use monoxide_engine::{
    backend::{FolderError, Kind, Replacement},
    backup::{self, Summary},
};

use crate::{
    place::Place,
    report::{self, Progress},
};

/// What `monoxide restore` is told.
#[derive(Debug, Clone, Args)]
pub struct Restore {
    /// The backup. It is checked to its end before anything is touched.
    file: PathBuf,

    /// Replaces what is in the folder. It stays until what comes in its place is whole.
    #[arg(long)]
    force: bool,
}

impl Restore {
    pub(crate) async fn run(self, place: &Place) -> Result<()> {
        let (data, kind) = (place.data.clone(), place.backend);
        report::aside(move || self.restore(&data, kind)).await
    }

    fn restore(&self, data: &Path, kind: Option<Kind>) -> Result<()> {
        // Whoever may not have the folder need not wait for the check of the file.
        let begun = match data.exists() {
            true => Some(self.begin(data, kind)?),
            false => None,
        };
        let name = self.file.display();
        let progress = Progress::reading("verifying", self.open()?.metadata()?.len());
        let verified = backup::verify(BufReader::new(progress.of_reader(self.open()?)), |_| ());
        drop(progress);
        let summary = verified.with_context(|| format!("`{name}` cannot be restored"))?;
        let held = report::of_summary(&summary);
        report::note(&format!("verified: `{name}` is whole and has {held}"));
        let folder = match begun {
            Some(folder) => folder,
            None => self.begin(data, kind)?,
        };
        self.fill(folder, summary)?;
        report::note(&format!("restored into `{}`", data.display()));
        Ok(())
    }

    fn begin(&self, data: &Path, kind: Option<Kind>) -> Result<Replacement> {
        match Replacement::begin(data, kind, self.force) {
            Err(error @ FolderError::InUse(_)) => {
                Err(error).context("a restore is done while no server runs")
            }
            begun => Ok(begun?),
        }
    }

    fn fill(&self, mut folder: Replacement, expected: Summary) -> Result<()> {
        let progress = Progress::reading("restoring", self.open()?.metadata()?.len());
        let file = BufReader::new(progress.of_reader(self.open()?));
        let found = backup::read(file, |space, key, value| Ok(folder.put(space, key, value)?));
        drop(progress);
        if found? != expected {
            bail!("`{}` has changed meanwhile", self.file.display());
        }
        if let Some(error) = folder.finish(expected.version)? {
            let why = "so versions may come again that clients have seen";
            report::note(&format!("what was there could not be read, {why}: {error}"));
        }
        Ok(())
    }

    fn open(&self) -> Result<File> {
        let name = self.file.display();
        let file = File::open(&self.file).with_context(|| format!("cannot read `{name}`"))?;
        if !file.metadata()?.is_file() {
            bail!("`{name}` is no file: a backup is read twice");
        }
        Ok(file)
    }
}
