//! What every request passes before its route is looked for, and every answer on its way out:
//! CORS, a panic's answer, and compression for those who can unpack.

use std::{
    any::Any,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    Router,
    body::{Body, HttpBody},
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use futures_util::FutureExt as _;
use monoxide_engine::Error;
use tower::ServiceExt as _;
use tower_http::{
    CompressionLevel,
    compression::{Compression, Predicate},
};

use crate::{door::Settings, error::Refusal, health, upgrade::words};

/// Below this a packed answer would not save a packet.
const WORTH_PACKING: u64 = 1024;

/// The router, and what is around it.
#[derive(Clone)]
pub(crate) struct Edge {
    router: Router,
    settings: Arc<Settings>,
    opened: Opened,
}

/// Whether the server has everything that it is to serve. Clones are of the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Opened(Arc<AtomicBool>);

impl Opened {
    pub(crate) fn open(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Refuses everything but the question how the server is.
    fn check(&self, request: &Request) -> Result<(), Refusal> {
        if self.0.load(Ordering::Acquire) || request.uri().path() == health::PATH {
            return Ok(());
        }
        Err(Error::Loading.into())
    }
}

impl Edge {
    pub(crate) fn new(router: Router, settings: Arc<Settings>, opened: Opened) -> Self {
        Self { router, settings, opened }
    }

    /// Whether it is of interest who asks.
    pub(crate) fn asks_who(&self) -> bool {
        self.settings.auth.is_some()
    }

    /// Answers a request.
    pub(crate) async fn answer(self, request: Request) -> Response {
        let Self { router, settings, opened } = self;
        if let Some(preflight) = settings.origins.preflight(&request) {
            return preflight;
        }
        let origin = settings.origins.told(request.headers());
        let may_be_packed = settings.compression;
        let packs = may_be_packed && request.headers().contains_key(header::ACCEPT_ENCODING);
        // Whoever can unpack nothing does not pay for the others.
        let answer = async {
            if let Err(loading) = opened.check(&request) {
                return loading.into_response();
            }
            if packs { packed(router, request).await } else { plain(router, request).await }
        };
        let answer = AssertUnwindSafe(answer).catch_unwind().await;
        let mut response = answer.unwrap_or_else(|panic| panicked(&*panic));
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return response;
        }
        let headers = response.headers_mut();
        if let Some(origin) = origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            if headers.contains_key(header::ETAG) {
                // Without this a page could not name what it has read in `If-Match`.
                let etag = HeaderValue::from_static("ETag");
                headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, etag);
            }
        }
        if may_be_packed {
            varies(headers, "Accept-Encoding");
        }
        varies(headers, "Origin");
        response
    }
}

async fn plain(router: Router, request: Request) -> Response {
    let Ok(response) = router.oneshot(request).await;
    response
}

async fn packed(router: Router, request: Request) -> Response {
    let packing =
        Compression::new(router).quality(CompressionLevel::Fastest).compress_when(WorthPacking);
    let Ok(response) = packing.oneshot(request).await;
    response.map(Body::new)
}

/// Answers a request over which something panicked; the others do not notice.
fn panicked(panic: &(dyn Any + Send)) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = text.unwrap_or("?"), "a request panicked");
    Refusal::Panicked.into_response()
}

/// Says that the answer depends on this header of the request.
fn varies(headers: &mut HeaderMap, on: &'static str) {
    if !words(headers, header::VARY).any(|word| word.eq_ignore_ascii_case(on)) {
        headers.append(header::VARY, HeaderValue::from_static(on));
    }
}

/// Which answers are packed. Those that are already are never looked at.
#[derive(Debug, Clone, Copy)]
struct WorthPacking;

impl Predicate for WorthPacking {
    fn should_compress<B: HttpBody>(&self, response: &Response<B>) -> bool {
        let kind = response.headers().get(header::CONTENT_TYPE);
        // What has no size yet is a stream, and packing it would hold its parts back.
        response.status().is_success()
            && response.body().size_hint().exact().is_some_and(|size| size >= WORTH_PACKING)
            && kind.is_some_and(|kind| kind.to_str().is_ok_and(is_loose))
    }
}

/// Whether what has this content type is not packed by its nature.
fn is_loose(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or(kind).trim_end();
    kind.starts_with("text/")
        || ["json", "javascript", "xml", "wasm"].iter().any(|loose| kind.ends_with(loose))
}
