//! Keys that no filter is for.

use leptos::{html, prelude::*, task::spawn_local};
use monoxide_client::{
    admin,
    data::{self, Condition},
};
use monoxide_protocol::{Json, Key};

use super::asked::{Asked, Confirm, Find, Head, use_asked};
use crate::{
    Session,
    model::{Place, Words, fits},
    session::use_session,
    view::{Icon, Link, More, Notice, Toasts, use_toasts},
};

/// How many lines are made at first, and whenever more are wanted.
const PAGE: usize = 200;

/// The keys that no filter is for, and a way to delete them.
#[component]
pub fn OrphansPage() -> impl IntoView {
    let (session, toasts) = (use_session(), use_toasts());
    let asked = use_asked(admin::orphan_keys);
    let find = RwSignal::new(String::new());
    let found = Memo::new(move |_| {
        let mut keys = asked.get().unwrap_or_default();
        find.with(|find| keys.retain(|key| fits(find, key.as_str()).is_some()));
        keys
    });
    let wanted = RwSignal::new(Vec::<Key>::new());
    let dialog = NodeRef::<html::Dialog>::new();
    let ask = move |keys: Vec<Key>| {
        wanted.set(keys);
        if let Some(dialog) = dialog.get_untracked() {
            _ = dialog.show_modal();
        }
    };
    let delete = move |()| {
        let keys = wanted.get_untracked();
        spawn_local(async move {
            carry_out(session, toasts, asked, &keys).await;
            asked.again();
        });
    };
    let list = asked.show(move |keys| match keys.is_empty() {
        true => view! { <NoOrphans/> }.into_any(),
        false => view! { <Lines found ask/> }.into_any(),
    });
    let count = move || found.with(Vec::len);
    let title = Signal::derive(move || wanted.with(|keys| question(keys)));
    let text = Signal::derive(move || match wanted.with(Vec::len) {
        1 => "What is stored under this key is deleted, for everybody.".to_owned(),
        _ => {
            "What is stored under these keys is deleted, for everybody. This cannot be taken back."
                .to_owned()
        }
    });
    view! {
        <div class="page tool-page">
            <Head title="Orphan keys" lead="What is stored and no read filter is for: nothing checks it, nothing limits it">
                <Find find label="Find a key"/>
                <button
                    type="button"
                    class="button danger"
                    disabled=move || count() == 0
                    on:click=move |_| ask(found.get_untracked())
                >
                    {move || format!("Delete all {}…", count())}
                </button>
            </Head>
            {list}
            <Confirm dialog title text action="Delete" act=delete/>
        </div>
    }
}

#[component]
fn NoOrphans() -> impl IntoView {
    view! {
        <Notice icon=Icon::Check title="There are no orphan keys">
            <p>"Everything that is stored is under a filter."</p>
            <Link to=Place::Filters class="button">"The filters"</Link>
        </Notice>
    }
}

/// The keys, a part of them at first.
#[component]
fn Lines(
    found: Memo<Vec<Key>>,
    ask: impl Fn(Vec<Key>) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let shown = RwSignal::new(PAGE);
    let rest = move || found.with(|found| found.len().saturating_sub(shown.get()));
    let line = move |key: Key| view! { <Line key ask/> };
    let lines =
        move || found.with(|it| it.iter().take(shown.get()).cloned().map(line).collect_view());
    view! {
        <ul class="card rows">{lines}</ul>
        <More rest=Signal::derive(rest) show=move || shown.update(|shown| *shown += PAGE)/>
    }
}

#[component]
fn Line(key: Key, ask: impl Fn(Vec<Key>) + Send + 'static) -> impl IntoView {
    let (name, spoken, place) =
        (key.to_string(), format!(" {key}"), Place::of(&key.clone().into()));
    view! {
        <li class="line">
            <div class="line-main">
                <Link to=place class="line-title mono">{name}</Link>
            </div>
            <button type="button" class="button" on:click=move |_| ask(vec![key.clone()])>
                {Icon::Trash.draw()} "Delete" <span class="unseen">{spoken}</span>
            </button>
        </li>
    }
}

fn question(keys: &[Key]) -> String {
    match keys {
        [key] => format!("Delete {key}?"),
        keys => format!("Delete {} keys?", keys.len()),
    }
}

/// Deletes what was chosen, and says so.
async fn carry_out(session: Session, toasts: Toasts, asked: Asked<Vec<Key>>, keys: &[Key]) {
    let [key] = keys else {
        return match delete_all(session, keys).await {
            Ok(()) => toasts.say(format!("Deleted {} keys", keys.len())),
            Err((done, why)) => toasts.complain(format!("Deleted {done} of {}. {why}", keys.len())),
        };
    };
    let (text, key) = (format!("Deleted {key}"), key.clone());
    match delete_one(session, &key).await {
        Ok(None) => toasts.say(text),
        Ok(Some(data)) => toasts.say_with_undo(text, move || {
            let (key, data) = (key.clone(), data.clone());
            spawn_local(async move {
                put_back(session, toasts, &key, &data).await;
                asked.again();
            });
        }),
        Err(why) => toasts.complain(why),
    }
}

/// Deletes a key, and gives what was stored there, if that can still be known.
async fn delete_one(session: Session, key: &Key) -> Result<Option<Json>, String> {
    let before = session.ask(&data::read(key)).await.ok();
    delete(session, key).await?;
    Ok(before.map(|object| object.data))
}

/// Deletes keys, one after the other; the error says how many were.
async fn delete_all(session: Session, keys: &[Key]) -> Result<(), (usize, String)> {
    for (done, key) in keys.iter().enumerate() {
        delete(session, key).await.map_err(|why| (done, why))?;
    }
    Ok(())
}

async fn delete(session: Session, key: &Key) -> Result<(), String> {
    match session.ask(&data::delete(key, Condition::Always)).await {
        // Somebody else was quicker.
        Err(error) if error.is_missing() => Ok(()),
        asked => asked.map_err(|error| Words::of(&error).whole),
    }
}

/// Stores again what was deleted, unless somebody has written something else meanwhile.
async fn put_back(session: Session, toasts: Toasts, key: &Key, data: &Json) {
    match session.ask(&data::set(key, data, Condition::Missing)).await {
        Ok(_) => toasts.say(format!("{key} is back")),
        Err(error) if error.is_conflict() => {
            toasts.complain(format!("{key} was written again meanwhile, and stays as it is now"));
        }
        Err(error) => toasts.complain(Words::of(&error).whole),
    }
}
