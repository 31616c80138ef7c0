"""What is run, and which figures of a run have a target."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass

Run = dict[str, float]
"""Everything measured in one run, by name."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: a value of a run, and the bound that it should keep, if it has one.

    `of_floor` is off where the floor's value says nothing, because it does not do that work.
    """

    title: str
    value: Callable[[Run], float | None]
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    of_floor: bool = True

    @property
    def target(self) -> str:
        """The bound in words."""
        if self.at_most is not None:
            return f"≤ {self.at_most:,g}"
        return "" if self.at_least is None else f"≥ {self.at_least:,g}"

    def met(self, value: float) -> bool | None:
        """Whether `value` keeps the bound, ``None`` without one."""
        if self.at_most is not None:
            return value <= self.at_most
        return None if self.at_least is None else value >= self.at_least


@dataclass(frozen=True, slots=True)
class Scenario:
    """Options of the load client, and what to read in the result. `quick` replaces options for a short run."""

    name: str
    title: str
    load: dict[str, int]
    quick: dict[str, int]
    figures: tuple[Figure, ...]

    def options(self, *, quick: bool) -> dict[str, int]:
        """What the load client is told."""
        return self.load | self.quick if quick else self.load

    @property
    def clients(self) -> int:
        """Calls at a time."""
        return self.load.get("clients", 1)


def _of(name: str) -> Callable[[Run], float | None]:
    return operator.methodcaller("get", name)


def _cpu_per_1000_parts(run: Run) -> float | None:
    return run["cpu"] * 1e6 / run["parts"] if run["parts"] else None


def _cpu_per_request(run: Run) -> float | None:
    return run["cpu"] * 1e3 / run["ok"] if run["ok"] else None


def _first_part(p50: float, p99: float | None = None) -> tuple[Figure, ...]:
    return (
        Figure("time to first part, p50", _of("first_part_ms.p50"), "ms", at_most=p50),
        Figure("time to first part, p99", _of("first_part_ms.p99"), "ms", at_most=p99),
        _cost_of_request(),
    )


def _cost_of_request() -> Figure:
    return Figure("CPU per request", _cpu_per_request, "ms")


def _age(p99: float | None = None) -> tuple[Figure, ...]:
    return (
        Figure("age of a part on arrival, p50", _of("part_ms.p50"), "ms"),
        Figure("age of a part on arrival, p99", _of("part_ms.p99"), "ms", at_most=p99),
    )


def _cost(at_most: float | None = None) -> Figure:
    return Figure("CPU per 1000 parts", _cpu_per_1000_parts, "ms", at_most=at_most)


def _speed(at_least: float | None = None) -> Figure:
    return Figure("parts", _of("parts_per_s"), "1/s", at_least=at_least)


def _hold(streams: int, p99: float | None = None, rss: float | None = None) -> Scenario:
    return Scenario(
        name=f"hold-{streams}",
        title=f"{streams} streams with 20 parts/s each",
        load={"clients": streams, "requests": streams, "parts": 160, "every": 50_000, "ramp": 4 * streams},
        quick={"parts": 60},
        figures=(
            *_age(p99),
            _cost(),
            Figure("memory, peak", _of("rss_peak"), "MiB", at_most=rss, of_floor=False),
        ),
    )


SCENARIOS = (
    Scenario(
        name="first-part",
        title="one caller, one short stream after another",
        load={"requests": 500, "parts": 4, "every": 2000},
        quick={"requests": 150},
        figures=(
            *_first_part(3, 10),
            Figure("memory, idle with a page", _of("rss_idle"), "MiB", at_most=80, of_floor=False),
        ),
    ),
    Scenario(
        name="first-part-200k",
        title="the same with a prompt of 200 kB",
        load={"requests": 200, "parts": 4, "every": 2000, "prompt": 200_000},
        quick={"requests": 50},
        figures=_first_part(8),
    ),
    Scenario(
        name="calm",
        title="10 streams with 50 parts/s each",
        load={"clients": 10, "requests": 10, "parts": 250, "every": 20_000, "ramp": 200},
        quick={"parts": 100},
        figures=(*_age(), _cost(200)),
    ),
    Scenario(
        name="flood",
        title="10 streams as fast as they are read; the site brings 64 parts at a time",
        load={"clients": 10, "requests": 10, "parts": 100_000},
        quick={"parts": 20_000},
        figures=(_speed(100_000), _cost(15)),
    ),
    Scenario(
        name="flood-single",
        title="the same, the site brings single parts: a frame each, unless the socket is full",
        load={"clients": 10, "requests": 10, "parts": 10_000, "piece": 1},
        quick={"parts": 3000},
        figures=(_speed(), _cost()),
    ),
    Scenario(
        name="plain",
        title="16 callers of small answers without streaming",
        load={"clients": 16, "requests": 1_000_000, "parts": 1, "stream": 0, "seconds": 5},
        quick={"seconds": 2},
        figures=(Figure("requests", _of("requests_per_s"), "1/s", at_least=700), _cost_of_request()),
    ),
    _hold(100),
    _hold(500, p99=300, rss=120),
    _hold(1000),
)
