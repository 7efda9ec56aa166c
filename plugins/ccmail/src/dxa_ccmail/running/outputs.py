"""Whether what EXPORT has left can be an export: it must be there, have something in it, and not be cut.

Nothing in the original guards against it, and an empty list would delete every custom recipient (cc:Mail T37). What
was cut between two records cannot be seen here: see `dxa_ccmail.ending`, and `Exported.counts`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from dxa.errors import FormatError
from dxa_ccmail.ending import check_end
from dxa_ccmail.record import LABELS, Labels
from dxa_ccmail.running.interface import EXPORT_NAMES, Kind
from dxa_ccmail.runs import CTRL_Z


def problem(kind: Kind, data: bytes | None, labels: Labels = LABELS) -> str:
    """What is wrong with an export file, None being an absent one; ``""`` when nothing is.

    A post office may have no list and no board, so their files may be empty.
    """
    name = EXPORT_NAMES[kind]
    if data is None:
        return f"left no {name}"
    try:
        if kind is Kind.DIRECTORY:
            check_end(data, labels)
        elif data.strip(CTRL_Z) and not data.endswith((b"\n", CTRL_Z)):
            raise FormatError("the export ends inside a line", offset=len(data))
    except FormatError as error:
        return f"left a {name} that cannot be used: {error}"
    return ""


def counted(texts: Mapping[Kind, str], pattern: str) -> dict[Kind, int]:
    """How many entries the program says it has written, for each text in which the pattern is found."""
    found = {kind: re.search(pattern, text) for kind, text in texts.items()} if pattern else {}
    return {kind: int(match[1]) for kind, match in found.items() if match}
