//! Dialogs about objects: a new one, and one that is to be deleted.

use std::sync::Arc;

use leptos::{html, prelude::*, task::spawn_local};
use monoxide_client::data::{self, Condition};
use monoxide_protocol::{Json, Key, List, Object, Target};
use serde_json::Value;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::{
    Session,
    model::{Place, example, pushable, refused, stars},
    use_session,
    view::{
        Editor, EditorView, Icon, Skeleton, Toasts,
        ask::{Ask, Asking, Where, put_back},
        drafts::Drafts,
        export::ExportDialog,
        import::ImportDialog,
        schema::schema_of,
        time::local,
        use_route, use_toasts,
        words::coded,
    },
};

/// One of the dialogs about data.
#[component]
pub fn DialogPart(
    /// Which one.
    of: Asking,
) -> impl IntoView {
    let Asking { what, close } = of;
    match what {
        Ask::New { title, place, text } => view! { <NewDialog title place text close/> }.into_any(),
        Ask::Delete(key) => view! { <DeleteDialog key close/> }.into_any(),
        Ask::Import(list) => view! { <ImportDialog list close/> }.into_any(),
        Ask::Export(list) => view! { <ExportDialog list close/> }.into_any(),
    }
}

/// A dialog that is there while it is open.
#[component]
pub(super) fn Modal(
    /// Its title.
    #[prop(into)]
    title: String,
    /// Its classes beyond those of every dialog.
    #[prop(default = "")]
    class: &'static str,
    /// What happens when it is closed.
    #[prop(into)]
    close: Callback<()>,
    /// What is in it.
    children: Children,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = dialog.get() {
            _ = dialog.show_modal();
        }
    });
    let label = title.clone();
    view! {
        <dialog
            class=format!("card dialog {class}")
            aria-label=label
            node_ref=dialog
            on:close=move |_| close.run(())
        >
            <header class="dialog-head">
                <h2>{title}</h2>
                <button
                    type="button"
                    class="icon-button"
                    on:click=move |_| _ = dialog.get_untracked().map(|it| it.close())
                >
                    <span class="unseen">"Close"</span>
                    {Icon::Close.draw()}
                </button>
            </header>
            {children()}
        </dialog>
    }
}

/// What is wrong, in a dialog.
#[component]
pub(super) fn Trouble(#[prop(into)] text: Signal<String>) -> impl IntoView {
    view! {
        <div class="form-trouble" role="alert">
            {move || {
                let text = text.get();
                (!text.is_empty()).then(|| view! { {Icon::Alert.draw()} <p>{coded(&text)}</p> })
            }}
        </div>
    }
}

/// What a new object is, as it was filled in.
enum To {
    Push(List),
    Set(Key),
}

/// A new object on its way. Copying it copies a handle.
#[derive(Debug, Clone, Copy)]
struct Making {
    place: StoredValue<Where>,
    /// What stands for the inner stars, and last the name.
    names: RwSignal<Vec<String>>,
    editor: Editor,
    wrong_name: RwSignal<String>,
    trouble: RwSignal<String>,
    sending: RwSignal<bool>,
    drafts: Drafts,
    first: RwSignal<String>,
    session: Session,
    toasts: Toasts,
}

impl Making {
    fn target(self) -> Result<To, String> {
        let names = self.names.get_untracked();
        let (name, inner) = names.split_last().ok_or_else(String::new)?;
        let name = name.trim();
        match self.place.get_value() {
            Where::Named(_) => match Target::parse(name) {
                Ok(Target::Object(key)) => Ok(To::Set(key)),
                Ok(Target::List(list)) => Ok(To::Push(list)),
                Err(error) => Err(error.to_string()),
            },
            Where::In(glob) => {
                let inner: Vec<_> = inner.iter().map(|it| it.trim()).collect();
                if let Some(nth) = inner.iter().position(|it| it.is_empty()) {
                    let of = stars(&glob).get(nth).cloned().unwrap_or_default();
                    return Err(format!("say which {of} it goes to"));
                }
                if name.is_empty() && glob.as_str().ends_with('*') {
                    let list = pushable(&glob, &inner);
                    return list.map(To::Push).ok_or_else(|| "this is no key".to_owned());
                }
                let mut names = inner.into_iter().chain([name]);
                let segments = glob.segments().map(|it| match it {
                    "*" => names.next().unwrap_or_default(),
                    fixed => fixed,
                });
                let key = Key::parse(&segments.collect::<Vec<_>>().join("/"));
                match key {
                    Ok(key) if glob.matches(&key) => Ok(To::Set(key)),
                    Ok(key) => Err(format!("{key} would not be in this list")),
                    Err(error) => Err(error.to_string()),
                }
            }
        }
    }

    fn send(self, done: Callback<Key>) {
        if self.sending.get_untracked() {
            return;
        }
        self.wrong_name.set(String::new());
        self.trouble.set(String::new());
        let target = match self.target() {
            Ok(target) => target,
            Err(why) => return self.wrong_name.set(sentence(&why)),
        };
        if !self.editor.is_right() {
            let at = self.editor.mistake().get_untracked().map(|it| it.at);
            return self.editor.go_to(at.unwrap_or_default());
        }
        let data = match Json::parse(self.editor.text().get_untracked().as_bytes()) {
            Ok(data) => data,
            Err(error) => return self.trouble.set(sentence(&error.to_string())),
        };
        self.sending.set(true);
        spawn_local(async move {
            self.write(target, data, done).await;
            _ = self.sending.try_set(false);
        });
    }

