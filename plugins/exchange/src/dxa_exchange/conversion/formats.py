"""The formats of this plugin: how a file of each is known, read, and written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import attrs

from dxa.errors import FormatError
from dxa_exchange import decoders, ldif
from dxa_exchange.conversion import tables
from dxa_exchange.dialects import Name
from dxa_exchange.directory import Add, Bad, Change, Record
from dxa_exchange.dsml import dsml1, dsml2
from dxa_exchange.table55 import dump

Item = Record | Change
Refused = Callable[[object, FormatError], None]


@attrs.frozen(kw_only=True)
class Settings:
    """What is known of the files: `code_page` of tables, and the site that relative names in them are below."""

    code_page: str = ""
    base: str = ""


@attrs.frozen(kw_only=True)
class Format:
    """One format. `dialects` are those that its files may be in; the first one is usual."""

    name: str
    endings: tuple[str, ...]
    dialects: tuple[Name, ...]
    sniff: Callable[[bytes], bool]
    read: Callable[[bytes, Settings], Iterator[tuple[int, Item | Bad]]]
    write: Callable[[Sequence[Item], Settings, Refused], Iterator[bytes]]


def _read_ldif(data: bytes, _settings: Settings) -> Iterator[tuple[int, Item | Bad]]:
    return ldif.located([data])


def _write_ldif(items: Sequence[Item], _settings: Settings, refused: Refused) -> Iterator[bytes]:
    return ldif.write(_alike(items), refused=refused)


def _read_dsml1(data: bytes, _settings: Settings) -> Iterator[tuple[int, Item | Bad]]:
    yield from dsml1.located([data])


def _write_dsml1(items: Sequence[Item], _settings: Settings, refused: Refused) -> Iterator[bytes]:
    return dsml1.write(_objects(items, refused), refused=refused)


def _read_dsml2(data: bytes, _settings: Settings) -> Iterator[tuple[int, Item | Bad]]:
    return dsml2.located([data])


def _write_dsml2(items: Sequence[Item], _settings: Settings, refused: Refused) -> Iterator[bytes]:
    changes = [Add(item) if isinstance(item, Record) else item for item in items]
    return dsml2.write(changes, refused=refused)


def _alike(items: Sequence[Item]) -> Iterator[Item]:
    """Objects, or changes if there is one: a file does not hold both."""
    changes = any(not isinstance(item, Record) for item in items)
    for item in items:
        yield Add(item) if changes and isinstance(item, Record) else item


def _objects(items: Iterable[Item], refused: Refused) -> Iterator[Record]:
    """The objects: a file without changes holds new ones only."""
    for item in items:
        if isinstance(item, Record):
            yield item
        elif isinstance(item, Add):
            yield item.record
        else:
            kind = type(item).__name__.lower()
            refused(item, FormatError("this format holds objects and no changes", expected="objects", got=kind))


_LDAP: tuple[Name, ...] = ("ad", "generic", "ex55")

FORMATS: Mapping[str, Format] = {
    each.name: each
    for each in (
        Format(
            name="csv55",
            endings=(".csv",),
            dialects=("csv55",),
            sniff=dump.sniff,
            read=lambda data, settings: tables.read(data, settings.code_page, settings.base),
            write=lambda items, settings, refused: tables.write(items, settings.code_page, refused),
        ),
        Format(
            name="raw55",
            endings=(),
            dialects=("raw55",),
            sniff=lambda _data: False,
            read=lambda data, settings: tables.read(data, settings.code_page, settings.base),
            write=lambda items, settings, refused: tables.write(items, settings.code_page, refused),
        ),
        Format(
            name="ldif",
            endings=(".ldif", ".ldf"),
            dialects=_LDAP,
            sniff=decoders.is_ldif,
            read=_read_ldif,
            write=_write_ldif,
        ),
        Format(
            name="dsml1",
            endings=(".dsml", ".xml"),
            dialects=_LDAP,
            sniff=decoders.is_dsml1,
            read=_read_dsml1,
            write=_write_dsml1,
        ),
        Format(
            name="dsml2",
            endings=(".dsml2", ".dsml2.xml"),
            dialects=_LDAP,
            sniff=decoders.is_dsml2,
            read=_read_dsml2,
            write=_write_dsml2,
        ),
    )
}


def spoken(items: Iterable[Item]) -> Name:
    """The dialect that objects of LDIF or DSML seem to be in, by their classes and names."""
    for item in items:
        record = item.record if isinstance(item, Add) else item if isinstance(item, Record) else None
        if record is None:
            continue
        names = {name.casefold() for name in record.attributes}
        classes = {value.casefold() for value in record.texts("objectClass")}
        if "rdn" in names or "target-address" in names or "remote-address" in classes:
            return "ex55"
        if classes & {"user", "contact", "group", "publicfolder"} or "proxyaddresses" in names:
            return "ad"
        if classes & {"inetorgperson", "groupofnames", "groupofuniquenames", "posixaccount"}:
            return "generic"
    return "ad"
