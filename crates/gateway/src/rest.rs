//! Objects and lists over HTTP, and over a socket when an upgrade is asked for.

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use monoxide_engine::{Error, Patch, list_json};
use monoxide_protocol::{Glob, Json, Key, Target, Version, Watched};

use crate::{
    body,
    door::{Address, Caller, Door},
    error::Refusal,
    preconditions::{Preconditions, Stated, etag},
    socket::{self, Wanted},
    upgrade::MaybeUpgrade,
};

/// The documents of the server itself.
pub(crate) fn documents() -> Router<Door> {
    Router::new().route("/_keys", get(document))
}

/// Every other address.
pub(crate) fn keys() -> Router<Door> {
    let methods = get(read).post(write).patch(patch).delete(delete).options(options);
    Router::new().route("/{*key}", methods)
}

async fn read(
    Caller(session): Caller,
    State(door): State<Door>,
    Address(address): Address,
    Stated(preconditions): Stated,
    MaybeUpgrade(upgrade): MaybeUpgrade,
) -> Result<Response, Refusal> {
    let glob = Glob::parse(&address);
    if let Some(upgrade) = upgrade {
        let wanted = glob.map(|glob| Wanted::Watched(glob.into())).map_err(Refusal::from);
        // On the heap, so that those who only read have less to carry.
        return Box::pin(socket::open(&session, &door, wanted, upgrade)).await;
    }
    let glob = glob?;
    let Some(key) = glob.as_key() else {
        return Ok(json(list_json(&session.list(&glob)?)));
    };
    let object = session.get(&key)?;
    let tag = [etag(object.version)];
    if preconditions?.of_read(object.version)? {
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

async fn write(
    Caller(session): Caller,
    State(door): State<Door>,
    Address(address): Address,
    Stated(preconditions): Stated,
    body: Body,
) -> Result<Response, Refusal> {
    let target = Target::parse(&address)?;
    let preconditions = preconditions?;
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
    Caller(session): Caller,
    State(door): State<Door>,
    Address(address): Address,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let glob = Glob::parse(&address)?;
    let key = match glob.as_key() {
        Some(key) => key,
        None if address.ends_with('*') => return Err(Refusal::Glob),
        None => return Err(Refusal::NothingToPatch),
    };
    let condition = Preconditions::read(&headers)?.of_write()?;
    let change = Json::parse(&body::read(body, door.settings.max_body).await?)?;
    match session.patch(&key, &patch_of(&headers, &change)?, &condition).await {
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

async fn delete(
    Caller(session): Caller,
    Address(address): Address,
    Stated(preconditions): Stated,
) -> Result<StatusCode, Refusal> {
    let glob = Glob::parse(&address)?;
    let preconditions = preconditions?;
    match glob.as_key() {
        None if !preconditions.is_none() => return Err(Refusal::Glob),
        None => _ = session.delete_all(&glob).await?,
        Some(key) => match session.delete(&key, &preconditions.of_write()?).await {
            Ok(_) => {}
            Err(Error::NotFound) => return Err(Refusal::NothingToDelete),
            Err(error) => return Err(error.into()),
        },
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn options(Address(address): Address) -> Result<Response, Refusal> {
    let glob = Glob::parse(&address)?;
    Ok((StatusCode::NO_CONTENT, [(header::ALLOW, methods(&glob))]).into_response())
}

/// Any other method. What is no key has none at all.
pub(crate) async fn other(Address(address): Address) -> Result<Response, Refusal> {
    let glob = Glob::parse(&address)?;
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
    let index = json(format!(r#"{{"index":"{}"}}"#, key.index()));
    ([etag(version)], index).into_response()
}

fn json(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}
