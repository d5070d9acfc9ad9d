//! Objects into a file of the reader's own machine.

use leptos::{prelude::*, task::spawn_local};
use monoxide_client::data;
use monoxide_protocol::{Glob, Key, Object};

use crate::{
    model::{Format, refused, written},
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

/// Asks how a list is exported, and does it.
#[component]
pub(super) fn ExportDialog(
    /// The list.
    list: Glob,
    /// Which of its objects are chosen; all are exported when none is.
    #[prop(into)]
    chosen: Signal<Vec<Key>>,
    /// What happens when it is closed.
    #[prop(into)]
    close: Callback<()>,
) -> impl IntoView {
    let (session, toasts) = (use_session(), use_toasts());
    let format = RwSignal::new(Format::Json);
    let some = RwSignal::new(chosen.with_untracked(|it| !it.is_empty()));
    let trouble = RwSignal::new(String::new());
    let reading = RwSignal::new(false);
    let title = format!("Export {list}");
    let export = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if reading.get_untracked() {
            return;
        }
        reading.set(true);
        let (list, format) = (list.clone(), format.get_untracked());
        let wanted = some.get_untracked().then(|| chosen.get_untracked());
        spawn_local(async move {
            let objects = session.ask(&data::list(&list)).await;
            if reading.try_set(false).is_some() {
                return;
            }
            match objects {
                Ok(objects) => {
                    let objects = only(objects, wanted.as_deref());
                    let name = file_name(&list, format);
                    download(&name, format.kind().1, &written(&objects, format));
                    toasts.say(format!("Exported {} to {name}", count(objects.len())));
                    close.run(());
                }
                Err(error) => trouble.set(refused(&error)),
            }
        });
    };
    let choose_some = move || {
        let number = chosen.with(Vec::len);
        (number > 0).then(|| {
            view! {
                <label class="pick">
                    <input
                        type="checkbox"
                        prop:checked=some
                        on:change=move |event| some.set(event_target_checked(&event))
                    />
                    {format!("Only what is chosen: {}", count(number))}
                </label>
            }
        })
    };
    view! {
        <Modal title close>
            <form class="form" on:submit=export>
                <fieldset class="picks">
                    <legend>"Format"</legend>
                    <FormatChoice format/>
                </fieldset>
                {choose_some}
                <p class="field-hint">
                    {move || match format.get() {
                        Format::Json => "One array, each object with its key and its times.",
                        Format::Lines => "An object a line, each with its key and its times.",
                        Format::Csv => {
                            "A line for each object, a column for each member. What is not a plain \
                             text is written as JSON, so that an import reads it as it was."
                        }
                    }}
                </p>
                <Trouble text=trouble/>
                <div class="form-end">
                    <button type="button" class="button" on:click=move |_| close.run(())>
                        "Cancel"
                    </button>
                    <button type="submit" class="button primary" disabled=reading>
                        {move || if reading.get() { "Reading…" } else { "Export" }}
                    </button>
                </div>
            </form>
        </Modal>
    }
}

/// So many objects, in words.
pub(super) fn count(number: usize) -> String {
    if number == 1 { "1 object".to_owned() } else { format!("{number} objects") }
}

/// Those objects that are wanted.
fn only(mut objects: Vec<Object>, wanted: Option<&[Key]>) -> Vec<Object> {
    if let Some(wanted) = wanted {
        let wanted: std::collections::HashSet<_> = wanted.iter().collect();
        objects.retain(|object| wanted.contains(&object.key));
    }
    objects
}

/// The formats, to choose from.
#[component]
pub(super) fn FormatChoice(format: RwSignal<Format>) -> impl IntoView {
    let one = |it: Format| {
        view! {
            <label class="pick">
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
