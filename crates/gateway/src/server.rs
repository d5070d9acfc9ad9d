//! The whole server, from a bound port to the last close frame.

use std::{
    io,
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use ipnet::IpNet;
use monoxide_engine::Engine;
use tokio::{
    join,
    net::TcpListener,
    time::{Instant, sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    application::Application,
    assets::Site,
    auth::{self, Auth, Plan},
    backups::{Backups, Schedule},
    base_path::BasePath,
    clock::Clock,
    door::{Door, House, Running, Settings, Sockets},
    doors::{Doors, Shadows},
    edge::{Edge, Opened},
    endpoint::EndpointError,
    guests::{Guests, Limits},
    hosts::Hosts,
    listen::Listening,
    monitor::{Monitor, Stored},
    operator,
    origins::Origins,
    pace::Timeouts,
    proxies::Proxies,
    quotas::{Quotas, Rate, Rates},
    range::Ranges,
    seats::Seats,
    tls::{Tls, TlsError},
};

/// How long a connection that was cut may take to notice.
const CUT: Duration = Duration::from_secs(1);

/// How many sockets an account may have.
const SUBSCRIPTIONS: NonZeroUsize = NonZeroUsize::new(4096).expect("4096 is not 0");

/// How often old sessions are forgotten.
const SWEEP: Duration = Duration::from_secs(60 * 60);

/// An engine with every door the gateway knows.
#[derive(Debug)]
#[must_use = "a server does nothing before `serve`"]
pub struct Server {
    engine: Engine,
    settings: Settings,
    tls: Option<Tls>,
    shadows: Shadows,
}

/// How to build a [`Server`]; every setting has a default that works.
#[derive(Debug)]
#[must_use = "a builder does nothing before `build`"]
pub struct Builder {
    engine: Engine,
    pub(crate) settings: Settings,
    pub(crate) auth: Plan,
    rates: Rates,
    tls: Option<(PathBuf, PathBuf)>,
}

/// Why a server cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A filter stands for a key that is never reached: an endpoint or a file of the page has its
    /// address.
    #[error("the filter for `{0}` is never reached: a route has that address")]
    FilterShadowed(String),
    /// A time in which nothing could be done, or that could not be counted.
    #[error("the {0} is zero, or longer than a year")]
    Time(&'static str),
    /// The certificate or its key cannot be used.
    #[error("TLS: {0}")]
    Tls(#[from] TlsError),
    /// An endpoint cannot be served.
    #[error("the endpoint `{path}` cannot be served: {why}")]
    Endpoint {
        /// The endpoint's path.
        path: String,
        /// Why it cannot.
        why: EndpointError,
    },
}

impl Builder {
    /// What the page calls the server. Default: `monoxide`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.settings.name = name.into();
        self
    }

    /// The front end. Default: none, and `/` says so.
    pub fn site(mut self, site: Site) -> Self {
        self.settings.site = Some(site);
        self
    }

    /// The path under which people reach the server, such as `/tools/state`, where a proxy has more
    /// than this server behind it. The page, its links and cookies have it then; requests may have it
    /// or not, as proxies pass it on or not. Default: the root.
    pub fn base_path(mut self, path: BasePath) -> Self {
        self.settings.base_path = path;
        self
    }

    /// How large a body may be, in bytes; above it the answer is 413. Default: 10 MiB.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.settings.max_body = bytes;
        self
    }

    /// How large a message from a client may be, in bytes, in one frame or several; above it the
    /// socket is closed with 1009. What subscribers say is thrown away. Default: 1 MiB.
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.settings.max_message = bytes;
        self
    }

    /// How many connections there may be, sockets among them. One above it is answered 503 with
    /// `Retry-After` before its request is read, and under TLS closed. Default: 65,536.
    pub fn max_connections(mut self, count: usize) -> Self {
        self.settings.limits.total = count;
        self
    }

    /// How many connections there may be from one IPv4 address or one IPv6 network of 64 bits. One
    /// above it is answered 429 with `Retry-After` before its request is read, and under TLS
    /// closed. Behind a proxy all connections are the proxy's. Default: 4,096, and any number from
    /// the machine itself, where a proxy or a tool may be; what is set is for it, too.
    pub fn max_connections_per_address(mut self, count: usize) -> Self {
        let limits = &mut self.settings.limits;
        (limits.per_address, limits.from_here) = (count, count);
        self
    }

    /// How many sockets one account may have at once, wherever they come from. One above it is
    /// refused with 429 and `Retry-After`, or closed with 1013 when it says over the socket who it
    /// is. Default: 4,096.
    pub fn max_subscriptions_per_account(mut self, count: NonZeroUsize) -> Self {
        self.settings.seats = Seats::new(count);
        self
    }

    /// How many requests there may be in a second from one IPv4 address or one IPv6 network of 64
    /// bits, and for one account; five times as many at once from whoever was quiet. One more is
    /// answered 429 with `Retry-After`. Default: 2,000, and any number from the machine itself, where
    /// a proxy or a tool may be; what is set is for it, too.
    pub fn max_requests(mut self, a_second: NonZeroU32) -> Self {
        self.rates.requests = Rate { a_second, here: true };
        self
    }

    /// How many of these may be writes. Default: 1,000, and any number from the machine itself; what
    /// is set is for it, too.
    pub fn max_writes(mut self, a_second: NonZeroU32) -> Self {
        self.rates.writes = Rate { a_second, here: true };
        self
    }

    /// How often a socket is asked for a sign of life. Default: every 60 seconds.
    pub fn ping(mut self, ping: Duration) -> Self {
        self.settings.ping = ping;
        self
    }

    /// How long a socket may neither send anything nor take bytes that wait for it; after that it
    /// is closed with 1008. Default: 150 seconds.
    pub fn pong(mut self, pong: Duration) -> Self {
        self.settings.pong = pong;
        self
    }

    /// How often the clock socket tells the time. Default: every second.
    pub fn tick(mut self, tick: Duration) -> Self {
        self.settings.tick = tick;
        self
    }

    /// How long a request for data may take, its body included; after that the answer is 503. A
    /// write that was not yet decided is not carried out then; one that was stands. It is also how
    /// long requests may go on when the server stops. Default: 10 seconds.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.settings.deadline = deadline;
        self
    }

    /// How long a request's head may take from its first byte to its last; on a new connection it
    /// counts from the start, TLS included. After that the connection is closed. Default: 10
    /// seconds.
    pub fn header_timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeouts.header = timeout;
        self
    }

    /// How long a body may take, where no deadline is shorter; after that it counts as cut off.
    /// Default: 60 seconds.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeouts.read = timeout;
        self
    }

    /// How long a client may take nothing of the answer that waits for it; after that the
    /// connection is closed. Sockets have the pong time instead. Default: 60 seconds.
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeouts.write = timeout;
        self
    }

    /// How long a connection is kept for its next request. Default: 10 seconds.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeouts.idle = timeout;
        self
    }

    /// The origins, such as `https://app.example`, whose pages may use this server besides its
    /// own: open sockets, and read answers (CORS). `*` stands for all. Default: pages of any
    /// origin may read and write over HTTP, and only the server's own may open sockets.
    pub fn origins(mut self, origins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.settings.origins = Origins::new(origins);
        self
    }

    /// The names by which this server is reached, without ports; a request for another is refused
    /// with 421. With an address of all (`0.0.0.0`, `::`) every address is fine, too. Default: any.
    pub fn hosts(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.settings.hosts = Hosts::new(names);
        self
    }

    /// The networks of proxies that are believed when they say whom they ask for
    /// (`X-Forwarded-For`). Whoever signs in is then counted by that address. Default: none.
    pub fn trusted_proxies(mut self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        self.settings.proxies = Proxies::new(networks);
        self
    }

    /// Whether answers of a KiB and more are packed for those who can read brotli or gzip.
    /// Default: they are.
    pub fn compression(mut self, compression: bool) -> Self {
        self.settings.compression = compression;
        self
    }

    /// Speaks TLS (1.2 and 1.3) with the certificates in the file `cert` and the private key in
    /// the file `key`, both in PEM. While it serves, SIGHUP makes it read them again; connections
    /// that are open keep theirs, and a pair that cannot be used changes nothing. Default: no TLS.
    pub fn tls(mut self, cert: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.tls = Some((cert.into(), key.into()));
        self
    }

    /// Where the operator finds the server: a Unix socket, which only this process's user and root
    /// may use, and on which backups, exports, imports and compaction are to be had. It is made
    /// when the server begins, in the place of one that is there, and removed when it ends.
    /// Default: none.
    ///
    /// Its folder has to be this server's alone, as that of a
    /// [backend](monoxide_engine::backend::Folder) is.
    pub fn admin_socket(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.admin_socket = Some(path.into());
        self
    }

    /// Makes a backup `every` so often, as a file in `folder`, and removes all but the newest
    /// `keep` (at least one) of those it made. When one cannot be made, the log and `/?api=info`
    /// say so, and it is tried again. Default: none.
    pub fn backups(mut self, every: Duration, folder: impl Into<PathBuf>, keep: usize) -> Self {
        let (folder, keep) = (folder.into(), keep.max(1));
        self.settings.schedule = Some(Schedule { every, folder, keep });
        self
    }

    /// Says to those who look after the server, at `/_monitor`, what keeps everything: what writes
    /// the folder, such as `redb`, and when a write is answered, such as `flushed`. Default: that
    /// nothing is kept over a restart.
    pub fn stored(
        mut self,
        folder: impl Into<PathBuf>,
        backend: impl Into<String>,
        durability: impl Into<String>,
    ) -> Self {
        let (folder, backend, durability) = (folder.into(), backend.into(), durability.into());
        self.settings.stored = Some(Stored { folder, backend, durability });
        self
    }

    /// The server as described.
    ///
    /// # Errors
    ///
    /// [`BuildError`] when the parts do not go together.
    pub fn build(self) -> Result<Server, BuildError> {
        let Self { engine, mut settings, auth, rates, tls } = self;
        settings.check()?;
        settings.is_tls = tls.is_some();
        settings.quotas = Arc::new(Quotas::new(rates));
        settings.auth = auth.finish(&settings);
        if settings.auth.is_some() {
            settings.application.endpoints.extend(auth::endpoints());
        }
        let shadows = Shadows::new(&settings)?;
        // A filter for a list is still of use: to programs, and to who watches the list.
        let mut keys = engine.filters().iter().filter(|it| !it.path.is_list());
        if let Some(filter) = keys.find(|it| shadows.hide(it.path.as_str())) {
            return Err(BuildError::FilterShadowed(filter.path.to_string()));
        }
        let tls = tls.map(|(cert, key)| Tls::read(cert, key)).transpose()?;
        Ok(Server { engine, settings, shadows, tls })
    }
}

