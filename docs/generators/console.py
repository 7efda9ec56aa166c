"""Parts of pages that come from commands: a module runs them for real, in a process and a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


# What a process needs of the environment that the generator was started in. Everything else stays outside: a variable
# such as CI changes what pytest prints, and whoever generates the pages has other ones than whoever checks them.
NEEDED = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV")


def terminal() -> dict[str, str]:
    """The environment of a command that is shown: a terminal of 80 columns, at Greenwich, the same on each machine."""
    kept = {name: os.environ[name] for name in NEEDED if name in os.environ}
    return {**kept, "LANG": "C.UTF-8", "COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb", "TZ": "UTC"}


@cache
def parts(module: str, **environment: str) -> dict[str, str]:
    """What ``python -m MODULE FOLDER`` prints, which is JSON: the parts by name.

    It runs in `terminal`, with this environment in addition. Raises `RuntimeError` with what it says when it fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", module, folder],
            capture_output=True,
            text=True,
            env={**terminal(), **environment},
            check=False,
            cwd=ROOT,
        )
    if done.returncode:
        raise RuntimeError(f"the commands of {module} cannot go on:\n{done.stderr}")
    found: dict[str, str] = json.loads(done.stdout)
    return found
