//! Forms: fields that say what is wrong with them while one types, and the button that sends them.

use std::pin::Pin;

use leptos::{ev::SubmitEvent, html, prelude::*, task::spawn_local};
use monoxide_client::accounts::AskError;

use crate::{
    model::{Words, form::Wrong},
    view::Icon,
};

/// One line that a person fills in. Copying it copies a handle.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// What the server calls it.
    name: &'static str,
    value: RwSignal<String>,
    /// What is wrong with it, by our own rules.
    wrong: Signal<Option<Wrong>>,
    /// What the server said is wrong, and of which text.
    told: RwSignal<Option<(String, String)>>,
    /// Nobody is told of a mistake before they have left the field once.
    left: RwSignal<bool>,
    input: NodeRef<html::Input>,
}

impl Field {
    /// A field that the server calls `name`, with a rule for what may stand there.
    pub fn new(
        name: &'static str,
        rule: impl Fn(&str) -> Result<(), Wrong> + Send + Sync + 'static,
    ) -> Self {
        let value = RwSignal::new(String::new());
        let wrong = Signal::derive(move || value.with(|value| rule(value).err()));
        let (told, left) = (RwSignal::new(None), RwSignal::new(false));
        Self { name, value, wrong, told, left, input: NodeRef::new() }
    }

    /// The same field with something in it.
    #[must_use]
    pub fn with(self, value: impl Into<String>) -> Self {
        self.value.set(value.into());
        self
    }

    /// What stands there.
    #[must_use]
    pub fn get(self) -> String {
        self.value.get()
    }

    /// What stands there, without being told when it changes.
    #[must_use]
    pub fn value(self) -> String {
        self.value.get_untracked()
    }

    /// Empties it, as if nobody had been there.
    pub fn clear(self) {
        self.value.set(String::new());
        self.left.set(false);
    }

    /// What is wrong with it.
    fn problem(self) -> Option<String> {
        let told = self.told.get().filter(|(text, _)| self.value.with(|value| value == text));
        told.map(|(_, why)| why).or_else(|| self.wrong.get().map(str::to_owned))
    }

    /// What is said to be wrong with it.
    fn shown(self) -> Option<String> {
        self.left.get().then(|| self.problem()).flatten()
    }

    /// A browser may fill a field in without telling the page.
    fn read(self) {
        let text = self.input.get_untracked().map(|input| input.value());
        if let Some(text) = text.filter(|text| self.value.with_untracked(|value| value != text)) {
            self.value.set(text);
        }
    }

    fn focus(self) {
        if let Some(input) = self.input.get_untracked() {
            _ = input.focus();
            input.select();
        }
    }
}

/// A form on its way.
type Sending = Pin<Box<dyn Future<Output = Result<(), AskError>>>>;

/// Fields that are sent together. Copying it copies a handle.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    fields: StoredValue<Vec<Field>>,
    sending: RwSignal<bool>,
    /// What is wrong with the whole.
    trouble: RwSignal<String>,
    /// What was done.
    done: RwSignal<&'static str>,
}

impl Form {
    /// A form of these fields, in the order of the page.
    #[must_use]
    pub fn new(fields: impl Into<Vec<Field>>) -> Self {
        Self {
            fields: StoredValue::new(fields.into()),
            sending: RwSignal::new(false),
            trouble: RwSignal::default(),
            done: RwSignal::new(""),
        }
    }

    /// Sends it, unless a field is wrong, which gets the focus then. When it was taken, `done` is
    /// said below it.
    pub fn send<F>(self, done: &'static str, send: impl FnOnce() -> F)
    where
        F: Future<Output = Result<(), AskError>> + 'static,
    {
        if self.is_right() {
            self.follow(done, Box::pin(send()));
        }
    }

    /// Whether it can be sent now.
    fn is_right(self) -> bool {
        if self.sending.get_untracked() {
            return false;
        }
        self.done.set("");
        self.trouble.set(String::new());
        let fields = self.fields.get_value();
        for field in &fields {
            field.read();
            field.left.set(true);
        }
        !self.focus_wrong()
    }

    fn follow(self, done: &'static str, sent: Sending) {
        self.sending.set(true);
        spawn_local(async move {
            let answer = sent.await;
            // The form may be gone by then, as it is after signing in.
            if self.sending.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(()) => self.done.set(done),
                Err(error) => self.tell(Words::of(&error)),
            }
        });
    }

    /// Says what is wrong: beside the fields, and above the button what is no field’s business.
    fn tell(self, words: Words) {
        let mut whole = words.whole;
        for (name, why) in words.fields {
            let field = self.fields.with_value(|it| it.iter().copied().find(|it| it.name == name));
            match field {
                Some(field) => field.told.set(Some((field.value(), why))),
                None => whole = format!("{whole} {why}"),
            }
        }
        self.trouble.set(whole.trim().to_owned());
        // After the page shows it, and the button can be used again.
        request_animation_frame(move || _ = self.focus_wrong());
    }

    /// Whether a field is wrong; the first one has the focus then.
    fn focus_wrong(self) -> bool {
        let wrong = self.fields.try_with_value(|fields| {
            fields.iter().copied().find(|field| untrack(move || field.problem()).is_some())
        });
        let wrong = wrong.flatten();
        wrong.map(Field::focus).is_some()
    }
}

