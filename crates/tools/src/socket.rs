//! Asking the server that has the folder, over its Unix socket.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    client::conn::http1::{SendRequest, handshake},
    header,
};
use hyper_util::rt::TokioIo;
use monoxide_engine::backend::ShortPath;
use serde::de::DeserializeOwned;
use tokio::{net::UnixStream, time::sleep};

use crate::report;

/// How often a server that loads is asked again.
const PAUSE: Duration = Duration::from_millis(100);

/// What a server says until it has everything.
const LOADING: &str = "ooo: server is loading";

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    socket: PathBuf,
}

/// What a server sends, part by part.
#[derive(Debug)]
pub(crate) struct Sent(Incoming);

impl Server {
    /// Finds the server at `socket`.
    pub(crate) async fn find(socket: &Path) -> io::Result<Self> {
        connect(socket).await?;
        Ok(Self { socket: socket.to_owned() })
    }

    /// Asks for something at `/?…`.
    pub(crate) async fn ask(
        &self,
        method: &str,
        query: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Sent> {
        let mut has_said = false;
        loop {
            let answer = self.request(method, query, body.clone()).await?;
            if answer.status().is_success() {
                return Ok(Sent(answer.into_body()));
            }
            let status = answer.status();
            let why = Sent(answer.into_body()).whole().await?;
            let why = String::from_utf8_lossy(&why);
            if status != StatusCode::SERVICE_UNAVAILABLE || why != LOADING {
                bail!("{}", text_of(status, why.trim()));
            }
            if !std::mem::replace(&mut has_said, true) {
                report::note("the server is still loading");
            }
            sleep(PAUSE).await;
        }
    }

    /// Asks for something that is told in JSON.
    pub(crate) async fn ask_json<T: DeserializeOwned>(
        &self,
        method: &str,
        query: &[(&str, &str)],
        body: Bytes,
    ) -> Result<T> {
        let answer = self.ask(method, query, body).await?.whole().await?;
        serde_json::from_slice(&answer).context("the server is of another version")
    }

    async fn request(
        &self,
        method: &str,
        query: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Response<Incoming>> {
        let stream = connect(&self.socket).await.context("the server has gone")?;
        let (mut sender, connection): (SendRequest<Full<Bytes>>, _) =
            handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let query: Vec<_> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = Request::builder()
            .method(method)
            .uri(format!("/?{}", query.join("&")))
            .header(header::HOST, "monoxide")
            .body(Full::new(body))?;
        sender.send_request(request).await.context("the server does not answer")
    }
}

impl Sent {
    /// The next part; `None` at the end.
    pub(crate) async fn part(&mut self) -> Result<Option<Bytes>> {
        while let Some(frame) = self.0.frame().await {
            let frame = frame.context("the server broke off")?;
            if let Ok(part) = frame.into_data() {
                return Ok(Some(part));
            }
        }
        Ok(None)
    }

    async fn whole(self) -> Result<Bytes> {
        Ok(self.0.collect().await.context("the server broke off")?.to_bytes())
    }
}

/// What the server says, and the status where that is nothing.
fn text_of(status: StatusCode, why: &str) -> String {
    let why = why.strip_prefix("ooo: ").unwrap_or(why);
    if why.is_empty() { status.to_string() } else { why.to_owned() }
}

async fn connect(socket: &Path) -> io::Result<UnixStream> {
    let path = ShortPath::of(socket)?;
    UnixStream::connect(path.get()).await
}

/// A server that starts or stops has no socket, or one at which nobody listens.
pub(crate) fn is_early(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}
