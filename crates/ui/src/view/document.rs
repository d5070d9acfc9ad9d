//! The chosen key or list, live.

use std::sync::Arc;

use leptos::prelude::*;
use monoxide_protocol::{Glob, Watched};

use crate::{
    Live, Reason, State,
    model::{Folds, Moment, Place, Shown, read_command},
    use_live,
    view::{
        Banner, CopyButton, Deleted, EmptyList, Icon, Item, Items, Known, Link, Missing, Notice,
        Skeleton, Tracked, Tree, When, now, use_items, use_object,
    },
};

/// Lists longer than this cannot be unfolded at once.
const UNFOLDABLE: usize = 100;

/// One key or list: its name, how it is doing, and what is in it.
#[component]
pub fn Document(
    /// What is shown.
    glob: Glob,
) -> impl IntoView {
    let live = {
        let watched = Watched::from(glob.clone());
        use_live(move || Some(watched.clone()))
    };
    if glob.is_list() {
        view! { <ListPage glob live/> }.into_any()
    } else {
        view! { <ObjectPage glob live/> }.into_any()
    }
}

/// The page of a list.
#[component]
fn ListPage(glob: Glob, live: Live) -> impl IntoView {
    let known = use_items(live);
    let items = Signal::derive(move || known.get().unwrap_or_default());
    let count = Memo::new(move |_| known.with(|known| known.as_ref().map(Vec::len)));
    let facts = move || {
        let text = match count.get()? {
            0 => "Empty list".to_owned(),
            1 => "1 object".to_owned(),
            count => format!("{count} objects, newest first"),
        };
        Some(view! { <p class="facts">{text}</p> })
    };
    let empty = Memo::new(move |_| count.get() == Some(0));
    let known = Memo::new(move |_| count.get().is_some());
    let list = glob.clone();
    view! {
        <Frame glob live known facts tools=move || view! { <FoldItems items/> }>
            {
                let list = list.clone();
                move || {
                    let list = list.clone();
                    if empty.get() {
                        view! { <EmptyList list/> }.into_any()
                    } else {
                        view! { <Items items list/> }.into_any()
                    }
                }
            }
        </Frame>
    }
}

/// The page of one object.
#[component]
fn ObjectPage(glob: Glob, live: Live) -> impl IntoView {
    let known = use_object(live);
    let folds = RwSignal::new(Folds::default());
    let here = Memo::new(move |_| matches!(known.get(), Some(Known::Here(_))));
    let tracked = move || match known.get() {
        Some(Known::Here(tracked)) => Some(tracked),
        Some(Known::Missing | Known::Deleted(_)) | None => None,
    };
    let facts = move || tracked().map(|it| view! { <Facts object=it.object/> });
    let tools = move || {
        let data = move || tracked().map(|it| it.object.with_untracked(pretty)).unwrap_or_default();
        here.get().then(|| {
            view! {
                <FoldTree folds/>
                <CopyButton text=data label="Copy JSON"/>
            }
        })
    };
    let name = glob.clone();
    let content = move || {
        let glob = name.clone();
        Some(match known.get()? {
            Known::Here(it) => {
                view! { <div class="card"><Data tracked=it folds label=glob.to_string()/></div> }
                    .into_any()
            }
            Known::Missing => view! { <Missing glob/> }.into_any(),
            Known::Deleted(was) => view! { <Deleted was/> }.into_any(),
        })
    };
    view! {
        <Frame glob live known=Memo::new(move |_| known.with(Option::is_some)) facts tools>
            {content.clone()}
        </Frame>
    }
}

/// What is around every document: its name, what can be done with it, and how it is doing.
#[component]
fn Frame(
    glob: Glob,
    live: Live,
    /// Whether there is something to show.
    known: Memo<bool>,
    #[prop(into)] facts: ViewFn,
    #[prop(into)] tools: ViewFn,
    children: ChildrenFn,
) -> impl IntoView {
    let state = live.state;
    let old = Memo::new(move |_| !state.with(State::is_live));
    let command = {
        let glob = glob.clone();
        move || read_command(&origin(), &glob)
    };
    let content = move || {
        if known.get() { children().into_any() } else { view! { <Waiting state/> }.into_any() }
    };
    view! {
        <article class="page" class:old=move || known.get() && old.get()>
            <Link to=Place::Home class="back">{Icon::Back.draw()} "All keys"</Link>
            <header class="head">
                <div class="what">
                    <Name glob/>
                    {move || facts.run()}
                </div>
                <div class="tools">
                    {move || tools.run()}
                    <CopyButton text=command label="Copy curl" icon=Icon::Terminal/>
                </div>
            </header>
            {move || known.get().then(|| view! { <Age state/> })}
            {content}
        </article>
    }
}

/// The name of a document, with a link to the list it is in.
#[component]
fn Name(glob: Glob) -> impl IntoView {
    let list = glob.as_key().and_then(|key| key.list());
    let parent = list.map(|list| {
        let name = list.as_str().trim_end_matches("/*").to_owned();
        view! { <Link to=Place::Document(list)>{name}</Link> <span class="slash">"/"</span> }
    });
    let name = match glob.as_key() {
        Some(key) => key.index().to_owned(),
        None => glob.to_string(),
    };
    view! { <h1 tabindex="-1">{parent} {name}</h1> }
}

