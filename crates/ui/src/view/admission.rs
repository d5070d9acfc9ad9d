//! Making an account for oneself: the first one of a server, and where that is open.

use leptos::prelude::*;
use monoxide_client::accounts::NewAccount;

use crate::{
    model::{Place, form},
    session::use_session,
    view::{Field, FieldView, Form, FormView, Newcomer, PasswordRules, use_route},
};

/// Makes an account for a newcomer, and signs it in.
#[component]
pub fn Admission(
    /// Who that is.
    newcomer: Newcomer,
) -> impl IntoView {
    match newcomer {
        Newcomer::First { secret } => view! {
            <h1>"Set up this server"</h1>
            <p class="entrance-lead">
                "Make the first account. It looks after the server: it makes the other accounts, \
                 and may do everything."
            </p>
            <NewAccountForm label="Set up" secret=Some(secret)/>
        }
        .into_any(),
        Newcomer::Another => view! {
            <h1>"Make an account"</h1>
            <NewAccountForm label="Make an account"/>
        }
        .into_any(),
    }
}

/// What is filled in for a new account, by its owner.
#[component]
fn NewAccountForm(
    label: &'static str,
    /// By the set-up link, when it has this secret; otherwise where that is open.
    #[prop(default = None)]
    secret: Option<String>,
) -> impl IntoView {
    let (session, route) = (use_session(), use_route());
    let account = Field::new("account", form::account_name);
    let name = Field::new("name", form::display_name);
    let email = Field::new("email", form::email);
    let password = Field::new("password", move |text| form::password_of(&account.get(), text));
    let sent = Form::new([account, name, email, password]);
    let submit = move |()| {
        let made = NewAccount {
            account: account.value().trim().to_owned(),
            name: name.value(),
            email: email.value(),
            password: password.value(),
            roles: Vec::new(),
        };
        let secret = secret.clone();
        sent.send("", || async move {
            match secret {
                None => session.register(&made).await?,
                Some(secret) => {
                    session.set_up(&secret, &made).await?;
                    route.replace(Place::Home);
                }
            }
            Ok(())
        });
    };
    view! {
        <FormView label form=sent submit action="Make the account" busy="One moment…">
            <FieldView
                field=account
                label="Account"
                autocomplete="username"
                hint="What you sign in with. It cannot be changed later."
                first=true
            />
            <FieldView field=name label="Your name (optional)" autocomplete="name"/>
            <FieldView field=email label="Email (optional)" kind="email" autocomplete="email"/>
            <FieldView
                field=password
                label="Password"
                kind="password"
                autocomplete="new-password"
            />
            <PasswordRules password account=Signal::derive(move || account.get())/>
        </FormView>
    }
}
