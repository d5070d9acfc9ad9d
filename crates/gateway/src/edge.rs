//! What every request passes before its route is looked for, and every answer on its way out:
//! CORS, a panic's answer, and compression for those who can unpack.

use std::{
    any::Any,
    convert::Infallible,
    future::ready,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    body::{Body, HttpBody},
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use futures_util::{FutureExt as _, future::Either};
use monoxide_engine::Error;
use tokio::time::Instant;
use tower::{ServiceExt as _, service_fn};
use tower_http::{
    CompressionLevel,
    compression::{Compression, Predicate},
};

use crate::{
    door::Settings, doors::Doors, error::Refusal, guests::Guest, health, monitor::Kind, operator,
    proxies::ClientAddress, upgrade::words,
};

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// Below this a packed answer would not save a packet.
const WORTH_PACKING: u64 = 1024;

/// What is around the doors.
#[derive(Debug, Clone)]
pub(crate) struct Edge {
    doors: Doors,
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

    fn is_open(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Edge {
    pub(crate) fn new(doors: Doors, settings: Arc<Settings>, opened: Opened) -> Self {
        Self { doors, settings, opened }
    }

    /// From where a request comes that `guest` has sent, where that is of interest.
    pub(crate) fn client(&self, guest: &Guest, headers: &HeaderMap) -> Option<ClientAddress> {
        let Settings { auth, proxies, quotas, .. } = &*self.settings;
        let address = proxies.client(guest.address.ip(), headers);
        let is_asked = auth.is_some() || quotas.count(address);
        is_asked.then_some(ClientAddress(address))
    }

    /// Refuses what is too much, what is for another server, and where people sign in, what a page of somebody else
    /// wants changed.
    fn refuse(&self, request: &Request) -> Option<Refusal> {
        let Self { doors, settings, .. } = self;
        if matches!(doors, Doors::Operator(_)) {
            return None;
        }
        if let Some(from) = request.extensions().get::<ClientAddress>()
            && let Err(too_many) = settings.quotas.of_address(from.0, request.method())
        {
            return Some(too_many.into());
        }
        if !settings.hosts.allow(request) {
            return Some(Refusal::Host);
        }
        let is_foreign = settings.auth.is_some()
            && !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS)
            && !settings.origins.may_open_a_socket(request.headers());
        is_foreign.then_some(Refusal::ForeignPage)
    }

    /// Answers a request, and counts it. The time is that until the head of the answer is there.
    pub(crate) fn answer(
        &self,
        mut request: Request,
    ) -> impl Future<Output = Response> + Send + use<> {
        let begun = Instant::now();
        self.settings.base_path.strip(request.uri_mut());
        let kind = Kind::of(request.method(), request.uri().path());
        let door = self.doors.counted();
        self.respond(request).map(move |response| {
            if let Some(door) = door {
                door.running.guests.meter().answered(kind, response.status(), begun.elapsed());
            }
            response
        })
    }

    /// Answers a request. Nothing here waits, so nothing is kept twice: hyper moves what this gives.
    fn respond(&self, mut request: Request) -> impl Future<Output = Response> + Send + use<> {
        let Self { doors, settings, opened } = self;
        let is_tls = settings.is_tls;
        if let Some(refusal) = self.refuse(&request) {
            return Either::Left(ready(secured(refusal.into_response(), is_tls)));
        }
        if let Some(preflight) = settings.origins.preflight(&request) {
            return Either::Left(ready(secured(preflight, is_tls)));
        }
        let origin = settings.origins.told(request.headers());
        operator::find(&mut request);
        let may_be_packed = settings.compression;
        // Whoever can unpack nothing does not pay for the others, not even by room for it.
        let packs = may_be_packed && request.headers().contains_key(header::ACCEPT_ENCODING);
        let answer = if !opened.is_open() {
            Either::Left(closed(doors.clone(), request).boxed())
        } else if packs {
            Either::Left(packed(doors.clone(), request).boxed())
        } else {
            Either::Right(doors.answer(request))
        };
        Either::Right(AssertUnwindSafe(answer).catch_unwind().map(move |answer| {
            let answer = answer.unwrap_or_else(|panic| panicked(&*panic));
            secured(told(answer, origin, may_be_packed), is_tls)
        }))
    }
}

/// The answer, with what browsers are told so that nobody makes something else of it: no other kind
/// of content, no part of another page, no window that another page has a hold of.
fn secured(mut answer: Response, is_tls: bool) -> Response {
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        return answer;
    }
    let headers = answer.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let kind = headers.get(header::CONTENT_TYPE);
    // Only a page can be framed, opened, or lead elsewhere.
    if kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html")) {
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
    }
    if is_tls {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    answer
}

/// Refuses everything but the question how the server is.
async fn closed(doors: Doors, request: Request) -> Response {
    if request.uri().path() != health::PATH {
        return Refusal::from(Error::Loading).into_response();
    }
    let answer = doors.answer(request).await;
    // The engine may be well already, and what is to be done at the start is not.
    if answer.status().is_success() { health::loading() } else { answer }
}

/// The answer, with what whoever stands between us and the client has to know.
fn told(mut answer: Response, origin: Option<HeaderValue>, may_be_packed: bool) -> Response {
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        return answer;
    }
    let headers = answer.headers_mut();
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if headers.contains_key(header::ETAG) {
            // Without this a page could not name what it has read in `If-Match`.
            let etag = HeaderValue::from_static("ETag");
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, etag);
        }
    }
    varies(headers, if may_be_packed { "Accept-Encoding, Origin" } else { "Origin" });
    answer
}

async fn packed(doors: Doors, request: Request) -> Response {
    let answer = service_fn(|request| doors.answer(request).map(Ok::<_, Infallible>));
    let packing =
        Compression::new(answer).quality(CompressionLevel::Fastest).compress_when(WorthPacking);
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

/// Says which headers of the request the answer depends on, besides those that it names itself.
fn varies(headers: &mut HeaderMap, on: &'static str) {
    if !headers.contains_key(header::VARY) {
        headers.insert(header::VARY, HeaderValue::from_static(on));
        return;
    }
    for name in on.split(", ") {
        if !words(headers, header::VARY).any(|word| word.eq_ignore_ascii_case(name)) {
            headers.append(header::VARY, HeaderValue::from_static(name));
        }
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