/// Says that a document is not up to date, when it is not.
#[component]
pub fn Age(
    /// How the subscription is doing.
    state: Signal<State>,
) -> impl IntoView {
    let since = Memo::new(move |old: Option<&Option<Moment>>| {
        let is_old = !state.with(State::is_live);
        is_old.then(|| old.copied().flatten().unwrap_or_else(now))
    });
    let banner = move || {
        let since = since.get()?.time();
        match state.get() {
            State::Live => None,
            State::Connecting(_) => Some(view! {
                <Banner title="Connecting again">
                    <p>{format!("This is how it was at {since}.")}</p>
                </Banner>
            }.into_any()),
            State::Stale(trouble) => Some(view! {
                <Banner title="Reconnecting">
                    <p>{format!("This is how it was at {since}: {trouble}. It goes on by itself.")}</p>
                </Banner>
            }.into_any()),
            State::Closed(reason) => Some(view! {
                <Banner title="No longer live" trouble=true>
                    <p>{format!("This is how it was at {since}: {reason}.")}</p>
                </Banner>
            }.into_any()),
        }
    };
    view! { <div role="status">{banner}</div> }
}

/// What shows until there is a document, or instead of one.
#[component]
pub fn Waiting(
    /// How the subscription is doing.
    state: Signal<State>,
) -> impl IntoView {
    move || {
        match state.get() {
        State::Closed(reason) => view! { <Refused reason/> }.into_any(),
        State::Connecting(Some(trouble)) | State::Stale(trouble) => view! {
            <Skeleton/>
            <Notice icon=Icon::Offline title="Still trying">
                <p>{format!("So far {trouble}. Nothing has to be done: this page tries again by itself.")}</p>
            </Notice>
        }
        .into_any(),
        State::Connecting(None) | State::Live => view! { <Skeleton/> }.into_any(),
    }
    }
}

/// Why there will be no document.
#[component]
fn Refused(reason: Reason) -> impl IntoView {
    let (icon, title) = match reason {
        Reason::NeedsAuth => (Icon::Lock, "You have to sign in to see this"),
        Reason::Forbidden => (Icon::Lock, "You may not see this"),
        _ => (Icon::Alert, "The server does not show this"),
    };
    view! {
        <Notice icon title trouble=true>
            <p>{format!("The connection was closed, and will stay closed: {reason}.")}</p>
        </Notice>
    }
}

/// When an object was made and last changed.
#[component]
pub fn Facts(
    /// The object.
    #[prop(into)]
    object: Signal<Shown>,
) -> impl IntoView {
    let created = Signal::derive(move || object.with(|object| object.created));
    let updated = Signal::derive(move || object.with(|object| object.updated));
    let never = Memo::new(move |_| updated.get() == 0);
    let change = move || {
        if never.get() {
            view! { "never" }.into_any()
        } else {
            view! { <When at=updated/> }.into_any()
        }
    };
    view! {
        <dl class="facts">
            <div><dt>"Created"</dt><dd><When at=created/></dd></div>
            <div><dt>"Changed"</dt><dd>{change}</dd></div>
        </dl>
    }
}

/// The data of an object as a tree.
#[component]
pub(super) fn Data(tracked: Tracked, folds: RwSignal<Folds>, label: String) -> impl IntoView {
    let Tracked { object, flashes } = tracked;
    let value = Signal::derive(move || object.with(|object| Arc::clone(&object.data)));
    let flashes = Signal::derive(move || flashes.get());
    view! { <Tree value flashes folds label/> }
}

/// Folds a whole tree, or unfolds it.
#[component]
fn FoldTree(folds: RwSignal<Folds>) -> impl IntoView {
    let unfolded = RwSignal::new(false);
    let press = move || {
        unfolded.update(|it| *it = !*it);
        folds.set(Folds::all(unfolded.get_untracked()));
    };
    view! { <FoldButton unfolded press/> }
}

/// Unfolds all objects of a list, or folds them.
#[component]
fn FoldItems(items: Signal<Vec<Item>>) -> impl IntoView {
    let unfolded = Signal::derive(move || items.with(|items| items.iter().any(Item::is_open)));
    let useful = Memo::new(move |_| {
        items.with(|items| (1..=UNFOLDABLE).contains(&items.len())) || unfolded.get()
    });
    let press = move || {
        let open = !unfolded.get_untracked();
        items.with_untracked(|items| items.iter().for_each(|item| item.set_open(open)));
    };
    move || useful.get().then(|| view! { <FoldButton unfolded press/> })
}

#[component]
fn FoldButton(
    #[prop(into)] unfolded: Signal<bool>,
    press: impl Fn() + Send + 'static,
) -> impl IntoView {
    view! {
        <button type="button" class="button" on:click=move |_| press()>
            {move || if unfolded.get() { Icon::Fold.draw() } else { Icon::Unfold.draw() }}
            {move || if unfolded.get() { "Fold all" } else { "Unfold all" }}
        </button>
    }
}

fn pretty(object: &Shown) -> String {
    format!("{:#}", object.data)
}

/// The address of the server, as a command would name it.
pub(super) fn origin() -> String {
    window().location().origin().unwrap_or_default()
}
