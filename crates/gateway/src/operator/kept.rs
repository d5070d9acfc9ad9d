//! The backups that the server keeps in a folder: what there is, and one of them.

use std::{fs::File, io, sync::Arc};

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use monoxide_engine::{
    Session,
    backend::Space,
    backup::{BackupError, Summary, verify},
};
use monoxide_protocol::Version;
use serde::Serialize;
use tokio::task::spawn_blocking;

use super::{ADMINISTRATOR, stream};
use crate::{
    admin::{Parameters, json},
    backups::{Kept, News, Schedule},
    door::Door,
    error::Refusal,
};

#[derive(Debug, Serialize)]
struct Listing {
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<Told>,
    files: Vec<Kept>,
    #[serde(flatten)]
    news: News,
}

/// When backups are made. Where to is nobody's business over the network.
#[derive(Debug, Serialize)]
struct Told {
    every: u64,
    keep: usize,
}

#[derive(Debug, Serialize)]
struct Verified {
    taken: u64,
    version: Version,
    objects: u64,
    accounts: u64,
}

impl From<Summary> for Verified {
    fn from(summary: Summary) -> Self {
        Self {
            taken: summary.taken,
            version: summary.version,
            objects: summary.count(Space::State),
            accounts: summary.count(Space::Accounts),
        }
    }
}

/// `GET /?api=backups`: which there are; with `name`, that one, as a file.
pub(crate) async fn read(
    door: &Door,
    session: &Session,
    parameters: &Parameters,
) -> Result<Response, Refusal> {
    allowed(session)?;
    match parameters.get("name") {
        Some(name) => download(door, name).await,
        None => list(door).await,
    }
}

/// `POST /?api=backups`: makes one; with `verify`, checks the one of that name instead.
pub(super) async fn write(
    door: &Door,
    session: &Session,
    parameters: &Parameters,
) -> Result<Response, Refusal> {
    allowed(session)?;
    match parameters.get("verify") {
        Some(name) => check(door, name).await,
        None => make(door).await,
    }
}

/// A backup has everything, whatever filters hide, and accounts too.
pub(super) fn allowed(session: &Session) -> Result<(), Refusal> {
    match session.identity().has_role(ADMINISTRATOR) {
        true => Ok(()),
        false => Err(Refusal::NotAuthorized),
    }
}

async fn list(door: &Door) -> Result<Response, Refusal> {
    let schedule = door.settings.schedule.clone();
    let told = schedule.as_ref().map(|it| Told {
        every: u64::try_from(it.every.as_nanos()).unwrap_or(u64::MAX),
        keep: it.keep,
    });
    let files = aside(move || schedule.map_or(Ok(Vec::new()), |it| it.kept())).await?;
    let files = files.map_err(|error| unreadable(&error))?;
    Ok(json(&Listing { schedule: told, files, news: door.running.backups.news() }))
}

async fn make(door: &Door) -> Result<Response, Refusal> {
    let schedule = Arc::new(schedule(door)?);
    let backups = &door.running.backups;
    let _place = backups.begin().ok_or(Refusal::Busy)?;
    match schedule.one(&door.engine).await {
        Ok((summary, path)) => {
            backups.tell(&Ok(summary));
            let kept = aside(move || Kept::of(&path)).await?;
            Ok(json(&kept.map_err(|error| unreadable(&error))?))
        }
        Err(error) => {
            tracing::error!(%error, "no backup could be made");
            Err(Refusal::Parameter(format!("no backup could be made: {}", error.reason())))
        }
    }
}

async fn check(door: &Door, name: &str) -> Result<Response, Refusal> {
    let _place = door.running.backups.begin().ok_or(Refusal::Busy)?;
    let file = find(door, name).await?.0;
    match aside(move || verify(io::BufReader::new(file), |_| ())).await? {
        Ok(summary) => Ok(json(&Verified::from(summary))),
        Err(BackupError::Io(error)) => Err(unreadable(&error)),
        Err(error) => Err(Refusal::Parameter(format!("this backup is of no use: {error}"))),
    }
}

async fn download(door: &Door, name: &str) -> Result<Response, Refusal> {
    let (mut file, size) = find(door, name).await?;
    let mut response = stream::response(move |mut out| io::copy(&mut file, &mut out).map(drop));
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    let headers = response.headers_mut();
    as_file(headers, disposition.map_err(|_| Refusal::NoRoute)?);
    headers.insert(header::CONTENT_LENGTH, size.into());
    Ok(response)
}

/// Has a browser keep the answer as a file, and nowhere else.
pub(super) fn as_file(headers: &mut HeaderMap, disposition: HeaderValue) {
    let content_type = HeaderValue::from_static("application/octet-stream");
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// The backup of this name, which is the name of one and no path to something else.
async fn find(door: &Door, name: &str) -> Result<(File, u64), Refusal> {
    let (schedule, name) = (schedule(door)?, name.to_owned());
    let found = aside(move || {
        let kept = schedule.kept()?;
        match kept.iter().any(|kept| kept.name == name) {
            true => File::open(schedule.folder.join(&name)).map(Some),
            false => Ok(None),
        }
    });
    let file = found.await?.map_err(|error| unreadable(&error))?.ok_or(Refusal::NoRoute)?;
    let size = file.metadata().map_err(|error| unreadable(&error))?.len();
    Ok((file, size))
}

fn schedule(door: &Door) -> Result<Schedule, Refusal> {
    let none = || Refusal::Parameter("this server keeps no backups: no folder is set".to_owned());
    door.settings.schedule.clone().ok_or_else(none)
}

async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
    spawn_blocking(work).await.map_err(|_| Refusal::Panicked)
}

fn unreadable(error: &io::Error) -> Refusal {
    tracing::error!(%error, "the folder of backups cannot be read");
    Refusal::Parameter("the folder of backups cannot be read".to_owned())
}
