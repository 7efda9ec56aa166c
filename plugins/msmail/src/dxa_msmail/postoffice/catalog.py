"""Every file of a postoffice: where it lies, what it is, how long it is, and the records in it.

`dxa dump` and the page of the format go by this table. The sizes are the rules that KB Q77926 gives for checking a
postoffice; the layouts of the records say themselves which of their bytes are documented, and which are ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import attrs

from dxa_msmail.postoffice import (
    accessrecords,
    dirsyncconf,
    grouprecords,
    identity,
    inf,
    layout,
    mailbag,
    mailfiles,
    names,
    networkrecords,
    process,
    queue,
    seen,
    served,
)
from dxa_msmail.postoffice.layout import Basis

_SIZES = "KB Q77926"


@attrs.frozen(kw_only=True)
class FileKind:
    """One kind of file.

    `files` are patterns of names (``MAI/MA?/*.MAI``). `size` is the rule for the size in words. Files of fixed records
    have their `record`, behind a `head` (a record, too, or so many bytes). What `parts` are there besides, and how they
    follow each other, only `dxa_msmail.podump` and the page of the format know. `form` says how the form is known of
    files without any record.
    """

    name: str
    title: str
    files: tuple[str, ...]
    size: str
    source: str = _SIZES
    head: type[Any] | int = 0
    record: type[Any] | None = None
    parts: tuple[type[Any], ...] = ()
    form: Basis | None = None

    @property
    def bases(self) -> list[Basis]:
        """All the ways in which its bytes are known, marks and checks left aside."""
        spots = [spot for record in self.classes for spot in layout.layout_of(record).spots.values()]
        found = {spot.basis for spot in spots if spot.kind not in ("mark", "check")} | {self.form}
        return [basis for basis in Basis if basis in found]

    @property
    def places(self) -> tuple[str, ...]:
        """The last folder and the name of each pattern."""
        return tuple("/".join(name.split("/")[-2:]) for name in self.files)

    @property
    def head_size(self) -> int:
        """Where the first record begins."""
        return self.head if isinstance(self.head, int) else layout.layout_of(self.head).size

    @property
    def is_marked(self) -> bool:
        """Whether bytes without our mark are refused; GROUP.GLB has it in front, for its records have no room."""
        return self.name == "group" or any(map(marked, self.classes))

    @property
    def classes(self) -> tuple[type[Any], ...]:
        """All records that are found in the file, in their order."""
        head = () if isinstance(self.head, int) else (self.head,)
        return (*head, *((self.record,) if self.record else ()), *self.parts)

    def holds(self, name: str) -> bool:
        """Whether a file of that name (``GLB/MASTER.GLB``) is of this kind."""
        return any(fnmatchcase(name, pattern) for pattern in self.files)


def one(name: str, file: str, record: type[Any], title: str = "") -> FileKind:
    """A file that is one record."""
    spec = layout.layout_of(record)
    size = f"{spec.size} bytes"
    return FileKind(name=name, title=title or spec.title, files=(file,), size=size, source=spec.source, record=record)


def many(name: str, title: str, files: str | tuple[str, ...], record: type[Any], head: type[Any] | int = 0) -> FileKind:
    """A file of any number of records behind a head."""
    spec = layout.layout_of(record)
    patterns = (files,) if isinstance(files, str) else files
    before = head if isinstance(head, int) else layout.layout_of(head).size
    size = f"{before} + n × {spec.size} bytes" if before else f"n × {spec.size} bytes"
    return FileKind(name=name, title=title, files=patterns, size=size, source=spec.source, head=head, record=record)


# -- the table -----------------------------------------------------------------------------------------------------

_GATEWAYS = tuple(f"GLB/{kind}.GLB" for kind in names.GATEWAY_LISTS)

#: Names of more than one kind's patterns are of the first.
KINDS: tuple[FileKind, ...] = (
    one("master", identity.MASTER, identity.Master),
    one("control", identity.CONTROL, identity.Control),
    one("tid", identity.TID, identity.Tid),
    one("flag", "GLB/FLAG.GLB", identity.Flag),
    one("rnetsem", identity.RNETSEM, identity.Rnetsem),
    one("global", identity.GLOBAL, identity.Global),
    one("modem", identity.MODEM, identity.Modem),
    many("server", "Dynamic drives", identity.SERVER, identity.Server),
    one("reqconf", dirsyncconf.REQCONF, dirsyncconf.Reqconf),
    many("srvconf", "Server configuration", dirsyncconf.SRVCONF, dirsyncconf.Requestor, dirsyncconf.ServerHead),
    many("process", "Schedule", process.PROCESS, process.ProcessEntry, process.ScheduleHead),
    FileKind(
        name="queue",
        title="Transaction queue",
        files=(
            "GLB/*TRANS.GLB",
            "GLB/IUSRTRAN.GLB",
            "GLB/INMETRAN.GLB",
            "GLB/RESYNC.GLB",
            "GLB/???UPDS.GLB",
            "DXA/RESYNC/*.GLB",
        ),
        size="any; 0 when it is empty, REQTRANS.GLB has 49 bytes after an acknowledgement",
        source="KB Q96060, Q133428, Q119449",
        parts=(queue.QueueHead,),
    ),
    many("access", "Local users", accessrecords.ACCESS, accessrecords.AccessRecord),
    many("access2", "Local users, second part", accessrecords.ACCESS2, accessrecords.Access2Record),
    many("access3", "Local users, third part", accessrecords.ACCESS3, accessrecords.Access3Record),
    many("group", "Groups", grouprecords.GROUP, grouprecords.GroupRecord, 4),
    many("grpmem", "Group folders", grouprecords.GRPMEM, grouprecords.GrpmemRecord, 4),
    FileKind(
        name="grp",
        title="Members of groups, as chains",
        files=(grouprecords.CHAINS, grouprecords.CHAINS_SHADOW),
        size="n × 8 bytes, n > 0; eight zeros when there is no group",
        source="KB Q77926, Q107767",
        form=Basis.DOCUMENTED,
    ),
    FileKind(
        name="mem",
        title="Local members of a group",
        files=("MEM/*.MEM",),
        size="n × 4 bytes, up to 2000",
        form=Basis.DOCUMENTED,
    ),
    many("network", "Networks and gateways", networkrecords.NETWORK, networkrecords.Network),
    many("xtn", "Postoffices of a network", "XTN/*.XTN", networkrecords.Postoffice),
    many("nme", "Names of an address list", "NME/*.NME", names.NmeRecord),
    many("usr", "Names of an external postoffice", "USR/*.USR", names.UsrRecord),
    many("netpo", "External addresses of the postoffice's own list", "GLB/NETPO.GLB", names.NetpoRecord, 4),
    FileKind(
        name="galnetpo",
        title="External addresses of the global address list",
        files=("GLB/GALNETPO.GLB",),
        size="4 bytes and records, each with its size in front",
        source="KB Q96060, Q135486, Q116436",
        parts=(names.AddressHead,),
    ),
    FileKind(
        name="galindex",
        title="Index of the global address list",
        files=("GLB/GALINDEX.GLB",),
        size="52 × 4 + n × 6 bytes, about 2.5 entries for each name",
        source="KB Q86375",
        form=Basis.DOCUMENTED,
    ),
    FileKind(
        name="gateway",
        title="Addresses of a gateway's list",
        files=_GATEWAYS,
        size="4 bytes and records, each with its size in front",
        source="KB Q123856, Q119240, Q102300",
        parts=(names.AddressHead,),
    ),
    many("mbg", "Mailbag: headers of the mail in it", "MBG/*.MBG", mailbag.Header),
    one("key", "KEY/*.KEY", mailbag.Key, "Mailbag: which headers are deleted"),
    FileKind(
        name="mai",
        title="Letter",
        files=("MAI/MA?/*.MAI", "DXA/BAD/*.MAI"),
        size="not published, encrypted; in ours the head says it",
        source="KB Q104423, Q130322, Q108027",
        parts=(mailfiles.MaiHead,),
    ),
    FileKind(
        name="att",
        title="Attachment of a letter",
        files=("ATT/AT?/*.ATT", "DXA/BAD/*.AT?"),
        size="not published, encrypted; in ours the head says it",
        source="KB Q77926, Q130322",
        parts=(mailfiles.AttHead,),
    ),
    FileKind(
        name="p1",
        title="Envelope of a letter",
        files=("P1/*.P1", "DXA/BAD/*.P1"),
        size="not published; in ours the head says it",
        source="KB Q77628, Q100826",
        parts=(mailfiles.P1Head,),
    ),
    FileKind(
        name="tpl",
        title="Template of an address list",
        files=("TPL/*.TPL",),
        size="text",
        source="KB Q87432, Q112913, Q117927",
        form=Basis.DOCUMENTED,
    ),
    FileKind(
        name="inf",
        title="Template values of an address list",
        files=("INF/*.INF",),
        size="records whose size the TPL gives, encrypted; ours have a head of 16 bytes",
        source="KB Q77926, Q117927",
        parts=(inf.InfHead,),
    ),
    FileKind(
        name="log",
        title="Log",
        files=("LOG/*.LOG",),
        size="text",
        source="KB Q96060, Q149271",
        form=Basis.DOCUMENTED,
    ),
    FileKind(
        name="seen",
        title="Digests of the mail that was taken",
        files=(seen.SEEN,),
        size="32 + n × 20 bytes",
        source="none: dxa's own file",
        parts=(seen.SeenHead,),
    ),
    FileKind(
        name="served",
        title="What a directory server remembers",
        files=(served.SERVED,),
        size="32 bytes and JSON, whose size the head says",
        source="none: dxa's own file",
        parts=(served.ServedHead,),
    ),
    FileKind(
        name="journal",
        title="What an interrupted change has still to do",
        files=("DXA/JOURNAL",),
        size="text",
        source="none: dxa's own file",
        form=Basis.OURS,
    ),
    FileKind(
        name="aside",
        title="A letter that was set aside, and why",
        files=("DXA/BAD/*.MSG", "DXA/BAD/*.EML", "DXA/BAD/*.WHY"),
        size="text",
        source="none: dxa's own files",
        form=Basis.OURS,
    ),
)


def find(name: str) -> FileKind | None:
    """What kind of file has this name, in upper case; None for a file that no program here writes or reads."""
    return next((kind for kind in KINDS if kind.holds(name)), None)


def marked(record: type[Any]) -> bool:
    """Whether the layout of a record is ours, so that each one carries our mark."""
    return bool(layout.layout_of(record).mark)


def gaps(record: type[Any]) -> Iterator[tuple[int, int]]:
    """Places and sizes of the bytes that no field covers: they are zeros in new records, and kept in old ones."""
    spec = layout.layout_of(record)
    at = 0
    for spot in spec.spots.values():
        if spot.at > at:
            yield at, spot.at - at
        at = spot.at + spot.size
    if at < spec.size:
        yield at, spec.size - at
