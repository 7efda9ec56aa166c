"""Starting the command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.measure import Result, median, timed


def run() -> Result:
    """`dxa --version` against an interpreter that does nothing, as whole processes."""
    command = str(Path(sys.executable).with_name("dxa"))
    ours, plain = [], []
    for _ in range(15):
        plain.append(timed(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True)))
        ours.append(timed(lambda: subprocess.run([command, "--version"], check=True, capture_output=True)))
    return Result(
        name="dxa --version",
        reference="python3 -c pass",
        reach=6,
        work_s=median(ours),
        reference_s=median(plain),
        rounds=15,
    )
