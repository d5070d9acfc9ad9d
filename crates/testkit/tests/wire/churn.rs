//! Thousands of sockets that come and go in every way there is: the program ends as it began.

use std::{env, fs, net::SocketAddr, path::PathBuf, pin::pin, time::Duration};

use futures_util::future::join_all;
use monoxide_testkit::{
    Http, Socket,
    socket::{CLOSE, UPGRADE},
};
use tokio::{net::TcpStream, process::Child, time::timeout};

use crate::program::start;

/// How many sockets are open at once.
const SOCKETS: usize = 200;

/// How many keys they watch. What these keep for who comes back is soon as much as it will be.
const KEYS: usize = 8;

/// How many rounds there are. In the first quarter of them memory may grow to what it will be: the
/// windows of topics are filled, and allocators find out how much they need at once.
const ROUNDS: usize = 24;

/// What allocators may keep for another time. In some thousand connections, some kilobytes lost with
/// each are more than that; in the two hundred thousand of a soak, some dozen bytes are.
const SPARE: usize = 8 * 1024 * 1024;

/// A running program.
struct Program {
    child: Child,
    address: SocketAddr,
}

impl Program {
    async fn start() -> Self {
        let (child, _, address) = start("").await;
        let address = address.parse().unwrap();
        Self { child, address }
    }

    async fn http(&self) -> Http {
        Http::over(TcpStream::connect(self.address).await.unwrap())
    }

    /// What the program is told and tells on one connection of its own.
    async fn ask(&self, http: &mut Http, method: &str, target: &str, body: &str) -> String {
        let length = body.len();
        let head = format!("{method} {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n");
        http.send(format!("{head}\r\n{body}")).await.unwrap();
        let answer = http.answer().await;
        assert_eq!(answer.status, 200, "{method} {target}");
        answer.text().to_owned()
    }

    fn proc(&self, name: &str) -> PathBuf {
        ["/proc", &self.child.id().unwrap().to_string(), name].iter().collect()
    }

    /// How many bytes of memory it has.
    fn memory(&self) -> usize {
        let status = fs::read_to_string(self.proc("status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() * 1024
    }

    /// How many files it has open, connections among them.
    fn files(&self) -> usize {
        fs::read_dir(self.proc("fd")).unwrap().count()
    }
}

/// Comes, is told of a change, and leaves in one of the ways there are.
async fn come_and_go(program: &Program, nth: usize) {
    let stream = TcpStream::connect(program.address).await.unwrap();
    if nth.is_multiple_of(2) {
        stream.set_zero_linger().unwrap();
    }
    let mut http = Http::over(stream);
    let request = format!("GET /churn/{} HTTP/1.1\r\nHost: x\r\n{UPGRADE}\r\n", nth % KEYS);
    match nth % 10 {
        // Somewhere in the middle of asking; and not waiting for the answer.
        0 | 1 => return http.send(&request[..nth * 7 % request.len()]).await.unwrap(),
        2 => return http.send(&request).await.unwrap(),
        _ => http.send(&request).await.unwrap(),
    }
    let mut socket = Socket::answered(http).await.unwrap();
    if nth % 10 == 3 {
        return;
    }
    socket.message().await;
    socket.message().await;
    match nth % 10 {
        4 | 5 => {
            socket.send(CLOSE, b"\x03\xe8").await.unwrap();
            assert_eq!(socket.closed().await, 1000);
        }
        // In the middle of a frame, and with one that is wrong.
        6 => socket.send_raw(b"\x82\xfe").await.unwrap(),
        7 => socket.send_raw(b"\xff").await.unwrap(),
        _ => {}
    }
}

/// Everybody comes and goes once, and all the while there are changes to tell.
async fn round(program: &Program, http: &mut Http) {
    let mut all = pin!(join_all((0..SOCKETS).map(|nth| come_and_go(program, nth))));
    for n in 0_usize.. {
        let body = n.to_string();
        let changes = async {
            for key in 0..KEYS {
                program.ask(http, "POST", &format!("/churn/{key}"), &body).await;
            }
        };
        let mut changes = pin!(changes);
        tokio::select! {
            _ = &mut all => return changes.await,
            () = &mut changes => {}
        }
    }
}

/// Waits until the program has as few connections as in the beginning.
async fn alone(program: &Program, http: &mut Http, files: usize) {
    let is_alone = async {
        loop {
            let state = program.ask(http, "GET", "/?api=state", "").await;
            if state.contains(r#""totalConnections":0"#) && program.files() <= files {
                return state;
            }
        }
    };
    let state = timeout(Duration::from_secs(20), is_alone).await.expect("everybody is gone");
    assert!(state.contains(r#""pools":[]"#), "{state}");
}

#[tokio::test]
async fn thousands_who_come_and_go_leave_nothing_behind() {
    let program = Program::start().await;
    let mut http = program.http().await;
    program.ask(&mut http, "POST", "/churn/0", "0").await;
    let files = program.files();
    let asked = env::var("MONOXIDE_SOAK_CASES").ok();
    let rounds = asked.map_or(ROUNDS, |cases| ROUNDS + cases.parse::<usize>().unwrap() / 1_000);
    let mut memory = 0;
    for nth in 0..rounds {
        round(&program, &mut http).await;
        alone(&program, &mut http, files).await;
        if nth < rounds / 4 {
            memory = memory.max(program.memory());
        }
    }
    let (after, most) = (program.memory(), memory + SPARE);
    assert!(after <= most, "{after} bytes, and {memory} after the first rounds");
}
