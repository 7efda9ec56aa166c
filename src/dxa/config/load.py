"""From ``dxa.toml`` to a `Site`, with everything that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
from cattrs import Converter

from dxa.address import AddressTypes
from dxa.config.meaning import Meaning
from dxa.config.model import File, PeerTable, SiteTable
from dxa.config.places import clashes
from dxa.config.secrets import Secret
from dxa.config.source import Source, Table
from dxa.config.structure import Key, Problem, did_you_mean, dotted, make_converter, problems_of
from dxa.config.values import Site
from dxa.connector import ConnectorType
from dxa.errors import AddressError, ConfigError
from dxa.rules.addressing import AddressingRules

Connectors = Mapping[str, ConnectorType]


@attrs.frozen
class Finding:
    """Something about a key of the configuration; a warning keeps nothing from running."""

    key: str
    text: str
    warning: bool = False

    def __str__(self) -> str:
        return f"{self.key}: {self.text}" if self.key else self.text


def load(
    where: Path | Source, connectors: Connectors, types: AddressTypes | None = None, *, secrets: bool = True
) -> Site:
    """The site of a configuration that was read, or of the file or folder `where` it is; raises `ConfigError`.

    With `types`, the address types that are named are checked, too. Without `secrets`, one that is not there is only a
    warning: whoever looks at a site needs none.
    """
    source = where if isinstance(where, Source) else Source.read(where)
    site, findings = _examine(source, connectors, types, secrets=secrets)
    if site is None:
        raise ConfigError(str(source.path), [str(finding) for finding in findings if not finding.warning])
    return site


def parse(
    text: str, path: Path, connectors: Connectors, types: AddressTypes | None = None, *, secrets: bool = True
) -> Site:
    """The site of this text, which stands or will stand in the file `path`; otherwise like `load`."""
    return load(Source.of(text, path), connectors, types, secrets=secrets)


def check(where: Path | Source, connectors: Connectors, types: AddressTypes | None = None) -> list[Finding]:
    """Everything that is wrong or doubtful: problems first, then warnings."""
    return _examine(where if isinstance(where, Source) else Source.read(where), connectors, types)[1]


def _examine(
    source: Source, connectors: Connectors, types: AddressTypes | None, *, secrets: bool = True
) -> tuple[Site | None, list[Finding]]:
    if source.problem:
        return None, [Finding("", source.problem)]
    reading = _Reading(source.tables, source.path.parent, connectors, types, secrets=secrets)
    site = reading.run()
    problems = [Finding(dotted(key), said) for key, said in dict.fromkeys(reading.problems)]
    warnings = [Finding(dotted(key), said, warning=True) for key, said in dict.fromkeys(reading.warnings)]
    if site is not None:
        site = attrs.evolve(site, warnings=tuple(map(str, warnings)))
    return site, problems + warnings


class _Reading:
    """One reading of a configuration: the tables as they are written, then what they mean."""

    def __init__(
        self, data: Table, folder: Path, connectors: Connectors, types: AddressTypes | None, *, secrets: bool
    ) -> None:
        self.data, self.folder, self.connectors, self.types = data, folder, connectors, types
        self.converter: Converter = make_converter(folder, secrets=secrets)
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        #: What the connectors' own tables say, by the key of the table that they stand in.
        self.options: dict[Key, Any] = {}

    def run(self) -> Site | None:
        """The site, or None when there are problems."""
        plain = self.without_options()
        file = self.structure(plain, File, ())
        for name, link in _tables(self.data.get("links")):
            self.check_link(name, link)
        self.check_names()
        if self.problems or file is None:
            return None
        self.check_types(file)
        self.check_own_names(file)
        self.check_places(file)
        site = self.site(file, plain)
        self.warn(file, site)
        return None if self.problems else site

    def structure(self, data: Any, kind: Any, at: Key) -> Any:
        try:
            return self.converter.structure(data, kind)
        except Exception as error:
            self.problems += [((*at, *key), text) for key, text in problems_of(error)]
            return None

    # -- the connectors' own tables ------------------------------------------------------------------------------------

    def without_options(self) -> dict[str, Any]:
        """The data without the tables that belong to connectors; these are read on the way."""
        plain = dict(self.data)
        if isinstance(plain.get("links"), dict):
            plain["links"] = {name: self.plain_link(name, link) for name, link in plain["links"].items()}
        return plain

    def plain_link(self, name: str, link: Any) -> Any:
        kind = self.connectors.get(str(link.get("connector"))) if isinstance(link, dict) else None
        if kind is None:
            return _without_connector(link)
        plain = {**link}
        self.take_options(plain, kind.name, kind.options, ("links", name))
        if isinstance(link.get("peers"), dict):
            plain["peers"] = {peer: self.plain_peer(name, peer, table, kind) for peer, table in link["peers"].items()}
        return plain

    def plain_peer(self, link: str, name: str, table: Any, kind: ConnectorType) -> Any:
        if not isinstance(table, dict):
            return table
        plain = {**table}
        self.take_options(plain, kind.name, kind.peer_options, ("links", link, "peers", name))
        return plain

    def take_options(self, table: dict[str, Any], name: str, kind: type, at: Key) -> None:
        self.options[at] = self.structure(table.pop(name, {}), kind, (*at, name))

    # -- checks --------------------------------------------------------------------------------------------------------

    def check_link(self, name: str, link: Table) -> None:
        at = ("links", name)
        if not name.strip() or "/" in name:
            self.problems.append((at, "a link's name must not be empty nor contain a slash"))
        connector = link.get("connector")
        if not isinstance(connector, str) or not connector:
            return
        kind = self.connectors.get(connector)
        if kind is None:
            there = ", ".join(sorted(self.connectors))
            hint = did_you_mean(connector, self.connectors) or f"; there are: {there};"
            text = f"no connector {connector!r}{hint} `dxa plugins` shows plugins that failed or are left out"
            self.problems.append(((*at, "connector"), text))
            return
        self.check_role(at, link.get("role", ""), kind)
        self.check_peers(at, link, kind)

    def check_role(self, at: Key, role: object, kind: ConnectorType) -> None:
        if not isinstance(role, str) or role in kind.roles or (not role and not kind.roles):
            return
        if not kind.roles:
            text = f"must be left out: {kind.name} has no roles, got {role!r}"
        else:
            wanted = f"must be {'one of ' if len(kind.roles) > 1 else ''}{', '.join(kind.roles)}"
            text = f"{wanted}, got {role!r}" if role else f"is missing; it {wanted}"
        self.problems.append(((*at, "role"), text))

    def check_peers(self, at: Key, link: Table, kind: ConnectorType) -> None:
        at = (*at, "peers")
        peers = dict(_tables(link.get("peers")))
        if not kind.traits.many_peers:
            if peers:
                self.problems.append((at, f"a link of {kind.name} is its only peer; leave this out"))
            return
        # ours: a dirsync world has one server.
        if link.get("role") == "requestor" and len(peers) != 1:
            self.problems.append((at, f"a requestor has one peer, its server; found {len(peers)}"))
        for name, peer in peers.items():
            if not kind.traits.signed:
                self.check_password((*at, name), peer)
            try:
                kind.check_peer(name)
            except AddressError as error:
                self.problems.append(((*at, name), str(error)))

    def check_password(self, at: Key, peer: Table) -> None:
        # dx:T-153: an empty password lets anybody in, so it is never an oversight.
        given, none = "password" in peer, peer.get("no_password") is True
        if given and none:
            self.problems.append(((*at, "password"), "given together with no_password = true; leave one out"))
        elif not given and not none:
            self.problems.append(((*at, "password"), "is missing; write no_password = true if this peer has none"))

    def check_names(self) -> None:
        """No two links, no two peers of a link and no two lists of peers may differ by case only."""
        links = dict(_tables(self.data.get("links")))
        self.distinct([(("links", name), name) for name in links], "link")
        for name, link in links.items():
            at, peers = ("links", name, "peers"), dict(_tables(link.get("peers")))
            self.problems += [((*at, peer), "a peer's name must not be empty") for peer in peers if not peer.strip()]
            lists: list[tuple[Key, str]] = [((*at, peer), peer) for peer in peers]
            for peer, table in peers.items():
                own = table.get("own_lists")
                lists += [((*at, peer, "own_lists"), text) for text in (own if isinstance(own, list) else ()) if text]
            self.distinct(lists, "the list")

    def distinct(self, names: list[tuple[Key, str]], what: str) -> None:
        seen: dict[str, Key] = {}
        for at, name in names:
            first = seen.setdefault(str(name).casefold(), at)
            if first != at:
                self.problems.append((at, f"{what} {name!r} is already {dotted(first)}"))

    def check_types(self, file: File) -> None:
        if self.types is None:
            return
        if file.site.administrator:
            try:
                self.types.parse(file.site.administrator)
            except AddressError as error:
                self.problems.append((("site", "administrator"), f"{error.reason}: {error.got!r}"))
        given = dict(_tables(self.data.get("addressing"))).get("templates", {})
        self.warnings += [
            (("addressing", "templates", type_), "no plugin knows this address type")
            for type_ in given
            if type_ not in self.types
        ]
        for name, link in file.links.items():
            for peer, table in link.peers.items():
                at = ("links", name, "peers", peer, "types")
                unknown = [type_ for type_ in table.types if type_ not in self.types]
                self.problems += [(at, f"no plugin knows the address type {type_!r}") for type_ in unknown]

    def check_own_names(self, file: File) -> None:
        """No peer is called as the site itself is in the world of its link."""
        for name, link in file.links.items():
            kind, names = self.connectors[link.connector], (file.site.organization, file.site.name)
            try:
                own = {list_ for _, list_ in kind.site_lists(names, self.options["links", name])}
            except AddressError as error:
                self.problems.append((("links", name), f"the site cannot be called that there: {error}"))
                continue
            clashes = [peer for peer in link.peers if peer.casefold() in own]
            self.problems += [(("links", name, "peers", peer), "is what this site is called there") for peer in clashes]

    def check_places(self, file: File) -> None:
        """No two links that take part write into one place of a foreign system."""
        names = (file.site.organization, file.site.name)
        places = {
            name: self.connectors[link.connector].writes_in(names, self.options["links", name])
            for name, link in file.links.items()
            if link.enabled
        }
        for clash in clashes(places):
            where = " ".join(clash.place)
            said = f"writes into the same place as {clash.other} ({where}), and each would take the other's for its own"
            self.problems.append((("links", clash.link), f"{said}: give each a place of its own"))

    # -- what it means -------------------------------------------------------------------------------------------------

    def site(self, file: File, plain: Table) -> Site:
        given = file.site
        addressing = AddressingRules(
            templates=file.addressing.templates,
            domains=file.addressing.domains,
            organization=given.organization,
            site=given.name,
            domain=file.addressing.domain,
            code_pages=file.addressing.code_pages,
            transliteration=file.addressing.umlauts,
            rest_days=file.addressing.rest_days,
        )
        meaning = Meaning(
            converter=self.converter, connectors=self.connectors, file=file, plain=plain, options=self.options
        )
        return Site(
            folder=self.folder,
            organization=given.organization,
            name=given.name,
            database=_database(given, self.folder),
            high_water=self.folder / given.high_water,
            administrator=given.administrator,
            administrator_command=given.administrator_command,
            keep_messages_days=given.keep_messages_days,
            keep_runs_days=given.keep_runs_days,
            keep_cuts_days=given.keep_cuts_days,
            addressing=addressing,
            links={name: meaning.link(name, link) for name, link in file.links.items()},
            secret_files=tuple(dict.fromkeys(s.file for s in self.secrets(file) if s.file is not None)),
        )

    def secrets(self, file: File) -> Iterator[Secret]:
        """Every secret of the configuration."""
        for value in (file, *self.options.values()):
            yield from (secret for _, secret in _secrets(value, ()))

    def warn(self, file: File, site: Site) -> None:
        if not file.site.administrator and not file.site.administrator_command:
            self.warnings.append((("site", "administrator"), "nobody is told when something needs a person"))
        peers = {peer.id for peer in site.peers()}
        for name, link in file.links.items():
            at: Key = ("links", name)
            nothing = [peer for peer in site.links[name].peers.values() if not peer.exports.containers]
            if nothing and not link.export_containers:  # dx:T-012
                self.warnings.append(((*at, "export_containers"), "is empty: nothing is exported"))
            for peer, table in link.peers.items():
                its = site.links[name].peers[peer.casefold()]
                if table.no_password and not site.links[name].connector.proves(site.links[name].options, its.options):
                    text = "anybody who can send from its address can change its entries"  # dx:T-153
                    self.warnings.append(((*at, "peers", peer, "no_password"), text))
                self.warn_peer((*at, "peers", peer), table, peers)
                if link.export_containers and its in nothing:
                    self.warnings.append(((*at, "peers", peer, "export_containers"), "is empty: nothing is exported"))
        self.warnings += [(key, secret.caution) for key, secret in _secrets(file, ()) if secret.caution]
        for at, options in self.options.items():
            connector = self.data["links"][at[1]]["connector"]
            self.warnings += [(key, s.caution) for key, s in _secrets(options, (*at, connector)) if s.caution]

    def warn_peer(self, at: Key, table: PeerTable, known: set[str]) -> None:
        for owner in table.co_owners:
            if owner.casefold() not in map(str.casefold, known):
                hint = did_you_mean(owner, known)
                self.warnings.append(((*at, "co_owners"), f"no peer {owner!r} is configured{hint}"))


def _without_connector(link: Any) -> Any:
    """A link without the tables of its connector, which nobody can read now."""
    name = link.get("connector") if isinstance(link, dict) else None
    if not isinstance(name, str):
        return link
    plain = {key: value for key, value in link.items() if key != name}
    if isinstance(link.get("peers"), dict):
        plain["peers"] = {
            peer: {key: value for key, value in table.items() if key != name} if isinstance(table, dict) else table
            for peer, table in link["peers"].items()
        }
    return plain


def _tables(value: object) -> Iterator[tuple[str, Table]]:
    """The tables inside a table; what else is there has its own problem."""
    if isinstance(value, dict):
        yield from ((name, table) for name, table in value.items() if isinstance(table, dict))


def _database(site: SiteTable, folder: Path) -> str:
    """The URL with the path of a SQLite file taken from the site's folder, whichever folder the process goes to."""
    scheme, mark, path = site.database.partition(":///")
    if not mark or not scheme.startswith("sqlite") or not path or path.startswith(":memory:"):
        return site.database
    return f"{scheme}:///{(folder / path).absolute()}"


def _secrets(value: Any, at: Key) -> Iterator[tuple[Key, Secret]]:
    """Every secret inside a value, with its key."""
    if isinstance(value, Secret):
        yield at, value
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            yield from _secrets(getattr(value, field.name), (*at, field.name))
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from _secrets(part, (*at, str(name)))
