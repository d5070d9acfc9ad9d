//! Every setting of the server: its flag, its name in the environment, its default.

use std::{
    env, fs,
    net::{IpAddr, SocketAddr},
    num::{NonZeroU32, NonZeroUsize},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use clap::{
    CommandFactory as _, Parser, Subcommand, builder::BoolishValueParser, error::ContextKind,
};
use monoxide_engine::{
    self as engine, Durability, Engine, Filters,
    backend::{Folder, FolderError, Kind},
};
use monoxide_gateway::{BasePath, IpNet, Server};
use monoxide_identity::{Identities, Key};
use monoxide_tools::Place;
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

/// The longest time that can be set.
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How many files the program keeps for itself.
const OWN_FILES: usize = 64;
/// What a new folder is written with.
const BACKEND: Kind = Kind::Redb;

/// What the program does besides serving.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Asks who may do what.
    #[command(subcommand)]
    Rules(monoxide_rules::command::Command),

    #[command(flatten)]
    Tools(monoxide_tools::Command),
}

/// Live state over HTTP and WebSocket, with a page to look at it.
#[derive(Debug, Parser)]
#[command(name = "monoxide", version)]
pub(crate) struct Config {
    /// What to do instead of serving.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// Where to listen. Port 0 takes a free one.
    #[arg(long, env = "MONOXIDE_ADDR", default_value = "127.0.0.1:8800")]
    pub(crate) addr: SocketAddr,

    /// What the page calls this server.
    #[arg(long, env = "MONOXIDE_NAME", default_value = "monoxide")]
    pub(crate) name: String,

    /// The path under which people reach the server, such as `/tools/state`, where a proxy has more
    /// behind it than this server. Requests may have it or not. [default: the root]
    #[arg(long, env = "MONOXIDE_BASE_PATH", default_value = "", hide_default_value = true)]
    pub(crate) base_path: BasePath,

    /// The folder that keeps everything over a restart. It is made when it is not there.
    #[arg(long, env = "MONOXIDE_DATA", default_value = "./data", global = true)]
    pub(crate) data: PathBuf,

    /// Keeps everything in memory, and nothing over a restart.
    #[arg(long, env = "MONOXIDE_MEMORY", value_parser = BoolishValueParser::new())]
    pub(crate) memory: bool,

    /// What writes the folder: redb or sled. Without it, what wrote it before, and redb for a new one.
    #[arg(long, env = "MONOXIDE_BACKEND", global = true)]
    pub(crate) backend: Option<Kind>,

    /// When a write is answered: `flushed`, when it is on disk, or `interval:100ms`, at once, and
    /// it is on disk after about that time.
    #[arg(long, env = "MONOXIDE_DURABILITY", default_value = "flushed", value_parser = durability)]
    pub(crate) durability: Durability,

    /// How often to write everything into a file of its own in `--backup-dir`.
    #[arg(long, env = "MONOXIDE_BACKUP_EVERY", requires = "backup_dir", value_parser = duration)]
    pub(crate) backup_every: Option<Duration>,

    /// The folder for these files. It is made when it is not there.
    #[arg(long, env = "MONOXIDE_BACKUP_DIR", requires = "backup_every")]
    pub(crate) backup_dir: Option<PathBuf>,

    /// How many of them are kept.
    #[arg(long, env = "MONOXIDE_BACKUP_KEEP", default_value = "7")]
    pub(crate) backup_keep: NonZeroUsize,

    /// The file that says who may do what. It is read again when it changes, and on SIGHUP.
    /// Without it, `server/rules.toml` as it was when this program was built; with `--open`, none.
    #[arg(long, env = "MONOXIDE_RULES", global = true)]
    pub(crate) rules: Option<PathBuf>,

    /// Asks nobody who they are: whoever reaches the server may do everything that rules and filters
    /// allow. For trying things out, and for clients of ooo.
    #[arg(long, env = "MONOXIDE_OPEN", value_parser = BoolishValueParser::new())]
    pub(crate) open: bool,

    /// Lets in who is not signed in, too, as far as the rules allow.
    #[arg(long, env = "MONOXIDE_ANONYMOUS", value_parser = BoolishValueParser::new())]
    pub(crate) anonymous: bool,

    /// The names by which people reach the server, such as `app.example`, with commas between
    /// several. Requests for another are refused, but for `localhost` and the address it listens on.
    #[arg(long, env = "MONOXIDE_HOST", value_delimiter = ',', value_parser = host)]
    pub(crate) host: Vec<String>,

