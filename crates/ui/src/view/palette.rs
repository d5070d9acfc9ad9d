//! What lies over the page: the command palette, and the sheet of shortcuts.

use leptos::{
    ev::{Event, KeyboardEvent, MouseEvent},
    html,
    prelude::*,
    task::spawn_local,
};
use monoxide_protocol::Glob;
use wasm_bindgen::JsCast;

use crate::{
    Live, Standing,
    model::{Place, best},
    session::use_session,
    view::{
        Commands, Icon, Offer, Overlay, PAGES, Theme, ToastsView, is_for_administrators,
        use_commands, use_keys, use_looks_after, use_route, use_theme,
    },
};

/// How many lines the palette has at most.
const MOST: usize = 40;

/// What lies over the page, while something does: palette and sheet, or else toasts.
#[component]
pub fn OverlayView(
    /// Which keys exist; without them it is the place of toasts.
    keys: Option<Live>,
) -> impl IntoView {
    let commands = use_commands();
    let Some(keys) = keys else { return view! { <ToastsView/> }.into_any() };
    let over = move || match commands.overlay.get()? {
        Overlay::Palette => Some(view! { <Palette keys/> }.into_any()),
        Overlay::Sheet => Some(view! { <Sheet/> }.into_any()),
    };
    over.into_any()
}

/// A line of the palette.
#[derive(Clone)]
struct Choice {
    icon: Icon,
    name: String,
    keys: &'static str,
    act: Callback<()>,
}

/// Finds pages, keys and actions by a part of their names.
#[component]
fn Palette(keys: Live) -> impl IntoView {
    let (commands, route) = (use_commands(), use_route());
    let dialog = NodeRef::<html::Dialog>::new();
    let typed = RwSignal::new(commands.typed_ahead());
    let chosen = RwSignal::new(0_usize);
    let all = all_choices(keys);
    let found = Memo::new_with_compare(
        move |_| -> Vec<Choice> {
            let typed = typed.get();
            let found = all.with(|all| best(&typed, all.iter().cloned(), |it| &it.name, MOST));
            // What has no line of its own can be gone to by its whole name.
            let unlisted = Glob::parse(typed.trim()).ok().filter(|_| !typed.trim().is_empty());
            let unlisted =
                unlisted.filter(|it| found.iter().all(|found| found.name != it.as_str()));
            let open = unlisted.map(|glob| {
                let name = format!("Open {glob}");
                let act = Callback::new(move |()| route.go(Place::of(&glob)));
                Choice { icon: Icon::Eye, name, keys: "", act }
            });
            found.into_iter().chain(open).collect()
        },
        |_, _| true,
    );
    show(dialog);
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let take = move |at: usize| {
        let act = found.with_untracked(|found| found.get(at).map(|it| it.act));
        if let Some(act) = act {
            close();
            act.run(());
        }
    };
    let press = move |event: KeyboardEvent| {
        let count = found.with_untracked(Vec::len).max(1);
        match event.key().as_str() {
            "ArrowDown" => chosen.update(|at| *at = (*at + 1) % count),
            "ArrowUp" => chosen.update(|at| *at = (*at + count - 1) % count),
            "Enter" if !event.is_composing() => take(chosen.get_untracked()),
            _ => return,
        }
        event.prevent_default();
        request_animation_frame(show_chosen);
    };
    let line = move |(at, choice): (usize, Choice)| {
        let is_chosen = Memo::new(move |_| chosen.get() == at);
        view! {
            <li
                id=format!("choice-{at}")
                role="option"
                class="palette-line"
                aria-selected=move || is_chosen.get().to_string()
                on:click=move |_| take(at)
                on:pointermove=move |_| if !is_chosen.get_untracked() { chosen.set(at) }
            >
                {choice.icon.draw()}
                <span class="name">{choice.name}</span>
                <Keys keys=choice.keys/>
            </li>
        }
    };
    let is_empty = move || found.with(Vec::is_empty);
    view! {
        <dialog
            class="palette card"
            aria-label="Go to anything"
            node_ref=dialog
            on:cancel=move |event| cancel(&event, dialog, commands)
            on:close=move |_| commands.overlay.set(None)
            on:click=move |event| close_outside(&event, dialog)
        >
            <label class="palette-field">
                {Icon::Search.draw()}
                <span class="unseen">"Page, key or action"</span>
                <input
                    type="text"
                    role="combobox"
                    aria-expanded="true"
                    aria-controls="choices"
                    aria-autocomplete="list"
                    aria-activedescendant=move || format!("choice-{}", chosen.get())
                    placeholder="Go to a page or key, or do something"
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    autofocus
                    prop:value=typed
                    on:input=move |event| {
                        typed.set(event_target_value(&event));
                        chosen.set(0);
                    }
                    on:keydown=press
                />
            </label>
            <ul id="choices" role="listbox" aria-label="What was found" class="palette-lines">
                {move || {
                    let found = found.get();
                    found.into_iter().enumerate().map(line).collect_view()
                }}
            </ul>
            <p class="palette-none" hidden=move || !is_empty()>"Nothing has that in its name."</p>
        </dialog>
    }
}

