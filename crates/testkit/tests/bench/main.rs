//! The programs of the benchmark, as they are started. How fast anything is, is no test's business.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails by panicking")]

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

use monoxide_testkit::{Http, Socket};
use serde_json::Value;

/// A floor that ends with the test.
struct Floor {
    child: Child,
    address: SocketAddr,
}

impl Floor {
    fn start(flags: &[&str]) -> Self {
        let mut floor = Command::new(env!("CARGO_BIN_EXE_floor"));
        let mut child = floor.args(flags).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit('/').next().unwrap().parse().unwrap();
        Self { child, address }
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_load_generator_measures_the_floor() {
    let floor = Floor::start(&["--head", "150", "--body", "30"]);

    let mut load = Command::new(env!("CARGO_BIN_EXE_load"));
    load.args(["rest-get", "--address", &floor.address.to_string(), "--seconds", "0.1"]);
    let output = load.args(["--pid", &floor.child.id().to_string()]).output().unwrap();

    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows: Value = serde_json::from_slice(&output.stdout).unwrap();
    let row = &rows[0];
    assert_eq!((&row["name"], &row["unit"]), (&"rest-get".into(), &"request".into()));
    assert_eq!((&row["sizes"]["head"], &row["sizes"]["body"]), (&150.into(), &30.into()));
    assert!(row["units"].as_u64() > Some(0), "{row}");
}

#[tokio::test]
async fn who_watches_a_path_of_the_floor_is_told_of_each_post_to_it() {
    let floor = Floor::start(&["--message", "40", "--snapshot", "100"]);
    let mut watching = Socket::open(floor.address, "/a/b?v=1").await;
    let mut elsewhere = Socket::open(floor.address, "/a/c").await;
    for socket in [&mut watching, &mut elsewhere] {
        let snapshot = socket.frame().await.payload;
        assert!(snapshot.len() == 100 && snapshot.starts_with(br#"{"snapshot":true"#));
    }

    let mut http = Http::connect(floor.address).await;
    for (path, number) in [("/a/b", "~0000000001"), ("/a/c", "~0000000002")] {
        let request = format!("POST {path} HTTP/1.1\r\nContent-Length: 11\r\n\r\n{number}");
        http.send(request).await.unwrap();
        assert_eq!(http.answer().await.status, 200);
    }

    for (mut socket, number) in [(watching, "~0000000001"), (elsewhere, "~0000000002")] {
        let message = socket.frame().await.payload;
        assert!(message.len() == 40 && message.ends_with(number.as_bytes()));
    }
}
