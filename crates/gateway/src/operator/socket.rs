//! The Unix socket of the operator: who may open the file may do everything.

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use monoxide_engine::backend::ShortPath;
use tokio::net::{UnixListener, UnixStream};

use crate::{
    edge::Edge,
    guests::{Guests, Limits},
    listen::Listening,
    pace::{Paced, Timeouts},
};

/// How many may be connected; one more is not let in.
const MOST: usize = 32;

/// Nobody who may come in has to hurry: a backup may be read by a slow disk.
const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// The user that may do everything anyhow.
const ROOT: u32 = 0;

/// A socket on which the operator may be heard. Its file is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Bound {
    listener: UnixListener,
    /// Whom the file belongs to.
    owner: u32,
    path: PathBuf,
}

/// Makes the socket, in the place of one whose server is gone: the folder it is in is this
/// process's alone.
pub(crate) fn bind(path: &Path) -> io::Result<Bound> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(ShortPath::of(path)?.get())?;
    // Until here others might connect; who they are is looked at all the same.
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    let owner = fs::metadata(path)?.uid();
    Ok(Bound { listener, owner, path: path.to_owned() })
}

impl Bound {
    /// Answers the operator until the server stops.
    pub(crate) async fn run(self, mut listening: Listening, edge: Edge) {
        let header = listening.timeouts.header;
        let timeouts = Timeouts { header, read: PATIENCE, write: PATIENCE, idle: PATIENCE };
        (listening.timeouts, listening.tls) = (timeouts, None);
        listening.guests = Guests::new(Limits { total: MOST, per_address: MOST, from_here: MOST });
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = listening.sockets.stop.cancelled() => return,
            };
            match accepted {
                Ok((stream, _)) => self.let_in(stream, &listening, &edge),
                Err(error) => {
                    tracing::debug!(%error, "the operator was not let in");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        }
    }

    fn let_in(&self, stream: UnixStream, listening: &Listening, edge: &Edge) {
        let peer = stream.peer_cred().map(|peer| peer.uid());
        if !peer.as_ref().is_ok_and(|uid| *uid == self.owner || *uid == ROOT) {
            tracing::warn!(?peer, "somebody else's user tried the operator's socket");
            return;
        }
        // It has no address; its connections are counted together.
        let Ok(guest) = listening.guests.admit(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))) else {
            return;
        };
        let (stream, pace) = Paced::new(stream, listening.timeouts);
        let stop = listening.sockets.stop.child_token();
        let requests = listening.clone().requests(stream, pace, guest, edge.clone(), stop);
        listening.sockets.tasks.spawn(requests);
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, "the operator's socket stays");
        }
    }
}
