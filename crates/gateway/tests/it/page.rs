//! The page and its files.

use monoxide_gateway::Site;
use monoxide_testkit::{Answer, Http, TestServer};

/// A front end as the build leaves it, in small.
#[derive(rust_embed::RustEmbed)]
#[folder = "tests/site"]
pub(crate) struct Files;

/// A folder without a front end.
#[derive(rust_embed::RustEmbed)]
#[folder = "tests/site/img"]
struct NoFiles;

const PAGE: &str = "<title>{{name}}</title> {{package}}/monoxide.css {{package}}/monoxide.js {{package}}/monoxide.wasm {{package}}/boot.js [{{reload}}] {{name}}";

const SCRIPT: &str = "export default 1;";

async fn server() -> TestServer {
    TestServer::with(|server| server.name("books").site(Site::new::<Files>(PAGE))).await
}

async fn get(server: &TestServer, target: &str, headers: &str) -> Answer {
    let mut http = Http::connect(server.address()).await;
    http.send(format!("GET {target} HTTP/1.1\r\nHost: x\r\n{headers}\r\n")).await.unwrap();
    http.answer().await
}

const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data:; \
    object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; connect-src 'self'";

#[track_caller]
fn check_page(answer: &Answer, policy: &str) {
    assert_eq!(answer.status, 200);
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-cache"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", policy),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
}

#[tokio::test]
async fn without_a_front_end_the_page_says_which_command_builds_it() {
    let without = [
        TestServer::start().await,
        TestServer::with(|server| server.site(Site::new::<NoFiles>(PAGE))).await,
    ];
    for server in without {
        for target in ["/", "/?api=nothing", "/_ui", "/_ui/books/dune"] {
            let answer = get(&server, target, "").await;
            check_page(&answer, POLICY);
            assert!(answer.text().contains("<pre>cargo xtask run</pre>"), "{}", answer.text());
        }
        for target in ["/_pkg/monoxide.js", "/_pkg/monoxide.wasm"] {
            assert_eq!(get(&server, target, "").await.status, 404, "{target}");
        }
        server.request("POST", "/favicon.svg", "1").await;
        assert_eq!(get(&server, "/favicon.svg", "").await.status, 200, "a key like any other");
    }
}

#[tokio::test]
async fn the_page_is_filled_in_at_each_of_its_addresses() {
    let server = server().await;
    let page = get(&server, "/", "").await;
    check_page(&page, POLICY);
    let address = addresses(&server).await.remove(0);
    let version = address.split('/').nth(2).unwrap();
    let text = page.text().replace(version, "VERSION");
    insta::assert_snapshot!(text, @"<title>books</title> /_pkg/VERSION/monoxide.css /_pkg/VERSION/monoxide.js /_pkg/VERSION/monoxide.wasm /_pkg/VERSION/boot.js [] books");
    for target in ["/?x=y", "/_ui", "/_ui/books/dune", "/_ui/a%20b/..", "/_ui?x"] {
        let same = get(&server, target, "").await;
        check_page(&same, POLICY);
        assert_eq!(same.text(), page.text(), "{target}");
    }
    let head = server.request("HEAD", "/", "").await;
    check_page(&head, POLICY);
    assert_eq!(head.header("content-length"), Some(&*page.body.len().to_string()));
}

#[tokio::test]
async fn a_name_is_text_and_no_markup() {
    let name = r#"<script>alert("a&b")</script>"#;
    let server = TestServer::with(|server| server.name(name).site(Site::new::<Files>(PAGE))).await;
    let page = get(&server, "/", "").await;
    let escaped = "&lt;script&gt;alert(&quot;a&amp;b&quot;)&lt;/script&gt;";
    assert!(page.text().starts_with(&format!("<title>{escaped}</title>")), "{}", page.text());
}

/// The addresses that the page names.
async fn addresses(server: &TestServer) -> Vec<String> {
    let page = get(server, "/", "").await;
    let words = page.text().split(' ').filter(|word| word.starts_with("/_pkg/"));
    words.map(str::to_owned).collect()
}

