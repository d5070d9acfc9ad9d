//! Signing in.

use leptos::{ev::SubmitEvent, html, prelude::*, task::spawn_local};

use super::field::Reveal;
use crate::{model::Words, session::use_session, view::Icon};

/// What the server calls the two lines.
const ACCOUNT: &str = "account";
const SECRET: &str = "password";

/// Signs in.
///
/// It is part of what everybody loads first, so it does without the [fields](super::Field) of other
/// forms: there is nothing to say while one types.
#[component]
pub fn Login(
    /// Who was signed in before.
    #[prop(default = None)]
    account: Option<String>,
) -> impl IntoView {
    let session = use_session();
    let (name, password) = (NodeRef::<html::Input>::new(), NodeRef::<html::Input>::new());
    let first = if account.is_some() { password } else { name };
    let (empty, trouble) = (RwSignal::new(None), RwSignal::new(String::new()));
    let sending = RwSignal::new(false);
    Effect::new(move || {
        first.track();
        request_animation_frame(move || focus(first));
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let (account, secret) = (text_of(name), text_of(password));
        if account.trim().is_empty() || secret.is_empty() {
            let is_named = !account.trim().is_empty();
            let (line, input) = if is_named { (SECRET, password) } else { (ACCOUNT, name) };
            empty.set(Some(line));
            focus(input);
            return;
        }
        if sending.get_untracked() {
            return;
        }
        sending.set(true);
        trouble.set(String::new());
        spawn_local(async move {
            let answer = session.sign_in(account.trim(), &secret).await;
            // The form is gone when that went well.
            if sending.try_set(false).is_none() {
                trouble.set(answer.err().map(|error| Words::of(&error).whole).unwrap_or_default());
            }
        });
    };
    view! {
        <h1>"Sign in"</h1>
        <form class="form" novalidate aria-label="Sign in" on:submit=submit>
            <Line input=name name=ACCOUNT label="Account" autocomplete="username" empty value=account/>
            <Line input=password name=SECRET label="Password" autocomplete="current-password" empty/>
            <div class="form-trouble" role="alert">
                {move || {
                    let text = trouble.get();
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
                    {move || if sending.get() { "Signing in…" } else { "Sign in" }}
                </button>
            </div>
        </form>
    }
}

/// A line to fill in, which says when it is empty.
#[component]
fn Line(
    input: NodeRef<html::Input>,
    name: &'static str,
    label: &'static str,
    autocomplete: &'static str,
    /// Which line is empty and must not be.
    empty: RwSignal<Option<&'static str>>,
    #[prop(default = None)] value: Option<String>,
) -> impl IntoView {
    let [id, error_id] = ["field", "error"].map(|part| format!("{part}-{name}"));
    let visible = RwSignal::new(name != SECRET);
    let is_wrong = move || empty.get() == Some(name);
    let reveal = (name == SECRET).then(|| view! { <Reveal visible of=id.clone()/> });
    view! {
        <div class="field" class:wrong=is_wrong>
            <label for=id.clone()>{label}</label>
            <div class="input">
                <input
                    id=id
                    name=name
                    type=move || if visible.get() { "text" } else { "password" }
                    autocomplete=autocomplete
                    autocapitalize="none"
                    spellcheck="false"
                    aria-invalid=move || is_wrong().to_string()
                    aria-describedby=error_id.clone()
                    node_ref=input
                    value=value
                    on:input=move |_| empty.set(None)
                />
                {reveal}
            </div>
            <div class="field-says">
                <p class="field-error" id=error_id aria-live="polite">
                    {move || is_wrong().then_some("This has to be filled in.")}
                </p>
            </div>
        </div>
    }
}

fn text_of(input: NodeRef<html::Input>) -> String {
    input.get_untracked().map(|input| input.value()).unwrap_or_default()
}

fn focus(input: NodeRef<html::Input>) {
    if let Some(input) = input.try_get_untracked().flatten() {
        _ = input.focus();
        input.select();
    }
}
