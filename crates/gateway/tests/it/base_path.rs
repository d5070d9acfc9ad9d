//! A server under a path, behind proxies that pass it on and proxies that do not.

use monoxide_gateway::Site;
use monoxide_testkit::TestServer;
use serde_json::Value;

use crate::page::Files;

const PAGE: &str = "base={{base}} package={{package}}";

async fn server() -> TestServer {
    let base = "/tools/state".parse().unwrap();
    TestServer::with(|server| server.base_path(base).site(Site::new::<Files>(PAGE))).await
}

#[tokio::test]
async fn every_address_is_there_with_the_path_and_without_it() {
    let server = server().await;
    server.request("POST", "/tools/state/books/dune", r#"{"n":1}"#).await;

    for prefix in ["", "/tools/state"] {
        let answer = server.request("GET", &format!("{prefix}/books/dune"), "").await;
        assert_eq!(answer.status, 200, "{prefix}");
        let object: Value = serde_json::from_str(answer.text()).unwrap();
        assert_eq!((&object["index"], &object["data"]["n"]), (&"dune".into(), &1.into()));
        let info = server.request("GET", &format!("{prefix}/?api=info"), "").await;
        assert!(info.text().starts_with('{'), "{}", info.text());
        assert_eq!(server.request("GET", &format!("{prefix}/_health"), "").await.status, 200);
        assert_eq!(server.request("GET", &format!("{prefix}/favicon.svg"), "").await.status, 200);
        let mut socket = server.socket(&format!("{prefix}/books/*")).await;
        assert!(socket.message().await.contains("dune"), "{prefix}");
    }
    assert_eq!(server.request("GET", "/tools/stately", "").await.status, 404);
}

#[tokio::test]
async fn the_page_names_its_path_and_loads_its_files_below_it() {
    let server = server().await;

    for target in ["/", "/tools/state", "/tools/state/", "/tools/state/_ui/books/*", "/_ui/a"] {
        let page = server.request("GET", target, "").await;
        let (base, package) = page.text().split_once(' ').unwrap();
        assert_eq!(base, "base=/tools/state", "{target}");
        let package = package.strip_prefix("package=").unwrap();
        assert!(package.starts_with("/tools/state/_pkg/"), "{package}");
        let script = server.request("GET", &format!("{package}/monoxide.js"), "").await;
        assert_eq!(script.status, 200, "{package}");
    }
}

#[tokio::test]
async fn without_a_path_nothing_is_taken_away() {
    let server = TestServer::with(|server| server.site(Site::new::<Files>(PAGE))).await;
    server.request("POST", "/tools/state", "1").await;

    assert_eq!(server.request("GET", "/tools/state", "").await.status, 200);
    assert_eq!(server.request("GET", "/state", "").await.status, 404);
    assert!(server.request("GET", "/", "").await.text().starts_with("base= package=/_pkg/"));
}
