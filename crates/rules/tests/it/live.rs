//! Rules and those who watch: what they see is what they may read, also when that changes.

use std::{
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

use futures_util::FutureExt as _;
use monoxide_engine::{
    Asked, Condition, Engine, Error, Filters, Identity, Inputs, Rules, Session, Subscription,
    Verdict,
    backend::{Folder, Kind},
    list_json,
};
use monoxide_protocol::{EMPTY_OBJECT, Glob, Message, Range, Replica, Watched};
use serde_json::{Value, json as value};

use super::{ann, glob, json, key, rules};

fn engine(text: &str) -> Engine {
    Engine::builder().rules(Some(Arc::new(rules(text)))).start().unwrap()
}

fn as_role(engine: &Engine, name: &str, role: &str) -> Session {
    engine.session(Identity::account(name, [role]))
}

async fn reload(engine: &Engine, text: &str) {
    engine.set_rules(Some(Arc::new(rules(text)))).await.unwrap();
}

/// A subscriber that applies what it hears.
struct Follower {
    subscription: Subscription,
    copy: Replica,
}

impl Follower {
    /// Watches something, and hears what there is.
    async fn of(session: &Session, watched: &str) -> Self {
        let subscription = session.subscribe(glob(watched), None).await.unwrap();
        let mut follower = Self { subscription, copy: Replica::default() };
        follower.hear().await;
        follower
    }

    async fn hear(&mut self) -> Message {
        let next = tokio::time::timeout(Duration::from_secs(20), self.subscription.next());
        let message = next.await.expect("a message comes").expect("the engine is running");
        self.apply(&message)
    }

    fn hear_now(&mut self) -> Option<Message> {
        let message = self.subscription.next().now_or_never()?.expect("the engine is running");
        Some(self.apply(&message))
    }

    fn apply(&mut self, message: &[u8]) -> Message {
        let message = Message::decode(std::str::from_utf8(message).unwrap()).unwrap();
        self.copy.apply(message.clone()).unwrap();
        message
    }

    fn document(&self) -> &Value {
        self.copy.document().unwrap()
    }

    /// The last segments of the keys of a list.
    fn names(&self) -> Vec<&str> {
        names(self.document())
    }

    /// Hears until the document is as it should be.
    async fn hear_until(&mut self, wanted: &Value) {
        while self.document() != wanted {
            self.hear().await;
        }
    }
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|it| it["index"].as_str().unwrap()).collect()
}

/// What somebody reads of it.
fn truth(session: &Session, watched: &str) -> Value {
    let glob = glob(watched);
    let text = match glob.as_key() {
        None => list_json(&session.list(&glob).unwrap()),
        Some(key) => {
            session.get(&key).map_or_else(|_| EMPTY_OBJECT.to_owned(), |object| object.to_json())
        }
    };
    serde_json::from_str(&text).unwrap()
}

async fn fill(engine: &Engine, owners: &[(&str, &str)]) {
    for (at, owner) in owners {
        engine.set(key(at), json(value!({ "owner": owner }))).await.unwrap();
    }
}

async fn settle(engine: &Engine) {
    engine.topics().await.unwrap();
}

const OWN: &str = "['n/*']\nread = 'old.owner == account'\nwrite = 'signed_in'";
const EDITORS: &str = "['**']\nread = 'role == \"editor\" || old.owner == \"all\"'";

#[tokio::test]
async fn of_a_list_each_hears_of_the_objects_that_it_may_read() {
    let engine = engine(OWN);
    fill(&engine, &[("n/1", "ann"), ("n/2", "bob")]).await;
    let (ann, bob) = (engine.session(ann()), as_role(&engine, "bob", "editor"));
    let mut by_ann = Follower::of(&ann, "n/*").await;
    let mut by_bob = Follower::of(&bob, "n/*").await;
    assert_eq!((by_ann.names(), by_bob.names()), (vec!["1"], vec!["2"]));

    // From one to the other.
    fill(&engine, &[("n/1", "bob"), ("n/3", "carl")]).await;
    settle(&engine).await;
    by_ann.hear().await;
    by_bob.hear().await;

    assert_eq!((by_ann.names(), by_bob.names()), (vec![], vec!["2", "1"]));
    assert_eq!((by_ann.hear_now(), by_bob.hear_now()), (None, None), "carl's is nobody's business");
    assert!(matches!(ann.get(&key("n/2")), Err(Error::NotFound)), "as if it were not there");
    assert_eq!(ann.all_keys(), []);
}

