//! What can be done by a key or from the palette, and what is pressed for it.

use std::sync::Arc;

use leptos::{
    ev::{self, KeyboardEvent},
    prelude::*,
};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::{
    model::{Place, Strokes},
    view::{Route, use_looks_after, use_route},
};

/// Something that can be done. Give it to [`Commands::offer`].
#[derive(Debug, Clone)]
pub struct Offer {
    /// What it does, in a few words: `New object`.
    pub name: String,
    /// What is pressed for it: a key, or two with a blank between; empty when nothing is.
    pub keys: &'static str,
    /// Does it.
    pub act: Callback<()>,
    id: u64,
}

/// What lies over the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlay {
    /// The command palette.
    Palette,
    /// The sheet of shortcuts.
    Sheet,
}

/// What can be done where the page is. Copying it copies a handle.
#[derive(Debug, Clone, Copy)]
pub struct Commands {
    route: Route,
    looks_after: Memo<bool>,
    offers: RwSignal<Arc<Vec<Offer>>>,
    /// What lies over the page.
    pub overlay: RwSignal<Option<Overlay>>,
    /// What was typed while the palette was on its way.
    ahead: StoredValue<String>,
}

/// The pages, what they are called, and what is pressed after `g` to go there.
pub const PAGES: [(Place, &str, &str); 7] = [
    (Place::Home, "Data", "g d"),
    (Place::Live(None), "Live", "g l"),
    (Place::Monitor, "Monitor", "g m"),
    (Place::Filters, "Filters", "g f"),
    (Place::Endpoints, "Endpoints", "g e"),
    (Place::Orphans, "Orphan keys", "g o"),
    (Place::Backups, "Backups", "g b"),
];

impl Commands {
    /// Follows the keyboard, and lets [`use_commands`] find it.
    pub fn provide() -> Self {
        let commands = Self {
            route: use_route(),
            looks_after: use_looks_after(),
            offers: RwSignal::default(),
            overlay: RwSignal::new(None),
            ahead: StoredValue::default(),
        };
        provide_context(commands);
        commands
            .keep(Offer::new("Shortcuts", "?", move || commands.overlay.set(Some(Overlay::Sheet))));
        let strokes = StoredValue::new(Strokes::default());
        let pressed =
            window_event_listener(ev::keydown, move |event| commands.hear(&event, strokes));
        on_cleanup(move || pressed.remove());
        commands
    }

    /// Offers to do something for as long as the current component is there.
    pub fn offer(
        self,
        name: impl Into<String>,
        keys: &'static str,
        act: impl Fn() + Send + Sync + 'static,
    ) {
        let id = self.keep(Offer::new(name, keys, act));
        on_cleanup(move || {
            _ = self.offers.try_update(|all| Arc::make_mut(all).retain(|it| it.id != id));
        });
    }

    /// What is offered, what came last first.
    #[must_use]
    pub fn offers(self) -> Vec<Offer> {
        self.offers.with(|all| all.iter().rev().cloned().collect())
    }

    /// What was typed while the palette was on its way, once.
    pub(super) fn typed_ahead(self) -> String {
        self.ahead.try_update_value(std::mem::take).unwrap_or_default()
    }

    fn keep(self, offer: Offer) -> u64 {
        let mut id = 0;
        self.offers.update(|all| {
            id = all.last().map_or(0, |it| it.id) + 1;
            Arc::make_mut(all).push(Offer { id, ..offer });
        });
        id
    }

    fn hear(self, event: &KeyboardEvent, strokes: StoredValue<Strokes>) {
        let held = event.ctrl_key() || event.meta_key();
        if held && !event.alt_key() && !event.shift_key() && event.key().eq_ignore_ascii_case("k") {
            event.prevent_default();
            self.overlay.set(Some(Overlay::Palette));
            return;
        }
        let is_free =
            !(held || event.alt_key() || event.default_prevented() || event.is_composing());
        if !is_free || is_writing(event) || is_covered() || event.key() == "Shift" {
            return;
        }
        if self.overlay.get_untracked().is_some() {
            if event.key().chars().count() == 1 {
                event.prevent_default();
                self.ahead.update_value(|typed| typed.push_str(&event.key()));
            }
            return;
        }
        let now = js_sys::Date::now();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is after 1970"
        )]
        let now = now as u64;
        let known = |keys: &str| self.act_of(keys).is_some();
        let meant = strokes.try_update_value(|it| it.press(&event.key(), now, known)).flatten();
        if let Some(act) = meant.and_then(|keys| self.act_of(&keys)) {
            event.prevent_default();
            act();
        }
    }

    /// What is to be done when these keys are pressed, if anything.
    fn act_of(self, keys: &str) -> Option<Box<dyn Fn()>> {
        let offered = self.offers.with_untracked(|all| {
            all.iter().rev().find(|it| !keys.is_empty() && it.keys == keys).map(|it| it.act)
        });
        if let Some(act) = offered {
            return Some(Box::new(move || act.run(())));
        }
        let (place, ..) = PAGES.into_iter().find(|(.., it)| *it == keys)?;
        let may_go = self.looks_after.get_untracked() || !is_for_administrators(&place);
        may_go.then(|| Box::new(move || self.route.go(place.clone())) as Box<dyn Fn()>)
    }
}

impl Offer {
    fn new(
        name: impl Into<String>,
        keys: &'static str,
        act: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), keys, act: Callback::new(move |()| act()), id: 0 }
    }
}

/// What can be done where the page is.
///
/// # Panics
///
/// When no component above has called [`Commands::provide`].
#[must_use]
pub fn use_commands() -> Commands {
    expect_context()
}

/// Whether a page is of use only to those who look after the server.
#[must_use]
pub fn is_for_administrators(place: &Place) -> bool {
    !(place.is_about_data() || matches!(place, Place::Profile | Place::SetUp))
}

/// Whether a key is pressed where it is text, or means something else already.
pub(crate) fn is_writing(event: &KeyboardEvent) -> bool {
    let field = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
    field.is_some_and(|field| {
        matches!(field.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
            || field.is_content_editable()
    })
}

/// Whether a dialog lies over the page, which has the keys for itself.
fn is_covered() -> bool {
    document().query_selector("dialog[open]").ok().flatten().is_some()
}
