//! The application's functions run inside ours: what they panic over stays with who asked.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::Poll,
};

use crate::error::Error;

/// What a function of the application has still to wait for.
pub(crate) type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Calls a function of the application, `what` for people who read the log.
pub(crate) fn call<T>(what: &'static str, function: impl FnOnce() -> T) -> Result<T, Error> {
    // Nothing of ours is half done: the function is called between our steps and under no lock
    // but that of the one topic that it is about, whose document is changed after it.
    catch_unwind(AssertUnwindSafe(function)).map_err(|_| {
        tracing::error!("{what} panicked");
        Error::Panicked(what)
    })
}

/// Like [`call`], for a function that has to wait for something.
pub(crate) async fn call_later<T>(
    what: &'static str,
    function: impl FnOnce() -> Later<T>,
) -> Result<T, Error> {
    let mut later = call(what, function)?;
    poll_fn(|context| match call(what, || later.as_mut().poll(context)) {
        Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(error) => Poll::Ready(Err(error)),
    })
    .await
}
