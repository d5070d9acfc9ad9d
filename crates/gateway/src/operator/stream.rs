//! An answer that is made while it is sent.

use std::io::{self, BufWriter, Write};

use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures_util::stream;
use tokio::{sync::mpsc, task::spawn_blocking};

/// How much is sent at once.
const PART: usize = 64 * 1024;

/// How many parts may wait for the client. When it takes none, making more waits.
const PARTS: usize = 4;

/// What `write` writes, on a thread that may wait. When it fails the connection breaks, so that
/// nobody takes what was sent for the whole.
pub(super) fn response(
    write: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
) -> Response {
    let (parts, sent) = mpsc::channel(PARTS);
    spawn_blocking(move || {
        let mut out = BufWriter::with_capacity(PART, Parts(parts));
        let written = write(&mut out).and_then(|()| out.flush());
        if let Err(error) = written {
            tracing::debug!(%error, "an answer was cut off");
            // Nobody may be there any more, most likely for that reason.
            _ = out.get_ref().0.blocking_send(Err(error));
        }
    });
    let sent = stream::unfold(sent, async |mut sent| Some((sent.recv().await?, sent)));
    Body::from_stream(sent).into_response()
}

struct Parts(mpsc::Sender<io::Result<Bytes>>);

impl Write for Parts {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let part = Ok(Bytes::copy_from_slice(bytes));
        self.0.blocking_send(part).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
