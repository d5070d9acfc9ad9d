//! What can be set, and what is said when it cannot be read.

use std::time::Duration;

use monoxide_testkit::{Http, Socket, socket::TEXT};
use tokio::{net::TcpListener, time::timeout};

use crate::{Running, monoxide, signal};

/// The program says no more than this one line, which has all of `parts`, and ends with `code`.
async fn check_refused(mut command: tokio::process::Command, code: i32, parts: &[&str]) {
    let limit = Duration::from_secs(10);
    let output = timeout(limit, command.output()).await.expect("it does not start").unwrap();
    let (out, err) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(code), "{err}");
    assert_eq!(out, "", "nothing but the error is said");
    assert_eq!(err.lines().count(), 1, "{err}");
    assert!(err.starts_with("error: "), "{err}");
    for part in parts {
        assert!(err.contains(part), "`{part}` in {err}");
    }
}

#[tokio::test]
async fn a_port_in_use_is_one_clear_line_and_exit_code_1() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let command = monoxide(&["--addr", &address]);
    check_refused(command, 1, &["cannot listen on", &address, "in use"]).await;
}

#[tokio::test]
async fn an_address_that_is_not_ours_is_one_clear_line_and_exit_code_1() {
    // TEST-NET-1: nobody's address.
    let command = monoxide(&["--addr", "192.0.2.1:0"]);
    check_refused(command, 1, &["cannot listen on 192.0.2.1:0"]).await;
}

#[tokio::test]
async fn a_flag_that_cannot_be_read_is_one_line_that_names_it_and_exit_code_2() {
    for (arguments, parts) in [
        (&["--addr", "nowhere"][..], &["--addr", "nowhere"][..]),
        (&["--addr", "127.0.0.1"], &["--addr"]),
        (&["--addr", "127.0.0.1:99999"], &["--addr", "99999"]),
        (&["--addr", ""], &["--addr"]),
        (&["--addr", "a\nb"], &["--addr"]),
        (&["--addr"], &["--addr"]),
        (&["--log", "monoxide=loudly"], &["--log", "level"]),
        (&["--log", "inof"], &["--log", "inof"]),
        (&["--log", "monoxide=debug,inof"], &["--log", "inof"]),
        (&["--log", ""], &["--log"]),
        (&["--nonsense"], &["--nonsense"]),
        (&["nonsense"], &["nonsense"]),
        (&["--name", "a", "--name", "b"], &["--name"]),
    ] {
        check_refused(monoxide(arguments), 2, parts).await;
    }
}

#[tokio::test]
async fn an_environment_that_cannot_be_read_is_one_line_that_names_it_and_exit_code_2() {
    for (name, value) in [("MONOXIDE_ADDR", "nowhere"), ("MONOXIDE_LOG", "loudly")] {
        let mut command = monoxide(&[]);
        command.env(name, value);
        check_refused(command, 2, &[name, value]).await;
    }
}

#[tokio::test]
async fn a_flag_goes_before_the_environment() {
    let mut command = monoxide(&["--addr", "127.0.0.1:0"]);
    command.env("MONOXIDE_ADDR", "nowhere");
    Running::start(command).await;
}

#[tokio::test]
async fn the_environment_sets_what_flags_do() {
    let mut command = monoxide(&[]);
    command
        .env("MONOXIDE_ADDR", "[::1]:0")
        .env("MONOXIDE_NAME", "books")
        .env("MONOXIDE_LOG", "debug");
    let running = Running::start(command).await;
    let mut http = Http::connect(running.address).await;
    http.send("GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    assert_eq!(http.answer().await.text(), "ooo: empty key");
    signal(&running.child, "TERM").await;
    let (_, _, log) = running.ended().await;
    assert!(log.contains("DEBUG"), "{log}");
}

#[tokio::test]
async fn limits_of_sockets_are_those_that_are_set() {
    for (flag, first) in [("--max-message=10", "replayed"), ("--window-messages=2", "snapshot")] {
        let running = Running::start(monoxide(&["--addr", "127.0.0.1:0", flag])).await;
        let mut socket = Socket::open(running.address, "/n").await;
        let snapshot = socket.message().await;
        let version = snapshot.split('"').nth(5).unwrap();
        for n in 0..4 {
            let mut http = Http::connect(running.address).await;
            let head = "POST /n HTTP/1.1\r\nHost: x\r\nContent-Length: 1";
            http.send(format!("{head}\r\n\r\n{n}")).await.unwrap();
            assert_eq!(http.answer().await.status, 200);
            socket.message().await;
        }
        let mut back = Socket::open(running.address, &format!("/n?v={version}")).await;
        let is_newest = back.message().await.contains(r#""data":3"#);
        assert_eq!(is_newest, first == "snapshot", "{flag}");
        if flag == "--max-message=10" {
            back.send(TEXT, [b'x'; 11]).await.unwrap();
            assert_eq!(socket_end(back).await, 1009);
        }
    }
}

/// The code with which a socket is closed, after everything that it is told before.
async fn socket_end(mut socket: Socket) -> u16 {
    timeout(Duration::from_secs(10), socket.closed()).await.expect("it is closed")
}

#[tokio::test]
async fn help_documents_a_setting_with_its_environment_name_and_default() {
    let output = monoxide(&["--help"]).output().await.unwrap();
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for setting in [
        ["--addr <", "[env: MONOXIDE_ADDR=]", "[default: 127.0.0.1:8800]", "Where to listen"],
        ["--name <", "[env: MONOXIDE_NAME=]", "[default: monoxide]", "What the page calls"],
        ["--log <", "[env: MONOXIDE_LOG=]", "[default: info]", "What to log"],
    ] {
        for part in setting {
            assert!(help.contains(part), "`{part}` in {help}");
        }
    }
    // That all of them are in the docs, `transport.rs` sees to.
}

#[tokio::test]
async fn the_version_is_that_of_the_package() {
    let output = monoxide(&["--version"]).output().await.unwrap();
    let version = String::from_utf8(output.stdout).unwrap();
    assert_eq!(version, format!("monoxide {}\n", env!("CARGO_PKG_VERSION")));
}
