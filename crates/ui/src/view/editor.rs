//! A field for JSON: coloured, checked while one types, with the keys that people expect.
//!
//! It is a text area whose letters are transparent, over the same text in colours, so the browser
//! does the editing: its undo, its spell of keys, its screen readers.

use std::{ops::Range, sync::Arc, time::Duration};

use leptos::{
    ev::{KeyboardEvent, MouseEvent},
    html,
    prelude::*,
};
use serde_json::Value;
use wasm_bindgen::JsCast;
use web_sys::{FocusOptions, HtmlDocument, HtmlTextAreaElement};

use crate::{
    model::{
        Member, Misfit, Mistake, Typed, byte_of, check, format, line_break, members, misfits,
        offset_of, painted, position, tab, units_of,
    },
    view::{Icon, words::coded},
};

/// A text longer than this is not coloured, and checked only when the typing pauses: it would
/// hold up the keys.
const COLOURED: usize = 100_000;

/// Changes up to so many lines are typed into the field, so that the browser can take them back. It
/// takes the square of them: 500 lines took it a quarter of a second, and 5,000 half a minute.
const TYPED: usize = 150;

/// How long a pause in the typing of a long text is.
const PAUSE: Duration = Duration::from_millis(250);

/// A text of JSON that is being edited. Copying it copies a handle.
#[derive(Debug, Clone, Copy)]
pub struct Editor {
    text: RwSignal<String>,
    /// Its first mistake.
    mistake: RwSignal<Option<Mistake>>,
    area: NodeRef<html::Textarea>,
    pause: StoredValue<Option<TimeoutHandle>>,
    /// Whether the next tabulator leaves the field.
    leaves: RwSignal<bool>,
}

impl Editor {
    /// An editor with a text in it.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let mistake = RwSignal::new(check(&text).err());
        let pause = StoredValue::new(None);
        let area = NodeRef::new();
        Self { text: RwSignal::new(text), mistake, area, pause, leaves: RwSignal::new(false) }
    }

    /// The text.
    #[must_use]
    pub fn text(self) -> Signal<String> {
        self.text.into()
    }

    /// The first mistake in it. In a long text it is known a moment later.
    #[must_use]
    pub fn mistake(self) -> Signal<Option<Mistake>> {
        self.mistake.into()
    }

    /// Whether the text is JSON, found out now.
    #[must_use]
    pub fn is_right(self) -> bool {
        self.check();
        self.mistake.with_untracked(Option::is_none)
    }

    /// Puts another text there. Where it can be, the browser's own undo takes that back.
    pub fn write(self, text: &str) {
        if self.text.with_untracked(|now| now == text) {
            return;
        }
        if let Some(area) = self.area.get_untracked() {
            let all = 0..self.text.with_untracked(String::len);
            if is_short(text) {
                let focused = document().active_element();
                let typed = Typed { over: all, text: text.to_owned(), select: 0..0 };
                self.type_into(&area, &typed);
                let focused = focused.and_then(|it| it.dyn_into::<web_sys::HtmlElement>().ok());
                if let Some(focused) = focused {
                    _ = focused.focus();
                }
            } else {
                area.set_value(text);
            }
        }
        self.set(text.to_owned());
        self.check();
    }

    /// Writes the text with one value a line.
    pub fn format(self) {
        if let Some(text) = self.text.with_untracked(|text| format(text)) {
            self.write(&text);
        }
    }

    /// Gives the field the focus, with the cursor at a byte.
    pub fn go_to(self, at: usize) {
        let Some(area) = self.area.get_untracked() else { return };
        let units = self.text.with_untracked(|text| units(units_of(text, at)));
        _ = area.focus();
        _ = area.set_selection_range(units, units);
        // The browser shows the cursor when something is typed, and not before.
        let (line, _) = self.text.with_untracked(|text| position(text, at));
        if let Some(scroller) = area.closest(".editor-text").ok().flatten() {
            let height = f64::from(scroller.scroll_height());
            let lines = self.text.with_untracked(|text| text.lines().count().max(1));
            #[expect(clippy::cast_precision_loss, reason = "an editor has no 2^52 lines")]
            let part = line.saturating_sub(4) as f64 / lines as f64;
            #[expect(clippy::cast_possible_truncation, reason = "a height in pixels")]
            scroller.set_scroll_top((height * part) as i32);
        }
    }

    fn set(self, text: String) {
        if self.text.with_untracked(|now| *now != text) {
            self.text.set(text);
        }
    }

    fn check(self) {
        let found = self.text.with_untracked(|text| check(text).err());
        if self.mistake.with_untracked(|known| *known != found) {
            self.mistake.set(found);
        }
    }

    /// Puts the text into the field when that is there, and gives it the focus if the page begins
    /// with it.
    fn begin(self, first: bool) {
        Effect::new(move |was: Option<bool>| {
            let Some(area) = self.area.get().filter(|_| was != Some(true)) else { return false };
            area.set_value(&self.text.get_untracked());
            if first {
                _ = area.set_selection_range(0, 0);
                // A field that is higher than the screen would be scrolled to its end.
                let still = FocusOptions::new();
                still.set_prevent_scroll(true);
                _ = area.focus_with_options(&still);
            }
            true
        });
    }

    /// Takes note of what was typed.
    fn read(self, area: &HtmlTextAreaElement) {
        self.set(area.value());
        if self.text.with_untracked(String::len) <= COLOURED {
            return self.check();
        }
        let later = set_timeout_with_handle(
            move || {
                if self.text.try_get_untracked().is_some() {
                    self.check();
                }
            },
            PAUSE,
        );
        self.pause.update_value(|pause| {
            if let Some(old) = std::mem::replace(pause, later.ok()) {
                old.clear();
            }
        });
    }

    /// Does a change as if somebody had typed it.
    fn type_into(self, area: &HtmlTextAreaElement, typed: &Typed) {
        let in_units = |range: &Range<usize>, text: &str| {
            (units(units_of(text, range.start)), units(units_of(text, range.end)))
        };
        let (from, end) = self.text.with_untracked(|text| in_units(&typed.over, text));
        _ = area.focus();
        _ = area.set_selection_range(from, end);
        let page = document().unchecked_into::<HtmlDocument>();
        let command = if typed.text.is_empty() { "delete" } else { "insertText" };
        let is_typed = is_short(&typed.text)
            && page.exec_command_with_show_ui_and_value(command, false, &typed.text) == Ok(true);
        if !is_typed {
            _ = area.set_range_text_with_start_and_end(&typed.text, from, end);
        }
        self.read(area);
        let (from, end) = self.text.with_untracked(|text| in_units(&typed.select, text));
        _ = area.set_selection_range(from, end);
    }

    /// Does what a key means here; says whether it meant something.
    fn press(self, event: &KeyboardEvent, area: &HtmlTextAreaElement) -> bool {
        let leaves = self.leaves.get_untracked();
        let is_plain = !(event.ctrl_key() || event.meta_key() || event.alt_key());
        if event.key() == "Escape" && is_plain && !leaves {
            self.leaves.set(true);
            return true;
        }
        if !matches!(event.key().as_str(), "Tab" | "Shift" | "Escape") && leaves {
            self.leaves.set(false);
        }
        let typed = self.text.with_untracked(|text| {
            let at = |units: Option<u32>| byte_of(text, units.unwrap_or_default() as usize);
            let selected =
                at(area.selection_start().ok().flatten())..at(area.selection_end().ok().flatten());
            match event.key().as_str() {
                "Tab" if is_plain && !leaves => Some(tab(text, selected, event.shift_key())),
                "Enter" if is_plain && !event.shift_key() => Some(line_break(text, selected)),
                _ => None,
            }
        });
        if let Some(typed) = &typed {
            self.type_into(area, typed);
        }
        typed.is_some()
    }
}

