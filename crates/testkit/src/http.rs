//! HTTP/1.1 by hand, so that a test decides on every byte.

use std::{fmt, io, net::SocketAddr};

use tokio::{
    io::BufReader,
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
};

/// One connection to a server.
#[derive(Debug)]
pub struct Http {
    stream: BufReader<Box<dyn Connection>>,
}

/// What HTTP goes over: TCP, or TLS.
pub trait Connection: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin> Connection for T {}

/// What a server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers in their order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, decoded when it came in chunks.
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header, when it is there.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    ///
    /// # Panics
    ///
    /// When it is not UTF-8.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a text")
    }
}

impl Http {
    /// Connects.
    ///
    /// # Panics
    ///
    /// When nobody listens there.
    pub async fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.expect("a server listens"))
    }

    /// Goes on with a connection that the test made.
    #[must_use]
    pub fn over(stream: impl Connection + 'static) -> Self {
        Self { stream: BufReader::new(Box::new(stream)) }
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    ///
    /// When the server has closed the connection.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref()).await
    }

    /// Says that no more is sent.
    ///
    /// # Panics
    ///
    /// When the connection is broken.
    pub async fn finish(&mut self) {
        self.stream.shutdown().await.expect("the connection is there");
    }

    /// Reads the next answer.
    ///
    /// # Panics
    ///
    /// When what comes is no HTTP, or nothing comes.
    pub async fn answer(&mut self) -> Answer {
        let mut answer = self.head().await;
        answer.body = match (answer.header("transfer-encoding"), answer.header("content-length")) {
            _ if matches!(answer.status, 100..=199 | 204 | 304) => Vec::new(),
            (Some("chunked"), _) => self.chunks().await,
            (_, Some(length)) => self.bytes(length.parse().expect("a length")).await,
            _ => self.rest().await,
        };
        answer
    }

    /// Reads the next answer without its body: what a HEAD is answered, or an upgrade.
    ///
    /// # Panics
    ///
    /// When what comes is no HTTP, or nothing comes.
    pub async fn head(&mut self) -> Answer {
        let line = self.line().await;
        let status = line.strip_prefix("HTTP/1.1 ").and_then(|line| line.get(..3));
        let status = status.and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("`{line}` is no status line"));
        let mut headers = Vec::new();
        loop {
            let line = self.line().await;
            if line.is_empty() {
                return Answer { status, headers, body: Vec::new() };
            }
            let (name, value) = line.split_once(':').expect("a header has a colon");
            headers.push((name.to_lowercase(), value.trim().to_owned()));
        }
    }

    /// Reads this many bytes.
    ///
    /// # Panics
    ///
    /// When fewer come.
    pub async fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes).await.expect("as many bytes as were announced");
        bytes
    }

    /// Reads until the server closes the connection.
    ///
    /// # Panics
    ///
    /// When the connection is reset.
    pub async fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.stream.read_to_end(&mut bytes).await.expect("the connection is closed in order");
        bytes
    }

    async fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let size = usize::from_str_radix(&self.line().await, 16).expect("a chunk's size");
            body.extend(self.bytes(size).await);
            self.line().await;
            if size == 0 {
                return body;
            }
        }
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).await.expect("a line of text");
        line.strip_suffix("\r\n")
            .unwrap_or_else(|| panic!("`{line}` is not a whole line"))
            .to_owned()
    }
}