impl Server {
    /// Starts describing a server over `engine`.
    pub fn builder(engine: Engine) -> Builder {
        let settings = Settings {
            name: "monoxide".to_owned(),
            site: None,
            base_path: BasePath::default(),
            max_body: 10 * 1024 * 1024,
            max_message: 1024 * 1024,
            quotas: Arc::default(),
            seats: Seats::new(SUBSCRIPTIONS),
            limits: Limits { total: 65_536, per_address: 4096, from_here: usize::MAX },
            ping: Duration::from_secs(60),
            pong: Duration::from_secs(150),
            tick: Duration::from_secs(1),
            deadline: Duration::from_secs(10),
            timeouts: Timeouts {
                header: Duration::from_secs(10),
                read: Duration::from_secs(60),
                write: Duration::from_secs(60),
                idle: Duration::from_secs(10),
            },
            hosts: Hosts::default(),
            is_tls: false,
            origins: Origins::default(),
            proxies: Proxies::default(),
            compression: true,
            admin_socket: None,
            schedule: None,
            stored: None,
            application: Application::default(),
            auth: None,
        };
        Builder { engine, settings, auth: Plan::default(), rates: Rates::default(), tls: None }
    }

    /// Serves until `stop` is cancelled. Then sockets are closed with 1001, requests that were
    /// begun are finished, for as long as the deadline at most, and the engine is closed. While
    /// the engine loads, every request but `/_health` is answered with 503.
    ///
    /// # Errors
    ///
    /// When the process cannot be told to read its certificate again, or the engine cannot load.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) -> io::Result<()> {
        let Self { engine, settings, shadows, tls } = self;
        let (settings, clock) = (Arc::new(settings), Clock::new());
        let (tasks, clock_stop) = (TaskTracker::new(), CancellationToken::new());
        tasks.spawn(clock.clone().run(settings.tick, clock_stop.clone()));
        // From here on `stop` is the moment in which connections are to end.
        let stop = until_drain(&settings, &tasks, stop, clock_stop);
        #[cfg(unix)]
        if let Some(tls) = &tls {
            tasks.spawn(tls.clone().follow(stop.clone())?);
        }
        let sockets = Arc::new(Sockets { tasks: tasks.clone(), stop });
        let (timeouts, cut) = (settings.timeouts, CancellationToken::new());
        let guests = Guests::new(settings.limits);
        let (own, there, cutting) = (Arc::clone(&sockets), guests.clone(), cut.clone());
        let listening = Listening { timeouts, tls, sockets: own, guests: there, cut: cutting };
        let (address, since) = (listener.local_addr()?, Instant::now());
        let backups = Arc::new(Backups::default());
        let running = Running { address, since, guests, backups: Arc::clone(&backups) };
        let (own, phases) = (Arc::clone(&settings), &settings.application.phases);
        let (monitor, ranges, engine_too) = (Monitor::new(), Ranges::new(), engine.clone());
        let watched = monitor.clone();
        let house =
            House { engine: engine_too, settings: own, sockets, clock, monitor, ranges, running };
        let door = Door::new(house);
        tasks.spawn(watched.run(door.clone(), door.sockets.stop.clone()));
        let (opened, stop) = (Opened::default(), &door.sockets.stop);
        let doors = Doors::new(door.clone(), shadows);
        let edge = Edge::new(doors.clone(), Arc::clone(&settings), opened.clone());
        if let Some(auth) = &door.settings.auth {
            tasks.spawn(sweep(Arc::clone(auth), stop.clone()));
        }
        let open = open(&engine, &doors, &door.settings, &opened, stop);
        let operator = Operator { door: &door, listening: &listening, opened: &opened };
        operator.begin(backups);
        let listen = listening.run(listener, edge);
        let loaded = if engine.is_durable() {
            join!(open, listen).0
        } else {
            // Whoever comes meanwhile waits at the door.
            let loaded = open.await;
            listen.await;
            loaded
        };
        tasks.close();
        if timeout(settings.deadline, tasks.wait()).await.is_err() {
            tracing::warn!("some connections did not end in time and are cut");
            cut.cancel();
            _ = timeout(CUT, tasks.wait()).await;
        }
        engine.close().await;
        phases.run("post-shutdown", &phases.post_shutdown).await;
        phases.run("close", &phases.close).await;
        loaded
    }
}

