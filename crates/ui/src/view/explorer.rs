//! What is stored: the keys and lists beside, the chosen one in the middle.

use leptos::{html, prelude::*};
use monoxide_protocol::Keys;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::{
    Live, State,
    model::{Badges, Place},
    view::{Age, EmptyServer, Icon, KeyColumn, Link, NewKey, Notice, Waiting, use_keys, use_route},
};

/// The browser of what is stored, and around it the pages of the same application.
#[component]
pub fn Explorer(
    /// What exists, live: what follows [`Watched::Keys`](monoxide_protocol::Watched::Keys).
    keys: Live,
    /// What the server is called.
    name: String,
    /// What is known of the filters; see [`AskBadges`](super::AskBadges).
    badges: RwSignal<Badges>,
    /// Shows a place: a [`Document`](super::Document), and what else there is.
    page: fn(Place) -> AnyView,
) -> impl IntoView {
    let here = use_route().here();
    let known = use_keys(keys);
    // What is known of the keys, for pages that propose some.
    provide_context(known);
    let main = NodeRef::<html::Main>::new();
    // On a phone the choice takes the place of the column in which it was made: whoever goes by
    // keyboard or by ear has to come along.
    Effect::new(move |before: Option<()>| {
        here.track();
        if let Some(main) = main.get_untracked().filter(|_| before.is_some() && is_lost()) {
            _ = main.focus();
        }
    });
    let shown = move || match here.get() {
        Place::Home => view! { <Home keys=known state=keys.state name=name.clone()/> }.into_any(),
        Place::Nowhere { text, why } => view! {
            <h1 class="unseen">{text.clone()}</h1>
            <Notice icon=Icon::Alert title=format!("{text} is not a key") trouble=true>
                <p>{format!("{why}.")}</p>
                <Link to=Place::Home class="button">"All keys"</Link>
            </Notice>
        }
        .into_any(),
        place => page(place),
    };
    view! {
        <div class="columns">
            <nav class="side" aria-label="Keys">
                <KeyColumn keys=known state=keys.state badges/>
            </nav>
            <main id="main" tabindex="-1" node_ref=main>{shown}</main>
        </div>
    }
}

/// What shows while nothing is chosen.
#[component]
fn Home(keys: Memo<Option<Keys>>, state: Signal<State>, name: String) -> impl IntoView {
    let empty = Memo::new(move |_| keys.with(|keys| keys.as_ref().map(Keys::is_empty)));
    let is_known = Memo::new(move |_| empty.get().is_some());
    let content = move || match empty.get() {
        Some(true) => view! { <Age state/> <EmptyServer/> }.into_any(),
        Some(false) => view! { <Age state/> <Overview keys/> }.into_any(),
        None => view! { <Waiting state/> }.into_any(),
    };
    view! {
        <div class="page">
            <h1 class="unseen">{name}</h1>
            {content}
            {move || is_known.get().then(|| view! { <NewKey/> })}
        </div>
    }
}

/// How much is stored, and where to go from here.
#[component]
fn Overview(keys: Memo<Option<Keys>>) -> impl IntoView {
    let count = move |of: fn(&Keys) -> u64| {
        move || keys.with(|keys| keys.as_ref().map(of)).unwrap_or_default()
    };
    let lists = count(|keys| keys.keys().map(|glob| u64::from(glob.is_list())).sum());
    let objects = count(|keys| keys.values().map(|listed| listed.count).sum());
    view! {
        <Notice icon=Icon::List title="Choose a key">
            <p>"It is shown here, live: what anyone writes to it shows at once."</p>
            <dl class="tally">
                <div><dt>"Lists"</dt><dd>{lists}</dd></div>
                <div><dt>"Objects"</dt><dd>{objects}</dd></div>
            </dl>
        </Notice>
    }
}

/// Whether no element that can be seen has the focus.
fn is_lost() -> bool {
    let active = document().active_element().and_then(|it| it.dyn_into::<HtmlElement>().ok());
    active.is_none_or(|active| active.tag_name() == "BODY" || active.offset_parent().is_none())
}
