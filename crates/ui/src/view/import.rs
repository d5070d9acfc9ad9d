//! Objects out of a file or a pasted text: looked at first, then written one after the other.

use std::time::Duration;

use leptos::{html, prelude::*, task::spawn_local};
use monoxide_client::{
    accounts::AskError,
    data::{self, Condition},
};
use monoxide_protocol::{Glob, Json, Key, List};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::HtmlInputElement;

use crate::{
    Session,
    model::{Candidate, Format, candidates, pushable, refused},
    use_session,
    view::{
        Icon,
        dialogs::Modal,
        export::{FormatChoice, count},
        use_toasts,
        words::coded,
    },
};

/// How many rows are shown before they are written.
const SHOWN: usize = 100;

/// The largest file that is read, in bytes.
const LARGEST: f64 = 64_000_000.0;

/// How often a row is tried while the server is out of reach or busy.
const TRIES: u32 = 8;

/// What happens to objects whose key is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    Replace,
    Skip,
    /// Keys are not looked at: all are new.
    Push,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Written,
    Skipped,
    Refused(String),
}

/// How far an import has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Progress {
    done: usize,
    all: usize,
    written: usize,
    skipped: usize,
    /// The line and why, of those that were refused.
    refused: Vec<(usize, String)>,
    /// What it waits for.
    waits: String,
    is_over: bool,
}

/// An import. Copying it copies a handle.
#[derive(Debug, Clone, Copy)]
struct Import {
    list: StoredValue<Glob>,
    text: RwSignal<String>,
    format: RwSignal<Format>,
    taken: RwSignal<Taken>,
    rows: Memo<Vec<Candidate>>,
    progress: RwSignal<Option<Progress>>,
    cancelled: RwSignal<bool>,
    session: Session,
}

impl Import {
    fn start(self) {
        let rows = self.rows.get_untracked();
        let all = rows.iter().filter(|row| row.data.is_ok()).count();
        self.cancelled.set(false);
        self.progress.set(Some(Progress { all, ..Progress::default() }));
        spawn_local(async move {
            // The newest stands first in a list, so what stands first is written last.
            for row in rows.into_iter().rev() {
                let Ok(data) = row.data else { continue };
                if self.cancelled.try_get_untracked() != Some(false) {
                    break;
                }
                let outcome = self.write(row.key, data).await;
                let noted = self.progress.try_update(|progress| {
                    let Some(progress) = progress else { return };
                    progress.done += 1;
                    match outcome {
                        Some(Outcome::Written) => progress.written += 1,
                        Some(Outcome::Skipped) => progress.skipped += 1,
                        Some(Outcome::Refused(why)) => progress.refused.push((row.line, why)),
                        None => progress.done -= 1,
                    }
                });
                if noted.is_none() {
                    return;
                }
            }
            _ = self.progress.try_update(|progress| {
                if let Some(progress) = progress {
                    progress.is_over = true;
                    progress.refused.sort();
                }
            });
        });
    }

    /// Writes one row; `None` when that was given up.
    async fn write(self, key: Option<Key>, data: Json) -> Option<Outcome> {
        let taken = self.taken.get_untracked();
        let list = self.list.with_value(|list| pushable(list, &[]));
        for nth in 0..TRIES {
            let error = match self.send(key.as_ref(), list.as_ref(), taken, &data).await {
                Ok(()) => return Some(Outcome::Written),
                Err(error) if error.is_conflict() => return Some(Outcome::Skipped),
                Err(error) => error,
            };
            // Whether something was pushed is not known when there was no answer.
            let is_push = key.is_none() || taken == Taken::Push;
            let is_unsure = is_push && error.status().is_none();
            if !error.may_pass() || is_unsure || nth + 1 == TRIES {
                return Some(Outcome::Refused(refused(&error)));
            }
            self.wait(&error, nth).await;
            if self.cancelled.try_get_untracked() != Some(false) {
                return None;
            }
        }
        None
    }

    async fn send(
        self,
        key: Option<&Key>,
        list: Option<&List>,
        taken: Taken,
        data: &Json,
    ) -> Result<(), AskError> {
        let condition = if taken == Taken::Skip { Condition::Missing } else { Condition::Always };
        let request = match (key.filter(|_| taken != Taken::Push), list) {
            (Some(key), _) => data::set(key, data, condition),
            (None, Some(list)) => data::push(list, data),
            (None, None) => return Ok(()),
        };
        self.session.ask(&request).await.map(|_| ())
    }

    /// Waits a little longer each time, or as long as the server says.
    async fn wait(self, error: &AskError, nth: u32) {
        let told = match error {
            AskError::Refused(problem) => problem.retry_after,
            _ => None,
        };
        let wait = told.map_or(Duration::from_millis(250 << nth.min(5)), Duration::from_secs);
        let say = |text: String| {
            _ = self.progress.try_update(|progress| {
                if let Some(progress) = progress {
                    progress.waits = text;
                }
            });
        };
        say(refused(error));
        let slept = js_sys::Promise::new(&mut |resolve, _| {
            let milliseconds = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
            _ = window()
                .set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, milliseconds);
        });
        _ = JsFuture::from(slept).await;
        say(String::new());
    }
}

