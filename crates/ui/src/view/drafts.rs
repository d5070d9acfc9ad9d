//! What was typed and is not saved, in the storage of the browser.

use std::time::Duration;

use leptos::{ev, prelude::*};
use monoxide_protocol::Version;
use web_sys::Storage;

use crate::{
    Standing,
    model::{Draft, LONGEST_DRAFT, draft_name},
    use_session,
    view::{Editor, now},
};

/// Drafts up to this length are kept with each key, longer ones when the typing pauses.
const SHORT: usize = 50_000;

/// How long a pause is.
const PAUSE: Duration = Duration::from_millis(400);

/// Where drafts of one thing are kept. Copying it copies a handle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Drafts {
    name: StoredValue<String>,
    /// Whether the browser did not take the last one.
    pub(super) unkept: RwSignal<bool>,
    timer: StoredValue<Option<TimeoutHandle>>,
}

impl Drafts {
    /// Where drafts of `what` are kept for who is signed in.
    pub(super) fn of(what: &str) -> Self {
        let account = use_session().standing().with_untracked(|standing| match standing {
            Standing::In(profile) => Some(profile.account.clone()),
            _ => None,
        });
        // Browsers keep one storage for all that a host has, so servers below paths are told apart.
        let has_base = document().query_selector("base[href]").ok().flatten().is_some();
        let prefix = if has_base { document().base_uri().ok().flatten() } else { None };
        let prefix = prefix.unwrap_or_default();
        Self {
            name: StoredValue::new(draft_name(&prefix, account.as_deref(), what)),
            unkept: RwSignal::new(false),
            timer: StoredValue::new(None),
        }
    }

    /// What was kept.
    pub(super) fn read(self) -> Option<Draft> {
        let text = storage()?.get_item(&self.name.get_value()).ok()??;
        Draft::read(&text)
    }

    /// Forgets what was kept.
    pub(super) fn forget(self) {
        self.later(None);
        self.unkept.set(false);
        _ = storage().map(|it| it.remove_item(&self.name.get_value()));
    }

    fn write(self, text: String, base: Option<(String, Version)>) {
        let draft = Draft { text, base, typed: now().nanoseconds() };
        let text = draft.write();
        let kept = text.len() <= LONGEST_DRAFT
            && storage().is_some_and(|it| it.set_item(&self.name.get_value(), &text).is_ok());
        if self.unkept.get_untracked() == kept {
            self.unkept.set(!kept);
        }
    }

    fn later(self, timer: Option<TimeoutHandle>) {
        self.timer.update_value(|old| {
            if let Some(old) = std::mem::replace(old, timer) {
                old.clear();
            }
        });
    }

    /// Keeps what stands in `editor` from now on, while it is not what it was made of. Whoever
    /// leaves meanwhile is asked whether they mean it.
    pub(super) fn follow(
        self,
        editor: Editor,
        base: Signal<Option<(String, Version)>>,
        dirty: Memo<bool>,
    ) {
        let text = editor.text();
        let keep = move || {
            if dirty.try_get_untracked() == Some(true) {
                self.write(text.get_untracked(), base.get_untracked());
            }
        };
        Effect::new(move |was: Option<bool>| {
            let (is_dirty, length) = (dirty.get(), text.with(String::len));
            base.track();
            match is_dirty {
                true if length <= SHORT => keep(),
                true => self.later(set_timeout_with_handle(keep, PAUSE).ok()),
                false if was == Some(true) => self.forget(),
                false => {}
            }
            is_dirty
        });
        let leaving = window_event_listener(ev::beforeunload, move |event| {
            if dirty.get_untracked() {
                keep();
                event.prevent_default();
                event.set_return_value("unsaved");
            }
        });
        let hidden = window_event_listener(ev::pagehide, move |_| keep());
        on_cleanup(move || {
            keep();
            self.later(None);
            leaving.remove();
            hidden.remove();
        });
    }
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}
