//! What exists on the server: the column on the left.

use std::collections::HashMap;

use leptos::{
    ev::{self, KeyboardEvent},
    html,
    prelude::*,
};
use monoxide_protocol::{Glob, Keys};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::{
    Live, State,
    model::{Badge, Badges, Line, Place, groups, lines, listed, meant, unlisted},
    view::{Icon, Lamp, Link, More, Skeleton, commands::is_writing, use_route},
};

/// How many lines are made at first, and whenever the reader comes near the end of them.
const PAGE: usize = 200;

/// What exists on the server as `live` tells, which follows
/// [`Watched::Keys`](monoxide_protocol::Watched::Keys); `None` before it is known.
#[must_use]
pub fn use_keys(live: Live) -> Memo<Option<Keys>> {
    Memo::new(move |_| live.with(|document| document.map(listed)))
}

/// The lists and keys that exist, to choose from.
#[component]
pub fn KeyColumn(
    /// What exists.
    keys: Memo<Option<Keys>>,
    /// How the subscription to it is doing.
    #[prop(into)]
    state: Signal<State>,
    /// What filters say about it, by [`AskBadges`](super::AskBadges).
    badges: RwSignal<Badges>,
) -> impl IntoView {
    let filter = RwSignal::new(String::new());
    let folded = RwSignal::new(HashMap::<String, bool>::new());
    let shown = RwSignal::new(PAGE);
    let all = Memo::new(move |_| {
        let filter = filter.get();
        keys.with(|keys| {
            let groups = keys.as_ref().map(|keys| groups(keys, &filter)).unwrap_or_default();
            folded.with(|folded| lines(&groups, folded, !filter.is_empty()))
        })
    });
    let each = move || all.with(|all| all.iter().take(shown.get()).cloned().collect::<Vec<_>>());
    let rest = move || all.with(|all| all.len().saturating_sub(shown.get()));
    view! {
        <div class="keys">
            <Filter filter all keys/>
            <ul on:keydown=walk>
                <For each key=line_key let:line>
                    <li>
                        <LineView line all keys badges folded/>
                    </li>
                </For>
            </ul>
            <More rest=Signal::derive(rest) show=move || shown.update(|shown| *shown += PAGE)/>
            <Hint keys state filter all/>
        </div>
    }
}

/// What stays the same of a line while it shows.
fn line_key(line: &Line) -> (bool, String) {
    match line {
        Line::Group { name, .. } => (true, name.clone()),
        Line::Entry { glob, .. } => (false, glob.to_string()),
    }
}

/// One line of the column.
#[component]
fn LineView(
    line: Line,
    all: Memo<Vec<Line>>,
    keys: Memo<Option<Keys>>,
    badges: RwSignal<Badges>,
    folded: RwSignal<HashMap<String, bool>>,
) -> impl IntoView {
    match line {
        Line::Group { name, .. } => view! { <GroupHead name all folded/> }.into_any(),
        Line::Entry { glob, within } => view! { <EntryLink glob within keys badges/> }.into_any(),
    }
}

/// The head of a group: folds it.
#[component]
fn GroupHead(
    name: String,
    all: Memo<Vec<Line>>,
    folded: RwSignal<HashMap<String, bool>>,
) -> impl IntoView {
    let state = {
        let name = name.clone();
        Memo::new(move |_| {
            all.with(|all| {
                all.iter().find_map(|line| match line {
                    Line::Group { name: other, count, open } if *other == name => {
                        Some((*count, *open))
                    }
                    Line::Group { .. } | Line::Entry { .. } => None,
                })
            })
            .unwrap_or_default()
        })
    };
    let fold = {
        let name = name.clone();
        move |_| folded.update(|it| _ = it.insert(name.clone(), state.get_untracked().1))
    };
    view! {
        <button
            type="button"
            class="key-group"
            aria-expanded=move || state.get().1.to_string()
            on:click=fold
        >
            {Icon::Chevron.with_class("icon chevron")}
            <span class="name">{name}</span>
            <span class="count">{move || state.get().0}</span>
        </button>
    }
}

/// A list or a key, to choose.
#[component]
fn EntryLink(
    glob: Glob,
    within: bool,
    keys: Memo<Option<Keys>>,
    badges: RwSignal<Badges>,
) -> impl IntoView {
    let count = {
        let glob = glob.clone();
        Memo::new(move |_| {
            keys.with(|keys| keys.as_ref().and_then(|keys| keys.get(&glob)).map(|it| it.count))
        })
    };
    let badge = {
        let glob = glob.clone();
        Memo::new(move |_| badges.with(|badges| badges.of(&glob)))
    };
    let word = move || match badge.get() {
        Some(Badge::Word(word)) => Some(view! { <span class="badge-of">{word}</span> }),
        Some(Badge::Limit(_)) | None => None,
    };
    let most = move || match badge.get() {
        Some(Badge::Limit(most)) => format!("/{most}"),
        Some(Badge::Word(_)) | None => String::new(),
    };
    let is_list = glob.is_list();
    let (prefix, rest) = match glob.as_str().split_once('/').filter(|_| within) {
        Some((prefix, rest)) => (format!("{prefix}/"), rest.to_owned()),
        None => (String::new(), glob.to_string()),
    };
    view! {
        <Link to=Place::Document(glob) class=if within { "key within" } else { "key" }>
            {if is_list { Icon::List } else { Icon::Object }.draw()}
            <span class="name"><span class="prefix">{prefix}</span>{rest}</span>
            {word}
            {is_list.then(|| view! { <Count count most/> })}
        </Link>
    }
}

