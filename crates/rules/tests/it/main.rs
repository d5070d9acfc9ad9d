//! The promises of rules as data. One binary for the whole crate.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails by panicking")]

mod deciding;
mod doors;
mod following;
mod live;
mod mistakes;

use monoxide_engine::{Asked, Identity, Operation, Rules as _};
use monoxide_protocol::{Glob, Json, Key};
use monoxide_rules::RuleSet;
use serde_json::Value;

fn rules(text: &str) -> RuleSet {
    RuleSet::parse("rules.toml", text).unwrap()
}

/// A set of one rule: who may read anything.
fn reading(expression: &str) -> RuleSet {
    rules(&format!("['**']\nread = '''{expression}'''"))
}

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

fn glob(text: &str) -> Glob {
    Glob::parse(text).unwrap()
}

fn json(value: impl Into<Value>) -> Json {
    Json::parse(value.into().to_string().as_bytes()).unwrap()
}

fn ann() -> Identity {
    Identity::account("ann", ["editor", "writer"])
}

/// Whether somebody may do something with what holds `old` and is to hold `new`.
fn may(
    rules: &RuleSet,
    identity: &Identity,
    operation: Operation,
    at: &str,
    old: Option<Value>,
    new: Option<Value>,
) -> bool {
    let (old, new) = (old.map(json), new.map(json));
    let (key, old, new) = (&key(at), old.as_ref(), new.as_ref());
    rules.decide(&Asked { identity, operation, key, old, new }).is_allowed
}
