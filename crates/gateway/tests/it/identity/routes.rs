//! The routes about accounts.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{House, PASSWORD, bearer, check_problem, json as parsed, new};

fn sign_in(account: &str, password: &str) -> String {
    json!({ "account": account, "password": password }).to_string()
}

#[tokio::test]
async fn signing_in_gives_a_token_that_opens_the_doors_and_one_that_goes_on() {
    let house = House::new().await;

    let answer = house.ask("POST", "/authorize", "", &sign_in("Ann", PASSWORD)).await;

    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    assert_eq!(answer.header("set-cookie"), None);
    let told = parsed(&answer);
    assert_eq!((&told["account"], &told["role"]), (&json!("ann"), &json!("editor")));
    let token = told["token"].as_str().unwrap();
    assert_eq!(house.ask("GET", "/profile", &bearer(token), "").await.status, 200);

    house.pass(600);
    check_problem(&house.ask("GET", "/profile", &bearer(token), "").await, 401, "token-expired");
    let refresh = json!({ "refresh": told["refresh"] }).to_string();
    let refreshed = house.ask("PUT", "/authorize", "", &refresh).await;
    let token = parsed(&refreshed)["token"].as_str().unwrap().to_owned();
    assert_eq!(house.ask("GET", "/profile", &bearer(&token), "").await.status, 200);
}

