//! A server process, and its end.

use std::{
    env,
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

use crate::http::Http;

/// How long a server may take to answer, or to end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// How servers are started.
#[derive(Debug)]
pub(crate) struct Program {
    path: PathBuf,
    data: PathBuf,
    log: PathBuf,
    backend: Option<String>,
}

/// A server that runs, or has just been started.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    started: Instant,
}

impl Program {
    /// Servers on a folder in `folder`, which also has their log.
    pub(crate) fn new(path: &Path, folder: &Path, backend: Option<&str>) -> Self {
        let (data, log) = (folder.join("data"), folder.join("server.log"));
        Self { path: path.to_owned(), data, log, backend: backend.map(str::to_owned) }
    }

    /// The same on another folder.
    pub(crate) fn on(&self, folder: &Path) -> Self {
        Self::new(&self.path, folder, self.backend.as_deref())
    }

    pub(crate) fn start(&self) -> Result<Server> {
        let mut command = Command::new(&self.path);
        // Settings of whoever runs the test are not the test's.
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("MONOXIDE_") {
                command.env_remove(name);
            }
        }
        command
            .args(["--open", "--addr", "127.0.0.1:0", "--durability", "flushed", "--data"])
            .arg(&self.data);
        if let Some(backend) = &self.backend {
            command.args(["--backend", backend]);
        }
        let log = File::options().create(true).append(true).open(&self.log)?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).kill_on_drop(true);
        let child = command.spawn().context("the server does not start")?;
        Ok(Server { child, started: Instant::now() })
    }

    /// The backend of the folder.
    pub(crate) fn backend(&self) -> String {
        let format = fs::read_to_string(self.data.join("format")).unwrap_or_default();
        format.split_whitespace().last().unwrap_or("?").to_owned()
    }
}

impl Server {
    /// Waits until it answers; where, and how long that took.
    pub(crate) async fn ready(&mut self) -> Result<(SocketAddr, Duration)> {
        match timeout(PATIENCE, self.answers()).await {
            Ok(address) => {
                let address = address.context("the server does not start; its log says why")?;
                Ok((address, self.started.elapsed()))
            }
            Err(_) => bail!("the server does not answer"),
        }
    }

    async fn answers(&mut self) -> Result<SocketAddr> {
        let stdout = self.child.stdout.take().context("it is waited for once")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).await?;
        let address = line.trim_end().strip_prefix("listening on http://");
        let address = address.context("it has ended by itself")?.parse()?;
        let mut http = Http::connect(address).await?;
        loop {
            match http.get("_health").await?.status {
                200 => return Ok(address),
                503 => sleep(Duration::from_millis(1)).await,
                status => bail!("its health is {status}"),
            }
        }
    }

    /// Kills it, as `kill -9` does.
    pub(crate) async fn kill(mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("the server ended by itself ({status}); see its log");
        }
        Ok(self.child.kill().await?)
    }

    /// Asks it to end, and waits for it.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let id = self.child.id().context("it runs")?.to_string();
        Command::new("kill").args(["-s", "TERM", &id]).status().await?;
        let ended =
            timeout(PATIENCE, self.child.wait()).await.context("the server does not end")?;
        let status = ended?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }
}