#[tokio::test]
async fn those_who_are_alike_in_what_rules_read_share_one_view() {
    let engine = engine(EDITORS);
    for name in ["ann", "bob", "carl"] {
        Follower::of(&as_role(&engine, name, "editor"), "n/*").await;
    }
    assert_eq!(engine.stats().await.unwrap().topics, 1);
    Follower::of(&as_role(&engine, "dora", "guest"), "n/*").await;
    Follower::of(&engine.session(Identity::anonymous()), "n/*").await;
    assert_eq!(engine.stats().await.unwrap().topics, 3, "one for each set of roles");
}

#[tokio::test]
async fn who_may_read_no_more_hears_a_removal_and_who_may_now_an_addition() {
    let engine = engine(EDITORS);
    fill(&engine, &[("n/1", "ann"), ("n/2", "all"), ("one", "ann")]).await;
    let (editor, guest) = (as_role(&engine, "ann", "editor"), as_role(&engine, "bob", "guest"));
    let mut lists = [Follower::of(&editor, "n/*").await, Follower::of(&guest, "n/*").await];
    let mut ones = [Follower::of(&editor, "one").await, Follower::of(&guest, "one").await];
    let mut shared = Follower::of(&guest, "n/2").await;

    reload(&engine, &EDITORS.replace("editor", "guest")).await;

    for follower in lists.iter_mut().chain(&mut ones) {
        let message = follower.hear_now().expect("it is told at once");
        assert!(message.version() > engine.get(&key("one")).unwrap().version);
    }
    assert_eq!((lists[0].names(), lists[1].names()), (vec!["2"], vec!["2", "1"]));
    let owner = |it: &Follower| it.document()["data"]["owner"].clone();
    assert_eq!((owner(&ones[0]), owner(&ones[1])), (Value::Null, value!("ann")));
    assert_eq!(shared.hear_now(), None, "who sees the same is told nothing");

    fill(&engine, &[("n/1", "all")]).await;
    for follower in &mut lists {
        follower.hear().await;
        assert_eq!(follower.names(), ["2", "1"]);
    }
}

#[tokio::test]
async fn rules_that_tell_those_apart_who_were_alike_send_each_a_snapshot_of_its_own() {
    let engine = engine("['**']\nread = 'signed_in'");
    fill(&engine, &[("n/1", "ann"), ("n/2", "bob")]).await;
    let (ann, bob) = (engine.session(ann()), as_role(&engine, "bob", "guest"));
    let mut followers = [Follower::of(&ann, "n/*").await, Follower::of(&bob, "n/*").await];

    reload(&engine, OWN).await;
    for follower in &mut followers {
        assert!(matches!(follower.hear().await, Message::Snapshot { .. }));
    }
    assert_eq!((followers[0].names(), followers[1].names()), (vec!["1"], vec!["2"]));

    engine.set_rules(None).await.unwrap();
    for follower in &mut followers {
        follower.hear().await;
        assert_eq!(follower.names(), ["2", "1"]);
    }
}

