//! How the program ends.

use monoxide_testkit::{Http, Socket};
use tokio::net::{TcpListener, TcpStream};

use crate::{Running, monoxide, signal};

async fn start() -> Running {
    Running::start(monoxide(&["--addr", "127.0.0.1:0"])).await
}

#[tokio::test]
async fn it_says_where_it_listens_and_nothing_else() {
    let running = start().await;
    assert_ne!(running.address.port(), 0);
    signal(&running.child, "TERM").await;
    let (code, out, _) = running.ended().await;
    assert_eq!((code, out.as_str()), (Some(0), ""));
}

#[tokio::test]
async fn both_signals_close_sockets_with_1001_and_end_with_exit_code_0() {
    for name in ["TERM", "INT"] {
        let running = start().await;
        let mut sockets = Vec::new();
        for target in ["/thing", "/"] {
            let mut socket = Socket::open(running.address, target).await;
            socket.message().await;
            sockets.push(socket);
        }

        signal(&running.child, name).await;

        for socket in &mut sockets {
            assert_eq!(socket.closed().await, 1001, "{name}");
        }
        let (code, _, log) = running.ended().await;
        assert_eq!(code, Some(0), "{name}");
        assert!(log.contains(&format!("stopping on SIG{name}")), "{log}");
    }
}

/// Whoever reads the address may send the signal at once: a supervisor that changed its mind.
#[tokio::test]
async fn a_signal_right_after_the_address_was_said_is_no_crash() {
    for _ in 0..20 {
        let running = start().await;
        signal(&running.child, "TERM").await;
        assert_eq!(running.ended().await.0, Some(0));
    }
}

#[tokio::test]
async fn it_runs_when_nobody_reads_what_it_prints() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut command = monoxide(&["--addr", &free.to_string(), "--log", "trace"]);
    let mut child = command.spawn().unwrap();
    // Whatever it prints now goes to a closed pipe.
    drop((child.stdout.take(), child.stderr.take()));
    let stream = loop {
        match TcpStream::connect(free).await {
            Ok(stream) => break stream,
            Err(_) => assert_eq!(child.try_wait().unwrap(), None, "it runs"),
        }
    };
    let mut http = Http::over(stream);
    http.send("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert_eq!(http.answer().await.text(), "ooo: empty key");

    signal(&child, "TERM").await;

    assert_eq!(child.wait().await.unwrap().code(), Some(0));
}