#[tokio::test]
async fn a_replayed_refresh_token_ends_the_session() {
    let house = House::new().await;
    let signed_in = house.sign_in("ann").await;
    let first = json!({ "refresh": signed_in.refresh.expose() }).to_string();
    let second = parsed(&house.ask("PUT", "/authorize", "", &first).await);
    let again = parsed(&house.ask("PUT", "/authorize", "", &first).await);
    assert_eq!(second["refresh"], again["refresh"], "within 30 seconds it is the same");
    house.pass(31);

    check_problem(&house.ask("PUT", "/authorize", "", &first).await, 401, "session-ended");

    let token = second["token"].as_str().unwrap();
    check_problem(&house.ask("GET", "/a", &bearer(token), "").await, 401, "session-ended");
    let second = json!({ "refresh": second["refresh"] }).to_string();
    check_problem(&house.ask("PUT", "/authorize", "", &second).await, 401, "session-ended");
    for (wrong, status, code) in [
        (r#"{"refresh":"nonsense"}"#, 401, "token-invalid"),
        (r#"{"account":"ann","token":"as ooo's clients"}"#, 400, "no-refresh-token"),
        ("", 400, "no-refresh-token"),
    ] {
        check_problem(&house.ask("PUT", "/authorize", "", wrong).await, status, code);
    }
}

#[tokio::test]
async fn nobody_finds_out_who_is_here_by_signing_in() {
    let house = House::new().await;
    let before = house.identities.hashes();

    let wrong = house.ask("POST", "/authorize", "", &sign_in("ann", "wrong password")).await;
    let unknown = house.ask("POST", "/authorize", "", &sign_in("nobody", "wrong password")).await;

    check_problem(&wrong, 401, "wrong-credentials");
    check_problem(&unknown, 401, "wrong-credentials");
    assert_eq!(wrong.body, unknown.body);
    assert_eq!(house.identities.hashes() - before, 2, "and it is the same work");
    let closed = house.ask("GET", "/available?account=ann", "", "").await;
    check_problem(&closed, 401, "sign-in-needed");
    assert_eq!(house.ask("GET", "/available?account=nobody", "", "").await.body, closed.body);
}

#[tokio::test]
async fn a_thousand_wrong_passwords_are_a_handful_of_tries_and_the_rest_has_to_wait() {
    let house = House::new().await;
    let before = house.identities.hashes();
    let (mut wrong, mut many) = (0, 0);
    for n in 0..1_000 {
        let answer =
            house.ask("POST", "/authorize", "", &sign_in("ann", &format!("wrong {n}..."))).await;
        match answer.status {
            401 => wrong += 1,
            _ => {
                check_problem(&answer, 429, "too-many-tries");
                let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
                assert!((1..=900).contains(&wait));
                many += 1;
            }
        }
    }
    assert!(wrong >= 5 && many > 980, "{wrong} {many}");
    assert_eq!(house.identities.hashes() - before, wrong);
}

#[tokio::test]
async fn a_password_of_ten_megabytes_is_not_read() {
    let house = House::new().await;
    let before = house.identities.hashes();
    let long = sign_in("ann", &"x".repeat(10_000_000));
    let answer = house.server.request("POST", "/authorize", &long).await;
    check_problem(&answer, 413, "body-too-large");
    let over = house.ask("POST", "/authorize", "", &sign_in("ann", &"x".repeat(1_025))).await;
    check_problem(&over, 401, "wrong-credentials");
    assert_eq!(house.identities.hashes(), before);
}

#[tokio::test]
async fn a_body_that_is_something_else_is_refused_and_not_repeated() {
    let house = House::new().await;
    for body in
        ["", "x", "[]", "null", r#"{"account":"ann"}"#, r#"{"account":1,"password":"secret!"}"#]
    {
        let answer = house.ask("POST", "/authorize", "", body).await;
        check_problem(&answer, 400, "body");
        assert!(!answer.text().contains("secret!"));
    }
}

#[tokio::test]
async fn the_set_up_link_is_told_once_and_makes_one_administrator() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let there = Arc::clone(&told);
    let house = House::empty(
        |it| it,
        move |server| server.on_set_up(move |secret| there.lock().unwrap().push(secret.to_owned())),
    )
    .await;
    let [secret] = told.lock().unwrap().clone().try_into().unwrap();
    let entrance = parsed(&house.ask("GET", "/authorize", "", "").await);
    assert_eq!(
        entrance,
        json!({ "account": null, "expires": null, "refreshable": false, "registration": false, "setUp": true })
    );
    let body = |token: &str, account: &str| {
        json!({ "token": token, "account": account, "password": PASSWORD }).to_string()
    };

    check_problem(
        &house.ask("POST", "/setup", "", &body("guess", "root")).await,
        403,
        "set-up-link",
    );
    let slip = house.ask("POST", "/setup", "", &body(&secret, "r o o t")).await;
    check_problem(&slip, 400, "fields");
    assert_eq!(parsed(&slip)["errors"][0]["field"], "account");
    let made = house.ask("POST", "/setup", "", &body(&secret, "root")).await;
    let token = parsed(&made)["token"].as_str().unwrap().to_owned();
    assert_eq!(house.ask("GET", "/users", &bearer(&token), "").await.status, 200);
    check_problem(
        &house.ask("POST", "/setup", "", &body(&secret, "bob")).await,
        403,
        "set-up-link",
    );
    assert_eq!(parsed(&house.ask("GET", "/authorize", "", "").await)["setUp"], false);
}

#[tokio::test]
async fn registration_is_closed_unless_it_is_open() {
    let body = json!({ "account": "bob", "password": PASSWORD, "name": "Bob", "email": "b@example.org", "phone": "" }).to_string();
    let house = House::new().await;
    check_problem(&house.ask("POST", "/register", "", &body).await, 403, "registration-closed");

    let house = House::with(|it| it.registration(["reader"]), |it| it).await;
    let free = house.ask("GET", "/available?account=Bob", "", "").await;
    assert_eq!(parsed(&free), json!({ "account": "bob", "available": true }));
    let made = parsed(&house.ask("POST", "/register", "", &body).await);
    assert_eq!((&made["account"], &made["role"]), (&json!("bob"), &json!("reader")));
    let profile = house.ask("GET", "/profile", &bearer(made["token"].as_str().unwrap()), "").await;
    assert_eq!(parsed(&profile)["email"], "b@example.org");
    check_problem(&house.ask("POST", "/register", "", &body).await, 409, "account-taken");
    let taken = house.ask("GET", "/available?account=bob", "", "").await;
    check_problem(&taken, 409, "account-taken");
    let wrong = json!({ "account": "x", "password": "short", "email": "no" }).to_string();
    let wrong = house.ask("POST", "/register", "", &wrong).await;
    check_problem(&wrong, 400, "fields");
    let fields: Vec<_> =
        parsed(&wrong)["errors"].as_array().unwrap().iter().map(|it| it["field"].clone()).collect();
    assert_eq!(fields, ["account", "email", "password"]);
}

#[tokio::test]
async fn administrators_look_after_accounts() {
    let house = House::new().await;
    let root = house.bearer("root").await;
    let create =
        json!({ "account": "bob", "name": "Bob", "password": PASSWORD, "roles": ["reader"] });

    let made = parsed(&house.ask("POST", "/create", &root, &create.to_string()).await);
    assert_eq!(
        (&made["account"], &made["role"], &made["lastSignIn"]),
        (&json!("bob"), &json!("reader"), &Value::Null)
    );
    check_problem(
        &house.ask("POST", "/create", &root, &create.to_string()).await,
        409,
        "account-taken",
    );
    let users = parsed(&house.ask("GET", "/users", &root, "").await);
    let names: Vec<_> = users.as_array().unwrap().iter().map(|it| it["account"].clone()).collect();
    assert_eq!(names, ["ann", "bob", "root"]);
    assert!(!users.to_string().contains("argon2"), "nobody reads hashes");

    let bob = house.bearer("bob").await;
    let change = r#"{"name":"Robert","role":"editor"}"#;
    let changed = parsed(&house.ask("POST", "/user/bob", &root, change).await);
    assert_eq!((&changed["name"], &changed["roles"]), (&json!("Robert"), &json!(["editor"])));
    assert_eq!(parsed(&house.ask("GET", "/user/bob", &root, "").await), {
        let mut profile = changed;
        profile["lastSignIn"] =
            parsed(&house.ask("GET", "/profile", &bob, "").await)["lastSignIn"].clone();
        profile
    });
    let password = r#"{"password":"another horse"}"#;
    assert_eq!(house.ask("PUT", "/password/bob", &root, password).await.status, 200);
    check_problem(&house.ask("GET", "/profile", &bob, "").await, 401, "session-ended");
    check_problem(
        &house.ask("PUT", "/password/bob", &root, r#"{"password":"password1"}"#).await,
        400,
        "fields",
    );
    assert_eq!(house.ask("DELETE", "/user/bob", &root, "").await.status, 204);
    check_problem(&house.ask("DELETE", "/user/bob", &root, "").await, 404, "not-found");
    check_problem(&house.ask("DELETE", "/user/root", &root, "").await, 409, "last-administrator");
    check_problem(
        &house.ask("POST", "/user/root", &root, r#"{"roles":[]}"#).await,
        409,
        "last-administrator",
    );
}

#[tokio::test]
async fn what_is_for_administrators_is_for_nobody_else() {
    let house = House::new().await;
    let ann = house.bearer("ann").await;
    let create = json!({ "account": "eve", "password": PASSWORD, "roles": ["admin"] }).to_string();
    for (method, target, body) in [
        ("GET", "/users", ""),
        ("GET", "/user/ann", ""),
        ("POST", "/user/ann", r#"{"roles":["admin"]}"#),
        ("DELETE", "/user/root", ""),
        ("PUT", "/password/root", r#"{"password":"another horse"}"#),
        ("POST", "/create", &create),
        ("GET", "/locks", ""),
        ("DELETE", "/locks/ann", ""),
        ("GET", "/sessions?account=root", ""),
        ("GET", "/sessions?account=nobody", ""),
        ("DELETE", "/sessions?account=root", ""),
        ("GET", "/available?account=root", ""),
    ] {
        check_problem(&house.ask(method, target, &ann, body).await, 403, "not-allowed");
        check_problem(&house.ask(method, target, "", body).await, 401, "sign-in-needed");
    }
    let own = house
        .ask("PUT", "/profile", &ann, r#"{"name":"Ann","roles":["admin"],"role":"admin"}"#)
        .await;
    assert_eq!(parsed(&own)["roles"], json!(["editor"]), "nobody gives themselves a role");
}

#[tokio::test]
async fn one_looks_after_ones_own_account() {
    let house = House::new().await;
    let ann = house.bearer("ann").await;
    let other = house.bearer("ann").await;

    let changed = house.ask("PUT", "/profile", &ann, r#"{"email":"ann@example.org"}"#).await;
    assert_eq!(
        (&parsed(&changed)["email"], &parsed(&changed)["name"]),
        (&json!("ann@example.org"), &json!("ann"))
    );
    check_problem(&house.ask("PUT", "/profile", &ann, r#"{"email":"no"}"#).await, 400, "fields");

    let change =
        |current: &str| json!({ "current": current, "password": "another horse" }).to_string();
    let wrong = house.ask("PUT", "/password", &ann, &change("wrong password")).await;
    check_problem(&wrong, 401, "wrong-credentials");
    assert_eq!(house.ask("PUT", "/password", &ann, &change(PASSWORD)).await.status, 200);
    assert_eq!(house.ask("GET", "/profile", &ann, "").await.status, 200);
    check_problem(&house.ask("GET", "/profile", &other, "").await, 401, "session-ended");
}

#[tokio::test]
async fn sessions_are_shown_and_ended_one_by_one_and_all() {
    let house = House::new().await;
    let agent = "User-Agent: a browser\r\n";
    let answer = house.ask("POST", "/authorize", agent, &sign_in("ann", PASSWORD)).await;
    let ann = bearer(parsed(&answer)["token"].as_str().unwrap());
    let other = house.bearer("ann").await;
    let root = house.bearer("root").await;

    let sessions = parsed(&house.ask("GET", "/sessions", &ann, "").await);
    let sessions = sessions.as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    let [own] =
        sessions.iter().filter(|it| it["current"] == true).collect::<Vec<_>>().try_into().unwrap();
    assert_eq!((&own["userAgent"], &own["address"]), (&json!("a browser"), &json!("127.0.0.1")));
    let [there] =
        sessions.iter().filter(|it| it["current"] == false).collect::<Vec<_>>().try_into().unwrap();
    let there = format!("/sessions/{}", there["id"].as_str().unwrap());
    check_problem(&house.ask("DELETE", &there, &root, "").await, 404, "not-found");
    assert_eq!(house.ask("DELETE", &there, &ann, "").await.status, 204);
    check_problem(&house.ask("GET", "/profile", &other, "").await, 401, "session-ended");

    assert_eq!(house.ask("DELETE", "/authorize", &ann, "").await.status, 204);
    check_problem(&house.ask("GET", "/profile", &ann, "").await, 401, "session-ended");
    let [one, two] = [house.bearer("ann").await, house.bearer("ann").await];
    assert_eq!(house.ask("DELETE", "/sessions", &one, "").await.status, 204);
    for ended in [one, two] {
        check_problem(&house.ask("GET", "/profile", &ended, "").await, 401, "session-ended");
    }
    let ann = house.bearer("ann").await;
    assert_eq!(house.ask("DELETE", "/sessions?account=ann", &root, "").await.status, 204);
    check_problem(&house.ask("GET", "/profile", &ann, "").await, 401, "session-ended");
}

#[tokio::test]
async fn a_lock_is_seen_and_lifted() {
    let house = House::new().await;
    let root = house.bearer("root").await;
    for n in 0..40_u8 {
        let origin = monoxide_identity::Origin::new([10, 1, 0, n].into());
        drop(house.identities.sign_in("ann", &"wrong password".into(), &origin).await);
    }

    let locked = house.ask("POST", "/authorize", "", &sign_in("ann", PASSWORD)).await;
    check_problem(&locked, 429, "too-many-tries");
    let locks = parsed(&house.ask("GET", "/locks", &root, "").await);
    assert_eq!((&locks[0]["account"], &locks[0]["tries"]), (&json!("ann"), &json!(25)));
    assert_eq!(house.ask("DELETE", "/locks/ann", &root, "").await.status, 204);
    check_problem(&house.ask("DELETE", "/locks/ann", &root, "").await, 404, "not-found");
    assert_eq!(house.ask("POST", "/authorize", "", &sign_in("ann", PASSWORD)).await.status, 200);
}

#[tokio::test]
async fn what_is_told_about_the_routes_names_no_secret() {
    let house = House::new().await;
    house.identities.create(&new("bob"), &["reader"]).await.unwrap();
    let root = house.bearer("root").await;
    let endpoints = house.ask("GET", "/?api=endpoints", &root, "").await;
    let text = endpoints.text();
    assert!(text.contains("/authorize") && text.contains("/user/{account}"), "{text}");
}
