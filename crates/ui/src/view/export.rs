//! Objects into a file of the reader's own machine.

use std::collections::HashSet;

use leptos::{prelude::*, task::spawn_local};
use monoxide_client::{accounts::AskError, data};
use monoxide_protocol::{Glob, Object, Range};

use crate::{
    Session,
    model::{
        Format, refused,
        table::{Query, Question},
        written,
    },
    use_session,
    view::{
        dialogs::{Modal, Trouble},
        download::download,
        use_toasts,
    },
};

/// What a file of a list is called.
fn file_name(list: &Glob, format: Format) -> String {
    let name: Vec<_> = list.segments().filter(|it| *it != "*").collect();
    let name = if name.is_empty() { "objects".to_owned() } else { name.join("-") };
    format!("{name}.{}", format.kind().0)
}

/// How often reading begins again because the list changed meanwhile.
const TRIES: usize = 3;

/// Reads all objects that `question` asks for, page by page, and tells how many it has; `None` when
/// it was given up.
async fn read(
    list: &Glob,
    question: &Question,
    session: Session,
    progress: RwSignal<Option<(usize, usize)>>,
) -> Result<Option<Vec<Object>>, AskError> {
    let mut tries = 0;
    'again: loop {
        tries += 1;
        let mut objects: Vec<Object> = Vec::new();
        let mut keys = HashSet::new();
        let mut matching = None;
        let mut from = 0;
        loop {
            let range = question.range(list, &(from..from + Range::MOST));
            let part = session.ask(&data::part(&range)).await?;
            // What came or went meanwhile has moved the rest, so some would be left out.
            if tries < TRIES && matching.is_some_and(|it| it != part.matching) {
                continue 'again;
            }
            matching = Some(part.matching);
            if part.objects.is_empty() {
                return Ok(Some(objects));
            }
            from += part.objects.len();
            objects.extend(part.objects.into_iter().filter(|it| keys.insert(it.key.clone())));
            if progress.try_set(Some((objects.len(), part.matching))).is_some() {
                return Ok(None);
            }
        }
    }
}

/// Asks how a list is exported, and does it.
#[component]
pub(super) fn ExportDialog(
    /// The list.
    list: Glob,
    /// What happens when it is closed.
    #[prop(into)]
    close: Callback<()>,
) -> impl IntoView {
    let (session, toasts) = (use_session(), use_toasts());
    let format = RwSignal::new(Format::Json);
    // What the table shows stands in the address.
    let shown = Question::read(&Query::read(&window().location().search().unwrap_or_default()));
    let is_narrowed = !shown.find.trim().is_empty() || shown.stars.iter().any(|it| !it.is_empty());
    let only_shown = RwSignal::new(is_narrowed);
    let trouble = RwSignal::new(String::new());
    let progress = RwSignal::new(None::<(usize, usize)>);
    let title = format!("Export {list}");
    let export = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if progress.get_untracked().is_some() {
            return;
        }
        progress.set(Some((0, 0)));
        trouble.set(String::new());
        let (list, format) = (list.clone(), format.get_untracked());
        let question = match only_shown.get_untracked() {
            true => shown.clone(),
            false => Question { order: shown.order.clone(), ..Question::default() },
        };
        spawn_local(async move {
            let objects = read(&list, &question, session, progress).await;
            let is_gone = progress.try_set(None).is_some();
            match objects {
                Err(error) if !is_gone => trouble.set(refused(&error)),
                Ok(Some(objects)) if !is_gone => {
                    let name = file_name(&list, format);
                    download(&name, format.kind().1, &written(&objects, format));
                    toasts.say(format!("Exported {} to {name}", count(objects.len())));
                    close.run(());
                }
                Ok(_) | Err(_) => {}
            }
        });
    };
    view! {
        <Modal title close>
            <form class="form" on:submit=export>
                <fieldset class="format-choices">
                    <legend>"Format"</legend>
                    <FormatChoice format/>
                </fieldset>
                {is_narrowed.then(|| view! { <OnlyShown only_shown/> })}
                <p class="field-hint">{move || explained(format.get())}</p>
                <Trouble text=trouble/>
                <div class="form-end">
                    <button type="button" class="button" on:click=move |_| close.run(())>
                        "Cancel"
                    </button>
                    <button
                        type="submit"
                        class="button primary"
                        disabled=move || progress.get().is_some()
                    >
                        {move || doing(progress.get())}
                    </button>
                </div>
            </form>
        </Modal>
    }
}

/// Whether all of a list is wanted, where the table shows a part of it.
#[component]
fn OnlyShown(only_shown: RwSignal<bool>) -> impl IntoView {
    view! {
        <label class="format-choice">
            <input
                type="checkbox"
                prop:checked=only_shown
                on:change=move |event| only_shown.set(event_target_checked(&event))
            />
            "Only what the table shows now"
        </label>
    }
}

/// What stands on the button.
fn doing(progress: Option<(usize, usize)>) -> String {
    match progress {
        None => "Export".to_owned(),
        Some((_, 0)) => "Reading…".to_owned(),
        Some((done, all)) => format!("Reading {done} of {all}…"),
    }
}

fn explained(format: Format) -> &'static str {
    match format {
        Format::Json => "One array, each object with its key and its times.",
        Format::Lines => "An object a line, each with its key and its times.",
        Format::Csv => {
            "A line for each object, a column for each member. What is not a plain text is written \
             as JSON, so that an import reads it as it was."
        }
    }
}

/// So many objects, in words.
pub(super) fn count(number: usize) -> String {
    if number == 1 { "1 object".to_owned() } else { format!("{number} objects") }
}

/// The formats, to choose from.
#[component]
pub(super) fn FormatChoice(format: RwSignal<Format>) -> impl IntoView {
    let one = |it: Format| {
        view! {
            <label class="format-choice">
                <input
                    type="radio"
                    name="format"
                    prop:checked=move || format.get() == it
                    on:change=move |_| format.set(it)
                />
                {it.name()}
            </label>
        }
    };
    Format::ALL.map(one).collect_view()
}