/// Asks for what is to be imported into a list, shows it, and writes it.
#[component]
pub(super) fn ImportDialog(
    /// The list.
    list: Glob,
    /// What happens when it is closed.
    #[prop(into)]
    close: Callback<()>,
) -> impl IntoView {
    let (text, format) = (RwSignal::new(String::new()), RwSignal::new(Format::Json));
    let rows = {
        let list = list.clone();
        Memo::new(move |_| {
            let rows = text.with(|text| match text.trim().is_empty() {
                true => Vec::new(),
                false => candidates(text, format.get(), &list),
            });
            let can_push = pushable(&list, &[]).is_some();
            let check = |mut row: Candidate| {
                if row.data.is_ok() && row.key.is_none() && !can_push {
                    row.data = Err("it needs a key: this list has several stars".to_owned());
                }
                row
            };
            rows.into_iter().map(check).collect()
        })
    };
    let title = format!("Import into {list}");
    let import = Import {
        list: StoredValue::new(list),
        text,
        format,
        taken: RwSignal::new(Taken::Replace),
        rows,
        progress: RwSignal::new(None),
        cancelled: RwSignal::new(false),
        session: use_session(),
    };
    on_cleanup(move || import.cancelled.set(true));
    let is_running = Memo::new(move |_| import.progress.with(Option::is_some));
    view! {
        <Modal title class="wide" close>
            {move || match is_running.get() {
                false => view! { <Source import/> <Preview import close/> }.into_any(),
                true => view! { <Going import close/> }.into_any(),
            }}
        </Modal>
    }
}

/// Where the objects come from.
#[component]
fn Source(import: Import) -> impl IntoView {
    let Import { text, format, .. } = import;
    let trouble = RwSignal::new(String::new());
    let file = NodeRef::<html::Input>::new();
    let area = NodeRef::<html::Textarea>::new();
    let take = move |new: String| {
        format.set(Format::of(&new));
        text.set(new);
    };
    let chosen = move |_| {
        let Some(input) = file.get_untracked() else { return };
        let Some(chosen) =
            (*input).unchecked_ref::<HtmlInputElement>().files().and_then(|it| it.get(0))
        else {
            return;
        };
        if chosen.size() > LARGEST {
            return trouble
                .set("This file is over 64 MB. Split it, or use `monoxide import`.".to_owned());
        }
        trouble.set(String::new());
        spawn_local(async move {
            let read: Result<JsValue, JsValue> = JsFuture::from(chosen.text()).await;
            match read.ok().and_then(|it| it.as_string()) {
                Some(read) => {
                    if let Some(area) = area.try_get_untracked().flatten() {
                        area.set_value(&read);
                    }
                    take(read);
                }
                None => _ = trouble.try_set("This file cannot be read.".to_owned()),
            }
        });
    };
    view! {
        <div class="form">
            <div class="field">
                <label for="import-file">"A file"</label>
                <input
                    id="import-file"
                    class="file"
                    type="file"
                    accept=".json,.jsonl,.ndjson,.csv,.tsv,.txt"
                    node_ref=file
                    on:change=chosen
                />
            </div>
            <div class="field">
                <label for="import-text">"Or paste it"</label>
                <textarea
                    id="import-text"
                    class="paste"
                    rows="6"
                    spellcheck="false"
                    wrap="off"
                    placeholder="[{\"title\": \"Dune\"}]"
                    node_ref=area
                    on:input=move |event| take(event_target_value(&event))
                ></textarea>
            </div>
            <p class="field-error" role="alert">{trouble}</p>
            <fieldset class="format-choices">
                <legend>"It is"</legend>
                <FormatChoice format/>
            </fieldset>
        </div>
    }
}

/// What would be written.
#[component]
fn Preview(import: Import, close: Callback<()>) -> impl IntoView {
    let Import { rows, taken, .. } = import;
    let right =
        Memo::new(move |_| rows.with(|rows| rows.iter().filter(|it| it.data.is_ok()).count()));
    let wrong = Memo::new(move |_| rows.with(|rows| rows.len() - right.get()));
    let has_keys = Memo::new(move |_| rows.with(|rows| rows.iter().any(|it| it.key.is_some())));
    let can_push = import.list.with_value(|list| pushable(list, &[]).is_some());
    let summary = move || match (right.get(), wrong.get()) {
        (0, 0) => String::new(),
        (right, 0) => format!("{} can be written.", count(right)),
        (0, wrong) => format!("{} cannot be read.", lines(wrong)),
        (right, wrong) => {
            format!("{} can be written, {} cannot be read.", count(right), lines(wrong))
        }
    };
    let choice = move |it: Taken, label: &'static str| {
        view! {
            <label class="format-choice">
                <input
                    type="radio"
                    name="taken"
                    prop:checked=move || taken.get() == it
                    on:change=move |_| taken.set(it)
                />
                {label}
            </label>
        }
    };
    let choices = move || {
        has_keys.get().then(|| {
            view! {
                <fieldset class="format-choices">
                    <legend>"Objects whose key is taken"</legend>
                    {choice(Taken::Replace, "Replace what is there")}
                    {choice(Taken::Skip, "Skip")}
                    {can_push.then(|| choice(Taken::Push, "Push all as new objects"))}
                </fieldset>
            }
        })
    };
    view! {
        <div class="form">
            {choices}
            <p class="import-summary" role="status">{summary}</p>
            <PreviewTable rows/>
            <div class="form-end">
                <button type="button" class="button" on:click=move |_| close.run(())>
                    "Cancel"
                </button>
                <button
                    type="button"
                    class="button primary"
                    disabled=move || right.get() == 0
                    on:click=move |_| import.start()
                >
                    {move || match right.get() {
                        0 => "Import".to_owned(),
                        right => format!("Import {}", count(right)),
                    }}
                </button>
            </div>
        </div>
    }
}

