"""results.json as the tables and plots under docs/."""

import re
import statistics
from pathlib import Path

import figures
import plot

BENCHMARKS = Path("docs/benchmarks.md")
PROXIES = Path("docs/proxies.md")
LIMITS = {"bare", "verifying", "nginx-bare"}


def write(results: dict) -> None:
    """Puts what there is between the markers of the pages."""
    if "peers" in results:
        _replace(BENCHMARKS, "peers", _peers(results["peers"]))
        _replace(BENCHMARKS, "notes", _notes(results["peers"]))
        _replace(BENCHMARKS, "commands", _commands(results["peers"]))
        Path("docs/benchmarks.svg").write_text(_peers_plot(results["peers"]))
    if "proxies" in results:
        _replace(PROXIES, "cost", _proxies(results["proxies"]))
    if "scale" in results:
        _replace(BENCHMARKS, "scale", _scale(results["scale"]))
        Path("docs/benchmarks-scale.svg").write_text(_scale_plot(results["scale"]))
    if "features" in results:
        _replace(BENCHMARKS, "features", _features(results["features"]))
    if "guesses" in results:
        _replace(BENCHMARKS, "guesses", _guesses(results["guesses"]))
    if "reload" in results:
        _replace(BENCHMARKS, "reload", _reload(results["reload"]))


def _replace(page: Path, name: str, lines: list[str]) -> None:
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    text = page.read_text()
    if begin not in text or end not in text:
        raise SystemExit(f"{page} has lost its markers {begin} and {end}")
    before, rest = text.split(begin, 1)
    after = rest.split(end, 1)[1]
    page.write_text(before + begin + "\n\n" + "\n".join(lines) + "\n\n" + end + after)