fn is_short(text: &str) -> bool {
    text.bytes().filter(|&it| it == b'\n').nth(TYPED).is_none()
}

/// Browsers count with 32 bits.
fn units(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The field, with the numbers of its lines, and what is wrong below.
#[component]
pub fn EditorView(
    /// What is edited.
    editor: Editor,
    /// What it is for, for those who hear the page.
    #[prop(into)]
    label: String,
    /// What the server says of such data.
    schema: Option<Arc<Value>>,
    /// What Ctrl-S does.
    #[prop(into)]
    save: Callback<()>,
    /// Whether the page begins here.
    #[prop(default = false)]
    first: bool,
) -> impl IntoView {
    let Editor { text, mistake, area, leaves, .. } = editor;
    let number = editor_number();
    let (says_id, hint_id) = (format!("editor-says-{number}"), format!("editor-hint-{number}"));
    let described = format!("{says_id} {hint_id}");
    editor.begin(first);
    let is_large = Memo::new(move |_| text.with(String::len) > COLOURED);
    let hint = move || match leaves.get() {
        true => "Tab leaves the editor now",
        false => "Tab indents; Esc, then Tab, leaves",
    };
    let press = move |event: KeyboardEvent| {
        let Some(area) = area.get_untracked() else { return };
        if (event.ctrl_key() || event.meta_key()) && event.key().eq_ignore_ascii_case("s") {
            event.prevent_default();
            save.run(());
        } else if editor.press(&event, &area) {
            event.prevent_default();
            event.stop_propagation();
        }
    };
    view! {
        <div class="editor" class:wrong=move || mistake.with(Option::is_some)>
            <div class="editor-text" class:large=is_large>
                <Numbers editor is_large/>
                <div class="editor-sheet">
                    <Colours editor is_large/>
                    <textarea
                        node_ref=area
                        class="editor-area"
                        aria-label=label
                        aria-invalid=move || mistake.with(Option::is_some).to_string()
                        aria-describedby=described
                        spellcheck="false"
                        autocomplete="off"
                        autocapitalize="off"
                        wrap="off"
                        on:input=move |event| editor.read(&event_target(&event))
                        on:keydown=press
                        on:blur=move |_| leaves.set(false)
                    ></textarea>
                </div>
            </div>
            <div class="editor-foot">
                <p id=says_id class="editor-says" role="status">
                    <Says editor/>
                </p>
                <p id=hint_id class="editor-hint">{hint}</p>
            </div>
            <Hints editor schema/>
        </div>
    }
}

/// The text in colours. That of a long one is not there.
#[component]
fn Colours(editor: Editor, is_large: Memo<bool>) -> impl IntoView {
    let coloured = move || {
        if is_large.get() {
            return String::new();
        }
        let at = editor.mistake.with(|it| it.as_ref().map(|it| it.at));
        editor.text.with(|text| painted(text, at))
    };
    view! { <pre class="editor-colours" aria-hidden="true" inner_html=coloured></pre> }
}

/// The numbers of the lines, and a mark on the one with the mistake.
#[component]
fn Numbers(editor: Editor, is_large: Memo<bool>) -> impl IntoView {
    let Editor { text, mistake, .. } = editor;
    let breaks = move |text: &String| text.bytes().filter(|&it| it == b'\n').count();
    let lines = Memo::new(move |_| if is_large.get() { 0 } else { text.with(breaks) + 1 });
    let numbers = move || (1..=lines.get()).map(|it| it.to_string()).collect::<Vec<_>>().join("\n");
    let wrong = Memo::new(move |_| mistake.with(|it| it.as_ref().map(|it| it.line)));
    let band = move || {
        let top = format!("{}lh", wrong.get().filter(|_| !is_large.get())? - 1);
        Some(view! { <span class="editor-band" style:top=top></span> })
    };
    view! { <div class="editor-lines" aria-hidden="true">{band} {numbers}</div> }
}

/// A number that no other editor of the page has.
fn editor_number() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Whether the text is JSON, and what is wrong with it.
#[component]
fn Says(editor: Editor) -> impl IntoView {
    let go = move |_: MouseEvent| {
        if let Some(at) = editor.mistake.with_untracked(|it| it.as_ref().map(|it| it.at)) {
            editor.go_to(at);
        }
    };
    move || match editor.mistake.get() {
        None => view! { {Icon::Check.draw()} "Valid JSON" }.into_any(),
        Some(Mistake { line, column, what, .. }) => view! {
            {Icon::Alert.draw()}
            <button type="button" class="text-button" on:click=go>
                {format!("Line {line}, column {column}")}
            </button>
            <span>{coded(&what)}</span>
        }
        .into_any(),
    }
}

/// What the schema says: what does not fit, and the members that there are.
#[component]
fn Hints(editor: Editor, schema: Option<Arc<Value>>) -> impl IntoView {
    let known = schema.clone().map(known);
    // What does not fit, with the line on which it stands.
    let found = Memo::new(move |_| {
        let Some(schema) = &schema else { return Vec::new() };
        if editor.mistake.with(Option::is_some) {
            return Vec::new();
        }
        editor.text.with(|text| {
            let Ok(data) = serde_json::from_str::<Value>(text) else { return Vec::new() };
            let at = |misfit: Misfit| {
                // What is missing is nowhere, but what it is missing in is somewhere.
                let found = offset_of(text, misfit.place.as_str());
                let parent = || offset_of(text, misfit.place.parent()?.as_str());
                let at = found.or_else(parent).unwrap_or_default();
                (misfit, at, position(text, at).0)
            };
            misfits(schema, &data).into_iter().map(at).collect()
        })
    });
    let misfit = move |(Misfit { place, what }, at, line): (Misfit, usize, usize)| {
        let name = place.as_str().trim_start_matches('/').to_owned();
        let name = (!name.is_empty()).then(|| view! { <code>{name}</code> " " });
        view! {
            <li>
                <button type="button" class="text-button" on:click=move |_| editor.go_to(at)>
                    {format!("Line {line}")}
                </button>
                <span>{name} {what}</span>
            </li>
        }
    };
    let warnings = move || {
        let found = found.get();
        (!found.is_empty()).then(|| {
            view! {
                <div class="editor-misfits" role="status">
                    <p>{Icon::Alert.draw()} "By the schema of this key:"</p>
                    <ul>{found.into_iter().map(misfit).collect_view()}</ul>
                </div>
            }
        })
    };
    view! { {warnings} {known} }
}

/// The members that a schema names.
fn known(schema: Arc<Value>) -> Option<impl IntoView> {
    let members = members(&schema);
    let row = |member: Member| {
        let required = member.required.then(|| view! { <span class="required">"required"</span> });
        view! {
            <div>
                <dt>{member.name} {required}</dt>
                <dd>
                    <span class="kind">{member.kind}</span>
                    " "
                    {member.about}
                </dd>
            </div>
        }
    };
    let count = members.len();
    (count > 0).then(|| {
        view! {
            <details class="editor-schema">
                <summary>{format!("Schema: {count} members")}</summary>
                <dl>{members.into_iter().map(row).collect_view()}</dl>
            </details>
        }
    })
}
