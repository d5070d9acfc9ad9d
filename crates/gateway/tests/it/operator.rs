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
