"""How a benchmark is measured: several rounds, work and reference in turn, in a process of its own."""

from __future__ import annotations

import gc
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import attrs


@attrs.frozen(kw_only=True)
class Result:
    """What one benchmark measured; times are medians in seconds, memory is the process's peak in MB."""

    name: str
    reference: str
    reach: float
    work_s: float
    reference_s: float
    rounds: int
    peak_mb: float = 0.0

    @property
    def ratio(self) -> float:
        """Work over reference."""
        return self.work_s / self.reference_s


def timed(work: Callable[[], Any]) -> float:
    """Seconds that one call takes."""
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def peak_mb() -> float:
    """The largest memory that this process has had so far."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def median(values: list[float]) -> float:
    """The middle one: these machines are shared, so the mean tells little."""
    return statistics.median(values)


def in_own_process(name: str) -> list[Result]:
    """Run one benchmark in a fresh interpreter, so that its peak memory is its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--one", name], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"benchmark {name} failed:\n{done.stderr}")
    return [Result(**values) for values in json.loads(done.stdout.splitlines()[-1])]


def report(results: Result | list[Result]) -> str:
    """What a benchmark found as one line for the parent process; with this process's peak memory unless it measured
    that itself.
    """
    found = results if isinstance(results, list) else [results]
    return json.dumps([attrs.asdict(attrs.evolve(each, peak_mb=each.peak_mb or peak_mb())) for each in found])
