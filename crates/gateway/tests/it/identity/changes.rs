//! What becomes of open sockets when roles and rules change.

use std::{sync::Arc, time::Duration};

use monoxide_identity::AccountChange;
use monoxide_protocol::Json;
use monoxide_rules::RuleSet;
use monoxide_testkit::{Http, Socket, socket::UPGRADE};
use tokio::time::timeout;

use super::{House, bearer};

const EDITORS: &str = "['books/*']\nread = 'role == \"editor\"'\nwrite = 'signed_in'\n";
const NOBODY: &str = "['books/*']\nread = 'false'\nwrite = 'signed_in'\n";

/// Makes sure that nothing is waited for in vain.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(20), future).await.expect("it comes soon")
}

async fn watch(house: &House, target: &str, token: &str) -> Socket {
    let headers = format!("Host: {}\r\n{UPGRADE}{}", house.server.address(), bearer(token));
    let http = Http::connect(house.server.address()).await;
    Socket::over(http, target, &headers).await.unwrap()
}

async fn set(house: &House, key: &str, json: &str) {
    let json = Json::parse(json.as_bytes()).unwrap();
    house.server.engine().set(key.parse().unwrap(), json).await.unwrap();
}

async fn rule(house: &House, text: &str) {
    let rules = RuleSet::parse("rules.toml", text).unwrap();
    house.server.engine().set_rules(Some(Arc::new(rules))).await.unwrap();
}

async fn give(house: &House, role: &str) {
    let name = &house.identities.accounts().unwrap()[0].account;
    assert_eq!(name.as_str(), "ann");
    let change = AccountChange { roles: Some(vec![role.to_owned()]), ..AccountChange::default() };
    house.identities.change(name, &change).await.unwrap();
}

/// A house with one book, and the list and the book as ann sees them.
async fn library() -> (House, Socket, Socket, String) {
    let house = House::new().await;
    rule(&house, EDITORS).await;
    set(&house, "books/dune", r#""spice""#).await;
    let token = house.sign_in("ann").await.token;
    let mut list = watch(&house, "/books/*", &token).await;
    let mut book = watch(&house, "/books/dune", &token).await;
    assert!(soon(list.message()).await.contains("spice"));
    assert!(soon(book.message()).await.contains("spice"));
    (house, list, book, token)
}

/// Checks that both were told that there is nothing.
async fn check_nothing(list: &mut Socket, book: &mut Socket) {
    let told = soon(list.message()).await;
    assert!(told.contains(r#""snapshot":true"#) && told.ends_with(r#""data":[]}"#), "{told}");
    let told = soon(book.message()).await;
    assert!(told.contains(r#""snapshot":true"#) && !told.contains("spice"), "{told}");
}

#[tokio::test]
async fn a_role_that_is_taken_away_takes_what_it_showed_and_one_that_is_given_shows_it() {
    let (house, mut list, mut book, token) = library().await;

    give(&house, "reader").await;
    check_nothing(&mut list, &mut book).await;
    let read = house.ask("GET", "/books/dune", &bearer(&token), "").await;
    assert_eq!(read.status, 404, "over the other doors too");

    // What happens meanwhile is not told; what there is then is.
    set(&house, "books/emma", r#""highbury""#).await;
    give(&house, "editor").await;
    let told = soon(list.message()).await;
    assert!(told.contains("spice") && told.contains("highbury"), "{told}");
    assert!(soon(book.message()).await.contains("spice"));
    set(&house, "books/dune", r#""worms""#).await;
    assert!(soon(list.message()).await.contains("worms"));
    assert!(soon(book.message()).await.contains("worms"));
}

#[tokio::test]
async fn a_rule_that_is_taken_back_takes_what_it_showed_and_tells_nothing_more() {
    let (house, mut list, mut book, _) = library().await;

    rule(&house, NOBODY).await;
    check_nothing(&mut list, &mut book).await;

    set(&house, "books/emma", r#""highbury""#).await;
    rule(&house, EDITORS).await;
    let told = soon(list.message()).await;
    assert!(told.contains("spice") && told.contains("highbury"), "the next thing told: {told}");
}

#[tokio::test]
async fn who_goes_on_with_other_roles_is_off_when_the_token_or_the_account_is_not_good_any_more() {
    for is_disabled in [true, false] {
        let house =
            House::with(|it| it.token_lifetime(Duration::from_secs(60)), |server| server).await;
        let ann = house.sign_in("ann").await;
        let mut socket = watch(&house, "/a", &ann.token).await;
        soon(socket.message()).await;
        house.pass(if is_disabled { 0 } else { 58 });
        give(&house, "reader").await;
        if is_disabled {
            let disabled = AccountChange { disabled: Some(true), ..AccountChange::default() };
            house.identities.change(&ann.account.account, &disabled).await.unwrap();
        }
        assert_eq!(soon(socket.closed()).await, 4401, "disabled: {is_disabled}");
    }
}

#[tokio::test]
async fn where_the_application_is_asked_about_subscribers_it_is_asked_again_about_other_roles() {
    let only_editors = |server: monoxide_gateway::Builder| {
        server.on_subscribe(async |subscriber| match subscriber.identity.has_role("editor") {
            true => Ok(()),
            false => Err(monoxide_engine::Denied::new("for editors")),
        })
    };
    let house = House::with(|it| it, only_editors).await;
    let token = house.sign_in("ann").await.token;
    let mut socket = watch(&house, "/a", &token).await;
    soon(socket.message()).await;

    give(&house, "reader").await;

    assert_eq!(soon(socket.closed()).await, 4401);
    let headers = format!("Host: {}\r\n{UPGRADE}{}", house.server.address(), bearer(&token));
    let http = Http::connect(house.server.address()).await;
    assert!(Socket::over(http, "/a", &headers).await.is_err());
}
