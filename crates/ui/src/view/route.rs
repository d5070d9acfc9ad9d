//! Where the page is: the address bar as a signal, and links that change it.

use leptos::{
    ev::{self, MouseEvent},
    prelude::*,
};
use wasm_bindgen::JsValue;

use crate::model::Place;

/// The place that the address bar names. Give it to the page with [`Route::provide`], and take
/// it with [`use_route`].
#[derive(Debug, Clone, Copy)]
pub struct Route(RwSignal<Place>);

impl Route {
    /// Reads the address bar, follows it from now on, and lets [`use_route`] find it.
    pub fn provide() -> Self {
        let route = Self(RwSignal::new(address()));
        let back_and_forth = window_event_listener(ev::popstate, move |_| route.show(address()));
        on_cleanup(move || back_and_forth.remove());
        provide_context(route);
        route
    }

    /// Where the page is.
    #[must_use]
    pub fn here(self) -> Signal<Place> {
        self.0.into()
    }

    /// Goes to `place`, so that the browser's back button leads back.
    pub fn go(self, place: Place) {
        if self.is_at(&place) {
            return;
        }
        // Browsers refuse only when a page does this a hundred times in seconds; then the page
        // still changes, and the address stays behind.
        _ = window().history().and_then(|history| {
            history.push_state_with_url(&JsValue::NULL, "", Some(&place.address()))
        });
        self.show(place);
        window().scroll_to_with_x_and_y(0.0, 0.0);
    }

    /// Goes to `place` in the place of where the page is: the browser's back button does not lead
    /// back here.
    pub fn replace(self, place: Place) {
        _ = window().history().and_then(|history| {
            history.replace_state_with_url(&JsValue::NULL, "", Some(&place.address()))
        });
        self.show(place);
    }

    /// The address may change without the place, as by a link to a part of the page.
    fn show(self, place: Place) {
        if !self.is_at(&place) {
            self.0.set(place);
        }
    }

    fn is_at(self, place: &Place) -> bool {
        self.0.with_untracked(|here| here == place)
    }
}

/// The place that the address bar names.
///
/// # Panics
///
/// When no component above has called [`Route::provide`].
#[must_use]
pub fn use_route() -> Route {
    expect_context()
}

fn address() -> Place {
    Place::read(&window().location().pathname().unwrap_or_default())
}

/// A link to a place of this page. It is a real link: it can be opened in another tab, copied
/// and bookmarked.
#[component]
pub fn Link(
    /// Where it leads.
    to: Place,
    /// Its class in the style sheet.
    #[prop(default = "")]
    class: &'static str,
    /// What stands on it.
    children: Children,
) -> impl IntoView {
    let route = use_route();
    let current = {
        let to = to.clone();
        move || route.here().with(|here| *here == to).then_some("page")
    };
    let address = to.address();
    let follow = move |event: MouseEvent| {
        if is_plain(&event) {
            event.prevent_default();
            route.go(to.clone());
        }
    };
    view! {
        <a class=class href=address aria-current=current on:click=follow>
            {children()}
        </a>
    }
}

/// Whether a click means "go there", and not "open it elsewhere".
fn is_plain(click: &MouseEvent) -> bool {
    click.button() == 0
        && !(click.ctrl_key() || click.meta_key() || click.shift_key() || click.alt_key())
}
