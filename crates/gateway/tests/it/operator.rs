//! What only the operator may: over the network, and over a Unix socket.

use axum::{
    extract::Request,
    middleware::{Next, from_fn},
    response::Response,
};
use monoxide_engine::{Engine, Filters, Identity, backend::Space, backup};
use monoxide_protocol::{Json, Key};
use monoxide_testkit::{Http, TestServer};

/// Believes whoever says what role it has.
async fn believing(mut request: Request, next: Next) -> Response {
    if let Some(role) = request.headers().get("role").and_then(|role| role.to_str().ok()) {
        let ann = Identity::account("ann", [role]);
        request.extensions_mut().insert(ann);
    }
    next.run(request).await
}

/// It has one object, which nobody may read.
async fn believing_server(data: &str) -> TestServer {
    let engine = Engine::builder().filters(Filters::new().write_only("secret")).start().unwrap();
    let (key, data) = (Key::parse("secret").unwrap(), Json::parse(data.as_bytes()).unwrap());
    engine.set(key, data).await.unwrap();
    let free = ([127, 0, 0, 1], 0).into();
    TestServer::at(free, engine, |server| server.layer(from_fn(believing))).await
}

#[tokio::test]
async fn a_backup_over_the_network_is_for_administrators() {
    let server = believing_server("1").await;
    for headers in ["", "role: editor\r\n", "role: administrator\r\n", "role: Admin\r\n"] {
        for target in ["/?api=backup", "/_backup", "/?a=b&api=backup", "/?api=back%75p"] {
            let answer = server.request_with("POST", target, headers, "").await;
            assert_eq!(
                (answer.status, answer.text()),
                (401, "not authorized"),
                "{headers}{target}"
            );
        }
    }

    let answer = server.request_with("POST", "/?api=backup", "role: admin\r\n", "").await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let summary = backup::verify(&*answer.body, |_| ()).unwrap();
    assert_eq!(summary.count(Space::State), 1, "what filters hide is in it");
    let info = server.request("GET", "/?api=info", "").await;
    let taken = format!("\"backup\":{{\"last\":{}}}", summary.taken);
    assert!(info.text().contains(&taken), "{}", info.text());
    server.close().await;
}

/// Each keeps what there was when it began.
#[tokio::test]
async fn more_than_four_backups_at_once_are_refused_until_one_has_ended() {
    // More than the system keeps for a client that does not read, also when it is packed.
    let mut seed = 1_u64;
    let random = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        format!("{seed:016x}")
    });
    let server =
        believing_server(&format!("\"{}\"", random.take(3_000_000).collect::<String>())).await;
    let request = "POST /?api=backup HTTP/1.1\r\nHost: x\r\nrole: admin\r\n\r\n";
    let mut waiting = Vec::new();
    for _ in 0..4 {
        let mut http = Http::connect(server.address()).await;
        http.send(request).await.unwrap();
        assert_eq!(http.head().await.status, 200);
        waiting.push(http);
    }

    let answer = server.request_with("POST", "/?api=backup", "role: admin\r\n", "").await;
    assert_eq!((answer.status, answer.text()), (503, "ooo: too many backups at once"));
    // Somebody goes without having read it, and somebody reads it.
    waiting.pop();
    while server.request_with("POST", "/?api=backup", "role: admin\r\n", "").await.status == 503 {
        tokio::task::yield_now().await;
    }

    drop(waiting);
    server.close().await;
}

/// The backups that a server keeps, as it tells them.
async fn kept(server: &TestServer) -> serde_json::Value {
    let answer = server.request_with("GET", "/?api=backups", "role: admin\r\n", "").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_str(answer.text()).unwrap()
}

#[tokio::test]
async fn kept_backups_are_listed_made_checked_and_had_by_administrators_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept");
    let engine = Engine::builder().start().unwrap();
    engine.set(Key::parse("a").unwrap(), Json::parse(b"1").unwrap()).await.unwrap();
    let free = ([127, 0, 0, 1], 0).into();
    let server = TestServer::at(free, engine, |server| {
        let hour = std::time::Duration::from_secs(3600);
        server.layer(from_fn(believing)).backups(hour, &path, 3)
    })
    .await;
    let admin = "role: admin\r\n";

    // The first is made by itself; wherever it stands, one more can be asked for.
    let made = server.request_with("POST", "/?api=backups", admin, "").await;
    assert_eq!(made.status, 200, "{}", made.text());
    let made: serde_json::Value = serde_json::from_str(made.text()).unwrap();
    let name = made["name"].as_str().unwrap();
    let listed = kept(&server).await;
    assert_eq!(
        listed["schedule"],
        serde_json::json!({ "every": 3_600_000_000_000_u64, "keep": 3 })
    );
    assert!(listed["files"].as_array().unwrap().contains(&made), "{listed}");

    let had = server.request_with("GET", &format!("/?api=backups&name={name}"), admin, "").await;
    assert_eq!(had.header("content-length"), Some(&*had.body.len().to_string()));
    assert_eq!(backup::verify(&*had.body, |_| ()).unwrap().count(Space::State), 1);
    let verify = format!("/?api=backups&verify={name}");
    let whole = server.request_with("POST", &verify, admin, "").await;
    assert!(whole.text().contains("\"objects\":1"), "{}", whole.text());

    let mut bytes = had.body.to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path.join(name), bytes).unwrap();
    let broken = server.request_with("POST", &verify, admin, "").await;
    assert_eq!(broken.status, 400);
    assert!(broken.text().contains("this backup is of no use"), "{}", broken.text());

    std::fs::write(folder.path().join("secret"), "x").unwrap();
    for odd in ["../secret", "nothing", "%2e%2e%2fsecret", ""] {
        for (method, what) in [("GET", "name"), ("POST", "verify")] {
            let target = format!("/?api=backups&{what}={odd}");
            assert_eq!(server.request_with(method, &target, admin, "").await.status, 404, "{odd}");
        }
    }
    for (method, target) in [
        ("GET", "/?api=backups"),
        ("GET", &*format!("/?api=backups&name={name}")),
        ("GET", "/?api=backup"),
        ("POST", "/?api=backups"),
        ("POST", &*verify),
    ] {
        for headers in ["", "role: editor\r\n"] {
            let refused = server.request_with(method, target, headers, "").await;
            assert_eq!((refused.status, refused.text()), (401, "not authorized"), "{target}");
        }
    }
    server.close().await;
}

#[tokio::test]
async fn a_server_that_keeps_no_backups_says_so() {
    let server = believing_server("1").await;

    assert_eq!(kept(&server).await, serde_json::json!({ "files": [] }));
    let made = server.request_with("POST", "/?api=backups", "role: admin\r\n", "").await;
    assert_eq!(made.status, 400);
    assert!(made.text().contains("keeps no backups"), "{}", made.text());
    server.close().await;
}
