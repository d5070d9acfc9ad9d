//! Who may see how the server is, and end a connection.

use monoxide_identity::AccountChange;
use monoxide_testkit::{
    Http, Socket,
    socket::{CLOSE, TEXT, UPGRADE},
};
use serde_json::json;

use super::{House, check_problem};

const LATE: &str = "Sec-WebSocket-Protocol: monoxide.v1\r\n";

async fn open(house: &House, headers: &str) -> Result<Socket, monoxide_testkit::Answer> {
    let headers = format!("Host: {}\r\n{UPGRADE}{headers}", house.server.address());
    Socket::over(Http::connect(house.server.address()).await, "/_monitor", &headers).await
}

async fn late(house: &House, said: &str) -> Socket {
    let mut socket = open(house, LATE).await.unwrap();
    socket.send(TEXT, said).await.unwrap();
    socket
}

fn auth(token: &str) -> String {
    json!({ "auth": token }).to_string()
}

#[tokio::test]
async fn the_monitor_is_for_administrators_however_they_come() {
    let house = House::with(|it| it, |server| server.anonymous(true)).await;
    let (root, ann) = (house.bearer("root").await, house.bearer("ann").await);

    assert_eq!(house.ask("GET", "/_monitor", &root, "").await.status, 200);
    check_problem(&house.ask("GET", "/_monitor", &ann, "").await, 403, "not-allowed");
    check_problem(&house.ask("GET", "/_monitor", "", "").await, 401, "sign-in-needed");
    open(&house, &root).await.unwrap().message().await;
    check_problem(&open(&house, &ann).await.unwrap_err(), 403, "not-allowed");
    check_problem(&open(&house, "").await.unwrap_err(), 401, "sign-in-needed");

    let token = house.sign_in("root").await.token;
    late(&house, &auth(&token)).await.message().await;
    let token = house.sign_in("ann").await.token;
    assert_eq!(late(&house, &auth(&token)).await.closed().await, 4403);
    assert_eq!(late(&house, r#"{"auth":null}"#).await.closed().await, 4401);
}

#[tokio::test]
async fn only_an_administrator_closes_a_connection_and_no_foreign_page_has_them_do_it() {
    let house = House::new().await;
    let (root, ann) = (house.bearer("root").await, house.bearer("ann").await);
    let mut watcher = open(&house, &root).await.unwrap();
    assert!(watcher.message().await.contains(r#""account":"root""#));
    let target = "/?api=connections&id=1";

    check_problem(&house.ask("DELETE", target, &ann, "").await, 403, "not-allowed");
    check_problem(&house.ask("DELETE", target, "", "").await, 401, "sign-in-needed");
    let cookie = house.cookie(&house.sign_in("root").await.token);
    check_problem(&house.ask("DELETE", target, &cookie, "").await, 403, "foreign-page");
    let foreign = format!("{root}Origin: http://evil.example\r\n");
    check_problem(&house.ask("DELETE", target, &foreign, "").await, 403, "foreign-page");
    let own = format!("{cookie}X-Monoxide: page\r\n");
    assert_eq!(house.ask("DELETE", target, &own, "").await.status, 204);

    loop {
        let frame = watcher.frame().await;
        if frame.first == CLOSE {
            assert_eq!(frame.payload[..2], 4000_u16.to_be_bytes());
            assert_eq!(&frame.payload[2..], b"closed by an administrator");
            break;
        }
    }
}

#[tokio::test]
async fn who_is_no_administrator_any_more_is_told_nothing_more() {
    let house = House::new().await;
    house.has("eve", &["admin"]).await;
    let eve = house.bearer("eve").await;
    let mut watcher = open(&house, &eve).await.unwrap();
    watcher.message().await;

    let accounts = house.identities.accounts().unwrap();
    let name = accounts.iter().find(|it| it.account.as_str() == "eve").unwrap().account.clone();
    let roles = Some(vec!["editor".to_owned()]);
    let change = AccountChange { roles, ..AccountChange::default() };
    house.identities.change(&name, &change).await.unwrap();

    assert_eq!(watcher.closed().await, 4401, "who comes back is asked again");
    check_problem(&open(&house, &eve).await.unwrap_err(), 403, "not-allowed");
}
