"""What credentials of other kinds and the calls on the request's way cost, each against something real in the same run."""

import argparse
import base64
import hashlib
import json
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import load
from keys import AUDIENCE, DOORWARD, ISSUER
from rows import Stage, apache, heimdall, missing_program, oauth2_proxy
from servers import MICROSECONDS, Failed, Server, ask, wait_for

CALLS = "target/release/examples/calls"
OPAQUE = "opaque-token-of-alice"
USERS = 1_000
CACHED_USERS = 100_000
POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:] or [Path("/usr/lib/postgresql/bin")]
DATABASE_USER = "postgres"
TABLE = "CREATE TABLE users (id text PRIMARY KEY, email text, role text, active boolean, visits bigint)"
QUERY = "SELECT id, email, role, active, visits FROM users WHERE id = $1"


def measure(stage: Stage, arguments: argparse.Namespace) -> dict:
    """Rows in turn, round by round; each service has a worker of its own on core 0, the load is on core 1."""
    bench = _Bench(stage)
    rows = {name: start() for name, start in bench.rows().items() if not arguments.only or name in arguments.only}
    rows = {name: once for name, once in rows.items() if once}
    rounds: dict[str, list[float]] = {name: [] for name in rows}
    for number in range(arguments.rounds):
        print(f"bench: round {number + 1}", file=sys.stderr, flush=True)
        for name, once in rows.items():
            rounds[name].append(once(arguments.seconds))
    found = {name: {"cpu_microseconds": figures} for name, figures in rounds.items()}
    if not arguments.only or "memory" in arguments.only:
        found["bytes_per_user"] = bench.memory()
    return found


