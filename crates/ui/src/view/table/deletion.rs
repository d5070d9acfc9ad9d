//! Deleting what is chosen.

use futures_util::{StreamExt as _, stream};
use leptos::{html, prelude::*, task::spawn_local};
use monoxide_client::{
    accounts::AskError,
    data::{self, Condition},
    range,
};
use monoxide_protocol::{Glob, Json, Key, Range};

use super::live::Table;
use crate::{
    Session,
    model::{Words, table::Selection},
    view::Toasts,
};

/// How many deletions are on their way at once.
const AT_ONCE: usize = 8;

/// So many objects can be put back.
const CAN_PUT_BACK: usize = 100;

/// Asks before what is chosen is deleted.
#[component]
pub(super) fn Deletion(table: Table) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let done = RwSignal::new(None::<usize>);
    let toasts = use_context::<Toasts>();
    let count =
        move || table.selection.with(|it| it.count(table.rows.with(|rows| rows.matching())));
    Effect::new(move |before: Option<usize>| {
        let asked = table.deleting.get();
        let is_asked = before.is_some_and(|before| before != asked);
        if is_asked
            && table.selection.with_untracked(|it| {
                !it.is_empty(table.rows.with_untracked(|rows| rows.matching()))
            })
            && let Some(dialog) = dialog.get_untracked()
        {
            _ = dialog.show_modal();
        }
        asked
    });
    let close = move || _ = dialog.try_get_untracked().flatten().map(|dialog| dialog.close());
    let delete = move |_| {
        if done.get_untracked().is_some() {
            return;
        }
        done.set(Some(0));
        spawn_local(async move {
            let outcome = delete_chosen(table, done).await;
            _ = done.try_set(None);
            close();
            _ = table.selection.try_set(Selection::default());
            if let Some(toasts) = toasts {
                outcome.say(table.session, toasts);
            }
            _ = table.grid.try_get_untracked().flatten().map(|grid| grid.focus());
        });
    };
    let label = move || match done.get() {
        None => format!("Delete {}", objects(count())),
        Some(done) => format!("Deleted {done} of {}", count()),
    };
    view! {
        <dialog class="card dialog" aria-labelledby="delete-objects" node_ref=dialog>
            <h2 id="delete-objects">{move || format!("Delete {}?", objects(count()))}</h2>
            <p>{move || which(table)}</p>
            <div class="form-end">
                <button type="button" class="button" on:click=move |_| close()>
                    "Cancel"
                </button>
                <button type="button" class="button danger filled" on:click=delete>
                    {label}
                </button>
            </div>
        </dialog>
    }
}

fn objects(count: usize) -> String {
    match count {
        1 => "1 object".to_owned(),
        count => format!("{count} objects"),
    }
}

/// What it is that is deleted.
fn which(table: Table) -> String {
    let list = table.list.get_value();
    let question = table.question.get();
    let narrowed = question.narrowed(&list);
    let (is_all, left_out) = table.selection.with(|it| (it.is_all(), it.keys().len()));
    let but = if left_out > 0 { format!(", but for {left_out},") } else { String::new() };
    match (is_all, question.find.trim()) {
        (false, _) => format!("They are gone from {list} for everybody."),
        (true, "") => {
            let also = if left_out > 0 { "" } else { ", also what comes meanwhile" };
            format!("Everything in {narrowed}{but} is gone for everybody{also}.")
        }
        (true, find) => {
            format!("Everything in {narrowed} that matches “{find}”{but} is gone for everybody.")
        }
    }
}

/// What came of it.
struct Outcome {
    deleted: usize,
    failed: usize,
    why: Option<AskError>,
    /// What was deleted, where that is known and not too much.
    gone: Vec<(Key, Json)>,
}

