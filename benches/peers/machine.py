"""What the figures were measured on and with."""

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

from keys import DOORWARD, LOAD
from rows import APACHE_MODULES, BARE, PEERS
from servers import Failed


def check() -> None:
    """Whether it can be measured here at all."""
    if (os.cpu_count() or 1) < 2:
        raise Failed("two cores are needed: one for the server and one for the load")
    for program in ["wrk", "taskset", "openssl"]:
        if not shutil.which(program):
            raise Failed(f"{program} is missing (make setup installs it)")
    for file in [DOORWARD, BARE, LOAD]:
        if not Path(file).exists():
            raise Failed(f"{file} is missing (make bench-build makes it)")


def describe() -> dict:
    """The machine, and the versions of all that took part and is there."""
    return {
        "processor": _first(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text()),
        "cores": os.cpu_count(),
        "kernel": f"Linux {platform.release()}",
        "versions": {name: version for name, version in _versions().items() if version},
    }


def _versions() -> dict[str, str]:
    pinned = {}
    if (PEERS / "versions.tsv").exists():
        pinned = dict(line.split("\t") for line in (PEERS / "versions.tsv").read_text().splitlines())
    lock = Path("Cargo.lock").read_text()
    return {
        "doorward": _first(r"doorward (\S+)", _said(DOORWARD, "--version")),
        "rustc": _first(r"rustc (\S+)", _said("rustc", "--version")),
        "actix-web": _first(r'name = "actix-web"\nversion = "([^"]+)"', lock),
        "aws-lc-rs": _first(r'name = "aws-lc-rs"\nversion = "([^"]+)"', lock),
        "wrk": _first(r"wrk \S*?/?(\d\S*)", _said("wrk", "-v")),
        "nginx": _first(r"nginx/(\S+)", _said("nginx", "-v")),
        "Envoy": _first(r"/(\d+\.\d+\.\d+)/", _said("envoy", "--version")),
        "HAProxy": _first(r"version (\d[\w.]*)", _said("haproxy", "-v")),
        "Traefik": _first(r"Version:\s+(\S+)", _said("traefik", "version")),
        "Caddy": _first(r"v(\d\S+)", _said("caddy", "version")),
        "Apache": _first(r"Apache/(\S+)", _said("apache2", "-v")),
        "mod_oauth2": _package("libapache2-mod-oauth2") if Path(f"{APACHE_MODULES}/mod_oauth2.so").exists() else "",
        **{name: version.removeprefix("v") for name, version in pinned.items()},
        "Go": _first(r"go(\d\S+)", _said("go", "version")),
    }


def _said(*command: str) -> str:
    if not shutil.which(command[0]):
        return ""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    return done.stdout + done.stderr


def _package(name: str) -> str:
    return _said("dpkg-query", "-W", "-f", "${Version}", name)


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return found[1] if found else ""
