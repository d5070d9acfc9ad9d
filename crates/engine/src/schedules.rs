//! The hand-over from the store to those who watch, in many orders of its steps.
//!
//! The real store, hub and subscriptions run here as tasks of shuttle: one of them goes on at a
//! time, and chance says which, at each of our locks and wherever a task waits. Whoever is not
//! woken up waits for ever, and is told of as a deadlock. Tokio's queues are the real ones too, so
//! each call of theirs is one step: this is about our order of calls, not about what they do.
//! Time stands still.

use std::{
    collections::{BTreeMap, HashMap},
    env,
    sync::{Arc, LazyLock, Mutex},
};

use bytes::Bytes;
use futures_util::FutureExt as _;
use monoxide_protocol::{Glob, Json, Key, Message, Replica, Version, Watched};
use serde_json::{Value, json};
use shuttle::future::{block_on, spawn, yield_now};
use tokio::runtime::{Builder, Runtime};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clock::Clock,
    condition::Condition,
    error::Error,
    event::Event,
    filter::Caller,
    hooks::EventHook,
    hub::{self, Builds, Hub, Settings, Subscription, Totals, list_json},
    identity::Identity,
    patch::Patch,
    store::Store,
};

/// How many schedules of each kind a test tries beside so many cases of the property tests. Who asks
/// for more of these gets more of those.
const SCHEDULES: usize = 500;
const CASES: usize = 10_000;

/// Large enough that it is counted who holds it.
const LARGE: usize = 64 * 1024;

/// Of what is as large, one, but not two.
const MAX_PINNED: usize = LARGE + LARGE / 2;

/// Runs `test` by many schedules: by those where chance decides at each step, and by those where
/// somebody goes first for as long as there is something to do, with a few exceptions.
fn check(
    schedules: usize,
    window: usize,
    test: impl AsyncFn(World) + Copy + Send + Sync + 'static,
) {
    // Its timers are never waited for. What a failed schedule leaves behind may hold some.
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
        Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
    });
    let _timers = RUNTIME.enter();
    let run = move || {
        let world = World::start(window);
        block_on(test(world.clone()));
        block_on(world.end());
        world.check_said();
        assert_eq!(world.totals.pins.bytes(), 0, "who has let go of everything holds nothing");
    };
    let asked = env::var("MONOXIDE_SOAK_CASES").ok().map(|cases| cases.parse::<usize>().unwrap());
    let schedules = schedules * asked.unwrap_or(CASES) / CASES;
    shuttle::check_random(run, schedules);
    shuttle::check_pct(run, schedules, 4);
}

/// An engine, but for the runtime.
#[derive(Clone)]
struct World {
    store: Arc<Store>,
    hub: Arc<Hub>,
    totals: Arc<Totals>,
    stop: CancellationToken,
    ended: CancellationToken,
    /// What happened.
    events: Arc<Mutex<Vec<Event>>>,
    /// What the copies of those who watch were, and when.
    said: Arc<Mutex<Vec<(Version, Value)>>>,
}

impl World {
    /// Starts the hub, with windows of so many messages.
    fn start(window: usize) -> Self {
        let (publisher, hub, requests) = hub::channel();
        let store = Arc::new(Store::new(Arc::default(), None, publisher, Clock::new(None), None));
        let totals = Arc::new(Totals::new(MAX_PINNED));
        let settings = Settings { window_messages: window, ..Settings::default() };
        let (events, mut hook) = (Arc::new(Mutex::new(Vec::new())), EventHook::default());
        let log = Arc::clone(&events);
        hook.set(move |event| log.lock().unwrap().push(event.clone()));
        let (hook, telling) = hook.start();
        let own = Arc::clone(&store);
        let builds = Builds::new(Arc::clone(&store), hub.clone(), TaskTracker::new());
        let task = hub::Task::new(own, settings, Arc::clone(&totals), hook, builds);
        let (stop, ended) = (CancellationToken::new(), CancellationToken::new());
        let (running, last) = (task.run(requests, stop.clone()), ended.clone());
        spawn(async move {
            running.await;
            telling.await;
            last.cancel();
        });
        let said = Arc::default();
        Self { store, hub: Arc::new(hub), totals, stop, ended, events, said }
    }

