//! What only the operator may: backups, exports, imports, compaction; at `/?api=…` of the Unix
//! socket. Backups are also for administrators over the network.

#[cfg(unix)]
mod socket;
mod stream;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Method, Uri, header},
    response::Response,
    routing::{get, post},
};
use monoxide_engine::{
    Engine,
    transfer::{self, Exporter, Style},
};
use monoxide_protocol::{Glob, Target};
use serde::Serialize;
use tokio::task::spawn_blocking;

#[cfg(unix)]
pub(crate) use self::socket::bind;
use crate::{
    admin::{self, Parameters, json},
    body,
    door::{Caller, Door},
    error::Refusal,
    health,
};

/// The role of those who may have a backup over the network.
const ADMINISTRATOR: &str = "admin";

/// Where `POST /?api=backup` is looked for: what else is posted to `/` has no route, and is
/// answered without asking the application who that is.
const BACKUP: &str = "/_backup";

/// The doors of the Unix socket.
pub(crate) fn router(door: &Door) -> Router {
    Router::new()
        .route("/", get(read).post(write))
        .route(BACKUP, post(async |State(door): State<Door>| backup(&door).await))
        .merge(health::router())
        .with_state(door.clone())
}

/// The doors to the network.
pub(crate) fn network() -> Router<Door> {
    Router::new().route(BACKUP, post(backup_for_administrators))
}

/// Sends a request for a backup to where it is looked for.
pub(crate) fn find(request: &mut Request) {
    let is_wanted = request.method() == Method::POST
        && request.uri().path() == "/"
        && Parameters::of(request.uri()).get("api") == Some("backup");
    if is_wanted {
        *request.uri_mut() = Uri::from_static(BACKUP);
    }
}

async fn read(State(door): State<Door>, Caller(session): Caller, uri: Uri) -> Answer {
    let parameters = Parameters::of(&uri);
    match parameters.get("api") {
        Some("export") => export(&door.engine, &parameters).await,
        _ => admin::answer(&door, &session, &uri).await?.ok_or(Refusal::NoRoute),
    }
}

async fn write(State(door): State<Door>, uri: Uri, body: Body) -> Answer {
    let parameters = Parameters::of(&uri);
    match parameters.get("api") {
        Some("import") => import(&door.engine, &parameters, body).await,
        Some("compact") => Ok(json(&Compacted { compaction: door.engine.compact().await? })),
        _ => Err(Refusal::NoRoute),
    }
}

/// A backup has everything, whatever filters hide, and accounts too.
async fn backup_for_administrators(State(door): State<Door>, Caller(session): Caller) -> Answer {
    match session.identity().has_role(ADMINISTRATOR) {
        true => backup(&door).await,
        false => Err(Refusal::NotAuthorized),
    }
}

type Answer = Result<Response, Refusal>;

/// What a compaction came to; nothing where there is none.
#[derive(Debug, Serialize)]
struct Compacted {
    compaction: Option<monoxide_engine::backend::Compaction>,
}

/// Everything, as a file.
async fn backup(door: &Door) -> Answer {
    let backups = Arc::clone(&door.running.backups);
    let place = backups.begin().ok_or(Refusal::Busy)?;
    let snapshot = door.engine.snapshot().await?;
    let mut response = stream::response(move |out| {
        let _place = place;
        let written = snapshot.write(out);
        backups.tell(&written);
        written.map(drop).map_err(std::io::Error::other)
    });
    let headers = response.headers_mut();
    let content_type = HeaderValue::from_static("application/octet-stream");
    headers.insert(header::CONTENT_TYPE, content_type);
    let name = HeaderValue::from_static("attachment; filename=\"monoxide.backup\"");
    headers.insert(header::CONTENT_DISPOSITION, name);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The objects that `glob` names, or all.
async fn export(engine: &Engine, parameters: &Parameters) -> Answer {
    let style = style(parameters)?;
    let glob = parameters.get("glob").map(Glob::parse).transpose()?;
    let engine = engine.clone();
    // They are put in order, which takes a while when they are many.
    let objects = spawn_blocking(move || engine.stored(glob.as_ref()));
    let objects = objects.await.map_err(|_| Refusal::Panicked)??;
    Ok(stream::response(move |out| {
        let mut exporter = Exporter::new(out, style);
        objects.iter().try_for_each(|object| exporter.put(object))?;
        exporter.finish().map(drop)
    }))
}

/// All objects of the body, or none.
async fn import(engine: &Engine, parameters: &Parameters, body: Body) -> Answer {
    let style = style(parameters)?;
    let into = parameters.get("into").map(Target::parse).transpose()?;
    // Whoever may use the socket may take the memory as well.
    let text = body::read(body, usize::MAX).await?;
    let parsed = spawn_blocking(move || transfer::parse(&text, style, into.as_ref()));
    let imports = parsed.await.map_err(|_| Refusal::Panicked)??;
    let imported = engine.import(imports, parameters.has("dry-run")).await?;
    Ok(json(&imported))
}

fn style(parameters: &Parameters) -> Result<Style, Refusal> {
    let format = parameters.get("format").map(str::parse).transpose();
    let format = format.map_err(Refusal::Parameter)?.unwrap_or_default();
    Ok(Style { format, is_plain: parameters.has("plain") })
}
