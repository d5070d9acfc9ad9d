//! What writers and followers do, and what they have to tell of it afterwards.

use std::time::Duration;

use futures_util::FutureExt as _;
use monoxide_engine::{Engine, Error, Health};
use monoxide_protocol::{Key, Message, Replica, Version};
use serde_json::Value;
use tokio::sync::mpsc;

use super::world::{self, Bounds};
use crate::{glob, json, key, list};

#[derive(Debug, Clone)]
pub(super) enum Write {
    Set(&'static str, Value),
    Push(&'static str, Value),
    Patch(&'static str, Value),
    Delete(&'static str),
    DeleteAll(&'static str),
    /// Change the limit of `aged/*`: how many, and whether anything is young enough.
    Bound(usize, bool),
    Rest(Duration),
}

/// A write that was done.
#[derive(Debug, Clone)]
pub(super) enum Done {
    Set(Key, Value),
    /// What a patch makes of what is there is not known here.
    Patch(Key),
    Delete(Key),
    DeleteAll(&'static str),
}

#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Read as many messages, as far as they are there.
    Read(usize),
    /// Let the others go on.
    Stall(usize),
    /// Let time go on.
    Rest(Duration),
    /// Hang up, and come back after a while with the last version.
    Resume(Duration),
    /// Hang up, and come back as if for the first time.
    Restart,
    /// Hang up, and come back with the last version as somebody else.
    Become(&'static str),
}

/// Something that a follower saw.
#[derive(Debug, Clone)]
pub(super) enum Saw {
    /// It joined under this name; with the last version that it had heard of, or without one.
    Joined { name: &'static str, resumed: bool },
    /// It was told something, and has this document now.
    Told { is_snapshot: bool, version: Version, document: Value },
}

/// Does the writes, and says which of them counted and under which version.
pub(super) async fn write(
    engine: Engine,
    bounds: Bounds,
    writes: Vec<Write>,
) -> Vec<(Version, Done)> {
    let mut done = Vec::new();
    for write in writes {
        match write {
            Write::Bound(count, is_young) => bounds.set(count, is_young),
            Write::Rest(time) => tokio::time::sleep(time).await,
            write => done.extend(write_one(&engine, write).await),
        }
        tokio::task::yield_now().await;
    }
    done
}

async fn write_one(engine: &Engine, write: Write) -> Option<(Version, Done)> {
    let (written, done) = match write {
        Write::Set(at, data) => {
            let written = engine.set(key(at), json(data.clone())).await;
            (written, Done::Set(key(at), data))
        }
        Write::Push(at, data) => match engine.push(&list(at), json(data.clone())).await {
            Ok((key, version)) => (Ok(version), Done::Set(key, data)),
            Err(error) => (Err(error), Done::DeleteAll(at)),
        },
        Write::Patch(at, patch) => {
            (engine.patch(&key(at), &crate::merge(patch)).await, Done::Patch(key(at)))
        }
        Write::Delete(at) => (engine.delete(&key(at)).await, Done::Delete(key(at))),
        Write::DeleteAll(at) => (engine.delete_all(&glob(at)).await, Done::DeleteAll(at)),
        Write::Bound(..) | Write::Rest(_) => return None,
    };
    match written {
        Ok(version) => Some((version, done)),
        Err(Error::NotFound | Error::Merge(_)) => None,
        Err(Error::Storage) => {
            while engine.health() != Health::Ok {
                tokio::task::yield_now().await;
            }
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Follows `watched` by the script, lets go of `scripted`, and follows on to the end.
pub(super) async fn follow(
    engine: Engine,
    watched: &'static str,
    mut name: &'static str,
    script: Vec<Step>,
    scripted: mpsc::Sender<()>,
) -> Vec<Saw> {
    let (mut copy, mut saw) = (Replica::default(), Vec::new());
    let subscribe = async |name: &'static str, since: Option<Version>, saw: &mut Vec<Saw>| {
        let session = engine.session(world::identity(name));
        let subscription = session.subscribe(glob(watched), since).await.unwrap();
        saw.push(Saw::Joined { name, resumed: since.is_some() });
        subscription
    };
    let mut subscription = subscribe(name, None, &mut saw).await;
    for step in script {
        match step {
            Step::Read(count) => {
                for _ in 0..count {
                    // A read that is given up must lose nothing.
                    let Some(message) = subscription.next().now_or_never() else { break };
                    take(&mut copy, &mut saw, &message.expect("the engine is running"));
                }
            }
            Step::Stall(count) => {
                for _ in 0..count {
                    tokio::task::yield_now().await;
                }
            }
            Step::Rest(time) => tokio::time::sleep(time).await,
            Step::Resume(away) => {
                drop(subscription);
                tokio::time::sleep(away).await;
                subscription = subscribe(name, copy.version(), &mut saw).await;
            }
            Step::Restart => subscription = subscribe(name, None, &mut saw).await,
            Step::Become(another) => {
                name = another;
                subscription = subscribe(name, copy.version(), &mut saw).await;
            }
        }
    }
    drop(scripted);
    while let Some(message) = subscription.next().await {
        take(&mut copy, &mut saw, &message);
    }
    saw
}

fn take(copy: &mut Replica, saw: &mut Vec<Saw>, message: &[u8]) {
    let message = Message::decode(std::str::from_utf8(message).unwrap()).unwrap();
    let (is_snapshot, version) = (matches!(message, Message::Snapshot { .. }), message.version());
    copy.apply(message).unwrap();
    saw.push(Saw::Told { is_snapshot, version, document: copy.document().unwrap().clone() });
}