#[tokio::test]
async fn a_role_that_changes_while_somebody_watches_changes_what_is_seen() {
    let engine = engine(EDITORS);
    fill(&engine, &[("n/1", "ann"), ("n/2", "all")]).await;
    let mut follower = Follower::of(&as_role(&engine, "ann", "editor"), "n/*").await;
    assert_eq!(follower.names(), ["2", "1"]);

    // What is on its way is not told any more.
    fill(&engine, &[("n/3", "secret")]).await;
    settle(&engine).await;
    follower.subscription.change_identity(Identity::account("ann", ["guest"]));
    follower.hear().await;
    assert_eq!(follower.names(), ["2"]);

    follower.subscription.change_identity(Identity::account("ann", ["guest", "editor"]));
    follower.hear().await;
    assert_eq!(follower.names(), ["3", "2", "1"]);
    follower.subscription.change_identity(Identity::account("ann", ["editor", "guest"]));
    assert_eq!(follower.hear_now(), None, "it is the same");
    fill(&engine, &[("n/4", "ann")]).await;
    follower.hear().await;
    assert_eq!(follower.names(), ["4", "3", "2", "1"]);
}

#[tokio::test]
async fn what_was_not_yet_read_is_not_read_once_it_may_not_be() {
    let engine = engine(EDITORS);
    let session = as_role(&engine, "ann", "editor");
    let mut slow = Follower::of(&session, "n/*").await;
    let before = slow.copy.version().unwrap();
    fill(&engine, &[("n/1", "the secret")]).await;
    settle(&engine).await;

    reload(&engine, &EDITORS.replace("editor", "nobody")).await;

    while let Some(message) = slow.hear_now() {
        assert!(!format!("{message:?}").contains("the secret"));
    }
    assert_eq!(slow.names(), [""; 0]);
    let mut back = session.subscribe(glob("n/*"), Some(before)).await.unwrap();
    let message = back.next().await.unwrap();
    assert!(message.ends_with(br#""data":[]}"#), "the version is of other rules");
}

#[tokio::test]
async fn a_part_that_was_read_may_not_be_told_once_it_may_not_be_seen() {
    let engine = engine(EDITORS);
    let session = as_role(&engine, "ann", "editor");
    let range = Range::of(glob("n/*"));
    fill(&engine, &[("n/1", "the secret"), ("n/2", "all")]).await;
    let mut watched = session.subscribe(range.glob.clone(), None).await.unwrap();
    watched.changed().await.unwrap();
    let listing = watched.listing().await.unwrap();
    assert_eq!((listing.page(&range).total, watched.may_tell(&listing)), (2, true));

    reload(&engine, &EDITORS.replace("editor", "nobody")).await;

    assert!(!watched.may_tell(&listing));
    watched.changed().await.unwrap();
    let listing = watched.listing().await.unwrap();
    assert_eq!((listing.page(&range).total, watched.may_tell(&listing)), (1, true));
    assert_eq!(session.listing(&range.glob).await.unwrap().len(), 1);

    watched.change_identity(Identity::account("root", ["nobody"]));
    assert!(!watched.may_tell(&listing), "it is of somebody else");
    watched.changed().await.unwrap();
    assert_eq!(watched.listing().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_version_of_one_view_is_none_of_another() {
    let engine = engine(EDITORS);
    fill(&engine, &[("n/1", "ann"), ("n/2", "all")]).await;
    let (editor, guest) = (as_role(&engine, "ann", "editor"), as_role(&engine, "bob", "guest"));
    let mut by_editor = Follower::of(&editor, "n/*").await;
    let _by_guest = Follower::of(&guest, "n/*").await;
    let check = async |version, wanted: &str| {
        let mut moved = guest.subscribe(glob("n/*"), version).await.unwrap();
        let message = String::from_utf8(moved.next().await.unwrap().to_vec()).unwrap();
        let message = Message::decode(&message).unwrap();
        let Message::Snapshot { document, .. } = message else { panic!("{message:?}") };
        assert_eq!(names(&document), [wanted; 1]);
    };
    check(by_editor.copy.version(), "2").await;

    // Both are told of it, and not in each other's versions.
    reload(&engine, &EDITORS.replace("all", "ann")).await;
    reload(&engine, &EDITORS.replace("editor", "nobody")).await;
    by_editor.hear().await;
    check(by_editor.copy.version(), "2").await;
    fill(&engine, &[("n/2", "all")]).await;
    by_editor.hear().await;
    check(by_editor.copy.version(), "2").await;
}

#[tokio::test]
async fn of_what_a_glob_names_only_that_is_deleted_that_may_be() {
    let engine = engine("['n/*']\nread = 'true'\ndelete = 'old.owner == account'");
    fill(&engine, &[("n/1", "ann"), ("n/2", "bob"), ("n/3", "ann")]).await;
    let (ann, carl) = (engine.session(ann()), as_role(&engine, "carl", "guest"));
    let mut follower = Follower::of(&ann, "n/*").await;

    let refused = carl.delete_all(&glob("n/*")).await;
    assert!(matches!(refused, Err(Error::Forbidden { signed_in: true })), "{refused:?}");
    ann.delete_all(&glob("n/*")).await.unwrap();
    follower.hear().await;
    assert_eq!(follower.names(), ["2"]);
    assert_eq!(truth(&ann, "n/*"), *follower.document());

    fill(&engine, &[("n/2", "ann")]).await;
    ann.delete_all(&glob("n/*")).await.unwrap();
    follower.hear().await;
    let last = follower.hear().await;
    assert!(matches!(last, Message::Snapshot { .. }), "all of it is gone, which is one `[]`");
    assert_eq!(follower.names(), [""; 0]);
}

#[tokio::test]
async fn what_somebody_may_not_even_see_cannot_be_told_from_nothing_by_deleting_or_patching_it() {
    let engine = engine(EDITORS);
    fill(&engine, &[("n/1", "ann"), ("n/2", "all")]).await;
    let guest = as_role(&engine, "bob", "guest");
    let merge = monoxide_engine::Patch::Merge(value!({"x": 1}));
    for at in ["n/1", "n/missing"] {
        let deleted = guest.delete(&key(at), &Condition::Always).await;
        assert!(matches!(deleted, Err(Error::NotFound)), "{at} {deleted:?}");
        let patched = guest.patch(&key(at), &merge, &Condition::Always).await;
        assert!(matches!(patched, Err(Error::NotFound)), "{at} {patched:?}");
        let deleted = guest.delete(&key(at), &Condition::Exists).await;
        assert!(deleted.is_err());
    }
    guest.delete_all(&glob("n/1")).await.unwrap();
    let seen = guest.delete(&key("n/2"), &Condition::Always).await;
    assert!(matches!(seen, Err(Error::Forbidden { signed_in: true })));
    assert_eq!(engine.objects(), 2);
}

#[tokio::test]
async fn a_rule_about_what_is_there_holds_in_the_moment_of_the_write() {
    // Between what the rules are asked and the write there is time for all the others.
    let slow = Filters::new().write_async("n/*", async |_, data| {
        tokio::task::yield_now().await;
        Ok(data)
    });
    let rules = rules(
        "['n/*']\ncreate = 'new.owner == account'\n\
         update = 'old.owner == \"nobody\" && new.owner == account'",
    );
    let engine = Engine::builder().filters(slow).rules(Some(Arc::new(rules))).start().unwrap();
    for at in ["n/free", "n/new"] {
        if at == "n/free" {
            fill(&engine, &[(at, "nobody")]).await;
        }
        let claims = (0..8).map(|who| {
            let session = as_role(&engine, &format!("p{who}"), "guest");
            tokio::spawn(async move {
                let owner = session.identity().name().unwrap().to_owned();
                let data = json(value!({ "owner": owner }));
                session.set(&key(at), data, &Condition::Always).await.map(|_| owner)
            })
        });
        let mut winners = Vec::new();
        for claim in claims.collect::<Vec<_>>() {
            winners.extend(claim.await.unwrap().ok());
        }
        let stored = engine.get(&key(at)).unwrap().data.to_value();
        assert_eq!(winners, [stored["owner"].as_str().unwrap()], "{at}");
    }
}

#[tokio::test]
async fn a_write_that_was_asked_about_under_other_rules_is_asked_about_again() {
    let gate = Arc::new(tokio::sync::Notify::new());
    let (waiting, asked) = (Arc::clone(&gate), Arc::new(tokio::sync::Notify::new()));
    let told = Arc::clone(&asked);
    let slow = Filters::new().write_async("n/*", move |_, data| {
        let (waiting, told) = (Arc::clone(&waiting), Arc::clone(&told));
        async move {
            told.notify_one();
            waiting.notified().await;
            Ok(data)
        }
    });
    let open = Arc::new(rules("['**']\nwrite = 'true'"));
    let engine = Engine::builder().filters(slow).rules(Some(open)).start().unwrap();
    let session = engine.session(ann());
    let write =
        tokio::spawn(async move { session.set(&key("n/1"), json(1), &Condition::Always).await });
    asked.notified().await;

    reload(&engine, "['**']\nwrite = 'false'").await;
    gate.notify_one();

    assert!(matches!(write.await.unwrap(), Err(Error::Forbidden { signed_in: true })));
    assert_eq!(engine.objects(), 0);
}

#[tokio::test]
async fn each_finds_among_the_keys_what_it_may_list_and_hears_when_that_changes() {
    let engine = engine(EDITORS);
    fill(&engine, &[("n/1", "ann"), ("n/2", "all"), ("one", "ann")]).await;
    let (editor, guest) = (as_role(&engine, "ann", "editor"), as_role(&engine, "bob", "guest"));
    let keys = async |session: &Session| -> Value {
        serde_json::from_str::<Value>(&session.keys().await.unwrap()).unwrap()["data"].clone()
    };
    assert_eq!(keys(&editor).await, value!({"n/*": {"count": 2}, "one": {"count": 1}}));
    assert_eq!(keys(&guest).await, value!({"n/*": {"count": 1}}));
    assert_eq!(guest.all_keys(), [key("n/2")]);

    let subscription = guest.subscribe(Watched::Keys, None).await.unwrap();
    let mut follower = Follower { subscription, copy: Replica::default() };
    follower.hear().await;
    fill(&engine, &[("n/1", "all"), ("n/2", "bob"), ("n/3", "all"), ("two", "bob")]).await;
    follower.hear().await;
    assert_eq!(follower.document()["data"], value!({"n/*": {"count": 2}}));
    assert_eq!(keys(&guest).await, follower.document()["data"]);

    reload(&engine, "['one']\nread = 'true'").await;
    follower.hear().await;
    assert_eq!(follower.document()["data"], value!({"one": {"count": 1}}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_long_list_is_told_in_full_while_it_is_written_to_and_rules_change() {
    let engine = engine("['n/*']\nread = 'role == \"editor\" || old.owner == \"n7\"'");
    for n in 0..2_000 {
        fill(&engine, &[(&format!("n/{n}"), &format!("n{}", n % 10))]).await;
    }
    let guest = as_role(&engine, "bob", "guest");
    let writers: Vec<_> =
        (0..3_usize).map(|who| tokio::spawn(churn(engine.clone(), who))).collect();
    let mut followers = Vec::new();
    for n in 0..20 {
        followers.push(Follower::of(&guest, "n/*").await);
        let owner = ["n7", "n3"][n % 2];
        let text = format!("['n/*']\nread = 'role == \"editor\" || old.owner == \"{owner}\"'");
        reload(&engine, &text).await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let wanted = truth(&guest, "n/*");
    assert!(!wanted.as_array().unwrap().is_empty());
    for follower in &mut followers {
        tokio::time::timeout(Duration::from_secs(20), follower.hear_until(&wanted)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_keys_are_counted_right_while_they_come_and_go() {
    let engine = engine("['n/*']\nread = 'role == \"editor\" || old.owner == \"n7\"'");
    for n in 0..2_000 {
        fill(&engine, &[(&format!("n/{n}"), &format!("n{}", n % 10))]).await;
    }
    let writers: Vec<_> =
        (0..3_usize).map(|who| tokio::spawn(churn(engine.clone(), who))).collect();
    let mut followers = Vec::new();
    for role in ["guest", "editor", "reader"] {
        let session = as_role(&engine, "bob", role);
        let subscription = session.subscribe(Watched::Keys, None).await.unwrap();
        let mut follower = Follower { subscription, copy: Replica::default() };
        follower.hear().await;
        followers.push((session, follower));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    for (session, follower) in &mut followers {
        let wanted: Value = serde_json::from_str(&session.keys().await.unwrap()).unwrap();
        while follower.document()["data"] != wanted["data"] {
            follower.hear().await;
        }
    }
}

/// Rules that let everything be done, but are slow to say so about `slow/…` until they may.
#[derive(Debug, Default)]
struct Slow {
    may: Mutex<bool>,
    changed: Condvar,
}

impl Rules for Slow {
    fn decide(&self, asked: &Asked<'_>) -> Verdict {
        if asked.key.as_str().starts_with("slow") {
            let waited = self.changed.wait_while(self.may.lock().unwrap(), |may| !*may);
            drop(waited.unwrap());
        }
        Verdict { is_allowed: true, looked_at_old: false }
    }

    fn inputs(&self, _: Option<&Glob>) -> Inputs {
        Inputs { signed_in: true, ..Inputs::default() }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_while_it_is_worked_out_what_is_seen_is_told_once_and_holds_up_nobody() {
    let engine = engine("['**']\nread = 'signed_in'");
    // So many that the threads are held up by slow ones before they come to all of the others.
    let lists = (0..8).flat_map(|n| [format!("slow/{n}/*"), format!("n/{n}/*")]);
    let lists: Vec<String> = lists.collect();
    let mut followers = Vec::new();
    for list in &lists {
        fill(&engine, &[(&list.replace('*', "old"), "ann")]).await;
        followers.push(Follower::of(&engine.session(ann()), list).await);
    }
    let slow = Arc::new(Slow::default());
    let reload = tokio::spawn({
        let (engine, slow) = (engine.clone(), Arc::clone(&slow));
        async move { engine.set_rules(Some(slow)).await.unwrap() }
    });
    while format!("{:?}", engine.rules()).contains("RuleSet") {
        tokio::task::yield_now().await;
    }

    for list in &lists {
        fill(&engine, &[(&list.replace('*', "new"), "ann")]).await;
        engine.delete(&key(&list.replace('*', "old"))).await.unwrap();
    }
    settle(&engine).await;
    *slow.may.lock().unwrap() = true;
    slow.changed.notify_all();
    reload.await.unwrap();

    for (follower, list) in followers.iter_mut().zip(&lists) {
        while follower.hear_now().is_some() {}
        assert_eq!(follower.names(), ["new"], "{list}");
        engine.delete(&key(&list.replace('*', "new"))).await.unwrap();
        follower.hear().await;
        assert_eq!(follower.names(), [""; 0], "{list}");
    }
}

/// New objects, some that change, and some that go.
async fn churn(engine: Engine, who: usize) {
    for n in 0..1_500_usize {
        let (new, old) = (format!("n/{who}-{n}"), format!("n/{who}-{}", n.saturating_sub(40)));
        fill(&engine, &[(&new, &format!("n{}", n % 10))]).await;
        fill(&engine, &[(&format!("n/{}", (n * 7) % 2_000), &format!("n{}", n % 9))]).await;
        drop(engine.delete(&key(&old)).await);
    }
}

/// Rules of every kind: sharing by role, by account, by nothing; open and closed.
const SETS: [&str; 8] = [
    "['**']\nread = 'true'\nwrite = 'true'",
    "['**']\nread = 'signed_in'\nwrite = 'true'",
    "['**']\nread = 'role == \"editor\"'\nwrite = 'true'",
    "['**']\nread = 'role == \"guest\" || old.owner == \"ann\"'\nwrite = 'true'",
    "['**']\nread = 'old.owner == account'\nwrite = 'true'",
    "['n/*']\nlist = 'segments[1] < \"5\"'\nread = 'false'\n['**']\nread = 'role == \"editor\"'\nwrite = 'true'",
    "['**']\nread = 'true'\nwatch = 'role == \"guest\"'\nwrite = 'true'",
    "",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn after_a_thousand_reloads_amid_writes_each_copy_is_what_its_owner_reads() {
    reloads(engine(SETS[0]), 3_000, 1_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn so_it_is_while_writes_wait_for_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let backend = Folder::open(folder.path(), Kind::Redb).unwrap().opener();
    let rules = Arc::new(rules(SETS[0]));
    let engine = Engine::builder().backend(backend).rules(Some(rules)).start().unwrap();
    engine.ready().await.unwrap();
    reloads(engine.clone(), 300, 300).await;
    engine.close().await;
}

/// Has the rules change so many times while three write, and compares what everybody sees.
async fn reloads(engine: Engine, writes: usize, reloads: usize) {
    let people = [
        Identity::anonymous(),
        Identity::account("ann", ["editor"]),
        Identity::account("bob", ["editor"]),
        Identity::account("ann", ["guest"]),
        Identity::account("carl", ["guest", "editor"]),
    ];
    let mut followers = Vec::new();
    for identity in &people {
        for watched in ["n/*", "n/3", "*/*", "m/*"] {
            let session = engine.session(identity.clone());
            followers.push((Follower::of(&session, watched).await, session, watched));
        }
    }
    let writers: Vec<_> =
        (0..3_usize).map(|who| tokio::spawn(write(engine.clone(), who, writes))).collect();
    let hearing: Vec<_> = followers
        .into_iter()
        .map(|(mut follower, session, watched)| {
            let last = engine.clone();
            tokio::spawn(async move {
                while last.get(&key("done")).is_err() {
                    let next = follower.subscription.next();
                    if let Ok(Some(message)) =
                        tokio::time::timeout(Duration::from_millis(50), next).await
                    {
                        let before = follower.copy.version();
                        follower.apply(&message);
                        assert!(follower.copy.version() > before, "versions only grow");
                    }
                }
                (follower, session, watched)
            })
        })
        .collect();
    for n in 0..reloads {
        let text = SETS[(n * 7 + n / 11) % SETS.len()];
        engine.set_rules((n % 50 != 0).then(|| Arc::new(rules(text)) as _)).await.unwrap();
    }
    for writer in writers {
        writer.await.unwrap();
    }
    engine.set(key("done"), json(1)).await.unwrap();
    let mut followers = Vec::new();
    for heard in hearing {
        followers.push(heard.await.unwrap());
    }
    // But for the one under which not all that is read is watched.
    for set in SETS.iter().filter(|set| !set.contains("watch")) {
        reload(&engine, set).await;
        for (follower, session, watched) in &mut followers {
            let wanted = truth(session, watched);
            let until = tokio::time::timeout(Duration::from_secs(10), follower.hear_until(&wanted));
            assert!(until.await.is_ok(), "{watched} of {:?} under {set}", session.identity());
            // Who was sent to another view hears of it also when it sees the same there.
            settle(&engine).await;
            while follower.hear_now().is_some() {}
            assert_eq!(*follower.document(), wanted);
        }
    }
}

/// Objects that come, change hands and go.
async fn write(engine: Engine, who: usize, writes: usize) {
    for n in 0..writes {
        let seed = n * 31 + who * 17 + n / 7;
        let at = key(&format!("{}/{}", ["n", "m"][seed % 2], seed % 9));
        let owner = ["ann", "bob", "carl", "all"][(seed / 3) % 4];
        match seed % 11 {
            0 => drop(engine.delete(&at).await),
            1 if n % 5 == 0 => drop(engine.delete_all(&glob("m/*")).await),
            _ => drop(engine.set(at, json(value!({"owner": owner, "n": n}))).await),
        }
        if n % 16 == 0 {
            tokio::task::yield_now().await;
        }
    }
}
