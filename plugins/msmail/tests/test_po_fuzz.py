"""Generated inputs for every codec: bytes that are refused in clear words, or kept to the last one.

Two demands, for two kinds of formats:

- **Files of a postoffice** are bytes with one meaning. An input is refused with a `FormatError` that names file,
  offset, field, expected and got, or its value is written as the same bytes.
- **Texts** (Import text, message bodies, message files, subjects) are read whatever their blanks, line ends and
  spellings. An input is refused with a `FormatError`, and a line of it with a reject, that tells place, code and what
  was found; or the written form of its value is a fixed point: read and written again it is the same bytes.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import random
import re
import struct
import zlib
from binascii import crc_hqx
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import attrs
import pytest

from dxa.address import AddressTypes
from dxa.entry import Entry
from dxa.errors import FormatError
from dxa.ledger.answer import Cut, Pick
from dxa.ledger.view import Line
from dxa_msmail import dirsyncbody, ffapi, importtext, postoffice, subjects
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.postoffice import (
    accessrecords,
    dirsyncconf,
    galindex,
    galset,
    grouprecords,
    identity,
    inf,
    journal,
    layout,
    mailbag,
    mailfiles,
    names,
    process,
    queue,
    seen,
    served,
    slots,
    templates,
)
from dxa_msmail.postoffice.catalog import KINDS
from dxa_msmail.postoffice.columns import BYTES, read_columns, write_columns
from dxa_msmail.postoffice.maildata import MemoryFiles
from dxa_msmail.subjects import Kind, Subject

#: Each codec is tried with so many inputs in every run; the sweep tries 200,000.
INPUTS, SWEEP, PART = 1_000, 200_000, 10_000
#: The inputs of a codec follow from its name and these numbers, so that a failure can be run again.
FIRST_SEED = 20_260_000

FILE = "THE.FILE"
TYPES = AddressTypes(ADDRESS_TYPES)

Again = Callable[[bytes], tuple[bytes, bytes]]


@attrs.frozen
class Codec:
    """A format: `again` reads bytes and returns what should be equal; `repair` puts checks and sizes right again.

    For files `again` returns the bytes and those that are written, for texts what is written at first and then again.
    """

    name: str
    samples: Sequence[bytes]
    again: Again
    repair: Callable[[bytes], bytes] = bytes
    sources: tuple[str, ...] = (FILE,)
    is_text: bool = False
    #: Whether MS Mail has numbers for all that can be wrong.
    is_coded: bool = False


# -- inputs --------------------------------------------------------------------------------------------------------


def _flip(data: bytearray, chance: random.Random, _samples: Sequence[bytes]) -> None:
    for _ in range(chance.randint(1, 4)):
        if data:
            data[chance.randrange(len(data))] = chance.choice((0, 1, 0x20, 0x7F, 0xFF, chance.randrange(256)))


def _cut(data: bytearray, chance: random.Random, _samples: Sequence[bytes]) -> None:
    del data[chance.randrange(len(data) + 1) :]


def _grow(data: bytearray, chance: random.Random, _samples: Sequence[bytes]) -> None:
    at = chance.randrange(len(data) + 1)
    data[at:at] = chance.randbytes(chance.randint(1, 60))


def _repeat(data: bytearray, chance: random.Random, _samples: Sequence[bytes]) -> None:
    start = chance.randrange(len(data) + 1)
    data[start:start] = data[start : start + chance.randint(1, 130)]


def _blank(data: bytearray, chance: random.Random, _samples: Sequence[bytes]) -> None:
    start = chance.randrange(len(data) + 1)
    end = min(len(data), start + chance.randint(1, 40))
    data[start:end] = bytes(end - start)


def _splice(data: bytearray, chance: random.Random, samples: Sequence[bytes]) -> None:
    other = chance.choice(samples)
    start, at = chance.randrange(len(other) + 1), chance.randrange(len(data) + 1)
    data[at : at + chance.choice((0, 0, 2, 10))] = other[start : start + chance.randint(1, 40)]


_CHANGES = (_flip, _flip, _flip, _cut, _grow, _repeat, _blank, _splice, _splice)


def inputs(codec: Codec, seed: int, count: int) -> Iterator[bytes]:
    """So many inputs: the samples, changed ones (half of them with their checks put right again), and pure noise."""
    chance = random.Random(f"{codec.name} {seed}")
    yield from codec.samples
    for _ in range(count - len(codec.samples)):
        data = bytearray(chance.choice(codec.samples))
        if chance.random() < 0.02:
            data = bytearray(chance.randbytes(chance.randint(0, 300)))
        for _ in range(chance.randint(1, 3)):
            chance.choice(_CHANGES)(data, chance, codec.samples)
        yield codec.repair(bytes(data)) if chance.random() < 0.5 else bytes(data)


def fault(codec: Codec, data: bytes) -> str:
    """What is wrong with the way in which an input is taken; empty when it is as it should be."""
    try:
        expected, got = codec.again(data)
    except FormatError as error:
        return _unclear(codec, error)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "" if expected == got else f"expected\n{expected!r}\ngot\n{got!r}"


def _unclear(codec: Codec, error: FormatError) -> str:
    """What an error does not tell."""
    words = {"place": error.offset >= 0 or error.line > 0, "what was found": ": expected " in str(error) or error.got}
    if codec.is_coded:
        words["code"] = error.code
    if not codec.is_text:
        words |= {"file": error.source in codec.sources, "field": error.field, "expected": error.expected}
    missing = [word for word, is_there in words.items() if not is_there]
    return f"the error does not tell {', '.join(missing)}: {error}" if missing else ""


def _try(codec: Codec, seed: int, count: int) -> None:
    for number, data in enumerate(inputs(codec, seed, count)):
        found = fault(codec, data)
        assert "" == found, f"{codec.name}, seed {seed}, input {number}\n{data!r}\n{found}"


# -- records -------------------------------------------------------------------------------------------------------


def _record_classes() -> list[type[Any]]:
    """Every record class of the postoffice's modules."""
    found = {}
    for module in pkgutil.iter_modules(postoffice.__path__, f"{postoffice.__name__}."):
        for _, cls in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if isinstance(vars(cls).get("layout"), layout.Layout):
                found[cls.__name__] = cls
    return list(found.values())


