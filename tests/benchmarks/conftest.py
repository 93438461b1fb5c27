"""Benchmarks are collected only when asked for: `make perf`, or pytest with `--benchmark-only`.

A benchmark that compares us with somebody else reports the ratio with the fixture `ratio`; the
ratios are printed after pytest-benchmark's own table.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

RATIOS = pytest.StashKey[list[tuple[str, float, float]]]()
Ratio = Callable[[str, float, float], None]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return None if config.getoption("benchmark_only", default=False) else True


@pytest.fixture
def ratio(request: pytest.FixtureRequest) -> Ratio:
    """`ratio(name, times, goal)`: report it, and fail when it falls short of the goal."""

    def report(name: str, times: float, goal: float) -> None:
        request.config.stash.setdefault(RATIOS, []).append((name, times, goal))
        assert times >= goal, f"{name}: {times:.1f} times, to reach: {goal:g}"

    return report


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    ratios = config.stash.get(RATIOS, [])
    if not ratios:
        return
    terminalreporter.section("ratios (CPU time)")
    for name, times, goal in ratios:
        verdict = "" if times >= goal else "   FALLS SHORT"
        terminalreporter.write_line(f"{name:<64} {times:7.1f} x   to reach {goal:g}{verdict}")
