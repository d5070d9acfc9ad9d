//! Rules from a file, as a person meets them: at the start, in a shell, while it runs.

use std::fs;

use monoxide_testkit::{Http, Socket};

use crate::{Running, monoxide, signal};

const SHUT: &str = "['books/*']\nread = 'false'\n";
const OPEN: &str = "['books/*']\nread = 'true'\nwrite = 'true'\n";

async fn status(running: &Running, method: &str) -> u16 {
    let mut http = Http::connect(running.address).await;
    let request =
        format!("{method} /books/dune HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{{}}");
    http.send(request).await.unwrap();
    http.answer().await.status
}

#[tokio::test]
async fn rules_of_a_file_are_in_force_and_so_is_what_it_is_changed_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.toml");
    fs::write(&path, OPEN).unwrap();
    let running =
        Running::start(monoxide(&["--addr", "127.0.0.1:0", "--rules", path.to_str().unwrap()]))
            .await;
    let mut socket = Socket::open(running.address, "/books/*").await;
    socket.message().await;
    assert_eq!(status(&running, "POST").await, 200);
    assert!(socket.message().await.contains("dune"));

    fs::write(&path, SHUT).unwrap();
    assert!(socket.message().await.contains(r#""data":[]"#), "it is told when that has come about");

    assert_eq!((status(&running, "GET").await, status(&running, "POST").await), (404, 401));
    signal(&running.child, "TERM").await;
    assert_eq!(running.ended().await.0, Some(0));
}

#[tokio::test]
async fn a_mistake_in_the_file_is_one_line_with_its_place_and_exit_code_1() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.toml");
    fs::write(&path, "['books/*']\nread = 'nme == account'\n").unwrap();
    let path = path.to_str().unwrap();
    for (arguments, code) in [
        (vec!["--addr", "127.0.0.1:0", "--rules", path], 1),
        (vec!["rules", "test", "--rules", path, "read", "books/dune"], 1),
    ] {
        let output = monoxide(&arguments).output().await.unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(error, format!("error: {path}:2:9: there is no variable `nme`\n"));
        assert_eq!((output.status.code(), output.stdout.len()), (Some(code), 0));
    }
}

#[tokio::test]
async fn a_shell_is_told_which_rule_decides() {
    let ask = async |arguments: &[&str]| {
        let output = monoxide(&[&["rules", "test"], arguments].concat()).output().await.unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, text) = ask(&["--as", "editor,guest", "write", "books/dune"]).await;
    assert_eq!(code, Some(0), "{text}");
    assert!(text.starts_with("allowed\n  rules.toml:10: [\"**\"] write = "), "{text}");
    assert!(text.contains("role = [\"editor\", \"guest\"]"), "{text}");
    let (code, text) = ask(&["read", "books/dune"]).await;
    assert_eq!((code, text.lines().next()), (Some(1), Some("refused")));
    for wrong in [&["reed", "a"][..], &["read", "a//b"], &["read"], &["read", "a", "--old", "{"]] {
        assert_eq!(ask(wrong).await.0, Some(2), "{wrong:?}");
    }
}

/// What `docs/rules.md` shows is what happens.
#[tokio::test]
async fn the_first_ten_minutes_are_as_they_are_written() {
    let docs = include_str!("../../../docs/rules.md");
    let block = |opening: &str| {
        let (_, rest) = docs.split_once(opening).unwrap();
        rest.split_once("```").unwrap().0
    };
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rules.toml"), block("```toml\n")).unwrap();
    let (command, answer) = block("```console\n$ monoxide ").split_once('\n').unwrap();
    let arguments: Vec<_> = command.split(' ').map(|it| it.trim_matches('\'')).collect();

    let mut monoxide = monoxide(&arguments);
    let output = monoxide.current_dir(folder.path()).output().await.unwrap();

    assert_eq!(String::from_utf8(output.stdout).unwrap(), answer);
    assert_eq!(output.status.code(), Some(1));
}