#[tokio::test]
async fn a_file_at_its_hashed_address_never_changes_and_elsewhere_is_asked_for_again() {
    let server = server().await;
    let immutable = Some("public, max-age=31536000, immutable");
    for address in addresses(&server).await {
        let hashed = get(&server, &address, "").await;
        assert_eq!((hashed.status, hashed.header("cache-control")), (200, immutable), "{address}");
        assert_eq!(hashed.header("x-content-type-options"), Some("nosniff"));
        let name = address.rsplit('/').next().unwrap();
        let plain = get(&server, &format!("/_pkg/{name}"), "").await;
        assert_eq!((plain.status, &plain.body), (200, &hashed.body), "{name}");
        assert_eq!(plain.header("cache-control"), Some("no-cache"), "{name}");
    }
    for (target, kind) in [
        ("/_pkg/monoxide.css", "text/css"),
        ("/_pkg/monoxide.js", "text/javascript"),
        ("/_pkg/monoxide.wasm", "application/wasm"),
        ("/favicon.svg", "image/svg+xml"),
        ("/robots.txt", "text/plain"),
        ("/img/logo.png", "image/png"),
        ("/manifest.webmanifest", "application/manifest+json"),
    ] {
        assert_eq!(get(&server, target, "").await.header("content-type"), Some(kind), "{target}");
    }
}

/// A page that was open while the server was replaced has parts that do not fit the new ones.
#[tokio::test]
async fn a_file_of_another_version_is_not_there() {
    let server = server().await;
    for address in addresses(&server).await {
        let name = address.rsplit('/').next().unwrap();
        for version in ["0123456789abcdef", "ffffffffffffffff"] {
            assert_eq!(get(&server, &format!("/_pkg/{version}/{name}"), "").await.status, 404);
        }
    }
}

