//! The ledger notices what it is there to notice.

use std::collections::BTreeMap;

use fastrand::Rng;
use monoxide_testkit::ledger::{Answered, Found, Layout, Ledger, Objects, Order, Told, Write};
use serde_json::{Value, json};

const AREA: &str = "crash/area-0/*";
const LIMITED: &str = "log/*";

/// A ledger, and what is there.
struct World {
    ledger: Ledger,
    there: BTreeMap<String, Objects>,
    version: u64,
}

impl World {
    fn new() -> Self {
        let limited = Some((LIMITED.to_owned(), 2));
        let ledger = Ledger::new(Layout { writers: 1, limited, largest: 100 });
        let there = ledger.lists().into_iter().map(|list| (list, Objects::new())).collect();
        Self { ledger, there, version: 0 }
    }

    /// The first write that is as wanted. The others are not done.
    fn write(&self, wanted: impl Fn(&Write) -> bool) -> Write {
        let mut random = Rng::with_seed(1);
        loop {
            let write = self.ledger.ask(0, &mut random);
            if wanted(&write) {
                return write;
            }
        }
    }

    /// A push to a list.
    fn push(&self, list: &str) -> Write {
        self.write(|write| write.order == Order::Write && write.target == list)
    }

    /// Puts what is written there, as a push does; its key.
    fn put(&mut self, list: &str, write: &Write) -> String {
        self.version += 1;
        let key = list.replace('*', &self.version.to_string());
        let data = serde_json::from_str(&write.body).unwrap();
        let found = Found { created: self.version, updated: 0, data };
        self.at(list).insert(key.clone(), found);
        key
    }

    fn at(&mut self, list: &str) -> &mut Objects {
        self.there.get_mut(list).unwrap()
    }

    /// Pushes, with an answer.
    fn pushed(&mut self, list: &str) -> String {
        let write = self.push(list);
        let key = self.put(list, &write);
        let answered = Answered::Done { key: Some(key.clone()), version: Some(self.version) };
        self.ledger.answered(&write, answered).unwrap();
        key
    }

    fn check(&self) -> Result<(), String> {
        self.ledger.check(&self.there).map_err(|wrong| format!("{wrong:#}"))
    }

    #[track_caller]
    fn check_wrong(&self, with: &str) {
        let wrong = self.check().unwrap_err();
        assert!(wrong.contains(with), "{wrong}");
    }
}

#[test]
fn what_was_answered_has_to_be_there_as_it_was_written() {
    let mut world = World::new();
    let key = world.pushed(AREA);
    world.check().unwrap();

    let whole = world.at(AREA).remove(&key).unwrap();
    world.check_wrong("is nothing and should be");

    for other in [
        Found { data: json!({}), ..whole.clone() },
        Found { created: whole.created + 1, ..whole.clone() },
        Found { updated: whole.created + 1, ..whole },
    ] {
        world.at(AREA).insert(key.clone(), other);
        world.check_wrong(&key);
    }
}

#[test]
fn what_was_not_answered_may_be_there_or_not_but_is_whole() {
    for is_there in [false, true] {
        let mut world = World::new();
        let write = world.push(AREA);
        if is_there {
            world.put(AREA, &write);
        }
        world.ledger.lost(write).unwrap();
        world.check().unwrap();
        world.check().unwrap();
    }
    let mut world = World::new();
    let write = world.push(AREA);
    let key = world.put(AREA, &write);
    world.at(AREA).get_mut(&key).unwrap().data = json!({"id": 1});
    world.ledger.lost(write).unwrap();
    world.check_wrong(&key);
}

#[test]
fn what_was_told_has_to_be_there_though_it_was_not_answered() {
    for list in [AREA, LIMITED] {
        let world = World::new();
        let write = world.push(list);
        let data: Value = serde_json::from_str(&write.body).unwrap();
        world.ledger.heard(1, &json!([{"op": "add", "path": "/0", "value": {"data": data}}]));
        world.ledger.lost(write).unwrap();
        world.check_wrong("told");
    }
}

#[test]
fn a_list_is_deleted_whole_or_not_at_all() {
    for is_half in [false, true] {
        let mut world = World::new();
        let key = world.pushed(AREA);
        world.pushed(AREA);
        let clear = world.write(|write| write.order == Order::Delete && write.target == AREA);
        world.ledger.lost(clear).unwrap();
        if is_half {
            world.at(AREA).remove(&key);
            world.check_wrong(&key);
        } else {
            world.at(AREA).clear();
            world.check().unwrap();
        }
    }
}

#[test]
fn what_was_refused_is_not_there_and_what_is_to_be_refused_is() {
    let mut world = World::new();
    let is_torn = |write: &Write| {
        write.order == Order::Write && serde_json::from_str::<Value>(&write.body).is_err()
    };
    let torn = world.write(is_torn);
    world.ledger.answered(&torn, Answered::Refused).unwrap();
    world.check().unwrap();
    let found = Found { created: 1, updated: 0, data: json!({"id": 1}) };
    world.at(AREA).insert(torn.target, found);
    world.check_wrong("should be nothing");

    let torn = world.write(is_torn);
    let done = Answered::Done { key: Some(torn.target.clone()), version: Some(9) };
    assert!(world.ledger.answered(&torn, done).is_err());
    let push = world.push(AREA);
    assert!(world.ledger.answered(&push, Answered::Refused).is_err());
}

#[test]
fn versions_are_above_all_that_anybody_was_told() {
    let world = World::new();
    world.ledger.heard(7, &Value::Null);
    let push = world.push(AREA);
    let done = Answered::Done { key: Some(push.target.replace('*', "1")), version: Some(7) };
    let wrong = world.ledger.answered(&push, done).unwrap_err();
    assert!(format!("{wrong:#}").contains("after 7 was told"), "{wrong:#}");
}

#[test]
fn a_limit_holds_and_what_was_evicted_does_not_come_back() {
    let mut world = World::new();
    let oldest = world.pushed(LIMITED);
    let evicted = world.at(LIMITED).remove(&oldest).unwrap();
    let second = world.pushed(LIMITED);
    world.pushed(LIMITED);
    world.check().unwrap();

    world.at(LIMITED).insert(oldest, evicted);
    world.check_wrong("there are 3 of 2");
    world.at(LIMITED).remove(&second);
    world.check_wrong("is missing");
}

#[test]
fn whoever_was_told_a_state_never_sees_an_older_one() {
    let object = |key: &str, created: u64, updated: u64| json!({"path": key, "created": created, "updated": updated, "data": 1});
    let mut told = Told::default();
    told.hear(5, &json!([object("a", 1, 5), object("b", 2, 0)])).unwrap();

    let now = |document: &Value| told.clone().hear(6, document);
    now(&json!([object("a", 1, 6)])).unwrap();
    now(&json!([object("a", 1, 5), object("c", 6, 0)])).unwrap();
    assert!(now(&json!([object("a", 1, 4)])).is_err(), "it went back");
    assert!(now(&json!([object("a", 1, 5), object("c", 4, 0)])).is_err(), "it was gone");
    assert!(told.clone().hear(4, &json!([])).is_err(), "the version is older");
    assert!(told.clone().hear(5, &json!([])).is_err(), "it is another state of the same version");
}