    async fn write(self, target: To, data: Json, done: Callback<Key>) {
        let (session, toasts) = (self.session, self.toasts);
        let (answer, key) = match target {
            To::Push(list) => {
                let answer = session.ask(&data::push(&list, &data)).await;
                let key = answer.as_ref().ok().and_then(|it| it.key_in(&list));
                (answer, key)
            }
            To::Set(key) => {
                (session.ask(&data::set(&key, &data, Condition::Missing)).await, Some(key))
            }
        };
        let written = match answer {
            Ok(written) => written,
            Err(error) if error.is_conflict() => {
                let text = "Something is stored under this key already. Choose another.";
                _ = self.wrong_name.try_set(text.to_owned());
                return;
            }
            Err(error) => {
                _ = self.trouble.try_set(refused(&error));
                return;
            }
        };
        let Some(key) = key else { return };
        // It is saved, so nothing has to be kept.
        if let Some(text) = self.editor.text().try_get_untracked() {
            self.first.set(text);
        }
        self.drafts.forget();
        let undone = key.clone();
        toasts.say_with_undo(format!("Added {key}"), move || {
            let key = undone.clone();
            spawn_local(async move {
                let version = Condition::Version(written.version);
                match session.ask(&data::delete(&key, version)).await {
                    Ok(()) => toasts.say(format!("Took {key} away again")),
                    Err(error) => toasts.complain(refused(&error)),
                }
            });
        });
        _ = done.try_run(key);
    }
}

/// What a client says begins in the middle of a sentence.
fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().map(|it| it.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", rest.as_str().trim_end_matches('.'))
}

/// Asks for a new object.
#[component]
fn NewDialog(
    /// Its title.
    #[prop(into)]
    title: String,
    /// Where the object goes.
    place: Where,
    /// What it is at first; what the schema names, when that is not said.
    text: Option<String>,
    /// What happens when it is closed.
    #[prop(into)]
    close: Callback<()>,
) -> impl IntoView {
    let session = use_session();
    let about = match &place {
        Where::In(glob) => glob.to_string(),
        Where::Named(key) => key.clone(),
    };
    let schema = RwSignal::new(None::<Option<Arc<Value>>>);
    spawn_local(async move {
        let found = schema_of(&about, session).await;
        _ = schema.try_set(Some(found));
    });
    let content = move || {
        let (place, text) = (place.clone(), text.clone());
        match schema.get() {
            None => view! { <Skeleton/> }.into_any(),
            Some(schema) => view! { <NewForm place text schema close/> }.into_any(),
        }
    };
    view! { <Modal title class="wide" close>{content}</Modal> }
}

/// What is filled in for a new object.
#[component]
fn NewForm(
    place: Where,
    text: Option<String>,
    schema: Option<Arc<Value>>,
    close: Callback<()>,
) -> impl IntoView {
    let route = use_route();
    let drafts = Drafts::of(&match &place {
        Where::In(glob) => format!("+{glob}"),
        Where::Named(key) => format!("+{key}"),
    });
    let draft = drafts.read();
    let restored = draft.as_ref().map(|draft| local(draft.typed));
    let first = RwSignal::new(text.unwrap_or_else(|| example(schema.as_deref())));
    let editor = Editor::new(draft.map_or_else(|| first.get_untracked(), |draft| draft.text));
    let dirty = Memo::new(move |_| first.with(|first| editor.text().with(|text| text != first)));
    drafts.follow(editor, Signal::stored(None), dirty);
    let names = match &place {
        Where::In(glob) => vec![String::new(); stars(glob).len() + 1],
        Where::Named(key) => vec![key.clone()],
    };
    let is_named = matches!(place, Where::Named(_));
    let form = NodeRef::<html::Form>::new();
    begin_at(form, if is_named || names.len() > 1 { "input" } else { "textarea" });
    let making = Making {
        place: StoredValue::new(place.clone()),
        names: RwSignal::new(names),
        editor,
        wrong_name: RwSignal::default(),
        trouble: RwSignal::default(),
        sending: RwSignal::new(false),
        drafts,
        first,
        session: use_session(),
        toasts: use_toasts(),
    };
    let done = Callback::new(move |key: Key| {
        close.run(());
        if is_named {
            route.go(Place::Document(key.into()));
        }
    });
    let start_anew = move |_| {
        editor.write(&first.get_untracked());
        drafts.forget();
    };
    let restored = restored.map(|at| {
        view! {
            <p class="restored" class:hidden=move || !dirty.get()>
                {format!("This is what you typed at {}, {}. ", at.time(), at.date())}
                <button type="button" class="text-button" on:click=start_anew>
                    "Start anew"
                </button>
            </p>
        }
    });
    let send = move || making.send(done);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        send();
    };
    view! {
        <form class="form" novalidate node_ref=form on:submit=submit>
            <KeyFields making place/>
            {restored}
            <div class="card">
                <EditorView editor label="JSON of the new object" schema save=move |()| send()/>
            </div>
            <Trouble text=making.trouble/>
            <div class="form-end">
                <button type="button" class="button" on:click=move |_| close.run(())>
                    "Cancel"
                </button>
                <button type="submit" class="button primary" disabled=making.sending>
                    {move || if making.sending.get() { "Adding…" } else { "Add" }}
                </button>
            </div>
        </form>
    }
}

