"""What all tests share: the Hypothesis profiles, and temporary folders in memory.

Both profiles are deterministic, so a run that fails here fails everywhere. `ci` is the default (see `addopts` in
pyproject.toml), `sweep` looks further and is used by `make test-all`. What a random search has found goes into the
test as an `@example`.

Hundreds of thousands of small files are written, renamed and made durable in a run, which is where most of its time
goes on a disk. So temporary folders are in memory, those of the processes that tests start among them, unless somebody
says where he wants them (TMPDIR), there is too little of it, or no program may be run there.
"""

import os
import tempfile
from pathlib import Path

from hypothesis import settings

#: Where Linux has a file system in memory, and how much must be free there, in bytes.
MEMORY = Path("/dev/shm")
ROOM = 2 * 1024**3

settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("sweep", derandomize=True, deadline=None, print_blob=True, max_examples=1000)
settings.load_profile("ci")


def in_memory() -> bool:
    """Whether temporary folders can be in memory."""
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return False
    found = os.statvfs(MEMORY)
    return found.f_bavail * found.f_frsize >= ROOM and not found.f_flag & os.ST_NOEXEC


if in_memory():
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)
