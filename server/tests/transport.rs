//! The settings of the transport: what they refuse, and that they do what the docs say.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails by panicking")]

use std::{
    fs,
    io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_monoxide");

/// The program with these arguments, without the settings of whoever runs the tests, in memory, and open.
fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    let ours = std::env::vars_os().map(|(name, _)| name);
    for name in ours.filter(|name| name.to_string_lossy().starts_with("MONOXIDE_")) {
        command.env_remove(name);
    }
    command.envs([("MONOXIDE_MEMORY", "yes"), ("MONOXIDE_OPEN", "yes")]).args(arguments);
    command
}

/// A server that runs until this is dropped.
struct Running {
    child: Child,
    address: SocketAddr,
    /// What it said when it was ready.
    line: String,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit('/').next().unwrap().parse();
        let address = address.unwrap_or_else(|_| panic!("no address: {line}"));
        Self { child, address, line }
    }

    /// Sends a request whose answer ends the connection.
    fn ask(&self, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let length = body.len();
        let head = format!("{head}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// A connection that was let in.
    fn inside(&self) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(b"GET /a/* HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut start = [0; 12];
        stream.read_exact(&mut start).unwrap();
        assert_eq!(&start, b"HTTP/1.1 200");
        stream
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    fn stop(mut self) {
        self.signal("TERM");
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// It ended with this code, said one line about this, and nothing where its address would be.
#[track_caller]
fn check_refused(output: &Output, code: i32, says: &str) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), told.lines().count()), (Some(code), 1), "{told}");
    assert!(told.contains(says), "`{told}` does not say `{says}`");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_value_that_cannot_be_read_ends_the_start_with_2_and_one_line() {
    for (flag, value, says) in [
        ("--addr", "here", "--addr"),
        ("--deadline", "0s", "more than zero"),
        ("--deadline", "soon", "--deadline"),
        ("--deadline", "-1s", "--deadline"),
        ("--header-timeout", "10", "--header-timeout"),
        ("--read-timeout", "", "--read-timeout"),
        ("--write-timeout", "1 year 1 parsec", "--write-timeout"),
        ("--idle-timeout", "0ms", "more than zero"),
        ("--max-body", "10MB", "--max-body"),
        ("--max-body", "-1", "--max-body"),
        ("--max-message", "1MiB", "--max-message"),
        ("--max-connections", "0", "--max-connections"),
        ("--max-connections-per-address", "0", "--max-connections-per-address"),
        ("--max-subscriptions-per-account", "0", "--max-subscriptions-per-account"),
        ("--window-messages", "0", "--window-messages"),
        ("--window-bytes", "-1", "--window-bytes"),
        ("--linger", "0s", "more than zero"),
        ("--idle-topics", "some", "--idle-topics"),
        ("--event-queue", "0", "--event-queue"),
        ("--ping", "0", "--ping"),
        ("--pong", "x", "--pong"),
        ("--tick", "0s", "more than zero"),
        ("--tick", "500 years", "at most a year"),
        ("--origins", "app.example", "an origin is like"),
        ("--origins", "https://app.example/", "an origin is like"),
        ("--origins", "https://app.example,,http://localhost", "an origin is like"),
        ("--no-compression", "perhaps", "unexpected value"),
        ("--tls-cert", "cert.pem", "--tls-key"),
        ("--tls-key", "key.pem", "--tls-cert"),
        ("--what", "ever", "--what"),
    ] {
        check_refused(&program(&[&format!("{flag}={value}")]).output().unwrap(), 2, says);
        if flag != "--what" && flag != "--no-compression" {
            let name = format!("MONOXIDE_{}", flag[2..].replace('-', "_").to_uppercase());
            let output = program(&[]).env(name, value).output().unwrap();
            check_refused(&output, 2, says);
        }
    }
    let output = program(&[]).env("MONOXIDE_NO_COMPRESSION", "perhaps").output().unwrap();
    check_refused(&output, 2, "--no-compression");
}

#[test]
fn a_certificate_that_cannot_be_used_ends_the_start_with_1_and_one_line() {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    for (cert, says) in [("nowhere.pem", "nowhere.pem"), (manifest, "no certificate in PEM")] {
        let arguments = ["--addr=127.0.0.1:0", "--tls-key", manifest, "--tls-cert", cert];
        check_refused(&program(&arguments).output().unwrap(), 1, says);
    }
}

#[test]
fn what_is_set_is_what_the_server_does() {
    let server = Running::start(program(&[
        "--addr=127.0.0.1:0",
        "--max-body=10",
        "--deadline=300ms",
        "--origins=https://app.example,http://localhost:3000",
        "--no-compression",
    ]));
    assert!(server.line.starts_with("listening on http://127.0.0.1:"), "{}", server.line);

    let answer = server.ask("POST /thing HTTP/1.1\r\nHost: x", "12345678901");
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    for (origin, told) in [("http://localhost:3000", true), ("http://localhost", false)] {
        let head = format!("GET /a/* HTTP/1.1\r\nHost: x\r\nOrigin: {origin}");
        let answer = server.ask(&head, "").to_lowercase();
        assert_eq!(answer.contains("access-control-allow-origin"), told, "{answer}");
    }
    let page = server.ask("GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip", "");
    assert!(!page.to_lowercase().contains("content-encoding"), "{page}");
    let late = "POST /thing HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9";
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(format!("{late}\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.starts_with("HTTP/1.1 503 ")));
    server.stop();
}

#[test]
fn the_environment_sets_what_the_command_line_does_not() {
    let mut command = program(&["--addr=127.0.0.1:0"]);
    command.env("MONOXIDE_ADDR", "nowhere").env("MONOXIDE_MAX_BODY", "2");
    let server = Running::start(command);
    let answer = server.ask("POST /thing HTTP/1.1\r\nHost: x", "123");
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[test]
fn a_limit_that_is_set_is_the_one_that_holds() {
    let server = Running::start(program(&["--addr=127.0.0.1:0", "--max-connections=2"]));
    check_told(&server, 2, "HTTP/1.1 503 ");
    let flags = ["--addr=127.0.0.1:0", "--max-connections-per-address=2"];
    check_told(&Running::start(program(&flags)), 2, "HTTP/1.1 429 ");
}

/// When this many are inside, the next one is told this.
fn check_told(server: &Running, inside: usize, told: &str) {
    let inside: Vec<_> = (0..inside).map(|_| server.inside()).collect();
    let mut next = TcpStream::connect(server.address).unwrap();
    next.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut answer = String::new();
    next.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with(told), "{} are inside: {answer}", inside.len());
}

/// A server in a shell that lets it open few files.
#[cfg(target_os = "linux")]
fn with_few_files(limit: &str) -> Running {
    let mut command = Command::new("sh");
    let script = format!("ulimit {limit}; exec \"$0\" --memory --open --addr=127.0.0.1:0");
    command.args(["-c", &script, PROGRAM]);
    Running::start(command)
}

#[test]
#[cfg(target_os = "linux")]
fn as_many_files_may_be_open_as_the_system_lets() {
    let server = with_few_files("-Sn 64");
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.child.id())).unwrap();
    let limits = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let mut words = limits.split_whitespace().skip(3);
    assert_eq!(words.next(), words.next(), "{limits}");
}

/// The processor time it took so far, in ticks of a hundredth of a second.
#[cfg(target_os = "linux")]
fn ticks(server: &Running) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", server.child.id())).unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11..=12].iter().map(|field| field.parse::<u64>().unwrap()).sum()
}

