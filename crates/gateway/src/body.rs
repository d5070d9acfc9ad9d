//! Reading a body up to a limit.

use axum::body::{Body, HttpBody as _};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;

use crate::error::Refusal;

/// The whole body, when it is at most `limit` bytes. What is over is never kept in memory, and is
/// left to [`crate::linger`].
pub(crate) async fn read(body: Body, limit: usize) -> Result<Bytes, Refusal> {
    let announced = body.size_hint().lower();
    if announced > limit as u64 {
        return Err(Refusal::BodyTooLarge(limit));
    }
    let mut chunks = body.into_data_stream();
    let (mut first, mut whole) = (Bytes::new(), BytesMut::new());
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Refusal::BodyCut)?;
        if first.len() + whole.len() + chunk.len() > limit {
            return Err(Refusal::BodyTooLarge(limit));
        }
        if first.is_empty() && whole.is_empty() {
            first = chunk;
            continue;
        }
        whole.extend_from_slice(&std::mem::take(&mut first));
        whole.extend_from_slice(&chunk);
    }
    // Most bodies come in one piece, which is not copied.
    Ok(if whole.is_empty() { first } else { whole.freeze() })
}
