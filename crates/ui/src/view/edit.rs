//! An object being edited: what it was made of, what others make of it meanwhile, and saving.

use std::{sync::Arc, time::Duration};

use futures_util::future::join;
use leptos::{prelude::*, task::spawn_local};
use monoxide_client::{
    accounts::{AskError, Request},
    data::{self, Condition, Patch, Written},
};
use monoxide_protocol::{Json, Key, Object, Version};
use serde_json::Value;

use crate::{
    Live, Session,
    model::{Moment, example, format, merge_patch, refused, together},
    use_session,
    view::{
        Editor, EditorView, Icon, Notice, Skeleton, Toasts, ask::Editing, conflict::Conflict,
        drafts::Drafts, schema::schema_of, time::local, use_toasts, words::coded,
    },
};

/// How long the server is left alone between two looks at an object that changes all the time.
const PAUSE: Duration = Duration::from_millis(500);

/// Texts longer than this are not compared member by member while one types.
const COMPARED: usize = 100_000;

/// An object as the server has it, in the form in which it is edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) text: String,
    pub(super) version: Version,
}

impl Stored {
    fn new(object: &Object) -> Self {
        let text = object.data.as_str();
        Self { text: format(text).unwrap_or_else(|| text.to_owned()), version: object.version }
    }
}

/// What the server has instead of what the text was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Theirs {
    /// Somebody wrote something else.
    Changed(Stored),
    /// Somebody deleted it.
    Gone,
}

/// How a text is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Saving {
    /// As the whole object.
    Whole,
    /// What was changed of it, as a merge patch.
    Changes,
}

/// An object that is being edited. Copying it copies a handle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Work {
    key: StoredValue<Key>,
    pub(super) editor: Editor,
    /// What the text was made of; `None` while nothing was stored.
    base: RwSignal<Option<Stored>>,
    pub(super) theirs: RwSignal<Option<Theirs>>,
    /// Whether both are shown side by side.
    compares: RwSignal<bool>,
    /// What "take theirs" put aside.
    aside: RwSignal<Option<String>>,
    /// When the text was typed that was found in the browser.
    restored: RwSignal<Option<Moment>>,
    /// What the editor of something new began with.
    first: RwSignal<Option<String>>,
    /// Whether something was typed that is not saved.
    dirty: Memo<bool>,
    saving: RwSignal<bool>,
    /// Whether the server is being asked what it has, and has to be asked again after that.
    looking: StoredValue<(bool, bool)>,
    trouble: RwSignal<String>,
    drafts: Drafts,
    close: Callback<()>,
    session: Session,
    toasts: Toasts,
}

/// What the work begins with.
#[derive(Debug, Clone)]
struct Start {
    text: Option<String>,
    base: Option<Stored>,
    theirs: Option<Theirs>,
    restored: Option<Moment>,
    schema: Option<Arc<Value>>,
}

impl Start {
    /// What somebody typed before and did not save, or else what is stored.
    async fn find(key: &Key, drafts: Drafts, session: Session) -> Result<Self, String> {
        let read = data::read(key);
        let (stored, schema) = join(session.ask(&read), schema_of(key.as_str(), session)).await;
        let stored = match stored {
            Ok(object) => Some(Stored::new(&object)),
            Err(error) if error.is_missing() => None,
            Err(error) => return Err(refused(&error)),
        };
        let Some(draft) = drafts.read() else {
            return Ok(Self { text: None, base: stored, theirs: None, restored: None, schema });
        };
        let base = draft.base.map(|(text, version)| Stored { text, version });
        let theirs = match (&base, &stored) {
            (Some(base), Some(stored)) if base.version == stored.version => None,
            (None, None) => None,
            (_, Some(stored)) => Some(Theirs::Changed(stored.clone())),
            (Some(_), None) => Some(Theirs::Gone),
        };
        let restored = Some(local(draft.typed));
        Ok(Self { text: Some(draft.text), base, theirs, restored, schema })
    }
}

