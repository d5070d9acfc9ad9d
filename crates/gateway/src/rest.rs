//! Objects and lists over HTTP, and over a socket when an upgrade is asked for.

use std::pin::pin;

use axum::{
    Router,
    body::{Body, HttpBody as _},
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, Uri, header, request::Parts},
    response::{IntoResponse, Response},
    routing::{MethodFilter, get, on},
};
use monoxide_engine::{Error, Patch, Session, list_json};
use monoxide_protocol::{Glob, Json, Key, Range, Target, Version, Watched};

use crate::{
    admin::Parameters,
    body,
    deadline::within,
    door::{Caller, Door, address, asks},
    error::Refusal,
    preconditions::{Preconditions, etag},
    socket::{self, Wanted},
    upgrade::MaybeUpgrade,
};

/// The documents of the server itself.
pub(crate) fn documents() -> Router<Door> {
    Router::new()
        .route("/_keys", get(document))
        .route("/_monitor", get(monitor))
        .route("/_window", get(window))
}

/// Every other address, with the methods that there are.
pub(crate) fn keys() -> Router<Door> {
    let methods = MethodFilter::GET
        .or(MethodFilter::HEAD)
        .or(MethodFilter::POST)
        .or(MethodFilter::PATCH)
        .or(MethodFilter::DELETE)
        .or(MethodFilter::OPTIONS);
    Router::new().route("/{*key}", on(methods, answer))
}

/// Answers a request for a key or a pattern.
pub(crate) async fn answer(State(door): State<Door>, request: Request) -> Response {
    let (mut head, body) = request.into_parts();
    let answer = pin!(perform(&door, &mut head, body));
    within(door.settings.deadline, answer).await.flatten().into_response()
}

async fn perform(door: &Door, head: &mut Parts, body: Body) -> Result<Response, Refusal> {
    let session = door.engine.session(asks(head));
    match head.method {
        Method::GET => read(&session, door, head).await,
        Method::HEAD => read(&session, door, head).await.map(without_body),
        Method::POST => write(&session, door, head, body).await,
        // On the heap, so that those who read and write have less to carry.
        Method::PATCH => Box::pin(patch(&session, door, head, body)).await,
        Method::DELETE => Box::pin(delete(&session, head)).await,
        Method::OPTIONS => options(&head.uri),
        _ => other(head.uri.clone()).await,
    }
}

