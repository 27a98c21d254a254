"""Who is measured: how each is started, and what it does that others do not."""

import http.server
import json
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from keys import AUDIENCE, DOORWARD, ISSUER, Keys
from servers import Failed, Server

BARE = "target/release/examples/bare"
CONFIGURATIONS = Path(__file__).parent / "conf"
PEERS = Path(".tools/peers")
APACHE_MODULES = "/usr/lib/apache2/modules"
DISTINCT_TOKENS = 10_000
DISTINCT_CAPACITY = 1_000


class Stage:
    """Where servers are started: a directory, keys, and an address of its own for each server."""

    def __init__(self, directory: Path, keys: Keys):
        self.directory = directory
        self.keys = keys
        self._hosts = 0

    def host(self) -> str:
        """A loopback address of its own for each server, so that no port of the machine is in the way."""
        self._hosts += 1
        return f"127.0.77.{self._hosts}"

    def place(self, name: str) -> Path:
        directory = self.directory / name
        directory.mkdir(exist_ok=True)
        # Servers that are started as root read it as somebody else.
        directory.chmod(0o755)
        return directory

    def configure(self, directory: Path, file: str, **values) -> Path:
        text = (CONFIGURATIONS / file).read_text()
        for name, value in {"DIR": directory, **values}.items():
            text = text.replace(f"@{name}@", str(value))
        (directory / file).write_text(text)
        return directory / file

    def serve_keys(self) -> str:
        """The key set by HTTP, for those who only fetch it. They do so once or every few minutes."""
        body = self.keys.key_set.read_bytes()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer((self.host(), 8080), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://{server.server_address[0]}:8080/jwks.json"


@dataclass
class Running:
    """A row that has been started."""

    servers: list[Server]
    url: str
    # A wrk script, where one token is not the job.
    script: str | None = None


@dataclass
class Row:
    """One line of the table."""

    key: str
    title: str
    notes: str
    start: Callable[[Stage, str], Running]
    # Programs without which it is missing.
    needs: list[str] = field(default_factory=list)
    # Whether it sees the token at all.
    judges: bool = True


def doorward(stage: Stage, name: str, *, listen: str | None = None, **settings) -> Server:
    """The service with one worker, a static key and everything else as shipped, but for these settings."""
    host = stage.host()
    env = {
        "DOORWARD_LISTEN": listen or f"{host}:8080",
        "DOORWARD_ADMIN_LISTEN": f"{host}:8081",
        "DOORWARD_ISSUER": ISSUER,
        "DOORWARD_AUDIENCE": AUDIENCE,
        "DOORWARD_PUBLIC_KEY_FILE": str(stage.keys.public),
        "DOORWARD_WORKERS": "1",
        "DOORWARD_LOG": "error",
        "DOORWARD_ACCESS_LOG": "off",
        **{f"DOORWARD_{setting.upper()}": str(value) for setting, value in settings.items()},
    }
    if "hmac_secret" in settings or "jwks_file" in settings:
        del env["DOORWARD_PUBLIC_KEY_FILE"]
    # Log lines by the gigabyte are nobody's to keep.
    log = Path("/dev/null") if env["DOORWARD_ACCESS_LOG"] == "all" else stage.directory / f"{name}.log"
    return Server(name, [DOORWARD, "serve"], log, env=env)


def _bare(stage: Stage, name: str) -> Running:
    address = f"{stage.host()}:8080"
    return Running([Server(name, [BARE, address], stage.directory / f"{name}.log")], f"http://{address}/verify")


def _verifying(stage: Stage, name: str) -> Running:
    address = f"{stage.host()}:8080"
    server = Server(name, [BARE, address, stage.keys.der], stage.directory / f"{name}.log")
    return Running([server], f"http://{address}/verify")


def _doorward(**settings) -> Callable[[Stage, str], Running]:
    def start(stage: Stage, name: str) -> Running:
        server = doorward(stage, name, **settings)
        return Running([server], f"http://{server.env['DOORWARD_LISTEN']}/verify")

    return start


def _distinct(stage: Stage, name: str) -> Running:
    running = _doorward(token_cache_capacity=DISTINCT_CAPACITY)(stage, name)
    place = stage.place(name)
    stage.keys.issue_copies(DISTINCT_TOKENS, place / "tokens")
    script = stage.configure(place, "distinct.lua", TOKENS=place / "tokens")
    return Running(running.servers, running.url, str(script))


def _envoy(cache: str) -> Callable[[Stage, str], Running]:
    def start(stage: Stage, name: str) -> Running:
        host, place = stage.host(), stage.place(name)
        file = stage.configure(place, "envoy.yaml", HOST=host, PORT=8080, KEY_SET=stage.keys.key_set, CACHE=cache)
        command = ["envoy", "--concurrency", "1", "--disable-hot-restart", "-l", "error", "-c", file]
        return Running([Server(name, command, place / "log")], f"http://{host}:8080/verify")

    return start


def _haproxy(stage: Stage, name: str) -> Running:
    host, place = stage.host(), stage.place(name)
    file = stage.configure(place, "haproxy.cfg", HOST=host, PORT=8080, PUBLIC_KEY=stage.keys.public)
    return Running([Server(name, ["haproxy", "-db", "-f", file], place / "log")], f"http://{host}:8080/verify")


def _apache(cache: str) -> Callable[[Stage, str], Running]:
    def start(stage: Stage, name: str) -> Running:
        jwk = json.dumps(stage.keys.jwk, separators=(",", ":")).replace('"', '\\"')
        return apache(stage, name, f'jwk "{jwk}" "verify.exp=required{cache}"')

    return start


def apache(stage: Stage, name: str, verify: str) -> Running:
    """Apache with mod_oauth2, which verifies tokens like this."""
    host, place = stage.host(), stage.place(name)
    _site(place)
    user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
    if user:
        shutil.chown(place, "www-data")
    values = {"HOST": host, "PORT": 8080, "VERIFY": verify, "MODULES": APACHE_MODULES}
    file = stage.configure(place, "apache.conf", USER=user, **values)
    command = ["apache2", "-f", file, "-D", "FOREGROUND"]
    return Running([Server(name, command, place / "log")], f"http://{host}:8080/verify")


def oauth2_proxy(stage: Stage, name: str) -> Running:
    host, place = stage.host(), stage.place(name)
    file = stage.configure(place, "oauth2-proxy.cfg", HOST=host, PORT=8080, KEYS_URL=stage.serve_keys())
    command = [PEERS / "bin/oauth2-proxy", "--config", file]
    return Running([Server(name, command, place / "log")], f"http://{host}:8080/oauth2/auth")


def _oathkeeper(stage: Stage, name: str) -> Running:
    host, place = stage.host(), stage.place(name)
    stage.configure(place, "oathkeeper.rules.json", HOST=host, PORT=8080)
    ports = {"HOST": host, "PORT": 8080, "PROXY_PORT": 8081, "PROMETHEUS_PORT": 8082}
    file = stage.configure(place, "oathkeeper.yaml", KEYS_URL=stage.serve_keys(), **ports)
    command = [PEERS / "bin/oathkeeper", "serve", "--config", file, "--disable-telemetry", "--sqa-opt-out"]
    env = {"SQA_OPT_OUT": "true", "HOME": str(place)}
    return Running([Server(name, command, place / "log", env=env)], f"http://{host}:8080/decisions/verify")


def _heimdall(stage: Stage, name: str) -> Running:
    return heimdall(stage, name, "heimdall.yaml", "jwt", KEYS_URL=stage.serve_keys())


def heimdall(stage: Stage, name: str, file: str, authenticator: str, **values) -> Running:
    """heimdall's decision service with this configuration, whose rule asks this authenticator."""
    host, place = stage.host(), stage.place(name)
    stage.configure(place, "heimdall.rules.yaml", AUTHENTICATOR=authenticator)
    ports = {"HOST": host, "PORT": 8080, "MANAGEMENT_PORT": 8081}
    file = stage.configure(place, file, **ports, **values)
    # Without TLS, as all of them here.
    command = [PEERS / "bin/heimdall", "serve", "decision", "--config", file, "--insecure"]
    return Running([Server(name, command, place / "log")], f"http://{host}:8080/verify")


def _subrequest_auth_jwt(_stage: Stage, name: str) -> Running:
    raise Failed(f"{name}: it only takes ECDSA keys")


def _nginx(auth: Callable[[Stage, str, str], Server]) -> Callable[[Stage, str], Running]:
    def start(stage: Stage, name: str) -> Running:
        host, place = stage.host(), stage.place(name)
        (place / "tmp").mkdir()
        _site(place)
        # The worker of an nginx that is started as root is somebody else.
        socket = place / "auth.sock"
        user = "user root;" if os.geteuid() == 0 else ""
        server = auth(stage, f"{name}-auth", f"unix:{socket}")
        file = stage.configure(place, "nginx.conf", HOST=host, PORT=8080, SOCKET=socket, USER=user)
        nginx = Server(name, ["nginx", "-e", "stderr", "-p", place, "-c", file], place / "log")
        return Running([nginx, server], f"http://{host}:8080/verify")

    return start


def _site(place: Path) -> None:
    (place / "site").mkdir()
    (place / "site/verify").touch()


def _bare_at(stage: Stage, name: str, listen: str) -> Server:
    return Server(name, [BARE, listen], stage.directory / f"{name}.log")


def _doorward_at(stage: Stage, name: str, listen: str) -> Server:
    return doorward(stage, name, listen=listen)


ROWS = [
    Row("bare", "bare actix handler", "knows the answer and checks nothing: the limit", _bare, judges=False),
    Row(
        "verifying",
        "bare handler, and the signature",
        "one verification by aws-lc-rs, and no look at anything else of the token: the limit without a cache",
        _verifying,
        judges=False,
    ),
    Row(
        "cached",
        "doorward, token cached",
        "as shipped but for the access log: a known token is known by its SHA-256; its time, its key and the rules are "
        "checked again each time",
        _doorward(),
    ),
    Row(
        "logged",
        "doorward, token cached, access log",
        "one JSON line for each decision, into `/dev/null`",
        _doorward(access_log="all"),
    ),
    Row(
        "distinct",
        "doorward, each token another",
        f"{DISTINCT_TOKENS:,} tokens in turn through a cache of {DISTINCT_CAPACITY:,}: nearly each has its signature "
        "checked and enters the cache",
        _distinct,
    ),
    Row(
        "uncached",
        "doorward, no token cache",
        "`token_cache_capacity: 0`: everything is checked each time: strict JSON without repeated members, canonical "
        "base64url, `typ`, `crit`, algorithm against key, signature, `iss`, `aud`, `exp`, `nbf`, `iat`, claims' types",
        _doorward(token_cache_capacity=0),
    ),
    Row(
        "envoy-cached",
        "Envoy `jwt_authn`, with its cache",
        "`jwt_cache_config`; a proxy, not a service to ask: it saves the subrequest that all others here cost a proxy",
        _envoy("jwt_cache_config: {jwt_cache_size: 1000, jwt_max_token_size: 8192}"),
        ["envoy"],
    ),
    Row(
        "envoy",
        "Envoy `jwt_authn`, no cache",
        "checks `alg`, `kid`, signature, `iss`, `aud`, `exp`, `nbf`; a wrong audience is 403",
        _envoy(""),
        ["envoy"],
    ),
    Row(
        "haproxy",
        "HAProxy `jwt_verify`",
        "checks what its configuration spells out: `alg`, signature, `iss`, `aud` as a text, `exp`; no `nbf`, no key "
        "sets, one PEM file; no cache",
        _haproxy,
        ["haproxy"],
    ),
    Row(
        "apache-cached",
        "Apache `mod_oauth2`, with its cache",
        "cached as shipped: the result is kept past the token's `exp`",
        _apache(""),
        ["apache2", "mod_oauth2"],
    ),
    Row(
        "apache",
        "Apache `mod_oauth2`, no cache",
        "`expiry=0`; checks signature, `exp`, `iss`, `aud`; serves an empty file",
        _apache("&expiry=0"),
        ["apache2", "mod_oauth2"],
    ),
    Row(
        "oauth2-proxy",
        "oauth2-proxy",
        "`/oauth2/auth` with `skip_jwt_bearer_tokens`; made for logins and sessions; answers 202, with user, "
        "e-mail and groups as headers; checks signature, `iss`, `aud`, `exp`, `email_verified`; no cache",
        oauth2_proxy,
        ["oauth2-proxy"],
    ),
    Row(
        "oathkeeper",
        "Ory Oathkeeper",
        "`/decisions`, `jwt` and `header`; finds a rule by regular expression first; checks `kid`, signature, `iss`, "
        "`aud` and times; headers are templates; Prometheus metrics; no cache of tokens",
        _oathkeeper,
        ["oathkeeper"],
    ),
    Row(
        "heimdall",
        "heimdall",
        "decision service, `jwt`, `allow` and `header`; finds a rule in a tree first; checks signature, `iss`, `aud` "
        "and times; headers are templates; caches keys, not tokens",
        _heimdall,
        ["heimdall"],
    ),
    Row(
        "subrequest-auth-jwt",
        "nginx-subrequest-auth-jwt",
        "takes ECDSA keys only, by its own page, so it could not do the same job",
        _subrequest_auth_jwt,
        ["nginx-subrequest-auth-jwt"],
    ),
    Row(
        "nginx-bare",
        "nginx, `auth_request`, bare handler",
        "over a unix socket; CPU time of nginx and the handler together",
        _nginx(_bare_at),
        ["nginx"],
        judges=False,
    ),
    Row(
        "nginx-doorward",
        "nginx, `auth_request`, doorward",
        "the same with doorward, token cached",
        _nginx(_doorward_at),
        ["nginx"],
    ),
]


def missing(row: Row) -> str | None:
    """Why it cannot be measured here, if so."""
    return next((reason for need in row.needs if (reason := missing_program(need))), None)


def missing_program(need: str) -> str | None:
    """Why this program, or this module of Apache, is not there."""
    found = shutil.which(need) or (PEERS / "bin" / need).exists()
    if found or Path(f"{APACHE_MODULES}/{need}.so").exists():
        return None
    reasons = {}
    if (PEERS / "missing.tsv").exists():
        reasons = dict(line.split("\t", 1) for line in (PEERS / "missing.tsv").read_text().splitlines())
    return reasons.get(need, f"{need} is not installed (make bench-peers)")
