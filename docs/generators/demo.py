"""The demo's own output, for the README: run for real, and cut to one part."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

#: The part begins with this heading and ends before this line.
FIRST, LAST = "Most of SUED/ARCHIV is suddenly gone", "T1: dxa msmail requestor t1"


def excerpt() -> str:
    """From the cut address list to the rejected plan."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-c",
            "import sys; from dxa.cli import main; sys.exit(main())",
            "demo",
            f"{folder}/demo",
        ]
        environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True, cwd=Path(folder))
    part = done.stdout[done.stdout.index(FIRST) :]
    part = part[: part.index(LAST, part.index("dxa reject"))]
    return f"```text\n{re.sub(r'[ ]+$', '', part, flags=re.MULTILINE).rstrip()}\n```\n"
