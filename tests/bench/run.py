"""Measure relay beside a lean floor and print a table: ``uv run tests/bench/run.py --help``. See README.md."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import profile_relay
import targets
from scenarios import SCENARIOS, Figure, Run, Scenario
from targets import Target

STREAMS_PER_SESSION = 64
"""A session takes no more calls at a time, so a thousand streams need sixteen of them."""
WARM_UP = {"clients": 4, "requests": 200, "parts": 3, "every": 1000}
GRACE_SECONDS = 30

Results = dict[str, dict[str, list[Run]]]
"""Runs by scenario and target."""


def main() -> None:
    """Run what was asked for and print it."""
    options = _options()
    chosen = [scenario for scenario in SCENARIOS if not options.only or scenario.name in options.only]
    results: Results = {}
    with tempfile.TemporaryDirectory(prefix="relay-bench-") as folder:
        work = Path(folder)
        load = _build(work)
        for scenario in chosen:
            results[scenario.name] = _measure(scenario, load, work, options)
    print(_table(chosen, results))
    if options.json:
        options.json.write_text(json.dumps({"machine": _machine(), "runs": results}, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round of each scenario")
    parser.add_argument("--rounds", type=int, default=3, help="how often each scenario runs (3); the median counts")
    parser.add_argument(
        "--only", action="append", choices=[one.name for one in SCENARIOS], help="this scenario (may be repeated)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single run to FILE")
    parser.add_argument("--profile", action="store_true", help="show where relay spends its CPU time (needs py-spy)")
    return parser.parse_args()


def _build(work: Path) -> Path:
    """Compile the load client; one in Python would be slower than what it measures."""
    program = work / "load"
    source = Path(__file__).with_name("load.c")
    try:
        subprocess.run(["cc", "-O2", "-Wall", "-o", str(program), str(source)], check=True)
    except FileNotFoundError:
        sys.exit("The load client is written in C: install a C compiler (cc) to run the benchmarks.")
    return program


def _measure(scenario: Scenario, load: Path, work: Path, options: argparse.Namespace) -> dict[str, list[Run]]:
    """Run one scenario on fresh servers, floor and relay in turn, so that a busy machine hits both."""
    runs: dict[str, list[Run]] = {}
    sessions = -(-scenario.clients // STREAMS_PER_SESSION)
    place = Path(tempfile.mkdtemp(dir=work))
    with ExitStack() as stack:
        servers = [stack.enter_context(start(place, sessions)) for start in (targets.lean, targets.relay)]
        for server in servers:
            _load(load, server, WARM_UP)
        for _ in range(1 if options.quick else options.rounds):
            for server in servers:
                server.settle()
                idle = server.usage().rss
                profiled = options.profile and server.name == "relay"
                with profile_relay.recorded(server.pid, scenario.name) if profiled else ExitStack():
                    run = _run(load, server, scenario.options(quick=options.quick))
                runs.setdefault(server.name, []).append(run | {"rss_idle": idle})
                print(f"{scenario.name} {server.name}: {run}", file=sys.stderr)
    return runs


def _run(load: Path, server: Target, options: dict[str, int]) -> Run:
    before = server.usage()
    with _peak_memory(server) as peak:
        run = _load(load, server, options)
    after = server.usage()
    return run | {"cpu": after.cpu - before.cpu, "rss_peak": max(*peak, after.rss)}


def _load(load: Path, server: Target, options: dict[str, int]) -> Run:
    words = [f"{name}={value}" for name, value in options.items()]
    limit = options.get("seconds", 20) + GRACE_SECONDS
    done = subprocess.run(
        [str(load), f"port={server.port}", f"key={server.key}", *words],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=limit,
    )
    result = json.loads(done.stdout)
    if complaint := result.pop("complaint"):
        print(f"{server.name}: {complaint}", file=sys.stderr)
    return _flat(result)


def _flat(result: dict[str, float | dict[str, float] | None]) -> Run:
    run: Run = {}
    for name, value in result.items():
        if isinstance(value, dict):
            run |= {f"{name}.{inner}": number for inner, number in value.items()}
        elif value is not None:
            run[name] = value
    return run


@contextmanager
def _peak_memory(server: Target) -> Iterator[list[float]]:
    """Sample the server's memory meanwhile."""
    seen = [server.usage().rss]
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.2):
            seen.append(server.usage().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        stop.set()
        watcher.join()


def _table(chosen: list[Scenario], results: Results) -> str:
    lines = [
        _machine(),
        "",
        "| scenario | figure | target | relay | | floor | relay / floor |",
        "|---|---|---:|---:|---|---:|---:|",
    ]
    for scenario in chosen:
        runs = results[scenario.name]
        lines += [_line(scenario, figure, runs) for figure in scenario.figures]
        faults = sum(run["errors"] + run["lost"] + run["disordered"] + run["cut"] for run in runs["relay"])
        title = "errors, cut streams, parts lost or out of order"
        lines.append(f"| {scenario.name} | {title} | 0 | {faults:g} | {_mark(not faults)} | | |")
    return "\n".join(lines)


def _line(scenario: Scenario, figure: Figure, runs: dict[str, list[Run]]) -> str:
    relay, floor = (_median(figure, runs[name]) for name in ("relay", "floor"))
    title = f"{figure.title}, {figure.unit}" if figure.unit else figure.title
    mark = "" if relay is None else _mark(figure.met(relay))
    ratio = f"{relay / floor:.1f}" if figure.of_floor and relay is not None and floor else ""
    shown = _number(floor) if figure.of_floor else ""
    return f"| {scenario.name} | {title} | {figure.target} | {_number(relay)} | {mark} | {shown} | {ratio} |"


def _median(figure: Figure, runs: list[Run]) -> float | None:
    values = [value for run in runs if (value := figure.value(run)) is not None]
    return statistics.median(values) if values else None


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _mark(met: bool | None) -> str:
    return "" if met is None else "✓" if met else "✗"


def _machine() -> str:
    """Describe what it ran on: the load says how much others were doing."""
    cpu = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.partition(":")[2].strip()
            break
    busy = os.getloadavg()[0]
    today = datetime.now(UTC).date().isoformat()
    return (
        f"{today}, {os.cpu_count()} cores ({cpu}), Python {platform.python_version()}, one worker, "
        f"load client in C, load average {busy:.1f}"
    )


if __name__ == "__main__":
    main()
