//! All accounts, for those who look after the server.

use leptos::{html, prelude::*, task::spawn_local};
use monoxide_client::accounts::{self, AccountChange, AskError, Lock, NewAccount, Profile};

use super::profile::nanoseconds;
use crate::{
    Standing,
    model::{Place, Words, form},
    session::use_session,
    view::{
        Action, Field, FieldView, Form, FormView, Icon, Link, Notice, Panel, PasswordRules,
        Skeleton, When, use_route,
    },
};

/// Whether who is signed in looks after the server.
#[must_use]
pub fn use_is_administrator() -> Memo<bool> {
    let standing = use_session().standing();
    Memo::new(move |_| matches!(standing.get(), Standing::In(it) if it.is_administrator()))
}

/// All accounts.
#[component]
pub fn AccountsPage() -> impl IntoView {
    let session = use_session();
    let all = RwSignal::new(None::<Result<(Vec<Profile>, Vec<Lock>), String>>);
    spawn_local(async move {
        let asked = async {
            Ok((session.ask(&accounts::accounts()).await?, session.ask(&accounts::locks()).await?))
        }
        .await;
        _ = all.try_set(Some(asked.map_err(|error: AskError| Words::of(&error).whole)));
    });
    let list = move || match all.get() {
        None => view! { <Skeleton/> }.into_any(),
        Some(Err(why)) => view! { <Trouble why/> }.into_any(),
        Some(Ok((accounts, locks))) => {
            let row = |account: Profile| {
                let locked = locks.iter().any(|lock| lock.account == account.account);
                view! { <AccountRow account locked/> }
            };
            view! { <ul class="card rows">{accounts.into_iter().map(row).collect_view()}</ul> }
                .into_any()
        }
    };
    view! {
        <div class="page narrow">
            <header class="page-head beside">
                <div>
                    <h1>"Accounts"</h1>
                    <p class="lead">"Who may sign in here, and as what"</p>
                </div>
                <Link to=Place::NewAccount class="button primary">"New account"</Link>
            </header>
            {list}
        </div>
    }
}

#[component]
fn AccountRow(account: Profile, locked: bool) -> impl IntoView {
    let Profile { account, name, email, roles, last_sign_in, disabled, .. } = account;
    let other_name = (name != account).then(|| view! { <span class="line-name">{name}</span> });
    let mail = (!email.is_empty()).then(|| format!("{email} · "));
    let last = match last_sign_in {
        Some(at) => view! { "signed in " <When at=Signal::stored(nanoseconds(at))/> }.into_any(),
        None => view! { "never signed in" }.into_any(),
    };
    let tag = |role: String| view! { <span class="tag">{role}</span> };
    view! {
        <li>
            <Link to=Place::Account(account.clone()) class="line to">
                <div class="line-main">
                    <span class="line-title">{account.clone()} {other_name}</span>
                    <span class="line-facts">{mail} {last}</span>
                </div>
                <span class="tags">
                    {roles.into_iter().map(tag).collect_view()}
                    {disabled.then(|| view! { <span class="tag closed">"disabled"</span> })}
                    {locked.then(|| view! { <span class="tag stale">"locked"</span> })}
                </span>
                {Icon::Chevron.draw()}
            </Link>
        </li>
    }
}

/// That the page cannot be shown.
#[component]
fn Trouble(why: String) -> impl IntoView {
    view! {
        <Notice icon=Icon::Alert title="This cannot be shown" trouble=true>
            <p>{why}</p>
        </Notice>
    }
}