impl Outcome {
    fn say(self, session: Session, toasts: Toasts) {
        let Self { deleted, failed, why, gone } = self;
        let objects = if deleted == 1 { "object" } else { "objects" };
        if let Some(why) = why {
            let why = Words::of(&why).whole;
            toasts.complain(format!("Deleted {deleted} {objects}, {failed} could not be: {why}"));
        } else if gone.len() == deleted && deleted > 0 {
            toasts.say_with_undo(format!("Deleted {deleted} {objects}"), move || {
                put_back(session, toasts, gone.clone());
            });
        } else {
            toasts.say(format!("Deleted {deleted} {objects}"));
        }
    }
}

/// Writes again what was deleted, where nothing was written since.
fn put_back(session: Session, toasts: Toasts, gone: Vec<(Key, Json)>) {
    spawn_local(async move {
        let mut failed = 0;
        for (key, data) in &gone {
            let written = session.ask(&data::set(key, data, Condition::Missing)).await;
            failed += usize::from(written.is_err());
        }
        match failed {
            0 => toasts.say(format!("Put back {}", gone.len())),
            failed => toasts.complain(format!("{failed} could not be put back")),
        }
    });
}

async fn delete_chosen(table: Table, done: RwSignal<Option<usize>>) -> Outcome {
    let (selection, question) = (table.selection.get_untracked(), table.question.get_untracked());
    let list = table.list.get_value();
    let matching = table.rows.with_untracked(|rows| rows.matching());
    let mut outcome = Outcome { deleted: 0, failed: 0, why: None, gone: Vec::new() };
    let is_everything =
        selection.is_all() && selection.keys().is_empty() && question.find.trim().is_empty();
    if is_everything {
        match table.session.ask(&data::delete_all(&question.narrowed(&list))).await {
            Ok(()) => outcome.deleted = matching,
            Err(why) => (outcome.failed, outcome.why) = (matching, Some(why)),
        }
        return outcome;
    }
    let keys = match chosen(table, &list, &selection).await {
        Ok(keys) => keys,
        Err(why) => {
            return Outcome { failed: selection.count(matching), why: Some(why), ..outcome };
        }
    };
    if keys.len() <= CAN_PUT_BACK {
        let gone = table.rows.try_with_untracked(|rows| {
            let data = |key: &Key| {
                let object = rows.get(rows.place(key)?)?;
                Some((key.clone(), Json::try_from(&*object.data).ok()?))
            };
            keys.iter().filter_map(data).collect()
        });
        outcome.gone = gone.unwrap_or_default();
    }
    let session = table.session;
    let delete = |key: Key| async move {
        match session.ask(&data::delete(&key, Condition::Always)).await {
            // Somebody else was first.
            Err(error) if !error.is_missing() => Err(error),
            _ => Ok(()),
        }
    };
    let mut answers = stream::iter(keys.into_iter().map(delete)).buffer_unordered(AT_ONCE);
    while let Some(answer) = answers.next().await {
        match answer {
            Ok(()) => outcome.deleted += 1,
            Err(why) => {
                outcome.failed += 1;
                outcome.why.get_or_insert(why);
            }
        }
        if outcome.deleted.is_multiple_of(10) {
            _ = done.try_set(Some(outcome.deleted));
        }
    }
    outcome
}

/// The keys of what is chosen; of all that match, they are asked for.
async fn chosen(table: Table, list: &Glob, selection: &Selection) -> Result<Vec<Key>, AskError> {
    if !selection.is_all() {
        return Ok(selection.keys().iter().cloned().collect());
    }
    let question = table.question.get_untracked();
    let mut keys: Vec<Key> = Vec::new();
    let mut from = 0;
    loop {
        let part = question.range(list, &(from..from + Range::MOST));
        let part = Range { pick: Some(Vec::new()), ..part };
        let page = table.session.ask(&range::page(&part)).await?;
        if page.items.is_empty() {
            return Ok(keys);
        }
        from += page.items.len();
        keys.extend(page.items.into_iter().map(|it| it.key).filter(|key| selection.has(key)));
    }
}
