//! What only the operator may: backups, exports, imports, compaction, accounts; at `/?api=…` of the Unix
//! socket. Backups are also for administrators over the network.

mod kept;
#[cfg(unix)]
mod socket;
mod stream;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Method, Uri},
    response::Response,
    routing::{get, post},
};
use monoxide_engine::{
    Engine, Session,
    transfer::{self, Exporter, Style},
};
use monoxide_protocol::{Glob, Target};
use serde::Serialize;
use tokio::task::spawn_blocking;

pub(crate) use self::kept::read as read_backups;
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
    if request.method() != Method::POST || request.uri().path() != "/" {
        return;
    }
    if let Some("backup" | "backups") = Parameters::of(request.uri()).get("api") {
        let query = request.uri().query().unwrap_or_default();
        *request.uri_mut() =
            format!("{BACKUP}?{query}").parse().unwrap_or(Uri::from_static(BACKUP));
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
        Some("account") => account(&door, body).await,
        Some("compact") => Ok(json(&Compacted { compaction: door.engine.compact().await? })),
        _ => Err(Refusal::NoRoute),
    }
}

async fn backup_for_administrators(
    State(door): State<Door>,
    Caller(session): Caller,
    uri: Uri,
) -> Answer {
    let parameters = Parameters::of(&uri);
    match parameters.get("api") {
        Some("backups") => kept::write(&door, &session, &parameters).await,
        _ => read_backup(&door, &session).await,
    }
}

/// Everything, as a file, for administrators. It changes nothing, so a link may lead to it.
pub(crate) async fn read_backup(door: &Door, session: &Session) -> Answer {
    kept::allowed(session)?;
    backup(door).await
}

/// How large an order about accounts may be, in bytes.
const LARGEST_ORDER: usize = 64 * 1024;

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
    let name = HeaderValue::from_static("attachment; filename=\"monoxide.backup\"");
    kept::as_file(response.headers_mut(), name);
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

/// What is to be done with accounts.
async fn account(door: &Door, body: Body) -> Answer {
    let wrong = |why: &str| Refusal::Parameter(why.to_owned());
    let auth = door.settings.auth.as_ref();
    let auth =
        auth.ok_or_else(|| wrong("the server that runs asks nobody who they are (--open)"))?;
    let order = body::read(body, LARGEST_ORDER).await?;
    let order = serde_json::from_slice(&order).map_err(|error| wrong(&error.to_string()))?;
    let accounts = auth.identities.carry_out(order).await.map_err(Refusal::Parameter)?;
    Ok(json(&accounts))
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
