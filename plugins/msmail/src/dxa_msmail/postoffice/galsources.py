"""What the global address list is made of: the postoffice's own list, those of other postoffices and of gateways.

The names of a list that cannot be read are those that the global list has of it: a damaged file removes nobody, and is
named (dx:T-204, dx:T-241). So with a file that is gone or empty, for a list without names has one record without a name
(`names.write_usr`). A postoffice or gateway that is no longer defined takes its names with it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import compress
from typing import TypeVar

import attrs

from dxa.errors import FormatError, TransportError
from dxa_msmail.addresses import MS
from dxa_msmail.errors import message as error_text
from dxa_msmail.postoffice import layout
from dxa_msmail.postoffice.accessrecords import ACCESS, AccessRecord
from dxa_msmail.postoffice.accessrecords import columns as columns_of
from dxa_msmail.postoffice.columns import BYTES, read_columns
from dxa_msmail.postoffice.galset import GAL, Rows, lowered, prefix_of, read_set
from dxa_msmail.postoffice.grouprecords import read_groups
from dxa_msmail.postoffice.maildata import Files
from dxa_msmail.postoffice.names import (
    EXTERNAL,
    HEAD,
    NETPO,
    NmeRecord,
    UsrRecord,
    gateway_files,
    read_address_columns,
    read_netpo,
)
from dxa_msmail.postoffice.pol import NAMES as ADMIN
from dxa_msmail.postoffice.pol import SHADOW
from dxa_msmail.postoffice.shelves import Place, places

T = TypeVar("T")

NO_POSTOFFICE, NO_NAME, NO_ADDRESS, NO_LIST, NO_ACCESS = 32, 46, 48, 201, 203
_LIST = re.compile(r"[0-9A-F]{8}\.USR")


@attrs.frozen
class Problem:
    """What was wrong with a source: the error's number, the file, and what was found and done."""

    number: int
    file: str
    text: str

    @property
    def is_information(self) -> bool:
        """Whether nothing is wrong: a postoffice may have no list (KB Q96004 #201)."""
        return self.number == NO_LIST


@attrs.define
class Sources:
    """All lists of a postoffice; what is wrong with them is in `problems` when all parts have been taken."""

    files: Files
    problems: list[Problem] = attrs.field(factory=list)
    _before: Rows | None = None

    def parts(self) -> Iterator[Rows]:
        """The postoffice's own users and groups, the other lists by name, and what else is in its own list.

        Raises `FormatError` 40 and `TransportError` when nobody can tell which lists there are.
        """
        lists = places(self.files)
        own = self._part(ADMIN, lambda: self._own({name: kind for kind, name in lists}), lambda rows: rows.owns)
        far = [kind == EXTERNAL for kind in own.kinds]
        yield own.only([not each for each in far])
        for _, place in sorted(lists.items()):
            yield self._listed(place)
        yield own.only(far)
        self._tell_strays({place.file for place in lists.values()})

    def _tell_strays(self, known: Collection[str]) -> None:
        """Lists that no postoffice has: where one has lost its definition its names go, but never silently."""
        for file in (f"USR/{name}" for name in self.files.names("USR") if _LIST.fullmatch(name)):
            if file not in known and _has_names(self.files, file):
                text = f"{file}: {error_text(NO_POSTOFFICE)}; its names are left out; define the postoffice again"
                self.problems.append(Problem(NO_POSTOFFICE, file, f"{text}, or restore NETWORK.GLB and XTN"))

    def _listed(self, place: Place) -> Rows:
        prefix = lowered([prefix_of((place.type, place.list))])[0]
        read = _gateway if place.is_gateway else _postoffice

        def belongs(rows: Rows) -> list[bool]:
            pairs = zip(lowered(rows.texts), rows.owns, strict=True)
            return [text.startswith(prefix) and not own for text, own in pairs]

        return self._part(place.file, lambda: read(self.files, place), belongs)

    def _own(self, kinds: Mapping[str, str]) -> Rows:
        """The postoffice's own list, or its shadow (KB Q85647); `kinds` are the address types of other postoffices."""
        try:
            return _own_list(self.files, ADMIN, kinds)
        except (FormatError, TransportError) as error:
            try:
                rows = _own_list(self.files, SHADOW, kinds)
            except (FormatError, TransportError):
                raise error from None
            self._tell(error, ADMIN, f"its copy {SHADOW} is taken")
            return rows

    # -- what can be wrong -----------------------------------------------------------------------------------------

    def _part(self, file: str, read: Callable[[], Rows | None], belongs: Callable[[Rows], Sequence[bool]]) -> Rows:
        """What is read, or what the global list has when there is nothing that can be read."""
        problem: FormatError | TransportError | None = None
        try:
            rows = read()
        except (FormatError, TransportError) as error:
            rows, problem = None, error
        if rows is not None:
            return self._complete(file, rows)
        before = self._stored()
        kept = before.only(belongs(before))
        if problem is None and not kept:
            if file.startswith("USR/"):
                self.problems.append(Problem(NO_LIST, file, f"{file}: {error_text(NO_LIST)}"))
            return kept
        problem = problem or layout.corrupt(file, 0, "size", "at least one record", "no file")
        self._tell(problem, file, f"the names that the global list has of it are kept ({len(kept)}); {_repair(file)}")
        return kept

    def _complete(self, file: str, rows: Rows) -> Rows:
        """The rows that have what they need; the others are counted, but for the one that says that there is none."""
        if all(rows.names) and all(rows.texts):
            return rows
        known = [
            (bool(name), bool(text) or kind != EXTERNAL)
            for name, text, kind in zip(rows.names, rows.texts, rows.kinds, strict=True)
        ]
        counts = Counter(known)
        for number, missing in ((NO_NAME, (False, True)), (NO_ADDRESS, (True, False))):
            if counts[missing]:
                text = f"{file}: {error_text(number)}; {counts[missing]} records are left out; {_repair(file)}"
                self.problems.append(Problem(number, file, text))
        return rows.only([pair == (True, True) for pair in known])

    def _stored(self) -> Rows:
        """The global list as it is; nobody when it is damaged, too."""
        if self._before is None:
            try:
                self._before = read_set(self.files)
            except (FormatError, TransportError) as error:
                self._before = Rows()
                self._tell(error, GAL, "no names can be kept from it; it is built anew")
        return self._before

    def _tell(self, error: FormatError | TransportError, file: str, done: str) -> None:
        number = NO_ACCESS
        if isinstance(error, FormatError):
            number, file = error.code or number, error.source or file
        text = str(error).replace(f"[{number}] ", "", 1)
        self.problems.append(Problem(number, file, f"{text}; {done}"))