/// A script inside the page is against its policy.
#[tokio::test]
async fn the_boot_script_is_a_file_that_loads_what_lies_beside_it() {
    let server = server().await;
    let addresses = addresses(&server).await;
    let boot = get(&server, &addresses[3], "").await;
    assert_eq!(boot.header("content-type"), Some("text/javascript; charset=utf-8"));
    insta::assert_snapshot!(boot.text(), @r"
    import init from './monoxide.js';
    init({ module_or_path: new URL('./monoxide.wasm', import.meta.url) });
    ");
    assert_eq!(get(&server, "/_pkg/reload.js", "").await.status, 404, "not in the loop");
}

#[tokio::test]
async fn the_development_loop_may_reload_the_page() {
    let site = Site::new::<Files>(PAGE).reload_port(Some(8801));
    let server = TestServer::with(|server| server.site(site)).await;
    let page = get(&server, "/", "").await;
    check_page(&page, &format!("{POLICY} ws://127.0.0.1:8801"));
    assert!(page.text().contains(r#"[<script src="/_pkg/reload.js"></script>]"#));
    let script = get(&server, "/_pkg/reload.js", "").await;
    assert!(script.text().contains("ws://127.0.0.1:8801/live_reload"), "{}", script.text());
}

#[tokio::test]
async fn who_has_a_file_is_told_that_it_is_the_same() {
    let server = server().await;
    for (target, coding) in
        [("/_pkg/monoxide.js", ""), ("/_pkg/monoxide.js", "br"), ("/robots.txt", "")]
    {
        let accept = format!("Accept-Encoding: {coding}\r\n");
        let tag = get(&server, target, &accept).await.header("etag").unwrap().to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()]
        {
            let headers = format!("{accept}If-None-Match: {known}\r\n");
            let answer = get(&server, target, &headers).await;
            assert_eq!((answer.status, answer.header("etag")), (304, Some(&*tag)), "{known}");
            assert_eq!(answer.header("cache-control"), Some("no-cache"));
            assert!(answer.header("vary").is_some());
        }
        for other in ["\"other\"", "", tag.trim_matches('"')] {
            let headers = format!("{accept}If-None-Match: {other}\r\n");
            assert_eq!(get(&server, target, &headers).await.status, 200, "{other}");
        }
    }
}

#[tokio::test]
async fn the_smallest_twin_that_the_client_can_read_is_sent() {
    let server = server().await;
    let mut tags = Vec::new();
    for (accepted, encoding) in [
        ("gzip, deflate, br, zstd", Some("br")),
        ("br", Some("br")),
        ("BR;q=0.5, gzip;q=1.0", Some("br")),
        ("gzip", Some("gzip")),
        ("gzip, br;q=0", Some("gzip")),
        ("gzip, br; q=0.0", Some("gzip")),
        ("gzip ; q=0.5 , br ;q=0.000", Some("gzip")),
        ("br;q=0, gzip;q=0", None),
        ("identity", None),
        ("brotli, xgzip", None),
        ("", None),
        ("\u{e9}", None),
    ] {
        let headers = format!("Accept-Encoding: {accepted}\r\n");
        let answer = get(&server, "/_pkg/monoxide.js", &headers).await;
        let expected = match encoding {
            Some("br") => "br of the script",
            Some(_) => "gz of the script",
            None => SCRIPT,
        };
        assert_eq!(
            (answer.header("content-encoding"), answer.text()),
            (encoding, expected),
            "{accepted}"
        );
        assert_eq!(answer.header("content-type"), Some("text/javascript"));
        assert_eq!(answer.header("vary"), Some("Accept-Encoding"));
        tags.push(answer.header("etag").unwrap().to_owned());
    }
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 3, "each encoding has a tag of its own");
    let answer = get(&server, "/_pkg/monoxide.wasm", "Accept-Encoding: br, gzip\r\n").await;
    assert_eq!(answer.header("content-encoding"), Some("gzip"), "there is no other twin");
    let twice = "Accept-Encoding: identity\r\nAccept-Encoding: br\r\n";
    assert_eq!(get(&server, "/_pkg/monoxide.js", twice).await.text(), "br of the script");
}

#[tokio::test]
async fn a_file_that_is_not_there_is_no_page() {
    let server = server().await;
    for target in [
        "/_pkg/nothing.js",
        "/_pkg/../favicon.svg",
        "/_pkg/%2e%2e/favicon.svg",
        "/_pkg/..%2Ffavicon.svg",
        "/_pkg/../../Cargo.toml",
        "/_pkg/%2e%2e%2f%2e%2e%2fit%2fmain.rs",
        "/_pkg//etc/passwd",
        "/_pkg/%2Fetc/passwd",
        "/_pkg/./monoxide.js",
        "/_pkg/%FF",
        "/_pkg/monoxide.js/",
        "/_pkg/a%00b",
    ] {
        let answer = get(&server, target, "").await;
        assert_eq!((answer.status, answer.text()), (404, "404 page not found\n"), "{target}");
    }
    for target in ["/_pkg", "/_pkg/", "/_nothing", "/img/../favicon.svg"] {
        assert_eq!(get(&server, target, "").await.text(), "ooo: key is not valid", "{target}");
    }
}

#[tokio::test]
async fn public_files_take_their_own_addresses_and_no_other_key() {
    let server = server().await;
    for target in ["/favicon.svg", "/robots.txt", "/manifest.webmanifest", "/img/logo.png"] {
        assert_eq!(get(&server, target, "").await.status, 200);
        assert_eq!(server.request("HEAD", target, "").await.status, 200);
        for method in ["POST", "PATCH", "DELETE"] {
            let answer = server.request(method, target, "1").await;
            assert_eq!(
                (answer.status, answer.header("allow")),
                (405, Some("GET,HEAD")),
                "{target}"
            );
        }
    }
    for key in [
        "favicon",
        "favicon.svg/a",
        "Favicon.svg",
        "img",
        "img/logo",
        "robots.txt.br",
        "index.html",
    ] {
        let target = format!("/{key}");
        assert_eq!(server.request("POST", &target, "1").await.status, 200, "{key}");
        assert!(get(&server, &target, "").await.text().ends_with(r#","data":1}"#), "{key}");
    }
    assert_eq!(get(&server, "/img/*", "").await.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn the_head_of_a_file_is_that_of_a_get() {
    let server = server().await;
    let (get, head) = (
        get(&server, "/_pkg/monoxide.js", "").await,
        server.request("HEAD", "/_pkg/monoxide.js", "").await,
    );
    for name in ["content-type", "content-length", "etag", "cache-control", "vary"] {
        assert!(head.header(name).is_some() && head.header(name) == get.header(name), "{name}");
    }
}
