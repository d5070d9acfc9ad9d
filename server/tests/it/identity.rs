//! Accounts, as a person who starts the program meets them.

use std::fs;

use monoxide_testkit::{Answer, Http, Socket, socket::UPGRADE};
use tempfile::tempdir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _};

use crate::{Running, monoxide, signal};

const PASSWORD: &str = "correct horse battery";

/// The program in memory as it is without settings: it asks who somebody is.
fn closed(arguments: &[&str]) -> tokio::process::Command {
    let mut command = monoxide(&["--addr", "127.0.0.1:0"]);
    command.env_remove("MONOXIDE_OPEN").args(arguments);
    command
}

async fn ask(running: &Running, method: &str, target: &str, headers: &str, body: &str) -> Answer {
    let mut http = Http::connect(running.address).await;
    let (address, length) = (running.address, body.len());
    let host =
        if headers.contains("Host:") { String::new() } else { format!("Host: {address}\r\n") };
    let head = format!("{method} {target} HTTP/1.1\r\n{host}{headers}Content-Length: {length}\r\n");
    http.send(format!("{head}\r\n{body}")).await.unwrap();
    http.answer().await
}

/// The set-up link that it prints.
async fn link(running: &mut Running) -> String {
    let mut line = String::new();
    running.stdout.read_line(&mut line).await.unwrap();
    let link = line.trim_end().strip_prefix("set it up at ");
    link.unwrap_or_else(|| panic!("{line:?} is no link")).to_owned()
}

