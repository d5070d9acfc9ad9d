//! The messages as they came, the newest on top.

use std::sync::Arc;

use leptos::{ev::KeyboardEvent, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::Watching;
use crate::{
    model::{
        log::{BYTES, Entry, Log, MOST, Step},
        unit::{Unit, grouped},
    },
    view::{Icon, time::local},
};

/// How many rows there are while messages come in. All that are kept show when it is paused.
const WHILE_LIVE: usize = 50;

/// The messages, and what can be done with them.
#[component]
pub(super) fn MessagesPane(watching: Watching) -> impl IntoView {
    let find = RwSignal::new(String::new());
    let still = watching.still;
    let is_still = Memo::new(move |_| still.with(Option::is_some));
    let rows = Memo::new(move |_| {
        let words = find.with(|find| find.trim().to_lowercase());
        let most = if is_still.get() { MOST } else { WHILE_LIVE };
        watching.with_shown(|log| {
            let found = log.entries().rev().filter(|entry| entry.has(&words));
            found.take(most).cloned().collect::<Vec<_>>()
        })
    });
    let press = move |event: leptos::ev::MouseEvent| {
        if let Some(number) = row_of(&event).and_then(|row| number(&row)) {
            watching.choose(number);
        }
    };
    let nothing = move || {
        rows.with(Vec::is_empty).then(|| {
            let text = if find.with(|find| find.trim().is_empty()) {
                "Nothing has come since. What anybody writes shows here at once."
            } else {
                "No message has this in it."
            };
            view! { <p class="uses-nothing">{text}</p> }
        })
    };
    view! {
        <section class="live-messages" aria-labelledby="live-messages-title">
            <div class="uses-head">
                <h2 id="live-messages-title" class="section-title">"Messages"</h2>
                <Counts watching/>
                <input
                    type="search"
                    class="uses-find"
                    placeholder="Filter"
                    aria-label="Filter messages"
                    on:input=move |event| find.set(event_target_value(&event))
                />
            </div>
            <Controls watching is_still/>
            <div class="card live-log">
                <ul on:click=press on:keydown=move |event| walk(&event, watching)>
                    <For each=move || rows.get() key=|entry| entry.number let:entry>
                        <Row entry watching/>
                    </For>
                </ul>
                {nothing}
            </div>
            <Details watching/>
        </section>
    }
}

/// How many there were, how many are kept, and what came while it is paused.
#[component]
fn Counts(watching: Watching) -> impl IntoView {
    let Watching { log, still, .. } = watching;
    let text = move || {
        let (total, kept, bytes) = log.with(|log| (log.total(), log.len(), log.bytes()));
        #[expect(clippy::cast_precision_loss, reason = "it shows three digits")]
        let bytes = Unit::Bytes.show(bytes as f64);
        format!("{} in all, the last {kept} are kept ({bytes})", grouped(total))
    };
    #[expect(clippy::cast_precision_loss, reason = "it is 4 MiB")]
    let bound = format!(
        "The last {MOST} messages are kept, and {} of them at most",
        Unit::Bytes.show(BYTES as f64)
    );
    let meanwhile = move || {
        let then = still.with(|still| still.as_ref().map(Log::total))?;
        let more = log.with(Log::total).saturating_sub(then);
        Some(view! { <span class="meanwhile">{format!("{} new", grouped(more))}</span> })
    };
    view! { <span class="count" title=bound>{text} " " {meanwhile}</span> }
}

/// Pause, step, clear.
#[component]
fn Controls(watching: Watching, is_still: Memo<bool>) -> impl IntoView {
    let toggle =
        move |_| if is_still.get_untracked() { watching.go_on() } else { watching.pause() };
    let beside = move |by: isize| {
        watching.with_shown(|log| match watching.chosen.get() {
            Some(number) => log.beside(number, by).is_some(),
            None => by < 0 && log.len() > 1,
        })
    };
    view! {
        <div class="live-controls" role="group" aria-label="What is shown">
            <button type="button" class="button" aria-pressed=move || is_still.get().to_string() on:click=toggle>
                {move || if is_still.get() { "Go on" } else { "Pause" }}
            </button>
            <button type="button" class="button" disabled=move || !beside(-1) on:click=move |_| watching.step(-1)>
                "Step back"
            </button>
            <button type="button" class="button" disabled=move || !beside(1) on:click=move |_| watching.step(1)>
                "Step forward"
            </button>
            <button type="button" class="button" on:click=move |_| watching.clear()>
                {Icon::Trash.draw()}
                "Clear"
            </button>
        </div>
    }
}

/// One message.
#[component]
fn Row(entry: Arc<Entry>, watching: Watching) -> impl IntoView {
    let chosen = watching.chosen;
    let number = entry.number;
    let is_chosen = Memo::new(move |_| chosen.get() == Some(number));
    let at = local(entry.at);
    let committed = format!("Committed at {}", local(entry.version.number()).exact());
    #[expect(clippy::cast_precision_loss, reason = "it shows three digits")]
    let size = Unit::Bytes.show(entry.text.len() as f64);
    let exact = format!("{} bytes", grouped(entry.text.len() as u64));
    let more = entry.count.saturating_sub(entry.summary.len());
    let more =
        (more > 0).then(|| view! { <span class="live-more">{format!("and {more} more")}</span> });
    view! {
        <li>
            <button
                type="button"
                class="live-row"
                class:chosen=is_chosen
                aria-current=move || is_chosen.get().then_some("true")
                data-number=number.to_string()
            >
                <time class="live-time" title=at.exact()>{at.milliseconds()}</time>
                <span class=if entry.is_snapshot { "live-kind whole" } else { "live-kind" }>
                    {if entry.is_snapshot { "snapshot" } else { "patch" }}
                </span>
                <span class="live-size" title=exact>{size}</span>
                <span class="live-version" title=committed>{entry.version.to_string()}</span>
                <span class="live-steps">
                    {entry.summary.iter().map(summed).collect_view()}
                    {more}
                </span>
            </button>
        </li>
    }
}

/// How much of a value a row shows, in characters.
const SHORT: usize = 80;

fn summed(step: &Step) -> impl IntoView + use<> {
    let is_step = step.operation != "snapshot";
    let operation = is_step
        .then(|| view! { <b class=format!("op {}", step.operation)>{step.operation.clone()}</b> });
    let value = step.value.as_ref().map(|value| value.chars().take(SHORT).collect::<String>());
    view! {
        <span class="live-step">
            {operation}
            {is_step.then(|| view! { <span class="live-path">{step.path.clone()}</span> })}
            <span class="live-value">{value}</span>
        </span>
    }
}

/// All of the message that is looked at.
#[component]
fn Details(watching: Watching) -> impl IntoView {
    move || {
        let number = watching.chosen.get()?;
        let entry = watching.with_shown(|log| log.entry(number).cloned())?;
        let steps = entry.steps().map(|steps| {
            let step = |step: &Step| {
                view! {
                    <tr>
                        <td><b class=format!("op {}", step.operation)>{step.operation.clone()}</b></td>
                        <td>{step.path.clone()}</td>
                        <td class="live-whole">{step.value.clone()}</td>
                    </tr>
                }
            };
            view! {
                <table>
                    <thead>
                        <tr>
                            <th scope="col">"Operation"</th>
                            <th scope="col">"Where"</th>
                            <th scope="col">"Value"</th>
                        </tr>
                    </thead>
                    <tbody>{steps.iter().take(MOST).map(step).collect_view()}</tbody>
                </table>
            }
        });
        let about = match &steps {
            Some(_) if entry.count == 1 => format!("1 operation, to version {}", entry.version),
            Some(_) => format!("{} operations, to version {}", entry.count, entry.version),
            None => format!("The whole document, version {}", entry.version),
        };
        Some(view! {
            <div class="card live-details" tabindex="0" role="region" aria-label=format!("Message {number}")>
                <h3>{format!("Message {number}")}</h3>
                <p class="facts">{about}</p>
                {steps}
            </div>
        })
    }
}

fn row_of(event: &web_sys::Event) -> Option<Element> {
    event.target()?.dyn_into::<Element>().ok()?.closest(".live-row").ok()?
}

fn number(row: &Element) -> Option<u64> {
    row.get_attribute("data-number")?.parse().ok()
}

/// Up and down walk the messages.
fn walk(event: &KeyboardEvent, watching: Watching) {
    let Some(item) = row_of(event).and_then(|row| row.parent_element()) else { return };
    let to = match event.key().as_str() {
        "ArrowDown" => item.next_element_sibling(),
        "ArrowUp" => item.previous_element_sibling(),
        _ => return,
    };
    event.prevent_default();
    let Some(row) = to.and_then(|item| item.first_element_child()) else { return };
    if let Some(number) = number(&row) {
        watching.choose(number);
    }
    if let Ok(row) = row.dyn_into::<HtmlElement>() {
        _ = row.focus();
    }
}
