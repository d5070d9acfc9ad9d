//! `monoxide compact`.

use anyhow::Result;
use bytes::Bytes;
use clap::Args;
use indicatif::HumanBytes;
use monoxide_engine::backend::{Compaction, Folder};
use serde::Deserialize;

use crate::{
    place::{Owner, Place},
    report::{self, Progress},
};

/// What `monoxide compact` is told.
#[derive(Debug, Clone, Args)]
pub struct Compact {}

/// What a server says.
#[derive(Debug, Deserialize)]
struct Compacted {
    compaction: Option<Compaction>,
}

impl Compact {
    pub(crate) async fn run(self, place: &Place) -> Result<()> {
        let owner = place.owner().await?;
        let progress = Progress::waiting("compacting");
        let done = match owner {
            Owner::Server(server) => {
                let query = [("api", "compact")];
                server.ask_json::<Compacted>("POST", &query, Bytes::new()).await?.compaction
            }
            Owner::Us(folder) => report::aside(move || Ok(folder.backend()?.compact()?)).await?,
        };
        drop(progress);
        report::note(&match done {
            Some(Compaction { before, after }) => {
                format!("compacted: {} before, {} now", HumanBytes(before), HumanBytes(after))
            }
            None => {
                let size = HumanBytes(Folder::size_of(&place.data)?);
                format!("{size}: this backend gives room back by itself, nothing was done")
            }
        });
        Ok(())
    }
}