#[test]
#[cfg(target_os = "linux")]
fn connections_leave_the_program_some_files() {
    check_told(&with_few_files("-n 80"), 40, "HTTP/1.1 503 ");
}

#[test]
#[cfg(target_os = "linux")]
fn a_server_without_files_waits_and_goes_on_when_there_are_some() {
    // It finds fewer files than it may have: some are open already.
    let server = with_few_files("-n 32; exec 3<&0 4<&0 5<&0 6<&0 7<&0 8<&0 9<&0");
    let many: Vec<_> = (0..80).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    // The last one is in the queue of the system, and nobody lets it in.
    let mut last = many.last().unwrap();
    last.write_all(b"GET /a/* HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    last.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let before = ticks(&server);
    let waiting = last.read(&mut [0]).unwrap_err().kind();
    assert!(matches!(waiting, ErrorKind::WouldBlock | ErrorKind::TimedOut), "{waiting}");
    let spent = ticks(&server) - before;
    assert!(spent < 25, "{spent} hundredths of a second of one");

    drop(many);
    let answer = server.ask("GET /a/* HTTP/1.1\r\nHost: x", "");
    assert!(answer.ends_with("[]"), "{answer}");
    server.stop();
}

/// Whom the system turns away tries again after a second, after three, after seven.
#[test]
#[cfg(target_os = "linux")]
fn those_who_come_at_once_wait_for_a_busy_server_and_are_not_turned_away() {
    const MANY: u64 = 1_200;
    let queue = fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap();
    assert!(files > MANY + 100 && queue.trim().parse::<u64>().unwrap() > MANY, "{files}, {queue}");
    let server = Running::start(program(&["--addr=127.0.0.1:0"]));
    server.signal("STOP");

    let limit = Duration::from_millis(500);
    let come = || TcpStream::connect_timeout(&server.address, limit).expect("there is room");
    let many: Vec<_> = (0..MANY).map(|_| come()).collect();

    server.signal("CONT");
    let mut last = many.last().unwrap();
    last.write_all(b"GET /a/* HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    last.read_exact(&mut [0; 12]).unwrap();
}

#[test]
fn every_setting_is_in_the_docs_with_its_name_in_the_environment() {
    let help = program(&["--help"]).output().unwrap().stdout;
    let help = String::from_utf8(help).unwrap();
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/settings.md");
    let docs = fs::read_to_string(docs).unwrap();
    let words = help.split([' ', '\n', '[', ']', ',']);
    let flags =
        words.filter(|word| word.starts_with("--") && !["--help", "--version"].contains(word));
    let mut count = 0;
    for flag in flags {
        let name = format!("MONOXIDE_{}", flag[2..].replace('-', "_").to_uppercase());
        let row = docs.lines().find(|line| line.starts_with(&format!("| `{flag}`")));
        let row = row.unwrap_or_else(|| panic!("docs/settings.md has no row for {flag}"));
        assert!(row.contains(&name) && help.contains(&name), "{row}");
        count += 1;
    }
    assert!(count > 10, "{help}");
}
