#!/usr/bin/env python3
"""Counts the instructions of a decision and its parts (benches/guard.rs), and compares them with benches/guard.json.

A part that takes 5 % more than there is an error; `--margin` allows less or more. Counts of different compilers or C libraries say nothing about each
other: those are printed and not judged, and `--renew` writes down what is counted here. What a feature that is configured and not used adds is judged
with any of them.
"""

import argparse
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BASELINE = ROOT / "benches" / "guard.json"
TOOLS = ROOT / ".tools" / "cargo" / "bin"
BENCHMARK = ["cargo", "bench", "--locked", "--profile", "guard", "--bench", "guard", "--", "--output-format=json"]
DEFAULT_MARGIN_PERCENT = 5.0
# What a part with a feature may take more than the part without it, both counted now. Counts of unknown tokens vary by some dozens.
MOST_MORE = {
    "decide_cached_introspection": ("decide_cached", 40),
    "decide_cached_limited": ("decide_cached", 80),
    "decide_uncached_introspection": ("decide_uncached", 100),
}
RENEW = "run `make guard-baseline` where the code is as fast as it should be, and commit benches/guard.json"


def fail(errors, hint):
    for error in errors:
        print(f"guard: error: {error}", file=sys.stderr)
    print(f"guard: hint: {hint}", file=sys.stderr)
    sys.exit(1)


def said_by(*command):
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def processor():
    """The C library picks its functions by what the processor can do, as far as valgrind can do it too."""
    try:
        flags = pathlib.Path("/proc/cpuinfo").read_text().split()
    except OSError:
        flags = []
    return platform.machine() + (" with AVX2" if "avx2" in flags else "")


def toolchain():
    """All that changes the counts while the code stays the same."""
    rustc = dict(line.split(": ", 1) for line in said_by("rustc", "-vV").splitlines() if ": " in line)
    return {
        "rustc": rustc["release"],
        "host": rustc["host"],
        "valgrind": said_by("valgrind", "--version").removeprefix("valgrind-"),
        "libc": " ".join(platform.libc_ver()),
        "processor": processor(),
    }


def environment():
    """Nothing that would have the runner count otherwise."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GUNGRAUN_")}
    return kept | {"PATH": f"{TOOLS}:{kept.get('PATH', os.defpath)}"}


def count():
    env = environment()
    for program in ("cargo", "valgrind", "gungraun-runner"):
        if not shutil.which(program, path=env["PATH"]):
            fail([f"{program} is not installed"], "run `make setup`")
    bench = subprocess.run(BENCHMARK, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
    if bench.returncode != 0:
        fail(["the benchmark failed"], f"run `{' '.join(BENCHMARK[:-2])}` with .tools/cargo/bin on PATH")
    return {"toolchain": toolchain(), "instructions": dict(map(counted, bench.stdout.splitlines()))}


def counted(line):
    """A benchmark by its name, and its instructions."""
    summary = json.loads(line)
    metrics = summary["profiles"][0]["data"]["total"]["metrics"]
    return summary["function_name"], metrics["Ir"]["values"]["new"]


def line(part, before, now, margin):
    """A line of the table."""
    if not before or not now:
        return f"{part:29} {before or '':>8} {now or '':>8}"
    percent = (now - before) / before * 100
    counts = f"{part:29} {before:>8} {now:>8} {percent:+8.1f} %"
    faster = "  faster: renew the baseline, or as much can be lost again unseen"
    return counts + faster if percent < -margin else counts


def unguarded(part, before, now, _margin=None):
    """Why this part is not guarded, whatever the counts are of."""
    if before is None:
        return f"{part} is not in the baseline, so that nothing guards it"
    if now is None:
        return f"{part} is in the baseline and was not counted"
    if before <= 0 or now <= 0:
        return f"{part} takes no instructions, so that they were not counted"
    return None


def error(part, before, now, margin):
    if why := unguarded(part, before, now):
        return why
    percent = (now - before) / before * 100
    if percent > margin:
        more = f"{percent:.1f} % more than {before}; {margin:g} % are allowed"
        return f"{part} takes {now} instructions, {more}"
    return None


def dear_features(counts):
    """The features that are not used and take too much all the same."""
    for part, (without, most) in MOST_MORE.items():
        if counts.get(part) and counts.get(without) and (more := counts[part] - counts[without]) > most:
            yield f"{part} takes {more} instructions more than {without}; {most} are allowed"


def compare(baseline, measured, margin):
    before, now = baseline["instructions"], measured["instructions"]
    if not measured["toolchain"].keys() <= baseline["toolchain"].keys():
        fail(["the baseline does not say which toolchain it is of"], RENEW)
    other = {name: value for name, value in measured["toolchain"].items() if baseline["toolchain"][name] != value}
    parts = [(part, before.get(part), now.get(part)) for part in sorted(before | now)]
    if other:
        there = ", ".join(f"{name} {baseline['toolchain'][name]}" for name in other)
        here = ", ".join(f"{name} {value}" for name, value in other.items())
        print(f"guard: not guarded: the baseline is of {there}, and this is {here}", file=sys.stderr)
        print(f"guard: hint: to guard it here, {RENEW}", file=sys.stderr)
        for part, count in sorted(now.items()):
            print(f"guard: {part:29} {count:>8}")
    else:
        print(f"guard: {'part':29} {'baseline':>8} {'now':>8} {'change':>10}")
        for part in parts:
            print(f"guard: {line(*part, margin)}")
    sys.stdout.flush()
    # That a part is counted at all does not depend on the toolchain.
    check = unguarded if other else error
    errors = [found for part in parts if (found := check(*part, margin))]
    errors += dear_features(now)
    if errors or not parts:
        fail(errors or ["nothing was counted"], f"if it is meant, {RENEW}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--renew", action="store_true", help="write the baseline instead of comparing with it")
    arguments.add_argument("--baseline", type=pathlib.Path, default=BASELINE, help="compare with this file")
    arguments.add_argument("--measured", type=pathlib.Path, help="count nothing, and take what is in this file")
    arguments.add_argument("--margin", type=float, default=DEFAULT_MARGIN_PERCENT, metavar="PERCENT", help="how much more is allowed (5)")
    options = arguments.parse_args()
    measured = json.loads(options.measured.read_text()) if options.measured else count()
    if options.renew:
        counts = measured["instructions"]
        if not counts or any(count <= 0 for count in counts.values()):
            fail(["a part takes no instructions, or there is none: that is no baseline"], "see what the benchmark counts")
        options.baseline.write_text(json.dumps(measured, indent=2) + "\n")
        print(f"guard: written: {options.baseline}")
    elif options.baseline.exists():
        compare(json.loads(options.baseline.read_text()), measured, options.margin)
    else:
        fail([f"{options.baseline}: there is none"], RENEW)


if __name__ == "__main__":
    main()