/// How many objects a list has; flashes when that changes.
#[component]
fn Count(
    count: Memo<Option<u64>>,
    /// What stands behind it: how many there may be.
    most: impl Fn() -> String + Send + 'static,
) -> impl IntoView {
    let lamp = Lamp::default();
    let changed = lamp.clone();
    Effect::new(move |old: Option<Option<u64>>| {
        let now = count.get();
        if old.flatten().is_some_and(|old| now.is_some_and(|now| now != old)) {
            changed.light();
        }
        now
    });
    view! {
        <span class=move || format!("count value {}", lamp.get().class())>
            {move || count.get()}
            {most}
            <span class="unseen">" objects"</span>
        </span>
    }
}

/// The field that narrows the column, and opens what is not in it.
#[component]
fn Filter(
    filter: RwSignal<String>,
    all: Memo<Vec<Line>>,
    keys: Memo<Option<Keys>>,
) -> impl IntoView {
    let route = use_route();
    let field = NodeRef::<html::Input>::new();
    let shortcut = window_event_listener(ev::keydown, move |event| {
        let meant = event.key() == "/" && !(event.ctrl_key() || event.meta_key());
        if let Some(field) = field.get_untracked().filter(|_| meant && !is_writing(&event)) {
            event.prevent_default();
            _ = field.focus();
        }
    });
    on_cleanup(move || shortcut.remove());
    let choose = move |event: KeyboardEvent| match event.key().as_str() {
        "Escape" => filter.set(String::new()),
        "Enter" => {
            let glob = keys.with_untracked(|keys| {
                all.with_untracked(|all| meant(keys.as_ref()?, all, &filter.get_untracked()))
            });
            if let Some(glob) = glob {
                route.go(Place::Document(glob));
            }
        }
        _ => {}
    };
    view! {
        <div class="filter">
            <label>
                {Icon::Search.draw()}
                <span class="unseen">"Filter keys"</span>
                <input
                    type="search"
                    placeholder="Filter or open a key"
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    node_ref=field
                    prop:value=filter
                    on:input=move |event| filter.set(event_target_value(&event))
                    on:keydown=choose
                />
                <kbd aria-hidden="true">"/"</kbd>
            </label>
        </div>
    }
}

/// What shows below the lines, or instead of them.
#[component]
fn Hint(
    keys: Memo<Option<Keys>>,
    #[prop(into)] state: Signal<State>,
    filter: RwSignal<String>,
    all: Memo<Vec<Line>>,
) -> impl IntoView {
    let known = Memo::new(move |_| keys.with(|keys| keys.as_ref().map(Keys::is_empty)));
    let none = Memo::new(move |_| all.with(Vec::is_empty));
    let unlisted = Memo::new(move |_| {
        let filter = filter.get();
        keys.with(|keys| unlisted(keys.as_ref()?, &filter))
    });
    let text = move || match (known.get(), state.get()) {
        (None, State::Closed(reason)) => Some(reason.to_string()),
        (None, _) => None,
        (Some(true), _) => Some("No keys yet".to_owned()),
        (Some(false), _) => none.get().then(|| filter.with(|filter| nothing(filter))),
    };
    let waiting = move || {
        let waiting = known.get().is_none() && !matches!(state.get(), State::Closed(_));
        waiting.then(|| view! { <Skeleton/> })
    };
    let watch = move || {
        unlisted.get().map(|glob| {
            let name = glob.to_string();
            view! {
                <Link to=Place::Document(glob) class="key">
                    {Icon::Eye.draw()}
                    "Open"
                    <span class="name">{name}</span>
                </Link>
            }
        })
    };
    view! {
        {watch}
        {waiting}
        {move || text().map(|text| view! { <p class="hint sentence">{text}</p> })}
    }
}

/// Why a filter leaves nothing, and nothing to open.
fn nothing(filter: &str) -> String {
    match Glob::parse(filter.trim()) {
        Err(why) if filter.contains('/') => format!("No key has that in its name, and {why}"),
        _ => "No key has that in its name".to_owned(),
    }
}

/// Up and down go from line to line.
fn walk(event: KeyboardEvent) {
    let line = event.target().and_then(|it| it.dyn_into::<web_sys::Element>().ok());
    let Some(line) = line.and_then(|it| it.closest("li").ok().flatten()) else { return };
    let to = match event.key().as_str() {
        "ArrowDown" => line.next_element_sibling(),
        "ArrowUp" => line.previous_element_sibling(),
        _ => return,
    };
    let to = to.and_then(|it| it.first_element_child()?.dyn_into::<HtmlElement>().ok());
    if let Some(to) = to {
        event.prevent_default();
        _ = to.focus();
    }
}