impl Work {
    fn new(key: Key, start: Start, drafts: Drafts, close: Callback<()>) -> Self {
        let schema = start.schema.as_deref();
        let first = start.base.is_none().then(|| example(schema));
        let text = start.text.or_else(|| start.base.as_ref().map(|it| it.text.clone()));
        let editor = Editor::new(text.or_else(|| first.clone()).unwrap_or_default());
        let (base, first) = (RwSignal::new(start.base), RwSignal::new(first));
        let dirty = Memo::new(move |_| {
            editor.text().with(|text| match &*base.read() {
                Some(base) => base.text != *text,
                None => first.with(|first| first.as_ref() != Some(text)),
            })
        });
        let kept = Signal::derive(move || base.get().map(|it| (it.text, it.version)));
        drafts.follow(editor, kept, dirty);
        Self {
            key: StoredValue::new(key),
            editor,
            base,
            theirs: RwSignal::new(start.theirs),
            compares: RwSignal::new(false),
            aside: RwSignal::new(None),
            restored: RwSignal::new(start.restored),
            first,
            dirty,
            saving: RwSignal::new(false),
            looking: StoredValue::new((false, false)),
            trouble: RwSignal::default(),
            drafts,
            close,
            session: use_session(),
            toasts: use_toasts(),
        }
    }

    fn name(self) -> String {
        self.key.with_value(Key::to_string)
    }

    fn is_dirty(self) -> bool {
        self.dirty.get_untracked()
    }

    /// Asks the server what it has, and takes note when that is something else.
    fn look(self) {
        let is_first = self.looking.try_update_value(|(looks, again)| {
            *again = *looks;
            !std::mem::replace(looks, true)
        });
        if is_first != Some(true) {
            return;
        }
        spawn_local(async move {
            self.compare_with_server().await;
            let again =
                self.looking.try_update_value(std::mem::take).is_some_and(|(_, again)| again);
            if again {
                set_timeout(move || self.look(), PAUSE);
            }
        });
    }

    async fn compare_with_server(self) {
        let Some(key) = self.key.try_get_value() else { return };
        let answer = self.session.ask(&data::read(&key)).await;
        if self.key.try_get_value().is_none() {
            return;
        }
        match answer {
            Ok(object) => self.found(&object),
            Err(error) if error.is_missing() => {
                let had = self.base.with_untracked(Option::is_some);
                self.theirs.set(had.then_some(Theirs::Gone));
            }
            // It is asked again when something changes, or when it is saved.
            Err(_) => {}
        }
    }

    /// Takes note of what the server has.
    fn found(self, object: &Object) {
        let stored = Stored::new(object);
        let base = self.base.get_untracked();
        let is_same = |text: &str| Json::parse(text.as_bytes()).is_ok_and(|it| it == object.data);
        let text = self.editor.text().get_untracked();
        match base {
            Some(base) if base.version == stored.version => self.theirs.set(None),
            Some(base) if is_same(&base.text) => {
                self.base.set(Some(Stored { version: stored.version, ..base }));
                self.theirs.set(None);
            }
            _ if is_same(&text) => self.settle(Stored { text, ..stored }),
            Some(_) if !self.is_dirty() => {
                self.editor.write(&stored.text);
                self.settle(stored);
            }
            _ => self.theirs.set(Some(Theirs::Changed(stored))),
        }
    }

    /// From now on the text is made of `stored`.
    fn settle(self, stored: Stored) {
        self.base.set(Some(stored));
        self.theirs.set(None);
        self.compares.set(false);
        self.restored.set(None);
        self.trouble.set(String::new());
    }

    fn save(self, how: Saving) {
        if self.saving.get_untracked() {
            return;
        }
        self.trouble.set(String::new());
        if !self.editor.is_right() {
            if let Some(mistake) = self.editor.mistake().get_untracked() {
                self.trouble.set(format!("Line {}: {}.", mistake.line, mistake.what));
                self.editor.go_to(mistake.at);
            }
            return;
        }
        if how == Saving::Whole && self.theirs.with_untracked(Option::is_some) {
            return self.compares.set(true);
        }
        self.saving.set(true);
        spawn_local(async move {
            self.send(how).await;
            _ = self.saving.try_set(false);
        });
    }

