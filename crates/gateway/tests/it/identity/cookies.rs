//! Browsers: cookies that no script reads, and that count for our own pages only.

use monoxide_testkit::{Answer, Http, Socket, socket::UPGRADE};
use serde_json::json;

use super::{House, PASSWORD, check_problem, json as parsed};

const OWN: &str = "X-Monoxide: 1\r\n";

/// What a browser sends back of the cookies that it was told to keep.
fn kept(answer: &Answer) -> String {
    let cookies = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
    let pairs: Vec<_> = cookies.map(|(_, value)| value.split(';').next().unwrap()).collect();
    assert_eq!(pairs.len(), 2, "{:?}", answer.headers);
    format!("Cookie: theme=dark; {}\r\n", pairs.join("; "))
}

async fn signed_in(house: &House) -> (Answer, String) {
    let body = json!({ "account": "ann", "password": PASSWORD }).to_string();
    let answer = house.ask("POST", "/authorize", OWN, &body).await;
    let cookies = kept(&answer);
    (answer, cookies)
}

#[tokio::test]
async fn a_page_gets_cookies_that_no_script_reads_and_no_other_site_sends() {
    let house = House::new().await;
    let (answer, cookies) = signed_in(&house).await;

    let told = parsed(&answer);
    assert!(told.get("token").is_none() && told.get("refresh").is_none(), "{told}");
    for (_, cookie) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
        assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
        assert!(!cookie.contains("Secure") && !cookie.contains("Domain"), "{cookie}");
    }
    assert_eq!(house.ask("GET", "/profile", &cookies, "").await.status, 200);
    assert_eq!(parsed(&house.ask("GET", "/authorize", &cookies, "").await)["account"], "ann");
    let own = format!("{cookies}{OWN}");
    assert_eq!(house.ask("POST", "/a", &own, "1").await.status, 200);
}

#[tokio::test]
async fn two_servers_on_one_host_leave_each_others_cookies_alone() {
    let (one, other) = (House::new().await, House::new().await);
    let (_, cookies) = signed_in(&one).await;
    let (_, cookies_of_other) = signed_in(&other).await;
    let pairs = cookies_of_other.trim_start_matches("Cookie: ");
    // A browser sends all that it has of this host.
    let all = format!("{}; {pairs}", cookies.trim_end());

    for house in [&one, &other] {
        assert_eq!(house.ask("GET", "/profile", &all, "").await.status, 200);
    }
    let out = one.ask("DELETE", "/authorize", &format!("{all}{OWN}"), "").await;
    let forgotten: Vec<_> = out.headers.iter().filter(|(name, _)| name == "set-cookie").collect();
    assert_eq!(forgotten.len(), 2);
    for (_, cookie) in forgotten {
        assert!(!pairs.contains(cookie.split_inclusive('=').next().unwrap()), "{cookie}");
    }
    assert_eq!(other.ask("GET", "/profile", &all, "").await.status, 200);
}

#[tokio::test]
async fn a_page_is_told_whether_there_is_anything_to_renew() {
    let house = House::new().await;
    let (answer, cookies) = signed_in(&house).await;
    let expires = parsed(&answer)["expires"].clone();
    let own = format!("{cookies}{OWN}");
    let entrance = async |headers: &str| {
        let told = parsed(&house.ask("GET", "/authorize", headers, "").await);
        (told["account"].clone(), told["expires"].clone(), told["refreshable"].clone())
    };

    assert_eq!(entrance(&own).await, (json!("ann"), expires, json!(true)));
    house.pass(600);
    assert_eq!(entrance(&own).await, (json!(null), json!(null), json!(true)));
    assert_eq!(entrance(OWN).await, (json!(null), json!(null), json!(false)));
    let foreign = format!("{own}Origin: https://evil.example\r\n");
    assert_eq!(entrance(&foreign).await.2, json!(false));
}

#[tokio::test]
async fn over_tls_cookies_are_for_tls_and_this_host_only() {
    let house = House::with(|it| it, |server| server.secure_cookies(true)).await;
    let (answer, cookies) = signed_in(&house).await;

    for (_, cookie) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
        assert!(cookie.ends_with("; Secure"), "{cookie}");
        assert!(cookie.starts_with("__Host-") || cookie.starts_with("__Secure-"), "{cookie}");
    }
    assert_eq!(house.ask("GET", "/profile", &cookies, "").await.status, 200);
    let plain = cookies.replace("__Host-", "");
    check_problem(&house.ask("GET", "/profile", &plain, "").await, 401, "sign-in-needed");
}

#[tokio::test]
async fn a_foreign_page_can_do_nothing_with_the_cookies_of_a_visitor() {
    let house = House::new().await;
    let (_, cookies) = signed_in(&house).await;
    let (origin, site) = ("Origin: https://evil.example\r\n", "Sec-Fetch-Site: cross-site\r\n");
    let same_site = "Sec-Fetch-Site: same-site\r\n";

    for headers in [
        "",
        origin,
        site,
        same_site,
        &[origin, OWN].concat(),
        &[site, OWN].concat(),
        &[same_site, OWN].concat(),
        &["Origin: null\r\n", OWN].concat(),
    ] {
        let headers = format!("{cookies}{headers}");
        for (method, target) in [
            ("POST", "/a"),
            ("PATCH", "/a"),
            ("DELETE", "/a"),
            ("PUT", "/profile"),
            ("DELETE", "/authorize"),
            ("DELETE", "/sessions"),
        ] {
            let answer = house.ask(method, target, &headers, "{}").await;
            check_problem(&answer, 403, "foreign-page");
        }
    }
    for headers in [origin, site, same_site] {
        let headers = format!("{cookies}{headers}");
        check_problem(&house.ask("GET", "/a", &headers, "").await, 401, "sign-in-needed");
    }
    let own =
        format!("Origin: {}\r\nSec-Fetch-Site: same-origin\r\n{OWN}{cookies}", house.server.url());
    assert_eq!(house.ask("POST", "/a", &own, "1").await.status, 200);
}