    /// Ends the hub, which first does what it was asked to.
    async fn end(&self) {
        self.stop.cancel();
        self.ended.cancelled().await;
    }

    async fn set(&self, name: &str, data: Value) -> Result<Version, Error> {
        let data = Json::parse(data.to_string().as_bytes()).unwrap();
        self.store.set(&caller(), &key(name), data, &Condition::Always).await
    }

    async fn watch(&self, since: Option<Version>) -> Result<Subscription, Error> {
        self.hub.subscribe(Watched::Glob(all()), Caller::default(), since).await
    }

    /// What everybody has in the end.
    fn document(&self) -> Value {
        serde_json::from_str(&list_json(&self.store.list(&all()).1)).unwrap()
    }

    /// What copies were at a version is what the store was.
    fn check_said(&self) {
        let (mut objects, mut documents) = (BTreeMap::new(), BTreeMap::new());
        documents.insert(Version::default(), json!([]));
        for Event { key, version, new, .. } in &*self.events.lock().unwrap() {
            objects.remove(key);
            objects.extend(new.iter().map(|object| (key.clone(), Arc::clone(object))));
            let mut list: Vec<_> = objects.values().cloned().collect();
            list.sort_by(|a, b| a.list_order(b));
            documents.insert(*version, serde_json::from_str(&list_json(&list)).unwrap());
        }
        for (version, copy) in &*self.said.lock().unwrap() {
            let (_, document) = documents.range(..=version).next_back().unwrap();
            assert_eq!(copy, document, "at {version:?}");
        }
    }
}

fn caller() -> Caller {
    Caller { identity: Identity::anonymous(), is_program: false }
}

fn all() -> Glob {
    Glob::parse("n/*").unwrap()
}

fn key(name: &str) -> Key {
    Key::parse(&format!("n/{name}")).unwrap()
}

/// Somebody who watches, and the copy that comes of it.
struct Reader {
    world: World,
    subscription: Subscription,
    copy: Replica,
}

impl Reader {
    async fn of(world: World) -> Result<Self, Error> {
        let subscription = world.watch(None).await?;
        Ok(Self { world, subscription, copy: Replica::default() })
    }

    /// Hears the next message; false when there will be none.
    async fn hear(&mut self) -> bool {
        let message = match self.subscription.ready() {
            Some(message) => message,
            None => match self.subscription.next().await {
                Some(message) => message,
                None => return false,
            },
        };
        let message = Message::decode(std::str::from_utf8(&message).unwrap()).unwrap();
        assert!(self.copy.version() < Some(message.version()), "each version is above the last");
        self.copy.apply(message).expect("it goes on from what was heard");
        let said = self.copy.version().zip(self.copy.document().cloned());
        self.world.said.lock().unwrap().extend(said);
        true
    }

    /// Hears everything until the end, and then has what is in the store.
    async fn hear_all(mut self) {
        while self.hear().await {}
        assert_eq!(self.copy.document(), Some(&self.world.document()));
    }

    /// Leaves after each message and comes back with its version, until the door is closed.
    async fn come_and_go(mut self) {
        while self.hear().await {
            let Ok(subscription) = self.world.watch(self.copy.version()).await else { return };
            self.subscription = subscription;
        }
        assert_eq!(self.copy.document(), Some(&self.world.document()));
    }
}

/// Writes a little of everything.
async fn write(world: World, name: &str) -> Result<(), Error> {
    world.set(name, json!(1)).await?;
    world.set("shared", json!(name)).await?;
    world.store.delete(&caller(), &key(name), &Condition::Always).await?;
    world.set(name, json!([2])).await?;
    Ok(())
}

#[test]
fn whoever_watches_hears_of_each_change_once_and_ends_equal_to_the_store() {
    check(SCHEDULES, 2, async |world| {
        let writers = ["a", "b"].map(|name| spawn(write(world.clone(), name)));
        let readers = [false, true, false].map(|leaves| {
            let world = world.clone();
            spawn(async move {
                let reader = Reader::of(world).await?;
                if leaves {
                    reader.come_and_go().await
                } else {
                    reader.hear_all().await
                }
                Ok::<_, Error>(())
            })
        });
        for writer in writers {
            writer.await.unwrap().unwrap();
        }
        world.stop.cancel();
        for reader in readers {
            assert!(matches!(reader.await.unwrap(), Ok(()) | Err(Error::Closed)));
        }
    });
}

