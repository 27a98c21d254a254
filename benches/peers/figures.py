"""The ratios that were aimed at, and whether they were reached."""

import statistics

# What a row was measured with: wrk, which sleeps when there is nothing to read and has to be woken up by each answer of a
# server that is slower than it, and a program that never sleeps.
WRK, AWAKE = "throughput", "awake"
GO = ["oauth2-proxy", "oathkeeper", "heimdall", "subrequest-auth-jwt"]


def table(peers: dict) -> list[str]:
    """One line for each figure. The worse of its two ratios of CPU time decides."""
    rows = peers["rows"]
    lines = [
        "| figure | by CPU time, wrk | by CPU time, load that never sleeps | by requests/s, wrk | floor | aim | |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for title, ours, theirs, floor, aim in [
        ("cached, against the bare handler", "cached", "bare", 0.82, 0.92),
        ("cached with the access log on, against the bare handler", "logged", "bare", 0.50, 0.75),
        ("cached, against Envoy with its cache", "cached", "envoy-cached", 2.3, 2.8),
        ("not cached, against Envoy without cache", "uncached", "envoy", 1.5, 1.8),
        ("not cached, against HAProxy", "uncached", "haproxy", 1.2, 1.5),
        *((f"cached, against {rows[go]['title']}", "cached", go, 5.0, 10.0) for go in GO if go in rows),
        *((f"not cached, against {rows[go]['title']}", "uncached", go, 5.0, 10.0) for go in GO if go in rows),
        ("nginx asking doorward, against nginx asking the bare handler", "nginx-doorward", "nginx-bare", 0.9, 0.97),
    ]:
        if not _measured(rows, ours, theirs):
            lines.append(f"| {title} | *not measured* | | | {_bound(floor)} | {_bound(aim)} | |")
            continue
        ratios = [cpu(rows, theirs, ours), cpu(rows, theirs, ours, AWAKE)]
        found = [f"{ratio:.2f}" for ratio in [*ratios, rate(rows, ours, theirs)]]
        lines.append(_line(title, found, _bound(floor), _bound(aim), min(ratios) >= floor, min(ratios) >= aim))
    return [*lines, *_signature(peers), *_latency(rows)]


def cpu(rows: dict, above: str, below: str, load: str = WRK) -> float:
    """How much more CPU time the one takes for a request than the other."""
    return _ratio(rows, above, below, load, "cpu_microseconds")


def rate(rows: dict, above: str, below: str) -> float:
    """How much more the one answers than the other."""
    return _ratio(rows, above, below, WRK, "requests_per_second")


def _ratio(rows: dict, above: str, below: str, load: str, value: str) -> float:
    pairs = zip(rows[above][load], rows[below][load])
    return statistics.median(one[value] / other[value] for one, other in pairs)


def _measured(rows: dict, *keys: str) -> bool:
    return all(rows.get(key, {}).get(WRK) for key in keys)


def _signature(peers: dict) -> list[str]:
    """Over a bare handler that checks the signature, and over the sum of the bare handler and a check in a loop. A loop wakes
    nobody up, so that the sum only compares with a load that is awake."""
    rows, lines = peers["rows"], []
    if _measured(rows, "uncached", "verifying"):
        ratios = [1 / cpu(rows, "verifying", "uncached", load) for load in (WRK, AWAKE)]
        title = "CPU of a request that is not cached, over the bare handler with one aws-lc-rs verification in it"
        lines.append(_over(title, ratios, max(ratios)))
    if _measured(rows, "uncached", "bare"):
        ratios = [_over_sum(peers, load) for load in (WRK, AWAKE)]
        lines.append(_over("the same over the sum of the bare handler and a verification in a loop", ratios, ratios[1]))
    return lines


def _over_sum(peers: dict, load: str) -> float:
    rows = peers["rows"]
    parts = zip(rows["uncached"][load], rows["bare"][load], peers["signature_microseconds"])
    return statistics.median(ours["cpu_microseconds"] / (bare["cpu_microseconds"] + alone) for ours, bare, alone in parts)


def _over(title: str, ratios: list[float], deciding: float) -> str:
    found = [*(f"{ratio:.2f}" for ratio in ratios), ""]
    return _line(title, found, "1.30", "1.15", deciding <= 1.30, deciding <= 1.15)


def _latency(rows: dict) -> list[str]:
    if not _measured(rows, "cached", "bare"):
        return []
    pairs = zip(rows["cached"]["latency"], rows["bare"]["latency"])
    more = statistics.median(ours["p99"] - bare["p99"] for ours, bare in pairs) / 1000
    title = "99th percentile at half of saturation, cached, over the bare handler's"
    return [_line(title, ["", f"{more:+.2f} ms", ""], "+1 ms", "+0.2 ms", more <= 1, more <= 0.2)]


def _bound(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 1 else f"{ratio:g}×"


def _line(title: str, found: list[str], floor: str, aim: str, above_floor: bool, reached: bool) -> str:
    verdict = "aim reached" if reached else "above the floor" if above_floor else "**missed**"
    return f"| {title} | {' | '.join(found)} | {floor} | {aim} | {verdict} |"
