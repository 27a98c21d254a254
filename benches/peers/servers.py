"""Servers under measurement: started on a core, asked, timed by the kernel, and ended."""

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
MICROSECONDS = 1e6


_started: list["Server"] = []


class Failed(Exception):
    """What ends a run: a server that does not start, or does another job than the others."""


class Server:
    """A program with the processes that it starts."""

    def __init__(self, name: str, command: list, log: Path, core: int = 0, env: dict | None = None):
        self.name = name
        self.command = [str(word) for word in command]
        self.env = env or {}
        self._log = log
        with open(log, "wb") as output:
            self._process = subprocess.Popen(
                ["taskset", "-c", str(core), *self.command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # Nothing of the caller's but PATH: settings of a program may come from the environment.
                env={"PATH": os.environ["PATH"], **self.env},
                start_new_session=True,
            )
        _started.append(self)

    @property
    def pid(self) -> int:
        return self._process.pid

    def check_alive(self) -> None:
        if self._process.poll() is not None:
            raise Failed(f"{self.name} ended: {self.said()}")

    def said(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]

    def cpu_seconds(self) -> float:
        """User and system time of all its processes and threads so far."""
        return sum(ticks for pid, ticks in _ticks().items() if pid in _family(self.pid)) / TICKS_PER_SECOND

    def resident_kib(self) -> int:
        """Memory of its first process."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise Failed(f"{self.name} has no memory")

    def stop(self) -> None:
        if self._process.poll() is None:
            os.killpg(self.pid, signal.SIGTERM)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait(5)


def stop_all() -> None:
    """Whatever is still running, however it came to that."""
    for server in reversed(_started):
        server.stop()


def ask(url: str, token: str | None = None, host: str | None = None) -> tuple[int, dict]:
    """One request: the status, and the headers of the answer."""
    request = urllib.request.Request(url)
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    if host:
        request.add_header("Host", host)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=5) as answer:
            return answer.status, dict(answer.headers)
    except urllib.error.HTTPError as refusal:
        return refusal.code, dict(refusal.headers)


def wait_for(servers: list[Server], url: str, token: str | None, seconds: float = 15) -> dict:
    """Asks until the answer is 2xx, and returns its headers."""
    answer: object = None
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for server in servers:
            server.check_alive()
        try:
            status, headers = ask(url, token)
            if 200 <= status < 300:
                # Not somebody else at the same address.
                for server in servers:
                    server.check_alive()
                return headers
            answer = status
        except OSError as error:
            answer = error
        time.sleep(0.02)
    raise Failed(f"{servers[-1].name}: no 2xx from {url} in {seconds} s, but {answer}: {servers[-1].said()}")


def _stat(pid: str) -> list[str]:
    # The name may hold blanks and brackets.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _processes() -> dict[int, list[str]]:
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            found[int(pid)] = _stat(pid)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def _ticks() -> dict[int, int]:
    return {pid: int(stat[11]) + int(stat[12]) for pid, stat in _processes().items()}


def _family(root: int) -> set[int]:
    parents = {pid: int(stat[1]) for pid, stat in _processes().items()}
    family = {root}
    while True:
        grown = family | {pid for pid, parent in parents.items() if parent in family}
        if grown == family:
            return family
        family = grown