    /// Lets people make themselves an account, with these roles; with commas between several.
    #[arg(long, env = "MONOXIDE_REGISTRATION", value_delimiter = ',')]
    pub(crate) registration: Option<Vec<String>>,

    /// The file with the key that signs tokens, a private Ed25519 key in PEM. Without it, a secret
    /// that is made at the first start and kept with the accounts.
    #[arg(long, env = "MONOXIDE_KEY")]
    pub(crate) key: Option<PathBuf>,

    /// The file with the key that signed before that one, for ten minutes after a change.
    #[arg(long, env = "MONOXIDE_PREVIOUS_KEY", requires = "key")]
    pub(crate) previous_key: Option<PathBuf>,

    /// How long a token is good before it has to be refreshed.
    #[arg(long, env = "MONOXIDE_TOKEN_LIFETIME", default_value = "10m", value_parser = duration)]
    pub(crate) token_lifetime: Duration,

    /// Has browsers send cookies over TLS only, when a proxy speaks it and not this server.
    #[arg(long, env = "MONOXIDE_SECURE_COOKIES", value_parser = BoolishValueParser::new())]
    pub(crate) secure_cookies: bool,

    /// The addresses and networks of proxies, such as `10.0.0.0/8`, with commas between several.
    /// Only from these is it believed whom they ask for (`X-Forwarded-For`).
    #[arg(long, env = "MONOXIDE_TRUSTED_PROXIES", value_delimiter = ',', value_parser = network)]
    pub(crate) trusted_proxies: Vec<IpNet>,

    /// What to log: a level, or levels by module such as `info,monoxide_gateway=debug`.
    #[arg(long, env = "MONOXIDE_LOG", default_value = "info", value_parser = filter)]
    pub(crate) log: EnvFilter,

    /// How long a request for data may take, its body included, and how long requests may
    /// go on when the server stops.
    #[arg(long, env = "MONOXIDE_DEADLINE", default_value = "10s", value_parser = duration)]
    pub(crate) deadline: Duration,

    /// How long a request's head may take, and on a new connection everything before it.
    #[arg(long, env = "MONOXIDE_HEADER_TIMEOUT", default_value = "10s", value_parser = duration)]
    pub(crate) header_timeout: Duration,

    /// How long a request's body may take where no deadline is shorter, such as at endpoints.
    #[arg(long, env = "MONOXIDE_READ_TIMEOUT", default_value = "60s", value_parser = duration)]
    pub(crate) read_timeout: Duration,

    /// How long a client may take nothing of the answer that waits for it.
    #[arg(long, env = "MONOXIDE_WRITE_TIMEOUT", default_value = "60s", value_parser = duration)]
    pub(crate) write_timeout: Duration,

    /// How long a connection is kept for its next request.
    #[arg(long, env = "MONOXIDE_IDLE_TIMEOUT", default_value = "10s", value_parser = duration)]
    pub(crate) idle_timeout: Duration,

    /// How large a body may be, in bytes.
    #[arg(long, env = "MONOXIDE_MAX_BODY", default_value_t = 10 * 1024 * 1024)]
    pub(crate) max_body: usize,

    /// How large a message from a subscriber may be, in bytes; above it 1009.
    #[arg(long, env = "MONOXIDE_MAX_MESSAGE", default_value_t = 1024 * 1024)]
    pub(crate) max_message: usize,

    /// How many connections there may be, as far as files may be open; one above it is told 503.
    #[arg(long, env = "MONOXIDE_MAX_CONNECTIONS", default_value = "65536")]
    pub(crate) max_connections: NonZeroUsize,

    /// How many connections there may be from one IPv4 address or one IPv6 network of 64 bits; one
    /// above it is told 429. [default: 4096, and as many as there may be from this machine]
    #[arg(long, env = "MONOXIDE_MAX_CONNECTIONS_PER_ADDRESS")]
    pub(crate) max_connections_per_address: Option<NonZeroUsize>,

    /// How many sockets one account may have, wherever they come from; one above it is told 429.
    #[arg(long, env = "MONOXIDE_MAX_SUBSCRIPTIONS_PER_ACCOUNT", default_value = "4096")]
    pub(crate) max_subscriptions_per_account: NonZeroUsize,

    /// How many requests there may be in a second from one address (or IPv6 network of 64 bits), and
    /// for one account; one above it is told 429. [default: 2000, and any number from this machine]
    #[arg(long, env = "MONOXIDE_MAX_REQUESTS")]
    pub(crate) max_requests: Option<NonZeroU32>,

