//! Listeners, limits, readiness and shutdown.

pub(crate) mod admin;
pub(crate) mod tls;
mod tls_identity;

pub use admin::AdminSettings;
pub use tls::{TlsFiles, TlsSettings};
pub use tls_identity::TlsIdentity;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::config_reader::{Invalid, Reader, Reported, Setting, Shape, value};

const LISTEN: Setting = Setting::new(
    "listen",
    "127.0.0.1:8080",
    "Addresses of the verify listener, where proxies send their requests. A list of `host:port` and `unix:/path`. A socket file left over by a process that ended is replaced.",
)
.shaped(Shape::List(&Shape::Text));
const UNIX_SOCKET_MODE: Setting = Setting::new(
    "unix_socket_mode",
    "0660",
    "File permissions of the unix sockets, in octal.",
);
const UNIX_SOCKET_GROUP: Setting = Setting::optional(
    "unix_socket_group",
    "the group of the process",
    "Group that owns the unix sockets. A name or a number.",
);
const ADMIN_LISTEN: Setting = Setting::new(
    "admin_listen",
    "127.0.0.1:8081",
    "Addresses of the admin listener, with `/metrics`, `/healthz`, `/readyz`, `/status` and `/explain`. Written like `listen`.",
)
.shaped(Shape::List(&Shape::Text));
const GRPC_LISTEN: Setting = Setting::optional(
    "grpc_listen",
    "off",
    "Addresses of the gRPC listener, for Envoy's `ext_authz` filter. Written like `listen`.",
)
.shaped(Shape::List(&Shape::Text));
const WORKERS: Setting = Setting::optional(
    "workers",
    "the number of CPU cores",
    "Number of worker threads of the verify listener. The gRPC listener has as many threads of its own.",
)
.shaped(Shape::Number);
const KEEP_ALIVE: Setting = Setting::new(
    "keep_alive",
    "130s",
    "How long an idle connection stays open. It must be longer than the idle timeout of the proxy. Otherwise the proxy sends requests on connections that are just being closed. `0s` closes a connection after each response.",
).shaped(Shape::Duration);
const CLIENT_HEADER_TIMEOUT: Setting =
    Setting::new("client_header_timeout", "5s", "How long the head of a request may take to arrive. After that the response is 408. A gRPC request has as long, and then gets `DEADLINE_EXCEEDED`.")
        .shaped(Shape::Duration);
const MAX_CONNECTIONS: Setting = Setting::new(
    "max_connections",
    "25000",
    "Greatest number of open connections of each worker. The gRPC listener has this limit for all its connections together. Further connections wait until one is closed.",
)
.shaped(Shape::Number);
const SHUTDOWN_DELAY: Setting = Setting::new(
    "shutdown_delay",
    "0s",
    "How long new connections are still accepted after SIGTERM. During this time `/readyz` already responds 503, so that a load balancer can stop sending requests.",
)
.shaped(Shape::Duration);
const SHUTDOWN_TIMEOUT: Setting = Setting::new(
    "shutdown_timeout",
    "10s",
    "How long requests that have begun may still take after `shutdown_delay`. After that their connections are closed.",
)
.shaped(Shape::Duration);

const READINESS: Setting = Setting::new(
    "readiness",
    "any",
    "When `/readyz` responds 200. `any`: at least one issuer has usable keys. `all`: every issuer has usable keys.",
)
.shaped(Shape::Word(&value::words(READINESSES)));

const EXPLAIN: Setting =
    Setting::new("explain", "false", "`true`: `POST /explain` also answers peers whose address is not loopback. Not needed with `admin_token`: a request with that token is always answered.")
        .shaped(Shape::Boolean);
const RELOAD: Setting = Setting::new(
    "reload",
    "signal",
    "What starts a reload of the configuration. `signal`: SIGHUP. `on_change`: SIGHUP, and a change of the configuration file or of a file that it names. These files are compared every second.",
).shaped(Shape::Word(&value::words(TRIGGERS)));

