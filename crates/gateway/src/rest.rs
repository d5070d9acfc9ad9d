//! Objects and lists over HTTP, and over a socket when an upgrade is asked for.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use monoxide_engine::{Engine, Error};
use monoxide_protocol::{Glob, Json, Key, Target, Watched};

use crate::{
    body,
    door::{Address, Door, Settings, Sockets},
    error::Refusal,
    socket,
    upgrade::MaybeUpgrade,
};

pub(crate) fn router() -> Router<Door> {
    Router::new()
        .route("/_keys", get(keys))
        .route("/{*key}", get(read).post(write).patch(patch).delete(delete).fallback(other))
}

async fn read(
    State(engine): State<Engine>,
    State(settings): State<Arc<Settings>>,
    State(sockets): State<Sockets>,
    Address(address): Address,
    MaybeUpgrade(upgrade): MaybeUpgrade,
) -> Result<Response, Refusal> {
    let glob = Glob::parse(&address)?;
    if let Some(upgrade) = upgrade {
        return socket::subscribe(&engine, &settings, &sockets, glob.into(), upgrade?).await;
    }
    match glob.as_key() {
        Some(key) => Ok(json(engine.get(&key).ok_or(Error::NotFound)?.to_json())),
        None => Ok(json(engine.list_json(&glob))),
    }
}

async fn keys(
    State(engine): State<Engine>,
    State(settings): State<Arc<Settings>>,
    State(sockets): State<Sockets>,
    MaybeUpgrade(upgrade): MaybeUpgrade,
) -> Result<Response, Refusal> {
    if let Some(upgrade) = upgrade {
        return socket::subscribe(&engine, &settings, &sockets, Watched::Keys, upgrade?).await;
    }
    Ok(json(engine.keys().await?))
}

async fn write(
    State(engine): State<Engine>,
    State(settings): State<Arc<Settings>>,
    Address(address): Address,
    body: Body,
) -> Result<Response, Refusal> {
    let target = Target::parse(&address)?;
    let data = Json::parse(&body::read(body, settings.max_body).await?)?;
    let key = match target {
        Target::Object(key) => {
            engine.set(key.clone(), data).await?;
            key
        }
        Target::List(list) => engine.push(&list, data).await?.0,
    };
    Ok(written(&key))
}

async fn patch(
    State(engine): State<Engine>,
    State(settings): State<Arc<Settings>>,
    Address(address): Address,
    body: Body,
) -> Result<Response, Refusal> {
    let glob = Glob::parse(&address)?;
    let key = match glob.as_key() {
        Some(key) => key,
        None if address.ends_with('*') => return Err(Refusal::Glob),
        None => return Err(Refusal::NothingToPatch),
    };
    let change = Json::parse(&body::read(body, settings.max_body).await?)?;
    match engine.patch(&key, &change.to_value()).await {
        Ok(_) => Ok(written(&key)),
        Err(Error::NotFound) => Err(Refusal::NothingToPatch),
        Err(error) => Err(error.into()),
    }
}

async fn delete(
    State(engine): State<Engine>,
    Address(address): Address,
) -> Result<StatusCode, Refusal> {
    let glob = Glob::parse(&address)?;
    match glob.as_key() {
        None => _ = engine.delete_all(&glob).await?,
        Some(key) => match engine.delete(&key).await {
            Ok(_) => {}
            Err(Error::NotFound) => return Err(Refusal::NothingToDelete),
            Err(error) => return Err(error.into()),
        },
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Any other method. What is no key has none at all.
async fn other(Address(address): Address) -> Refusal {
    Glob::parse(&address).map_or_else(Refusal::from, |_| Refusal::Method)
}

/// What a write answers: the last segment of the key that was written.
fn written(key: &Key) -> Response {
    // A key has no character that JSON would escape.
    json(format!(r#"{{"index":"{}"}}"#, key.index()))
}

fn json(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}
