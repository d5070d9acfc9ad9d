//! The page and its files, from inside the binary.

use std::{borrow::Cow, sync::Arc};

use axum::{
    Router,
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::{
    admin,
    door::{Caller, Door, Settings, address},
    error::Refusal,
    socket::{self, Wanted},
    upgrade::{MaybeUpgrade, words},
};

/// The files of the front end, each named like the program's output.
const STYLE: &str = "_pkg/monoxide.css";
const SCRIPT: &str = "_pkg/monoxide.js";
const WASM: &str = "_pkg/monoxide.wasm";

/// What the page may load, and from where: nothing but its own files.
const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
    img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; \
    frame-ancestors 'none'; connect-src 'self'";

const NO_FRONT_END: &str = "<!doctype html><html lang=en><meta charset=utf-8>\
    <meta name=viewport content=\"width=device-width\"><title>No front end</title>\
    <h1>The front end was not built</h1>\
    <p>The server runs, and its data is there over HTTP and WebSocket. To have the page too, stop \
    it and type</p><pre>cargo xtask run</pre>\
    <p>which builds the front end, puts it into the server and starts it. While you change things, \
    <code>cargo leptos watch</code> does both at each save (<code>cargo xtask setup --dev</code> \
    installs it).</p>";

/// The front end of a server: a page and the files it loads.
#[derive(Debug, Clone)]
pub struct Site {
    page: &'static str,
    names: fn() -> Vec<Cow<'static, str>>,
    file: fn(&str) -> Option<EmbeddedFile>,
    reload_port: Option<u16>,
}

impl Site {
    /// The files that `E` embeds, and the page that loads them.
    ///
    /// In `page` these are replaced: `{{name}}` by the server's name, `{{css}}`, `{{js}}`,
    /// `{{wasm}}` and `{{boot}}` by addresses that change with the content, `{{identity}}` by `on`
    /// where people sign in and else by `off`, and `{{reload}}` by a script in the development loop
    /// and by nothing otherwise.
    #[must_use]
    pub fn new<E: RustEmbed>(page: &'static str) -> Self {
        Self { page, names: || E::iter().collect(), file: E::get, reload_port: None }
    }

    /// Lets the page load itself anew when `cargo leptos watch`, which tells so on this port, has
    /// built it. Default: it does not.
    #[must_use]
    pub fn reload_port(mut self, port: Option<u16>) -> Self {
        self.reload_port = port;
        self
    }

    /// The files at the root of the site, such as `favicon.svg`, and in its other folders.
    pub(crate) fn public(&self) -> impl Iterator<Item = String> {
        let own = |name: &Cow<'static, str>| {
            !(name.starts_with('_') || name.ends_with(".br") || name.ends_with(".gz"))
        };
        (self.names)().into_iter().filter(own).map(Cow::into_owned)
    }

    /// The address of a file, which changes with its content.
    fn address(&self, name: &str) -> String {
        format!("/{name}?v={}", self.version(name))
    }

    fn version(&self, name: &str) -> String {
        (self.file)(name).map(|file| hash(&file)).unwrap_or_default()
    }

    /// The page, or `None` when the front end was not built.
    fn page(&self, name: &str, asks_who: bool) -> Option<String> {
        (self.file)(SCRIPT)?;
        (self.file)(WASM)?;
        let boot = format!("/_pkg/boot.js?v={}{}", self.version(SCRIPT), self.version(WASM));
        let reload = match self.reload_port {
            Some(_) => r#"<script src="/_pkg/reload.js"></script>"#,
            None => "",
        };
        let page = self.page.replace("{{name}}", &escape(name)).replace("{{boot}}", &boot);
        let page = page.replace("{{identity}}", if asks_who { "on" } else { "off" });
        let page = page.replace("{{css}}", &self.address(STYLE));
        let page = page.replace("{{js}}", &self.address(SCRIPT));
        Some(page.replace("{{wasm}}", &self.address(WASM)).replace("{{reload}}", reload))
    }

    /// Scripts of a line or two that depend on the other files or the settings. They are files
    /// because the page's policy allows no script inside of it.
    fn script(&self, name: &str) -> Option<String> {
        match (name, self.reload_port) {
            ("boot.js", _) => Some(format!(
                "import init from './monoxide.js?v={}';\n\
                 init({{ module_or_path: new URL('./monoxide.wasm?v={}', import.meta.url) }});\n",
                self.version(SCRIPT),
                self.version(WASM),
            )),
            ("reload.js", Some(port)) => Some(format!(
                "const connect = () => {{\n\
                 \x20 const socket = new WebSocket('ws://127.0.0.1:{port}/live_reload');\n\
                 \x20 socket.onmessage = ({{ data }}) => {{\n\
                 \x20   const changed = JSON.parse(data);\n\
                 \x20   if (changed.all || changed.css) location.reload();\n\
                 \x20 }};\n\
                 \x20 socket.onclose = () => setTimeout(connect, 500);\n\
                 }};\n\
                 connect();\n"
            )),
            _ => None,
        }
    }

    fn policy(&self) -> String {
        match self.reload_port {
            Some(port) => format!("{POLICY} ws://127.0.0.1:{port}"),
            None => POLICY.to_owned(),
        }
    }
}

