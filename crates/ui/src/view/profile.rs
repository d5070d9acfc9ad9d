//! One's own account: who one is, the password, and where one is signed in.

use leptos::{prelude::*, task::spawn_local};
use monoxide_client::accounts::{self, AccountChange, AskError, Profile, SessionShown};

use crate::{
    Standing,
    model::{Words, form},
    session::use_session,
    view::{Action, Field, FieldView, Form, FormView, Panel, PasswordRules, Skeleton, When},
};

/// The page of who is signed in.
#[component]
pub fn ProfilePage() -> impl IntoView {
    let standing = use_session().standing();
    // Only once: what is being typed is not to be replaced by what the server says meanwhile.
    let Standing::In(profile) = standing.get_untracked() else { return None };
    let account = profile.account.clone();
    Some(view! {
        <div class="page narrow">
            <header class="page-head">
                <h1>"Your profile"</h1>
                <p class="lead">"Signed in as " <strong>{account.clone()}</strong></p>
            </header>
            <ProfileForm profile/>
            <PasswordForm account/>
            <Sessions/>
        </div>
    })
}

/// What a person is called, and how to reach them.
#[component]
fn ProfileForm(profile: Profile) -> impl IntoView {
    let session = use_session();
    let name = Field::new("name", form::own_name).with(profile.name);
    let email = Field::new("email", form::email).with(profile.email);
    let phone = Field::new("phone", form::phone).with(profile.phone);
    let sent = Form::new([name, email, phone]);
    let submit = move |()| {
        sent.send("Saved", || async move {
            let change = AccountChange {
                name: Some(name.value()),
                email: Some(email.value()),
                phone: Some(phone.value()),
                ..AccountChange::default()
            };
            session.changed(session.ask(&accounts::change_profile(&change)).await?);
            Ok(())
        });
    };
    view! {
        <Panel title="About you">
            <FormView label="About you" form=sent submit action="Save" busy="Saving…">
                <FieldView field=name label="Name" autocomplete="name"/>
                <FieldView field=email label="Email" kind="email" autocomplete="email"/>
                <FieldView field=phone label="Phone" kind="tel" autocomplete="tel"/>
            </FormView>
        </Panel>
    }
}

/// Another password.
#[component]
fn PasswordForm(account: String) -> impl IntoView {
    let session = use_session();
    let whose = StoredValue::new(account.clone());
    let current = Field::new("current", form::something);
    let password = Field::new("password", move |text| {
        whose.with_value(|account| form::password_of(account, text))
    });
    let sent = Form::new([current, password]);
    let submit = move |()| {
        sent.send("Changed. Everywhere else you are signed out", || async move {
            let change = accounts::change_password(&current.value(), &password.value());
            match session.ask(&change).await {
                Err(AskError::Refused(problem)) if problem.code == "wrong-credentials" => {
                    Err(AskError::Refused(problem.about("current", "This is not your password.")))
                }
                answer => answer.map(|_| {
                    current.clear();
                    password.clear();
                }),
            }
        });
    };
    view! {
        <Panel title="Password">
            <FormView
                label="Password"
                form=sent
                submit
                action="Change the password"
                busy="Changing…"
            >
                // For programs that keep passwords: they want to know whose it is.
                <input
                    type="text"
                    name="username"
                    autocomplete="username"
                    value=account.clone()
                    readonly
                    hidden
                />
                <FieldView
                    field=current
                    label="Your password now"
                    kind="password"
                    autocomplete="current-password"
                />
                <FieldView
                    field=password
                    label="New password"
                    kind="password"
                    autocomplete="new-password"
                />
                <PasswordRules password account=Signal::stored(account)/>
            </FormView>
        </Panel>
    }
}

/// Where one is signed in.
#[component]
pub fn Sessions() -> impl IntoView {
    let session = use_session();
    let sessions = RwSignal::new(None::<Vec<SessionShown>>);
    let trouble = RwSignal::new(String::new());
    let load = move || {
        spawn_local(async move {
            let asked = session.ask(&accounts::sessions()).await;
            match asked {
                Ok(mut all) => {
                    all.sort_by_key(|it| (!it.current, std::cmp::Reverse(it.last_used)));
                    _ = sessions.try_set(Some(all));
                }
                Err(error) => _ = trouble.try_set(Words::of(&error).whole),
            }
        });
    };
    load();
    let end = move |id: String| {
        spawn_local(async move {
            match session.ask(&accounts::end_session(&id)).await {
                Err(error) if error.code() != "not-found" => {
                    _ = trouble.try_set(Words::of(&error).whole);
                }
                _ => load(),
            }
        });
    };
    let end_all = move |()| {
        spawn_local(async move {
            if let Err(error) = session.sign_out_everywhere().await {
                _ = trouble.try_set(Words::of(&error).whole);
            }
        });
    };
    let list = move || match sessions.get() {
        None => view! { <Skeleton/> }.into_any(),
        Some(all) => {
            let rows = all.into_iter().map(|shown| view! { <SessionRow shown end/> });
            view! { <ul class="rows">{rows.collect_view()}</ul> }.into_any()
        }
    };
    view! {
        <Panel title="Where you are signed in">
            {list}
            <p class="field-error" role="alert">{trouble}</p>
            <div class="form-end">
                <Action label="Sign out everywhere" class="button danger" act=end_all/>
            </div>
        </Panel>
    }
}

#[component]
fn SessionRow(
    shown: SessionShown,
    end: impl Fn(String) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let SessionShown { id, last_used, address, user_agent, current, .. } = shown;
    let program = crate::model::program(&user_agent);
    let last = if current {
        view! { <span class="tag live">"This one"</span> }.into_any()
    } else {
        let act = move |()| end(id.clone());
        view! { <Action label="Sign out" spoken=program.clone() act/> }.into_any()
    };
    view! {
        <li class="line">
            <div class="line-main">
                <span class="line-title" title=user_agent>{program.clone()}</span>
                <span class="line-facts">
                    {address} " · used " <When at=Signal::stored(nanoseconds(last_used))/>
                </span>
            </div>
            {last}
        </li>
    }
}

/// Seconds as the page counts time.
pub(super) fn nanoseconds(seconds: u64) -> u64 {
    seconds.saturating_mul(1_000_000_000)
}
