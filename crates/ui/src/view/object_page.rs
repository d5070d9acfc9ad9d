//! The page of one object: its tree, live, or its editor; and what can be done with it.

use leptos::prelude::*;
use monoxide_protocol::{Glob, Key};

use crate::{
    Live,
    model::{Command, Folds, Place, Shown},
    use_session,
    view::{
        Deleted, Icon, Known, Later, Missing, Times,
        ask::{Ask, Dialogs, Editing, Parts, Where, put_back},
        copy::copy,
        document::{Data, Frame, as_asker, origin},
        download::download,
        drafts::Drafts,
        fold::FoldTree,
        menu::{MenuButton, MenuItem},
        query,
        time::local,
        use_commands, use_object, use_route, use_toasts,
    },
};

/// What the address says while the editor shows.
const EDITS: (&str, &str) = ("view", "json");

/// The page of one object.
#[component]
pub(super) fn ObjectPage(key: Key, live: Live) -> impl IntoView {
    let (known, parts) = (use_object(live), expect_context::<Parts>());
    let folds = RwSignal::new(Folds::default());
    let edits = RwSignal::new(query::get(EDITS.0).as_deref() == Some(EDITS.1));
    let asked = RwSignal::new(None::<Ask>);
    let edit = move |on: bool| {
        query::set(&[(EDITS.0, if on { EDITS.1 } else { "" })]);
        edits.set(on);
    };
    let facts = move || match known.get() {
        Some(Known::Here(tracked)) => Some(view! { <Times object=tracked.object/> }),
        Some(Known::Missing | Known::Deleted(_)) | None => None,
    };
    let tools = {
        let key = key.clone();
        let act = Callback::new(edit);
        move || {
            let here = matches!(known.get(), Some(Known::Here(_)));
            (here && !edits.get())
                .then(|| view! { <Tools key=key.clone() known folds edit=act asked/> })
        }
    };
    let shown = {
        let (key, act) = (key.clone(), Callback::new(edit));
        move || {
            if edits.get() {
                let close = Callback::new(move |()| edit(false));
                let of = Editing { key: key.clone(), live, close };
                return view! { <Later load=parts.editor of/> }.into_any();
            }
            view! { <Display key=key.clone() known folds edit=act/> }.into_any()
        }
    };
    let is_known = Memo::new(move |_| edits.get() || known.with(Option::is_some));
    view! {
        <Frame glob=Glob::from(key) live known=is_known facts tools>
            {shown.clone()}
        </Frame>
        <Dialogs asked/>
    }
}

/// The object as it is, or that it is not.
#[component]
fn Display(
    key: Key,
    known: RwSignal<Option<Known>>,
    folds: RwSignal<Folds>,
    edit: Callback<bool>,
) -> impl IntoView {
    let drafts = Drafts::of(key.as_str());
    let draft = RwSignal::new(drafts.read());
    let forget = move |_| {
        drafts.forget();
        draft.set(None);
    };
    let unsaved = move || {
        let at = local(draft.get()?.typed);
        Some(view! {
            <div class="banner calm">
                {Icon::Object.draw()}
                <div>
                    <strong>"You have typed something here and not saved it"</strong>
                    <p>{format!("It is from {}, {}.", at.time(), at.date())}</p>
                </div>
                <button type="button" class="button" on:click=move |_| edit.run(true)>
                    "Go on editing"
                </button>
                <button type="button" class="button" on:click=forget>
                    "Discard"
                </button>
            </div>
        })
    };
    let content = move || {
        let key = key.clone();
        Some(match known.get()? {
            Known::Here(it) => {
                view! { <div class="card"><Data tracked=it folds label=key.to_string()/></div> }
                    .into_any()
            }
            Known::Missing => view! {
                <Missing glob=key.into()/>
                <div class="notice-end">
                    <button type="button" class="button primary" on:click=move |_| edit.run(true)>
                        "Create it"
                    </button>
                </div>
            }
            .into_any(),
            Known::Deleted(was) => view! { <Gone was/> }.into_any(),
        })
    };
    view! { {unsaved} {content} }
}

