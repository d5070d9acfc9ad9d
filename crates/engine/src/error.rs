//! Everything that can go wrong in the engine, by what the caller can do about it.

use monoxide_protocol::{Glob, JsonError, MergeError};

use crate::filter::{Denied, FilterError};

/// Why the engine did not do what it was asked. Nothing was
/// changed, and nobody was told of anything.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is nothing under the key.
    #[error("nothing is stored under that key")]
    NotFound,
    /// The rules do not allow it to whoever asks.
    #[error("the rules do not allow it")]
    Forbidden {
        /// Whether an account asks: without one, signing in may help.
        signed_in: bool,
    },
    /// A filter said no; what it said is for the client.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// No filter covers what was asked for, and only what filters cover is open. For writes and
    /// deletes, what was asked for.
    #[error("no filter covers this")]
    NoFilter(Option<Glob>),
    /// A write filter made something that is not JSON.
    #[error("the filter of `{0}` made something that is not JSON")]
    FilterResult(Glob),
    /// A filter, or the function of a limit, panicked. That is a mistake of the application, and
    /// it hurts nobody but who asked.
    #[error("{0} panicked")]
    Panicked(&'static str),
    /// The object is not the one that the write was meant for.
    #[error("the condition of the write does not hold")]
    Condition,
    /// The merge does not fit what is stored.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// The JSON Patch does not fit what is stored.
    #[error("{0}")]
    Patch(String),
    /// The result of a patch is not JSON that can be stored.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The backend is still being read; see [`Engine::ready`](crate::Engine::ready).
    #[error("what is stored is still being loaded")]
    Loading,
    /// The write cannot be made durable, or nothing can be at present; see
    /// [`Engine::health`](crate::Engine::health). A process that dies before it can again may
    /// have the write all the same.
    #[error("what is written cannot be made durable")]
    Storage,
    /// More writes wait for the backend than there is room for. It is slow; trying again helps.
    #[error("too many writes wait to be made durable")]
    Busy,
    /// What the backend has kept cannot be read.
    #[error("cannot load what is stored: {0}")]
    Load(String),
    /// The engine is shutting down.
    #[error("the engine is closed")]
    Closed,
    /// The filters of an engine cannot be used.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// An engine was started outside of a tokio runtime, where no task of it can run.
    #[error("an engine has to be started inside a tokio runtime")]
    NoRuntime,
    /// The system gave no thread for the log.
    #[error("no thread can be started")]
    NoThread,
}
