//! An application's own routes, beside the keys.

use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    middleware::{Next, from_fn},
    response::Response,
};
use monoxide_engine::{Condition, Engine, Filters, Identity};
use monoxide_gateway::{BuildError, Caller, Endpoint, Server, Site};
use monoxide_protocol::Json;
use monoxide_testkit::TestServer;
use serde_json::{Value, json};

use crate::ask::line;

type Params = Query<std::collections::HashMap<String, String>>;

async fn show(Path(id): Path<String>, Query(params): Params) -> axum::Json<Value> {
    axum::Json(json!({ "id": id, "filter": params.get("filter") }))
}

async fn store(
    Caller(session): Caller,
    Path(id): Path<String>,
    body: String,
) -> Result<String, StatusCode> {
    let (key, data) = (format!("policies/{id}").parse(), Json::parse(body.as_bytes()));
    let (Ok(key), Ok(data)) = (key, data) else { return Err(StatusCode::BAD_REQUEST) };
    let stored = session.set(&key, data, &Condition::Always).await;
    stored.map_err(|_| StatusCode::FORBIDDEN)?;
    Ok(session.identity().name().unwrap_or("nobody").to_owned())
}

async fn count(State(engine): State<Engine>) -> String {
    engine.all_keys().len().to_string()
}

async fn panics() -> StatusCode {
    panic!("a handler with a mistake")
}

fn endpoints(server: monoxide_gateway::Builder) -> monoxide_gateway::Builder {
    server
        .endpoint(Endpoint::new("/policies/{id}").get(show).put(store))
        .endpoint(Endpoint::new("/count").get(count))
        .endpoint(Endpoint::new("/panics").get(panics))
        .endpoint(Endpoint::new("/{one}/rest/{*all}").get(count))
}

