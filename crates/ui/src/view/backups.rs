//! The backups: which there are, whether they are whole, and how one is put back.

use leptos::{prelude::*, task::spawn_local};
use monoxide_client::{
    Client,
    admin::{self, BackupFile, BackupsShown, Verified},
};

use super::asked::{Head, use_asked};
use crate::{
    Standing,
    model::{Command, Words, bytes, span},
    session::use_session,
    view::{Action, CommandLine, Icon, Notice, Panel, When, use_toasts},
};

/// Everything about backups, for administrators.
#[component]
pub fn BackupsPage() -> impl IntoView {
    let standing = use_session().standing();
    let is_open = Memo::new(move |_| standing.get() == Standing::Open);
    move || match is_open.get() {
        true => view! { <Open/> }.into_any(),
        false => view! { <Backups/> }.into_any(),
    }
}

/// What can be done where nobody is an administrator.
#[component]
fn Open() -> impl IntoView {
    view! {
        <div class="page tool-page">
            <Head title="Backups" lead="Copies of everything that is stored"/>
            <Notice icon=Icon::Lock title="Backups are for administrators">
                <p>
                    "A backup has everything in it, accounts too, and this server asks nobody who \
                    they are. On its machine a backup is made with this, also while it runs:"
                </p>
                <CommandLine command=Command::backup()/>
            </Notice>
            <Restore file=None/>
        </div>
    }
}

#[component]
fn Backups() -> impl IntoView {
    let (session, toasts) = (use_session(), use_toasts());
    let client = expect_context::<Client>();
    let asked = use_asked(admin::backups);
    let making = RwSignal::new(false);
    let make = move |_| {
        making.set(true);
        spawn_local(async move {
            match session.ask(&admin::make_backup()).await {
                Ok(file) => toasts.say(format!("Made {}", file.name)),
                Err(error) => toasts.complain(Words::of(&error).whole),
            }
            _ = making.try_set(false);
            asked.again();
        });
    };
    let keeps = move || asked.get().is_some_and(|it| it.schedule.is_some());
    let now = client.link("?api=backup");
    let list = asked.show(move |shown| view! { <Kept shown/> }.into_any());
    view! {
        <div class="page tool-page">
            <Head title="Backups" lead="Copies of everything that is stored, accounts too">
                <a class="button" href=now download="monoxide.backup">
                    {Icon::Download.draw()} "Download one now"
                </a>
                <button
                    type="button"
                    class="button primary"
                    hidden=move || !keeps()
                    disabled=making
                    on:click=make
                >
                    {move || if making.get() { "Making…" } else { "Make a backup" }}
                </button>
            </Head>
            {list}
        </div>
    }
}

/// The backups that the server keeps.
#[component]
fn Kept(shown: BackupsShown) -> impl IntoView {
    let BackupsShown { schedule, files, last, failing } = shown;
    let failing = failing.map(|(since, reason)| {
        view! {
            <div class="banner trouble" role="status">
                {Icon::Alert.draw()}
                <div>
                    <strong>"No backup can be made"</strong>
                    <p>{format!("Because {reason}; since ")} <When at=Signal::stored(since)/> "."</p>
                </div>
            </div>
        }
    });
    let plan = match schedule {
        Some((every, keep)) => {
            let plan =
                format!("One is made every {}, and the newest {keep} are kept.", span(every));
            let last = last
                .map(|last| view! { " The last was made " <When at=Signal::stored(last)/> "." });
            view! { <p class="lead">{plan} {last}</p> }.into_any()
        }
        None => view! {
            <p class="lead">
                "The server keeps none by itself. Started with "
                <code>"--backup-every 6h --backup-dir ./backups"</code>
                " it makes one every six hours, and they are listed here."
            </p>
        }
        .into_any(),
    };
    let newest = files.first().map(|it| it.name.clone());
    let rows = match files.is_empty() {
        true => None,
        false => {
            let row = |file: BackupFile| view! { <Row file/> };
            Some(view! { <ul class="card rows">{files.into_iter().map(row).collect_view()}</ul> })
        }
    };
    view! {
        {failing}
        {plan}
        {rows}
        <Restore file=newest/>
    }
}

/// How a backup was found to be.
#[derive(Clone)]
enum Check {
    Not,
    Going,
    Whole(Verified),
    Useless(String),
}

#[component]
fn Row(file: BackupFile) -> impl IntoView {
    let session = use_session();
    let BackupFile { name, size, written } = file;
    let check = RwSignal::new(Check::Not);
    let client = expect_context::<Client>();
    let address = client.link(&admin::backup_address(&name));
    let verify = {
        let name = name.clone();
        move |()| {
            let request = admin::verify_backup(&name);
            check.set(Check::Going);
            spawn_local(async move {
                let verified = session.ask(&request).await;
                _ = check.try_set(match verified {
                    Ok(verified) => Check::Whole(verified),
                    Err(error) => Check::Useless(Words::of(&error).whole),
                });
            });
        }
    };
    let said = move || {
        match check.get() {
        Check::Not => ().into_any(),
        Check::Going => view! { <p class="line-facts">"Reading it to its end…"</p> }.into_any(),
        Check::Whole(Verified { taken, objects, accounts, .. }) => view! {
            <p class="line-facts checked whole">
                {Icon::Check.draw()}
                <span>
                    {format!("Whole: {} and {} about accounts, taken ", counted(objects, "object"), counted(accounts, "entry"))}
                    <When at=Signal::stored(taken)/>
                </span>
            </p>
        }
        .into_any(),
        Check::Useless(why) => view! {
            <p class="line-facts checked useless">{Icon::Alert.draw()} {why}</p>
        }
        .into_any(),
    }
    };
    let kept_as = name.clone();
    view! {
        <li class="line backup">
            <div class="line-main">
                <span class="line-title mono">{name.clone()}</span>
                <span class="line-facts">
                    {bytes(size)} " · written " <When at=Signal::stored(written)/>
                </span>
                <div role="status">{said}</div>
            </div>
            <Action label="Verify" spoken=name.clone() act=verify/>
            <a class="button" href=address download=kept_as>
                {Icon::Download.draw()} "Download" <span class="unseen">" "{name}</span>
            </a>
        </li>
    }
}

/// How a backup is put back.
#[component]
fn Restore(file: Option<String>) -> impl IntoView {
    let command = Command::restore(file.as_deref().unwrap_or("monoxide.backup"));
    view! {
        <Panel title="Put one back">
            <p class="lead">
                "A backup takes the place of everything there is, so this is done on the server’s \
                machine, while the server does not run: stop it, type this, and start it again. The \
                file is read to its end before anything is touched, and what was there stays until \
                what comes in its place is whole."
            </p>
            <CommandLine command/>
        </Panel>
    }
}

/// So many of something.
fn counted(count: u64, what: &str) -> String {
    match (count, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        (_, None) => format!("{count} {what}s"),
    }
}
