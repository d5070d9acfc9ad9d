//! Keys that no filter is for.

use leptos::{html, prelude::*, task::spawn_local};
use monoxide_client::{Client, accounts::AskError, admin};
use monoxide_protocol::Glob;
use serde_json::Value;

use super::asked::{Confirm, Find, Head, use_asked};
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
    let (session, client) = (use_session(), expect_context::<Client>());
    let toasts = use_toasts();
    let asked = use_asked(admin::orphan_keys);
    let find = RwSignal::new(String::new());
    let shown = RwSignal::new(PAGE);
    let found = Memo::new(move |_| {
        let mut keys = asked.get().unwrap_or_default();
        find.with(|find| keys.retain(|key| fits(find, key).is_some()));
        keys
    });
    let wanted = RwSignal::new(Vec::<String>::new());
    let dialog = NodeRef::<html::Dialog>::new();
    let ask = move |keys: Vec<String>| {
        wanted.set(keys);
        if let Some(dialog) = dialog.get_untracked() {
            _ = dialog.show_modal();
        }
    };
    let delete = move |()| {
        let (keys, client) = (wanted.get_untracked(), client.clone());
        spawn_local(async move {
            match keys.as_slice() {
                [key] => match delete_one(session, &client, key).await {
                    Ok(before) => {
                        let (text, key) = (format!("Deleted {key}"), key.clone());
                        match before {
                            Some(data) => toasts.say_with_undo(text, move || {
                                let (client, key, data) =
                                    (client.clone(), key.clone(), data.clone());
                                spawn_local(async move {
                                    put_back(toasts, &client, &key, &data).await;
                                    asked.again();
                                });
                            }),
                            None => toasts.say(text),
                        }
                    }
                    Err(why) => toasts.complain(why),
                },
                keys => match delete_all(session, keys).await {
                    Ok(()) => toasts.say(format!("Deleted {} keys", keys.len())),
                    Err((done, why)) => {
                        toasts.complain(format!("Deleted {done} of {}. {why}", keys.len()))
                    }
                },
            }
            asked.again();
        });
    };
    let line = move |key: String| {
        let of = key.clone();
        let ask = move |_| ask(vec![of.clone()]);
        let shown = key.clone();
        let name = match Glob::parse(&key) {
            Ok(glob) => {
                view! { <Link to=Place::Document(glob) class="line-title mono">{shown}</Link> }
                    .into_any()
            }
            Err(_) => shown.into_any(),
        };
        view! {
            <li class="line">
                <div class="line-main">{name}</div>
                <button type="button" class="button" on:click=ask>
                    {Icon::Trash.draw()} "Delete" <span class="unseen">" "{key}</span>
                </button>
            </li>
        }
    };
    let list = asked.show(move |keys| {
        if keys.is_empty() {
            return view! {
                <Notice icon=Icon::Check title="There are no orphan keys">
                    <p>"Everything that is stored is under a filter."</p>
                    <Link to=Place::Filters class="button">"The filters"</Link>
                </Notice>
            }
            .into_any();
        }
        let rest = move || found.with(|found| found.len().saturating_sub(shown.get()));
        let lines =
            move || found.with(|it| it.iter().take(shown.get()).cloned().map(line).collect_view());
        view! {
            <ul class="card rows">{lines}</ul>
            <More rest=Signal::derive(rest) show=move || shown.update(|shown| *shown += PAGE)/>
        }
        .into_any()
    });
    let count = move || found.with(Vec::len);
    let title = Signal::derive(move || {
        wanted.with(|keys| match keys.as_slice() {
            [key] => format!("Delete {key}?"),
            keys => format!("Delete {} keys?", keys.len()),
        })
    });
    let text = Signal::derive(move || match wanted.with(Vec::len) {
        1 => "What is stored under this key is deleted, for everybody.".to_owned(),
        _ => {
            "What is stored under these keys is deleted, for everybody. This cannot be taken back."
                .to_owned()
        }
    });
    view! {
        <div class="page tools">
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

/// Deletes a key, and gives what was stored there, if that can still be known.
async fn delete_one(session: Session, client: &Client, key: &str) -> Result<Option<Value>, String> {
    let before = client.call("GET", key, None).await.ok().filter(|it| it.status == 200);
    let object = before.and_then(|it| serde_json::from_str::<Value>(&it.body).ok());
    delete(session, key).await?;
    Ok(object.and_then(|mut it| it.get_mut("data").map(Value::take)))
}

/// Deletes keys, one after the other; the error says how many were.
async fn delete_all(session: Session, keys: &[String]) -> Result<(), (usize, String)> {
    for (done, key) in keys.iter().enumerate() {
        delete(session, key).await.map_err(|why| (done, why))?;
    }
    Ok(())
}

async fn delete(session: Session, key: &str) -> Result<(), String> {
    match session.ask(&admin::delete_key(key)).await {
        // Somebody else was quicker.
        Err(AskError::Refused(problem)) if problem.status == 404 => Ok(()),
        asked => asked.map_err(|error| Words::of(&error).whole),
    }
}

/// Stores again what was deleted.
async fn put_back(toasts: Toasts, client: &Client, key: &str, data: &Value) {
    match client.call("POST", key, Some(data.to_string())).await {
        Ok(it) if it.status < 300 => toasts.say(format!("{key} is back")),
        _ => toasts.complain(format!("{key} could not be put back: {data}")),
    }
}
