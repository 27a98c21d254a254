"""What those with a good token notice of 10,000 failing requests a second from 1,000 addresses, with and without `failure_limit`.

The service has core 0 and one worker, and each guess costs it a signature until its address has reached the limit. Requests are
due at random moments at fixed rates. Half-second windows are compared, as for reloads: what the machine does to a core in passing
spoils some of them, and not the median.
"""

import argparse
import sys

import load
from load import percentiles
from rows import Stage, doorward
from servers import Failed, Server, wait_for

LIMIT = "60/1m"
# Requests per second.
GOOD = 2_000
GUESSES = 10_000
ADDRESSES = 1_000
# In front of the proxy that asks, so that the client is the entry before the last.
BALANCER = "10.0.0.1"
LIMITED = {"failure_limit": LIMIT, "failure_limit_proxies": "10.0.0.0/8"}
WINDOW = 0.5
CALM = (1.0, 6.0)
# Each address fails 10 times a second, and 60 failures are free: until then all guesses are judged.
JUDGED = (1.0, 6.0)
# 0.7 s later all have reached the limit: one failure a second is judged, and the others are refused.
REFUSED = (8.0, 13.0)


def measure(stage: Stage, arguments: argparse.Namespace) -> dict:
    found: dict[str, list] = {"calm": [], "judged": [], "refused": [], "unlimited": [], "statuses": []}
    for number in range(arguments.rounds):
        print(f"bench: guesses, round {number + 1} of {arguments.rounds}", file=sys.stderr, flush=True)
        server, url = _start(stage, **LIMITED)
        samples, _ = _drive(stage, url, CALM[1])
        found["calm"] += _windows(samples, *CALM)
        samples, statuses = _drive(stage, url, REFUSED[1], guesses=GUESSES)
        found["judged"] += _windows(samples, *JUDGED)
        found["refused"] += _windows(samples, *REFUSED)
        found["statuses"].append(statuses)
        server.stop()
        server, url = _start(stage)
        samples, statuses = _drive(stage, url, JUDGED[1], guesses=GUESSES)
        found["unlimited"] += _windows(samples, *JUDGED)
        if set(statuses) != {"401"}:
            raise Failed(f"without a limit guesses are answered {statuses}")
        server.stop()
    return {"good": GOOD, "guesses": GUESSES, "addresses": ADDRESSES, "limit": LIMIT, **found}


def _start(stage: Stage, **settings) -> tuple[Server, str]:
    server = doorward(stage, "guesses", proxy="traefik", **settings)
    url = f"http://{server.env['DOORWARD_LISTEN']}/verify"
    wait_for([server], url, stage.keys.token)
    return server, url


def _drive(stage: Stage, url: str, seconds: float, guesses: float = 0) -> tuple[list[tuple[float, float]], dict]:
    """When each request with the good token was due, in seconds since the first, and the microseconds until its answer; and how
    often each status was the answer to a guess."""
    file = stage.directory / "samples"
    options = ["--guess-rate", str(guesses), "--addresses", str(ADDRESSES), "--balancer", BALANCER, "--samples", str(file)]
    said = load.guess(url, stage.keys.token_file, GOOD, seconds, *options)
    samples = [tuple(map(float, line.split())) for line in file.read_text().splitlines()]
    first = min(due for due, _ in samples)
    return [((due - first) / load.MICROSECONDS, took) for due, took in samples], said["guesses"]


def _windows(samples: list[tuple[float, float]], begin: float, end: float) -> list[dict]:
    count = int((end - begin) / WINDOW)
    if max(due for due, _ in samples) < end - WINDOW / 2:
        raise Failed("the load fell behind: it needs a core of its own")
    return [percentiles(samples, begin + WINDOW * number, begin + WINDOW * (number + 1)) for number in range(count)]