#[tokio::test]
async fn a_foreign_page_cannot_sign_a_visitor_in_as_somebody_else() {
    let house = House::new().await;
    let body = json!({ "account": "ann", "password": PASSWORD }).to_string();
    let before = house.identities.hashes();
    for foreign in ["Origin: https://evil.example\r\n", "Sec-Fetch-Site: cross-site\r\n"] {
        let answer = house.ask("POST", "/authorize", &format!("{foreign}{OWN}"), &body).await;
        check_problem(&answer, 403, "foreign-page");
        assert_eq!(answer.header("set-cookie"), None);
    }
    assert_eq!(house.identities.hashes(), before, "nothing was done for it");
}

#[tokio::test]
async fn leave_to_send_the_header_of_our_own_pages_is_given_to_nobody() {
    let house = House::new().await;
    let asked = "Origin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\n\
        Access-Control-Request-Headers: content-type, x-monoxide\r\n";
    let answer = house.ask("OPTIONS", "/a", asked, "").await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
    assert_eq!(answer.header("access-control-allow-credentials"), None);
}

#[tokio::test]
async fn a_socket_takes_the_cookie_from_our_own_pages_only() {
    let house = House::new().await;
    let (_, cookies) = signed_in(&house).await;
    let open = async |headers: &str| {
        let headers = format!("Host: {}\r\n{UPGRADE}{cookies}{headers}", house.server.address());
        let http = Http::connect(house.server.address()).await;
        Socket::over(http, "/a", &headers).await
    };

    let own = format!("Origin: {}\r\n", house.server.url());
    open(&own).await.unwrap().message().await;
    for foreign in ["Origin: https://evil.example\r\n", "Sec-Fetch-Site: cross-site\r\n"] {
        let refused = open(foreign).await.map(|it| it.answer).unwrap_err();
        check_problem(&refused, 401, "sign-in-needed");
    }
}

#[tokio::test]
async fn a_socket_by_cookie_is_not_opened_to_any_origin_even_where_all_may_open_sockets() {
    let house = House::with(|it| it, |server| server.origins(["*"])).await;
    let (_, cookies) = signed_in(&house).await;
    let headers = format!("{UPGRADE}{cookies}Origin: https://evil.example\r\n");
    let http = Http::connect(house.server.address()).await;
    let refused = Socket::over(http, "/a", &headers).await.map(|it| it.answer).unwrap_err();
    check_problem(&refused, 401, "sign-in-needed");
}

#[tokio::test]
async fn a_page_refreshes_by_cookie_and_signs_out_also_when_its_token_is_old() {
    let house = House::new().await;
    let (_, cookies) = signed_in(&house).await;
    house.pass(600);
    let own = format!("{cookies}{OWN}");
    check_problem(&house.ask("POST", "/a", &own, "1").await, 401, "token-expired");

    let refreshed = house.ask("PUT", "/authorize", &own, "").await;
    assert!(parsed(&refreshed).get("token").is_none());
    let fresh = kept(&refreshed);
    assert_eq!(house.ask("GET", "/profile", &fresh, "").await.status, 200);
    // Not by a foreign page, and not without saying that it is ours.
    check_problem(&house.ask("PUT", "/authorize", &fresh, "").await, 403, "foreign-page");

    house.pass(600);
    let out = house.ask("DELETE", "/authorize", &format!("{fresh}{OWN}"), "").await;
    assert_eq!(out.status, 204);
    let forgotten = out
        .headers
        .iter()
        .filter(|(name, value)| name == "set-cookie" && value.contains("Max-Age=0"));
    assert_eq!(forgotten.count(), 2);
    let refused = house.ask("PUT", "/authorize", &format!("{fresh}{OWN}"), "").await;
    check_problem(&refused, 401, "session-ended");
    assert!(
        refused
            .headers
            .iter()
            .any(|(name, value)| name == "set-cookie" && value.contains("Max-Age=0"))
    );
}

#[tokio::test]
async fn cookies_of_a_server_under_a_path_are_sent_nowhere_else() {
    let base: monoxide_gateway::BasePath = "/tools/state".parse().unwrap();
    for (secure, names) in [
        (false, ["monoxide-", "monoxide-refresh-"]),
        // A cookie for the whole host is not what this is.
        (true, ["__Secure-monoxide-", "__Secure-monoxide-refresh-"]),
    ] {
        let base = base.clone();
        let settings =
            |server: monoxide_gateway::Builder| server.base_path(base).secure_cookies(secure);
        let house = House::with(|it| it, settings).await;
        let (answer, cookies) = signed_in(&house).await;

        let set: Vec<_> = answer
            .headers
            .iter()
            .filter(|(name, _)| name == "set-cookie")
            .map(|it| &it.1)
            .collect();
        assert!(set[0].starts_with(names[0]) && set[0].contains("; Path=/tools/state;"), "{set:?}");
        assert!(set[1].starts_with(names[1]), "{set:?}");
        assert!(set[1].contains("; Path=/tools/state/authorize;"), "{set:?}");
        for target in ["/profile", "/tools/state/profile"] {
            assert_eq!(house.ask("GET", target, &cookies, "").await.status, 200, "{target}");
        }
    }
}
