//! What rules cost: a read, a write, a change for those who watch, and other rules while 10,000
//! watch 100,000 objects. `cargo run --release -p monoxide-rules --example cost`
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program that only measures")]

use std::{sync::Arc, time::Duration};

use monoxide_engine::{Condition, Engine, Identity, Rules, Session, Subscription};
use monoxide_protocol::{Glob, Json, Key};
use monoxide_rules::RuleSet;
use tokio::time::Instant;

const SETS: [(&str, Option<&str>); 5] = [
    ("no rules", None),
    ("true", Some("true")),
    ("signed_in", Some("signed_in")),
    (
        r#"role == "admin" || segments[1] == account"#,
        Some(r#"role == "admin" || segments[1] == account"#),
    ),
    ("old.owner == account", Some("old == () || old.owner == account")),
];

fn rules(expression: &str) -> Arc<dyn Rules> {
    let text = format!("['**']\nread = '{expression}'\nwrite = '{expression}'");
    Arc::new(RuleSet::parse("cost", &text).unwrap())
}

fn json(text: &str) -> Json {
    Json::parse(text.as_bytes()).unwrap()
}

fn ann(engine: &Engine) -> Session {
    engine.session(Identity::account("ann", ["editor"]))
}

#[tokio::main(flavor = "multi_thread", worker_threads = 3)]
async fn main() {
    let mut none = [0.0; 3];
    println!("{:45} {:>16} {:>16} {:>16}", "expression", "GET", "SET", "change, 100 views");
    for (name, expression) in SETS {
        let engine = Engine::builder().rules(expression.map(rules)).start().unwrap();
        let costs = [get(&engine).await, set(&engine).await, change(&engine).await];
        if expression.is_none() {
            none = costs;
        }
        let column = |nth: usize| {
            let (cost, none) = (costs[nth], none[nth]);
            format!("{cost:.2} µs {:>5.2}x", cost / none)
        };
        println!("{name:45} {:>16} {:>16} {:>16}", column(0), column(1), column(2));
        engine.close().await;
    }
    reload().await;
}

async fn micros(count: u32, mut step: impl AsyncFnMut(u32)) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..5 {
        let begun = Instant::now();
        for n in 0..count {
            step(n).await;
        }
        best = best.min(begun.elapsed().as_secs_f64() * 1e6 / f64::from(count));
    }
    best
}

async fn get(engine: &Engine) -> f64 {
    let key = Key::parse("users/ann").unwrap();
    engine
        .set(key.clone(), json(r#"{"owner":"ann","text":"some text that is there"}"#))
        .await
        .unwrap();
    let session = ann(engine);
    micros(20_000, async |_| drop(session.get(&key).unwrap())).await
}

async fn set(engine: &Engine) -> f64 {
    let key = Key::parse("users/ann").unwrap();
    let data = json(r#"{"owner":"ann","text":"some text that is there"}"#);
    let session = ann(engine);
    micros(20_000, async |_| {
        session.set(&key, data.clone(), &Condition::Always).await.unwrap();
    })
    .await
}

/// What a change costs that a hundred views hear of.
async fn change(engine: &Engine) -> f64 {
    let glob = Glob::parse("users/*").unwrap();
    let mut subscriptions: Vec<Subscription> = Vec::new();
    for n in 0..100 {
        let session = engine.session(Identity::account(format!("a{n}"), [format!("r{n}")]));
        subscriptions.push(session.subscribe(glob.clone(), None).await.unwrap());
    }
    let key = Key::parse("users/a1").unwrap();
    let cost = micros(2_000, async |n| {
        engine.set(key.clone(), json(&format!(r#"{{"owner":"ann","n":{n}}}"#))).await.unwrap();
        if n % 100 == 0 {
            engine.topics().await.unwrap();
        }
    })
    .await;
    drop(subscriptions);
    cost
}

/// Other rules while 10,000 watch a list of 100,000, in ten views, and somebody writes.
async fn reload() {
    let engine = Engine::builder().rules(Some(rules("signed_in"))).start().unwrap();
    for n in 0..100_000 {
        let key = Key::parse(&format!("users/u{n}")).unwrap();
        engine
            .set(key, json(&format!(r#"{{"owner":"u{n}","public":{}}}"#, n % 2 == 0)))
            .await
            .unwrap();
    }
    let by_role = |public: bool| rules(&format!(r#"role == "r0" || old.public == {public}"#));
    engine.set_rules(Some(by_role(true))).await.unwrap();
    let glob = Glob::parse("users/*").unwrap();
    let mut subscriptions = Vec::new();
    for n in 0..10_000 {
        let session = engine.session(Identity::account(format!("a{n}"), [format!("r{}", n % 10)]));
        subscriptions.push(session.subscribe(glob.clone(), None).await.unwrap());
    }
    let begun = Instant::now();
    for subscription in &mut subscriptions {
        subscription.next().await.unwrap();
    }
    println!("10,000 who join a list of 100,000 in ten views: {:.0?}", begun.elapsed());

    let (worst, writes) = write(engine.clone(), Duration::from_secs(2)).await;
    println!("a write is published after at most {worst:.1?} ({writes} writes in 2 s)");
    let writing = tokio::spawn(write(engine.clone(), Duration::from_secs(5)));
    tokio::time::sleep(Duration::from_millis(500)).await;
    let begun = Instant::now();
    engine.set_rules(Some(by_role(false))).await.unwrap();
    let told = begun.elapsed();
    for subscription in subscriptions.iter_mut().skip(1).step_by(10) {
        subscription.next().await.unwrap();
    }
    let (worst, writes) = writing.await.unwrap();
    println!(
        "the same inputs, half of the list goes and the other half comes: told after {told:.0?};"
    );
    println!(
        "  meanwhile a write was published after at most {worst:.1?} ({writes} writes in 5 s)"
    );

    let at = Instant::now();
    engine.set_rules(Some(rules("signed_in"))).await.unwrap();
    println!("other inputs: told after {:.1?}", at.elapsed());
    let begun = Instant::now();
    for subscription in &mut subscriptions {
        subscription.next().await.unwrap();
    }
    println!("  and all 10,000 have their snapshot after {:.0?}", begun.elapsed());
    engine.close().await;
}

/// Writes for so long, and gives the longest time until the hub had published one, and how many.
async fn write(engine: Engine, time: Duration) -> (Duration, u32) {
    let (mut worst, mut writes, begun) = (Duration::ZERO, 0_u32, Instant::now());
    while begun.elapsed() < time {
        let at = Instant::now();
        let key = Key::parse(&format!("elsewhere/{}", writes % 100)).unwrap();
        engine.set(key, json("1")).await.unwrap();
        // As long as the hub takes to come to it.
        engine.topics().await.unwrap();
        worst = worst.max(at.elapsed());
        writes += 1;
        tokio::task::yield_now().await;
    }
    (worst, writes)
}
