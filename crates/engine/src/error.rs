//! Everything that can go wrong in the engine, by what the caller can do about it.

use monoxide_protocol::{JsonError, MergeError};

/// Why the engine did not do what it was asked. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is nothing under the key.
    #[error("nothing is stored under that key")]
    NotFound,
    /// The patch does not fit what is stored.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// The result of a patch is not JSON that can be stored.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The engine is shutting down.
    #[error("the engine is closed")]
    Closed,
    /// An engine was started outside of a tokio runtime, where no task of it can run.
    #[error("an engine has to be started inside a tokio runtime")]
    NoRuntime,
}