fn account(token: &str) -> String {
    format!(r#"{{"token":"{token}","account":"ann","password":"{PASSWORD}"}}"#)
}

/// The header of whoever an answer signs in.
fn bearer(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let text = answer.text();
    let (_, token) = text.split_once(r#""token":""#).unwrap();
    format!("Authorization: Bearer {}\r\n", token.split_once('"').unwrap().0)
}

async fn set_up(running: &mut Running) -> String {
    let link = link(running).await;
    let secret = link.split_once('#').unwrap().1;
    bearer(&ask(running, "POST", "/setup", "", &account(secret)).await)
}

#[tokio::test]
async fn who_follows_the_printed_link_is_in_and_nobody_else_gets_more_than_the_page() {
    let mut running = Running::start(closed(&[])).await;
    let link = link(&mut running).await;
    let (page, secret) = link.split_once('#').unwrap();
    assert_eq!(page, format!("http://{}/_ui/_setup", running.address));

    for (method, target) in
        [("GET", "/a"), ("POST", "/a"), ("GET", "/a/*"), ("GET", "/_keys"), ("GET", "/?api=info")]
    {
        assert_eq!(ask(&running, method, target, "", "").await.status, 401, "{method} {target}");
    }
    let http = Http::connect(running.address).await;
    let headers = format!("{UPGRADE}Host: {}\r\n", running.address);
    let refused = Socket::over(http, "/a", &headers).await.map(|it| it.answer).unwrap_err();
    assert_eq!(refused.status, 401, "a socket");
    for target in ["/", "/_ui/_setup", "/_health"] {
        assert_eq!(ask(&running, "GET", target, "", "").await.status, 200, "{target}");
    }
    let guessed = ask(&running, "POST", "/setup", "", &account(&"A".repeat(43))).await;
    assert_eq!(guessed.status, 403);

    let ann = bearer(&ask(&running, "POST", "/setup", "", &account(secret)).await);

    assert_eq!(ask(&running, "POST", "/a", &ann, "1").await.status, 200);
    assert_eq!(ask(&running, "GET", "/?api=info", &ann, "").await.status, 200);
    let twice = account(secret).replace("ann", "bob");
    assert_eq!(ask(&running, "POST", "/setup", "", &twice).await.status, 403);
    signal(&running.child, "TERM").await;
    let (code, out, log) = running.ended().await;
    assert_eq!((code, out.as_str()), (Some(0), ""));
    assert!(!log.contains(secret), "the link is for the terminal and nowhere else: {log}");
}

#[tokio::test]
async fn open_asks_nobody_and_says_so_in_the_log() {
    let running = Running::start(closed(&["--open"])).await;
    assert_eq!(ask(&running, "POST", "/a", "Host: any\r\n", "1").await.status, 200);
    signal(&running.child, "TERM").await;
    let (_, out, log) = running.ended().await;
    assert_eq!(out, "", "there is no link");
    assert!(log.contains("WARN") && log.contains("--open"), "{log}");
}

#[tokio::test]
async fn another_name_another_page_and_another_frame_are_refused() {
    let mut running = Running::start(closed(&["--host", "app.example"])).await;
    let link = link(&mut running).await;
    assert!(link.starts_with("http://app.example:"), "{link}");
    for (host, status) in [
        ("app.example", 401),
        ("app.example:80", 401),
        ("localhost:1", 401),
        ("[::1]", 401),
        ("evil.example", 421),
        ("", 421),
    ] {
        let answer = ask(&running, "GET", "/a", &format!("Host: {host}\r\n"), "").await;
        assert_eq!(answer.status, status, "{host}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("strict-transport-security", ""),
            ("access-control-allow-origin", ""),
        ] {
            assert_eq!(answer.header(name).unwrap_or_default(), value, "{name}");
        }
    }
    let page = ask(&running, "GET", "/", "Host: app.example\r\n", "").await;
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(page.header(name).unwrap_or_default(), value, "{name}");
    }
    let foreign = "Origin: https://evil.example\r\n";
    for (method, target) in [("POST", "/authorize"), ("POST", "/setup"), ("DELETE", "/a")] {
        assert_eq!(ask(&running, method, target, foreign, "{}").await.status, 403, "{target}");
    }
    let read = ask(&running, "GET", "/authorize", foreign, "").await;
    assert_eq!((read.status, read.header("access-control-allow-origin")), (200, None));
}

#[tokio::test]
async fn registration_gives_the_roles_that_are_set_and_never_that_of_an_administrator() {
    let running = Running::start(closed(&["--registration", "guest,reader"])).await;
    let body = format!(r#"{{"account":"eve","password":"{PASSWORD}"}}"#);
    let answer = ask(&running, "POST", "/register", "", &body).await;
    assert!(answer.text().contains(r#""roles":["guest","reader"]"#), "{}", answer.text());
    let eve = bearer(&answer);
    assert_eq!(ask(&running, "GET", "/users", &eve, "").await.status, 403);
    assert_eq!(ask(&running, "POST", "/a", &eve, "1").await.status, 200);

    let refused = closed(&["--registration", "admin"]).output().await.unwrap();
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(text.contains("--registration") && refused.status.code() == Some(1), "{text}");
}

#[tokio::test]
async fn a_key_from_a_file_signs_and_one_that_cannot_is_one_line() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("key.pem");
    fs::write(&path, "nonsense").unwrap();
    let refused = closed(&["--key", path.to_str().unwrap()]).output().await.unwrap();
    let text = String::from_utf8(refused.stderr).unwrap();
    assert_eq!((refused.status.code(), text.lines().count()), (Some(1), 1), "{text}");
    assert!(text.contains("key.pem") && text.contains("Ed25519"), "{text}");

    // RFC 8410, section 10.3.
    let pem = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
        -----END PRIVATE KEY-----\n";
    fs::write(&path, pem).unwrap();
    let mut running = Running::start(closed(&["--key", path.to_str().unwrap()])).await;
    let ann = set_up(&mut running).await;
    assert!(ann.contains("eyJ0eXAiOiJKV1QiLCJhbGciOiJFZERTQSIs"), "typ: JWT, alg: EdDSA");
    assert_eq!(ask(&running, "GET", "/profile", &ann, "").await.status, 200);
}

#[tokio::test]
async fn a_rule_that_is_taken_back_is_a_removal_for_who_watches() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("rules.toml");
    let write = "write = 'signed_in'\n";
    fs::write(&path, format!("['books/*']\nread = 'signed_in'\n{write}")).unwrap();
    let mut running = Running::start(closed(&["--rules", path.to_str().unwrap()])).await;
    let ann = set_up(&mut running).await;
    assert_eq!(ask(&running, "POST", "/books/dune", &ann, "1").await.status, 200);
    let http = Http::connect(running.address).await;
    let headers = format!("{UPGRADE}Host: {}\r\n{ann}", running.address);
    let mut socket = Socket::over(http, "/books/*", &headers).await.unwrap();
    assert!(socket.message().await.contains("dune"));

    fs::write(&path, format!("['books/*']\nread = 'role == \"editor\"'\n{write}")).unwrap();

    assert!(socket.message().await.contains(r#""data":[]"#), "what may not be seen is gone");
    assert_eq!(ask(&running, "GET", "/books/dune", &ann, "").await.status, 404);
}

/// A folder, and what is done with its accounts in a shell.
struct Shell(tempfile::TempDir);

impl Shell {
    async fn start(&self) -> Running {
        let mut command = closed(&["--data", self.0.path().to_str().unwrap()]);
        command.env_remove("MONOXIDE_MEMORY");
        Running::start(command).await
    }

    /// What it says on both outputs, and its exit code.
    async fn run(&self, arguments: &[&str], input: &str) -> (Option<i32>, String) {
        let mut command = monoxide(&["account"]);
        command.env_remove("MONOXIDE_MEMORY").args(arguments).arg("--data").arg(self.0.path());
        let mut child = command.stdin(std::process::Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
        let output = child.wait_with_output().await.unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    }

    async fn done(&self, arguments: &[&str], input: &str) -> String {
        let (code, said) = self.run(arguments, input).await;
        assert_eq!(code, Some(0), "{arguments:?}: {said}");
        said
    }
}

async fn sign_in(running: &Running, account: &str, password: &str) -> Answer {
    let body = format!(r#"{{"account":"{account}","password":"{password}"}}"#);
    ask(running, "POST", "/authorize", "", &body).await
}

#[tokio::test]
async fn accounts_are_looked_after_in_a_shell_without_a_server_and_beside_one() {
    let shell = Shell(tempdir().unwrap());
    let typed = format!("{PASSWORD}\n");
    let add = ["add", "ann", "--role", "admin", "--name", "Ann Lee"];
    assert_eq!(shell.done(&add, &typed).await, "ann\tadmin\tenabled\tAnn Lee\n");
    for (arguments, input, why) in [
        (&["add", "ann"][..], typed.as_str(), "taken"),
        (&["add", "bob"], "short\n", "password"),
        (&["add", "b o b"], typed.as_str(), "account"),
        (&["set-password", "nobody"], typed.as_str(), "no such account"),
        (&["disable", "ann"], "", "last administrator"),
        (&["role", "ann", "reader"], "", "last administrator"),
    ] {
        let (code, said) = shell.run(arguments, input).await;
        assert!(code == Some(1) && said.contains(why), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }

    let mut running = shell.start().await;
    while ask(&running, "GET", "/_health", "", "").await.status == 503 {}
    let ann = bearer(&sign_in(&running, "ann", PASSWORD).await);
    shell.done(&["add", "bob", "--role", "reader"], &typed).await;
    assert_eq!(
        shell.done(&["list"], "").await,
        "ann\tadmin\tenabled\tAnn Lee\nbob\treader\tenabled\tbob\n"
    );
    let bob = bearer(&sign_in(&running, "bob", PASSWORD).await);
    shell.done(&["role", "bob", "admin"], "").await;
    assert_eq!(ask(&running, "GET", "/users", &bob, "").await.status, 200, "at once");
    shell.done(&["disable", "bob"], "").await;
    assert_eq!(ask(&running, "GET", "/users", &bob, "").await.status, 401, "at once");
    shell.done(&["enable", "bob"], "").await;
    shell.done(&["set-password", "ann"], "another horse battery\n").await;
    assert_eq!(ask(&running, "GET", "/profile", &ann, "").await.status, 401, "sessions end");
    assert_eq!(sign_in(&running, "ann", PASSWORD).await.status, 401);
    assert_eq!(sign_in(&running, "ann", "another horse battery").await.status, 200);
    shell.done(&["unlock", "ann"], "").await;

    signal(&running.child, "TERM").await;
    let mut rest = String::new();
    running.stdout.read_line(&mut rest).await.unwrap();
    assert_eq!(rest, "", "with an administrator there is no link");
}
