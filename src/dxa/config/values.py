"""The configuration as the program uses it: frozen, resolved, every peer with its own rules."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Set
from hashlib import blake2b
from pathlib import Path
from typing import Any

import attrs

from dxa.config.secrets import Secret
from dxa.connector import Allowance, ConnectorType
from dxa.errors import NotFoundError
from dxa.plan import Limits
from dxa.rules.addressing import AddressingRules
from dxa.rules.maps import AttributeMap
from dxa.rules.naming import NameLimits
from dxa.rules.scope import ExportRules, ImportRules
from dxa.schedule import Schedule


@attrs.frozen(kw_only=True)
class Peer:
    """One foreign system behind a link, with the rules that hold for it.

    Peers of a link with equal `export_digest` see the same view; `view` is its short name. `import_digest` names what
    decides how the peer's entries become recipients. `options` are its settings for the wire: the keys ``code_page``,
    ``type_case``, ``reply_mailbox`` and those of the connector's own peer options.
    """

    id: str
    link: str
    name: str
    imports: ImportRules
    exports: ExportRules
    names: NameLimits
    guards: Limits
    attributes: AttributeMap | None = None
    fallback: bool = True
    gateways: Mapping[str, str] = attrs.field(factory=dict)
    password: Secret | None = None
    types: frozenset[str] = frozenset()
    templates: bool = True
    limit: int = 0
    own_lists: tuple[str, ...] = ()
    sender: str = ""
    options: Mapping[str, Any] = attrs.field(factory=dict)
    export_digest: str = ""
    import_digest: str = ""

    @property
    def view(self) -> str:
        """The short name of the view that the peer sees."""
        return self.export_digest[:8]


@attrs.frozen(kw_only=True)
class Link:
    """A configured connection; `options` is a value of the connector's options class, `peers` are by folded name."""

    name: str
    connector: ConnectorType
    role: str = ""
    enabled: bool = True
    schedule: Schedule = attrs.field(factory=Schedule)
    allowance: Allowance = attrs.field(factory=Allowance)
    options: Any = None
    peers: Mapping[str, Peer] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Site:
    """One dxa installation; `folder` is where its configuration lies, and every path is resolved from there."""

    folder: Path
    organization: str
    name: str
    database: str
    high_water: Path
    administrator: str = ""
    administrator_command: tuple[str, ...] = ()
    keep_messages_days: int
    keep_runs_days: int
    keep_cuts_days: int
    addressing: AddressingRules
    links: Mapping[str, Link] = attrs.field(factory=dict)
    warnings: tuple[str, ...] = ()
    #: The files in which secrets stand.
    secret_files: tuple[Path, ...] = ()

    def peers(self) -> Iterator[Peer]:
        """Every peer of every link."""
        for link in self.links.values():
            yield from link.peers.values()

    def link(self, name: str) -> Link:
        """The link of that name, ignoring case; raises `NotFoundError`."""
        for link in self.links.values():
            if link.name.casefold() == name.casefold():
                return link
        raise NotFoundError(f"no link {name!r}; configured are: {', '.join(self.links) or 'none'}")

    def peer(self, id_: str) -> Peer:
        """The peer of that id, ignoring case, or of that name when only one link has it; raises `NotFoundError`."""
        wanted = id_.casefold()
        exact = [peer for peer in self.peers() if peer.id.casefold() == wanted]
        hits = exact or [peer for peer in self.peers() if peer.name.casefold() == wanted]
        if len(hits) == 1:
            return hits[0]
        if hits:
            raise NotFoundError(f"several peers are called {id_!r}: {', '.join(peer.id for peer in hits)}")
        raise NotFoundError(f"no peer {id_!r}; `dxa peers list` shows them")


def digest(**values: Any) -> str:
    """The identity of rules, by their names in the file and their plain values in a fixed order.

    What is empty or off is left out, so that a new key whose default is empty or off changes no digest.
    """
    text = _json({name: _plain(value) for name, value in values.items() if value})
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if attrs.has(type(value)):
        fields = ((field.name, getattr(value, field.name)) for field in attrs.fields(type(value)) if field.init)
        return {name: _plain(part) for name, part in fields if part}
    if isinstance(value, Mapping):
        return [[str(name), _plain(part)] for name, part in value.items()]
    if isinstance(value, Set):
        return sorted(map(_plain, value), key=_json)
    if isinstance(value, (tuple, list)):
        return [_plain(part) for part in value]
    return value