def _random_record(cls: type[Any], chance: random.Random) -> Any:
    """A record with any values in its fields."""
    values: dict[str, Any] = {}
    for name, spot in layout.layout_of(cls).spots.items():
        if spot.kind == "flag":
            values[name] = chance.random() < 0.5
        elif spot.kind == "text":
            size = chance.choice((0, 1, 8, spot.size - 1))
            text = bytes(chance.randrange(1, 256) for _ in range(min(size, spot.size - 1)))
            values[name] = text.decode(layout.CODE_PAGE)
        elif spot.kind in ("number", "signed number", "bytes"):
            values[name] = spot.unpack(chance.randbytes(spot.size))
    return cls(**values)


def _records(cls: type[Any], count: int, seed: int = 0) -> list[Any]:
    chance = random.Random(f"{cls.__name__} {seed}")
    return [_random_record(cls, chance) for _ in range(count)]


def _checked(cls: type[Any], data: bytes, *, head: int = 0) -> bytes:
    """Whole records only, each with its right check."""
    spec, made = layout.layout_of(cls), bytearray(data)
    if len(data) >= head:
        del made[len(data) - (len(data) - head) % spec.size :]
    if spec.check:
        at = spec.spots[spec.check].at
        for start in range(head, len(made), spec.size):
            made[start + at : start + at + 4] = bytes(4)
            made[start + at : start + at + 4] = zlib.crc32(made[start : start + spec.size]).to_bytes(4, "little")
    return bytes(made)


def _record_codec(cls: type[Any]) -> Codec:
    def again(data: bytes) -> tuple[bytes, bytes]:
        return data, layout.encode_all(layout.decode_all(cls, data, source=FILE))

    one, *others = (layout.encode(value) for value in [cls(), *_records(cls, 3)])
    return Codec(cls.__name__, [b"", one, *others, one + others[0]], again, partial(_checked, cls))


# -- files of records ----------------------------------------------------------------------------------------------


def _stored(name: str, read: Callable[[Any], Any], write: Callable[[Any, Any], None], data: bytes) -> bytes:
    """The bytes of a file after its value was read and written."""
    new = MemoryFiles()
    write(new, read(MemoryFiles({name: data})))
    return new.files[name]


def _configurations() -> Iterator[Codec]:
    """MASTER, REQCONF, SRVCONF, PROCESS."""
    master = layout.encode(identity.Master(network="NET", postoffice="PO", server="NET/HUB"))
    conf = layout.encode(dirsyncconf.Reqconf(server="NET/HUB", types="PCM|SMTP", last=7))
    requestors = (dirsyncconf.Requestor(name="PCM:NET/PO", req=3), dirsyncconf.Requestor(name="SMTP"))
    zone = slots.parse_zone("Europe/Berlin")
    entries = (
        process.weekly(1, process.T1, slots.Slot(1330), 762301500, zone=zone, comment="nightly"),
        process.weekly(2, process.T3, slots.Slot(0), 0, zone=slots.parse_zone("")),
    )
    files = MemoryFiles()
    dirsyncconf.write_srvconf(files, dirsyncconf.Srvconf(requestors=requestors))
    process.write_process(files, process.Process(entries=entries))

    def codec(name: str, read: Any, write: Any, samples: list[bytes], repair: Callable[[bytes], bytes]) -> Codec:
        return Codec(name, samples, lambda data: (data, _stored(name, read, write, data)), repair, (name,))

    checked = partial(_checked, identity.Master)
    yield codec(identity.MASTER, identity.identity, identity.write_identity, [master], checked)
    checked = partial(_checked, dirsyncconf.Reqconf)
    yield codec(dirsyncconf.REQCONF, dirsyncconf.read_reqconf, dirsyncconf.write_reqconf, [conf], checked)
    served = files.files[dirsyncconf.SRVCONF]
    yield codec(
        dirsyncconf.SRVCONF,
        dirsyncconf.read_srvconf,
        dirsyncconf.write_srvconf,
        [served, layout.encode(dirsyncconf.ServerHead())],
        partial(_counted, dirsyncconf.ServerHead, dirsyncconf.Requestor, "requestors"),
    )
    planned = files.files[process.PROCESS]
    yield codec(
        process.PROCESS,
        process.read_process,
        process.write_process,
        [planned, bytes(512), layout.encode(process.ScheduleHead())],
        partial(_counted, process.ScheduleHead, process.ProcessEntry, "entries"),
    )


