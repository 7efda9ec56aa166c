"""What is wrong or doubtful that no key says by itself: links and their connectors, peers, names, types, places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from dxa.address import AddressTypes
from dxa.config.model import File, PeerTable
from dxa.config.places import clashes
from dxa.config.secrets import Secret
from dxa.config.source import Table
from dxa.config.structure import Key, Problem, did_you_mean, dotted
from dxa.config.values import Link, Peer, Site
from dxa.connector import ConnectorType
from dxa.errors import AddressError, PluginError


class Checks:
    """The checks of one configuration, and what they find; `options` are those of the connectors, by their key."""

    def __init__(
        self,
        data: Table,
        connectors: Mapping[str, ConnectorType],
        types: AddressTypes | None,
        options: Mapping[Key, Any],
    ) -> None:
        self.data, self.connectors, self.types, self.options = data, connectors, types, options
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def as_written(self) -> None:
        """What the tables say as they are written, whether or not they can be read as a whole."""
        for name, link in tables(self.data.get("links")):
            self._check_link(name, link)
        self._check_names()

    def together(self, file: File) -> None:
        """What the tables say together."""
        self._check_types(file)
        self._check_own_names(file)
        self._check_places(file)

    def doubts(self, file: File, site: Site) -> None:
        """What keeps nothing from running."""
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
                if table.no_password and (text := _unproven(site.links[name], its)):
                    self.warnings.append(((*at, "peers", peer, "no_password"), text))
                self._warn_peer((*at, "peers", peer), table, peers)
                if link.export_containers and its in nothing:
                    self.warnings.append(((*at, "peers", peer, "export_containers"), "is empty: nothing is exported"))
        self.warnings += [(key, secret.caution) for key, secret in secrets_in(file, ()) if secret.caution]
        for at, options in self.options.items():
            connector = self.data["links"][at[1]]["connector"]
            self.warnings += [(key, s.caution) for key, s in secrets_in(options, (*at, connector)) if s.caution]

    def _warn_peer(self, at: Key, table: PeerTable, known: set[str]) -> None:
        for owner in table.co_owners:
            if owner.casefold() not in map(str.casefold, known):
                hint = did_you_mean(owner, known)
                self.warnings.append(((*at, "co_owners"), f"no peer {owner!r} is configured{hint}"))

    def _check_link(self, name: str, link: Table) -> None:
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
            # Nothing runs without it: who is whose cannot be told without the lists that are that link's.
            text += ". Without the link's tables the others run, and its people stay"
            self.problems.append(((*at, "connector"), text))
            return
        self._check_role(at, link.get("role", ""), kind)
        self._check_peers(at, link, kind)

    def _check_role(self, at: Key, role: object, kind: ConnectorType) -> None:
        if not isinstance(role, str) or role in kind.roles or (not role and not kind.roles):
            return
        if not kind.roles:
            text = f"must be left out: {kind.name} has no roles, got {role!r}"
        else:
            wanted = f"must be {'one of ' if len(kind.roles) > 1 else ''}{', '.join(kind.roles)}"
            text = f"{wanted}, got {role!r}" if role else f"is missing; it {wanted}"
        self.problems.append(((*at, "role"), text))

    def _check_peers(self, at: Key, link: Table, kind: ConnectorType) -> None:
        at = (*at, "peers")
        peers = dict(tables(link.get("peers")))
        if not kind.traits.many_peers:
            if peers:
                self.problems.append((at, f"a link of {kind.name} is its only peer; leave this out"))
            return
        # ours: a dirsync world has one server.
        if link.get("role") == "requestor" and len(peers) != 1:
            self.problems.append((at, f"a requestor has one peer, its server; found {len(peers)}"))
        for name, peer in peers.items():
            if not kind.traits.signed:
                self._check_password((*at, name), peer)
            try:
                kind.check_peer(name)
            except (AddressError, PluginError) as error:
                self.problems.append(((*at, name), str(error)))

    def _check_password(self, at: Key, peer: Table) -> None:
        # dx:T-153: an empty password lets anybody in, so it is never an oversight.
        given, none = "password" in peer, peer.get("no_password") is True
        if given and none:
            self.problems.append(((*at, "password"), "given together with no_password = true; leave one out"))
        elif not given and not none:
            self.problems.append(((*at, "password"), "is missing; write no_password = true if this peer has none"))

    def _check_names(self) -> None:
        """No two links, no two peers of a link and no two lists of peers may differ by case only."""
        links = dict(tables(self.data.get("links")))
        self._distinct([(("links", name), name) for name in links], "link")
        for name, link in links.items():
            at, peers = ("links", name, "peers"), dict(tables(link.get("peers")))
            self.problems += [((*at, peer), "a peer's name must not be empty") for peer in peers if not peer.strip()]
            lists: list[tuple[Key, str]] = [((*at, peer), peer) for peer in peers]
            for peer, table in peers.items():
                own = table.get("own_lists")
                lists += [((*at, peer, "own_lists"), text) for text in (own if isinstance(own, list) else ()) if text]
            self._distinct(lists, "the list")

    def _distinct(self, names: list[tuple[Key, str]], what: str) -> None:
        seen: dict[str, Key] = {}
        for at, name in names:
            first = seen.setdefault(str(name).casefold(), at)
            if first != at:
                self.problems.append((at, f"{what} {name!r} is already {dotted(first)}"))

    def _check_types(self, file: File) -> None:
        if self.types is None:
            return
        if file.site.administrator:
            try:
                self.types.parse(file.site.administrator)
            except AddressError as error:
                self.problems.append((("site", "administrator"), f"{error.reason}: {error.got!r}"))
        given = dict(tables(self.data.get("addressing"))).get("templates", {})
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

    def _check_own_names(self, file: File) -> None:
        """No peer is called as the site itself is in the world of its link."""
        for name, link in file.links.items():
            kind, names = self.connectors[link.connector], (file.site.organization, file.site.name)
            try:
                own = {list_ for _, list_ in kind.site_lists(names, self.options["links", name])}
                kind.peer_lists(self.options["links", name])
            except AddressError as error:
                self.problems.append((("links", name), f"the site cannot be called that there: {error}"))
                continue
            except PluginError as error:
                self.problems.append((("links", name), str(error)))
                continue
            clashes = [peer for peer in link.peers if peer.casefold() in own]
            self.problems += [(("links", name, "peers", peer), "is what this site is called there") for peer in clashes]

    def _check_places(self, file: File) -> None:
        """No two links that take part write into one place of a foreign system."""
        names = (file.site.organization, file.site.name)
        places = {}
        for name, link in file.links.items():
            if link.enabled:
                try:
                    places[name] = self.connectors[link.connector].writes_in(names, self.options["links", name])
                except PluginError as error:
                    self.problems.append((("links", name), str(error)))
        for clash in clashes(places):
            where = " ".join(clash.place)
            said = f"writes into the same place as {clash.other} ({where}), and each would take the other's for its own"
            self.problems.append((("links", clash.link), f"{said}: give each a place of its own"))


def _unproven(link: Link, peer: Peer) -> str:
    """What is to be feared of a peer without a password; nothing where what it sends proves who sent it."""
    try:
        proven = link.connector.proves(link.options, peer.options)
    except PluginError as error:
        return str(error)
    return "" if proven else "anybody who can send from its address can change its entries"  # dx:T-153


def tables(value: object) -> Iterator[tuple[str, Table]]:
    """The tables inside a table; what else is there has its own problem."""
    if isinstance(value, dict):
        yield from ((name, table) for name, table in value.items() if isinstance(table, dict))


def secrets_in(value: Any, at: Key) -> Iterator[tuple[Key, Secret]]:
    """Every secret inside a value, with its key."""
    if isinstance(value, Secret):
        yield at, value
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            yield from secrets_in(getattr(value, field.name), (*at, field.name))
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from secrets_in(part, (*at, str(name)))
