//! A server that does what a test tells it.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use monoxide_client::Client;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{Request, Response},
        protocol::CloseFrame,
    },
};

/// The shortest wait of the clients below.
pub(crate) const FLOOR: Duration = Duration::from_millis(1);

pub(crate) struct Server {
    listener: TcpListener,
}

/// A server on a free port, and an impatient client of it.
pub(crate) async fn server() -> (Server, Client) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = impatient(&listener.local_addr().unwrap().to_string());
    (Server { listener }, client)
}

pub(crate) fn impatient(host: &str) -> Client {
    Client::new(&format!("http://{host}")).unwrap().with_backoff(5 * FLOOR, 10 * FLOOR)
}

impl Server {
    /// Waits for a client, and opens the socket it asks for.
    pub(crate) async fn accept(&self) -> Peer {
        let mut address = String::new();
        // The error would be the response that refuses; its size is tungstenite's affair.
        #[allow(clippy::result_large_err, reason = "the callback's type is tungstenite's")]
        let note = |request: &Request, response: Response| {
            address = request.uri().to_string();
            Ok(response)
        };
        let socket = accept_hdr_async(self.connection().await, note).await.unwrap();
        Peer { address, socket }
    }

    /// Waits for a client, and answers with a status instead of a socket.
    pub(crate) async fn refuse(&self, status: &str) {
        let mut connection = self.connection().await;
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(connection.read_u8().await.unwrap());
        }
        let response = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        connection.write_all(response.as_bytes()).await.unwrap();
    }

    /// Waits for a client, and says nothing.
    pub(crate) async fn connection(&self) -> TcpStream {
        self.listener.accept().await.unwrap().0
    }

    pub(crate) fn host(&self) -> String {
        self.listener.local_addr().unwrap().to_string()
    }
}

/// The server's end of one socket. Dropping it breaks the connection without a word.
pub(crate) struct Peer {
    /// What the client asked for.
    pub(crate) address: String,
    socket: WebSocketStream<TcpStream>,
}

impl Peer {
    pub(crate) async fn send(&mut self, message: impl Into<Message>) {
        self.socket.send(message.into()).await.unwrap();
    }

    pub(crate) async fn snapshot(&mut self, version: u64, document: &str) {
        self.tell("true", version, document).await;
    }

    pub(crate) async fn patch(&mut self, version: u64, operations: &str) {
        self.tell("false", version, operations).await;
    }

    async fn tell(&mut self, is_snapshot: &str, version: u64, data: &str) {
        let text = format!(r#"{{"snapshot":{is_snapshot},"version":"{version:x}","data":{data}}}"#);
        self.send(text.into_bytes()).await;
    }

    /// Closes the socket with a code, and waits until the client has seen it.
    pub(crate) async fn close(mut self, code: u16) {
        let frame = CloseFrame { code: code.into(), reason: "because".into() };
        self.socket.close(Some(frame)).await.unwrap();
        while let Some(Ok(_)) = self.socket.next().await {}
    }

    /// The next thing the client says; `None` when it is gone.
    pub(crate) async fn receive(&mut self) -> Option<Message> {
        self.socket.next().await?.ok()
    }
}