#[test]
fn whoever_is_let_in_before_the_end_is_told_of_every_write_that_is() {
    check(SCHEDULES, 2, async |world| {
        let reader = spawn(Reader::of(world.clone()).await.unwrap().hear_all());
        let writers = ["a", "b"].map(|name| spawn(write(world.clone(), name)));
        world.stop.cancel();
        for writer in writers {
            assert!(matches!(writer.await.unwrap(), Ok(()) | Err(Error::Closed)));
        }
        reader.await.unwrap();
    });
}

#[test]
fn whoever_joins_after_a_write_was_answered_finds_it() {
    check(SCHEDULES, 2, async |world| {
        let joiners = ["a", "b", "c"].map(|name| {
            let world = world.clone();
            spawn(async move {
                let version = world.set(name, json!(name)).await.unwrap();
                let mut reader = Reader::of(world).await.unwrap();
                assert!(reader.hear().await);
                let document = reader.copy.document().unwrap().to_string();
                assert!(document.contains(&key(name).to_string()), "{document}");
                assert!(reader.copy.version() >= Some(version));
            })
        });
        for joiner in joiners {
            joiner.await.unwrap();
        }
    });
}

/// More of them than are worked out beside each other.
#[test]
fn of_patches_to_one_key_none_is_lost() {
    check(SCHEDULES, 2, async |world| {
        world.set("shared", json!({})).await.unwrap();
        let names = ["a", "b", "c", "d", "e", "f"];
        let patches = names.map(|name| {
            let (world, patch) = (world.clone(), Patch::Merge(json!({ name: 1 })));
            spawn(async move {
                let (caller, key) = (caller(), key("shared"));
                world.store.patch(&caller, &key, &patch, &Condition::Always).await.unwrap()
            })
        });
        let mut versions = Vec::new();
        for patch in patches {
            versions.push(patch.await.unwrap());
        }
        let all = world.store.get(&key("shared")).unwrap();
        let fields = all.data.to_value().as_object().unwrap().len();
        assert_eq!((fields, Some(&all.version)), (names.len(), versions.iter().max()));
    });
}

/// What somebody holds who is still being sent a message.
struct Held {
    message: Bytes,
    subscription: Subscription,
}

/// Takes some messages, and holds the last of them.
async fn hold(world: World, messages: usize) -> Held {
    let mut subscription = world.watch(None).await.unwrap();
    let mut message = subscription.next().await.unwrap();
    for _ in 1..messages {
        let Some(next) = subscription.next().await else { break };
        message = next;
        assert!(world.totals.pins.bytes() <= MAX_PINNED);
    }
    Held { message, subscription }
}

#[test]
fn what_only_those_hold_who_are_being_sent_it_is_counted() {
    check(SCHEDULES / 5, 1, async |world| {
        world.set("a", json!("x".repeat(LARGE))).await.unwrap();
        let holders = [1, 1, 2, 2].map(|messages| spawn(hold(world.clone(), messages)));
        let joined = |topics: Vec<hub::TopicState>| topics.iter().any(|it| it.subscribers == 4);
        while !joined(world.hub.topics().await.unwrap()) {
            yield_now().await;
        }
        for n in 0..4 {
            world.set("a", json!(n.to_string().repeat(LARGE))).await.unwrap();
        }
        world.end().await;
        let mut held = Vec::new();
        for holder in holders {
            held.push(holder.await.unwrap());
        }

        let missed: HashMap<_, _> = held
            .iter()
            .filter(|it| it.subscription.overdue().now_or_never().is_none())
            .map(|it| (it.message.as_ptr(), it.message.len()))
            .collect();
        let (held, counted) = (missed.values().sum::<usize>(), world.totals.pins.bytes());
        // The topic itself may hold two of them: the newest message, and a snapshot.
        let of_topic = held.min(2 * LARGE + LARGE / 2);
        assert!((held - of_topic..=held).contains(&counted), "{counted} of {held}");
    });
}
