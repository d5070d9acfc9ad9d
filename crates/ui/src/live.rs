//! Signals that follow the server.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;
use futures_util::future::{AbortHandle, Abortable};
use leptos::{
    prelude::{
        Effect, Get, GetUntracked, LocalStorage, Memo, Notify, RwSignal, Set, Signal,
        UpdateUntracked, With, WithUntracked, expect_context, on_cleanup, use_context,
    },
    task::spawn_local,
};
use monoxide_client::{Change, Client, Reason, State, Subscription, Tick, Trouble, Update};
use monoxide_protocol::{Range, Watched};
use serde_json::Value;

use crate::session::Session;

/// A live copy of what is watched, made by [`use_live`]. Copying it copies a handle.
#[derive(Debug, Clone, Copy)]
pub struct Live {
    subscription: RwSignal<Option<Subscription>, LocalStorage>,
    /// How the connection is doing.
    pub state: Signal<State>,
    /// What changed since the notification before, in order. It is set together with the
    /// document, so an effect that reads both sees them agree.
    pub changes: Signal<Vec<Change>>,
}

impl Live {
    /// Reads the document, and reads it again when it changes; `None` before the first snapshot.
    pub fn with<T>(&self, read: impl FnOnce(Option<&Value>) -> T) -> T {
        self.subscription.with(|it| read(it.as_ref().and_then(Subscription::document)))
    }

    /// The version of the document that was told last, as a number: about the time in nanoseconds.
    #[must_use]
    pub fn version(&self) -> Option<u64> {
        let version = |it: &Option<Subscription>| it.as_ref().and_then(Subscription::version);
        self.subscription.with_untracked(version).map(|version| version.number())
    }

    /// The messages that came since the last time, and how many more there were before them; see
    /// [`Subscription::keeping_messages`].
    pub fn take_messages(&self) -> (u64, Vec<String>) {
        let take = |it: &mut Option<Subscription>| it.as_mut().map(Subscription::take_messages);
        self.subscription.try_update_untracked(take).flatten().unwrap_or_default()
    }

    /// Reads the document once.
    pub fn with_untracked<T>(&self, read: impl FnOnce(Option<&Value>) -> T) -> T {
        self.subscription.with_untracked(|it| read(it.as_ref().and_then(Subscription::document)))
    }
}

/// Follows what `what` names, with the [`Client`] that the context provides.
///
/// When the answer of `what` changes, the old subscription is dropped and a new one opened;
/// `None` is nothing at all, and connects nowhere. Everything ends with the current owner, which
/// is most often a component. However many messages come, the page is notified once a frame.
/// Where there is a [`Session`], a connection that the server ends for want of a fresh token goes on
/// when the session is renewed.
///
/// ```
/// use leptos::prelude::*;
/// use monoxide_protocol::Watched;
/// use monoxide_ui::use_live;
///
/// #[component]
/// fn Lists() -> impl IntoView {
///     let keys = use_live(|| Some(Watched::Keys));
///     let text = move || keys.with(|it| it.map_or("loading".to_owned(), |it| it.to_string()));
///     view! { <p title=move || keys.state.get().to_string()>{text}</p> }
/// }
/// ```
///
/// # Panics
///
/// When no [`Client`] was provided, as by `provide_context(Client::of_page()?)`.
#[must_use]
pub fn use_live(what: impl Fn() -> Option<Watched> + Send + Sync + 'static) -> Live {
    let client = expect_context::<Client>();
    let what = Memo::new(move |_| what());
    use_subscription(move || what.get().map(|what| client.subscribe(what)))
}

/// Like [`use_live`], of a part of a list.
#[must_use]
pub fn use_window(range: impl Fn() -> Option<Range> + Send + Sync + 'static) -> Live {
    let client = expect_context::<Client>();
    let range = Memo::new(move |_| range());
    use_subscription(move || range.get().map(|range| client.window(&range)))
}

/// Follows the subscription that `open` makes, as [`use_live`] does; another one whenever what `open`
/// reads has changed.
#[must_use]
pub fn use_subscription(open: impl Fn() -> Option<Subscription> + 'static) -> Live {
    let session = use_context::<Session>();
    let subscription = RwSignal::new_local(None);
    let state = RwSignal::new(State::Connecting(None));
    let changes = RwSignal::new(Vec::new());
    Effect::new(move || {
        subscription.set(open());
        state.set(State::Connecting(None));
        changes.set(Vec::new());
        run(follow(subscription, state, changes, session));
    });
    Live { subscription, state: state.into(), changes: changes.into() }
}