/// Everything that can be chosen: what can be done here, the pages, the keys.
fn all_choices(keys: Live) -> Memo<Vec<Choice>> {
    let (route, themes, session) = (use_route(), use_theme(), use_session());
    let (commands, looks_after, keys) = (use_commands(), use_looks_after(), use_keys(keys));
    let go = move |icon: Icon, name: String, keys: &'static str, place: Place| {
        let act = Callback::new(move |()| route.go(place.clone()));
        Choice { icon, name, keys, act }
    };
    Memo::new_with_compare(
        move |_| {
            let here = commands.offers().into_iter().map(|it| Choice {
                icon: Icon::Play,
                name: it.name,
                keys: it.keys,
                act: it.act,
            });
            let looks_after = looks_after.get();
            let pages = PAGES
                .into_iter()
                .filter(|(place, ..)| looks_after || !is_for_administrators(place))
                .map(|(place, name, keys)| go(Icon::Chevron, name.to_owned(), keys, place));
            let mut all: Vec<_> = pages.chain(here).collect();
            if let Standing::In(profile) = session.standing().get() {
                all.push(go(Icon::Person, "Your profile".to_owned(), "", Place::Profile));
                if profile.is_administrator() {
                    all.push(go(Icon::People, "Accounts".to_owned(), "", Place::Accounts));
                    all.push(go(Icon::People, "New account".to_owned(), "", Place::NewAccount));
                }
                let act = Callback::new(move |()| {
                    spawn_local(async move {
                        if session.sign_out().await.is_ok() {
                            route.replace(Place::Home);
                        }
                    });
                });
                all.push(Choice { icon: Icon::Leave, name: "Sign out".to_owned(), keys: "", act });
            }
            for theme in Theme::ALL {
                let act = Callback::new(move |()| themes.choose(theme));
                let name = theme.name().to_owned();
                all.push(Choice { icon: theme.icon(), name, keys: "", act });
            }
            keys.with(|keys| {
                let each = |glob: &Glob| {
                    let icon = if glob.is_list() { Icon::List } else { Icon::Object };
                    go(icon, glob.to_string(), "", Place::of(glob))
                };
                all.extend(keys.iter().flat_map(|keys| keys.keys()).map(each));
            });
            all
        },
        |_, _| true,
    )
}

/// The sheet of shortcuts.
#[component]
fn Sheet() -> impl IntoView {
    let commands = use_commands();
    let dialog = NodeRef::<html::Dialog>::new();
    show(dialog);
    let close = move |_| _ = dialog.get_untracked().map(|dialog| dialog.close());
    let line = |(keys, name): (&'static str, String)| {
        view! { <div><dt><Keys keys/></dt><dd>{name}</dd></div> }
    };
    let fixed = [
        ("Ctrl K", "Go to anything"),
        ("?", "This sheet"),
        ("/", "Find a key"),
        ("↑ ↓", "From line to line"),
        ("→ ←", "Unfold and fold"),
        ("Esc", "Close, or clear what was typed"),
    ];
    let fixed = fixed.map(|(keys, name)| (keys, name.to_owned()));
    let looks_after = use_looks_after();
    let pages = move || {
        let pages = PAGES.into_iter();
        let pages = pages.filter(|(it, ..)| looks_after.get() || !is_for_administrators(it));
        pages.map(|(_, name, keys)| line((keys, name.to_owned()))).collect_view()
    };
    let here = commands.offers();
    let is_for_here = |it: &Offer| !matches!(it.keys, "" | "?");
    let here: Vec<_> =
        here.into_iter().filter(is_for_here).map(|it| line((it.keys, it.name))).collect();
    let here =
        (!here.is_empty()).then(|| view! { <section><h3>"Here"</h3><dl>{here}</dl></section> });
    view! {
        <dialog
            class="sheet card"
            aria-labelledby="sheet-title"
            node_ref=dialog
            on:cancel=move |event| cancel(&event, dialog, commands)
            on:close=move |_| commands.overlay.set(None)
            on:click=move |event| close_outside(&event, dialog)
        >
            <header>
                <h2 id="sheet-title">"Shortcuts"</h2>
                <button type="button" class="tool" on:click=close autofocus>
                    <span class="unseen">"Close"</span>
                    {Icon::Close.draw()}
                </button>
            </header>
            <div class="sheet-parts">
                <section><h3>"Everywhere"</h3><dl>{fixed.map(line).collect_view()}</dl></section>
                <section><h3>"Pages"</h3><dl>{pages}</dl></section>
                {here}
            </div>
        </dialog>
    }
}

/// What is pressed, key by key.
#[component]
fn Keys(keys: &'static str) -> impl IntoView {
    let key = |key: &'static str| view! { <kbd>{key}</kbd> };
    view! { <span class="keycaps">{keys.split_whitespace().map(key).collect_view()}</span> }
}

/// Opens a dialog over the page as soon as it is there.
fn show(dialog: NodeRef<html::Dialog>) {
    Effect::new(move || {
        if let Some(dialog) = dialog.get() {
            if dialog.is_connected() {
                _ = dialog.show_modal();
            } else {
                request_animation_frame(move || _ = dialog.show_modal());
            }
        }
    });
}

/// Closes a dialog at once: the browser tells of its end only later, and meanwhile what is typed would
/// go to it.
fn cancel(event: &Event, dialog: NodeRef<html::Dialog>, commands: Commands) {
    event.prevent_default();
    if let Some(dialog) = dialog.get_untracked() {
        dialog.close();
    }
    commands.overlay.set(None);
}

/// A click beside a dialog closes it. What is around it belongs to it, too, but for its parts.
fn close_outside(event: &MouseEvent, dialog: NodeRef<html::Dialog>) {
    let Some(dialog) = dialog.get_untracked() else { return };
    let target = event.target().and_then(|it| it.dyn_into::<web_sys::Element>().ok());
    if target.is_some_and(|it| it.tag_name() == "DIALOG") {
        dialog.close();
    }
}

/// Keeps the line that is chosen in sight.
fn show_chosen() {
    let line = document().query_selector(".palette-line[aria-selected=true]").ok().flatten();
    if let Some(line) = line {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Nearest);
        line.scroll_into_view_with_scroll_into_view_options(&options);
    }
}