/// An object that went away, and the way back.
#[component]
fn Gone(was: Shown) -> impl IntoView {
    let (session, toasts) = (use_session(), use_toasts());
    let object = StoredValue::new(was.clone());
    let put_back = move |_| {
        let was = object.get_value();
        if let Ok(data) = monoxide_protocol::Json::try_from(&*was.data) {
            let Shown { key, created, updated, version, .. } = was;
            let object = monoxide_protocol::Object { key, created, updated, version, data };
            put_back(&object, session, toasts);
        }
    };
    view! {
        <Deleted was/>
        <div class="notice-end">
            <button type="button" class="button" on:click=put_back>
                "Put it back"
            </button>
        </div>
    }
}

/// What can be done with an object.
#[component]
fn Tools(
    key: Key,
    known: RwSignal<Option<Known>>,
    folds: RwSignal<Folds>,
    edit: Callback<bool>,
    asked: RwSignal<Option<Ask>>,
) -> impl IntoView {
    let (toasts, route) = (use_toasts(), use_route());
    use_commands().offer("Edit", "e", move || edit.run(true));
    let glob = Glob::from(key.clone());
    let put = move |text: String, what: &'static str| copy(text, what, toasts);
    let copy_key = {
        let key = key.clone();
        move |()| put(key.to_string(), "Copied the key")
    };
    let copy_value = move |()| put(known.with_untracked(pretty), "Copied the value");
    let read = {
        let glob = glob.clone();
        move |()| {
            put(
                as_asker(Command::read(&origin(), &glob)).to_string(),
                "Copied a command that reads it",
            )
        }
    };
    let write = move |()| {
        let data = known.with_untracked(|known| match known {
            Some(Known::Here(it)) => it.object.with_untracked(|it| it.data.to_string()),
            _ => String::new(),
        });
        let command = Command::write(&origin(), &glob, &data);
        put(as_asker(command).to_string(), "Copied a command that writes it");
    };
    let save_file = {
        let key = key.clone();
        move |()| {
            let name = format!("{}.json", key.as_str().replace('/', "-"));
            download(&name, "application/json", &known.with_untracked(pretty));
        }
    };
    let duplicate = {
        let key = key.clone();
        move |()| {
            let title = format!("Duplicate {key}");
            let place = Where::Named(format!("{key}-copy"));
            let text = Some(known.with_untracked(pretty));
            asked.set(Some(Ask::New { title, place, text }));
        }
    };
    let delete = {
        let key = key.clone();
        move |()| asked.set(Some(Ask::Delete(key.clone())))
    };
    let list = key.list().filter(|_| key.segments().count() > 1);
    view! {
        <button type="button" class="button primary" on:click=move |_| edit.run(true)>
            {Icon::Pen.draw()}
            "Edit"
        </button>
        <FoldTree folds/>
        <MenuButton label="Copy" icon=Icon::Copy>
            <MenuItem label="Key" icon=Icon::Object act=copy_key/>
            <MenuItem label="Value" icon=Icon::Copy act=copy_value/>
            <MenuItem label="curl that reads it" icon=Icon::Terminal act=read/>
            <MenuItem label="curl that writes it" icon=Icon::Terminal act=write/>
        </MenuButton>
        <MenuButton label="More" icon=Icon::Dots>
            <MenuItem
                label="Duplicate…"
                icon=Icon::Copy
                act=duplicate
            />
            <MenuItem label="Save as a file" icon=Icon::Download act=save_file/>
            {list
                .map(|list| {
                    let act = move |()| route.go(Place::Document(list.clone()));
                    view! { <MenuItem label="Go to its list" icon=Icon::List act/> }
                })}
            <MenuItem
                label="Delete…"
                icon=Icon::Trash
                danger=true
                act=delete
            />
        </MenuButton>
    }
}

/// The data of an object that is there.
fn pretty(known: &Option<Known>) -> String {
    match known {
        Some(Known::Here(it)) => it.object.with_untracked(|object| format!("{:#}", object.data)),
        _ => String::new(),
    }
}
