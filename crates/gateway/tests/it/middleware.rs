//! Layers of the application: nobody gets around them.

use axum::{
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    middleware::{Next, from_fn},
    response::{IntoResponse as _, Response},
};
use monoxide_engine::{Denied, Engine, Filters, Identity};
use monoxide_gateway::Endpoint;
use monoxide_protocol::Json;
use monoxide_testkit::{Http, Socket, TestServer, socket::UPGRADE};

use crate::ask::{ask, line};

const DENIED: &str = "401 not authorized";

/// As the reference's: a bearer token, or a subprotocol.
async fn audit(mut request: Request, next: Next) -> Response {
    if !has_token(request.headers()) {
        return (StatusCode::UNAUTHORIZED, "not authorized").into_response();
    }
    request.extensions_mut().insert(Identity::account("ann", ["editor"]));
    next.run(request).await
}

fn has_token(headers: &HeaderMap) -> bool {
    let has = |name, text: &str| headers.get(name).is_some_and(|value| value == text);
    has(header::AUTHORIZATION, "Bearer secret")
        || has(header::SEC_WEBSOCKET_PROTOCOL, "bearer, secret")
}

async fn hello() -> &'static str {
    "hello"
}

async fn gated() -> TestServer {
    let filters = Filters::new().write("mine", |context, data| match context.identity.name() {
        Some("ann") => Ok(data),
        _ => Err(Denied::new("not yours")),
    });
    let engine = Engine::builder().filters(filters).start().unwrap();
    TestServer::at(([127, 0, 0, 1], 0).into(), engine, |server| {
        server
            .site(monoxide_gateway::Site::new::<crate::page::Files>("page"))
            .endpoint(Endpoint::new("/hello").get(hello))
            .layer(from_fn(audit))
    })
    .await
}

#[tokio::test]
async fn a_layer_gates_every_door() {
    let server = gated().await;
    for (method, target) in [
        ("GET", "/thing"),
        ("HEAD", "/thing"),
        ("POST", "/thing"),
        ("PATCH", "/thing"),
        ("DELETE", "/thing"),
        ("OPTIONS", "/thing"),
        ("GET", "/books/*"),
        ("DELETE", "/books/*"),
        ("GET", "/_keys"),
        ("GET", "/"),
        ("GET", "/?api=keys"),
        ("GET", "/?api=filters"),
        ("GET", "/_ui/books"),
        ("GET", "/_pkg/monoxide.js"),
        ("GET", "/robots.txt"),
        ("GET", "/hello"),
        // Also before a key is looked at.
        ("POST", "/a//b"),
        ("GET", "/_a"),
    ] {
        let answer = server.request(method, target, "1").await;
        let told = if method == "HEAD" { "401 " } else { DENIED };
        assert_eq!(line(&answer), told, "{method} {target}");
        let token = "Authorization: Bearer secret\r\n";
        let answer = ask(&server, method, target, token, "1").await;
        assert_ne!(answer.status, 401, "{method} {target}");
    }
}

#[tokio::test]
async fn a_layer_gates_sockets_and_the_clock() {
    let server = gated().await;
    for target in ["/thing", "/books/*", "/", "/_keys", "/a//b"] {
        let headers = format!("Host: {}\r\n{UPGRADE}", server.address());
        let http = Http::connect(server.address()).await;
        let refused = Socket::over(http, target, &headers).await.unwrap_err();
        assert_eq!(line(&refused), DENIED, "{target}");
    }
    for target in ["/thing", "/books/*", "/", "/_keys"] {
        let token = "Sec-WebSocket-Protocol: bearer, secret\r\n";
        let headers = format!("Host: {}\r\n{UPGRADE}{token}", server.address());
        let http = Http::connect(server.address()).await;
        let mut socket = Socket::over(http, target, &headers).await.unwrap();
        socket.message().await;
    }
}

#[tokio::test]
async fn what_has_no_route_is_not_asked_about() {
    let server = gated().await;
    for (method, target, expected) in [
        ("GET", "/a@b", "404 404 page not found\n"),
        ("POST", "/a%20b", "404 404 page not found\n"),
        ("PUT", "/thing", "405 Method Not Allowed\n"),
        ("POST", "/", "405 Method Not Allowed\n"),
        ("POST", "/hello", "405 Method Not Allowed\n"),
        ("PUT", "/a@b", "404 404 page not found\n"),
    ] {
        assert_eq!(line(&server.request(method, target, "1").await), expected, "{method} {target}");
    }
}

#[tokio::test]
async fn filters_see_who_a_layer_says_asks() {
    let server = gated().await;
    let token = "Authorization: Bearer secret\r\n";
    assert_eq!(ask(&server, "POST", "/mine", token, "1").await.status, 200);
    let program = server.engine().set("mine".parse().unwrap(), Json::parse(b"2").unwrap()).await;
    assert_eq!(program.unwrap_err().to_string(), "not yours");
}

#[tokio::test]
async fn the_layer_that_was_added_first_decides_first() {
    let says = |text: &'static str| {
        from_fn(move |_: Request, _: Next| async move { (StatusCode::FORBIDDEN, text) })
    };
    let server = TestServer::with(|server| server.layer(says("one")).layer(says("two"))).await;
    assert_eq!(line(&server.request("GET", "/thing", "").await), "403 one");
}
