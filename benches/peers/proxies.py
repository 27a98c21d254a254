"""What asking doorward costs a proxy: the shipped configurations, beside the same with the bare handler as the judge.

The proxy and its judge share core 0, as they would a machine; the application and wrk share core 1.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from load import saturate
from rows import BARE, Stage, doorward
from servers import Failed, Server, ask, wait_for

SHIPPED = Path("deploy")
DOORWARD_AT = "127.0.0.1:8080"
APPLICATION_AT = "127.0.0.1:3000"

NGINX_SURROUNDINGS = """
daemon off;
pid nginx.pid;
error_log stderr error;
worker_processes 1;
events {}
http {
    access_log off;
    client_body_temp_path tmp/body;
    proxy_temp_path tmp/proxy;
    fastcgi_temp_path tmp/fastcgi;
    uwsgi_temp_path tmp/uwsgi;
    scgi_temp_path tmp/scgi;
    include doorward.conf;
}
"""


class Site:
    """Where a proxy is written, and what it is connected to."""

    def __init__(self, place: Path, host: str, auth: str, application: str):
        self.place = place
        self.host = host
        self._addresses = {DOORWARD_AT: auth, APPLICATION_AT: application}

    def write(self, shipped: str, changes: dict[str, str] | None = None) -> Path:
        """A shipped file with other addresses. A change that changes nothing is a mistake."""
        text = (SHIPPED / shipped).read_text()
        for old, new in self._addresses.items():
            text = text.replace(old, new)
        for old, new in (changes or {}).items():
            if old not in text:
                raise Failed(f"{shipped} no longer has {old!r}")
            text = text.replace(old, new)
        file = self.place / Path(shipped).name
        file.write_text(text)
        return file

    def envoy_addresses(self) -> dict[str, str]:
        return {_envoy_address(old): _envoy_address(new) for old, new in self._addresses.items()}


def _nginx(site: Site) -> tuple[list, dict]:
    for directory in ["tmp", "snippets"]:
        (site.place / directory).mkdir()
    site.write("nginx/doorward.conf", {"listen 80;": f"listen {site.host}:8080;"})
    site.write("nginx/snippets/doorward-headers.conf").rename(site.place / "snippets/doorward-headers.conf")
    (site.place / "nginx.conf").write_text(NGINX_SURROUNDINGS)
    return ["nginx", "-e", "stderr", "-p", site.place, "-c", site.place / "nginx.conf"], {}


def _traefik(site: Site) -> tuple[list, dict]:
    routes = site.write("traefik/dynamic.yml")
    changes = {'":80"': f'"{site.host}:8080"', "/etc/traefik/dynamic.yml": str(routes)}
    return ["traefik", "--configFile", site.write("traefik/traefik.yml", changes)], {}


def _caddy(site: Site) -> tuple[list, dict]:
    changes = {
        "persist_config off": f"persist_config off\n\tadmin off\n\tdefault_bind {site.host}",
        "app.example.com {": "http://:8080 {",
    }
    file = site.write("caddy/Caddyfile", changes)
    directories = {name: str(site.place) for name in ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "HOME"]}
    return ["caddy", "run", "--adapter", "caddyfile", "--config", file], directories


def _envoy(site: Site) -> tuple[list, dict]:
    listen = {"0.0.0.0, port_value: 80}": f"{site.host}, port_value: 8080}}"}
    file = site.write("envoy/envoy.yaml", {**listen, **site.envoy_addresses()})
    return ["envoy", "--concurrency", "1", "--disable-hot-restart", "-l", "error", "-c", file], {}


def _haproxy(site: Site) -> tuple[list, dict]:
    script = site.write("haproxy/doorward.lua")
    changes = {"/etc/haproxy/doorward.lua": str(script), "bind :80\n": f"bind {site.host}:8080\n"}
    return ["haproxy", "-db", "-f", site.write("haproxy/haproxy.cfg", changes)], {}


PROXIES: dict[str, Callable[[Site], tuple[list, dict]]] = {
    "nginx": _nginx,
    "Traefik": _traefik,
    "Caddy": _caddy,
    "Envoy": _envoy,
    "HAProxy": _haproxy,
}


def measure(stage: Stage, arguments: argparse.Namespace) -> dict:
    """Each proxy before each judge, in turn."""
    address = f"{stage.host()}:8080"
    application = Server("application", [BARE, address], stage.directory / "application.log", core=1)
    started: dict[tuple[str, str], tuple[list[Server], str]] = {}
    figures = {name: {"bare": [], "doorward": []} for name in PROXIES if not arguments.only or name in arguments.only}
    wait_for([application], f"http://{address}/", None)
    for name in figures:
        for judge in ["bare", "doorward"]:
            started[name, judge] = _start(stage, name, judge, address)
    for number in range(arguments.rounds):
        for (name, judge), (servers, url) in started.items():
            print(f"bench: round {number + 1} of {arguments.rounds}: {name}, {judge}", file=sys.stderr, flush=True)
            figures[name][judge].append(saturate(servers, url, stage.keys.token, arguments.seconds))
    return {"rows": figures, "token_bytes": len(stage.keys.token)}


def _start(stage: Stage, name: str, judge: str, application: str) -> tuple[list[Server], str]:
    own = f"{name}-{judge}".lower()
    if judge == "bare":
        auth = f"{stage.host()}:8080"
        server = Server(f"{own}-auth", [BARE, auth], stage.directory / f"{own}-auth.log")
    else:
        server = doorward(stage, f"{own}-auth", proxy=name.lower())
        auth = server.env["DOORWARD_LISTEN"]
    wait_for([server], f"http://{auth}/verify", stage.keys.token)
    site = Site(stage.place(own), stage.host(), auth, application)
    command, env = PROXIES[name](site)
    proxy = Server(own, command, site.place / "log", env=env)
    url = f"http://{site.host}:8080/"
    wait_for([server, proxy], url, stage.keys.token)
    for what, token in stage.keys.unacceptable().items():
        status, _ = ask(url, token)
        if judge == "doorward" and status != 401:
            raise Failed(f"{name} lets in a token that is {what}: {status}")
    return [proxy, server], url


def _envoy_address(text: str) -> str:
    host, _, port = text.rpartition(":")
    return f"{{address: {host}, port_value: {port}}}"
