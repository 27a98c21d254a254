"""Whether the cost of a decision grows with tokens, their size or connections, and what the service takes of memory."""

import argparse
import base64
import json
import resource
import secrets
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import load
from keys import AUDIENCE, DOORWARD, ISSUER
from rows import Stage, doorward
from servers import Server, wait_for

TOKENS = [1, 100, 10_000, 100_000, 1_000_000]
CAPACITY = 100_000
HOT = 1_000
TOKEN_KIB = [0.5, 1, 2, 4, 8, 12]
KEYS = [1, 10, 100]  # more are not read
CONNECTIONS = [1, 10, 100, 1_000, 10_000]
STARTS = 21


def measure(stage: Stage, arguments: argparse.Namespace) -> dict:
    """All of it, one after the other: each has a service of its own."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    bench = _Bench(stage, arguments)
    parts = {
        "tokens": bench.tokens,
        "hot": bench.hot_tokens,
        "size": bench.token_size,
        "keys": bench.key_set_size,
        "connections": bench.connections,
        "memory": bench.memory,
        "start": bench.start,
    }
    found = {}
    for name, part in parts.items():
        if not arguments.only or name in arguments.only:
            print(f"bench: {name}", file=sys.stderr, flush=True)
            found[name] = part()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return {**found, "binary_bytes": Path(DOORWARD).stat().st_size}


class _Bench:
    def __init__(self, stage: Stage, arguments: argparse.Namespace):
        self._stage = stage
        self._seconds = arguments.seconds
        self._rounds = arguments.rounds
        self._secret = secrets.token_hex(32)
        self._secret_file = stage.directory / "secret"
        self._secret_file.write_text(self._secret)
        self._exp = int(time.time()) + 24 * 3600
        self._count = 0

    def tokens(self) -> list[dict]:
        """Throughput over the number of tokens that take turns. Those that fit have been seen before."""
        figures = []
        for count in TOKENS:
            rounds = []
            for _ in range(self._rounds):
                server, url = self._service(token_cache_capacity=CAPACITY)
                if count <= CAPACITY:
                    self._scan(server, url, count, requests=count, seconds=60)
                before = _look_ups(server)
                figure = self._scan(server, url, count)
                hits, misses = (after - before for after, before in zip(_look_ups(server), before))
                rounds.append({**figure, "hit_rate": hits / (hits + misses)})
                server.stop()
            figures.append({"tokens": count, **_medians(rounds)})
        return figures

    def hot_tokens(self) -> dict:
        """Every second request has one of a few tokens, while all others are new: do the few stay in the cache?"""
        server, url = self._service(token_cache_capacity=CAPACITY)
        figure = self._scan(server, url, 1_000_000, requests=1_000_000, hot=HOT, seconds=120)
        hits, misses = _look_ups(server)
        server.stop()
        return {"hot": HOT, "requests": hits + misses, "hot_hit_rate": hits / (figure["requests"] / 2)}

    def token_size(self) -> list[dict]:
        """The same token over and over, longer and longer, known and unknown."""
        figures = []
        for kib in TOKEN_KIB:
            token = self._token(int(kib * 1024))
            figures.append({"bytes": len(token), **self._known_and_unknown(token)})
        return figures

    def key_set_size(self) -> list[dict]:
        """The RSA key is the last of so many, the others are elliptic curves'."""
        figures = []
        others = [_curve_key(number) for number in range(max(KEYS) - 1)]
        for count in KEYS:
            file = self._stage.directory / f"{count}.json"
            file.write_text(json.dumps({"keys": [*others[: count - 1], self._stage.keys.jwk]}))
            figures.append({"keys": count, **self._known_and_unknown(self._stage.keys.token, jwks_file=file)})
        return figures

    def connections(self) -> list[dict]:
        """The same token over more and more connections."""
        figures = []
        token = self._token(900)
        server, url = self._service()
        for count in CONNECTIONS:
            seconds = max(self._seconds, 5) if count > 1_000 else self._seconds
            rounds = [load.saturate([server], url, token, seconds, count) for _ in range(self._rounds)]
            figures.append({"connections": count, **_medians(rounds), "resident_kib": server.resident_kib()})
        server.stop()
        return figures

    def memory(self) -> dict:
        """Idle, with a full cache, and with a cache full of the largest tokens."""
        server, url = self._service()
        idle = server.resident_kib()
        # Threads, buffers and allocator have what they need before the tokens are counted.
        self._scan(server, url, 1, requests=10_000)
        before = server.resident_kib()
        self._scan(server, url, CAPACITY, first=2, requests=CAPACITY, seconds=120)
        after = server.resident_kib()
        server.stop()
        server, url = self._service()
        sizes = []
        for first in range(1, 40_001, 10_000):
            options = {"first": first, "requests": 10_000, "bytes": 16_000, "seconds": 120}
            self._scan(server, url, first + 9_999, **options)
            sizes.append(server.resident_kib())
        server.stop()
        return {
            "idle_kib": idle,
            "kib_per_token": (after - before) / CAPACITY,
            "full_kib": after,
            "largest_tokens_kib": sizes,
        }

    def start(self) -> list[float]:
        """Milliseconds from the start of the process to its first 200, with a static key."""
        token, times = self._token(900), []
        request = f"GET /verify HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        for _ in range(STARTS):
            started = time.monotonic()
            server, url = self._service(ready=False)
            while not _answered(url.split("/")[2].split(":")[0], request.encode()):
                pass
            times.append((time.monotonic() - started) * 1000)
            server.stop()
        return times

    def _known_and_unknown(self, token: str, **settings) -> dict:
        figure = {}
        for name, capacity in [("cached", CAPACITY), ("uncached", 0)]:
            server, url = self._service(token_cache_capacity=capacity, **settings)
            wait_for([server], url, token)
            rounds = [load.saturate([server], url, token, self._seconds) for _ in range(self._rounds)]
            figure[name] = _medians(rounds)
            server.stop()
        return figure

    def _service(self, ready: bool = True, **settings) -> tuple[Server, str]:
        self._count += 1
        key = {} if "jwks_file" in settings else {"hmac_secret": self._secret}
        server = doorward(self._stage, f"scale-{self._count}", **key, **settings)
        url = f"http://{server.env['DOORWARD_LISTEN']}/verify"
        if ready:
            wait_for([server], f"http://{server.env['DOORWARD_ADMIN_LISTEN']}/readyz", None)
        return server, url

    def _scan(self, server: Server, url: str, last: int, **options) -> dict:
        return load.scan(
            server, url, str(self._secret_file), last, **{"seconds": self._seconds, "exp": self._exp, **options}
        )

    def _token(self, length: int) -> str:
        """Of about this length."""
        short = self._issue(0)
        return self._issue(max(0, (length - len(short)) * 3 // 4))

    def _issue(self, padding: int) -> str:
        command = [DOORWARD, "token", "issue", "--hmac-secret-file", self._secret_file, "--issuer", ISSUER]
        command += ["--audience", AUDIENCE, "--claims", json.dumps({"padding": "x" * padding})]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _curve_key(number: int) -> dict:
    """A public key on P-256, as a JWK."""
    command = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-outform", "DER"]
    der = subprocess.run(command, capture_output=True, check=True).stdout
    # The public key is what PKCS#8 ends with, as two coordinates.
    x, y = (base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (der[-64:-32], der[-32:]))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": f"other-{number}", "alg": "ES256", "use": "sig"}


def _look_ups(server: Server) -> tuple[int, int]:
    """Hits and misses of the token cache so far."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://{server.env['DOORWARD_ADMIN_LISTEN']}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    counts = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    hits, misses = (
        int(float(counts.get(f'doorward_token_cache_requests_total{{result="{result}"}}', 0)))
        for result in ["hit", "miss"]
    )
    return hits, misses


def _answered(host: str, request: bytes) -> bool:
    try:
        with socket.create_connection((host, 8080), timeout=1) as connection:
            connection.sendall(request)
            return connection.recv(12) == b"HTTP/1.1 200"
    except ConnectionError:
        return False


def _medians(rounds: list[dict]) -> dict:
    names = [name for name in rounds[0] if name in ("requests_per_second", "cpu_microseconds", "hit_rate")]
    return {name: statistics.median(one[name] for one in rounds) for name in names}