/// Puts the focus on the first `field` of a form, once that shows. A dialog that is opened before its
/// form is there has it on the button that closes it.
fn begin_at(form: NodeRef<html::Form>, field: &'static str) {
    let focus = move || {
        let form = form.try_get_untracked().flatten();
        let field = form.and_then(|form| form.query_selector(field).ok().flatten());
        if let Some(field) = field.and_then(|it| it.dyn_into::<HtmlElement>().ok()) {
            _ = field.focus();
        }
    };
    Effect::new(move |_| {
        if form.get().is_some() {
            request_animation_frame(focus);
        }
    });
}

/// Where the object goes, segment by segment.
#[component]
fn KeyFields(making: Making, place: Where) -> impl IntoView {
    let field = move |nth: usize, label: String, placeholder: &'static str| {
        let value = move || making.names.with(|it| it.get(nth).cloned().unwrap_or_default());
        let typed = move |event| {
            let value = event_target_value(&event);
            making
                .names
                .update(|it| it.get_mut(nth).into_iter().for_each(|it| it.clone_from(&value)));
            making.wrong_name.set(String::new());
        };
        view! {
            <input
                aria-label=label
                aria-describedby="new-key-says"
                placeholder=placeholder
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                prop:value=value
                on:input=typed
            />
        }
        .into_any()
    };
    let (parts, hint) = match place {
        Where::Named(_) => {
            let hint = "Slashes make lists: books/dune is in books/*. A star as the last name stands \
                        for one that the server chooses.";
            (vec![field(0, "Key".to_owned(), "settings, or books/dune, or books/*")], hint)
        }
        Where::In(glob) => {
            let (mut nth, kinds) = (0, stars(&glob));
            let mut parts = Vec::new();
            for (at, segment) in glob.segments().enumerate() {
                if at > 0 {
                    parts.push(view! { <span class="slash">"/"</span> }.into_any());
                }
                parts.push(match (segment, kinds.get(nth)) {
                    ("*", Some(kind)) => {
                        nth += 1;
                        field(nth - 1, format!("Which {kind}"), "name")
                    }
                    ("*", None) => field(nth, "Name".to_owned(), "by the server"),
                    (fixed, _) => view! { <span>{fixed.to_owned()}</span> }.into_any(),
                });
            }
            (parts, "Leave the last name empty, and the server chooses one.")
        }
    };
    view! {
        <div class="key-fields" class:wrong=move || making.wrong_name.with(|it| !it.is_empty())>
            {parts}
        </div>
        <p id="new-key-says" class="field-says">
            {move || {
                let wrong = making.wrong_name.get();
                match wrong.is_empty() {
                    true => view! { <span class="field-hint">{hint}</span> }.into_any(),
                    false => view! { <span class="field-error" role="alert">{coded(&wrong)}</span> }.into_any(),
                }
            }}
        </p>
    }
}

/// Asks before an object is deleted.
#[component]
fn DeleteDialog(
    /// Which one.
    key: Key,
    /// What happens when it is closed.
    #[prop(into)]
    close: Callback<()>,
) -> impl IntoView {
    let (session, toasts) = (use_session(), use_toasts());
    let trouble = RwSignal::new(String::new());
    let sending = RwSignal::new(false);
    let title = format!("Delete {key}?");
    let delete = move |_| {
        if sending.get_untracked() {
            return;
        }
        sending.set(true);
        let key = key.clone();
        spawn_local(async move {
            let deleted = delete_as_it_is(&key, session).await;
            _ = sending.try_set(false);
            match deleted {
                Ok(object) => {
                    let text = format!("Deleted {key}");
                    toasts.say_with_undo(text, move || put_back(&object, session, toasts));
                    _ = close.try_run(());
                }
                Err(why) => _ = trouble.try_set(why),
            }
        });
    };
    view! {
        <Modal title close>
            <p>"It goes for everybody who has it open, at once. You can take that back right after."</p>
            <Trouble text=trouble/>
            <div class="form-end">
                <button type="button" class="button" on:click=move |_| close.run(())>
                    "Cancel"
                </button>
                <button type="button" class="button danger filled" disabled=sending on:click=delete>
                    "Delete"
                </button>
            </div>
        </Modal>
    }
}

/// Deletes an object, and gives what it was at that moment.
async fn delete_as_it_is(key: &Key, session: Session) -> Result<Object, String> {
    let object = session.ask(&data::read(key)).await.map_err(|error| refused(&error))?;
    let version = Condition::Version(object.version);
    session.ask(&data::delete(key, version)).await.map_err(|error| refused(&error))?;
    Ok(object)
}
