//! Every door asks who it is.

use axum::{
    extract::{Request, State},
    middleware::{Next, from_fn},
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use monoxide_engine::{Engine, Identity};
use monoxide_gateway::{Caller, Endpoint};
use monoxide_identity::AccountChange;
use monoxide_protocol::Json;
use monoxide_testkit::{Http, Socket, socket::UPGRADE};
use serde_json::json;

use super::{House, bearer, check_problem, json as parsed};

async fn whoami(Caller(session): Caller, State(_): State<Engine>) -> String {
    session.identity().name().unwrap_or("nobody").to_owned()
}

fn with_endpoints(server: monoxide_gateway::Builder) -> monoxide_gateway::Builder {
    server
        .endpoint(Endpoint::new("/whoami").get(whoami))
        .endpoint(Endpoint::new("/hello").get(whoami).public())
}

#[tokio::test]
async fn who_has_no_account_gets_the_page_and_nothing_else_over_every_door() {
    let house = House::with(|it| it, with_endpoints).await;
    house.server.engine().set("a".parse().unwrap(), Json::parse(b"1").unwrap()).await.unwrap();

    for (method, target) in [
        ("GET", "/a"),
        ("HEAD", "/a"),
        ("GET", "/missing"),
        ("GET", "/l/*"),
        ("GET", "/%61"),
        ("POST", "/a"),
        ("POST", "/l/*"),
        ("PATCH", "/a"),
        ("DELETE", "/a"),
        ("DELETE", "/*"),
        ("OPTIONS", "/a"),
        ("GET", "/_keys"),
        ("GET", "/%5Fkeys"),
        ("GET", "/?api=keys"),
        ("GET", "/?api=range&key=l/*"),
        ("GET", "/_window?key=l/*"),
        ("GET", "/?api=info"),
        ("GET", "/?api=state"),
        ("GET", "/?api=connections"),
        ("GET", "/?api=nosuch"),
        ("GET", "/?x=1&api=filters"),
        ("POST", "/?api=backup"),
        ("POST", "/_backup"),
        ("GET", "/whoami"),
        ("GET", "/who%61mi"),
        ("GET", "/users"),
        ("GET", "/user/ann"),
        ("GET", "/profile"),
        ("GET", "/sessions"),
        ("GET", "/locks"),
        ("DELETE", "/authorize"),
        ("GET", "/a?token=secret&access_token=secret&auth=secret"),
    ] {
        let answer = house.ask(method, target, "", "").await;
        assert_eq!(answer.status, 401, "{method} {target}: {}", answer.text());
        if method != "HEAD" {
            check_problem(&answer, 401, "sign-in-needed");
        }
    }
    for target in ["/", "/a", "/l/*", "/_keys", "/_window?key=l/*"] {
        let http = Http::connect(house.server.address()).await;
        let refused = Socket::over(http, target, UPGRADE).await.map(|it| it.answer).unwrap_err();
        check_problem(&refused, 401, "sign-in-needed");
    }
    // An endpoint opens no socket, so there is no later in which to say who it is.
    let late = format!("{UPGRADE}Sec-WebSocket-Protocol: monoxide.v1\r\n");
    check_problem(&house.ask("GET", "/whoami", &late, "").await, 401, "sign-in-needed");
    for (target, text) in
        [("/", "<!doctype"), ("/_ui/x", "<!doctype"), ("/_health", "ok"), ("/hello", "nobody")]
    {
        let answer = house.ask("GET", target, "", "").await;
        assert!(
            answer.status == 200 && answer.text().starts_with(text),
            "{target}: {}",
            answer.text()
        );
    }
    assert_eq!(house.server.engine().objects(), 1, "nothing was written");
}

#[tokio::test]
async fn who_is_signed_in_gets_in_and_is_known_behind_every_door() {
    let house = House::with(|it| it, with_endpoints).await;
    let ann = house.bearer("ann").await;

    assert_eq!(house.ask("POST", "/a", &ann, "1").await.status, 200);
    assert_eq!(house.ask("GET", "/a", &ann, "").await.status, 200);
    assert_eq!(house.ask("GET", "/_keys", &ann, "").await.status, 200);
    assert_eq!(house.ask("GET", "/?api=keys", &ann, "").await.status, 200);
    assert_eq!(house.ask("GET", "/whoami", &ann, "").await.text(), "ann");
    assert_eq!(house.ask("GET", "/hello", &ann, "").await.text(), "ann");
    let lower = ann.replace("Bearer", "bearer");
    assert_eq!(house.ask("GET", "/whoami", &lower, "").await.text(), "ann");
}

#[tokio::test]
async fn the_management_api_is_for_administrators() {
    let house = House::new().await;
    let (ann, root) = (house.bearer("ann").await, house.bearer("root").await);
    for noun in ["info", "state", "filters", "endpoints", "connections", "orphan-keys", "pivot"] {
        let target = format!("/?api={noun}");
        check_problem(&house.ask("GET", &target, &ann, "").await, 403, "not-allowed");
        assert_eq!(house.ask("GET", &target, &root, "").await.status, 200, "{noun}");
    }
    check_problem(&house.ask("POST", "/?api=backup", &ann, "").await, 403, "not-allowed");
    assert_eq!(house.ask("POST", "/?api=backup", &root, "").await.status, 200);
}

#[tokio::test]
async fn a_token_that_is_not_good_gets_nowhere_and_it_is_told_why() {
    let house = House::new().await;
    let token = house.sign_in("ann").await.token;
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let read = |part: &str| -> serde_json::Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    let write = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let mut none = read(header);
    none["alg"] = json!("none");
    let mut admin = read(claims);
    admin["roles"] = json!(["admin"]);
    let others = House::with(|it| it.issuer("monoxide", "others"), |it| it).await;
    let foreign = others.sign_in("ann").await.token;

    for (wrong, code) in [
        (format!("{}.{claims}.", write(&none)), "token-invalid"),
        (format!("{}.{claims}.{signature}", write(&none)), "token-invalid"),
        (format!("{header}.{}.{signature}", write(&admin)), "token-invalid"),
        (foreign, "token-invalid"),
        ("nonsense".to_owned(), "token-invalid"),
        ("A".repeat(5_000), "token-invalid"),
        (String::new(), "token-invalid"),
    ] {
        let answer = house.ask("GET", "/a", &bearer(&wrong), "").await;
        check_problem(&answer, 401, code);
        let headers = format!("{UPGRADE}Sec-WebSocket-Protocol: bearer, {wrong}\r\n");
        let http = Http::connect(house.server.address()).await;
        let refused = Socket::over(http, "/a", &headers).await.map(|it| it.answer).unwrap_err();
        check_problem(&refused, 401, code);
    }
    for header in ["Authorization: Basic YTpi\r\n", "Authorization: Bearer\r\n"] {
        check_problem(&house.ask("GET", "/a", header, "").await, 401, "token-invalid");
    }
    let twice = [bearer(&token), bearer(&token)].concat();
    check_problem(&house.ask("GET", "/a", &twice, "").await, 401, "token-invalid");
    assert_eq!(house.ask("GET", "/a", &bearer(&token), "").await.status, 404);
    house.pass(600);
    check_problem(&house.ask("GET", "/a", &bearer(&token), "").await, 401, "token-expired");
}

#[tokio::test]
async fn roles_and_sessions_count_as_they_are_in_this_moment() {
    let house = House::new().await;
    let root = house.bearer("root").await;
    let ann = house.sign_in("ann").await;
    let name = &ann.account.account;
    check_problem(&house.ask("GET", "/users", &bearer(&ann.token), "").await, 403, "not-allowed");

    let roles = |role: &str| AccountChange {
        roles: Some(vec![role.to_owned()]),
        ..AccountChange::default()
    };
    house.identities.change(name, &roles("admin")).await.unwrap();
    assert_eq!(house.ask("GET", "/users", &bearer(&ann.token), "").await.status, 200);
    house.identities.change(name, &roles("editor")).await.unwrap();
    check_problem(&house.ask("GET", "/users", &bearer(&ann.token), "").await, 403, "not-allowed");

    let disabled = house.ask("POST", "/user/ann", &root, r#"{"disabled":true}"#).await;
    assert_eq!(parsed(&disabled)["disabled"], true);
    check_problem(&house.ask("GET", "/a", &bearer(&ann.token), "").await, 401, "session-ended");
}

#[tokio::test]
async fn where_strangers_are_let_in_they_are_nobody_in_particular() {
    let house = House::with(|it| it, |server| with_endpoints(server).anonymous(true)).await;

    assert_eq!(house.ask("GET", "/whoami", "", "").await.text(), "nobody");
    assert_eq!(house.ask("POST", "/a", "", "1").await.status, 200);
    check_problem(&house.ask("GET", "/a", &bearer("nonsense"), "").await, 401, "token-invalid");
    check_problem(&house.ask("GET", "/?api=info", "", "").await, 401, "sign-in-needed");
    check_problem(&house.ask("GET", "/users", "", "").await, 401, "sign-in-needed");
    let cookie = house.cookie("nonsense");
    assert_eq!(house.ask("GET", "/whoami", &cookie, "").await.text(), "nobody");
}

#[tokio::test]
async fn routes_win_over_keys_that_equal_them_and_over_nothing_else() {
    let house = House::new().await;
    let root = house.bearer("root").await;

    assert_eq!(house.ask("POST", "/users", &root, "1").await.status, 405);
    assert_eq!(house.ask("POST", "/users/1/posts", &root, "1").await.status, 200);
    assert_eq!(house.ask("POST", "/users/*", &root, "1").await.status, 200);
    assert_eq!(house.ask("GET", "/users/*", &root, "").await.status, 200);
    assert_eq!(house.ask("GET", "/user/*", &root, "").await.text(), "[]");
    check_problem(&house.ask("GET", "/user/nobody", &root, "").await, 404, "not-found");
}

#[tokio::test]
async fn accounts_are_no_keys() {
    let house = House::new().await;
    let root = house.bearer("root").await;
    for target in ["/account/ann", "/session/*", "/account/*", "/key/*", "/refresh"] {
        let answer = house.ask("GET", target, &root, "").await;
        assert!(matches!((answer.status, answer.text()), (404, _) | (200, "[]")), "{target}");
    }
    assert!(!house.ask("GET", "/?api=keys", &root, "").await.text().contains("ann"));
    assert!(!house.ask("GET", "/_keys", &root, "").await.text().contains("ann"));
}

async fn note(request: Request, next: Next) -> Response {
    let identity = request.extensions().get::<Identity>().cloned().unwrap_or_default();
    let mut response = next.run(request).await;
    let name = identity.name().unwrap_or("nobody").parse().unwrap();
    response.headers_mut().insert("x-asker", name);
    response
}

#[tokio::test]
async fn layers_of_the_application_are_behind_it_and_know_who_asks() {
    let house = House::with(|it| it, |server| with_endpoints(server).layer(from_fn(note))).await;
    let ann = house.bearer("ann").await;
    let range = "/?api=range&key=l/*";
    for target in ["/a", "/l/*", "/_keys", "/?api=keys", range, "/whoami"] {
        let stranger = house.ask("GET", target, "", "").await;
        check_problem(&stranger, 401, "sign-in-needed");
        assert_eq!(stranger.header("x-asker"), None, "{target}");
        let known = house.ask("GET", target, &ann, "").await;
        assert_eq!(known.header("x-asker"), Some("ann"), "{target}");
    }
    assert_eq!(house.ask("GET", "/", "", "").await.header("x-asker"), Some("nobody"));
}
