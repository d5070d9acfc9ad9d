//! What a session asks of its browser: the storage that all its pages share, turns, the address
//! bar, the focus.

use js_sys::{Array, Date, Function, Promise, Reflect};
use leptos::prelude::{document, request_animation_frame, window};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlElement, Storage, StorageEvent};

use crate::model::{Place, base, renewal::Term};

/// What pages of one browser tell each other: when the session has to be renewed. It is no secret,
/// and there when somebody is signed in.
const SESSION: &str = "monoxide.session";

/// The same for this server: another may be under another path of the same host.
fn session() -> String {
    format!("{SESSION}{}", base())
}

/// Whose turn it is to renew the session.
const TURN: &str = "monoxide.session";

/// Milliseconds since the Unix epoch, by this machine's clock.
pub(super) fn now() -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is after 1970")]
    let now = Date::now() as u64;
    now
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// Until when the session is good, if there is one.
pub(super) fn term() -> Option<Term> {
    Term::read(&storage()?.get_item(&session()).ok()??)
}

pub(super) fn keep(term: Term) {
    // Without storage the session is looked at more often than it needs be.
    _ = storage().map(|storage| storage.set_item(&session(), &term.to_string()));
}

pub(super) fn forget() {
    _ = storage().map(|storage| storage.remove_item(&session()));
}

pub(super) fn is_about_session(event: &StorageEvent) -> bool {
    event.key().is_none_or(|key| key == session())
}

/// Whether the server asks nobody who they are, as it wrote into the page.
pub(super) fn is_open() -> bool {
    let meta = document().query_selector("meta[name=monoxide-identity]").ok().flatten();
    meta.and_then(|meta| meta.get_attribute("content")).is_some_and(|content| content == "off")
}

/// Takes the secret of the set-up link out of the address bar and the history. It is in the part of
/// the address that is not sent to servers.
pub(super) fn take_secret() -> Option<String> {
    let location = window().location();
    let path = location.pathname().ok()?;
    if Place::read(&path) != Place::SetUp {
        return None;
    }
    let secret = location.hash().ok()?.strip_prefix('#')?.to_owned();
    let history = window().history().ok()?;
    _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&path));
    (!secret.is_empty()).then_some(secret)
}

/// What has the focus, if it is something that can be returned to.
pub(super) fn focused() -> Option<HtmlElement> {
    let active = document().active_element()?.dyn_into::<HtmlElement>().ok()?;
    (active.tag_name() != "BODY").then_some(active)
}

/// Gives the focus back when the page shows again.
pub(super) fn focus_soon(element: HtmlElement) {
    request_animation_frame(move || _ = element.focus());
}

/// That it is the turn of this page, until this is dropped.
#[derive(Debug)]
pub(super) struct Turn(Option<Function>);

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(release) = &self.0 {
            _ = release.call0(&JsValue::UNDEFINED);
        }
    }
}

/// Waits until no other page of this browser has its turn. Where browsers have no such turns, which
/// is on pages that are neither encrypted nor local, it is everybody's.
pub(super) async fn turn() -> Turn {
    let Some((locks, request)) = locks() else { return Turn(None) };
    let mut release = None;
    let held = Promise::new(&mut |resolve, _| release = Some(resolve));
    let mut granted = None;
    let grant = Promise::new(&mut |resolve, _| granted = Some(resolve));
    let begin = Closure::once_into_js(move || {
        _ = granted.map(|granted| granted.call0(&JsValue::UNDEFINED));
        held
    });
    if let Ok(whole) = request.call2(&locks, &format!("{TURN}{}", base()).into(), &begin) {
        // The whole ends before it begins only when the browser gives no turn.
        _ = JsFuture::from(Promise::race(&Array::of2(&grant, &whole))).await;
    }
    Turn(release)
}

fn locks() -> Option<(JsValue, Function)> {
    let locks = Reflect::get(&window().navigator(), &"locks".into()).ok()?;
    let request = Reflect::get(&locks, &"request".into()).ok()?;
    Some((locks, request.dyn_into().ok()?))
}
