//! A page whose program is loaded when it is first shown.

use futures_util::FutureExt as _;
use leptos::{prelude::*, task::spawn_local};

use crate::{
    model::Place,
    view::{Icon, Notice, Skeleton},
};

/// What shows a value, such as a place.
pub type Page<T = Place> = fn(T) -> AnyView;

/// Shows `of` with the page that `load` fetches; `None` is that it could not be fetched.
///
/// What was fetched before is there at once.
#[component]
pub fn Later<T, F>(
    /// Fetches the program of the page.
    load: fn() -> F,
    /// What it shows.
    of: T,
) -> impl IntoView
where
    T: Clone + Send + 'static,
    F: Future<Output = Option<Page<T>>> + 'static,
{
    let mut loading = Box::pin(load());
    let loaded = RwSignal::new(loading.as_mut().now_or_never());
    if loaded.get_untracked().is_none() {
        spawn_local(async move { _ = loaded.try_set(Some(loading.await)) });
    }
    move || match loaded.get() {
        None => view! { <div class="page"><Skeleton/></div> }.into_any(),
        Some(Some(page)) => page(of.clone()),
        Some(None) => view! {
            <Notice icon=Icon::Offline title="This part of the page did not load" trouble=true>
                <p>"The server cannot be reached, or it is a newer one than this page is of."</p>
                <a class="button" href="">"Load the page again"</a>
            </Notice>
        }
        .into_any(),
    }
}