    async fn send(self, how: Saving) {
        let text = self.editor.text().get_untracked();
        let data = match Json::parse(text.as_bytes()) {
            Ok(data) => data,
            Err(error) => {
                return self.trouble.set(format!("The server does not take this: {error}."));
            }
        };
        // The second time is for a version that changed and data that did not.
        for is_last in [false, true] {
            let Some(request) = self.request(how, &data) else {
                return self
                    .trouble
                    .set("There is nothing to save: nothing was changed.".to_owned());
            };
            let answer = self.session.ask(&request).await;
            if self.key.try_get_value().is_none() {
                return;
            }
            match answer {
                Ok(written) => return self.saved(&text, &data, &written).await,
                Err(error) if error.is_conflict() || error.is_missing() => {
                    self.compare_with_server().await;
                    if !self.is_dirty() {
                        return self.toasts.say(format!("Saved {}", self.name()));
                    }
                    if self.theirs.with_untracked(Option::is_some) {
                        return self.compares.set(true);
                    }
                    if is_last {
                        return self.trouble.set(refused(&error));
                    }
                }
                Err(error) => return self.failed(&error),
            }
        }
    }

    fn failed(self, error: &AskError) {
        self.trouble.set(refused(error));
    }

    fn request(self, how: Saving, data: &Json) -> Option<Request<Written>> {
        let key = self.key.get_value();
        let base = self.base.get_untracked();
        match (how, base) {
            (Saving::Whole, None) => Some(data::set(&key, data, Condition::Missing)),
            (Saving::Whole, Some(base)) => {
                Some(data::set(&key, data, Condition::Version(base.version)))
            }
            (Saving::Changes, base) => {
                let patch = merge_patch(&value(&base?.text), &data.to_value())?;
                let patch = Json::try_from(&patch).ok().filter(|it| it.as_str() != "{}")?;
                Some(data::patch(&key, &Patch::Merge(patch), Condition::Exists))
            }
        }
    }

    async fn saved(self, text: &str, data: &Json, written: &Written) {
        let mine = Stored { text: text.to_owned(), version: written.version };
        self.settle(mine);
        self.aside.set(None);
        let name = self.name();
        let key = self.key.get_value();
        let now = self.session.ask(&data::read(&key)).await;
        if self.key.try_get_value().is_none() {
            return;
        }
        let kept = self.editor.text().with_untracked(|now| now == text);
        match now {
            Ok(object) if object.version == written.version && object.data != *data => {
                let stored = Stored::new(&object);
                if kept {
                    self.editor.write(&stored.text);
                }
                self.base.set(Some(stored));
                self.toasts.say(format!("Saved {name}; the server made this of it"));
            }
            Ok(object) => {
                self.toasts.say(format!("Saved {name}"));
                self.found(&object);
            }
            Err(_) => self.toasts.say(format!("Saved {name}")),
        }
    }

    /// Writes mine over theirs.
    pub(super) fn keep_mine(self) {
        self.go_on();
        self.save(Saving::Whole);
    }

    /// Goes on with mine, knowing theirs.
    pub(super) fn go_on(self) {
        let theirs = self.theirs.get_untracked();
        self.base.set(match theirs {
            Some(Theirs::Changed(stored)) => Some(stored),
            Some(Theirs::Gone) => None,
            None => return,
        });
        self.theirs.set(None);
        self.compares.set(false);
    }

    /// Puts mine aside. What was deleted stays so.
    pub(super) fn take_theirs(self) {
        let mine = self.editor.text().get_untracked();
        match self.theirs.get_untracked() {
            Some(Theirs::Changed(stored)) => {
                self.editor.write(&stored.text);
                self.settle(stored);
                self.aside.set(Some(mine));
            }
            Some(Theirs::Gone) => {
                self.discard();
                self.close.run(());
            }
            None => {}
        }
    }