/// A form on the page.
#[component]
pub fn FormView(
    /// What it is for, for those who hear the page.
    label: &'static str,
    /// Its fields.
    form: Form,
    /// What happens when it is sent.
    #[prop(into)]
    submit: Callback<()>,
    /// What stands on the button.
    action: &'static str,
    /// What stands there while it is sent.
    busy: &'static str,
    /// The fields.
    children: Children,
) -> impl IntoView {
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        submit.run(());
    };
    let sending = form.sending;
    view! {
        <form class="form" novalidate aria-label=label on:submit=submit>
            {children()}
            <div class="form-trouble" role="alert">
                {move || {
                    let text = form.trouble.get();
                    (!text.is_empty()).then(|| view! { {Icon::Alert.draw()} <p>{text}</p> })
                }}
            </div>
            <div class="form-end">
                <button
                    type="submit"
                    class="button primary"
                    disabled=sending
                    aria-busy=move || sending.get().to_string()
                >
                    {move || if sending.get() { busy } else { action }}
                </button>
                <span class="form-done" role="status">
                    {move || {
                        let text = form.done.get();
                        (!text.is_empty()).then(|| view! { {Icon::Check.draw()} {text} })
                    }}
                </span>
            </div>
        </form>
    }
}

/// A field on the page.
#[component]
pub fn FieldView(
    /// The field.
    field: Field,
    /// What it is for.
    label: &'static str,
    /// What a browser may fill it in with.
    autocomplete: &'static str,
    /// What kind of text it is: `text`, `email`, `tel` or `password`, which can be shown.
    #[prop(default = "text")]
    kind: &'static str,
    /// What to know before filling it in.
    #[prop(default = "")]
    hint: &'static str,
    /// Whether the page begins here.
    #[prop(default = false)]
    first: bool,
) -> impl IntoView {
    let ids = ["field", "hint", "error"].map(|part| format!("{part}-{}", field.name));
    let [id, hint_id, error_id] = ids;
    let is_secret = kind == "password";
    let visible = RwSignal::new(false);
    if first {
        Effect::new(move || {
            if let Some(input) = field.input.get() {
                request_animation_frame(move || _ = input.focus());
            }
        });
    }
    let described = format!("{hint_id} {error_id}");
    let is_wrong = move || field.shown().is_some();
    let toggle = is_secret.then(|| view! { <Reveal visible of=id.clone()/> });
    view! {
        <div class="field" class:wrong=is_wrong>
            <label for=id.clone()>{label}</label>
            <div class="input">
                <input
                    id=id
                    name=field.name
                    type=move || if is_secret && visible.get() { "text" } else { kind }
                    autocomplete=autocomplete
                    autocapitalize="none"
                    spellcheck="false"
                    aria-invalid=move || is_wrong().to_string()
                    aria-describedby=described
                    node_ref=field.input
                    prop:value=field.value
                    on:input=move |event| field.value.set(event_target_value(&event))
                    on:change=move |_| field.left.set(field.value.with_untracked(|it| !it.is_empty()))
                />
                {toggle}
            </div>
            <div class="field-says">
                <p class="field-hint" id=hint_id>{hint}</p>
                <p class="field-error" id=error_id aria-live="polite">{move || field.shown()}</p>
            </div>
        </div>
    }
}

/// Shows a password, or hides it again.
#[component]
pub(super) fn Reveal(visible: RwSignal<bool>, of: String) -> impl IntoView {
    view! {
        <button
            type="button"
            class="reveal"
            aria-controls=of
            aria-pressed=move || visible.get().to_string()
            on:click=move |_| visible.update(|it| *it = !*it)
        >
            {move || if visible.get() { "Hide" } else { "Show" }}
            <span class="unseen">" password"</span>
        </button>
    }
}

/// The rules for a new password, ticked off while one types.
#[component]
pub fn PasswordRules(
    /// Where the password stands.
    password: Field,
    /// Whose it will be.
    #[prop(into)]
    account: Signal<String>,
) -> impl IntoView {
    let long = move || password.value.with(|it| it.chars().count() >= 8 && it.len() <= 1024);
    let other = move || {
        let (password, account) = (password.get().trim().to_ascii_lowercase(), account.get());
        let first = password.chars().next();
        !password.is_empty()
            && password != account.trim().to_ascii_lowercase()
            && !password.chars().all(|c| Some(c) == first)
    };
    view! {
        <ul class="rules">
            <li class:met=long>{Icon::Check.draw()} "8 characters or more"</li>
            <li class:met=other>
                {Icon::Check.draw()} "not the account’s name, and none that everybody tries"
            </li>
        </ul>
    }
}

/// A button that does something.
#[component]
pub fn Action(
    /// What it says.
    #[prop(into)]
    label: Signal<&'static str>,
    /// How it looks, in the style sheet.
    #[prop(default = "button")]
    class: &'static str,
    /// What it says more to those who hear the page.
    #[prop(into, optional)]
    spoken: String,
    /// What it does.
    #[prop(into)]
    act: Callback<()>,
) -> impl IntoView {
    let spoken = (!spoken.is_empty()).then(|| view! { <span class="unseen">" " {spoken}</span> });
    view! {
        <button type="button" class=class on:click=move |_| act.run(())>
            {label}
            {spoken}
        </button>
    }
}

/// A part of a page about accounts.
#[component]
pub fn Panel(
    /// What it is about.
    title: &'static str,
    /// What is in it.
    children: Children,
) -> impl IntoView {
    view! {
        <section class="card panel" aria-label=title>
            <h2>{title}</h2>
            {children()}
        </section>
    }
}
