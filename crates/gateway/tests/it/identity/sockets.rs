//! Sockets: who opens one, how it says who it is, and when it may not go on.

use std::{num::NonZeroUsize, time::Duration};

use monoxide_identity::AccountChange;
use monoxide_protocol::Json;
use monoxide_testkit::{
    Answer, Http, Socket, TestServer,
    socket::{CLOSE, TEXT, UPGRADE},
};
use serde_json::json;
use tokio::time::timeout;

use super::{House, PASSWORD, bearer, check_problem};

const LATE: &str = "Sec-WebSocket-Protocol: monoxide.v1\r\n";

async fn open(house: &House, target: &str, headers: &str) -> Result<Socket, Answer> {
    let headers = format!("Host: {}\r\n{UPGRADE}{headers}", house.server.address());
    Socket::over(Http::connect(house.server.address()).await, target, &headers).await
}

fn auth(token: &str) -> String {
    json!({ "auth": token }).to_string()
}

fn protocols(token: &str) -> String {
    format!("Sec-WebSocket-Protocol: bearer, {token}\r\n")
}

#[tokio::test]
async fn a_token_comes_as_a_subprotocol_or_a_header_and_is_not_echoed() {
    let house = House::new().await;
    let token = house.sign_in("ann").await.token;
    let mut socket = open(&house, "/a", &protocols(&token)).await.unwrap();
    assert_eq!(socket.answer.header("sec-websocket-protocol"), Some("bearer"));
    socket.message().await;
    let mut socket = open(&house, "/", &bearer(&token)).await.unwrap();
    assert_eq!(socket.answer.header("sec-websocket-protocol"), None);
    socket.message().await;
}

