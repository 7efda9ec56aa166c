"""The demo's own output, for the README: run for real, and cut."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from docs.generators import console
from docs.generators.markdown import fenced

#: The parts that are shown: from a heading to the first such line behind it, which is left out. How many letters the
#: postoffice from a backup sends is not among them: a status report that it has sent in the same minute is known.
CUTS = (
    ("Most of SUED/ARCHIV is suddenly gone", "T3 everywhere"),
    ("SUED/ARCHIV comes back from its backup", "T1 everywhere"),
    ("dxa has noticed", "So REQMAIN sends"),
)
CCMAIL_CUTS = (
    ("The ten steps of a cycle", "Two people have one name"),
    ("And in the other address lists, after a cycle", "A cycle in which"),
    ("A post office that has suddenly shrunk", "In the end"),
)
#: The scene with a directory, as far as it is the same in an OpenLDAP server and in files.
DIRECTORY_CUTS = (
    ("$ dxa -C site recipients list --container Recipients/Werke", "A marriage, a farewell"),
    ("A marriage, a farewell", "$ dxa -C site sync werke"),
    ("Recipient 55 is", "A cycle in which nothing has changed asks"),
)
SERVER_CUTS = (("A directory: people of an organisation", "$ dxa -C site recipients list --container"),)
#: What the scene says when it has a server.
SERVER = "runs an OpenLDAP server"


def excerpt() -> str:
    """The users that are deleted by mistake, and the postoffice that comes back from its backup."""
    return _parts(CUTS)


def ccmail() -> str:
    """The ten steps of a cycle with cc:Mail, and an export that has shrunk."""
    return _parts(CCMAIL_CUTS)


def directory() -> str:
    """The people of a directory everywhere, and everybody in it."""
    return _parts(DIRECTORY_CUTS)


def server() -> str | None:
    """How the directory is linked when it is in a server; None where no server can be started."""
    return _parts(SERVER_CUTS) if SERVER in _shown() else None


def _parts(cuts: Sequence[tuple[str, str]]) -> str:
    return fenced("\n\n[…]\n\n".join(_cut(_shown(), *ends) for ends in cuts), "text")


@cache
def _shown() -> str:
    """What the demo prints."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", "import sys; from dxa.cli import main; sys.exit(main())", "demo", "demo"]
        done = subprocess.run(
            command, capture_output=True, text=True, env=console.terminal(), check=False, cwd=Path(folder)
        )
    if done.returncode:
        raise RuntimeError(f"the demo cannot go on:\n{done.stderr}")
    return re.sub(r"[ ]+$", "", done.stdout, flags=re.MULTILINE)


def _cut(text: str, first: str, last: str) -> str:
    part = text[text.index(first) :]
    return part[: part.index(f"\n{last}")].rstrip()
