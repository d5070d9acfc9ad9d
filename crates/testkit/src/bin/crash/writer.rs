//! Writers: what the ledger makes up, sent to the server.

use std::{fmt::Write as _, io, net::SocketAddr, sync::Arc};

use anyhow::{Context as _, Result, bail};
use fastrand::Rng;
use monoxide_engine::Condition;
use monoxide_protocol::Version;
use monoxide_testkit::{
    Answer,
    ledger::{Answered, Ledger, Order, Write},
};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::http::Http;

/// Writes one thing after the other, until the server is gone or it is to stop.
pub(crate) async fn write_on(
    writer: usize,
    mut random: Rng,
    server: SocketAddr,
    ledger: Arc<Ledger>,
    stop: CancellationToken,
) -> Result<()> {
    // The server may be gone already.
    let Ok(mut http) = Http::connect(server).await else { return Ok(()) };
    while !stop.is_cancelled() {
        let write = ledger.ask(writer, &mut random);
        match perform(&mut http, &write).await {
            Ok(answer) => settle(&ledger, &write, &answer)?,
            Err(_) => return ledger.lost(write),
        }
    }
    Ok(())
}

/// Writes what has to be there first.
pub(crate) async fn begin(server: SocketAddr, ledger: &Ledger) -> Result<()> {
    let mut http = Http::connect(server).await?;
    for write in ledger.first() {
        let answer = perform(&mut http, &write).await?;
        settle(ledger, &write, &answer)?;
    }
    Ok(())
}

async fn perform(http: &mut Http, write: &Write) -> io::Result<Answer> {
    let method = match write.order {
        Order::Write => "POST",
        Order::Patch => "PATCH",
        Order::Delete => "DELETE",
    };
    http.ask(method, &write.target, &headers(&write.condition), &write.body).await
}

/// The condition, as HTTP has it.
fn headers(condition: &Condition) -> String {
    let tags = |versions: &[Version]| {
        let mut tags = String::new();
        for version in versions {
            let comma = if tags.is_empty() { "" } else { ", " };
            _ = write!(tags, "{comma}\"{version}\"");
        }
        tags
    };
    match condition {
        Condition::Always => String::new(),
        Condition::Version(versions) => format!("If-Match: {}\r\n", tags(versions)),
        Condition::Not(versions) => format!("If-None-Match: {}\r\n", tags(versions)),
        Condition::Exists => "If-Match: *\r\n".to_owned(),
        Condition::Missing => "If-None-Match: *\r\n".to_owned(),
    }
}

fn settle(ledger: &Ledger, write: &Write, answer: &Answer) -> Result<()> {
    let answered = match answer.status {
        200 => {
            let version = answer.header("etag").map(|tag| tag.trim_matches('"'));
            let version = version.context("a write is answered with an ETag")?;
            let body: Value = serde_json::from_slice(&answer.body)?;
            let index = body.get("index").and_then(Value::as_str).context("and with an index")?;
            // A set names its own key; a push gets one.
            let key = match write.target.strip_suffix('*') {
                Some(prefix) => format!("{prefix}{index}"),
                None => write.target.clone(),
            };
            Answered::Done { key: Some(key), version: Some(version.parse::<Version>()?.number()) }
        }
        204 => Answered::Done { key: None, version: None },
        400 | 404 | 412 => Answered::Refused,
        status => bail!("{} was answered {status} {}", write.target, answer.text()),
    };
    ledger.answered(write, answered)
}
