"""What the tables of ``dxa.toml`` mean: links and peers with the rules that hold for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from cattrs import Converter

from dxa.config.model import (
    EXPORT_KEYS,
    IMPORT_KEYS,
    RULE_KEYS,
    AddressingTable,
    File,
    FilterTable,
    GuardsTable,
    LinkTable,
    PeerTable,
    Rules,
)
from dxa.config.structure import Key
from dxa.config.values import Link, Peer, digest
from dxa.connector import ConnectorType
from dxa.rules.maps import AttributeMap
from dxa.rules.naming import NameLimits
from dxa.rules.scope import CustomIn, ExportRules, Filter, ImportRules

Table = Mapping[str, Any]

#: How long a name may be, in bytes, where peers are shown recipients as they are.
WHOLE_NAME = 256


@attrs.frozen(kw_only=True)
class Meaning:
    """What is needed to tell the meaning of a link or peer."""

    converter: Converter
    connectors: Mapping[str, ConnectorType]
    #: The file, and its tables as they are written, without those of connectors.
    file: File
    plain: Table
    #: What the connectors' own tables say, by the key of the table that they stand in.
    options: Mapping[Key, Any]

    def link(self, name: str, table: LinkTable) -> Link:
        """A link with its peers."""
        kind = self.connectors[table.connector]
        if kind.traits.many_peers:
            peers = [self.peer(name, peer, given, kind) for peer, given in table.peers.items()]
        else:
            peers = [self.peer(name, name, None, kind)]
        return Link(
            name=name,
            connector=kind,
            role=table.role,
            enabled=table.enabled,
            schedule=table.schedule.schedule(),
            allowance=table.process.allowance(),
            options=self.options["links", name],
            peers={peer.name.casefold(): peer for peer in peers},
        )

    def peer(self, link: str, name: str, table: PeerTable | None, kind: ConnectorType) -> Peer:
        """A peer; without a table it is its link."""
        rules, guards = self.merged(link, name)
        table = table or PeerTable()
        length, code_page = rules.name_length, rules.code_page
        if kind.traits.shows_recipients:
            length, code_page = max(length, WHOLE_NAME), "utf-8"
        names = NameLimits(length=length, code_page=code_page, transliteration=self.file.addressing.umlauts)
        attributes = AttributeMap(tuple(rules.attributes.items())) if rules.attributes else None
        gateways = {type_.upper(): gateway for type_, gateway in rules.gateways.items()}
        options = self.options.get(("links", link, "peers", name))
        return Peer(
            id=f"{link}/{name}",
            link=link,
            name=name,
            imports=_imports(rules, name, table),
            exports=_exports(rules, kind),
            names=names,
            guards=guards,
            attributes=attributes,
            fallback=rules.export_fallback,
            gateways=gateways,
            password=table.password,
            types=frozenset(type_.upper() for type_ in table.types),
            templates=rules.templates,
            limit=table.limit,
            own_lists=table.own_lists,
            sender=table.sender,
            options={
                "code_page": names.code_page,
                "type_case": rules.type_case,
                "reply_mailbox": table.reply_mailbox,
                **(attrs.asdict(options, recurse=False) if options is not None else {}),
            },
            export_digest=_export_digest(rules, self.file.addressing, kind),
            import_digest=_import_digest(rules, self.file, name, table),
        )

    def merged(self, link: str, peer: str) -> tuple[Rules, GuardsTable]:
        """The peer's rules and limits: what it says itself, else its link, else the site, else the default."""
        above = self.plain["links"][link]
        own = above.get("peers", {}).get(peer, {})
        rules = {key: value for key, value in _merge(above, own).items() if key in RULE_KEYS}
        if custom_in := rules.get("export_custom_in"):
            links = rules.get("export_custom", {})
            rules["export_custom_in"] = {name: _merge(links, each) for name, each in _folded(custom_in).items()}
        guards = _merge(_merge(self.plain.get("guards", {}), above.get("guards", {})), own.get("guards", {}))
        return self.converter.structure(rules, Rules), self.converter.structure(guards, GuardsTable)


def _export_digest(rules: Rules, addressing: AddressingTable, kind: ConnectorType) -> str:
    values = {key: getattr(rules, key) for key in EXPORT_KEYS}
    for unordered in ("export_containers", "hidden_exceptions", "filters_out"):
        values[unordered] = frozenset(values[unordered])
    values["export_custom_in"] = frozenset(_exports(rules, kind).custom_in)
    return digest(**values, umlauts=addressing.umlauts, native=kind.traits.types[0], whole=kind.traits.shows_recipients)


def _import_digest(rules: Rules, file: File, name: str, table: PeerTable) -> str:
    values = {key: getattr(rules, key) for key in IMPORT_KEYS}
    values |= attrs.asdict(file.addressing, recurse=False, filter=lambda field, _: field.name != "rest_days")
    values |= {"append_name": name if rules.append_name else "", "filters_in": frozenset(rules.filters_in)}
    return digest(
        **values,
        organization=file.site.organization,
        site=file.site.name,
        own_lists=frozenset(table.own_lists),
        co_owners=frozenset(table.co_owners),
    )


def _merge(base: Table, over: Table) -> dict[str, Any]:
    """Both tables as one, key by key, tables in them likewise; lists are replaced."""
    common = base.keys() & over.keys()
    both = {key: _merge(base[key], over[key]) for key in common if _are_tables(base[key], over[key])}
    return {**base, **over, **both}


def _folded(tables: Mapping[str, Table]) -> dict[str, Table]:
    """The tables of names that differ in case as one: what comes later, the peer's, counts."""
    found: dict[str, tuple[str, Table]] = {}
    for name, table in tables.items():
        first, above = found.get(name.casefold(), (name, {}))
        found[name.casefold()] = first, _merge(above, table)
    return dict(found.values())


def _are_tables(*values: object) -> bool:
    return all(isinstance(value, dict) for value in values)


def _exports(rules: Rules, kind: ConnectorType) -> ExportRules:
    # mypy knows no converter that is a generic class, so these three are of any type to it.
    containers: Any = rules.export_containers
    filters: Any = map(_filter, rules.filters_out)
    exceptions: Any = rules.hidden_exceptions
    custom_in: Any = [CustomIn(name, own.manual, own.imported) for name, own in rules.export_custom_in.items()]
    return ExportRules(
        containers=containers,
        trust=rules.export_trust,
        mailboxes=rules.export_mailboxes,
        manual_custom=rules.export_custom.manual,
        imported_custom=rules.export_custom.imported,
        custom_in=custom_in,
        lists=rules.export_lists,
        folders=rules.export_folders,
        filters=filters,
        hidden_exceptions=exceptions,
        site_type=kind.traits.types[0],
    )


def _imports(rules: Rules, name: str, table: PeerTable) -> ImportRules:
    filters: Any = map(_filter, rules.filters_in)
    co_owners: Any = table.co_owners
    return ImportRules(
        container=rules.import_container,
        trust=rules.import_trust,
        append_name=name if rules.append_name else "",
        filters=filters,
        co_owners=co_owners,
        adopt=rules.adopt,
        by_postoffice=rules.by_postoffice,
    )


def _filter(table: FilterTable) -> Filter:
    return Filter(field=table.field, pattern=table.pattern, include=table.action == "include")