/// What is served beside the port.
struct Operator<'a> {
    door: &'a Door,
    listening: &'a Listening,
    opened: &'a Opened,
}

impl Operator<'_> {
    /// Begins to hear the operator, and to make backups.
    fn begin(&self, backups: Arc<Backups>) {
        let Sockets { tasks, stop } = &*self.door.sockets;
        let (engine, settings) = (self.door.engine.clone(), &self.door.settings);
        #[cfg(unix)]
        if let Some(path) = &settings.admin_socket {
            let doors = Doors::Operator(operator::router(self.door));
            let edge = Edge::new(doors, Arc::clone(settings), self.opened.clone());
            match operator::bind(path) {
                Ok(bound) => _ = tasks.spawn(bound.run(self.listening.clone(), edge)),
                // The server is of use without it.
                Err(error) => {
                    let path = path.display();
                    tracing::error!(%error, %path, "commands will not find this server");
                }
            }
        }
        if let Some(schedule) = settings.schedule.clone() {
            let scheduled = async move {
                if engine.ready().await.is_ok() {
                    schedule.run(engine, backups).await;
                }
            };
            tasks.spawn(stop.clone().run_until_cancelled_owned(scheduled));
        }
    }
}

/// Opens the doors when the engine has everything and the hooks of the start have run, or `stop`s
/// the server.
async fn open(
    engine: &Engine,
    doors: &Doors,
    settings: &Settings,
    opened: &Opened,
    stop: &CancellationToken,
) -> io::Result<()> {
    let Some(loaded) = stop.run_until_cancelled(engine.ready()).await else { return Ok(()) };
    if let Err(error) = loaded {
        stop.cancel();
        return Err(io::Error::other(error));
    }
    if let Some(auth) = &settings.auth
        && let Err(error) = welcome(auth).await
    {
        stop.cancel();
        return Err(io::Error::other(error));
    }
    doors.warn();
    settings.application.phases.start().await;
    opened.open();
    Ok(())
}

