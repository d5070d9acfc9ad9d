//! Reading a body up to a limit.

use axum::{
    body::{Body, HttpBody as _},
    http::{HeaderMap, header},
};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};

use crate::error::Refusal;

/// How much of a body that is too large is thrown away before the refusal is sent. A client that
/// is still writing when the connection closes would see a reset instead of the answer.
const DISCARD: u64 = 64 * 1024 * 1024;

/// The whole body, when it is at most `limit` bytes. What is over is never kept in memory.
pub(crate) async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Refusal> {
    let announced = body.size_hint().lower();
    let mut chunks = body.into_data_stream();
    if announced > limit as u64 {
        // Who asks before it sends has sent nothing yet.
        if !headers.contains_key(header::EXPECT) && announced <= DISCARD {
            discard(&mut chunks).await;
        }
        return Err(Refusal::BodyTooLarge(limit));
    }
    let mut whole = BytesMut::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Refusal::BodyCut)?;
        if whole.len() + chunk.len() > limit {
            drop(whole);
            discard(&mut chunks).await;
            return Err(Refusal::BodyTooLarge(limit));
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

async fn discard(chunks: &mut (impl Stream<Item = Result<Bytes, axum::Error>> + Unpin)) {
    let mut left = DISCARD;
    while let Some(Ok(chunk)) = chunks.next().await {
        left = left.saturating_sub(chunk.len() as u64);
        if left == 0 {
            return;
        }
    }
}