class _Bench:
    def __init__(self, stage: Stage):
        self._stage = stage
        self._secret = secrets.token_hex(32)
        self._secret_file = stage.directory / "hmac"
        self._secret_file.write_text(self._secret)
        self._exp = int(time.time()) + 24 * 3600
        self._database = ""

    def rows(self) -> dict:
        return {
            "jwt": lambda: self._flood("jwt", {}, self._jwt()),
            "jwt, directory": lambda: self._flood("jwt-directory", self._directory(), self._jwt()),
            "jwt, failure limit": lambda: self._flood("jwt-limit", {"proxy": "nginx", "failure_limit": "60/1m"}, self._jwt()),
            "opaque": lambda: self._flood("opaque", {"introspection": "opaque", **self._introspection()}, OPAQUE),
            "api key": self._api_key,
            "basic": self._basic,
            "oauth2-proxy, jwt": lambda: self._peer("oauth2-proxy", oauth2_proxy, self._jwt()),
            "heimdall, opaque": lambda: self._peer("heimdall", self._heimdall("24h"), OPAQUE),
            "mod_oauth2, opaque": lambda: self._peer("mod_oauth2", self._apache(""), OPAQUE),
            "bare call, introspection": self._bare_introspection,
            "introspection": lambda: self._scan("introspection", {"introspection": "only", "token_cache_capacity": 0, **self._introspection()}),
            "heimdall, introspection": lambda: self._peer("heimdall", self._heimdall("0s")),
            "mod_oauth2, introspection": lambda: self._peer("mod_oauth2", self._apache("&expiry=0")),
            "bare call, query": self._bare_query,
            "directory": lambda: self._scan("directory", {"hmac_secret": self._secret, **self._directory(directory_cache_ttl="0s")}),
        }

    def _flood(self, name: str, settings: dict, token: str, scheme: str = "Bearer"):
        server, url = self._service(name, settings)
        if scheme == "Bearer":
            wait_for([server], url, token)
        else:
            time.sleep(1)
        return self._flooded(server, url, token, scheme)

    def _flooded(self, server: Server, url: str, token: str, scheme: str = "Bearer"):
        file = self._stage.directory / f"{server.name}.token"
        file.write_text(token)

        def once(seconds: int) -> float:
            return _spent(server, url, ["flood", "--token-file", str(file), "--scheme", scheme], seconds)

        return once

    def _scan(self, name: str, settings: dict):
        return self._scanned(*self._service(name, settings))

    def _scanned(self, server: Server, url: str):
        options = ["scan", "--secret-file", str(self._secret_file), "--last", str(USERS), "--exp", str(self._exp)]

        def once(seconds: int) -> float:
            return _spent(server, url, options, seconds)

        once(1)
        return once

    def _peer(self, program: str, start, token: str | None = None):
        """Another service with this token, or with ever other ones; None if it is not installed."""
        if missing_program(program):
            return None
        name = f"{program}-{'cached' if token else 'asking'}"
        running = start(self._stage, name)
        server = running.servers[0]
        wait_for(running.servers, running.url, token or OPAQUE)
        status, _ = ask(running.url)
        if status not in (401, 403):
            raise Failed(f"{name} answers {status} to a request without a token")
        return self._flooded(server, running.url, token) if token else self._scanned(server, running.url)

    def _heimdall(self, cache_ttl: str):
        endpoint = f"http://{self._endpoint()}/introspect"
        values = {"ENDPOINT": endpoint, "CACHE_TTL": cache_ttl}
        return lambda stage, name: heimdall(stage, name, "heimdall-introspection.yaml", "introspection", **values)

    def _apache(self, cache: str):
        options = f"introspect.auth=client_secret_basic&client_id=bench&client_secret=secret{cache}"
        verify = f'introspect http://{self._endpoint()}/introspect "{options}"'
        return lambda stage, name: apache(stage, name, verify)

    def _bare_introspection(self):
        return self._scanned(*self._bare("introspect", f"http://{self._endpoint()}/introspect"))

    def _bare_query(self):
        return self._scanned(*self._bare("query", self._postgres()))

    def _bare(self, mode: str, target: str) -> tuple[Server, str]:
        address = f"{self._stage.host()}:8080"
        server = Server(mode, [CALLS, mode, address, target], self._stage.directory / f"bare-{mode}.log")
        time.sleep(1)
        return server, f"http://{address}/verify"

    def _endpoint(self) -> str:
        address = f"{self._stage.host()}:8080"
        name = f"endpoint-{address}"
        # Beside the load: what it takes is not doorward's.
        Server(name, [CALLS, "endpoint", address], self._stage.directory / f"{name}.log", core=1)
        time.sleep(0.5)
        return address

    def _introspection(self) -> dict:
        return {
            "introspection_url": f"http://{self._endpoint()}/introspect",
            "allow_insecure_http": "true",
            "introspection_auth": "basic",
            "introspection_client_id": "bench",
            "introspection_client_secret": "secret",
            "introspection_cache_ttl": "24h",
        }

    def _directory(self, **settings) -> dict:
        return {
            "directory_url": self._postgres(),
            "directory_query": QUERY,
            "directory_key": "id",
            "directory_active": "active",
            "directory_cache_ttl": "1h",
            "claim_headers": "sub=X-Auth-Subject,iss=X-Auth-Issuer,client_id=X-Auth-Client-Id,scope=X-Auth-Scopes,user:email=X-Auth-Email",
            **settings,
        }

    def _api_key(self):
        key = _said(DOORWARD, "key", "new", "--subject", "alice", "--scope", "read", "--output", "json")
        made = json.loads(key)
        file = self._stage.directory / "api-keys.yaml"
        file.write_text(json.dumps([made["entry"]]))
        return self._flood("api-key", {"api_keys_file": file}, made["key"])

    def _basic(self):
        file = self._stage.directory / "htpasswd"
        file.write_text(_said("htpasswd", "-nbB", "alice", "correct horse battery staple"))
        text = base64.b64encode(b"alice:correct horse battery staple").decode()
        settings = {"htpasswd_file": file, "token_sources": "basic", "basic_cache_ttl": "24h", "failure_limit": "60/1m", "proxy": "nginx"}
        return self._flood("basic", settings, text, "Basic")

    def _jwt(self) -> str:
        return self._stage.keys.token

    def _service(self, name: str, settings: dict) -> tuple[Server, str]:
        host = self._stage.host()
        settings = {
            "listen": f"{host}:8080",
            "admin_listen": f"{host}:8081",
            "issuer": ISSUER,
            "audience": AUDIENCE,
            "public_key_file": self._stage.keys.public,
            "workers": 1,
            "log": "error",
            "access_log": "off",
            **settings,
        }
        if "hmac_secret" in settings or settings.get("introspection") in ("only", "opaque"):
            del settings["public_key_file"]
        if settings.get("introspection") == "opaque":
            settings["jwks_file"] = self._stage.keys.key_set
        env = {f"DOORWARD_{setting.upper()}": str(value) for setting, value in settings.items()}
        server = Server(name, [DOORWARD, "serve"], self._stage.directory / f"{name}.log", env=env)
        return server, f"http://{host}:8080/verify"

    def _postgres(self) -> str:
        """A database of its own, as an ordinary user: PostgreSQL refuses root."""
        if self._database:
            return self._database
        data = self._stage.place("postgres")
        shutil.chown(data, DATABASE_USER)
        as_user = ["setpriv", f"--reuid={DATABASE_USER}", f"--regid={DATABASE_USER}", "--clear-groups"]
        binaries = POSTGRES[0]
        _said(*as_user, binaries / "initdb", "-D", data / "data", "-A", "trust", "-U", "bench", "--no-sync")
        host = self._stage.host()
        options = ["-D", data / "data", "-h", host, "-k", "", "-c", "fsync=off"]
        Server("postgres", [*as_user, binaries / "postgres", *options], self._stage.directory / "postgres.log", core=1)
        self._database = f"postgres://bench@{host}:5432/postgres"
        load_users = f"{TABLE}; INSERT INTO users SELECT 'user' || lpad(n::text, 8, '0'), 'user' || n || '@example.com', 'reader', true, n FROM generate_series(1, {CACHED_USERS}) n; INSERT INTO users VALUES ('alice', 'alice@example.com', 'reader', true, 1)"
        for _ in range(100):
            done = subprocess.run(["psql", self._database, "-qc", load_users], capture_output=True, text=True, check=False)
            if done.returncode == 0:
                return self._database
            time.sleep(0.1)
        raise Failed(f"postgres: {done.stderr}")

    def memory(self) -> float:
        """What a cached user takes: the memory of a service that has looked up all of them, less that of one without a
        directory that has seen the same tokens."""
        without, with_rows = (
            self._resident(name, {"hmac_secret": self._secret, "token_cache_capacity": 1_000_000, **settings})
            for name, settings in {"without": {}, "with": self._directory()}.items()
        )
        return (with_rows - without) * 1024 / CACHED_USERS

    def _resident(self, name: str, settings: dict) -> int:
        server, url = self._service(f"memory-{name}", settings)
        time.sleep(1)
        options = ["scan", "--secret-file", str(self._secret_file), "--last", str(CACHED_USERS), "--exp", str(self._exp)]
        before = server.resident_kib()
        _spent(server, url, [*options, "--requests", str(CACHED_USERS)], 120)
        grown = server.resident_kib() - before
        server.stop()
        return grown


def _spent(server: Server, url: str, options: list[str], seconds: int) -> float:
    """CPU time of a request in microseconds, as the kernel counts it."""
    mode, *options = options
    target = ["--url", url.removeprefix("http://"), "--connections", "32", "--seconds", str(seconds)]
    before = server.cpu_seconds()
    said = json.loads(load.run([load.LOAD, mode, *target, *options], seconds))
    return (server.cpu_seconds() - before) * MICROSECONDS / said["requests"]


def _said(*command) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"{command[0]}: {done.stderr}{done.stdout}")
    return done.stdout