def _counted(head: type[Any], cls: type[Any], counter: str, data: bytes) -> bytes:
    """A head with the right number of records, and records with their checks."""
    size = layout.layout_of(head).size
    if len(data) < size:
        return data
    made = bytearray(_checked(cls, data, head=size))
    count = (len(made) - size) // layout.layout_of(cls).size
    at = layout.place(head, counter)
    made[at : at + 4] = count.to_bytes(4, "little")
    return _checked(head, bytes(made[:size])) + bytes(made[size:])


def _users() -> Iterator[Codec]:
    """The three parts of ACCESS: all fields at once are read, single records are written."""
    for name, cls in accessrecords.PARTS:

        def again(data: bytes, cls: type[Any] = cls) -> tuple[bytes, bytes]:
            columns = accessrecords.columns(cls, data, FILE)
            records = layout.decode_all(cls, data, source=FILE)
            spots = [spot for spot in layout.layout_of(cls).spots if spot not in ("mark", "check")]
            assert [[*columns[spot]] for spot in spots] == [[getattr(each, spot) for each in records] for spot in spots]
            return data, layout.encode_all(records)

        yield Codec(name, [b"", layout.encode_all(_records(cls, 3))], again, partial(_checked, cls))


def _groups() -> Iterator[Codec]:
    """GROUP and GRPMEM, each with another that has the same tuple ids; chains of members, and MEM files."""
    ours, folders = _records(grouprecords.GroupRecord, 3), _records(grouprecords.GrpmemRecord, 3)
    pairs = [(ours[n], attrs.evolve(folders[n], tid=ours[n].tid)) for n in range(3)]
    files = grouprecords.write_groups(pairs)

    def again(name: str, cls: type[Any], other: str, cls_of_other: type[Any], data: bytes) -> tuple[bytes, bytes]:
        places = range(layout.place(cls, "tid", head=4), len(data) - 3, layout.layout_of(cls).size)
        records = [cls_of_other(tid=int.from_bytes(data[at : at + 4], "little")) for at in places]
        there = layout.encode_all(records, layout.MARK if other == grouprecords.GROUP and records else bytes(4))
        return data, grouprecords.write_groups(grouprecords.read_groups(MemoryFiles({name: data, other: there})))[name]

    group = (grouprecords.GROUP, grouprecords.GroupRecord)
    folder = (grouprecords.GRPMEM, grouprecords.GrpmemRecord)
    for one, two in ((group, folder), (folder, group)):
        repair = partial(_checked, one[1], head=4)
        yield Codec(one[0], [files[one[0]], bytes(4)], partial(again, *one, *two), repair, (one[0], two[0]))

    def chains(data: bytes) -> tuple[bytes, bytes]:
        ends = [at for at in range(8, len(data) - 7, 8) if data[at + 4 : at + 8] == bytes(4)]
        starts = [at for at in (8, *(end + 8 for end in ends)) if at < len(data)]
        files = MemoryFiles({grouprecords.CHAINS: data, grouprecords.CHAINS_SHADOW: data})
        return data, grouprecords.write_chains(grouprecords.read_chains(files, starts))[0]

    samples = [grouprecords.write_chains(members)[0] for members in ([], [[7]], [[1, 2, 3], [4], [5, 6]])]
    yield Codec("GRP", samples, chains, lambda data: data[: len(data) // 8 * 8], (grouprecords.CHAINS,))

    def members(data: bytes) -> tuple[bytes, bytes]:
        return data, grouprecords.write_mem(grouprecords.read_mem(data, FILE))

    yield Codec("MEM", [b"", grouprecords.write_mem(range(1, 9))], members)


def _lists() -> Iterator[Codec]:
    """Lists of names and addresses, as rows and as columns of bytes; the global list."""
    nme = layout.encode_all([names.NmeRecord(kind=2, name="Jörg"), *_records(names.NmeRecord, 3)])
    usr = layout.encode_all([names.UsrRecord(name="Ann", mailbox="ann"), *_records(names.UsrRecord, 3, 1)])
    netpo = layout.encode_all(_records(names.NetpoRecord, 3), names.HEAD)
    glb, offsets = names.write_addresses([names.AddressRow("jo@example.com", 1, 2), names.AddressRow("", 3, 4)] * 2)

    def rows(read: Any, write: Any) -> Again:
        return lambda data: (data, write(read(data, FILE)))

    def columns(cls: type[Any]) -> Again:
        def again(data: bytes) -> tuple[bytes, bytes]:
            found = read_columns(cls, data, FILE, encoding=BYTES)
            del found["mark"]
            return data, write_columns(cls, found, encoding=BYTES)

        return again

    def addresses(data: bytes) -> tuple[bytes, bytes]:
        _, *found = names.read_address_columns(data, FILE, encoding=BYTES)
        return data, names.write_address_columns(*found, encoding=BYTES)[0]

    yield Codec("NME", [b"", nme], rows(names.read_nme, names.write_nme), partial(_checked, names.NmeRecord))
    yield Codec("NME as columns", [b"", nme], columns(names.NmeRecord), partial(_checked, names.NmeRecord))
    yield Codec("USR", [usr, names.write_usr(())], rows(names.read_usr, names.write_usr), _usr_repaired)
    yield Codec("USR as columns", [b"", usr], columns(names.UsrRecord), partial(_checked, names.UsrRecord))
    yield Codec(
        "NETPO",
        [names.HEAD, netpo],
        rows(names.read_netpo, lambda found: names.write_netpo(found.values())[0]),
        partial(_checked, names.NetpoRecord, head=4),
    )
    yield Codec(
        "addresses",
        [names.HEAD, glb],
        rows(names.read_addresses, lambda found: names.write_addresses(found.values())[0]),
    )
    yield Codec("addresses as columns", [names.HEAD, glb], addresses)

    own = names.NameRow(names.LOCAL, "Own", 1, 1)
    listed = names.write_nme([own, *(names.NameRow(names.EXTERNAL, f"Name {at}", at, at) for at in offsets)])

    def global_list(data: bytes) -> tuple[bytes, bytes]:
        known = {galset.GAL: data, galset.GALNETPO: glb}
        first = galset.write_set(galset.read_set(MemoryFiles(known)))
        again = galset.write_set(galset.read_set(MemoryFiles(first)))
        return b"".join(first.values()), b"".join(again.values())

    repair = partial(_checked, names.NmeRecord)
    yield Codec("the global list", [listed, listed[:45]], global_list, repair, (galset.GAL, galset.GALNETPO))
    index = galindex.build_index(["Ann van Alst", "9 Lives", "de Boer"], 45)
    yield Codec(
        galindex.GALINDEX,
        [index, galindex.build_index([], 45)],
        lambda data: (data, galindex.write_index(*galindex.read_index(data))),
        lambda data: data[: len(data) - (len(data) - 208) % 6],
        (galindex.GALINDEX,),
    )


def _usr_repaired(data: bytes) -> bytes:
    made = _checked(names.UsrRecord, data)
    return made or names.write_usr(())


# -- templates, mail -----------------------------------------------------------------------------------------------

_TEMPLATE = templates.ListTemplate(("Phone:~1~12~A~~", "a comment", "City:~1~20~A~~C:", "phone~1~4~A~~"))


def _templates() -> Iterator[Codec]:
    """TPL: bytes are kept, and lines are, when it is written anew; INF."""
    tpl = [templates.render(_TEMPLATE), "Büro:~10~25~~A~tel \r\nFax:~1~2~A~~\n\x1a".encode(layout.CODE_PAGE)]
    yield Codec("TPL", tpl, lambda data: (data, templates.render(templates.parse(data))))

    def anew(data: bytes) -> tuple[bytes, bytes]:
        first = templates.render(templates.ListTemplate(templates.parse(data).lines))
        return first, templates.render(templates.ListTemplate(templates.parse(first).lines))

    yield Codec("TPL written anew", tpl, anew)
    values = {7: (("Phone:", "635 7022"),), 9: (("Phone:", "1"), ("City:", "Köln")), 8: (("City:", "Bonn"),)}
    some = inf.write_inf(_TEMPLATE, values)
    size = inf.record_size(_TEMPLATE)

    def again(data: bytes) -> tuple[bytes, bytes]:
        stored = inf.read_inf(data, _TEMPLATE, FILE)
        return data, inf.write_inf(_TEMPLATE, stored.values, made=stored.made)

    def repair(data: bytes) -> bytes:
        return (some[: inf.HEAD] + data[inf.HEAD :])[: max(0, len(data) - inf.HEAD) // size * size + inf.HEAD]

    yield Codec("INF", [some, inf.write_inf(_TEMPLATE, {}, made=True)], again, repair)


def _summed(head: type[Any], counter: str, used: Callable[[bytes], int], data: bytes) -> bytes:
    """A head with the right size and CRC of what follows it, and its own check; `used` are bytes counted elsewhere."""
    size = layout.layout_of(head).size
    if len(data) < size:
        return data
    made = bytearray(data)
    rest = max(0, len(data) - size - used(data))
    for name, value in ((counter, rest), ("crc", zlib.crc32(data[size:]))):
        at = layout.place(head, name)
        made[at : at + 4] = value.to_bytes(4, "little")
    return _checked(head, bytes(made[:size])) + bytes(made[size:])


def _letters() -> Iterator[Codec]:
    """MAI, ATT, P1, mailbags, digests."""
    mai = mailfiles.Mai(
        head=mailfiles.MaiHead(count=2, day=22, month=3, year=1994),
        sender="NET/PO/ANN",
        subject="Grüße",
        priority="5",
        to=("NET/PO/BOB", "SMTP:jo@example.com"),
        extra=(("X-Trace", "1"),),
        attachments=(mailfiles.Reference("0000000A", 7),),
        trace=("NET/PO",),
        body=b"text\r\n\0more",
    )

    def word(cls: type[Any], field: str, size: int) -> Callable[[bytes], int]:
        at = layout.place(cls, field)
        return lambda data: int.from_bytes(data[at : at + size], "little")

    yield Codec(
        "MAI",
        [
            mailfiles.write_mai(mai),
            mailfiles.write_mai(attrs.evolve(mai, to=(), extra=(), attachments=(), trace=(), body=b"")),
        ],
        lambda data: (data, mailfiles.write_mai(mailfiles.read_mai(data, FILE))),
        partial(_summed, mailfiles.MaiHead, "body", word(mailfiles.MaiHead, "texts", 4)),
    )
    yield Codec(
        "ATT",
        [mailfiles.write_att("A.TXT", b"some bytes")[0], mailfiles.write_att("", b"")[0]],
        lambda data: (data, mailfiles.write_att(*mailfiles.read_att(data, FILE)[:2])[0]),
        partial(_summed, mailfiles.AttHead, "size", word(mailfiles.AttHead, "name", 2)),
    )
    yield Codec(
        "P1",
        [mailfiles.write_p1(mailfiles.P1("NET/PO/ANN", ("NET/PO/BOB", "SMTP:jo@x")))],
        lambda data: (data, mailfiles.write_p1(mailfiles.read_p1(data, FILE))),
        partial(_summed, mailfiles.P1Head, "size", lambda _data: 0),
    )
    yield Codec("KEY and MBG", _mailbags(), _mailbag, sources=("KEY/X.KEY", "MBG/X.MBG"))

    def digests(data: bytes) -> tuple[bytes, bytes]:
        files = MemoryFiles()
        for digest, stamp in seen.taken(MemoryFiles({seen.SEEN: data})):
            seen.remember(files, digest, stamp)
        return (data, files.files[seen.SEEN]) if files.files else (data, none)

    def repaired(data: bytes) -> bytes:
        if len(data) < 32:
            return data
        data = data[: 32 + (len(data) - 32) // 20 * 20]
        head = seen.SeenHead(count=(len(data) - 32) // 20, crc=zlib.crc32(data[32:]))
        return _checked(seen.SeenHead, layout.encode(head)[:16] + data[16:32]) + data[32:]

    none = layout.encode(seen.SeenHead())
    files = MemoryFiles()
    seen.remember(files, [f"{n:032X}" for n in range(3)], 762301500)
    yield Codec(seen.SEEN, [files.files[seen.SEEN], none], digests, repaired, (seen.SEEN,))


def _server() -> Iterator[Codec]:
    """What a directory server remembers."""

    def repaired(data: bytes) -> bytes:
        head = served.ServedHead(length=len(data[32:]), crc=zlib.crc32(data[32:]))
        return _checked(served.ServedHead, layout.encode(head)[:16] + data[16:32]) + data[32:]

    def again(data: bytes) -> tuple[bytes, bytes]:
        return data, data[:32] + _stored(served.SERVED, served.read_served, served.write_served, data)[32:]

    yield Codec(served.SERVED, [_server_sample()], again, repaired, (served.SERVED,))


def _server_sample() -> bytes:
    files = MemoryFiles()
    full = served.Served(sync=9, head=4, last_row=1, last_recipient=2)
    full.carry("MS", "NET/PO")
    pick = Pick(types=frozenset({"MS", "SMTP"}), templates=True)
    cuts, prints = [Cut(5, 3, pick), Cut(9, 4, pick)], {1: "0123456789abcdef", 2: ""}
    full.memos["net/po"] = served.Memo(pick=pick, reply_to="NET/PO/$SYSTEM", cuts=cuts, prints=prints)
    entry = Entry("MS:net/po/ann", "MS", "NET/PO", "Ann é", "NET/PO/ANN", (("Phone:", "12"),))
    full.told["net/po"] = {1: entry}
    full.lines = [Line(2, "MS", "", "NET/PO", "Ann001", "NET/PO/ANN", entry.fields, "net/po", "Ann")]
    served.write_served(files, full)
    return files.files[served.SERVED]


def _mailbags() -> list[bytes]:
    headers = [
        attrs.evolve(each, mark=layout.MARK, stem=f"{n:08X}") for n, each in enumerate(_records(mailbag.Header, 4))
    ]
    key = mailbag.Key(new=2, unread=2, mark=layout.MARK, deleted=bytes((0b1010, *bytes(511))))
    return [layout.encode(key) + layout.encode_all(headers), bytes(560)]


def _mailbag(data: bytes) -> tuple[bytes, bytes]:
    """A KEY and its MBG behind each other: the headers that are live are those of the MBG, a bad stem aside."""
    key, mbg = data[:560], data[560:]
    files = MemoryFiles({"KEY/X.KEY": key, "MBG/X.MBG": mbg})
    live = dict(mailbag.headers(files, "X"))
    every = layout.decode_all(mailbag.Header, mbg)
    assert mailbag.depth(files, "X") == len(live)
    expected = {n: each for n, each in enumerate(every) if not key[48 + n // 8] >> n % 8 & 1}
    assert expected == {n: attrs.evolve(each, stem=every[n].stem) for n, each in live.items()}
    assert {each.stem for each in live.values()} <= {each.stem.upper() for each in every} | {mailbag.NO_LETTER}
    return data, layout.encode(layout.decode(mailbag.Key, key)) + layout.encode_all(every)


# -- queues, the journal -------------------------------------------------------------------------------------------

_TRANSACTIONS = (
    "A Martin, Robert\tPCM:NET/PO/RMARTIN",
    "M Ann                            PCM:NET/PO/ANN\r\n  Müller, Ann                    PCM:NET/PO/ANN\r\n"
    "- Phone:/635 7022",
    "D Lab\tSMTP:ann@lab",
    "R X400:",
    "R PCM:NET/PO",
    "T PROFS:VM/NODE\r\n Phone:~1~2~A~~",
    "M George Jones\r\n- City//ST:/ /Any/",
    "A Kim, Hal\tMHS:hal@lab",
    "A Far\tFAX:Ann~Oslo~Lab~604",
)
_REASON = re.compile(rf"{re.escape(FILE)}: .+: record (\d+) at byte (\d+), (\w+): expected (.+), got (.+)", re.DOTALL)


def _queue(data: bytes) -> tuple[bytes, bytes]:
    """A bad record is the refusal; the records before it are those of the bytes before it."""
    found = queue.read_queue(data, FILE)
    for bad in found.bad:
        words = _REASON.fullmatch(bad.reason)
        assert words, f"the reason is unclear: {bad.reason}"
        assert (bad.index, bad.offset) == (int(words[1]), int(words[2])) == (len(found.records), bad.offset)
        assert data[: bad.offset] == queue.write_queue(found.records)
        raise FormatError("bad record", source=FILE, offset=bad.offset, field=words[3], expected=words[4], got=words[5])
    return data, queue.write_queue(found.records)


def _queue_repaired(data: bytes) -> bytes:
    made, at = bytearray(data), 0
    while at + queue.HEAD_SIZE < len(made):
        (length,) = struct.unpack_from("<I", made, at + 8)
        length = min(length, len(made) - at - queue.HEAD_SIZE) or 1
        end = at + queue.HEAD_SIZE + length
        made[at + 8 : at + 12] = length.to_bytes(4, "little")
        made[end - 1] = 0
        made[at : at + 2] = crc_hqx(made[at + 2 : end], 0).to_bytes(2, "little")
        at = end
    return bytes(made)


def _queued(data: bytes) -> tuple[bytes, bytes]:
    """The transactions of a queue, written as a queue and once more."""

    def again(data: bytes) -> bytes:
        found = queue.transactions(queue.read_queue(data).records, TYPES)
        _look_at_rejects(found, may_be_blank=True)
        return queue.write_queue(queue.queued(found.transactions, 0, definitions=found.templates))

    first = again(data)
    return first, again(first)


def _queues() -> Iterator[Codec]:
    records = [queue.QueueRecord(n, 762301500, text) for n, text in enumerate(_TRANSACTIONS, 1)]
    texts = [queue.write_queue(records), queue.write_queue(records[:2]), queue.write_queue([queue.dummy(5, 0)])]
    yield Codec("queue", [b"", *texts], _queue, _queue_repaired)
    yield Codec("queued transactions", texts, _queued, _queue_repaired, is_text=True, is_coded=True)
    steps = [
        journal.Move("rename", "5A6F00120000.NEW", "0BD69BD8", "E93A1F02", "GLB/MASTER.GLB"),
        journal.Move("remove", journal.NONE, "7B8B8D0C", journal.NONE, "P1/00000062.P1"),
        journal.Move("raise", *[journal.NONE] * 3, "GLB/FLAG.GLB"),
    ]
    nothing = journal.write_journal([])

    def repair(data: bytes) -> bytes:
        _, _, body = data.partition(b"\n")
        return nothing.replace(b"00000000", f"{zlib.crc32(body):08X}".encode()) + body

    yield Codec(
        "journal",
        [journal.write_journal(steps), nothing],
        lambda data: (data, journal.write_journal(journal.read_journal(data, FILE))),
        repair,
    )


# -- texts ---------------------------------------------------------------------------------------------------------


def _look_at_rejects(records: importtext.Records, *, may_be_blank: bool = False) -> None:
    for reject in records.rejects:
        assert reject.line > 0, f"a reject without a line: {reject}"
        assert reject.code > 0, f"a reject without a code: {reject}"
        assert reject.raw or may_be_blank, f"a reject without what was found: {reject}"


def _texts() -> Iterator[Codec]:
    """Import text with and without numbers, the section of a body, bodies, message files, subjects."""
    numbered = "".join(f"{n:010d} {text}\r\n" for n, text in enumerate(_TRANSACTIONS, 1)).encode(layout.CODE_PAGE)
    plain = "".join(f"{text}\r\n" for text in _TRANSACTIONS).encode(layout.CODE_PAGE)
    section = b"[DIRSYNC-TRANSACTIONS]\r\n"
    for name, samples, read, write in (
        ("Import text", [plain, plain[:37]], importtext.read, importtext.write),
        (
            "numbered Import text",
            [numbered, numbered[:48]],
            partial(importtext.read, numbered=True),
            partial(importtext.write, numbered=True, layout="tabs"),
        ),
        (
            "section of transactions",
            [section + numbered, section],
            dirsyncbody.read_transactions,
            dirsyncbody.write_transactions,
        ),
    ):
        yield Codec(name, samples, partial(_import_text, read, write), is_text=True, is_coded=True)
    yield Codec("body", _BODIES, _body, is_text=True, is_coded=True)
    yield Codec("message file", _MESSAGES, _message, is_text=True)
    yield Codec("subject", [text.encode() for text in _SUBJECTS], _subject, is_text=True, is_coded=True)


def _import_text(read: Any, write: Any, data: bytes) -> tuple[bytes, bytes]:
    found = read(data, types=TYPES)
    _look_at_rejects(found)
    first = write(found.transactions, definitions=found.templates)
    again = read(first, types=TYPES)
    assert [] == again.rejects, f"what was written is not read: {again.rejects}"
    assert [row._replace(raw="") for row in found.transactions] == [row._replace(raw="") for row in again.transactions]
    return first, write(again.transactions, definitions=again.templates)


_BODIES = (
    b"[DIRSYNC]\r\nTASK=IMPORTREQ\r\nNAME=PCM:MACNET/MACPO\r\nTYPES=PCM|CSI|profs\r\nTEMPLATE=NO\r\n"
    b"SRVSEQ=0000000644\r\nPASSWORD=secret\r\nTRANSACTIONS=INATTACHMENT\r\n",
    b"[dirsync]\ntask=export\nreqname=PCM:net/po\nlimit=1000\nREQSEQ=5\nREQWAS=3\nX-Extra=a\na line\n"
    b"transactions=inbody\n\n[dirsync-transactions]\n1200 A Martin, Robert PCM:net/po/rmartin\n",
    b"\r\n[DIRSYNC]\rTASK=UPDATE\rCOUNT=4\rVERSION=3.2\r",
)


def _body(data: bytes) -> tuple[bytes, bytes]:
    first = dirsyncbody.write_profile(dirsyncbody.parse_profile(data))
    return first, dirsyncbody.write_profile(dirsyncbody.parse_profile(first))


_MESSAGES = (
    b"VERSION:3.00\r\nTO:CSI:net/po/$system\r\nFROM:CSI:macnet/macpo/manager\r\nDATE:1994-04-04\r\nTIME:09:12\r\n"
    b"SUBJECT:Directory Exchange Profile\r\nPRIORITY:5\r\nATTACHMENTS:REQTRANS.TXT 4\r\nATTACHMENTS:EMPTY.LOG 0\r\n"
    b"TEXT:11\r\n[DIRSYNC]\r\n\x00\r\n1",
    b"TO:a\rTo:FAX:Ann^0DOslo\rFROM:b\rX-Trace:1:2\rXATTACH:00000001.ATT list of users\rXTEXT:BODY.TXT\r",
    b"TO: *SPECIAL(PROFLIST)\nFROM: $SPECIAL GATENET/PROFS30\nDATE: 05-14-93\nTEXT: 2\n\r\n\x1a",
)


def _message(data: bytes) -> tuple[bytes, bytes]:
    def again(data: bytes) -> bytes:
        return b"".join(ffapi.write(each, end=ffapi.line_end(data)) for each in ffapi.parse_all(data))

    first = again(data)
    return first, again(first)


_SUBJECTS = (
    "ReqTx R=5 (was 3), S=80, I=1 2 sent",
    "$SYSTEM SrvTx R = 5 S=84 (was 80) I=1 4 sent",
    "REQTX R=5(was 3)....2 sent",
    "SrvTx R=3 S=87298 (was 0), I=2 15603 sen",
    "Status report from NET/PO",
    "Directory Exchange Profile",
    "Hello",
)


def _subject(data: bytes) -> tuple[bytes, bytes]:
    """A subject is cut to its length, so no number is read from it that was not written; else it is a fixed point."""

    def written(found: Subject | None) -> str:
        if found is None or found.kind is Kind.PROFILE:
            return found.kind.value if found else ""
        if found.kind is Kind.STATUS:
            return subjects.status_subject(found.sender)
        write = subjects.request_subject if found.kind is Kind.REQUEST else subjects.reply_subject
        return write(found.numbers)

    found = subjects.parse_subject(data.decode(layout.CODE_PAGE))
    first = written(found)
    again = subjects.parse_subject(first)
    if found is not None and again is not None and len(first) == subjects.SUBJECT_LENGTH:
        told = {name: value or 0 for name, value in attrs.asdict(found.numbers).items()}
        assert {} == {k: v for k, v in attrs.asdict(again.numbers).items() if v is not None and v != told[k]}
        assert (found.kind, found.sender[:10]) == (again.kind, again.sender[:10])
        return b"", b""
    return first.encode(layout.CODE_PAGE), written(again).encode(layout.CODE_PAGE)


# -- the tests -----------------------------------------------------------------------------------------------------

RECORDS = [_record_codec(cls) for cls in _record_classes()]
MAKERS = (_configurations, _users, _groups, _lists, _templates, _letters, _server, _queues, _texts)
CODECS = [*RECORDS, *(codec for made in MAKERS for codec in made())]


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
def test_generated_inputs(codec: Codec) -> None:
    """Every input is refused in clear words or comes back: a file byte by byte, a text in its written form."""
    _try(codec, FIRST_SEED, INPUTS)


@pytest.mark.sweep
@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
def test_many_generated_inputs(codec: Codec) -> None:
    """The same for 200,000 inputs of each codec."""
    for part in range(SWEEP // PART):
        _try(codec, FIRST_SEED + 1 + part, PART)


#: They refuse nothing: every byte of a template is kept, and what is no subject of ours is none.
TOTAL = {"TPL", "TPL written anew", "subject", "Import text", "numbered Import text", "queued transactions"}


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
def test_inputs_reach_both_ends(codec: Codec) -> None:
    """The generator makes inputs that are taken and others that are refused, so that both ways are tried."""
    taken = refused = 0
    for data in inputs(codec, FIRST_SEED, 400):
        try:
            codec.again(data)
            taken += 1
        except FormatError:
            refused += 1

    assert taken > 2 * len(codec.samples)
    assert (codec.name in TOTAL) == (refused == 0)


#: The codecs of the catalog's kinds of files that are more than records; logs and letters set aside are for people.
WHOLE = {
    "srvconf": dirsyncconf.SRVCONF,
    "process": process.PROCESS,
    "queue": "queue",
    "group": grouprecords.GROUP,
    "grpmem": grouprecords.GRPMEM,
    "grp": "GRP",
    "mem": "MEM",
    "netpo": "NETPO",
    "galnetpo": "addresses as columns",
    "gateway": "addresses",
    "galindex": galindex.GALINDEX,
    "mai": "MAI",
    "att": "ATT",
    "p1": "P1",
    "tpl": "TPL",
    "inf": "INF",
    "seen": seen.SEEN,
    "served": served.SERVED,
    "journal": "journal",
}


def test_no_file_of_the_catalog_is_forgotten() -> None:
    """Each record that the catalog names has a codec, and each kind of file that is more than records."""
    more = {kind.name for kind in KINDS if not kind.record or kind.head or kind.parts} - {"log", "aside"}

    assert set() == {cls.__name__ for kind in KINDS for cls in kind.classes} - {codec.name for codec in RECORDS}
    assert (more, set()) == (WHOLE.keys(), {*WHOLE.values()} - {codec.name for codec in CODECS})


def test_a_repaired_record_differs_in_its_check_only() -> None:
    """So inputs get past the check, and what lies behind it is tried, too."""
    codec = next(codec for codec in RECORDS if codec.name == "Reqconf")
    data = bytearray(codec.samples[1])
    data[300] ^= 1
    fixed = codec.repair(bytes(data))
    at = layout.place(dirsyncconf.Reqconf, "check")

    assert {n for n, (a, b) in enumerate(zip(data, fixed, strict=True)) if a != b} <= set(range(at, at + 4)) != set()
