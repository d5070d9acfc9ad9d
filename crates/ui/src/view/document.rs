//! The chosen key or list, live.

use std::sync::Arc;

use leptos::prelude::*;
use monoxide_protocol::{Glob, Watched};

use crate::{
    Live, State,
    model::{Command, Folds, Place},
    use_live,
    view::{
        Age, CopyButton, EmptyList, Icon, Items, Link, ListActions, Tracked, Tree, Waiting,
        fold::FoldItems, object_page::ObjectPage, use_items,
    },
};

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
    match glob.as_key() {
        None => view! { <ListPage glob live/> }.into_any(),
        Some(key) => view! { <ObjectPage key live/> }.into_any(),
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
    let tools = {
        let glob = glob.clone();
        let command = move |glob: &Glob| Command::read(&origin(), glob).to_string();
        move || {
            let glob = glob.clone();
            let actions = glob.clone();
            view! {
                <ListActions glob=actions/>
                <FoldItems items/>
                <CopyButton text=move || command(&glob) label="Copy curl" icon=Icon::Terminal/>
            }
        }
    };
    let empty = Memo::new(move |_| count.get() == Some(0));
    let known = Memo::new(move |_| count.get().is_some());
    let list = glob.clone();
    view! {
        <Frame glob live known facts tools>
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

/// What is around every document: its name, what can be done with it, and how it is doing.
#[component]
pub(super) fn Frame(
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
                <div class="tools">{move || tools.run()}</div>
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

/// The data of an object as a tree.
#[component]
pub(super) fn Data(tracked: Tracked, folds: RwSignal<Folds>, label: String) -> impl IntoView {
    let Tracked { object, flashes } = tracked;
    let value = Signal::derive(move || object.with(|object| Arc::clone(&object.data)));
    let flashes = Signal::derive(move || flashes.get());
    view! { <Tree value flashes folds label/> }
}

/// The address of the server, as a command would name it.
pub(super) fn origin() -> String {
    window().location().origin().unwrap_or_default()
}
