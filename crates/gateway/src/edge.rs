//! What every request passes before its route is looked for, and every answer on its way out:
//! CORS, and inside of it compression.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, HttpBody},
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use tower::{ServiceExt as _, util::MapResponse};
use tower_http::{
    CompressionLevel,
    compression::{Compression, CompressionBody, Predicate},
};

use crate::{door::Settings, upgrade::words};

/// Below this a packed answer would not save a packet.
const WORTH_PACKING: u64 = 1024;

/// The router, and what is around it.
#[derive(Clone)]
pub(crate) struct Edge {
    router: Compression<Varying, WorthPacking>,
    settings: Arc<Settings>,
}

type Varying = MapResponse<Router, fn(Response) -> Response>;

impl Edge {
    pub(crate) fn new(router: Router, settings: Arc<Settings>) -> Self {
        let enabled = settings.compression;
        let vary: fn(_) -> _ = if enabled { varies_by_encoding } else { |response| response };
        let router = MapResponse::new(router, vary);
        let router = Compression::new(router)
            .quality(CompressionLevel::Fastest)
            .compress_when(WorthPacking { enabled });
        Self { router, settings }
    }

    /// Answers a request.
    pub(crate) async fn answer(self, request: Request) -> Response<CompressionBody<Body>> {
        let Self { router, settings } = self;
        if let Some(preflight) = settings.origins.preflight(&request) {
            return preflight;
        }
        let origin = settings.origins.told(request.headers());
        let Ok(mut response) = router.oneshot(request).await;
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
        varies(headers, "Origin");
        response
    }
}

/// Said of every answer, packed or not, but of the one that is no answer.
fn varies_by_encoding(mut response: Response) -> Response {
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        varies(response.headers_mut(), "Accept-Encoding");
    }
    response
}

/// Says that the answer depends on this header of the request.
fn varies(headers: &mut HeaderMap, on: &'static str) {
    if !words(headers, header::VARY).any(|word| word.eq_ignore_ascii_case(on)) {
        headers.append(header::VARY, HeaderValue::from_static(on));
    }
}

/// Which answers are packed. Those that are already are never looked at.
#[derive(Debug, Clone, Copy)]
struct WorthPacking {
    enabled: bool,
}

impl Predicate for WorthPacking {
    fn should_compress<B: HttpBody>(&self, response: &Response<B>) -> bool {
        let kind = response.headers().get(header::CONTENT_TYPE);
        // What has no size yet is a stream, and packing it would hold its parts back.
        self.enabled
            && response.status().is_success()
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
