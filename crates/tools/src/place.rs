//! Where the data is, and who has it.

use std::{fmt, path::PathBuf, time::Duration};

use anyhow::{Context as _, Result, bail};
use monoxide_engine::{
    Builder,
    backend::{Folder, FolderError, Kind},
};

use tokio::time::{Instant, sleep};

use crate::socket::{Server, is_early};

/// How long it is waited for whoever has the folder to be heard, or to be gone; and how often it is
/// looked.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);

/// The folder that a command is about.
pub struct Place {
    /// Where it is.
    pub data: PathBuf,
    /// What a new one is to be written with.
    pub backend: Option<Kind>,
    /// The engine that a server would have, with its filters, over a backend of the command's.
    pub engine: Box<dyn FnOnce() -> Builder + Send>,
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("data", &self.data).finish_non_exhaustive()
    }
}

/// Who has the folder.
pub(crate) enum Owner {
    /// A server, which can be asked.
    Server(Server),
    /// This process, from now on.
    Us(Folder),
}

impl Place {
    /// Finds out who has the folder, in which there has to be something.
    pub(crate) async fn owner(&self) -> Result<Owner> {
        match self.existing()? {
            Some(kind) => self.owner_of(kind).await,
            None => bail!("there is nothing in `{}`", self.data.display()),
        }
    }

    /// Finds out who has the folder, which is made when it is not there.
    pub(crate) async fn owner_or_new(&self) -> Result<Owner> {
        let kind = self.existing()?.or(self.backend).unwrap_or(Kind::Redb);
        self.owner_of(kind).await
    }

    fn existing(&self) -> Result<Option<Kind>> {
        let found = Folder::kind_of(&self.data)?;
        if let (Some(found), Some(wanted)) = (found, self.backend)
            && found != wanted
        {
            let folder = self.data.clone();
            return Err(FolderError::Kind { folder, found, wanted }.into());
        }
        Ok(found)
    }

    async fn owner_of(&self, kind: Kind) -> Result<Owner> {
        let socket = Folder::socket(&self.data);
        let end = Instant::now() + PATIENCE;
        loop {
            match Folder::open(&self.data, kind) {
                Ok(folder) => return Ok(Owner::Us(folder)),
                Err(FolderError::InUse(_)) => {}
                Err(error) => return Err(error.into()),
            }
            let (folder, shown) = (self.data.display(), socket.display());
            match Server::find(&socket).await {
                Ok(server) => return Ok(Owner::Server(server)),
                // It is starting or stopping.
                Err(error) if is_early(&error) && Instant::now() < end => sleep(PAUSE).await,
                Err(error) => {
                    let why = format!("`{folder}` is in use, and nobody answers at `{shown}`");
                    return Err(error).context(why);
                }
            }
        }
    }
}
