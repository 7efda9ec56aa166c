"""What is found in an export, as a report says it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

import attrs

from dxa.entry import Reject, Transaction
from dxa_ccmail import entries
from dxa_ccmail.kept import Cursor
from dxa_ccmail.names import fold
from dxa_ccmail.record import Record
from dxa_ccmail.titles import Title


@attrs.frozen(kw_only=True)
class Titles:
    """The titles that were exported, and what of them cannot be read.

    `counted` when EXPORT itself has said how many lists and boards there are: then none can have been cut off.
    """

    lists: Sequence[str] = ()
    boards: Sequence[str] = ()
    rejects: Sequence[Reject] = ()
    counted: bool = False

    @classmethod
    def of(cls, lists: Iterable[Title | Reject], boards: Iterable[Title | Reject], *, counted: bool = False) -> Titles:
        """The titles as they were read."""
        one, other = list(lists), list(boards)
        return cls(
            lists=[title.name for title in one if isinstance(title, Title)],
            boards=[title.name for title in other if isinstance(title, Title)],
            rejects=[title for title in (*one, *other) if isinstance(title, Reject)],
            counted=counted,
        )

    def may_be_cut(self, last: Cursor) -> bool:
        """Whether a title of the last export is missing, and nothing says that it is gone.

        No layout of these files is known that would show a cut between two titles, or a file that was emptied.
        """
        before, now = (last.lists, last.boards), (self.lists, self.boards)
        missing = (set(map(fold, old)) - set(map(fold, new)) for old, new in zip(before, now, strict=True))
        return not self.counted and any(missing)

    @property
    def digest(self) -> str:
        """Equal titles have equal digests, whatever their order."""
        parts = sorted(self.lists), sorted(self.boards), sorted(reject.raw for reject in self.rejects)
        return blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def by_name(self) -> entries.Titles:
        """The titles by folded name."""
        return entries.Titles(
            lists={fold(title): title for title in self.lists}, boards={fold(title): title for title in self.boards}
        )


@attrs.frozen(kw_only=True)
class Findings:
    """What is to be said of an export: a full list when `whole`, else changes.

    `unknown` are labels that nobody knows, with the line where each was met first. `doubt` is why the next export has
    to agree before anybody is deleted or written; empty when the export is whole and a new one.
    """

    cursor: Cursor
    whole: bool = False
    transactions: Sequence[Transaction] = ()
    marked: frozenset[str] = frozenset()
    rejects: Sequence[Reject] = ()
    remarks: Sequence[Reject] = ()
    doubt: str = ""
    unknown: Mapping[str, int] = attrs.field(factory=dict)

    @property
    def counted(self) -> bool:
        """Whether who is missing is gone."""
        return not self.doubt


# The doubts.
NOT_WHOLE = "nothing shows that it is whole and a new one"
TITLES_MISSING = "titles of lists or boards are missing, and nothing shows that they are gone"
STRANDED = "a post office is gone, and entries behind it are there"


def remark(record: Record, why: str) -> Reject:
    """Why a record that can be read is no entry."""
    return Reject(0, 0, f"{record.name} · {record.locn} · {record.addr}", 0, f"{record.name.strip()!r}: {why}")
