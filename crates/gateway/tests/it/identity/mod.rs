//! Who gets in, over real sockets.

mod changes;
mod cookies;
mod doors;
mod monitor;
mod routes;
mod sockets;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use monoxide_engine::Engine;
use monoxide_gateway::Builder;
use monoxide_identity::{Clock, Cost, Identities, Key, NewAccount, Origin, SignedIn};
use monoxide_testkit::{Answer, TestServer};
use serde_json::Value;

use crate::ask::ask;

const PASSWORD: &str = "correct horse battery";
const SECRET: [u8; 32] = [7; 32];

/// A server with the accounts `root`, an administrator, and `ann`, an editor.
struct House {
    server: TestServer,
    identities: Identities,
    /// By how many seconds its clock is ahead of the system's.
    ahead: Arc<AtomicU64>,
}

impl House {
    async fn new() -> Self {
        Self::with(|identities| identities, |server| server).await
    }

    async fn with(
        identities: impl FnOnce(monoxide_identity::Builder) -> monoxide_identity::Builder,
        server: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let house = Self::empty(identities, server).await;
        house.has("root", &["admin"]).await;
        house.has("ann", &["editor"]).await;
        house
    }

    async fn empty(
        identities: impl FnOnce(monoxide_identity::Builder) -> monoxide_identity::Builder,
        server: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let engine = Engine::builder().start().unwrap();
        let ahead = Arc::new(AtomicU64::new(0));
        let there = Arc::clone(&ahead);
        let clock = Clock::new(move || {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            now + Duration::from_secs(there.load(Ordering::Relaxed))
        });
        let builder = Identities::builder(&engine)
            .clock(clock)
            .password_cost(Cost { memory: 64, passes: 1 })
            .key(Key::secret(&SECRET).unwrap());
        let identities = identities(builder).build().unwrap();
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        let there = identities.clone();
        let server = TestServer::at(free, engine, |it| server(it.identity(there))).await;
        let house = Self { server, identities, ahead };
        // It is open when it has loaded the accounts.
        while house.ask("GET", "/authorize", "", "").await.status == 503 {}
        house
    }

    async fn has(&self, account: &str, roles: &[&str]) {
        self.identities.create(&new(account), roles).await.unwrap();
    }

    async fn sign_in(&self, account: &str) -> SignedIn {
        let origin = Origin::new([10, 0, 0, 1].into());
        self.identities.sign_in(account, &PASSWORD.into(), &origin).await.unwrap()
    }

    /// The header of somebody who is signed in.
    async fn bearer(&self, account: &str) -> String {
        bearer(&self.sign_in(account).await.token)
    }

    async fn ask(&self, method: &str, target: &str, headers: &str, body: &str) -> Answer {
        ask(&self.server, method, target, headers, body).await
    }

    /// What a browser sends of the cookie with the token.
    fn cookie(&self, token: &str) -> String {
        format!("Cookie: monoxide-{}={token}\r\n", self.server.address().port())
    }

    fn pass(&self, seconds: u64) {
        self.ahead.fetch_add(seconds, Ordering::Relaxed);
    }
}

fn new(account: &str) -> NewAccount {
    NewAccount {
        account: account.to_owned(),
        name: String::new(),
        email: String::new(),
        phone: String::new(),
        password: PASSWORD.into(),
    }
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

fn json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("{}", answer.text()))
}

/// Checks that it was refused with this status and code, in the form that programs read.
#[track_caller]
fn check_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    let problem = json(answer);
    assert_eq!((&problem["code"], &problem["status"]), (&Value::from(code), &Value::from(status)));
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("www-authenticate"), (status == 401).then_some("Bearer"));
}
