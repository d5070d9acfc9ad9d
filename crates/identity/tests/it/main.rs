//! What is promised about who gets in. One binary for the whole crate.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails by panicking")]

mod accounts;
mod durable;
mod refresh;
mod set_up;
mod sign_in;
mod tokens;

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use monoxide_engine::Engine;
use monoxide_identity::{
    AccountName, Builder, Clock, Cost, Error, Identities, NewAccount, Origin, SignedIn, TokenError,
};
use monoxide_testkit::storage::Disk;

/// What every account here has, unless it is told.
const PASSWORD: &str = "correct horse battery";

/// A cost for tests in which passwords are not what it is about.
const CHEAP: Cost = Cost { memory: 64, passes: 1 };

/// Accounts on a disk of their own, with a clock that stands still.
struct World {
    now: Arc<AtomicU64>,
    disk: Disk,
    engine: Engine,
    identities: Identities,
}

impl World {
    async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    async fn with(describe: impl FnOnce(Builder) -> Builder) -> Self {
        Self::on(Disk::default(), Arc::new(AtomicU64::new(1_800_000_000)), describe).await
    }

    async fn on(
        disk: Disk,
        now: Arc<AtomicU64>,
        describe: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let engine = Engine::builder().backend(disk.opener()).start().unwrap();
        let there = Arc::clone(&now);
        let clock = Clock::new(move || Duration::from_secs(there.load(Ordering::Relaxed)));
        let builder = Identities::builder(&engine).clock(clock).password_cost(CHEAP);
        let identities = describe(builder).build().unwrap();
        identities.load().await.unwrap();
        Self { now, disk, engine, identities }
    }

    /// The same accounts after a restart.
    async fn restarted(self, describe: impl FnOnce(Builder) -> Builder) -> Self {
        self.engine.close().await;
        Self::on(self.disk, self.now, describe).await
    }

    fn pass(&self, seconds: u64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }

    async fn has(&self, account: &str, roles: &[&str]) {
        self.identities.create(&new(account), roles).await.unwrap();
    }

    async fn sign_in(&self, account: &str) -> SignedIn {
        self.identities.sign_in(account, &PASSWORD.into(), &origin(1)).await.unwrap()
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

fn name(text: &str) -> AccountName {
    AccountName::parse(text).unwrap()
}

fn address(n: u32) -> IpAddr {
    Ipv4Addr::from(0x0a00_0000 + n).into()
}

fn origin(n: u32) -> Origin {
    Origin { address: address(n), user_agent: "a test".to_owned() }
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "it is all that is done with it")]
fn check_token<T: std::fmt::Debug>(result: Result<T, Error>, expected: TokenError) {
    assert!(matches!(&result, Err(Error::Token(error)) if *error == expected), "{result:?}");
}
