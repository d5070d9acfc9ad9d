//! The fixture as a program: what it says, and how it ends.

use std::process::Stdio;

use monoxide_testkit::{TestServer, fixture::Fixture};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

/// A running program, what it has yet to say, and where it listens.
pub(crate) async fn start(flags: &str) -> (Child, Lines<BufReader<ChildStdout>>, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_fixture"))
        .args(flags.split_whitespace())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let address = line.strip_prefix("listening ").unwrap().to_owned();
    (child, lines, address)
}

async fn signal(child: &Child, name: &str) {
    let id = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-s", name, &id]).status().await.unwrap().success());
}

#[tokio::test]
async fn it_says_where_it_listens_and_stops_on_a_signal() {
    for name in ["INT", "TERM"] {
        let (mut child, mut lines, address) = start("").await;
        let mut http = monoxide_testkit::Http::connect(address.parse().unwrap()).await;
        http.send("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        assert_eq!(http.answer().await.text(), "ooo: empty key");

        signal(&child, name).await;

        assert!(child.wait().await.unwrap().success(), "SIG{name}");
        assert_eq!(lines.next_line().await.unwrap(), None);
    }
}

/// The order of ooo's shutdown; with it comes a close frame.
#[tokio::test]
async fn hooks_run_in_their_order_as_it_stops() {
    let (mut child, mut lines, address) = start("--hooks").await;
    let mut socket = monoxide_testkit::Socket::open(address.parse().unwrap(), "/a").await;
    socket.message().await;

    signal(&child, "TERM").await;

    assert_eq!(socket.closed().await, 1001);
    let mut said = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        said.push(line.strip_prefix("hook: ").unwrap().to_owned());
    }
    let expected = [
        "PreShutdown-1",
        "PreShutdown-2",
        "ProxyTeardown-1",
        "unsubscribe a",
        "PostShutdown-1",
        "OnClose",
    ];
    assert_eq!(said, expected);
    assert!(child.wait().await.unwrap().success());
}

#[tokio::test]
async fn a_later_flag_wins() {
    let server = Fixture::with("--max-body 3 --tick 1s --max-body 5 --tick 20ms").await;
    assert_eq!(server.request("POST", "/a", "12345").await.status, 200);
    assert_eq!(server.request("POST", "/a", "123456").await.status, 413);
    let mut clock = server.socket("/").await;
    let times = [clock.message().await, clock.message().await, clock.message().await];
    assert!(times.is_sorted(), "{times:?}");
}

#[tokio::test]
async fn a_flag_that_says_nothing_is_refused() {
    for flags in ["--tick 5", "--tick s", "--port 70000", "--no-such-flag", "--max-body many"] {
        let ended = Command::new(env!("CARGO_BIN_EXE_fixture"))
            .args(flags.split_whitespace())
            .stderr(Stdio::null())
            .status()
            .await;
        assert_eq!(ended.unwrap().code(), Some(2), "{flags}");
    }
}

#[tokio::test]
async fn forcing_patches_has_no_visible_effect() {
    let server = Fixture::with("--force-patch").await;
    let mut socket = server.socket("/a").await;
    assert!(socket.message().await.starts_with(r#"{"snapshot":true"#));
    post(&server, "/a", "1").await;
    assert!(socket.message().await.starts_with(r#"{"snapshot":true"#));
    post(&server, "/a", "2").await;
    assert!(socket.message().await.starts_with(r#"{"snapshot":false"#));
}

async fn post(server: &TestServer, target: &str, body: &str) {
    assert_eq!(server.request("POST", target, body).await.status, 200);
}
