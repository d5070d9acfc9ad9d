//! What a page has asked the server once, and what shows until there is an answer.

use leptos::{html, prelude::*, task::spawn_local};
use monoxide_client::accounts::{Read, Request};

use crate::{
    model::Words,
    session::use_session,
    view::{Icon, Notice, Skeleton, query},
};

/// What was asked, and the answer. Copying it copies a handle.
pub(super) struct Asked<T: Send + Sync + 'static> {
    answer: RwSignal<Option<Result<T, String>>>,
    again: Callback<()>,
}

impl<T: Send + Sync + 'static> Clone for Asked<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Asked<T> {}

/// Asks the server, as who is signed in.
pub(super) fn use_asked<T>(request: fn() -> Request<T>) -> Asked<T>
where
    T: Read + Clone + Send + Sync + 'static,
{
    let session = use_session();
    let answer = RwSignal::new(None);
    let again = Callback::new(move |()| {
        spawn_local(async move {
            let asked = session.ask(&request()).await;
            _ = answer.try_set(Some(asked.map_err(|error| Words::of(&error).whole)));
        });
    });
    again.run(());
    Asked { answer, again }
}

impl<T: Clone + Send + Sync + 'static> Asked<T> {
    /// Asks again; what is there stays until the new answer comes.
    pub(super) fn again(self) {
        // The page may be gone by then.
        _ = self.again.try_run(());
    }

    /// The answer, if there is one and it is not a refusal.
    pub(super) fn get(self) -> Option<T> {
        self.answer.get()?.ok()
    }

    /// Shows the answer with `show`, and what there is to say while there is none.
    pub(super) fn show(self, show: impl Fn(T) -> AnyView + Send + 'static) -> impl IntoView {
        move || match self.answer.get() {
            None => view! { <Skeleton/> }.into_any(),
            Some(Ok(answer)) => show(answer),
            Some(Err(why)) => {
                let again = move |_| self.again();
                view! {
                    <Notice icon=Icon::Alert title="This cannot be shown" trouble=true>
                        <p>{why}</p>
                        <button type="button" class="button" on:click=again>"Try again"</button>
                    </Notice>
                }
                .into_any()
            }
        }
    }
}

/// The head of a page: what it is about, and what can be done there.
#[component]
pub(super) fn Head(
    /// What it is called.
    title: &'static str,
    /// What it is about.
    lead: &'static str,
    /// What can be done.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <header class="page-head beside">
            <div>
                <h1>{title}</h1>
                <p class="lead">{lead}</p>
            </div>
            {children.map(|children| view! { <div class="page-do">{children()}</div> })}
        </header>
    }
}

/// A field that narrows what a page shows. What stands there is in the address, as `find`.
#[component]
pub(super) fn Find(
    /// What stands there.
    find: RwSignal<String>,
    /// What it is for.
    label: &'static str,
) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    find.set(query::get("find").unwrap_or_default());
    Effect::new(move |_| find.with(|find| query::set(&[("find", find)])));
    view! {
        <label class="find-field">
            {Icon::Search.draw()}
            <span class="unseen">{label}</span>
            <input
                type="search"
                placeholder=label
                autocomplete="off"
                spellcheck="false"
                node_ref=field
                prop:value=find
                on:input=move |event| find.set(event_target_value(&event))
            />
        </label>
    }
}

/// A question before something is done that cannot be taken back.
#[component]
pub(super) fn Confirm(
    /// Where the question is asked: it opens with `show_modal`.
    dialog: NodeRef<html::Dialog>,
    /// The question.
    #[prop(into)]
    title: Signal<String>,
    /// What will be.
    #[prop(into)]
    text: Signal<String>,
    /// What stands on the button.
    action: &'static str,
    /// Does it.
    #[prop(into)]
    act: Callback<()>,
) -> impl IntoView {
    let close = move || _ = dialog.get_untracked().map(|dialog| dialog.close());
    let yes = move |_| {
        close();
        act.run(());
    };
    view! {
        <dialog class="card dialog" aria-labelledby="confirm-title" node_ref=dialog>
            <h2 id="confirm-title">{title}</h2>
            <p>{text}</p>
            <div class="form-end">
                <button type="button" class="button" on:click=move |_| close()>"Cancel"</button>
                <button type="button" class="button danger filled" on:click=yes>{action}</button>
            </div>
        </dialog>
    }
}
