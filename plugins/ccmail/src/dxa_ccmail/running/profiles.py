"""Which programs and files belong to a post office's database version.

KB Q168465, Q233164, Q248195, Q251360, Q255627: a DB6 post office takes Import 5.15 and Export 5.14, without a resource
file; DB8 takes Import/Export 6.0 or later and IE.RI; 8.5 has programs for 32 bits and Impexp.ri. It also has three
DLLs, whose names no source tells, so nobody looks for them. The setting names the version of the database, not that of
the programs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import attrs

from dxa_ccmail.running.events import Program
from dxa_ccmail.running.files import find

Version = Literal["", "DB6", "DB8", "8.5"]


@attrs.frozen
class Profile:
    """The files of one version: a program for each of the two, and what both need beside them."""

    programs: dict[Program, str]
    resources: tuple[str, ...] = ()


_DOS = {Program.EXPORT: "EXPORT.EXE", Program.IMPORT: "IMPORT.EXE"}

PROFILES: dict[str, Profile] = {
    "DB6": Profile(_DOS),
    "DB8": Profile(_DOS, ("IE.RI",)),
    "8.5": Profile({Program.EXPORT: "EXPORT32.EXE", Program.IMPORT: "IMPORT32.EXE"}, ("IMPEXP.RI",)),
}


def missing(version: Version, program: Program, folder: Path) -> str:
    """The first file that the program needs and that the folder lacks, in whatever case; ``""`` when all are there."""
    profile = PROFILES.get(version)
    if profile is None:
        return ""
    wanted = (profile.programs[program], *profile.resources)
    return next((name for name in wanted if find(folder, name) is None), "")