pub(crate) fn router(site: Option<&Site>) -> Router<Door> {
    let router = Router::new()
        .route("/", get(root).delete(admin::delete))
        .route("/_ui", get(page))
        .route("/_ui/{*view}", get(page))
        .route("/_pkg/{*name}", get(package));
    // Each is a route of its own, so that no other key is taken from the data.
    let public = site.into_iter().flat_map(Site::public);
    public.fold(router, |router, name| {
        let path = format!("/{name}");
        let answer = async move |State(settings): State<Arc<Settings>>,
                                 RawQuery(query): RawQuery,
                                 headers: HeaderMap| {
            file(&settings, &name, query.as_deref(), &headers)
        };
        router.route(&path, get(answer))
    })
}

/// The page, the management API, or the clock when an upgrade is asked for.
async fn root(
    State(door): State<Door>,
    Caller(session): Caller,
    uri: Uri,
    MaybeUpgrade(upgrade): MaybeUpgrade,
) -> Result<Response, Refusal> {
    if let Some(upgrade) = upgrade {
        return socket::open(&session, &door, Ok(Wanted::Clock), upgrade).await;
    }
    match admin::answer(&door, &session, &uri).await? {
        Some(answer) => Ok(answer),
        None => Ok(page(State(Arc::clone(&door.settings))).await),
    }
}

async fn page(State(settings): State<Arc<Settings>>) -> Response {
    let site = settings.site.as_ref();
    let asks_who = settings.auth.is_some();
    let built = site.and_then(|site| Some((site.page(&settings.name, asks_who)?, site.policy())));
    let (page, policy) = built.unwrap_or_else(|| (NO_FRONT_END.to_owned(), POLICY.to_owned()));
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, [(header::CONTENT_SECURITY_POLICY, policy)], page).into_response()
}

async fn package(
    State(settings): State<Arc<Settings>>,
    uri: Uri,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let path = address(&uri)?;
    let name = path.strip_prefix("_pkg/").ok_or(Refusal::NoRoute)?;
    let script = settings.site.as_ref().and_then(|site| site.script(name));
    match script {
        Some(script) => {
            let content_type = (header::CONTENT_TYPE, "text/javascript; charset=utf-8");
            Ok(([content_type, (header::CACHE_CONTROL, "no-cache")], script).into_response())
        }
        None => file(&settings, &path, query.as_deref(), &headers),
    }
}

fn file(
    settings: &Settings,
    name: &str,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    let site = settings.site.as_ref().ok_or(Refusal::NoRoute)?;
    // In development names are looked up in a folder.
    if name.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
        return Err(Refusal::NoRoute);
    }
    let plain = (site.file)(name).ok_or(Refusal::NoRoute)?;
    let version = hash(&plain);
    // What has its version in its address never changes there.
    let cache = match query.and_then(|query| query.strip_prefix("v=")) {
        Some(asked) if asked == version => "public, max-age=31536000, immutable",
        _ => "no-cache",
    };
    let packed = packed(site, name, headers);
    let encoding = packed.as_ref().map(|(encoding, _)| *encoding);
    let tag = format!("\"{version}{}\"", encoding.map(|it| format!("-{it}")).unwrap_or_default());
    let known = words(headers, header::IF_NONE_MATCH)
        .any(|known| known == "*" || known.trim_start_matches("W/") == tag);

    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let file = packed.map_or(plain, |(_, file)| file);
        let bytes = match file.data {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => bytes.into(),
        };
        let content_type = mime_guess::from_path(name).first_or_octet_stream();
        ([(header::CONTENT_TYPE, content_type.as_ref())], bytes).into_response()
    };
    let out = response.headers_mut();
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    out.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    out.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        out.insert(header::ETAG, tag);
    }
    if let Some(encoding) = encoding {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    Ok(response)
}

/// The smallest packed twin of a file that the client can read.
fn packed(site: &Site, name: &str, headers: &HeaderMap) -> Option<(&'static str, EmbeddedFile)> {
    let twins = [("br", ".br"), ("gzip", ".gz")];
    twins
        .into_iter()
        .filter(|(encoding, _)| words(headers, header::ACCEPT_ENCODING).any(accepts(encoding)))
        .find_map(|(encoding, ending)| Some((encoding, (site.file)(&format!("{name}{ending}"))?)))
}

/// Whether a word of `Accept-Encoding` names `encoding`, and not with a weight of zero.
fn accepts(encoding: &str) -> impl Fn(&str) -> bool {
    move |word| {
        let (coding, weight) = word.split_once(';').unwrap_or((word, ""));
        let weight = weight.trim().strip_prefix("q=").and_then(|it| it.parse::<f32>().ok());
        coding.trim().eq_ignore_ascii_case(encoding) && weight != Some(0.0)
    }
}

/// The start of the content's SHA-256: enough to tell the builds of one file apart.
fn hash(file: &EmbeddedFile) -> String {
    let digest = file.metadata.sha256_hash();
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;")
}
