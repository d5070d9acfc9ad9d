//! The page and its files, from inside the binary.

use std::{
    borrow::Cow,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::{
    admin,
    base_path::BasePath,
    door::{Caller, Door, Settings, address},
    error::Refusal,
    socket::{self, Wanted},
    upgrade::{MaybeUpgrade, words},
};

/// The folder of the page's program.
const PACKAGE: &str = "_pkg/";

/// What the program cannot do without.
const SCRIPT: &str = "_pkg/monoxide.js";
const WASM: &str = "_pkg/monoxide.wasm";

/// What the page may load, and from where: nothing but its own files.
const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
    img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; \
    frame-ancestors 'none'; connect-src 'self'";

/// The script that starts the program: a file, because the page's policy allows none inside of it.
const BOOT: &str = "import init from './monoxide.js';\n\
    init({ module_or_path: new URL('./monoxide.wasm', import.meta.url) });\n";

/// The script that shows the theme that was chosen before, before anything is painted.
const THEME: &str = "try {\n\
    \x20 const theme = localStorage.getItem('monoxide.theme');\n\
    \x20 if (theme) document.documentElement.dataset.theme = theme;\n\
    } catch {}\n";

/// How long browsers may keep what has its version in its address: it never changes there.
const FOREVER: &str = "public, max-age=31536000, immutable";

/// Browsers keep the rest, and ask each time whether it has changed.
const ASK: &str = "no-cache";

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
    /// In `page` these are replaced: `{{name}}` by the server's name, `{{base}}` by the [path](BasePath)
    /// that it is under, `{{package}}` by the folder of
    /// `monoxide.css`, `monoxide.js`, `monoxide.wasm` and the scripts `boot.js` that starts them and
    /// `theme.js` that sets the theme, whose address changes with the content, `{{identity}}` by `on` where people sign in and else
    /// by `off`, and `{{reload}}` by a script in the development loop and by nothing otherwise.
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
        let own = |name: &Cow<'static, str>| !(name.starts_with('_') || is_twin(name));
        (self.names)().into_iter().filter(own).map(Cow::into_owned)
    }

    /// The version of the program of the page: of all its files together, because the program is
    /// loaded in parts that only fit each other.
    fn version(&self) -> String {
        let mut names = (self.names)();
        names.retain(|name| name.starts_with(PACKAGE) && !is_twin(name));
        names.sort();
        let mut hasher = DefaultHasher::new();
        for name in names {
            (self.file)(&name).map(|file| file.metadata.sha256_hash()).hash(&mut hasher);
            name.hash(&mut hasher);
        }
        format!("{:016x}", hasher.finish())
    }

    /// The file that an address below [`PACKAGE`] means, and whether its version is in the
    /// address. A version that is not the present one means nothing: its parts do not fit.
    fn meant<'a>(&self, rest: &'a str) -> Option<(&'a str, bool)> {
        match rest.split_once('/') {
            Some((version, name)) if is_version(version) => {
                (version == self.version()).then_some((name, true))
            }
            _ => Some((rest, false)),
        }
    }

    /// The page, or `None` when the front end was not built.
    fn page(&self, name: &str, asks_who: bool, base: &BasePath) -> Option<String> {
        (self.file)(SCRIPT)?;
        (self.file)(WASM)?;
        let reload = match self.reload_port {
            Some(_) => format!(r#"<script src="{base}/{PACKAGE}reload.js"></script>"#),
            None => String::new(),
        };
        let page = self.page.replace("{{name}}", &escape(name));
        let page = page.replace("{{identity}}", if asks_who { "on" } else { "off" });
        let package = format!("{base}/{PACKAGE}{}", self.version());
        let page = page.replace("{{base}}", base.as_str());
        Some(page.replace("{{package}}", &package).replace("{{reload}}", &reload))
    }

    /// Scripts of a line or two that no build makes.
    fn script(&self, name: &str) -> Option<String> {
        match (name, self.reload_port) {
            ("boot.js", _) => Some(BOOT.to_owned()),
            ("theme.js", _) => Some(THEME.to_owned()),
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
        let answer = async move |State(settings): State<Arc<Settings>>, headers: HeaderMap| {
            file(settings.site.as_ref().ok_or(Refusal::NoRoute)?, &name, ASK, &headers)
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
    let built = site.and_then(|site| {
        Some((site.page(&settings.name, asks_who, &settings.base_path)?, site.policy()))
    });
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
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let path = address(&uri)?;
    let site = settings.site.as_ref().ok_or(Refusal::NoRoute)?;
    let rest = path.strip_prefix(PACKAGE).ok_or(Refusal::NoRoute)?;
    let (name, is_versioned) = site.meant(rest).ok_or(Refusal::NoRoute)?;
    let cache = if is_versioned { FOREVER } else { ASK };
    if let Some(script) = site.script(name) {
        let content_type = (header::CONTENT_TYPE, "text/javascript; charset=utf-8");
        return Ok(([content_type, (header::CACHE_CONTROL, cache)], script).into_response());
    }
    file(site, &format!("{PACKAGE}{name}"), cache, &headers)
}

fn file(
    site: &Site,
    name: &str,
    cache: &'static str,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    // In development names are looked up in a folder.
    if name.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
        return Err(Refusal::NoRoute);
    }
    let plain = (site.file)(name).ok_or(Refusal::NoRoute)?;
    let packed = packed(site, name, headers);
    let encoding = packed.as_ref().map(|(encoding, _)| *encoding);
    let version = hash(&plain);
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

/// Whether a file is the packed twin of another.
fn is_twin(name: &str) -> bool {
    name.ends_with(".br") || name.ends_with(".gz")
}

/// Whether a segment of an address has the form of a [version](Site::version).
fn is_version(segment: &str) -> bool {
    segment.len() == 16 && segment.bytes().all(|byte| byte.is_ascii_hexdigit())
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