/// Makes an account for somebody else.
#[component]
pub fn NewAccountPage() -> impl IntoView {
    let (session, route) = (use_session(), use_route());
    let account = Field::new("account", form::account_name);
    let name = Field::new("name", form::display_name);
    let email = Field::new("email", form::email);
    let roles = Field::new("roles", form::roles);
    let password = Field::new("password", move |text| form::password_of(&account.get(), text));
    let sent = Form::new([account, name, email, roles, password]);
    let submit = move |()| {
        sent.send("", || async move {
            let made = NewAccount {
                account: account.value().trim().to_owned(),
                name: name.value(),
                email: email.value(),
                password: password.value(),
                roles: form::split_roles(&roles.value()),
            };
            session.ask(&accounts::create_account(&made)).await?;
            route.go(Place::Accounts);
            Ok(())
        });
    };
    view! {
        <div class="page narrow">
            <Back/>
            <header class="page-head">
                <h1>"New account"</h1>
                <p class="lead">"Tell its owner the password; they can change it."</p>
            </header>
            <Panel title="About it">
                <FormView label="New account" form=sent submit action="Make the account" busy="Making…">
                    <FieldView
                        field=account
                        label="Account"
                        autocomplete="off"
                        hint="What its owner signs in with. It cannot be changed later."
                        first=true
                    />
                    <FieldView field=name label="Name (optional)" autocomplete="off"/>
                    <FieldView field=email label="Email (optional)" kind="email" autocomplete="off"/>
                    <RolesField field=roles/>
                    <FieldView
                        field=password
                        label="Password"
                        kind="password"
                        autocomplete="new-password"
                    />
                    <PasswordRules password account=Signal::derive(move || account.get())/>
                </FormView>
            </Panel>
        </div>
    }
}

#[component]
fn RolesField(field: Field) -> impl IntoView {
    view! {
        <FieldView
            field
            label="Roles (optional)"
            autocomplete="off"
            hint="With commas between them; admin may do everything."
        />
    }
}

/// Back to all accounts.
#[component]
fn Back() -> impl IntoView {
    view! { <Link to=Place::Accounts class="back shown">{Icon::Back.draw()} "Accounts"</Link> }
}

/// One account.
#[component]
pub fn AccountPage(
    /// Its name.
    account: String,
) -> impl IntoView {
    let session = use_session();
    let shown = RwSignal::new(None::<Result<(Profile, Option<Lock>), String>>);
    let title = account.clone();
    spawn_local(async move {
        let asked = async {
            let profile = session.ask(&accounts::account(&account)).await?;
            let locks = session.ask(&accounts::locks()).await?;
            Ok((profile, locks.into_iter().find(|lock| lock.account == account)))
        }
        .await;
        _ = shown.try_set(Some(asked.map_err(|error: AskError| Words::of(&error).whole)));
    });
    let content = move || match shown.get() {
        None => view! { <Skeleton/> }.into_any(),
        Some(Err(why)) => view! { <Trouble why/> }.into_any(),
        Some(Ok((profile, lock))) => {
            let account = profile.account.clone();
            view! {
                {lock.map(|lock| view! { <Locked lock/> })}
                <AccountForm profile=profile.clone()/>
                <OtherPassword account=account.clone()/>
                <End account disabled=profile.disabled/>
            }
            .into_any()
        }
    };
    view! {
        <div class="page narrow">
            <Back/>
            <header class="page-head">
                <h1>{title}</h1>
            </header>
            {content}
        </div>
    }
}

/// What an account is called, and what it may do.
#[component]
fn AccountForm(profile: Profile) -> impl IntoView {
    let name = Field::new("name", form::own_name).with(profile.name);
    let email = Field::new("email", form::email).with(profile.email);
    let roles = Field::new("roles", form::roles).with(profile.roles.join(", "));
    let sent = Form::new([name, email, roles]);
    let change = use_change(profile.account);
    let submit = move |()| {
        sent.send("Saved", || {
            change(AccountChange {
                name: Some(name.value()),
                email: Some(email.value()),
                roles: Some(form::split_roles(&roles.value())),
                ..AccountChange::default()
            })
        });
    };
    view! {
        <Panel title="About this account">
            <FormView label="About this account" form=sent submit action="Save" busy="Saving…">
                <FieldView field=name label="Name" autocomplete="off"/>
                <FieldView field=email label="Email" kind="email" autocomplete="off"/>
                <RolesField field=roles/>
            </FormView>
        </Panel>
    }
}

/// Changes an account, and who is signed in when it is theirs.
fn use_change(account: String) -> impl Fn(AccountChange) -> Changing + Clone + Send + Sync {
    let session = use_session();
    move |change: AccountChange| -> Changing {
        let account = account.clone();
        Box::pin(async move {
            let changed = session.ask(&accounts::change_account(&account, &change)).await?;
            if matches!(session.standing().get_untracked(), Standing::In(it) if it.account == changed.account)
            {
                session.changed(changed);
            }
            Ok(())
        })
    }
}

type Changing = std::pin::Pin<Box<dyn Future<Output = Result<(), AskError>>>>;

