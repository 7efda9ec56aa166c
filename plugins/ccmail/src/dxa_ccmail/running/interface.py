"""What the connector sees of EXPORT and IMPORT, whoever runs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Protocol

import attrs

from dxa.config.secrets import Secret
from dxa.connector import Fault
from dxa_ccmail.running.events import REFUSED, SUCCESS, Event


class Kind(Enum):
    """What is exported (KB Q295753, step 1)."""

    DIRECTORY = "directory"
    LISTS = "lists"
    BOARDS = "boards"


class Mode(Enum):
    """What an import file is for; deletes are imported before adds (KB Q295753, steps 7 and 8)."""

    DELETE = "delete"
    ADD = "add"


#: The names of the files (KB Q295753).
EXPORT_NAMES = {Kind.DIRECTORY: "CCMDIR.EXP", Kind.LISTS: "CCMLIST.EXP", Kind.BOARDS: "CCMBB.EXP"}
IMPORT_NAMES = {Mode.DELETE: "CCMDEL.IMP", Mode.ADD: "CCMDIR.IMP"}


@attrs.frozen(kw_only=True)
class Login:
    """How the programs get at the post office: its name, its password, and its path as they see it.

    `folder` is the same place as dxa sees it; None when it cannot see it, and then nothing of it is checked.
    """

    postoffice: str
    password: Secret | None = None
    path: str = ""
    folder: Path | None = None


@attrs.frozen(kw_only=True)
class Exported:
    """One good export: whole files, as far as each by itself can show that it is whole.

    `counts` is how many entries the program itself says that it has written, where it says so. `console` is what it
    said, without the password.
    """

    files: Mapping[Kind, bytes]
    event: Event
    code: int = SUCCESS
    console: str = ""
    counts: Mapping[Kind, int] = attrs.field(factory=dict)
    receipt: str = ""


class State(Enum):
    """What became of an import file."""

    #: There was nothing in it, so the program was not run.
    NOTHING = "nothing"
    #: The program has run.
    DONE = "done"
    #: It lies where somebody else imports it; see `Programs.results`.
    POSTED = "posted"


@attrs.frozen(kw_only=True)
class Imported:
    """What became of an import file; `undeliverable` is what the program refused, as `dxa_ccmail.undeliverable` reads.

    `code` and `event` are None unless `state` is DONE.
    """

    mode: Mode
    state: State
    code: int | None = None
    event: Event | None = None
    console: str = ""
    undeliverable: bytes = b""
    receipt: str = ""

    @property
    def applied(self) -> bool:
        """Whether everything was applied but for what was refused: exit code 0 or 5."""
        return self.state is not State.DONE or self.code in (SUCCESS, REFUSED)


class Programs(Protocol):
    """EXPORT and IMPORT of one post office.

    All methods raise `TransportError` for files that cannot be reached. Where programs are run here, `export` and
    `import_` raise `LockedError` while one of them still runs.
    """

    def export(self) -> Exported | None:
        """The exports as they are now; None when somebody else makes them and no new one is complete (`warnings`).

        Raises:
            RunError: a program failed, or left a file that is absent, empty or cut: nothing of it is returned.
        """

    def import_(self, data: bytes, mode: Mode) -> Imported:
        """Have these bytes imported. Without any, nothing is imported, and what was left before is withdrawn.

        Deletes come first: `Mode.DELETE` withdraws both files that were left for somebody else.

        Raises:
            RunError: IMPORT was not run, or not to a good end; some of the file may have been applied.
        """

    def results(self) -> Sequence[Imported]:
        """What became of the files that were left for somebody else; whatever the code, it is told and not raised.

        The same ones come again until `settle` gets their receipts.
        """

    def settle(self, receipts: Sequence[str]) -> None:
        """What these stand for is committed: take the files away unless they are new ones by now. Repeatable."""

    def faults(self) -> Iterable[Fault]:
        """What keeps the programs from running, as far as can be seen without running them; changes nothing."""

    def warnings(self) -> Sequence[str]:
        """What an administrator should look at, such as why no export was taken."""
