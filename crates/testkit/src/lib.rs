//! A whole server in a test, on a port of its own.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use monoxide_testkit::TestServer;
//!
//! let server = TestServer::start().await;
//! assert!(server.engine().get(&"books/dune".parse().expect("a key")).is_err());
//! server.close().await;
//! # }
//! ```

pub mod fixture;
mod http;
pub mod ledger;
mod redact;
pub mod socket;
pub mod storage;

use std::net::SocketAddr;

use monoxide_engine::Engine;
use monoxide_gateway::{Builder, Server};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use crate::{
    http::{Answer, Connection, Http},
    redact::Redactor,
    socket::Socket,
};

/// A running server; [`TestServer::close`] ends it and waits.
#[derive(Debug)]
pub struct TestServer {
    address: SocketAddr,
    engine: Engine,
    stop: CancellationToken,
    serving: JoinHandle<std::io::Result<()>>,
}

impl TestServer {
    /// Starts a server with default settings on a free port.
    ///
    /// # Panics
    ///
    /// When no port can be bound.
    pub async fn start() -> Self {
        Self::with(|server| server).await
    }

    /// Starts a server with settings of the test's own.
    ///
    /// # Panics
    ///
    /// When no port can be bound.
    pub async fn with(settings: impl FnOnce(Builder) -> Builder) -> Self {
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        let engine = Engine::builder().start().expect("a test runs in a runtime");
        Self::at(free, engine, settings).await
    }

    /// Starts a server over `engine`, at an address that another one may just have left.
    ///
    /// # Panics
    ///
    /// When the address cannot be bound.
    pub async fn at(
        address: SocketAddr,
        engine: Engine,
        settings: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let listener = monoxide_gateway::listen(address).expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let stop = CancellationToken::new();
        let server = settings(Server::builder(engine.clone())).build().expect("a server");
        let serving = tokio::spawn(server.serve(listener, stop.clone()));
        Self { address, engine, stop, serving }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address as a client takes it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What is behind its doors.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Sends one request, with a body when there is one, and gives the answer.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    pub async fn request(&self, method: &str, target: &str, body: impl AsRef<[u8]>) -> Answer {
        self.request_with(method, target, "", body).await
    }

    /// Like [`request`](Self::request), with further headers, each ending in CRLF.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    pub async fn request_with(
        &self,
        method: &str,
        target: &str,
        headers: &str,
        body: impl AsRef<[u8]>,
    ) -> Answer {
        let mut http = Http::connect(self.address).await;
        let (body, host) = (body.as_ref(), self.address);
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\n{headers}\r\n",
            body.len()
        );
        http.send([head.as_bytes(), body].concat()).await.expect("the server reads");
        if method == "HEAD" { http.head().await } else { http.answer().await }
    }

    /// Opens a socket.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub async fn socket(&self, target: &str) -> Socket {
        Socket::open(self.address, target).await
    }

    /// Tells the server to stop, as SIGTERM would; [`TestServer::close`] waits for it.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Stops the server as SIGTERM would, and waits for it.
    ///
    /// # Panics
    ///
    /// When the server failed.
    pub async fn close(self) {
        self.stop.cancel();
        self.serving.await.expect("the server does not panic").expect("the listener works");
    }
}
