//! Parts of the pages about data that are loaded when somebody wants them: the editor, and dialogs.

use std::pin::Pin;

use leptos::{prelude::*, task::spawn_local};
use monoxide_client::data::{self, Condition};
use monoxide_protocol::{Glob, Key, Object};

use crate::{
    Live, Session,
    model::refused,
    view::{Icon, Page, Toasts, use_commands, use_toasts},
};

/// A part on its way; `None` when it cannot be fetched.
pub type Loading<T> = Pin<Box<dyn Future<Output = Option<Page<T>>>>>;

/// What loads the parts. The application provides it, as it knows what is in which file.
#[derive(Debug, Clone, Copy)]
pub struct Parts {
    /// Loads what shows an [`EditorPart`](crate::view::EditorPart).
    pub editor: fn() -> Loading<Editing>,
    /// Loads what shows a [`DialogPart`](crate::view::DialogPart).
    pub dialog: fn() -> Loading<Asking>,
}

impl Parts {
    /// Lets the pages about data find it.
    pub fn provide(self) {
        provide_context(self);
    }
}

/// An object that is to be edited.
#[derive(Debug, Clone)]
pub struct Editing {
    pub(super) key: Key,
    pub(super) live: Live,
    pub(super) close: Callback<()>,
}

/// Where a new object goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Where {
    /// Into a list.
    In(Glob),
    /// Under a key, which is this at first.
    Named(String),
}

/// What a dialog asks about.
#[derive(Debug, Clone)]
pub(super) enum Ask {
    /// A new object, and what is in it at first.
    New { title: String, place: Where, text: Option<String> },
    /// Whether an object is to go.
    Delete(Key),
    /// What goes into a list.
    Import(Glob),
    /// How a list is written down.
    Export(Glob),
}

/// A dialog that is open, and what closes it.
#[derive(Debug, Clone)]
pub struct Asking {
    pub(super) what: Ask,
    pub(super) close: Callback<()>,
}

/// Shows the dialog that is wanted.
#[component]
pub(super) fn Dialogs(asked: RwSignal<Option<Ask>>) -> impl IntoView {
    let (parts, toasts) = (expect_context::<Parts>(), use_toasts());
    let loaded = RwSignal::new(None::<Page<Asking>>);
    let wanted = Memo::new(move |_| asked.with(Option::is_some));
    Effect::new(move |_| {
        if !wanted.get() || loaded.with_untracked(Option::is_some) {
            return;
        }
        spawn_local(async move {
            match (parts.dialog)().await {
                Some(page) => _ = loaded.try_set(Some(page)),
                None => {
                    toasts.complain("The server cannot be reached, so this did not load");
                    _ = asked.try_set(None);
                }
            }
        });
    });
    let close = Callback::new(move |()| asked.set(None));
    move || {
        let (what, page) = (asked.get()?, loaded.get()?);
        Some(page(Asking { what, close }))
    }
}

/// A button that asks for a new object under any key.
#[component]
pub fn NewKey() -> impl IntoView {
    let asked = RwSignal::new(None::<Ask>);
    let ask = move || {
        let (title, place) = ("New object".to_owned(), Where::Named(String::new()));
        asked.set(Some(Ask::New { title, place, text: None }));
    };
    use_commands().offer("New object", "n", ask);
    view! {
        <div class="notice-end">
            <button type="button" class="button primary" on:click=move |_| ask()>
                {Icon::Plus.draw()}
                "New object"
            </button>
        </div>
        <Dialogs asked/>
    }
}

/// Puts an object back that was deleted, if nothing else is there.
pub(super) fn put_back(object: &Object, session: Session, toasts: Toasts) {
    let (key, data) = (object.key.clone(), object.data.clone());
    spawn_local(async move {
        match session.ask(&data::set(&key, &data, Condition::Missing)).await {
            Ok(_) => toasts.say(format!("Put {key} back")),
            Err(error) if error.is_conflict() => {
                toasts.complain(format!("Something else is stored as {key} now"));
            }
            Err(error) => toasts.complain(refused(&error)),
        }
    });
}
