//! The chosen key or list, live.

use std::sync::Arc;

use leptos::prelude::*;
use monoxide_protocol::{Glob, Watched};

use crate::{
    Live, State,
    model::{Command, Folds, Place, Shown, base},
    use_live,
    view::{
        Age, CopyButton, Deleted, EmptyList, Icon, Items, Known, Link, Missing, Times, Tracked,
        Tree, Waiting,
        fold::{FoldItems, FoldTree},
        use_items, use_object,
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
    let facts = move || tracked().map(|it| view! { <Times object=it.object/> });
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
        move || Command::read(&origin(), &glob).to_string()
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

/// The data of an object as a tree.
#[component]
pub(super) fn Data(tracked: Tracked, folds: RwSignal<Folds>, label: String) -> impl IntoView {
    let Tracked { object, flashes } = tracked;
    let value = Signal::derive(move || object.with(|object| Arc::clone(&object.data)));
    let flashes = Signal::derive(move || flashes.get());
    view! { <Tree value flashes folds label/> }
}

fn pretty(object: &Shown) -> String {
    format!("{:#}", object.data)
}

/// The address of the server, as a command would name it.
pub(super) fn origin() -> String {
    format!("{}{}", window().location().origin().unwrap_or_default(), base())
}