pub(crate) const SETTINGS: &[Setting] = &[
    LISTEN,
    UNIX_SOCKET_MODE,
    UNIX_SOCKET_GROUP,
    ADMIN_LISTEN,
    GRPC_LISTEN,
    WORKERS,
    KEEP_ALIVE,
    CLIENT_HEADER_TIMEOUT,
    MAX_CONNECTIONS,
    SHUTDOWN_DELAY,
    SHUTDOWN_TIMEOUT,
    READINESS,
    EXPLAIN,
    RELOAD,
];

/// Listeners, limits, readiness and shutdown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSettings {
    /// The addresses of the verify listener, for proxies.
    pub listen: Vec<Listen>,
    /// The addresses of the admin listener, for operators.
    pub admin_listen: Vec<Listen>,
    /// The addresses of the gRPC listener, for Envoy; empty if it is off.
    pub grpc_listen: Vec<Listen>,
    /// The names of those of the three settings above that were given.
    pub given_listeners: Vec<&'static str>,
    /// Permissions and group of unix socket files.
    pub unix_socket: UnixSocketSettings,
    /// The number of worker threads; as many as cores if `None`.
    pub workers: Option<usize>,
    /// The time after which an idle connection is closed.
    pub keep_alive: Duration,
    /// The time that the head of a request may take to arrive.
    pub client_header_timeout: Duration,
    /// The greatest number of connections per worker.
    pub max_connections: usize,
    /// The time from SIGTERM until new connections are refused.
    pub shutdown_delay: Duration,
    /// The time that running requests get after that.
    pub shutdown_timeout: Duration,
    /// The condition under which `/readyz` answers 200.
    pub readiness: Readiness,
    /// `true` if `POST /explain` also answers peers at other addresses than loopback.
    pub explain: bool,
    /// The events that reload the configuration.
    pub reload: ReloadTrigger,
}

/// The events that reload the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReloadTrigger {
    /// SIGHUP only.
    Signal,
    /// SIGHUP, and a change of the configuration file or of a file that it names.
    OnChange,
}

/// The condition under which `/readyz` answers 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// At least one issuer has usable keys.
    Any,
    /// Every issuer has usable keys.
    All,
}

/// An address to listen on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// A TCP socket.
    Tcp(SocketAddr),
    /// A unix socket at this path.
    Unix(PathBuf),
}

/// Permissions and group of unix socket files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnixSocketSettings {
    /// The permission bits.
    pub mode: u32,
    /// The group id; the group of the process if `None`.
    pub group: Option<u32>,
}

impl ServerSettings {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, Reported> {
        let listen = reader.list(&LISTEN, address);
        let admin_listen = Self::read_admin_listen(reader);
        let grpc_listen = reader.optional_list(&GRPC_LISTEN, address);
        let mode = reader.read(&UNIX_SOCKET_MODE, mode);
        let group = reader.optional(&UNIX_SOCKET_GROUP, group);
        let workers = reader.optional(&WORKERS, value::size(1, 512));
        let keep_alive = reader.read(&KEEP_ALIVE, value::duration_within(Duration::ZERO, HOUR));
        // The server's clock ticks every 500 ms: a shorter timeout could expire before it has
        // begun.
        let client_header_timeout = reader.read(
            &CLIENT_HEADER_TIMEOUT,
            value::duration_within(Duration::from_secs(1), HOUR),
        );
        let max_connections = reader.read(&MAX_CONNECTIONS, value::size(1, 1_000_000));
        let shutdown_delay = reader.read(
            &SHUTDOWN_DELAY,
            value::duration_within(Duration::ZERO, HOUR),
        );
        let shutdown_timeout = reader.read(
            &SHUTDOWN_TIMEOUT,
            value::duration_within(Duration::ZERO, HOUR),
        );
        let readiness = reader.read(&READINESS, value::one_of(READINESSES));
        let explain = reader.read(&EXPLAIN, value::boolean);
        let reload = read_reload(reader);
        let (listen, admin_listen, grpc_listen) =
            (listen?, admin_listen?, grpc_listen?.unwrap_or_default());
        refuse_shared(reader, &LISTEN, &listen, &[])?;
        refuse_shared(reader, &ADMIN_LISTEN, &admin_listen, &listen)?;
        refuse_shared(
            reader,
            &GRPC_LISTEN,
            &grpc_listen,
            &[&listen[..], &admin_listen].concat(),
        )?;
        Ok(Self {
            listen,
            admin_listen,
            grpc_listen,
            given_listeners: given_listeners(reader),
            unix_socket: UnixSocketSettings {
                mode: mode?,
                group: group?,
            },
            workers: workers?,
            keep_alive: keep_alive?,
            client_header_timeout: client_header_timeout?,
            max_connections: max_connections?,
            shutdown_delay: shutdown_delay?,
            shutdown_timeout: shutdown_timeout?,
            readiness: readiness?,
            explain: explain?,
            reload: reload?,
        })
    }