    /// How many of these may be writes. [default: 1000, and any number from this machine]
    #[arg(long, env = "MONOXIDE_MAX_WRITES")]
    pub(crate) max_writes: Option<NonZeroU32>,

    /// How many messages of a key or list are kept for those who are behind or come back; who is
    /// further behind goes on with a snapshot.
    #[arg(long, env = "MONOXIDE_WINDOW_MESSAGES", default_value = "256")]
    pub(crate) window_messages: NonZeroUsize,

    /// How many bytes of these messages are kept, and the newest one in any case.
    #[arg(long, env = "MONOXIDE_WINDOW_BYTES", default_value_t = 1024 * 1024)]
    pub(crate) window_bytes: usize,

    /// How long they are kept when nobody watches any more.
    #[arg(long, env = "MONOXIDE_LINGER", default_value = "60s", value_parser = duration)]
    pub(crate) linger: Duration,

    /// Of how many keys and lists they are kept when nobody watches any more.
    #[arg(long, env = "MONOXIDE_IDLE_TOPICS", default_value_t = 1024)]
    pub(crate) idle_topics: usize,

    /// How many bytes of old messages are kept for subscribers that have not taken them yet; above
    /// it the slowest are closed with 1013.
    #[arg(long, env = "MONOXIDE_MAX_PINNED", default_value_t = 256 * 1024 * 1024)]
    pub(crate) max_pinned: usize,

    /// How many changes the program's hook for events may be behind; it misses those above it.
    #[arg(long, env = "MONOXIDE_EVENT_QUEUE", default_value = "1024")]
    pub(crate) event_queue: NonZeroUsize,

    /// How often a socket is asked for a sign of life.
    #[arg(long, env = "MONOXIDE_PING", default_value = "60s", value_parser = duration)]
    pub(crate) ping: Duration,

    /// How long a socket may give no sign of life.
    #[arg(long, env = "MONOXIDE_PONG", default_value = "150s", value_parser = duration)]
    pub(crate) pong: Duration,

    /// How often the clock socket tells the time.
    #[arg(long, env = "MONOXIDE_TICK", default_value = "1s", value_parser = duration)]
    pub(crate) tick: Duration,

    /// Whose pages may use this server besides its own, such as `https://app.example`; with commas
    /// between several, and `*` for all. Without it any page may use HTTP, and only the server's
    /// own a socket.
    #[arg(long, env = "MONOXIDE_ORIGINS", value_delimiter = ',', value_parser = origin)]
    pub(crate) origins: Vec<String>,

    /// Sends every answer as it is, also to those who can read brotli or gzip.
    #[arg(long, env = "MONOXIDE_NO_COMPRESSION", value_parser = BoolishValueParser::new())]
    pub(crate) no_compression: bool,

    /// The file with the certificates, in PEM, for TLS (1.2 and 1.3). It is read again on SIGHUP.
    #[arg(long, env = "MONOXIDE_TLS_CERT", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// The file with the private key that goes with it.
    #[arg(long, env = "MONOXIDE_TLS_KEY", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,

    /// Where `cargo leptos watch` tells that the page was built. It sets this itself.
    #[arg(skip)]
    pub(crate) reload_port: Option<u16>,
}

impl Config {
    /// Reads the command line and the environment.
    ///
    /// # Errors
    ///
    /// One line that says which setting cannot be read, and why. Asked for help or the version,
    /// this prints it and ends the process.
    pub(crate) fn read() -> Result<Self, String> {
        let mut config = Self::try_parse().map_err(|error| {
            if !error.use_stderr() {
                error.exit();
            }
            one_line(&error)
        })?;
        if env::var_os("LEPTOS_WATCH").is_some() {
            config.follow_watch();
        }
        Ok(config)
    }

    /// Keeps connections from taking the last of `files` that may be open: the program needs some
    /// for itself.
    pub(crate) fn fit(&mut self, files: u64) {
        let files = usize::try_from(files).unwrap_or(usize::MAX);
        let own = OWN_FILES.min(files / 2);
        let most = NonZeroUsize::new(files - own).unwrap_or(NonZeroUsize::MIN);
        if self.max_connections > most {
            tracing::debug!(connections = most, "as many as files may be open");
            self.max_connections = most;
        }
    }

