//! TLS: which versions, which certificates, and how they are renewed.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{self, Command},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use monoxide_engine::Engine;
use monoxide_gateway::Server;
use monoxide_testkit::{
    Http, Socket, TestServer,
    socket::{CLOSE, UPGRADE},
};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, sleep},
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion,
        crypto::ring,
        pki_types::CertificateDer,
        version::{TLS12, TLS13},
    },
};

/// A certificate for `localhost` and its key, in a folder of the test's own.
struct Pair {
    folder: PathBuf,
    cert: CertificateDer<'static>,
}

impl Pair {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let nth = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("monoxide-tls-{}-{nth}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut pair = Self { folder, cert: CertificateDer::from(Vec::new()) };
        pair.renew();
        pair
    }

    fn renew(&mut self) {
        let made = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let CertifiedKey { cert, signing_key } = made;
        fs::write(self.cert(), cert.pem()).unwrap();
        fs::write(self.key(), signing_key.serialize_pem()).unwrap();
        self.cert = cert.der().clone();
    }

    fn cert(&self) -> PathBuf {
        self.folder.join("cert.pem")
    }

    fn key(&self) -> PathBuf {
        self.folder.join("key.pem")
    }

    async fn serve(&self) -> TestServer {
        TestServer::with(|server| server.tls(self.cert(), self.key())).await
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.folder);
    }
}

/// Connects as a client that knows nothing but this certificate and this version.
async fn connect(
    server: &TestServer,
    cert: &CertificateDer<'static>,
    version: &'static SupportedProtocolVersion,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(cert.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let name = "localhost".try_into().unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

#[tokio::test]
async fn requests_and_sockets_go_over_tls_1_2_and_1_3() {
    let pair = Pair::new();
    let server = pair.serve().await;
    for (version, name) in [(&TLS12, ProtocolVersion::TLSv1_2), (&TLS13, ProtocolVersion::TLSv1_3)]
    {
        let stream = connect(&server, &pair.cert, version).await.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(name));
        let mut http = Http::over(stream);
        let post = "POST /thing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n1";
        http.send(post).await.unwrap();
        assert_eq!(http.answer().await.text(), r#"{"index":"thing"}"#);
        let mut socket = Socket::over(http, "/thing", UPGRADE).await.unwrap();
        assert!(socket.message().await.ends_with(r#""data":1}}"#));
    }
}

#[tokio::test]
async fn sockets_over_tls_are_told_that_the_server_goes_away() {
    let pair = Pair::new();
    let server = pair.serve().await;
    let stream = connect(&server, &pair.cert, &TLS13).await.unwrap();
    let mut socket = Socket::over(Http::over(stream), "/thing", UPGRADE).await.unwrap();
    socket.message().await;
    server.stop();
    let close = socket.frame().await;
    assert_eq!((close.first, &close.payload[..2]), (CLOSE, &1001_u16.to_be_bytes()[..]));
    // As a browser does.
    socket.send(CLOSE, 1001_u16.to_be_bytes()).await.unwrap();
    assert!(socket.rest().await.is_empty(), "TLS is ended in order too");
    server.close().await;
}

/// A client that knows no version above 1.1.
#[tokio::test]
async fn tls_1_1_is_refused() {
    let pair = Pair::new();
    let server = pair.serve().await;
    let mut hello = vec![3, 2];
    hello.extend([7; 32]);
    // No session, one cipher suite that everybody once knew, no compression.
    hello.extend([0, 0, 2, 0x00, 0x2f, 1, 0]);
    let length = |bytes: &[u8]| u8::try_from(bytes.len()).unwrap();
    let hello = [&[1, 0, 0, length(&hello)][..], &hello].concat();
    let record = [&[22, 3, 1, 0, length(&hello)][..], &hello].concat();

    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(&record).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();

    assert_eq!(answer.first(), Some(&21), "an alert: {answer:?}");
    assert_eq!(answer.get(5), Some(&2), "a fatal one: {answer:?}");
}

#[tokio::test]
async fn who_speaks_no_tls_is_hung_up_on() {
    let pair = Pair::new();
    let server = pair.serve().await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(b"GET /thing HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    connect(&server, &pair.cert, &TLS13).await.expect("others go on");
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_is_never_finished_is_hung_up_on() {
    let pair = Pair::new();
    let server = pair.serve().await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let start = Instant::now();
    stream.write_all(&[22, 3, 1]).await.unwrap();
    let mut answer = Vec::new();
    _ = stream.read_to_end(&mut answer).await;
    assert_eq!(start.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn a_pair_that_cannot_be_used_ends_the_start_with_one_line() {
    let (pair, other) = (Pair::new(), Pair::new());
    let missing = pair.folder.join("missing.pem");
    let (cert, key) = (pair.cert(), pair.key());
    for (cert, key, says) in [
        (&cert, &other.key(), "do not go together"),
        (&missing, &key, "missing.pem`: No such file"),
        (&cert, &missing, "missing.pem`: No such file"),
        (&key, &key, "has no certificate in PEM"),
        (&cert, &cert, "has no private key in PEM"),
    ] {
        let refusal = refusal(cert, key);
        assert!(refusal.contains(says), "{refusal}");
        assert_eq!(refusal.lines().count(), 1, "{refusal}");
    }
    fs::write(&missing, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    assert_eq!(refusal(&missing, &key).lines().count(), 1);
}

fn refusal(cert: &Path, key: &Path) -> String {
    let engine = Engine::builder().start().unwrap();
    Server::builder(engine).tls(cert, key).build().unwrap_err().to_string()
}

fn hang_up() {
    let kill = Command::new("kill").args(["-HUP", &process::id().to_string()]).status();
    assert!(kill.unwrap().success());
}

#[tokio::test]
async fn a_hangup_renews_the_certificate_and_a_bad_one_changes_nothing() {
    let mut pair = Pair::new();
    let old = pair.cert.clone();
    let server = pair.serve().await;
    let mut open = Http::over(connect(&server, &old, &TLS13).await.unwrap());

    fs::write(pair.key(), "no key").unwrap();
    hang_up();
    connect(&server, &old, &TLS13).await.expect("the old pair still serves");

    pair.renew();
    hang_up();
    let deadline = Instant::now() + Duration::from_secs(10);
    while connect(&server, &pair.cert, &TLS13).await.is_err() {
        assert!(Instant::now() < deadline, "the new pair serves");
        sleep(Duration::from_millis(5)).await;
    }
    connect(&server, &old, &TLS13).await.expect_err("the old one does not");
    open.send("GET /a/* HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    assert_eq!(open.answer().await.text(), "[]", "who was there stays");
}

#[tokio::test]
async fn one_connection_too_many_is_closed_before_it_costs_a_handshake() {
    let pair = Pair::new();
    let server =
        TestServer::with(|server| server.tls(pair.cert(), pair.key()).max_connections(1)).await;
    let _inside = connect(&server, &pair.cert, &TLS13).await.unwrap();

    let mut next = TcpStream::connect(server.address()).await.unwrap();

    assert_eq!(next.read(&mut [0]).await.unwrap(), 0);
}