    pub(super) fn read_admin_listen(reader: &mut Reader) -> Result<Vec<Listen>, Reported> {
        reader.list(&ADMIN_LISTEN, address)
    }
}

fn given_listeners(reader: &Reader) -> Vec<&'static str> {
    let listeners = [LISTEN, ADMIN_LISTEN, GRPC_LISTEN].into_iter();
    let given = listeners.filter(|setting| reader.is_given(setting));
    given.map(|setting| setting.name).collect()
}

const READINESSES: &[(&str, Readiness); 2] = &[("any", Readiness::Any), ("all", Readiness::All)];

const TRIGGERS: &[(&str, ReloadTrigger); 2] = &[
    ("signal", ReloadTrigger::Signal),
    ("on_change", ReloadTrigger::OnChange),
];

/// Reads `reload`. `on_change` requires a configuration file, because that file is what is watched;
/// the files that it names are reloaded with it.
fn read_reload(reader: &mut Reader) -> Result<ReloadTrigger, Reported> {
    let trigger = reader.read(&RELOAD, value::one_of(TRIGGERS))?;
    if trigger == ReloadTrigger::OnChange && !reader.place().is_in_file() {
        let hint = "name one by --config or DOORWARD_CONFIG, or set $reload=signal";
        return Err(reader.refuse(
            &RELOAD,
            Invalid::new("on_change without a configuration file").hint(hint),
        ));
    }
    Ok(trigger)
}

const HOUR: Duration = Duration::from_hours(1);

/// Reports an address that is used twice. Port 0 is exempt: it means another free port each time.
fn refuse_shared(
    reader: &mut Reader,
    setting: &Setting,
    own: &[Listen],
    others: &[Listen],
) -> Result<(), Reported> {
    let is_fixed =
        |address: &&Listen| !matches!(address, Listen::Tcp(address) if address.port() == 0);
    let mut seen: Vec<&Listen> = others.iter().collect();
    for address in own.iter().filter(is_fixed) {
        if seen.contains(&address) {
            let invalid = Invalid::new(format!("{address} is listened on twice"))
                .hint("give each listener its own address");
            return Err(reader.refuse(setting, invalid));
        }
        seen.push(address);
    }
    Ok(())
}

fn address(text: &str) -> Result<Listen, Invalid> {
    let expected = || Invalid::expected("write host:port, such as 127.0.0.1:8080, or unix:/path");
    if let Some(path) = text.strip_prefix("unix:") {
        return if path.starts_with('/') {
            Ok(Listen::Unix(path.into()))
        } else {
            Err(expected())
        };
    }
    // No other name is accepted: only `localhost` means the same everywhere.
    let address = text
        .strip_prefix("localhost:")
        .map_or_else(|| text.to_owned(), |port| format!("127.0.0.1:{port}"));
    address.parse().map(Listen::Tcp).map_err(|_| expected())
}

fn mode(text: &str) -> Result<u32, Invalid> {
    let mode = u32::from_str_radix(text.trim().trim_start_matches("0o"), 8)
        .ok()
        .filter(|mode| *mode <= 0o777);
    mode.ok_or_else(|| Invalid::expected("write permission bits in octal, such as 0660"))
}

fn group(text: &str) -> Result<u32, Invalid> {
    let text = value::text(text)?;
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    match nix::unistd::Group::from_name(&text) {
        Ok(Some(group)) => Ok(group.gid.as_raw()),
        _ => Err(Invalid::new("no such group on this machine")
            .hint("give the name or number of a group")),
    }
}

impl std::fmt::Display for Listen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