#[tokio::test]
async fn a_socket_can_say_first_who_it_is_and_hears_nothing_before() {
    let house = House::new().await;
    let token = house.sign_in("ann").await.token;
    for target in ["/a", "/l/*", "/_keys", "/_window?key=l/*", "/"] {
        let mut socket = open(&house, target, LATE).await.unwrap();
        assert_eq!(socket.answer.header("sec-websocket-protocol"), Some("monoxide.v1"));
        assert_eq!(
            house
                .server
                .engine()
                .topics()
                .await
                .unwrap()
                .iter()
                .map(|it| it.subscribers)
                .sum::<usize>(),
            0,
            "nothing is watched yet"
        );
        for about_something_else in ["hello", "{}", "[]", r#"{"token":"x"}"#] {
            socket.send(TEXT, about_something_else).await.unwrap();
        }
        socket.send(TEXT, auth(&token)).await.unwrap();
        socket.message().await;
        drop(socket);
        while house.server.engine().stats().await.unwrap().subscribers > 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn who_does_not_say_it_or_says_it_wrongly_is_told_by_the_close_frame() {
    let house =
        House::with(|it| it, |server| server.header_timeout(Duration::from_millis(300))).await;
    let silent = open(&house, "/a", LATE).await.unwrap();
    assert_eq!(closed(silent).await, 4401);
    for wrong in [auth("nonsense"), r#"{"auth":null}"#.to_owned()] {
        let mut socket = open(&house, "/a", LATE).await.unwrap();
        socket.send(TEXT, wrong).await.unwrap();
        assert_eq!(closed(socket).await, 4401);
    }
    let token = house.sign_in("ann").await.token;
    let old = format!("{LATE}{}", house.cookie("nonsense"));
    let mut old = open(&house, "/a", &old).await.unwrap();
    // It is over before this is heard.
    drop(old.send(TEXT, auth(&token)).await);
    assert_eq!(closed(old).await, 4401);
    for wrong in ["/a//b", "/a/**"] {
        let mut socket = open(&house, wrong, LATE).await.unwrap();
        socket.send(TEXT, auth(&token)).await.unwrap();
        assert_eq!(closed(socket).await, 4400, "{wrong}");
    }
}

#[tokio::test]
async fn with_a_cookie_or_a_token_it_is_settled_at_once() {
    let house = House::new().await;
    let token = house.sign_in("ann").await.token;
    for headers in [
        format!("{LATE}{}", house.cookie(&token)),
        format!("{LATE}{}", bearer(&token)),
        format!("Sec-WebSocket-Protocol: monoxide.v1, bearer, {token}\r\n"),
    ] {
        let mut socket = open(&house, "/a", &headers).await.unwrap();
        assert_eq!(socket.answer.header("sec-websocket-protocol"), Some("monoxide.v1"));
        socket.message().await;
    }
}

#[tokio::test]
async fn where_nobody_is_asked_who_it_is_the_subprotocol_works_too() {
    let server = TestServer::start().await;
    let headers = format!("{UPGRADE}{LATE}");
    let http = Http::connect(server.address()).await;
    let mut socket = Socket::over(http, "/a", &headers).await.unwrap();
    assert_eq!(socket.answer.header("sec-websocket-protocol"), Some("monoxide.v1"));
    socket.message().await;
    let http = Http::connect(server.address()).await;
    let refused = Socket::over(http, "/a//b", &headers).await.unwrap();
    assert_eq!(closed(refused).await, 4400);
}

#[tokio::test]
async fn where_strangers_are_let_in_one_can_say_that_one_is_nobody() {
    let house = House::with(|it| it, |server| server.anonymous(true)).await;
    let mut socket = open(&house, "/a", LATE).await.unwrap();
    socket.send(TEXT, r#"{"auth":null}"#).await.unwrap();
    socket.message().await;
}

#[tokio::test]
async fn a_token_that_expires_on_a_live_socket_closes_it() {
    let house = House::with(|it| it.token_lifetime(Duration::from_secs(1)), |it| it).await;
    let token = house.sign_in("ann").await.token;
    let plain = open(&house, "/a", &bearer(&token)).await.unwrap();
    let mut late = open(&house, "/a", LATE).await.unwrap();
    late.send(TEXT, auth(&token)).await.unwrap();
    late.message().await;
    let cookie = house.cookie(&token);
    let by_cookie = open(&house, "/a", &cookie).await.unwrap();

    let (plain, late, by_cookie) = tokio::join!(closed(plain), closed(late), closed(by_cookie));

    assert_eq!([plain, late, by_cookie], [4401; 3]);
}

/// Waits for the end, which has to come soon.
async fn closed(mut socket: Socket) -> u16 {
    let closed = timeout(Duration::from_secs(20), socket.closed());
    closed.await.expect("the server closes it")
}

/// Waits for the close frame, and not for what follows.
async fn close_code(socket: &mut Socket) -> u16 {
    loop {
        let frame = socket.frame().await;
        if frame.first == CLOSE {
            return u16::from_be_bytes([frame.payload[0], frame.payload[1]]);
        }
    }
}

/// Sockets with a token that is good for three seconds: one to be kept, and one to be left alone.
/// When they are given, two of the seconds are over.
async fn two_seconds_later(house: &House, kept: &str, token: &str) -> (Socket, Socket) {
    let mut sockets =
        (open(house, "/a", kept).await.unwrap(), open(house, "/a", &bearer(token)).await.unwrap());
    sockets.0.message().await;
    // For this one a second is over already.
    house.pass(1);
    let mut bell = open(house, "/a", &bearer(token)).await.unwrap();
    assert_eq!(close_code(&mut bell).await, 4401);
    sockets
}

async fn check_kept(house: &House, (mut kept, mut left): (Socket, Socket)) {
    assert_eq!(close_code(&mut left).await, 4401);
    let set = house.server.engine().set("a".parse().unwrap(), Json::parse(b"1").unwrap());
    set.await.unwrap();
    assert!(kept.message().await.contains("\"version\""), "it is there after the other's end");
    assert_eq!(close_code(&mut kept).await, 4401, "but not for ever");
}

#[tokio::test]
async fn a_fresh_token_on_the_socket_keeps_it_open() {
    let house = House::with(|it| it.token_lifetime(Duration::from_secs(3)), |it| it).await;
    let ann = house.sign_in("ann").await;
    let (mut kept, left) = two_seconds_later(&house, &bearer(&ann.token), &ann.token).await;

    let fresh = house.identities.refresh(&ann.refresh, [10, 0, 0, 1].into()).await.unwrap();
    kept.send(TEXT, auth(&fresh.token)).await.unwrap();

    check_kept(&house, (kept, left)).await;
}

#[tokio::test]
async fn a_socket_by_cookie_stays_open_while_its_page_refreshes() {
    let house = House::with(|it| it.token_lifetime(Duration::from_secs(3)), |it| it).await;
    let body = json!({ "account": "ann", "password": PASSWORD }).to_string();
    let own = "X-Monoxide: 1\r\n";
    let answer = house.ask("POST", "/authorize", own, &body).await;
    let pairs = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
    let pairs: Vec<_> = pairs.map(|(_, value)| value.split(';').next().unwrap()).collect();
    let cookies = format!("Cookie: {}\r\n", pairs.join("; "));
    let token = pairs[0].split_once('=').unwrap().1;
    let sockets = two_seconds_later(&house, &cookies, token).await;

    let refreshed = house.ask("PUT", "/authorize", &format!("{cookies}{own}"), "").await;
    assert_eq!(refreshed.status, 200);

    check_kept(&house, sockets).await;
}

#[tokio::test]
async fn somebody_elses_token_does_not_keep_it_open() {
    let house = House::new().await;
    let (ann, root) = (house.sign_in("ann").await, house.sign_in("root").await);
    for wrong in [auth(&root.token), auth("nonsense"), r#"{"auth":null}"#.to_owned()] {
        let mut socket = open(&house, "/a", &bearer(&ann.token)).await.unwrap();
        socket.send(TEXT, "hello").await.unwrap();
        socket.message().await;
        socket.send(TEXT, wrong).await.unwrap();
        assert_eq!(closed(socket).await, 4401);
    }
}

#[tokio::test]
async fn who_is_signed_out_disabled_or_removed_is_off_at_once() {
    let house = House::new().await;
    let name = house.sign_in("ann").await.account.account;
    for end in 0..4 {
        let ann = house.sign_in("ann").await;
        let mut socket = open(&house, "/a", &bearer(&ann.token)).await.unwrap();
        socket.message().await;
        let change =
            |disabled| AccountChange { disabled: Some(disabled), ..AccountChange::default() };
        match end {
            0 => house.identities.end_session(&name, ann.session).await.unwrap(),
            1 => drop(house.identities.change(&name, &change(true)).await.unwrap()),
            2 => drop(house.identities.set_password(&name, &PASSWORD.into()).await.unwrap()),
            _ => house.identities.delete(&name).await.unwrap(),
        }
        assert_eq!(closed(socket).await, 4401, "{end}");
        if end == 1 {
            house.identities.change(&name, &change(false)).await.unwrap();
        }
    }
}

#[tokio::test]
async fn an_account_has_so_many_sockets_and_no_more_until_one_is_closed() {
    let two = NonZeroUsize::new(2).unwrap();
    let house = House::with(|it| it, |server| server.max_subscriptions_per_account(two)).await;
    let (ann, root) = (house.sign_in("ann").await.token, house.sign_in("root").await.token);
    let list = open(&house, "/l/*", &bearer(&ann)).await.unwrap();
    let _clock = open(&house, "/", &protocols(&ann)).await.unwrap();

    let refused = open(&house, "/a", &bearer(&ann)).await.unwrap_err();
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("5")));
    let mut late = open(&house, "/a", LATE).await.unwrap();
    late.send(TEXT, auth(&ann)).await.unwrap();
    assert_eq!(closed(late).await, 1013);
    assert_eq!(house.ask("GET", "/l/*", &bearer(&ann), "").await.status, 200, "it is for sockets");
    open(&house, "/a", &bearer(&root)).await.unwrap().message().await;

    drop(list);
    let again = async { while open(&house, "/a", &bearer(&ann)).await.is_err() {} };
    timeout(Duration::from_secs(20), again).await.expect("who leaves makes room");
}

#[tokio::test]
async fn who_is_connected_is_shown_with_their_account() {
    let house = House::new().await;
    let (ann, root) = (house.sign_in("ann").await, house.bearer("root").await);
    let mut socket = open(&house, "/a", LATE).await.unwrap();
    socket.send(TEXT, auth(&ann.token)).await.unwrap();
    socket.message().await;

    let shown = house.ask("GET", "/?api=connections", &root, "").await;

    assert!(shown.text().contains("ann"), "{}", shown.text());
    assert!(!check_no_secret(shown.text(), &ann.token));
    let refused = house.ask("GET", "/?api=connections", "", "").await;
    check_problem(&refused, 401, "sign-in-needed");
}

fn check_no_secret(text: &str, token: &str) -> bool {
    text.contains(token)
}