#[tokio::test]
async fn an_endpoint_answers_what_its_path_matches() {
    let server = TestServer::with(endpoints).await;
    let answer = server.request("GET", "/policies/7?filter=x", "").await;
    insta::assert_snapshot!(line(&answer), @r#"200 {"id":"7","filter":"x"}"#);
    assert_eq!(line(&server.request("GET", "/a/rest/b/c", "").await), "200 0");
    let head = server.request("HEAD", "/policies/7", "").await;
    assert_eq!((head.status, head.header("content-length")), (200, Some("24")));
}

#[tokio::test]
async fn an_endpoint_may_use_the_engine_and_say_who_asks() {
    let server = TestServer::with(endpoints).await;
    assert_eq!(line(&server.request("PUT", "/policies/7", r#"{"a":1}"#).await), "200 nobody");
    assert_eq!(line(&server.request("GET", "/count", "").await), "200 1");

    let ann = async |mut request: axum::extract::Request, next: Next| -> Response {
        request.extensions_mut().insert(Identity::account("ann", ["editor"]));
        next.run(request).await
    };
    let server = TestServer::with(|server| endpoints(server).layer(from_fn(ann))).await;
    assert_eq!(line(&server.request("PUT", "/policies/7", r#"{"a":1}"#).await), "200 ann");
}

/// What an endpoint stores under its own path is still a list to read and to watch.
#[tokio::test]
async fn a_pattern_above_an_endpoint_is_never_refused() {
    let server = TestServer::with(endpoints).await;
    server.request("PUT", "/policies/7", "1").await;
    for target in ["/policies/*", "/*/*", "/*/7", "/%2A/7", "/policies/%2a"] {
        let answer = server.request("GET", target, "").await;
        assert!(answer.text().contains(r#""path":"policies/7""#), "{target}: {}", line(&answer));
    }
    let mut socket = server.socket("/policies/*").await;
    assert!(socket.message().await.contains(r#""path":"policies/7""#));
    assert_eq!(server.request("DELETE", "/policies/*", "").await.status, 204);
}

/// ooo stores what nobody can read then (Q16).
#[tokio::test]
async fn a_method_that_an_endpoint_lacks_is_405_and_stores_nothing() {
    let server = TestServer::with(endpoints).await;
    for (method, target, allowed) in [
        ("POST", "/policies/7", "GET,HEAD,PUT"),
        ("PATCH", "/policies/7", "GET,HEAD,PUT"),
        ("DELETE", "/policies/7", "GET,HEAD,PUT"),
        ("POST", "/count", "GET,HEAD"),
        ("POST", "/coun%74", "GET,HEAD"),
        ("POST", "/policies%2F7", "GET,HEAD,PUT"),
    ] {
        let answer = server.request(method, target, "1").await;
        assert_eq!(line(&answer), "405 Method Not Allowed\n", "{method} {target}");
        assert_eq!(answer.header("allow"), Some(allowed), "{method} {target}");
    }
    assert!(server.engine().all_keys().is_empty());
}

#[tokio::test]
async fn every_other_key_stays_a_key() {
    let server = TestServer::with(endpoints).await;
    for key in ["/policies", "/policies/7/x", "/counts", "/count/x", "/a/rest", "/b"] {
        let answer = server.request("POST", key, "1").await;
        assert_eq!(answer.status, 200, "{key}");
        assert!(server.request("GET", key, "").await.text().ends_with(r#""data":1}"#), "{key}");
    }
    assert_eq!(line(&server.request("GET", "/a@b", "").await), "404 404 page not found\n");
    assert_eq!(line(&server.request("GET", "/a//b", "").await), "400 ooo: key is not valid");
    assert_eq!(server.request("GET", "/_keys", "").await.status, 200);
    assert_eq!(server.request("GET", "/", "").await.status, 200);
}

#[tokio::test]
async fn a_variable_at_the_root_leaves_the_server_s_own_paths() {
    let everything = |server: monoxide_gateway::Builder| {
        server
            .endpoint(Endpoint::new("/{id}").get(count))
            .endpoint(Endpoint::new("/x/{id}").get(count))
    };
    let server = TestServer::with(everything).await;
    assert_eq!(line(&server.request("GET", "/anything", "").await), "200 0");
    assert!(server.request("GET", "/_keys", "").await.text().starts_with(r#"{"created""#));
    assert_eq!(server.request("GET", "/?api=keys", "").await.status, 200);
    assert_eq!(server.request("GET", "/a/b", "").await.status, 404);
}

#[tokio::test]
async fn a_panic_in_a_handler_is_an_error_of_its_request_alone() {
    let server = TestServer::with(endpoints).await;
    let mut socket = server.socket("/thing").await;
    socket.message().await;
    for _ in 0..3 {
        let answer = server.request("GET", "/panics", "").await;
        assert_eq!(line(&answer), "500 ooo: internal error");
    }
    server.request("POST", "/thing", "1").await;
    socket.message().await;
}

#[tokio::test]
async fn a_panic_in_a_filter_is_an_error_of_its_request_alone() {
    let filters = Filters::new().write("bad", |_, _| panic!("a filter with a mistake"));
    let engine = Engine::builder().filters(filters).start().unwrap();
    let server = TestServer::at(([127, 0, 0, 1], 0).into(), engine, |server| server).await;
    for _ in 0..3 {
        assert_eq!(line(&server.request("POST", "/bad", "1").await), "500 ooo: internal error");
    }
    assert_eq!(server.request("GET", "/bad", "").await.status, 404);
    assert_eq!(server.request("POST", "/good", "1").await.status, 200);
}

fn error(build: impl FnOnce(monoxide_gateway::Builder) -> monoxide_gateway::Builder) -> String {
    let engine = Engine::builder().filters(Filters::new().open("config").open("books/*"));
    let server = Server::builder(engine.start().unwrap());
    build(server).build().err().map_or_else(String::new, |error: BuildError| error.to_string())
}

fn error_at(path: &str) -> String {
    error(|server| server.endpoint(Endpoint::new(path).get(count)))
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_served_is_an_error_and_no_panic() {
    insta::assert_snapshot!(error_at("policies"), @"the endpoint `policies` cannot be served: a path begins with `/`");
    insta::assert_snapshot!(error_at("/a/:id"), @"the endpoint `/a/:id` cannot be served: a variable is written `{name}`, and one for the rest `{*name}`");
    insta::assert_snapshot!(error_at("/a/{id"), @"the endpoint `/a/{id` cannot be served: Parameters must be registered with a valid name");
    insta::assert_snapshot!(error_at("/a/{*rest}/b"), @"the endpoint `/a/{*rest}/b` cannot be served: Catch-all parameters are only allowed at the end of a route");
    insta::assert_snapshot!(error_at("/"), @"the endpoint `/` cannot be served: the path is the server's own");
    insta::assert_snapshot!(error_at("/_keys"), @"the endpoint `/_keys` cannot be served: the path is the server's own");
    insta::assert_snapshot!(error(|server| server.endpoint(Endpoint::new("/a"))), @"the endpoint `/a` cannot be served: it has no method");
    insta::assert_snapshot!(error(|server| server.endpoint(Endpoint::new("/a").get(count).get(count))), @"the endpoint `/a` cannot be served: it has GET twice");
    insta::assert_snapshot!(error(|server| server.endpoint(Endpoint::new("/a").request::<String>().get(count))), @"the endpoint `/a` cannot be served: there is no method yet that could be described");
    insta::assert_snapshot!(error(|server| {
        let twice = |name| Endpoint::new(name).get(count);
        server.endpoint(twice("/a/{id}")).endpoint(twice("/a/{name}"))
    }), @"the endpoint `/a/{name}` cannot be served: Insertion failed due to conflict with previously registered route: /a/{id}");
    insta::assert_snapshot!(error(|server| {
        server.site(Site::new::<crate::page::Files>("")).endpoint(Endpoint::new("/robots.txt").get(count))
    }), @"the endpoint `/robots.txt` cannot be served: the path is the server's own");
    assert_eq!(error_at("/books/{id}"), "", "who watches the list still needs the filter");
}

#[tokio::test]
async fn a_filter_for_a_key_behind_an_endpoint_is_an_error() {
    insta::assert_snapshot!(error_at("/config"), @"the filter for `config` is never reached: a route has that address");
    insta::assert_snapshot!(error_at("/{name}"), @"the filter for `config` is never reached: a route has that address");
}