def _peers(peers: dict) -> list[str]:
    rows = peers["rows"]
    lines = [
        "| | requests/s | CPU per request | lowest–highest | load that never sleeps | bare handler's | half load: median | "
        "99th percentile |"
    ]
    lines.append("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for key, row in rows.items():
        if "missing" in row:
            lines.append(f"| {row['title']} | *missing: {row['missing']}* | | | | | | |")
        else:
            lines.append(_peers_line(rows, key, row))
    verify = statistics.median(peers["signature_microseconds"])
    lines += [
        "",
        f"One RS256 verification by aws-lc-rs, over and over in a loop, in the same rounds: {verify:.2f} µs.",
        "",
    ]
    lines += [
        "![The same as a plot](benchmarks.svg)",
        "",
        "What was aimed at, as ratios within a round, and their medians. CPU time decides, the worse of the two:",
        "",
    ]
    lines += figures.table(peers)
    return [*lines, "", _made_with(peers)]


def _peers_line(rows: dict, key: str, row: dict) -> str:
    cpu = [one["cpu_microseconds"] for one in row["throughput"]]
    rate = statistics.median(one["requests_per_second"] for one in row["throughput"])
    base = "nginx-bare" if key.startswith("nginx") else "bare"
    share = f"{figures.cpu(rows, base, key):.2f}"
    latency = ["", ""]
    if row["latency"]:
        latency = [_time(statistics.median(one[name] for one in row["latency"])) for name in ("p50", "p99")]
    title = f"**{row['title']}**" if "doorward" in row["title"] else row["title"]
    spread = f"{min(cpu):.2f}–{max(cpu):.2f}"
    awake = ""
    if row["awake"]:
        awake = f"{statistics.median(one['cpu_microseconds'] for one in row['awake']):.2f} µs"
    cells = [title, f"{rate:,.0f}", f"{statistics.median(cpu):.2f} µs", spread, awake, share, *latency]
    return f"| {' | '.join(cells)} |"


def _time(microseconds: float) -> str:
    return f"{microseconds / 1000:.2f} ms"


def _made_with(part: dict) -> str:
    machine = part["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    what = f"A token of {part['token_bytes']} bytes; " if "token_bytes" in part else ""
    # A reload takes as long as it takes.
    each = "" if "routes" in part else f" of {part['seconds']} s each"
    rounds = f"{what}{part['rounds']} rounds{each}, {part['when']}"
    where = f"{machine['processor']}, {machine['cores']} virtual cores, {machine['kernel']}"
    return f"{rounds}; {where}, load before {part['load_before']}; {versions}."


def _notes(peers: dict) -> list[str]:
    lines = ["| | what it does and checks | refuses | headers with claims |", "| --- | --- | --- | ---: |"]
    for row in peers["rows"].values():
        if "missing" in row:
            lines.append(f"| {row['title']} | {row['notes']} | | |")
            continue
        refused = ", ".join(f"{what} {status}" for what, status in row["refused"].items()) or "nothing"
        lines.append(f"| {row['title']} | {row['notes']} | {refused} | {len(row['headers'])} |")
    return lines


def _commands(peers: dict) -> list[str]:
    lines = ["```text"]
    for row in peers["rows"].values():
        for command in row.get("commands", []):
            lines.append(
                re.sub(r" (DOORWARD_)", r" \\\n  \1", command).replace(
                    " target/release/doorward", " \\\n  target/release/doorward"
                )
            )
    return [*lines, "```"]


def _peers_plot(peers: dict) -> str:
    rows = []
    for key, row in peers["rows"].items():
        kind = "limit" if key in LIMITS else "ours" if "doorward" in row["title"] else "theirs"
        measured = row.get("throughput", [])
        fields = ("requests_per_second", "cpu_microseconds") if measured else ()
        values = [statistics.median(one[name] for one in measured) for name in fields]
        rows.append((row["title"].replace("`", ""), kind, values))
    title = "One RS256 token, one core: 200 with the claims as headers"
    return plot.bars(
        title, rows, [("requests per second", "{:,.0f}"), ("CPU time per request, µs (shorter is better)", "{:.1f}")]
    )


def _proxies(proxies: dict) -> list[str]:
    lines = ["| | requests/s, bare handler | doorward | ratio | CPU per request, bare handler | doorward | ratio |"]
    lines.append("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, judges in proxies["rows"].items():
        cells = []
        for field, form, up in [("requests_per_second", "{:,.0f}", True), ("cpu_microseconds", "{:.1f} µs", False)]:
            bare, ours = ([one[field] for one in judges[judge]] for judge in ("bare", "doorward"))
            ratio = statistics.median(o / b if up else b / o for b, o in zip(bare, ours))
            cells += [form.format(statistics.median(bare)), form.format(statistics.median(ours)), f"**{ratio:.2f}**"]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return [*lines, "", _made_with(proxies)]


def _scale(scale: dict) -> list[str]:
    lines = ["![Throughput and CPU time over tokens, size and connections](benchmarks-scale.svg)", ""]
    lines += ["| tokens in turn | requests/s | CPU per request | from the cache |", "| ---: | ---: | ---: | ---: |"]
    for one in scale["tokens"]:
        lines.append(f"| {one['tokens']:,} | {_rate(one)} | {one['hit_rate']:.1%} |")
    hot = scale["hot"]
    lines += [
        "",
        f"HS256, capacity 100,000. While {hot['requests'] // 2:,} new tokens pass through, every second request "
        f"has one of {hot['hot']:,} others; {hot['hot_hit_rate']:.1%} of those were found in the cache.",
        "",
        "| bytes of the token | requests/s, cached | CPU per request | requests/s, not cached | CPU per request |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in scale["size"]:
        lines.append(f"| {one['bytes']:,} | {_rate(one['cached'])} | {_rate(one['uncached'])} |")
    lines += [
        "",
        "| keys in the set | requests/s, cached | CPU per request | requests/s, not cached | CPU per request |",
    ]
    lines.append("| ---: | ---: | ---: | ---: | ---: |")
    for one in scale["keys"]:
        lines.append(f"| {one['keys']:,} | {_rate(one['cached'])} | {_rate(one['uncached'])} |")
    lines += ["", "The token's key (RS256) is the last of them.", ""]
    lines += ["| connections | requests/s | CPU per request | resident |", "| ---: | ---: | ---: | ---: |"]
    for one in scale["connections"]:
        lines.append(f"| {one['connections']:,} | {_rate(one)} | {one['resident_kib'] / 1024:.1f} MiB |")
    memory, start = scale["memory"], scale["start"]
    first = f"{statistics.median(start):.0f} ms"
    largest = ", ".join(f"{kib / 1024:.0f}" for kib in memory["largest_tokens_kib"])
    lines += [
        "",
        "| | | at most |",
        "| --- | ---: | ---: |",
        f"| resident when idle, static key | {memory['idle_kib'] / 1024:.1f} MiB | 15 MiB |",
        f"| for each cached token of 900 bytes, at 100,000 | {memory['kib_per_token']:.2f} KiB | 2 KiB |",
        f"| resident after 10,000, 20,000, 30,000 and 40,000 tokens of 16 kB | {largest} MiB | |",
        f"| start to the first 200, static key: median ({min(start):.0f}–{max(start):.0f}) | {first} | 50 ms |",
        f"| size of the binary | {scale['binary_bytes'] / 1024 / 1024:.1f} MiB | |",
        "",
        _made_with(scale),
    ]
    return lines


# What each row is compared with, and the largest ratio that is aimed at.
FEATURES = {
    "jwt": ("A JWT, cached", None, None),
    "jwt, directory": ("A JWT, cached, and its user from the directory, cached", "jwt", 1.10),
    "jwt, failure limit": ("A JWT, cached, with a failure limit", "jwt", None),
    "opaque": ("An opaque token, cached", "jwt", 1.05),
    "api key": ("An API key, cached", "jwt", 1.05),
    "basic": ("A password, cached", "jwt", 1.10),
    "oauth2-proxy, jwt": ("oauth2-proxy, a JWT (it takes no opaque tokens)", "jwt", None),
    "heimdall, opaque": ("heimdall, an opaque token, cached", "jwt", None),
    "mod_oauth2, opaque": ("Apache `mod_oauth2`, an opaque token, cached", "jwt", None),
    "bare call, introspection": ("An actix handler that introspects by reqwest, reads the claims, and checks nothing else", None, None),
    "introspection": ("An introspection for each request", "bare call, introspection", 1.3),
    "heimdall, introspection": ("heimdall, an introspection for each request", "bare call, introspection", None),
    "mod_oauth2, introspection": ("Apache `mod_oauth2`, an introspection for each request", "bare call, introspection", None),
    "bare call, query": ("An actix handler that queries by sqlx and checks nothing else", None, None),
    "directory": ("A JWT, cached, and a query for each request", "bare call, query", 1.3),
}


def _features(features: dict) -> list[str]:
    lines = ["| | CPU per request | lowest–highest | ratio | aim |", "| --- | ---: | ---: | ---: | ---: |"]
    for name, (title, base, aim) in FEATURES.items():
        cpu = features.get(name, {}).get("cpu_microseconds")
        if not cpu:
            continue
        ratio = statistics.median(own / other for own, other in zip(cpu, features[base]["cpu_microseconds"])) if base else None
        cells = [title, f"{statistics.median(cpu):.2f} µs", f"{min(cpu):.2f}–{max(cpu):.2f}"]
        lines.append(f"| {' | '.join(cells)} | {f'**{ratio:.2f}**' if ratio else ''} | {f'{aim:.2f}' if aim else ''} |")
    if "bytes_per_user" in features:
        lines += ["", f"A cached user of five columns takes {features['bytes_per_user'] / 1024:.2f} KiB (aim: 0.75)."]
    return [*lines, "", _made_with(features)]


def _reload(reload: dict) -> list[str]:
    lines = [
        "| requests/s | | median | 99th percentile, middle half of the windows | median of these | of calm |",
        "| ---: | --- | ---: | --- | ---: | ---: |",
    ]
    for rounds in reload["loads"].values():
        calm = statistics.median(window["p99"] for one in rounds for window in one["calm"])
        for name, title in [("calm", "calm"), ("meanwhile", "while reloading"), ("busy", "a loop instead")]:
            windows = [window for one in rounds for window in one[name]]
            p50 = statistics.median(window["p50"] for window in windows)
            low, p99, high = statistics.quantiles((window["p99"] for window in windows), n=4)
            spread = f"{low / 1000:.2f}–{high / 1000:.2f}"
            lines.append(
                f"| {rounds[0]['rate']:,} | {title} | {_time(p50)} | {spread} | {_time(p99)} | {p99 / calm:.1f} |"
            )
    times = {
        f"{rounds[0]['rate']:,} requests/s": [time for one in rounds for time in one["milliseconds"]]
        for rounds in reload["loads"].values()
    }
    times["as many as are answered"] = reload["saturated"]
    took = "; ".join(
        f"{min(each):.0f} to {max(each):.0f} ms (median {statistics.median(each):.0f}) at {name}"
        for name, each in times.items()
    )
    what = f"{reload['routes']:,} routes ({reload['bytes'] / 1000:.0f} kB) were active after {took}."
    return [*lines, "", what, "", _made_with(reload)]


def _guesses(guesses: dict) -> list[str]:
    lines = ["| | median | 99th percentile, middle half of the windows | median of these | of calm | aim |", "| --- | ---: | --- | ---: | ---: | ---: |"]
    calm = statistics.median(window["p99"] for window in guesses["calm"])
    for name, title, aim in [
        ("calm", "calm", None),
        ("judged", f"with `failure_limit: {guesses['limit']}`, while each guess is judged", 2),
        ("refused", "with the limit, after all addresses have reached it", 2),
        ("unlimited", "without a limit", None),
    ]:
        windows = guesses[name]
        p50 = statistics.median(window["p50"] for window in windows)
        low, p99, high = statistics.quantiles((window["p99"] for window in windows), n=4)
        cells = [title, _time(p50), f"{low / 1000:.2f}–{high / 1000:.2f}", _time(p99), f"**{p99 / calm:.2f}**" if aim else f"{p99 / calm:.2f}"]
        lines.append(f"| {' | '.join(cells)} | {f'{aim:.2f}' if aim else ''} |")
    judged = statistics.median(statuses["401"] for statuses in guesses["statuses"])
    refused = statistics.median(statuses["429"] for statuses in guesses["statuses"])
    what = f"Guesses of one round: {judged:,.0f} were judged and denied (401), {refused:,.0f} were refused (429)."
    return [*lines, "", what, "", _made_with(guesses)]


def _rate(figure: dict) -> str:
    return f"{figure['requests_per_second']:,.0f} | {figure['cpu_microseconds']:.2f} µs"


def _scale_plot(scale: dict) -> str:
    cost = "cpu_microseconds"
    return plot.lines(
        "CPU time per request, µs",
        [
            {
                "heading": "over distinct tokens (HS256, capacity 100,000)",
                "ticks": [(one["tokens"], f"{one['tokens']:,}") for one in scale["tokens"]],
                "lines": [("tokens in turn", [(one["tokens"], one[cost]) for one in scale["tokens"]])],
            },
            {
                "heading": "over the token's size in bytes (HS256)",
                "ticks": [(one["bytes"], f"{one['bytes']:,}") for one in scale["size"]],
                "lines": [
                    (title, [(one["bytes"], one[name][cost]) for one in scale["size"]])
                    for title, name in [("cached", "cached"), ("not cached", "uncached")]
                ],
            },
            {
                "heading": "over keys in the set (RS256)",
                "ticks": [(one["keys"], f"{one['keys']:,}") for one in scale["keys"]],
                "lines": [
                    (title, [(one["keys"], one[name][cost]) for one in scale["keys"]])
                    for title, name in [("cached", "cached"), ("not cached", "uncached")]
                ],
            },
            {
                "heading": "over connections",
                "ticks": [(one["connections"], f"{one['connections']:,}") for one in scale["connections"]],
                "lines": [("token cached", [(one["connections"], one[cost]) for one in scale["connections"]])],
            },
        ],
    )
