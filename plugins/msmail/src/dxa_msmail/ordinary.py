"""The ordinary lines of an Import text: adds and deletes of Microsoft Mail addresses, all in order.

Nearly all lines of a long text are such, so they are taken apart by one regular expression, and made into transactions
column by column. `dxa_msmail.importtext` reads the other lines, and would read these in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import repeat
from operator import itemgetter

from dxa.bulk import made, shared
from dxa.entry import Entry, Transaction, Verb
from dxa.errors import AddressError
from dxa_msmail.addresses import check_pair

#: What `rows_of` says of one line: number, text behind it, code, name, address, list; and all of another line.
Row = tuple[str, str, str, str, str, str, str]

# [0-9]+ and not \d: `int` would read the digits of every script, MS Mail does not. A name with a colon may look like an
# address type.
_ORDINARY = (
    r"(([AD]) ([^\x00-\x20:\x7f\ud800-\udfff](?:[^\x00-\x1f:\x7f\ud800-\udfff]{0,28}[^\x00-\x20:\x7f\ud800-\udfff])?)"
    r"(?:\t| +)(?:PCM|pcm|MS|ms|CSI|csi):(([^\W_]{1,10}/[^\W_]{1,10})/[^\W_]{1,10}))"
)
_NUMBERED = re.compile(rf"^(?:([0-9]{{1,10}}) {_ORDINARY}|(.*))$", re.MULTILINE)
_PLAIN = re.compile(rf"^(?:(){_ORDINARY}|(.*))$", re.MULTILINE)
_OTHER = re.compile(r"^()()()()()()(.*)$", re.MULTILINE)
_LIST = itemgetter(5)
_VERBS = {"A": Verb.ADD, "D": Verb.DELETE}


def rows_of(text: str, *, numbered: bool, fast: bool) -> tuple[list[Row], list[bool]]:
    """All lines of a text, and which of them are ordinary; without `fast` none is."""
    rows: list[Row] = ((_NUMBERED if numbered else _PLAIN) if fast else _OTHER).findall(text)
    lists = list(map(_LIST, rows))
    usable = {list_: _is_usable(list_) for list_ in set(lists)}
    return rows, list(map(usable.__getitem__, lists))


def _is_usable(list_: str) -> bool:
    """Whether there is a list, and its network and postoffice may be that."""
    try:
        check_pair(*list_.split("/"))
    except (AddressError, TypeError):
        return False
    return True


def line_of(row: Row) -> str:
    """The line as it was."""
    number, text, *_, other = row
    return other or (f"{number} {text}" if number else text)


def transactions_of(rows: Sequence[Row]) -> list[Transaction]:
    """What ordinary lines say."""
    if not rows:
        return []
    numbers, texts, codes, names, addresses, lists, _ = zip(*rows, strict=True)
    # All addresses at once are folded many times as fast as one by one.
    keys = [f"MS:{address}" for address in "\n".join(addresses).casefold().split("\n")]
    entries = list(made(Entry, keys, repeat("MS"), shared(lists), names, addresses, repeat(()), repeat("")))
    verbs = map(_VERBS.__getitem__, codes)
    olds: Iterable[Entry | None] = repeat(None)
    news: Iterable[Entry | None] = entries
    if "D" in codes:
        olds = [entry if code == "D" else None for code, entry in zip(codes, entries, strict=True)]
        news = [None if code == "D" else entry for code, entry in zip(codes, entries, strict=True)]
    return list(made(Transaction, [int(number or 0) for number in numbers], verbs, olds, news, texts))
