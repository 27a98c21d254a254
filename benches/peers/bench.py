#!/usr/bin/env python3
"""`make bench`, `make bench-proxies`, `make bench-scale`: measures, and writes results.json and the pages under docs/.

Nothing is asserted about time, which belongs to the machine; what does another job than the others is a failure.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import features
import guesses
import machine
import proxies
import reload
import report
import scale
from keys import Keys
from load import at_rate, flood, saturate, saturate_from
from rows import ROWS, Row, Running, Stage, missing
from servers import Failed, ask, stop_all, wait_for

RESULTS = Path("benches/peers/results.json")
SIGNATURE = "target/release/examples/signature"


def main() -> None:
    arguments = _arguments()
    os.chdir(Path(__file__).parent.parent.parent)
    if arguments.what != "report":
        _measure(arguments)
    report.write(json.loads(RESULTS.read_text()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["peers", "proxies", "scale", "reload", "features", "guesses", "report"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of each measurement")
    parser.add_argument("--only", nargs="*", help="rows, to try something; results are printed and not kept")
    return parser.parse_args()


def _measure(arguments: argparse.Namespace) -> None:
    machine.check()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o755)
        stage = Stage(directory, Keys(directory))
        measure = {
            "peers": _peers,
            "proxies": proxies.measure,
            "scale": scale.measure,
            "reload": reload.measure,
            "features": features.measure,
            "guesses": guesses.measure,
        }[arguments.what]
        started = {"when": time.strftime("%Y-%m-%d"), "load_before": round(os.getloadavg()[0], 2)}
        try:
            found = measure(stage, arguments)
        finally:
            stop_all()
    found = {
        **started,
        "machine": machine.describe(),
        **found,
        "rounds": arguments.rounds,
        "seconds": arguments.seconds,
    }
    if arguments.only:
        print(json.dumps(found, indent=1))
        sys.exit()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results[arguments.what] = found
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")


def _peers(stage: Stage, arguments: argparse.Namespace) -> dict:
    figures: dict[str, dict] = {}
    running: dict[str, Running] = {}
    for row in ROWS:
        if not arguments.only or row.key in arguments.only:
            _start(row, stage, running, figures)
    signatures = [_round(stage, running, figures, number, arguments) for number in range(arguments.rounds)]
    for number in range(arguments.rounds):
        _latencies(stage, running, figures, number, arguments)
    return {"token_bytes": len(stage.keys.token), "rows": figures, "signature_microseconds": signatures}


def _start(row: Row, stage: Stage, running: dict, figures: dict) -> None:
    figure = figures[row.key] = {"title": row.title, "notes": row.notes}
    reason = missing(row)
    if reason:
        figure["missing"] = reason
        _step(f"{row.title} is missing: {reason}")
        return
    _step(f"starting {row.title}")
    started = running[row.key] = row.start(stage, row.key)
    headers = wait_for(started.servers, started.url, stage.keys.token)
    figure["commands"] = [_command(server, stage) for server in started.servers]
    _compare(row, headers, figures)
    figure["headers"] = sorted(name for name in map(str.lower, headers) if name.startswith("x-auth"))
    figure["refused"] = _refused(row, stage, started.url) if row.judges else {}
    figure["throughput"], figure["awake"], figure["latency"] = [], [], []


def _compare(row: Row, headers: dict, figures: dict) -> None:
    """doorward's answer must be the bare handler's, field by field."""
    head = {name.lower(): value for name, value in headers.items() if name.lower() != "date"}
    if row.key == "bare":
        figures[row.key]["head"] = head
    bare = figures.get("bare", {}).get("head", head)
    if row.key in ("cached", "logged", "distinct", "uncached") and head != bare:
        raise Failed(f"{row.title} answers {head}, and the bare handler {bare}")


def _refused(row: Row, stage: Stage, url: str) -> dict[str, int]:
    answers = {}
    for what, token in {"no token": None, **stage.keys.unacceptable()}.items():
        status, _ = ask(url, token)
        if status not in (401, 403):
            raise Failed(f"{row.title} does another job: {status} for a token that is {what}")
        answers[what] = status
    return answers


def _command(server, stage: Stage) -> str:
    settings = [f"{name}={value}" for name, value in server.env.items() if name.startswith("DOORWARD_")]
    return " ".join([*settings, *server.command]).replace(str(stage.directory), "DIR")


def _round(stage: Stage, running: dict, figures: dict, number: int, arguments: argparse.Namespace) -> float:
    """One round; returns what a signature alone took in it."""
    for key, started in running.items():
        _step(f"round {number + 1} of {arguments.rounds}: {figures[key]['title']}")
        if started.script:
            figure = saturate_from(started.servers, started.url, started.script, arguments.seconds)
        else:
            figure = saturate(started.servers, started.url, stage.keys.token, arguments.seconds)
            awake = flood(started.servers, started.url, str(stage.keys.token_file), arguments.seconds)
            figures[key]["awake"].append(awake)
        figures[key]["throughput"].append(figure)
    command = ["taskset", "-c", "0", SIGNATURE, stage.keys.token_file, stage.keys.der, "2"]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _latencies(stage: Stage, running: dict, figures: dict, number: int, arguments: argparse.Namespace) -> None:
    """At half of what each was found to take."""
    for key, started in running.items():
        if started.script:
            continue
        _step(f"latency, round {number + 1} of {arguments.rounds}: {figures[key]['title']}")
        rate = statistics.median(one["requests_per_second"] for one in figures[key]["throughput"]) / 2
        # Its first second warms up.
        latency = at_rate(started.url, str(stage.keys.token_file), rate, arguments.seconds + 1)
        figures[key]["latency"].append({"rate": round(rate), **latency})


def _step(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"bench: error: {failure}")
