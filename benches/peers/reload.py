"""What reading 10,000 routes anew takes, and what the decisions meanwhile notice of it.

The service has one core to itself, so that reading and deciding share it, which is the worst there can be. Requests are
due at random moments at a fixed rate, whether or not earlier ones are answered; those that were due while a reload was
under way are compared with those that the same process answered in peace just before. Each reload is one window, and peace
is divided into windows of about that length: what the machine does to a core in passing spoils some of them, and not the
median.
"""

import argparse
import os
import signal
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import load
from load import percentiles
from rows import Stage, doorward
from servers import MICROSECONDS, Failed, Server, wait_for

ROUTES = 10_000
RELOADS = 8
PAUSE = 2.0
# After the new configuration is in force the former one is freed.
FREEING = 0.3
CALM = 5.0
# About as long as a reload and its freeing take.
WINDOW = 0.5
# The first second warms up.
WARM = 1.0
# Requests per second: the first leave the core nearly all of its time, the second about half, the last nothing.
RATES = {"few": 2_000, "half": 50_000}
ENDLESS = 1_000_000
HEADERS = [
    "X-Forwarded-Method: GET",
    "X-Forwarded-Host: api.example.com",
    f"X-Forwarded-Uri: /v1/exact-{ROUTES - 4}/status",
]
PATTERNS = [
    "path: /v1/exact-{}/status",
    'path: "/v1/tree-{}/**"',
    'path: "/v1/star-{}/*/keys"',
    "host: tenant-{}.example.com",
]


@dataclass
class Reload:
    """When it was asked for and when it was in force, in seconds since 1970."""

    asked: float
    in_force: float


def measure(stage: Stage, arguments: argparse.Namespace) -> dict:
    file = stage.place("reload") / "doorward.yaml"
    file.write_text(_configuration())
    found = {"routes": ROUTES, "bytes": file.stat().st_size, "loads": {name: [] for name in RATES}, "saturated": []}
    for number in range(arguments.rounds):
        print(f"bench: reload, round {number + 1} of {arguments.rounds}", file=sys.stderr, flush=True)
        for name, rate in RATES.items():
            found["loads"][name].append(_round(stage, file, rate))
        found["saturated"] += _saturated(stage, file)
    return found


def _configuration() -> str:
    """A quarter each: exact paths, trees, one star, hosts of their own."""
    routes = (
        f"  - {{name: route-{number}, match: {{{PATTERNS[number % len(PATTERNS)].format(number)}}}}}\n"
        for number in range(ROUTES)
    )
    return "proxy: traefik\nroutes:\n" + "".join(routes)


def _round(stage: Stage, file: Path, rate: int) -> dict:
    server = _start(stage, file)
    calm = _peace(stage, server, rate)
    # A loop that only gets what is left over: what the machine does to a core that never rests is no cost of a reload.
    command = ["chrt", "--idle", "0", sys.executable, "-c", "while True: pass"]
    loop = Server("loop", command, stage.directory / "loop.log")
    busy = _peace(stage, server, rate)
    loop.stop()
    samples, reloads = _reloading(stage, server, rate)
    server.stop()
    meanwhile = [percentiles(samples, reload.asked, reload.in_force + FREEING) for reload in reloads]
    return {"rate": rate, "calm": calm, "busy": busy, "meanwhile": meanwhile, "milliseconds": _milliseconds(reloads)}


def _peace(stage: Stage, server: Server, rate: int) -> list[dict]:
    samples = list(_drive(stage, server, rate, WARM + CALM))
    first = min(due for due, _ in samples) + WARM
    begins = [first + WINDOW * number for number in range(int(CALM / WINDOW))]
    return [percentiles(samples, begin, begin + WINDOW) for begin in begins]


def _saturated(stage: Stage, file: Path) -> list[float]:
    """How long reloads take when the workers leave nothing over."""
    server = _start(stage, file)
    _, reloads = _reloading(stage, server, ENDLESS)
    server.stop()
    return _milliseconds(reloads)


def _start(stage: Stage, file: Path) -> Server:
    server = doorward(stage, "reload", config=file, log="info")
    wait_for([server], f"http://{server.env['DOORWARD_ADMIN_LISTEN']}/readyz", None)
    return server


def _reloading(stage: Stage, server: Server, rate: int) -> tuple[list[tuple[float, float]], list[Reload]]:
    asked: list[float] = []
    asking = threading.Thread(target=lambda: asked.extend(_ask(server)))
    asking.start()
    samples = list(_drive(stage, server, rate, PAUSE * (RELOADS + 1)))
    asking.join()
    return samples, _pair(asked, _in_force(server))


def _milliseconds(reloads: list[Reload]) -> list[float]:
    return [round((reload.in_force - reload.asked) * 1000, 1) for reload in reloads]


def _drive(stage: Stage, server: Server, rate: int, seconds: float) -> Iterator[tuple[float, float]]:
    """When each request was due, in seconds since 1970, and the microseconds until its answer."""
    file = stage.directory / "samples"
    options = [word for header in HEADERS for word in ("--header", header)]
    url = f"http://{server.env['DOORWARD_LISTEN']}/verify"
    load.at_rate(url, stage.keys.token_file, rate, seconds, "--samples", str(file), *options)
    for line in file.read_text().splitlines():
        due, took = map(float, line.split())
        yield due / MICROSECONDS, took


def _ask(server: Server) -> Iterator[float]:
    for _ in range(RELOADS):
        time.sleep(PAUSE)
        yield time.time()
        os.kill(server.pid, signal.SIGHUP)


def _in_force(server: Server) -> list[float]:
    lines = [line for line in server.said().splitlines() if '"configuration in force"' in line]
    return [datetime.fromisoformat(line.split('"')[3]).timestamp() for line in lines]


def _pair(asked: list[float], in_force: list[float]) -> list[Reload]:
    if len(asked) != len(in_force):
        raise Failed(f"{len(asked)} reloads were asked for, and {len(in_force)} came into force")
    return [Reload(*moments) for moments in zip(asked, in_force)]
