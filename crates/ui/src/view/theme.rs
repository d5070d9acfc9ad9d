//! Light or dark.

use leptos::{ev, prelude::*};

use crate::view::Icon;

/// Where the choice is kept. The page's `theme.js` reads it before anything is painted.
const KEPT: &str = "monoxide.theme";

/// What the page looks like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    /// As everything else on the reader's machine.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// Reads a word, as it is kept.
    #[must_use]
    pub fn read(word: Option<&str>) -> Self {
        match word {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            _ => Self::System,
        }
    }

    /// The word that is kept; `None` for none.
    #[must_use]
    pub fn word(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "System theme",
            Self::Light => "Light theme",
            Self::Dark => "Dark theme",
        }
    }

    pub(super) fn icon(self) -> Icon {
        match self {
            Self::System => Icon::Screen,
            Self::Light => Icon::Sun,
            Self::Dark => Icon::Moon,
        }
    }

    fn next(self) -> Self {
        match self {
            Self::System => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::System,
        }
    }
}

/// What the page looks like, for all pages of this browser. Copying it copies a handle.
#[derive(Debug, Clone, Copy)]
pub struct Themes(RwSignal<Theme>);

impl Themes {
    /// Takes what was chosen before, follows what other pages of this browser choose, and lets
    /// [`use_theme`] find it.
    pub fn provide() -> Self {
        let themes = Self(RwSignal::new(kept()));
        let told = window_event_listener(ev::storage, move |event| {
            if event.key().is_none_or(|key| key == KEPT) {
                themes.show(kept());
            }
        });
        on_cleanup(move || told.remove());
        provide_context(themes);
        themes
    }

    /// What it is.
    #[must_use]
    pub fn get(self) -> Theme {
        self.0.get()
    }

    /// Shows another from now on, here and in the other pages.
    pub fn choose(self, theme: Theme) {
        // Without storage it holds until the page is loaded again.
        _ = storage().map(|storage| match theme.word() {
            Some(word) => storage.set_item(KEPT, word),
            None => storage.remove_item(KEPT),
        });
        self.show(theme);
    }

    fn show(self, theme: Theme) {
        if let Some(root) = document().document_element() {
            _ = match theme.word() {
                Some(word) => root.set_attribute("data-theme", word),
                None => root.remove_attribute("data-theme"),
            };
        }
        self.0.set(theme);
    }
}

/// What the page looks like.
///
/// # Panics
///
/// When no component above has called [`Themes::provide`].
#[must_use]
pub fn use_theme() -> Themes {
    expect_context()
}

/// A button that goes from one to the next.
#[component]
pub fn ThemeButton() -> impl IntoView {
    let themes = use_theme();
    let name = move || themes.get().name();
    let title = move || format!("{}; press for: {}", name(), themes.get().next().name());
    view! {
        <button
            type="button"
            class="tool theme"
            title=title
            on:click=move |_| themes.choose(themes.0.get_untracked().next())
        >
            {move || themes.get().icon().draw()}
            <span class="tool-name">{name}</span>
        </button>
    }
}

fn kept() -> Theme {
    let word = storage().and_then(|storage| storage.get_item(KEPT).ok().flatten());
    Theme::read(word.as_deref())
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}
