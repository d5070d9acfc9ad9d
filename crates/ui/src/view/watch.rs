//! The live view: what comes in from a key or list, message by message, and the document as it was
//! at each of them.

mod document;
mod messages;
mod picker;

use std::time::Duration;

use leptos::prelude::*;
use monoxide_protocol::Glob;

use self::{document::DocumentPane, messages::MessagesPane, picker::Picker};
use crate::{
    Client, Live, Reason, State, Trouble,
    model::{Place, log::Log},
    use_subscription,
    view::{Age, Icon, Link, Waiting, now},
};

/// How many messages may come between two frames. A page that nobody looks at has a frame a second.
const BETWEEN: (usize, usize) = (4_000, 16 << 20);

/// How soon after one another the page shows what came in: nobody reads faster, and showing each of
/// a thousand messages in a second would take all of the browser's time.
const BEAT: Duration = Duration::from_millis(100);

/// What came in, and what of it is looked at.
#[derive(Clone, Copy)]
struct Watching {
    live: Live,
    /// Everything that is kept.
    log: RwSignal<Log>,
    /// What was kept when it was paused; nothing while it is not.
    still: RwSignal<Option<Log>>,
    /// The message that is looked at, by its number; nothing is the newest.
    chosen: RwSignal<Option<u64>>,
}

impl Watching {
    /// What is shown: what comes in, or what came in until it was paused.
    fn with_shown<T>(&self, read: impl FnOnce(&Log) -> T) -> T {
        self.still.with(|still| match still {
            Some(still) => read(still),
            None => self.log.with(read),
        })
    }

    /// Shows nothing new from now on.
    fn pause(&self) {
        if self.still.with_untracked(Option::is_none) {
            self.still.set(Some(self.log.get_untracked()));
        }
    }

    /// Shows what comes in.
    fn go_on(&self) {
        self.chosen.set(None);
        self.still.set(None);
    }

    /// Looks at the message before or after the one that is looked at.
    fn step(&self, by: isize) {
        self.pause();
        let to = self.still.with_untracked(|still| {
            let still = still.as_ref()?;
            match self.chosen.get_untracked() {
                Some(number) => still.beside(number, by),
                None => still.entries().next_back().map(|entry| entry.number),
            }
        });
        // Who steps back from what is now looks at the message before it.
        let is_first = self.chosen.get_untracked().is_none() && by < 0;
        let before = to.filter(|_| is_first).and_then(|to| {
            self.still.with_untracked(|still| still.as_ref().and_then(|it| it.beside(to, by)))
        });
        if let Some(to) = before.or(to) {
            self.chosen.set(Some(to));
        }
    }

    /// Looks at one message.
    fn choose(&self, number: u64) {
        self.pause();
        self.chosen.set(Some(number));
    }

    /// Forgets the messages.
    fn clear(&self) {
        self.go_on();
        self.log.update(Log::clear);
    }
}

/// What comes in from a key or a list; or where one chooses it.
#[component]
pub fn WatchPage(
    /// What is watched.
    glob: Option<Glob>,
) -> impl IntoView {
    let content = match glob.clone() {
        Some(glob) => view! { <Watch glob/> }.into_any(),
        None => view! {
            <header class="page-head">
                <h1>"Live view"</h1>
                <p class="lead">
                    "Watch a key or a list: the document as it is, and every message that changes it."
                </p>
            </header>
            <Picker of=None/>
        }
        .into_any(),
    };
    view! { <article class="page live-page" class:narrow=glob.is_none()>{content}</article> }
}

#[component]
fn Watch(glob: Glob) -> impl IntoView {
    let watching = use_watching(glob.clone());
    let state = watching.live.state;
    let known = Memo::new(move |_| watching.live.with(|document| document.is_some()));
    let to = Place::Document(glob.clone());
    let content = {
        let glob = glob.clone();
        move || match known.get() {
            false => view! { <Waiting state/> }.into_any(),
            true => view! {
                <Age state/>
                <div class="live-columns">
                    <DocumentPane watching glob=glob.clone()/>
                    <MessagesPane watching/>
                </div>
            }
            .into_any(),
        }
    };
    let old = Memo::new(move |_| !state.with(State::is_live));
    view! {
        <div class="live-inner" class:old=move || known.get() && old.get()>
            <header class="head">
                <div class="what">
                    <h1>{glob.to_string()}</h1>
                    <LiveState state/>
                </div>
                <div class="tools">
                    <Link to class="button">{Icon::Object.draw()} "Browse"</Link>
                </div>
            </header>
            <Picker of=Some(glob)/>
            {content}
        </div>
    }
}

/// Follows a key or list, and keeps its last messages.
fn use_watching(glob: Glob) -> Watching {
    let client = expect_context::<Client>();
    let (count, bytes) = BETWEEN;
    let live = use_subscription(move || {
        Some(client.subscribe(glob.clone()).keeping_messages(count, bytes))
    });
    let log = RwSignal::new(Log::default());
    let shown = StoredValue::new(Showing::default());
    Effect::new(move || {
        live.with(|_| ());
        let (missed, texts) = live.take_messages();
        if missed > 0 || !texts.is_empty() {
            let at = now().nanoseconds();
            log.update_untracked(|log| log.take(missed, texts, at));
            show(log, shown, at);
        }
    });
    Watching { live, log, still: RwSignal::new(None), chosen: RwSignal::new(None) }
}

/// When it was last shown what came in, and whether it will be.
#[derive(Clone, Copy, Default)]
struct Showing {
    last: u64,
    is_due: bool,
}

/// Shows what came in: at once, or a beat after the last time.
fn show(log: RwSignal<Log>, shown: StoredValue<Showing>, at: u64) {
    let Showing { last, is_due } = shown.get_value();
    if is_due {
        return;
    }
    let since = Duration::from_nanos(at.saturating_sub(last));
    if since >= BEAT {
        shown.set_value(Showing { last: at, is_due: false });
        log.notify();
        return;
    }
    shown.set_value(Showing { last, is_due: true });
    let then = move || {
        // The page may be another by then.
        if shown.try_set_value(Showing { last: at, is_due: false }).is_none() {
            _ = log.try_update(|_| ());
        }
    };
    set_timeout(then, BEAT - since);
}

/// How this very subscription is, in words that promise nothing.
#[component]
fn LiveState(state: Signal<State>) -> impl IntoView {
    let said = move || match state.get() {
        State::Connecting(None) => ("connecting", "Connecting", String::new()),
        State::Connecting(Some(why)) => ("stale", "Connecting", why.to_string()),
        State::Live => ("live", "Live", "every change is told as it happens".to_owned()),
        State::Stale(why @ Trouble::SignedOut) => ("stale", "Signing in again", why.to_string()),
        State::Stale(why) => ("stale", "Stale", why.to_string()),
        State::Closed(why @ Reason::NeedsAuth) => ("closed", "Needs sign-in", why.to_string()),
        State::Closed(why @ Reason::Forbidden) => ("closed", "Not allowed", why.to_string()),
        State::Closed(why) => ("closed", "Closed", why.to_string()),
    };
    view! {
        <p class="live-state" role="status">
            <span class=move || format!("live-badge {}", said().0)>
                <span class="dot"></span>
                {move || said().1}
            </span>
            <span class="live-why sentence">{move || said().2}</span>
        </p>
    }
}
