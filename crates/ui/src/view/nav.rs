//! The way to every page, in the header: in a line, and where there is no room for one, as a menu.

use leptos::{ev::MouseEvent, html, prelude::*};

use crate::{
    Standing,
    model::Place,
    session::use_session,
    view::{
        Icon, Link, Overlay, ThemeButton,
        commands::{PAGES, is_for_administrators},
        use_commands, use_route,
    },
};

/// Whether whoever is at the page may look after the server: an administrator, or anybody where
/// nobody is asked who they are.
#[must_use]
pub fn use_looks_after() -> Memo<bool> {
    let standing = use_session().standing();
    Memo::new(move |_| match standing.get() {
        Standing::Open => true,
        Standing::In(profile) => profile.is_administrator(),
        Standing::Asking { .. } | Standing::Out(_) => false,
    })
}

/// Links to the pages, and what is of use on all of them.
#[component]
pub fn Nav() -> impl IntoView {
    let here = use_route().here();
    let looks_after = use_looks_after();
    let menu = NodeRef::<html::Div>::new();
    let close = move || _ = menu.get_untracked().map(|menu| menu.hide_popover());
    Effect::new(move |before: Option<()>| {
        here.track();
        if before.is_some() {
            close();
        }
    });
    let link = move |(place, name, _): (Place, &'static str, &'static str)| {
        let of = place.clone();
        let is_here = Memo::new(move |_| here.with(|here| is_part_of(here, &of)));
        let shown = !is_for_administrators(&place);
        view! {
            <li class="place" class:here=is_here hidden=move || !(shown || looks_after.get())>
                <Link to=place>{name}</Link>
            </li>
        }
    };
    let commands = use_commands();
    let find = move |_: MouseEvent| {
        close();
        commands.overlay.set(Some(Overlay::Palette));
    };
    view! {
        <button type="button" class="tool menu-button" popovertarget="places" aria-haspopup="true">
            {Icon::List.draw()}
            <span class="unseen">"Pages"</span>
        </button>
        <div id="places" class="places" popover="auto" node_ref=menu>
            <nav aria-label="Pages">
                <ul>{PAGES.into_iter().map(link).collect_view()}</ul>
            </nav>
            <button type="button" class="tool" title="Go to anything (Ctrl K)" on:click=find>
                {Icon::Search.draw()}
                <span class="tool-name">"Go to…"</span>
            </button>
            <ThemeButton/>
        </div>
    }
}

/// Whether a place belongs to a page of the header.
fn is_part_of(here: &Place, page: &Place) -> bool {
    match page {
        Place::Home => {
            matches!(here, Place::Home | Place::Document(_) | Place::Nowhere { .. })
        }
        Place::Live(_) => matches!(here, Place::Live(_)),
        _ => here == page,
    }
}
