"""The ordinary lines of an Import text: adds and deletes of Microsoft Mail addresses, all in order.

Nearly all lines of a long text are such, and their neighbours are of the same kind: so one regular expression finds
them by runs, and what they say is told column by column, as far as anybody asks. `dxa_msmail.importtext` reads the
other lines, and would read these in the same way.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import repeat
from typing import NamedTuple

import attrs

from dxa.bulk import made
from dxa.entry import Entry, Transaction, Verb
from dxa.errors import AddressError
from dxa_msmail.addresses import MS, check_pair

# [0-9]+ and not \d: `int` would read the digits of every script, MS Mail does not. A name with a colon may look like an
# address type.
_EDGE, _INNER = r"[^\x00-\x20:\x7f\ud800-\udfff]", r"[^\x00-\x1f:\x7f\ud800-\udfff]"
_NAME = rf"{_EDGE}(?:{_INNER}{{0,28}}{_EDGE})?(?:\t| +)"
_ELEMENT = r"[^\W_]{1,10}+"
# What begins like that below a line, also below a blank one in between, would belong to its record.
_END = r"\n(?![ \t\-&\n\x1a])"


def _runs(number: str) -> re.Pattern[str]:
    """Code, beginning of the address and list of the first line; those of the others are the same."""
    first = rf"^{number}([AD]) {_NAME}((?:PCM|pcm|MS|ms|CSI|csi):({_ELEMENT}/{_ELEMENT})/){_ELEMENT}{_END}"
    return re.compile(rf"{first}(?:{number}\1 {_NAME}\2{_ELEMENT}{_END})*+", re.MULTILINE)


_NUMBERED, _PLAIN = _runs("(?!0+ )[0-9]{1,10}+ "), _runs("")
_VERBS = {"A": Verb.ADD, "D": Verb.DELETE}


@attrs.frozen(kw_only=True)
class Run:
    """Neighbouring ordinary lines about one list that all add or all delete, as columns.

    `text` are the lines, each with its end, `first` is the number of the first one in the whole text, and `prefix` what
    their addresses begin with as they are written (``PCM:NET/PO/``). `numbered` says whether each has a sync number.
    """

    text: str
    first: int
    verb: Verb
    list: str
    prefix: str
    numbered: bool

    @cached_property
    def lines(self) -> range:
        """The places of the lines in the whole text."""
        return range(self.first, self.first + self.text.count("\n"))

    @property
    def numbers(self) -> Sequence[int]:
        """The sync numbers, 0 for none."""
        return self._numbered[0]

    @property
    def raws(self) -> Sequence[str]:
        """The lines without their numbers."""
        return self._numbered[1]

    @cached_property
    def _numbered(self) -> tuple[Sequence[int], Sequence[str]]:
        texts = self.text.removesuffix("\n").split("\n")
        if not self.numbered:
            return [0] * len(texts), texts
        numbers, _, raws = zip(*[text.partition(" ") for text in texts], strict=True)
        return list(map(int, numbers)), raws

    @property
    def counts(self) -> Counter[Verb]:
        """How many of each kind there are."""
        return Counter({self.verb: len(self.lines)})

    @cached_property
    def columns(self) -> Columns:
        """Names, keys and addresses."""
        # No name has a colon in it.
        cells = self.text.replace(self.prefix, "\n").split("\n")
        mailboxes = cells[1::2]
        # Before the name stand the number and the code, or the code alone.
        before = 2 if self.numbered else 1
        names = [head.split(" ", before)[before].rstrip("\t ") for head in cells[:-1:2]]
        key, address = f"{MS.name}:{self.list.casefold()}/", f"{self.list}/"
        # All mailboxes at once are folded many times as fast as one by one.
        keys = [key + mailbox for mailbox in "\n".join(mailboxes).casefold().split("\n")]
        return Columns(names, keys, [address + mailbox for mailbox in mailboxes])

    @cached_property
    def entries(self) -> Sequence[Entry]:
        """What the lines are about."""
        names, keys, addresses = self.columns
        return list(made(Entry, keys, repeat(MS.name), repeat(self.list), names, addresses, repeat(()), repeat("")))

    @cached_property
    def transactions(self) -> Sequence[Transaction]:
        """What the lines say."""
        sides: list[Iterable[Entry | None]] = [repeat(None), self.entries]
        olds, news = sides if self.verb is Verb.ADD else reversed(sides)
        return list(made(Transaction, self.numbers, repeat(self.verb), olds, news, self.raws))


class Columns(NamedTuple):
    """Names, keys and addresses of entries."""

    names: Sequence[str]
    keys: Sequence[str]
    addresses: Sequence[str]


def runs_of(text: str, *, numbered: bool, first: int) -> Iterator[Run | tuple[int, str]]:
    """The runs of a text, and what lies between them, each with the number of its first line (`first` for the text)."""
    text, at, line = text if text.endswith("\n") else f"{text}\n", 0, first
    usable: dict[str, bool] = {}
    for found in (_NUMBERED if numbered else _PLAIN).finditer(text):
        code, prefix, list_ = found.groups()
        if list_ not in usable:
            usable[list_] = _is_usable(list_)
        if not usable[list_]:
            continue
        if at < found.start():
            others = text[at : found.start()]
            yield line, others
            line += others.count("\n")
        run = Run(text=found[0], first=line, verb=_VERBS[code], list=list_, prefix=prefix, numbered=numbered)
        yield run
        at, line = found.end(), run.lines.stop
    if at < len(text):
        yield line, text[at:]


def _is_usable(list_: str) -> bool:
    """Whether the network and the postoffice may be that."""
    try:
        check_pair(*list_.split("/"))
    except AddressError:
        return False
    return True