fn lines(number: usize) -> String {
    if number == 1 { "1 row".to_owned() } else { format!("{number} rows") }
}

/// The first rows, those that cannot be read in front.
#[component]
fn PreviewTable(rows: Memo<Vec<Candidate>>) -> impl IntoView {
    let row = |row: &Candidate| {
        let key = row.key.as_ref().map_or("new".to_owned(), |key| key.index().to_owned());
        let (class, says) = match &row.data {
            Ok(_) => ("", row.text.clone().into_any()),
            Err(why) => ("wrong", coded(why).into_any()),
        };
        let icon = row.data.is_err().then(|| Icon::Alert.draw());
        view! {
            <tr class=class>
                <td class="number">{row.line}</td>
                <td class="row-key">{if row.data.is_ok() { key } else { String::new() }}</td>
                <td class="says">{icon} <span>{says}</span></td>
            </tr>
        }
    };
    move || {
        rows.with(|rows| {
            let (right, wrong): (Vec<_>, Vec<_>) = rows.iter().partition(|it| it.data.is_ok());
            let shown: Vec<_> = wrong.into_iter().chain(right).take(SHOWN).map(row).collect();
            let rest = rows.len().saturating_sub(SHOWN);
            (!shown.is_empty()).then(|| {
                view! {
                    <div class="preview" tabindex="0" role="region" aria-label="Preview">
                        <table>
                            <thead>
                                <tr>
                                    <th scope="col">"Line"</th>
                                    <th scope="col">"Key"</th>
                                    <th scope="col">"Data"</th>
                                </tr>
                            </thead>
                            <tbody>{shown}</tbody>
                        </table>
                    </div>
                    {(rest > 0).then(|| view! { <p class="field-hint">{format!("and {rest} more")}</p> })}
                }
            })
        })
    }
}

/// How far it has come, and what came of it.
#[component]
fn Going(import: Import, close: Callback<()>) -> impl IntoView {
    let toasts = use_toasts();
    let progress = move || import.progress.get().unwrap_or_default();
    let is_over = Memo::new(move |_| progress().is_over);
    Effect::new(move |_| {
        if is_over.get() {
            let Progress { written, .. } = import.progress.get_untracked().unwrap_or_default();
            toasts.say(format!("Imported {}", count(written)));
        }
    });
    let summary = move || {
        let Progress { done, all, written, skipped, refused, is_over, .. } = progress();
        let mut parts = vec![format!("{} written", count(written))];
        if skipped > 0 {
            parts.push(format!("{skipped} skipped, their keys are taken"));
        }
        if !refused.is_empty() {
            parts.push(format!("{} refused", refused.len()));
        }
        if is_over && done < all {
            parts.push(format!("{} not tried, it was cancelled", all - done));
        }
        format!("{}.", parts.join(", "))
    };
    let refusals = move || {
        let refused = progress().refused;
        (!refused.is_empty()).then(|| {
            let row = |(line, why): (usize, String)| {
                view! { <tr class="wrong"><td class="number">{line}</td><td class="says">{coded(&why)}</td></tr> }
            };
            view! {
                <div class="preview" tabindex="0" role="region" aria-label="Refused rows">
                    <table>
                        <thead>
                            <tr><th scope="col">"Line"</th><th scope="col">"Why"</th></tr>
                        </thead>
                        <tbody>{refused.into_iter().take(SHOWN).map(row).collect_view()}</tbody>
                    </table>
                </div>
            }
        })
    };
    let buttons = move || match is_over.get() {
        false => view! {
            <button type="button" class="button" on:click=move |_| import.cancelled.set(true)>
                "Cancel"
            </button>
        }
        .into_any(),
        true => view! {
            <button type="button" class="button" on:click=move |_| import.progress.set(None)>
                "Import more"
            </button>
            <button type="button" class="button primary" on:click=move |_| close.run(())>
                "Done"
            </button>
        }
        .into_any(),
    };
    view! {
        <div class="form">
            <progress
                aria-label="Import"
                max=move || progress().all.max(1).to_string()
                prop:value=move || progress().done as f64
            ></progress>
            <p class="import-summary" role="status">{summary}</p>
            <p class="field-hint">{move || progress().waits}</p>
            {refusals}
            <div class="form-end">{buttons}</div>
        </div>
    }
}
