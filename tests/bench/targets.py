"""What is measured: relay as a person starts it, and the lean floor, each with a fake page of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
START_SECONDS = 30
SETTINGS = {"RELAY_LIMITS__REQUESTS_PER_KEY": "2048"}
"""What relay needs for a thousand streams beyond its defaults: they are all of one key here."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has used: CPU seconds since it began, and resident MiB now."""

    cpu: float
    rss: float


@dataclass(frozen=True, slots=True)
class Target:
    """A running server with its page attached."""

    name: str
    port: int
    key: str
    pid: int

    def usage(self) -> Usage:
        """Read /proc: run time of all threads in nanoseconds, resident pages (proc(5))."""
        tasks = Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        cpu = sum(int(task.read_text().split()[0]) for task in tasks) / 1e9
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return Usage(cpu, pages * os.sysconf("SC_PAGE_SIZE") / 2**20)

    def settle(self, seconds: float = 10) -> None:
        """Wait until it is calm, so that a run does not pay for the one before."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            before = self.usage().cpu
            time.sleep(0.3)
            if self.usage().cpu - before < 0.03:
                return


@contextmanager
def relay(work: Path, sessions: int) -> Iterator[Target]:
    """Run relay with its defaults: keys, SQLite, every log line to a file."""
    http, bridge = _free_ports(2)
    data = work / "data"
    place = ["--data-dir", str(data)]
    ports = ["--port", str(http), "--bridge-port", str(bridge)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RELAY_")} | SETTINGS
    serve = [sys.executable, "-m", "relay", "serve", "--no-open", *ports, *place]
    with ExitStack() as stack:
        log = stack.enter_context((work / "relay.log").open("w"))
        server = stack.enter_context(_running(serve, log, environment))
        _await_health(server, http, work / "relay.log")
        key = _command(environment, "key", "create", "bench", "--json", *place)["key"]
        code = _command(environment, "pair", "--json", *place)["code"]
        stack.enter_context(_page(bridge, code, sessions))
        _await_key(http, key)
        yield Target("relay", http, key, server.pid)


@contextmanager
def lean(work: Path, sessions: int) -> Iterator[Target]:
    """Run the floor."""
    http, bridge = _free_ports(2)
    with ExitStack() as stack:
        log = stack.enter_context((work / "lean.log").open("w"))
        words = [sys.executable, str(HERE / "lean.py"), str(http), str(bridge)]
        server = stack.enter_context(_running(words, log, pipe=True))
        _await_ready(server)
        stack.enter_context(_page(bridge, "none", sessions))
        yield Target("floor", http, "", server.pid)


@contextmanager
def _page(bridge: int, code: str, sessions: int) -> Iterator[None]:
    words = [sys.executable, str(HERE / "fake_page.py"), str(bridge), code, str(sessions)]
    with _running(words, None, pipe=True) as page:
        _await_ready(page)
        yield


@contextmanager
def _running(
    words: list[str], log: object, environment: dict[str, str] | None = None, *, pipe: bool = False
) -> Iterator[subprocess.Popen[str]]:
    out = subprocess.PIPE if pipe else log
    process = subprocess.Popen(words, stdout=out, stderr=log, env=environment, text=True)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _command(environment: dict[str, str], *words: str) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "relay", *words], capture_output=True, text=True, check=True, env=environment
    )
    answer: dict[str, str] = json.loads(done.stdout)
    return answer


def _await_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    if process.stdout.readline() != "ready\n":
        sys.exit(f"{process.args} did not start")


def _await_health(process: subprocess.Popen[str], port: int, log: Path) -> None:
    """Wait until relay listens; without a page its health is a 503."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    sys.exit(f"relay did not start:\n{log.read_text()[-2000:]}")


def _await_key(port: int, key: str) -> None:
    """Wait until relay has noticed the new key, and the page's models."""
    request = urllib.request.Request(f"http://localhost:{port}/v1/models", headers={"Authorization": f"Bearer {key}"})
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(request) as answer:
                if b'"bench"' in answer.read():
                    return
        except OSError:
            pass
        time.sleep(0.1)
    sys.exit("relay did not take the key or the page")


def _free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports
