//! The chosen key or list, live.

use std::sync::Arc;

use leptos::prelude::*;
use monoxide_protocol::{Glob, Watched};

use crate::{
    Live, Session, Standing, State,
    model::{Command, Folds, Place, base},
    use_live,
    view::{
        Age, Icon, Link, ListActions, TablePage, Tracked, Tree, Waiting, object_page::ObjectPage,
    },
};

/// One key or list: its name, how it is doing, and what is in it.
#[component]
pub fn Document(
    /// What is shown.
    glob: Glob,
) -> impl IntoView {
    let Some(key) = glob.as_key() else {
        let list = glob.clone();
        return view! { <TablePage glob><ListActions glob=list.clone()/></TablePage> }.into_any();
    };
    let live = use_live(move || Some(Watched::from(glob.clone())));
    view! { <ObjectPage key live/> }.into_any()
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
pub(super) fn Name(glob: Glob) -> impl IntoView {
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

/// A command as it has to be for who looks at the page: where people sign in, a shell needs a token.
pub(super) fn as_asker(command: Command) -> Command {
    let session = use_context::<Session>();
    let is_open =
        session.is_none_or(|session| session.standing().with_untracked(|it| *it == Standing::Open));
    if is_open { command } else { command.with_token() }
}

/// The address of the server, as a command would name it.
pub(super) fn origin() -> String {
    format!("{}{}", window().location().origin().unwrap_or_default(), base())
}