/// Another password for somebody else.
#[component]
fn OtherPassword(account: String) -> impl IntoView {
    let session = use_session();
    let whose = StoredValue::new(account.clone());
    let password = Field::new("password", move |text| {
        whose.with_value(|account| form::password_of(account, text))
    });
    let sent = Form::new([password]);
    let submit = move |()| {
        sent.send("Set. They are signed out everywhere", || async move {
            let change = accounts::set_password(&whose.get_value(), &password.value());
            session.ask(&change).await?;
            password.clear();
            Ok(())
        });
    };
    view! {
        <Panel title="Password">
            <FormView label="Password" form=sent submit action="Set the password" busy="Setting…">
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

/// That strangers guess at the account.
#[component]
fn Locked(lock: Lock) -> impl IntoView {
    let session = use_session();
    let here = RwSignal::new(true);
    let Lock { account, tries, until } = lock;
    let lift = move |()| {
        let account = account.clone();
        spawn_local(async move {
            if session.ask(&accounts::lift_lock(&account)).await.is_ok() {
                _ = here.try_set(false);
            }
        });
    };
    view! {
        <div class="banner" hidden=move || !here.get()>
            {Icon::Lock.draw()}
            <div class="banner-main">
                <strong>"Locked for strangers"</strong>
                <p>
                    {format!("After {tries} tries in vain, until ")}
                    <When at=Signal::stored(nanoseconds(until))/>
                    ". Where its owner has signed in before they still can."
                </p>
            </div>
            <Action label="Lift the lock" act=lift/>
        </div>
    }
}

/// Disabling an account, and removing it.
#[component]
fn End(account: String, disabled: bool) -> impl IntoView {
    let disabled = RwSignal::new(disabled);
    let trouble = RwSignal::new(String::new());
    let dialog = NodeRef::<html::Dialog>::new();
    let change = use_change(account.clone());
    let toggle = move |()| {
        let wanted = !disabled.get_untracked();
        let changing = change(AccountChange { disabled: Some(wanted), ..AccountChange::default() });
        spawn_local(async move {
            match changing.await {
                Ok(()) => {
                    _ = disabled.try_set(wanted);
                    _ = trouble.try_set(String::new());
                }
                Err(error) => _ = trouble.try_set(Words::of(&error).whole),
            }
        });
    };
    let ask = move |()| {
        if let Some(dialog) = dialog.get_untracked() {
            _ = dialog.show_modal();
        }
    };
    let toggle_text = move || if disabled.get() { "Enable" } else { "Disable" };
    let state = move || match disabled.get() {
        true => "Nobody can sign in to it.",
        false => "Disabling it signs its owner out at once, everywhere.",
    };
    view! {
        <Panel title="Disable or delete">
            <p class="lead" role="status">{state}</p>
            <p class="field-error" role="alert">{trouble}</p>
            <div class="form-end">
                <Action label=Signal::derive(toggle_text) act=toggle/>
                <Action label="Delete…" class="button danger" act=ask/>
            </div>
            <Deletion account dialog trouble/>
        </Panel>
    }
}

/// Asks before an account is removed.
#[component]
fn Deletion(
    account: String,
    dialog: NodeRef<html::Dialog>,
    trouble: RwSignal<String>,
) -> impl IntoView {
    let (session, route) = (use_session(), use_route());
    let title = format!("Delete {account}?");
    let close = move || _ = dialog.get_untracked().map(|dialog| dialog.close());
    let delete = move |()| {
        let account = account.clone();
        spawn_local(async move {
            let asked = session.ask(&accounts::delete_account(&account)).await;
            close();
            match asked {
                Err(error) if error.code() != "not-found" => {
                    _ = trouble.try_set(Words::of(&error).whole);
                }
                _ => route.go(Place::Accounts),
            }
        });
    };
    view! {
        <dialog class="card dialog" aria-labelledby="delete-title" node_ref=dialog>
            <h2 id="delete-title">{title}</h2>
            <p>
                "Its owner is signed out everywhere and cannot sign in any more. What they have \
                written stays. This cannot be taken back."
            </p>
            <div class="form-end">
                <Action label="Cancel" act=move |()| close()/>
                <Action label="Delete the account" class="button danger filled" act=delete/>
            </div>
        </dialog>
    }
}