    /// Mine and theirs in one, when they do not touch the same places.
    pub(super) fn both(self) -> Option<String> {
        let Some(Theirs::Changed(stored)) = self.theirs.get() else { return None };
        let base = self.base.with(|base| base.as_ref().map(|it| value(&it.text)))?;
        let mine: Value = self.editor.text().with(|text| serde_json::from_str(text).ok())?;
        let merged = together(&base, &mine, &value(&stored.text))?;
        format(&merged.to_string())
    }

    /// Puts both together, to be looked at and saved.
    pub(super) fn merge(self) {
        if let Some(text) = untrack(|| self.both()) {
            self.go_on();
            self.editor.write(&text);
        }
    }

    /// Goes back to what is stored.
    fn discard(self) {
        if let Some(Theirs::Changed(stored)) = self.theirs.get_untracked() {
            self.base.set(Some(stored));
        }
        if self.theirs.with_untracked(|it| *it == Some(Theirs::Gone)) {
            self.base.set(None);
        }
        let text = self.base.with_untracked(|base| base.as_ref().map(|it| it.text.clone()));
        let text = text.unwrap_or_default();
        self.first.set(Some(text.clone()));
        self.editor.write(&text);
        self.theirs.set(None);
        self.restored.set(None);
        self.aside.set(None);
        self.trouble.set(String::new());
        self.drafts.forget();
    }
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// The editor of an object, or of one that is not there yet.
#[component]
pub fn EditorPart(
    /// Which one.
    of: Editing,
) -> impl IntoView {
    let Editing { key, live, close } = of;
    let session = use_session();
    let drafts = Drafts::of(key.as_str());
    let start = RwSignal::new(None::<Result<Start, String>>);
    let find = {
        let key = key.clone();
        move || {
            let key = key.clone();
            start.set(None);
            spawn_local(async move {
                let found = Start::find(&key, drafts, session).await;
                _ = start.try_set(Some(found));
            });
        }
    };
    find();
    let find = Callback::new(move |()| find());
    move || match start.get() {
        None => view! { <Skeleton/> }.into_any(),
        Some(Err(why)) => view! {
            <Notice icon=Icon::Alert title="This cannot be edited now" trouble=true>
                <p>{why}</p>
                <div class="form-end">
                    <button type="button" class="button" on:click=move |_| find.run(())>
                        "Try again"
                    </button>
                    <button type="button" class="button" on:click=move |_| close.run(())>
                        "Back"
                    </button>
                </div>
            </Notice>
        }
        .into_any(),
        Some(Ok(start)) => {
            let schema = start.schema.clone();
            let work = Work::new(key.clone(), start, drafts, close);
            view! { <Desk work live schema/> }.into_any()
        }
    }
}

/// What is around the editor: what can be done, and what is the matter.
#[component]
fn Desk(work: Work, live: Live, schema: Option<Arc<Value>>) -> impl IntoView {
    let Work { dirty, close, .. } = work;
    Effect::new(move |before: Option<()>| {
        live.with(|_| ());
        if before.is_some() {
            work.look();
        }
    });
    let save = move |how| work.save(how);
    let label = format!("JSON of {}", work.name());
    let compares = work.compares;
    view! {
        <div class="desk">
            <Matters work/>
            <div class="desk-bar">
                <button
                    type="button"
                    class="button primary"
                    disabled=work.saving
                    on:click=move |_| save(Saving::Whole)
                >
                    {move || if work.saving.get() { "Saving…" } else { "Save" }}
                </button>
                <Partly work/>
                <button type="button" class="button" on:click=move |_| work.editor.format()>
                    "Format"
                </button>
                <span class="space"></span>
                <span class="unsaved" role="status">
                    {move || {
                        dirty.get().then(|| view! { <span class="dot"></span> "Not saved yet" })
                    }}
                </span>
                {move || {
                    let text = if dirty.get() { "Discard" } else { "Done" };
                    let act = move |_| {
                        if dirty.get_untracked() {
                            work.discard();
                        }
                        close.run(());
                    };
                    view! { <button type="button" class="button" on:click=act>{text}</button> }
                }}
            </div>
            <div class="form-trouble" role="alert">
                {move || {
                    let text = work.trouble.get();
                    (!text.is_empty()).then(|| view! { {Icon::Alert.draw()} <p>{coded(&text)}</p> })
                }}
            </div>
            <div class="card" class:hidden=compares>
                <EditorView
                    editor=work.editor
                    label
                    schema
                    save=move |()| save(Saving::Whole)
                    first=true
                />
            </div>
            {move || compares.get().then(|| view! { <Conflict work/> })}
        </div>
    }
}

/// Saves what was changed and leaves the rest as others have it.
#[component]
fn Partly(work: Work) -> impl IntoView {
    let possible = Memo::new(move |_| {
        let Some(base) = work.base.get() else { return false };
        let text = work.editor.text();
        if work.editor.mistake().with(Option::is_some) || text.with(String::len) > COMPARED {
            return false;
        }
        let patch = text.with(|text| merge_patch(&value(&base.text), &value(text)));
        patch.is_some_and(|it| it.as_object().is_some_and(|it| !it.is_empty()))
    });
    let title = "Sends the members that you changed, as a merge patch. What others change elsewhere \
                 in the object stays.";
    move || {
        possible.get().then(|| {
            view! {
                <button
                    type="button"
                    class="button"
                    title=title
                    disabled=work.saving
                    on:click=move |_| work.save(Saving::Changes)
                >
                    "Save only my changes"
                </button>
            }
        })
    }
}

/// What has to be known before one goes on.
#[component]
fn Matters(work: Work) -> impl IntoView {
    let restored = move || {
        let at = work.restored.get()?;
        Some(view! {
            <div class="banner calm">
                {Icon::Object.draw()}
                <div>
                    <strong>"This is what you typed, not saved yet"</strong>
                    <p>{format!("It is from {}, {}.", at.time(), at.date())}</p>
                </div>
                <button type="button" class="button" on:click=move |_| work.discard()>
                    "Discard"
                </button>
            </div>
        })
    };
    let changed = move || {
        if work.compares.get() {
            return None;
        }
        let (title, text) = match work.theirs.get()? {
            Theirs::Changed(_) => (
                "Somebody else changed this meanwhile",
                "What you typed is as you left it. Nothing is overwritten unless you say so.",
            ),
            Theirs::Gone => (
                "Somebody else deleted this meanwhile",
                "What you typed is as you left it, and can be written again.",
            ),
        };
        Some(view! {
            <div class="banner">
                {Icon::Alert.draw()}
                <div>
                    <strong>{title}</strong>
                    <p>{text}</p>
                </div>
                <button type="button" class="button" on:click=move |_| work.compares.set(true)>
                    "Show both"
                </button>
            </div>
        })
    };
    let aside = move || {
        let mine = work.aside.get()?;
        let bring_back = move |_| {
            work.editor.write(&mine);
            work.aside.set(None);
        };
        Some(view! {
            <div class="banner calm">
                {Icon::Copy.draw()}
                <div>
                    <strong>"You took theirs"</strong>
                    <p>"What you had typed is put aside until you leave."</p>
                </div>
                <button type="button" class="button" on:click=bring_back>
                    "Bring mine back"
                </button>
            </div>
        })
    };
    let unkept = move || {
        work.drafts.unkept.get().then(|| {
            view! {
                <div class="banner">
                    {Icon::Alert.draw()}
                    <div>
                        <strong>"This is too large for the browser to keep"</strong>
                        <p>"Save it before you leave or reload the page."</p>
                    </div>
                </div>
            }
        })
    };
    view! { <div role="status" class="matters">{restored} {changed} {aside} {unkept}</div> }
}
