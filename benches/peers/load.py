"""Load, always from core 1: wrk for as much as a server takes, our own program where wrk would sleep between answers, for
a fixed rate and for many tokens."""

import json
import re
import statistics
import subprocess
import time

from keys import LOAD
from servers import MICROSECONDS, Failed, Server

CORE = "1"
CONNECTIONS = 32


def saturate(servers: list[Server], url: str, token: str, seconds: int, connections: int = CONNECTIONS) -> dict:
    """Requests per second with this token, and the servers' CPU time of each."""
    return _wrk(servers, url, ["-H", f"Authorization: Bearer {token}"], seconds, connections)


def saturate_from(servers: list[Server], url: str, script: str, seconds: int) -> dict:
    """The same, with a script that gives each request a token."""
    return _wrk(servers, url, ["-s", script], seconds, CONNECTIONS)


def _wrk(servers: list[Server], url: str, options: list[str], seconds: int, connections: int) -> dict:
    before = _cpu(servers)
    said = run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", *options, url], seconds)
    spent = _cpu(servers) - before
    if "Non-2xx" in said or "Socket errors" in said:
        raise Failed(f"{servers[0].name}: {said}")
    count = int(re.search(r"(\d+) requests in", said)[1])
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])
    return {"requests_per_second": rate, "cpu_microseconds": spent * MICROSECONDS / count}


def flood(servers: list[Server], url: str, token_file: str, seconds: float) -> dict:
    """The same from a program that never sleeps: a server that is slower than wrk has to wake wrk up for each answer, and a
    fast one never."""
    before = _cpu(servers)
    said = json.loads(run([LOAD, "flood", *_target(url, seconds), "--token-file", token_file], seconds))
    spent = _cpu(servers) - before
    rate = said["requests"] / said["seconds"]
    return {"requests_per_second": rate, "cpu_microseconds": spent * MICROSECONDS / said["requests"]}


def at_rate(url: str, token_file: str, rate: float, seconds: float, *options: str) -> dict:
    """Percentiles in microseconds while so many requests per second are due."""
    said = run([LOAD, "rate", *_target(url, seconds), "--token-file", token_file, "--rate", f"{rate:.0f}", *options], seconds)
    return json.loads(said)


def guess(url: str, token_file: str, rate: float, seconds: float, *options: str) -> dict:
    """The same beside guesses, and how often each status was the answer to one."""
    said = run([LOAD, "guess", *_target(url, seconds), "--token-file", token_file, "--rate", f"{rate:.0f}", *options], seconds)
    return json.loads(said)


def percentiles(samples: list[tuple[float, float]], begin: float, end: float) -> dict:
    """Of the times of those that were due in this window."""
    parts = statistics.quantiles((took for due, took in samples if begin <= due < end), n=100)
    return {"p50": round(parts[49], 1), "p99": round(parts[98], 1)}


def _target(url: str, seconds: float) -> list[str]:
    return ["--url", url.removeprefix("http://"), "--connections", str(CONNECTIONS), "--seconds", str(seconds)]


def scan(server: Server, url: str, secret_file: str, last: int, **options) -> dict:
    """HS256 tokens number 1 to `last`, each on its own or again and again."""
    seconds = options.pop("seconds", 3)
    words = ["--url", url.removeprefix("http://"), "--seconds", str(seconds), "--secret-file", secret_file]
    for name, value in options.items():
        words += [f"--{name}", str(value)]
    before, started = server.cpu_seconds(), time.monotonic()
    figures = json.loads(run([LOAD, "scan", *words, "--last", str(last)], seconds))
    spent = server.cpu_seconds() - before
    figures["elapsed"] = time.monotonic() - started
    figures["requests_per_second"] = figures["requests"] / max(figures["seconds"], 1e-3)
    figures["cpu_microseconds"] = spent * MICROSECONDS / figures["requests"]
    return figures


def _cpu(servers: list[Server]) -> float:
    return sum(server.cpu_seconds() for server in servers)


def run(command: list[str], seconds: float) -> str:
    done = subprocess.run(
        ["taskset", "-c", CORE, *command], capture_output=True, text=True, timeout=seconds + 60, check=False
    )
    if done.returncode != 0:
        raise Failed(f"{command[0]}: {done.stderr}{done.stdout}")
    return done.stdout