    /// Where commands find what they are about.
    ///
    /// # Errors
    ///
    /// When nothing is kept anywhere.
    pub(crate) fn place(&self, filters: fn() -> Filters) -> anyhow::Result<Place> {
        if self.memory {
            anyhow::bail!("with --memory nothing is kept that could be looked after");
        }
        let builder = self.engine_in_memory();
        let engine = Box::new(move || builder.filters(filters()));
        Ok(Place { data: self.data.clone(), backend: self.backend, engine })
    }

    /// The start of an engine with these settings.
    ///
    /// # Errors
    ///
    /// When the folder cannot be used.
    pub(crate) fn engine(&self) -> Result<engine::Builder, FolderError> {
        let builder = self.engine_in_memory();
        if self.memory {
            return Ok(builder);
        }
        let written = || Folder::kind_of(&self.data);
        let kind = self.backend.map_or_else(written, |kind| Ok(Some(kind)))?.unwrap_or(BACKEND);
        Ok(builder.backend(Folder::open(&self.data, kind)?.opener()))
    }

    fn engine_in_memory(&self) -> engine::Builder {
        Engine::builder()
            .window(self.window_messages.get(), self.window_bytes)
            .linger(self.linger)
            .idle_topics(self.idle_topics)
            .max_pinned(self.max_pinned)
            .event_queue(self.event_queue.get())
            .durability(self.durability)
    }

    /// The accounts beside what `engine` keeps; `None` when nobody is asked who they are.
    ///
    /// # Errors
    ///
    /// When a key or a role cannot be used.
    pub(crate) fn identities(&self, engine: &Engine) -> anyhow::Result<Option<Identities>> {
        if self.open {
            return Ok(None);
        }
        let mut builder = Identities::builder(engine).token_lifetime(self.token_lifetime);
        if let Some(path) = &self.key {
            builder = builder.key(key(path)?);
        }
        if let Some(path) = &self.previous_key {
            builder = builder.previous_key(key(path)?);
        }
        if let Some(roles) = &self.registration {
            builder = builder.registration(roles);
        }
        builder.build().map(Some).map_err(|error| anyhow::anyhow!("--registration: {error}"))
    }

    /// Where people reach the server, when it listens on `addr`.
    pub(crate) fn address(&self, addr: SocketAddr) -> String {
        let scheme = if self.tls_cert.is_some() || self.secure_cookies { "https" } else { "http" };
        let (port, base) = (addr.port(), &self.base_path);
        match self.host.first() {
            Some(host) if self.secure_cookies => format!("https://{host}{base}"),
            Some(host) => format!("{scheme}://{host}:{port}{base}"),
            None if addr.ip().is_unspecified() => format!("{scheme}://localhost:{port}{base}"),
            None => format!("{scheme}://{addr}{base}"),
        }
    }

    /// What writes the folder, which has been opened before.
    fn kept_by(&self) -> String {
        Folder::kind_of(&self.data).ok().flatten().unwrap_or(BACKEND).to_string()
    }

    /// When a write is answered, as it is set.
    fn answers_when(&self) -> String {
        match self.durability {
            Durability::Interval(time) => format!("interval:{}", humantime::format_duration(time)),
            _ => "flushed".to_owned(),
        }
    }

