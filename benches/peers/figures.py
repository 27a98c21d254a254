"""The ratios that were aimed at, and whether they were reached."""

import statistics
from collections.abc import Callable

GO = ["oauth2-proxy", "oathkeeper", "heimdall", "subrequest-auth-jwt"]


def table(peers: dict) -> list[str]:
    """One line for each figure."""
    rows = peers["rows"]
    lines = ["| figure | by CPU time | by requests/s | floor | aim | |", "| --- | ---: | ---: | ---: | ---: | --- |"]
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
            lines.append(f"| {title} | *not measured* | | {_bound(floor)} | {_bound(aim)} | |")
            continue
        by_cpu, by_rate = cpu(rows, theirs, ours), rate(rows, ours, theirs)
        bounds = _bound(floor), _bound(aim)
        lines.append(_line(title, f"{by_cpu:.2f}", f"{by_rate:.2f}", *bounds, by_cpu >= floor, by_cpu >= aim))
    return [*lines, *_signature(peers), *_latency(rows)]


def cpu(rows: dict, above: str, below: str) -> float:
    """How much more CPU time the one takes for a request than the other."""
    return _ratio(rows, above, below, lambda figure: figure["cpu_microseconds"])


def rate(rows: dict, above: str, below: str) -> float:
    """How much more the one answers than the other."""
    return _ratio(rows, above, below, lambda figure: figure["requests_per_second"])


def _ratio(rows: dict, above: str, below: str, value: Callable[[dict], float]) -> float:
    pairs = zip(rows[above]["throughput"], rows[below]["throughput"])
    return statistics.median(value(one) / value(other) for one, other in pairs)


def _measured(rows: dict, *keys: str) -> bool:
    return all(rows.get(key, {}).get("throughput") for key in keys)


def _signature(peers: dict) -> list[str]:
    """With the signature checked in the handler, and with what it takes in a loop, where every cache is warm."""
    rows, lines = peers["rows"], []
    if _measured(rows, "uncached", "verifying"):
        found = 1 / cpu(rows, "verifying", "uncached")
        title = "CPU of a request that is not cached, over the bare handler with one aws-lc-rs verification in it"
        lines.append(_line(title, f"{found:.2f}", "", "1.30", "1.15", found <= 1.30, found <= 1.15))
    if _measured(rows, "uncached", "bare"):
        parts = zip(rows["uncached"]["throughput"], rows["bare"]["throughput"], peers["signature_microseconds"])
        found = statistics.median(
            ours["cpu_microseconds"] / (bare["cpu_microseconds"] + alone) for ours, bare, alone in parts
        )
        title = "the same over the sum of the bare handler and a verification in a loop"
        lines.append(_line(title, f"{found:.2f}", "", "1.30", "1.15", found <= 1.30, found <= 1.15))
    return lines


def _latency(rows: dict) -> list[str]:
    if not _measured(rows, "cached", "bare"):
        return []
    pairs = zip(rows["cached"]["latency"], rows["bare"]["latency"])
    more = statistics.median(ours["p99"] - bare["p99"] for ours, bare in pairs) / 1000
    title = "99th percentile at half of saturation, cached, over the bare handler's"
    return [_line(title, f"{more:+.2f} ms", "", "+1 ms", "+0.2 ms", more <= 1, more <= 0.2)]


def _bound(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 1 else f"{ratio:g}×"


def _line(title: str, by_cpu: str, by_rate: str, floor: str, aim: str, above_floor: bool, reached: bool) -> str:
    verdict = "aim reached" if reached else "above the floor" if above_floor else "**missed**"
    return f"| {title} | {by_cpu} | {by_rate} | {floor} | {aim} | {verdict} |"