/// The answer to HEAD: what GET says, but for the body itself (RFC 9110, section 9.3.2).
fn without_body(response: Response) -> Response {
    let (mut head, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact() {
        head.headers.insert(header::CONTENT_LENGTH, length.into());
    }
    Response::from_parts(head, Body::empty())
}

async fn read(session: &Session, door: &Door, head: &mut Parts) -> Result<Response, Refusal> {
    let MaybeUpgrade(upgrade) = MaybeUpgrade::of(head, &door.settings.origins);
    let glob = Glob::parse(&address(&head.uri)?);
    if let Some(upgrade) = upgrade {
        let wanted = glob.map(|glob| Wanted::Watched(glob.into())).map_err(Refusal::from);
        return Box::pin(socket::open(session, door, wanted, upgrade)).await;
    }
    let glob = glob?;
    let Some(key) = glob.as_key() else {
        return Ok(json(list_json(&session.list(&glob)?)));
    };
    let object = session.get(&key)?;
    let tag = [etag(object.version)];
    if Preconditions::read(&head.headers)?.of_read(object.version)? {
        return Ok((StatusCode::NOT_MODIFIED, tag).into_response());
    }
    Ok((tag, json(object.to_json())).into_response())
}

async fn document(
    Caller(session): Caller,
    State(door): State<Door>,
    MaybeUpgrade(upgrade): MaybeUpgrade,
) -> Result<Response, Refusal> {
    if let Some(upgrade) = upgrade {
        return socket::open(&session, &door, Ok(Wanted::Watched(Watched::Keys)), upgrade).await;
    }
    Ok(json(session.keys().await?))
}

/// How the server is, for those who look after it.
async fn monitor(
    Caller(session): Caller,
    State(door): State<Door>,
    MaybeUpgrade(upgrade): MaybeUpgrade,
) -> Result<Response, Refusal> {
    if let Some(upgrade) = upgrade {
        return socket::open(&session, &door, Ok(Wanted::Monitor), upgrade).await;
    }
    door.administrator(session.identity())?;
    door.monitor.document().await.map(json).ok_or(Refusal::Engine(Error::Closed))
}

/// A part of a list, which a socket is told again whenever it changes.
async fn window(
    Caller(session): Caller,
    State(door): State<Door>,
    uri: Uri,
    MaybeUpgrade(upgrade): MaybeUpgrade,
) -> Result<Response, Refusal> {
    let parameters = Parameters::of(&uri);
    let range = Range::read(|name| parameters.get(name)).map_err(Refusal::from);
    match upgrade {
        Some(upgrade) => socket::open(&session, &door, range.map(Wanted::Window), upgrade).await,
        None => door.ranges.answer(&session, range?).await,
    }
}

async fn write(
    session: &Session,
    door: &Door,
    head: &Parts,
    body: Body,
) -> Result<Response, Refusal> {
    let target = Target::parse(&address(&head.uri)?)?;
    let preconditions = Preconditions::read(&head.headers)?;
    if matches!(target, Target::List(_)) && !preconditions.is_none() {
        return Err(Refusal::Glob);
    }
    let data = Json::parse(&body::read(body, door.settings.max_body).await?)?;
    match target {
        Target::Object(key) => {
            let version = session.set(&key, data, &preconditions.of_write()?).await?;
            Ok(written(&key, version))
        }
        Target::List(list) => {
            let (key, version) = session.push(&list, data).await?;
            Ok(written(&key, version))
        }
    }
}

async fn patch(
    session: &Session,
    door: &Door,
    head: &Parts,
    body: Body,
) -> Result<Response, Refusal> {
    let address = address(&head.uri)?;
    let glob = Glob::parse(&address)?;
    let key = match glob.as_key() {
        Some(key) => key,
        None if address.ends_with('*') => return Err(Refusal::Glob),
        None => return Err(Refusal::NothingToPatch),
    };
    let condition = Preconditions::read(&head.headers)?.of_write()?;
    let change = Json::parse(&body::read(body, door.settings.max_body).await?)?;
    match session.patch(&key, &patch_of(&head.headers, &change)?, &condition).await {
        Ok(version) => Ok(written(&key, version)),
        Err(Error::NotFound) => Err(Refusal::NothingToPatch),
        Err(error) => Err(error.into()),
    }
}

/// What a body says is to be changed, in the language that its type names.
fn patch_of(headers: &HeaderMap, change: &Json) -> Result<Patch, Refusal> {
    let named = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or("");
    let named = named.split(';').next().unwrap_or_default().trim();
    if named.eq_ignore_ascii_case("application/json-patch+json") {
        let patch = serde_json::from_str(change.as_str());
        return Ok(Patch::JsonPatch(patch.map_err(|error| Error::Patch(error.to_string()))?));
    }
    if named.eq_ignore_ascii_case("application/merge-patch+json") {
        return Ok(Patch::MergePatch(change.to_value()));
    }
    Ok(Patch::Merge(change.to_value()))
}

async fn delete(session: &Session, head: &Parts) -> Result<Response, Refusal> {
    let glob = Glob::parse(&address(&head.uri)?)?;
    let preconditions = Preconditions::read(&head.headers)?;
    match glob.as_key() {
        None if !preconditions.is_none() => return Err(Refusal::Glob),
        None => _ = session.delete_all(&glob).await?,
        Some(key) => match session.delete(&key, &preconditions.of_write()?).await {
            Ok(_) => {}
            Err(Error::NotFound) => return Err(Refusal::NothingToDelete),
            Err(error) => return Err(error.into()),
        },
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn options(uri: &Uri) -> Result<Response, Refusal> {
    let glob = Glob::parse(&address(uri)?)?;
    Ok((StatusCode::NO_CONTENT, [(header::ALLOW, methods(&glob))]).into_response())
}

/// Any other method. What is no key has none at all.
pub(crate) async fn other(uri: Uri) -> Result<Response, Refusal> {
    let glob = Glob::parse(&address(&uri)?)?;
    Ok(([(header::ALLOW, methods(&glob))], Refusal::Method).into_response())
}

/// The methods that a key or a pattern has.
fn methods(glob: &Glob) -> &'static str {
    match Target::parse(glob.as_str()) {
        Ok(Target::Object(_)) => "GET,HEAD,POST,PATCH,DELETE,OPTIONS",
        Ok(Target::List(_)) => "GET,HEAD,POST,DELETE,OPTIONS",
        Err(_) => "GET,HEAD,DELETE,OPTIONS",
    }
}

/// What a write answers: the last segment of the key that was written, and its new version.
fn written(key: &Key, version: Version) -> Response {
    // A key has no character that JSON would escape.
    let index = [r#"{"index":""#, key.index(), r#""}"#].concat();
    ([etag(version)], json(index)).into_response()
}

fn json(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}