/// Follows the server's clock, with the [`Client`] that the context provides: nanoseconds since
/// the Unix epoch, `None` before the first, and how the connection is doing.
///
/// # Panics
///
/// When no [`Client`] was provided.
#[must_use]
pub fn use_clock() -> (Signal<Option<u64>>, Signal<State>) {
    let (mut clock, session) = (expect_context::<Client>().clock(), use_context::<Session>());
    let time = RwSignal::new(None);
    let state = RwSignal::new(State::Connecting(None));
    run(async move {
        loop {
            match clock.next().await {
                Some(Tick::State(now)) => {
                    state.set(shown(now, session, time.get_untracked().is_some()))
                }
                Some(Tick::Time(now)) => time.set(Some(now)),
                None => match renewable(clock.state(), session) {
                    Some(session) => session.admitted().await,
                    None => break,
                },
            }
            clock.resume();
        }
    });
    (time.into(), state.into())
}

/// The session, when it is what a connection that ended is in want of.
fn renewable(state: &State, session: Option<Session>) -> Option<Session> {
    session.filter(|it| it.is_kept() && *state == State::Closed(Reason::NeedsAuth))
}

/// A state as the page shows it: where there is a session, that is renewed by itself.
fn shown(state: State, session: Option<Session>, is_informed: bool) -> State {
    match renewable(&state, session) {
        Some(_) if is_informed => State::Stale(Trouble::SignedOut),
        Some(_) => State::Connecting(None),
        None => state,
    }
}

/// Runs a task until the current owner is cleaned up.
///
/// Leptos' own `spawn_local_scoped_with_cancellation` keeps the owner alive meanwhile, so an
/// owner that is only dropped would never be cleaned up.
fn run(task: impl Future<Output = ()> + 'static) {
    let (handle, registration) = AbortHandle::new_pair();
    on_cleanup(move || handle.abort());
    spawn_local(async move { _ = Abortable::new(task, registration).await });
}

/// Keeps the signals up to the subscription until that ends.
async fn follow(
    subscription: RwSignal<Option<Subscription>, LocalStorage>,
    state: RwSignal<State>,
    changes: RwSignal<Vec<Change>>,
    session: Option<Session>,
) {
    loop {
        // The subscription stays in its signal: the document is patched where it is read.
        let news = poll_fn(|cx| {
            let drained =
                subscription.try_update_untracked(|it| it.as_mut().map(|it| drain(it, cx)));
            drained.flatten().unwrap_or(Poll::Ready(None))
        });
        let Some(news) = news.await else {
            let ended = subscription.with_untracked(|it| it.as_ref().map(|it| it.state().clone()));
            let session = ended.and_then(|ended| renewable(&ended, session));
            let Some(session) = session else { return };
            session.admitted().await;
            subscription.update_untracked(|it| it.as_mut().map_or((), Subscription::resume));
            continue;
        };
        if let Some(now) = news.state {
            let informed = subscription
                .with_untracked(|it| it.as_ref().is_some_and(|it| it.document().is_some()));
            state.set(shown(now, session, informed));
        }
        if !news.changes.is_empty() {
            changes.set(news.changes);
            subscription.notify();
        }
        frame().await;
    }
}

/// Everything a subscription had to tell at one time.
#[derive(Default)]
struct News {
    state: Option<State>,
    changes: Vec<Change>,
}

fn drain(subscription: &mut Subscription, cx: &mut Context<'_>) -> Poll<Option<News>> {
    let mut news = News::default();
    let rest = loop {
        match Pin::new(&mut *subscription).poll_next(cx) {
            Poll::Ready(Some(Update::State(state))) => news.state = Some(state),
            Poll::Ready(Some(Update::Change(change))) => news.changes.push(change),
            rest => break rest,
        }
    };
    if news.state.is_none() && news.changes.is_empty() {
        return rest.map(|_| None);
    }
    Poll::Ready(Some(news))
}

/// Waits until the page is about to be painted; one that is hidden, and so is not painted, until
/// a second is over.
#[cfg(target_arch = "wasm32")]
async fn frame() {
    let painted = js_sys::Promise::new(&mut |resolve, _| {
        if let Some(window) = web_sys::window() {
            _ = window.request_animation_frame(&resolve);
            _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, 1000);
        }
    });
    _ = wasm_bindgen_futures::JsFuture::from(painted).await;
}

/// Nothing is painted outside a browser.
#[cfg(not(target_arch = "wasm32"))]
async fn frame() {
    leptos::task::tick().await;
}