/// Loads the accounts, and tells whoever starts the server how to make the first one.
async fn welcome(auth: &Auth) -> Result<(), monoxide_identity::Error> {
    auth.identities.load().await?;
    forget_old_sessions(auth).await;
    if let Some(hook) = &auth.on_set_up
        && let Some(secret) = auth.identities.set_up_link()?
    {
        hook.tell(&secret);
    }
    Ok(())
}

async fn forget_old_sessions(auth: &Auth) {
    if let Err(error) = auth.identities.sweep().await {
        tracing::warn!(%error, "old sessions stay for now");
    }
}

/// Forgets now and then what nobody uses any more.
async fn sweep(auth: Arc<Auth>, stop: CancellationToken) {
    while stop.run_until_cancelled(sleep(SWEEP)).await.is_some() {
        forget_old_sessions(&auth).await;
    }
}

/// Follows `asked`, the wish to stop, through the phases in which everything still works, and
/// gives the token that is cancelled after them.
fn until_drain(
    settings: &Arc<Settings>,
    tasks: &TaskTracker,
    asked: CancellationToken,
    clock: CancellationToken,
) -> CancellationToken {
    let stop = CancellationToken::new();
    let (settings, ended) = (Arc::clone(settings), stop.clone());
    tasks.spawn(stop.clone().run_until_cancelled_owned(async move {
        asked.cancelled_owned().await;
        let phases = &settings.application.phases;
        phases.run("pre-shutdown", &phases.pre_shutdown).await;
        clock.cancel();
        phases.run("proxy teardown", &phases.proxy_teardown).await;
        ended.cancel();
    }));
    stop
}
