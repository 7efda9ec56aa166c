"""What the files of a postoffice say of each other: pairs that belong together, hexids and offsets that lead somewhere.

A file that cannot be read is passed over here, for `dxa_msmail.postoffice.soundness` has named it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

import attrs

from dxa.errors import DxaError, FormatError
from dxa_msmail.postoffice import accessrecords, galindex, layout, mailbag, mailfiles, names, pol
from dxa_msmail.postoffice.columns import BYTES, read_columns
from dxa_msmail.postoffice.galset import GAL, GALNETPO
from dxa_msmail.postoffice.groupbook import Groups
from dxa_msmail.postoffice.grouprecords import CHAINS, GROUP, GroupRecord
from dxa_msmail.postoffice.maildata import Files
from dxa_msmail.postoffice.networkbook import Networks
from dxa_msmail.postoffice.networkrecords import HOSTS, KINDS, NETWORK, Network, Postoffice
from dxa_msmail.postoffice.soundness import Problem, problem_of
from dxa_msmail.postoffice.userbook import Users

P = ParamSpec("P")
R = TypeVar("R")

NETPO = "GLB/NETPO.GLB"
#: Mailbags of mail that is to be moved on, as its envelopes say.
_MOVED = (mailbag.INQUEUE, mailbag.INQUEUE3)
#: Networks whose postoffices have lists of users.
_LISTED = frozenset({KINDS["MS"], *(KINDS[host] for host in HOSTS)})


@attrs.define
class References:
    """The files under their names, and the hexids that have a mailbag."""

    files: Files
    names: Sequence[str]
    there: set[str] = attrs.field(init=False)
    bags: set[str] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.there = set(self.names)
        self.bags = set(self._stems("MBG")) & set(self._stems("KEY"))

    def problems(self) -> Iterator[Problem]:
        """Everything that leads nowhere, and what should be equal and is not."""
        yield from self._pairs()
        yield from self._users()
        yield from self._networks()
        yield from self._own_list()
        yield from self._lists()
        yield from self._letters()

    def _stems(self, folder: str) -> list[str]:
        heads = [name.partition("/") for name in self.names]
        return [last.rpartition(".")[0] for top, _, last in heads if top == folder]

    def _in(self, folder: str) -> list[str]:
        return [name for name in self.names if name.startswith(f"{folder}/")]

    def _data(self, name: str) -> bytes:
        return _tried(self.files.read, name) or b""

    # -- mailbags and users ----------------------------------------------------------------------------------------

    def _pairs(self) -> Iterator[Problem]:
        for folder, other in (("MBG", "KEY"), ("KEY", "MBG")):
            for stem in self._stems(folder):
                if stem not in self.bags:
                    missing = f"{other}/{stem}.{other}"
                    text = f"it belongs to {missing}, which is missing; restore both, or empty both"
                    yield Problem(f"{folder}/{stem}.{folder}", -1, text)

    def _users(self) -> Iterator[Problem]:
        sizes = {name: layout.layout_of(cls).size for name, cls in accessrecords.PARTS}
        counts = {name: len(self._data(name)) // size for name, size in sizes.items()}
        most = max(counts.values())
        for name, count in counts.items():
            if count != most:
                expected = f"{most} users, as in the others"
                yield problem_of(layout.corrupt(name, count * sizes[name], "size", expected, str(count)), name)
        spot = layout.layout_of(accessrecords.AccessRecord).spots["hexid"]
        for at, user in self._records(accessrecords.AccessRecord, accessrecords.ACCESS):
            if user.active and user.hexid not in self.bags:
                yield Problem(accessrecords.ACCESS, at + spot.at, f"{user.mailbox} has no mailbag {user.hexid}")

    # -- networks --------------------------------------------------------------------------------------------------

    def _networks(self) -> Iterator[Problem]:
        spots = layout.layout_of(Network).spots
        known = set()
        for at, net in self._records(Network, NETWORK):
            if not net.active:
                continue
            file = f"XTN/{net.xtn}.XTN"
            known.add(file)
            if file not in self.there:
                text = f"{net.name} has its postoffices in {file}, which is missing; restore it"
                yield Problem(NETWORK, at + spots["xtn"].at, text)
            if net.mailbag and net.mailbag not in self.bags:
                yield Problem(NETWORK, at + spots["mailbag"].at, f"{net.name} has no mailbag {net.mailbag}")
        owners: Counter[str] = Counter()
        for file in self._in("XTN"):
            if file not in known:
                yield Problem(file, -1, f"no network in {NETWORK} has its postoffices here")
            yield from self._postoffices(file, owners)

    def _postoffices(self, file: str, owners: Counter[str]) -> Iterator[Problem]:
        at_hexid = layout.layout_of(Postoffice).spots["hexid"].at
        for at, post in self._records(Postoffice, file):
            if not post.active:
                continue
            full, where = f"{post.network}/{post.name}", at + at_hexid
            owners[post.hexid] += 1
            if owners[post.hexid] > 1:
                yield Problem(file, where, f"{full} has the mailbag {post.hexid} of another postoffice")
            if post.hexid not in self.bags:
                yield Problem(file, where, f"{full} has no mailbag {post.hexid}")
            if post.kind in _LISTED and names.usr_file(post.hexid) not in self.there:
                text = f"the list of {full}, {names.usr_file(post.hexid)}, is missing; have it imported in full"
                yield Problem(file, where, text)

    # -- lists -----------------------------------------------------------------------------------------------------

    def _own_list(self) -> Iterator[Problem]:
        if self._data(pol.NAMES) != self._data(pol.SHADOW):
            yield Problem(pol.SHADOW, -1, f"it is not equal to {pol.NAMES} (KB Q77926)")
        # The places of users and groups who are gone are kept.
        users = self._records(accessrecords.AccessRecord, accessrecords.ACCESS)
        groups = self._records(GroupRecord, GROUP, head=4)
        used = {
            accessrecords.ACCESS: any(user.active for _, user in users),
            GROUP: any(not group.deleted for _, group in groups),
            NETPO: self._is_longer(NETPO, 4),
        }
        yield from self._emptied(pol.NAMES, used)

    def _emptied(self, name: str, used: Mapping[str, bool]) -> Iterator[Problem]:
        """KB Q119018, Q119240 (dx:T-241): a list that was cut to nothing while what it leads to is in use."""
        if name in self.there and not self._data(name):
            for target in (target for target, is_used in used.items() if is_used):
                yield Problem(name, 0, f"it is empty, but {target} is not; restore it, or have it imported in full")

    def _is_longer(self, name: str, size: int) -> bool:
        return len(self._data(name)) > size

    def _lists(self) -> Iterator[Problem]:
        for kind in names.GATEWAY_LISTS:
            name, target = names.gateway_files(kind)
            yield from self._emptied(name, {target: self._is_longer(target, 4)})
        sizes = {GALNETPO: 4, galindex.GALINDEX: 208}
        yield from self._emptied(GAL, {target: self._is_longer(target, size) for target, size in sizes.items()})
        for name in self._in("NME"):
            yield from self._names(name)
        for name in self._in("USR"):
            columns = self._columns(names.UsrRecord, name)
            rows = zip(columns["mailbag"], columns["name"], strict=True)
            bags = [f"{number:08X}" if text else "" for number, text in rows]
            yield from self._strays(names.UsrRecord, name, "mailbag", bags, {"", *self.bags}, "no mailbag")
        yield from self._index()

    def _names(self, name: str) -> Iterator[Problem]:
        columns = self._columns(names.NmeRecord, name)
        kinds = columns["kind"]
        yield from self._strays(names.NmeRecord, name, "kind", kinds, set(_LEADS), "no kind of name")
        for kind in set(kinds) & set(_LEADS):
            ends = self._ends(kind, name.partition("/")[2].removesuffix(".NME"))
            if ends is not None:
                found = [at if each == kind else None for each, at in zip(kinds, columns["pointer"], strict=True)]
                yield from self._strays(names.NmeRecord, name, "pointer", found, {None, *ends}, _LEADS[kind])

    def _ends(self, kind: int, stem: str) -> set[int] | None:
        """Where the names of a list can lead; None when nobody looks after it.

        Personal lists keep who is gone, and the global list keeps the own users and groups until it is rebuilt.
        """
        if kind == names.EXTERNAL and (stem == "GAL" or stem in names.GATEWAY_LISTS):
            target = GALNETPO if stem == "GAL" else names.gateway_files(stem)[1]
            return set(_tried(names.read_addresses, self._data(target), target) or ())
        if f"NME/{stem}.NME" not in (pol.NAMES, pol.SHADOW):
            return None
        if kind == names.LOCAL:
            return {int(bag, 16) for bag in self.bags if _is_hexid(bag)}
        if kind == names.GROUP:
            return set(range(0, len(self._data(CHAINS)), 8))
        return set(_tried(names.read_netpo, self._data(NETPO), NETPO) or ())

    def _strays(
        self, cls: type[Any], name: str, field: str, values: Sequence[Any], known: Container[Any], text: str
    ) -> Iterator[Problem]:
        spec = layout.layout_of(cls)
        for n, value in enumerate(values):
            if value not in known:
                yield Problem(name, n * spec.size + spec.spots[field].at, f"{text}: {value}")

    def _index(self) -> Iterator[Problem]:
        size = layout.layout_of(names.NmeRecord).size
        end = len(self._data(GAL))
        found = _tried(galindex.read_index, self._data(galindex.GALINDEX))
        for n, entry in enumerate(found[1] if found else ()):
            if entry.offset % size or entry.offset >= end:
                where = 208 + 6 * n
                yield Problem(galindex.GALINDEX, where, f"no name in {GAL}: {entry.offset}; have it rebuilt")

    # -- letters ---------------------------------------------------------------------------------------------------

    def _letters(self) -> Iterator[Problem]:
        there = set(self._stems_of_letters("MAI"))
        pointers: Counter[str] = Counter()
        for bag in sorted(self.bags):
            for slot, header in _tried(mailbag.headers, self.files, bag) or ():
                pointers[header.stem] += 1
                if header.stem not in there:
                    where = slot * 116 + layout.layout_of(mailbag.Header).spots["stem"].at
                    yield Problem(mailbag.mbg_name(bag), where, f"the letter {header.stem} is missing")
                elif bag in _MOVED and mailfiles.p1_name(header.stem) not in self.there:
                    yield Problem(mailfiles.p1_name(header.stem), -1, f"it is missing: the envelope of mail in {bag}")
        attached: set[str] = set()
        for stem in sorted(there):
            yield from self._letter(stem, pointers[stem], attached)
        for name in self._in("P1"):
            if name.partition("/")[2].partition(".")[0] not in there:
                yield Problem(name, -1, "the envelope of a letter that is missing")
        for stem in self._stems_of_letters("ATT"):
            if stem not in attached:
                yield Problem(mailfiles.att_name(stem), -1, "no letter has this attachment")

    def _stems_of_letters(self, folder: str) -> list[str]:
        return [name.rpartition("/")[2].partition(".")[0] for name in self._in(folder)]

    def _letter(self, stem: str, pointers: int, attached: set[str]) -> Iterator[Problem]:
        name = mailfiles.mai_name(stem)
        mai = _tried(mailfiles.read_mai, self._data(name), name)
        if mai is None:
            return
        if mai.head.count != pointers:
            error = layout.corrupt(name, 0x0B, "count", f"{pointers} mailbags that have it", str(mai.head.count))
            yield problem_of(error, name)
        for reference in mai.attachments:
            attached.add(reference.stem)
            if mailfiles.att_name(reference.stem) not in self.there:
                yield Problem(name, -1, f"its attachment {mailfiles.att_name(reference.stem)} is missing")

    # -- reading what can be read ----------------------------------------------------------------------------------

    def _records(self, cls: type[R], name: str, *, head: int = 0) -> Iterator[tuple[int, R]]:
        """The records that are sound, with their places."""
        data, size = self._data(name), layout.layout_of(cls).size
        for at in range(head, len(data) - size + 1, size):
            found = _tried(layout.decode, cls, data, at=at)
            if found is not None:
                yield at, found

    def _columns(self, cls: type[Any], name: str) -> dict[str, Sequence[Any]]:
        empty: dict[str, Sequence[Any]] = dict.fromkeys(layout.layout_of(cls).spots, ())
        return _tried(read_columns, cls, self._data(name), name, encoding=BYTES) or empty


def unloaded(files: Files, told: Iterable[str]) -> Iterator[Problem]:
    """What else keeps programs from reading users, groups and networks, unless files of theirs have been told of."""
    for load, parts in _LOADED:
        if any(name.startswith(parts) for name in told):
            continue
        try:
            load(files)
        except FormatError as error:
            yield problem_of(error, error.source)


_LOADED: tuple[tuple[Callable[[Files], object], tuple[str, ...]], ...] = (
    (Users.load, ("GLB/ACCESS", "NME/ADMIN")),
    (Groups.load, ("GLB/GR", "GRP/", "MEM/", "NME/ADMIN")),
    (Networks.load, ("GLB/NETWORK", "GLB/MASTER", "XTN/")),
)
#: What is wrong with a name whose pointer leads nowhere.
_LEADS = {
    names.LOCAL: "no mailbag of this number",
    names.EXTERNAL: "no address at this offset",
    names.GROUP: "no member of a group at this offset",
}


def _is_hexid(stem: str) -> bool:
    try:
        return len(stem) == 8 and int(stem, 16) >= 0
    except ValueError:
        return False


def _tried(read: Callable[P, R], *args: P.args, **options: P.kwargs) -> R | None:
    try:
        return read(*args, **options)
    except DxaError:
        return None