def _repair(file: str) -> str:
    return "restore it from a backup" if file == ADMIN else "ask the directory server for a full import"


# -- reading one list; None when there is none ---------------------------------------------------------------------


def _postoffice(files: Files, place: Place) -> Rows | None:
    data = files.read(place.file)
    if data is None:
        return None
    if not data:
        raise layout.corrupt(place.file, 0, "size", "at least one record", "nothing")
    columns = read_columns(UsrRecord, data, place.file, encoding=BYTES)
    prefix = prefix_of((place.type, place.list))
    texts = [mailbox and prefix + mailbox for mailbox in columns["mailbox"]]
    return _external(columns["name"], texts, place.mailbag, columns["tid"])


def _has_names(files: Files, file: str) -> bool:
    try:
        return any(read_columns(UsrRecord, files.read(file) or b"", file, encoding=BYTES)["name"])
    except (FormatError, TransportError):
        return True


def _gateway(files: Files, place: Place) -> Rows | None:
    nme, glb = gateway_files(place.type)
    names, data = files.read(nme), files.read(glb)
    if names is None and data is None:
        return None
    if data is None:
        raise layout.corrupt(glb, 0, "size", f"the addresses of the names in {nme}", "no file")
    addresses = read_address_columns(data, glb, encoding=BYTES)
    if not names and addresses.offsets:
        raise layout.corrupt(nme, 0, "size", f"the names of {len(addresses.offsets)} addresses in {glb}", "nothing")
    columns = read_columns(NmeRecord, names or b"", nme, encoding=BYTES)
    prefix = prefix_of((place.type, ""))
    known = dict(zip(addresses.offsets, addresses.addresses, strict=True))
    found = [_pointed(known, pointer, nme, n, glb) for n, pointer in enumerate(columns["pointer"])]
    texts = [address and prefix + address for address in found]
    return _external(columns["name"], texts, place.mailbag, columns["tid"])


def _own_list(files: Files, name: str, kinds: Mapping[str, str]) -> Rows:
    """The postoffice's own list. Gateways' addresses in it, which NETPO has no room for, are those of their lists."""
    data = files.read(name)
    if data is None:
        raise layout.corrupt(name, 0, "size", "the names of the postoffice's users", "nothing")
    columns = read_columns(NmeRecord, data, name, encoding=BYTES)
    netpo = read_netpo(files.read(NETPO) or HEAD, NETPO)
    texts, numbers = [""] * len(columns["pointer"]), list(columns["pointer"])
    elsewhere = set()
    for n, (kind, pointer) in enumerate(zip(columns["kind"], columns["pointer"], strict=True)):
        if kind == EXTERNAL:
            row = _pointed(netpo, pointer, name, n, NETPO)
            full = f"{row.network}/{row.postoffice}"
            texts[n] = prefix_of((kinds.get(full.casefold(), MS.name), f"{full}/{row.mailbox}"))[:-1]
            numbers[n] = row.mailbag
            if not row.postoffice:
                elsewhere.add(n)
    missing = _own_tids(files) - set(columns["tid"])
    if missing:
        raise layout.corrupt(name, len(data), "names", "all users and groups", f"all but {len(missing)} of them")
    rows = Rows(columns["kind"], [True] * len(texts), columns["name"], texts, numbers, columns["tid"])
    return rows.only([n not in elsewhere for n in range(len(rows))]) if elsewhere else rows


def _own_tids(files: Files) -> set[int]:
    """The tuple ids of the postoffice's users and groups, who must be in its own list (KB Q119240).

    None of those whose file cannot be read: whoever looks for them says what is wrong with it.
    """
    found: set[int] = set()
    with suppress(FormatError):
        users = columns_of(AccessRecord, files.read(ACCESS) or b"", ACCESS)
        found.update(compress(users["tid"], users["active"]))
    with suppress(FormatError):
        found.update(group.tid for group, _ in read_groups(files) if not group.deleted)
    return found


def _pointed(rows: Mapping[int, T], pointer: int, source: str, n: int, target: str) -> T:
    """The row that the n-th name leads to."""
    row = rows.get(pointer)
    if row is None:
        table = layout.layout_of(NmeRecord)
        at = n * table.size + table.spots["pointer"].at
        raise layout.corrupt(source, at, "pointer", f"the offset of a record of {target}", str(pointer))
    return row


def _external(names: Sequence[str], texts: Sequence[str], mailbag: int, tids: Sequence[int]) -> Rows:
    count = len(names)
    return Rows([EXTERNAL] * count, [False] * count, names, texts, [mailbag] * count, tids)
