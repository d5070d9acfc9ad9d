//! Sockets, time and luck of a page.

use std::{
    cell::RefCell,
    collections::VecDeque,
    fmt,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use js_sys::{ArrayBuffer, Date, Function, Promise, Uint8Array};
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    BinaryType, CloseEvent, Event, EventTarget, MessageEvent, VisibilityState, WebSocket, Window,
};

pub(crate) use crate::fetch::request;
use crate::{bell::Bell, link::Report, state::End};

/// The subprotocol under which refusals are told after the upgrade: a browser does not show a page
/// why an upgrade was refused.
const PROTOCOL: &str = "monoxide.v1";

/// A page is not shown the pings of the server.
pub(crate) const HEARS_PINGS: bool = false;

/// The browser has TLS.
pub(crate) const HAS_TLS: bool = true;

/// How much may wait to be read. A page that is too busy for longer starts again from what the
/// server has then: a browser cannot ask the server to slow down.
const LARGEST_INBOX: usize = 32 << 20;

/// What came and was not polled yet, and who waits for it.
#[derive(Default)]
struct Inbox {
    reports: VecDeque<Report>,
    bytes: usize,
    waker: Option<Waker>,
}

impl Inbox {
    fn put(&mut self, report: Report) {
        if let Report::Frame(text) = &report {
            // A single large message is fine: somebody asked for it.
            if self.bytes > 0 && self.bytes + text.len() > LARGEST_INBOX {
                self.reports.clear();
                self.reports.push_back(broken("more came than was read"));
                return self.wake();
            }
            self.bytes += text.len();
        }
        self.reports.push_back(report);
        self.wake();
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Report> {
        let Some(report) = self.reports.pop_front() else {
            self.waker = Some(cx.waker().clone());
            return Poll::Pending;
        };
        if let Report::Frame(text) = &report {
            self.bytes -= text.len();
        }
        Poll::Ready(report)
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

fn broken(why: &str) -> Report {
    Report::Ended(End::Broken(why.to_owned()))
}

/// A socket of the browser. Dropping it closes it, and nothing of it is called any more.
pub(crate) struct Socket {
    inbox: Rc<RefCell<Inbox>>,
    socket: Option<WebSocket>,
    _listeners: Vec<Listener>,
}

impl Socket {
    pub(crate) fn open(address: &str) -> Self {
        let inbox = Rc::new(RefCell::new(Inbox::default()));
        match WebSocket::new_with_str(address, PROTOCOL) {
            Ok(socket) => {
                socket.set_binary_type(BinaryType::Arraybuffer);
                let _listeners = listeners(&socket, &inbox);
                Self { inbox, socket: Some(socket), _listeners }
            }
            Err(error) => {
                let why = error.dyn_ref::<js_sys::Error>().map(|it| String::from(it.message()));
                let end = End::Address(why.unwrap_or_default());
                inbox.borrow_mut().put(Report::Ended(end));
                Self { inbox, socket: None, _listeners: Vec::new() }
            }
        }
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Report> {
        self.inbox.borrow_mut().poll(cx)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let Some(socket) = &self.socket {
            // Closing fails only with a code, and none is given.
            _ = socket.close();
        }
    }
}

fn listeners(socket: &WebSocket, inbox: &Rc<RefCell<Inbox>>) -> Vec<Listener> {
    let put = |name, read: fn(&Event) -> Report| {
        let inbox = Rc::clone(inbox);
        Listener::new(socket, name, move |event| inbox.borrow_mut().put(read(event)))
    };
    // An `error` has nothing to say, and a `close` always follows.
    vec![put("open", |_| Report::Opened), put("message", message), put("close", close)]
}

fn message(event: &Event) -> Report {
    let data = event.unchecked_ref::<MessageEvent>().data();
    if let Some(text) = data.as_string() {
        return Report::Frame(text);
    }
    let bytes = Uint8Array::new(data.unchecked_ref::<ArrayBuffer>()).to_vec();
    String::from_utf8(bytes).map_or_else(|_| broken("a message is not text"), Report::Frame)
}

fn close(event: &Event) -> Report {
    let event = event.unchecked_ref::<CloseEvent>();
    match event.code() {
        // The browser's own number for a connection that failed or broke. It does not say why.
        1006 => broken("no connection"),
        code => Report::Ended(End::Closed { code, reason: event.reason() }),
    }
}

/// A function that is called for an event, until it is dropped.
struct Listener {
    target: EventTarget,
    name: &'static str,
    call: Closure<dyn FnMut(Event)>,
}

impl Listener {
    fn new(
        target: &EventTarget,
        name: &'static str,
        mut call: impl FnMut(&Event) + 'static,
    ) -> Self {
        let call = Closure::<dyn FnMut(Event)>::new(move |event| call(&event));
        // Fails only for what is no function.
        _ = target.add_event_listener_with_callback(name, function(&call));
        Self { target: target.clone(), name, call }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        _ = self.target.remove_event_listener_with_callback(self.name, function(&self.call));
    }
}

fn function(closure: &Closure<dyn FnMut(Event)>) -> &Function {
    closure.as_ref().unchecked_ref()
}

/// What rings the bell of a client: the network is back, or somebody looks at the page again.
pub(crate) struct Events {
    // A page has one thread, but the client that holds this need not know.
    _listeners: SendWrapper<Vec<Listener>>,
}

impl Events {
    pub(crate) fn ringing(bell: &Arc<Bell>) -> Self {
        let Some(window) = web_sys::window() else {
            return Self { _listeners: SendWrapper::new(Vec::new()) };
        };
        let ring = |target: &EventTarget, name| {
            let bell = Arc::clone(bell);
            Listener::new(target, name, move |_| bell.ring())
        };
        let mut listeners = vec![ring(&window, "online"), ring(&window, "pageshow")];
        if let Some(document) = window.document() {
            let (bell, page) = (Arc::clone(bell), document.clone());
            listeners.push(Listener::new(&document, "visibilitychange", move |_| {
                if page.visibility_state() == VisibilityState::Visible {
                    bell.ring();
                }
            }));
        }
        Self { _listeners: SendWrapper::new(listeners) }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}

/// A time that is being waited for. Dropping it clears the timer.
pub(crate) type Sleep = Pin<Box<Timeout>>;

pub(crate) struct Timeout {
    window: Option<Window>,
    id: i32,
    done: JsFuture,
}

pub(crate) fn sleep(time: Duration) -> Sleep {
    let window = web_sys::window();
    let milliseconds = i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
    let mut id = 0;
    let done = Promise::new(&mut |resolve, _| {
        let timer = window.as_ref().and_then(|window| {
            window
                .set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, milliseconds)
                .ok()
        });
        id = timer.unwrap_or_default();
    });
    Box::pin(Timeout { window, id, done: done.into() })
}

impl Future for Timeout {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.done).poll(cx).map(|_: Result<JsValue, JsValue>| ())
    }
}

impl Drop for Timeout {
    fn drop(&mut self) {
        if let Some(window) = &self.window {
            window.clear_timeout_with_handle(self.id);
        }
    }
}

/// How long something has been going on, by the clock on the wall: other clocks stop while the
/// machine sleeps. When it is set back, nothing is counted.
pub(crate) struct Stopwatch {
    elapsed: Duration,
    read_at: f64,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self { elapsed: Duration::ZERO, read_at: Date::now() }
    }

    pub(crate) fn elapsed(&mut self) -> Duration {
        let now = Date::now();
        let milliseconds = now - std::mem::replace(&mut self.read_at, now);
        self.elapsed += Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or_default();
        self.elapsed
    }
}

/// A random number, at least 0 and below 1.
pub(crate) fn luck() -> f64 {
    js_sys::Math::random()
}

/// Where the page came from: its `<base href>`, which says where the application begins, or the
/// host alone.
pub(crate) fn page_address() -> Option<String> {
    let window = web_sys::window()?;
    let document = window.document()?;
    let base = document.query_selector("meta[name=monoxide-base]").ok().flatten();
    let base = base.and_then(|meta| meta.get_attribute("content")).unwrap_or_default();
    Some(format!("{}{base}", window.location().origin().ok()?))
}