    /// The start of a server over `engine` with these settings.
    pub(crate) fn server(self, engine: Engine) -> monoxide_gateway::Builder {
        let (backend, durability) = (self.kept_by(), self.answers_when());
        let builder = Server::builder(engine)
            .trusted_proxies(self.trusted_proxies)
            .anonymous(self.anonymous)
            .secure_cookies(self.secure_cookies)
            .name(self.name)
            .base_path(self.base_path)
            .deadline(self.deadline)
            .header_timeout(self.header_timeout)
            .read_timeout(self.read_timeout)
            .write_timeout(self.write_timeout)
            .idle_timeout(self.idle_timeout)
            .max_body(self.max_body)
            .max_message(self.max_message)
            .max_connections(self.max_connections.get())
            .max_subscriptions_per_account(self.max_subscriptions_per_account)
            .ping(self.ping)
            .pong(self.pong)
            .tick(self.tick)
            .compression(!self.no_compression);
        let builder = match self.memory {
            true => builder,
            false => {
                let stored = builder.stored(&self.data, backend, durability);
                stored.admin_socket(Folder::socket(&self.data))
            }
        };
        let builder = match (self.backup_every, self.backup_dir) {
            (Some(every), Some(folder)) => builder.backups(every, folder, self.backup_keep.get()),
            _ => builder,
        };
        let builder = match self.open && self.origins.is_empty() {
            true => builder,
            false => builder.origins(self.origins),
        };
        let builder = match self.open && self.host.is_empty() {
            true => builder,
            false => {
                let here = ["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
                let own = std::iter::once(self.addr.ip().to_string());
                builder.hosts(here.into_iter().chain(own).chain(self.host))
            }
        };
        let builder = match self.max_connections_per_address {
            Some(count) => builder.max_connections_per_address(count.get()),
            None => builder,
        };
        let builder = match self.max_requests {
            Some(rate) => builder.max_requests(rate),
            None => builder,
        };
        let builder = match self.max_writes {
            Some(rate) => builder.max_writes(rate),
            None => builder,
        };
        match (self.tls_cert, self.tls_key) {
            (Some(cert), Some(key)) => builder.tls(cert, key),
            _ => builder,
        }
    }

    /// The development loop says where it expects the server, and where it tells of changes.
    fn follow_watch(&mut self) {
        let read = |name| env::var(name).ok();
        if let Some(addr) = read("LEPTOS_SITE_ADDR").and_then(|text| text.parse().ok()) {
            self.addr = addr;
        }
        self.reload_port = read("LEPTOS_RELOAD_PORT").and_then(|text| text.parse().ok());
    }
}

/// The first paragraph of what clap says, with the name that the setting has in the environment:
/// the value may have come from there.
fn one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let lines = text.lines().map(str::trim).take_while(|line| !line.is_empty());
    let line = lines.collect::<Vec<_>>().join(" ");
    let Some(setting) = error.get(ContextKind::InvalidArg).map(ToString::to_string) else {
        return line;
    };
    let mut command = Config::command();
    command.build();
    let names = command.get_arguments().find(|it| it.to_string() == setting);
    match names.and_then(|it| it.get_env()) {
        Some(name) => line.replace(
            &format!("'{setting}'"),
            &format!("'{setting}' ({} in the environment)", name.display()),
        ),
        None => line,
    }
}

/// Reads what to log. A word that is no level would be taken for the name of a module, and a
/// mistyped level would log nothing.
fn filter(text: &str) -> Result<EnvFilter, String> {
    let mut bare = text.split(',').filter(|word| !word.contains('='));
    match bare.find(|word| word.is_empty() || word.parse::<LevelFilter>().is_err()) {
        Some(word) => Err(format!("`{word}` is not off, error, warn, info, debug or trace")),
        None => EnvFilter::try_new(text).map_err(|error| error.to_string()),
    }
}

/// A time such as `400ms`, `10s` or `1m 30s`.
fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("it must be more than zero".to_owned()),
        Ok(duration) if duration > YEAR => Err("it must be at most a year".to_owned()),
        Ok(duration) => Ok(duration),
        Err(error) => Err(error.to_string()),
    }
}

/// When a write is answered.
fn durability(text: &str) -> Result<Durability, String> {
    match text.split_once(':') {
        None if text == "flushed" => Ok(Durability::Flushed),
        Some(("interval", time)) => duration(time).map(Durability::Interval),
        _ => Err("it is `flushed`, or like `interval:100ms`".to_owned()),
    }
}

/// A key that signs tokens.
fn key(path: &Path) -> anyhow::Result<Key> {
    let shown = path.display();
    let pem = fs::read(path).with_context(|| format!("cannot read the key `{shown}`"))?;
    Key::ed25519_pem(&pem).with_context(|| format!("`{shown}` cannot sign"))
}

/// A network, or one address.
fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let address = || text.parse().map(|address: IpAddr| address.to_canonical().into());
    text.parse()
        .or_else(|_| address())
        .map_err(|_| "it is like `10.0.0.0/8` or `192.0.2.7`".to_owned())
}

/// A name or an address, without a port.
fn host(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_one = text.parse::<IpAddr>().is_ok()
        || (!text.is_empty()
            && text.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '.' | '-')));
    match is_one {
        true => Ok(text.to_ascii_lowercase()),
        false => Err("it is a name such as `app.example`, without a scheme and a port".to_owned()),
    }
}

/// An origin as browsers send it, or `*`.
fn origin(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_one = text.split_once("://").is_some_and(|(scheme, host)| {
        !scheme.is_empty() && !host.is_empty() && !host.contains(['/', '*', '?', '#', '@', ' '])
    });
    if text == "*" || is_one {
        return Ok(text.to_owned());
    }
    Err("an origin is like `https://app.example` or `http://localhost:3000`".to_owned())
}
