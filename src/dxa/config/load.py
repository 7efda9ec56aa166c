"""From ``dxa.toml`` to a `Site`, with everything that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
from cattrs import Converter

from dxa.address import AddressTypes
from dxa.config.checks import Checks, secrets_in
from dxa.config.meaning import Meaning
from dxa.config.model import File, SiteTable
from dxa.config.secrets import Secret
from dxa.config.source import Source, Table
from dxa.config.structure import Key, Problem, dotted, make_converter, problems_of
from dxa.config.values import Site
from dxa.connector import ConnectorType
from dxa.errors import ConfigError
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
        checks = Checks(self.data, self.connectors, self.types, self.options)
        checks.as_written()
        self.problems += checks.problems
        if self.problems or file is None:
            return None
        site = self.site(file, plain)
        checks.together(file)
        checks.doubts(file, site)
        self.problems, self.warnings = checks.problems, checks.warnings
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
            yield from (secret for _, secret in secrets_in(value, ()))


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


def _database(site: SiteTable, folder: Path) -> str:
    """The URL with the path of a SQLite file taken from the site's folder, whichever folder the process goes to."""
    scheme, mark, path = site.database.partition(":///")
    if not mark or not scheme.startswith("sqlite") or not path or path.startswith(":memory:"):
        return site.database
    return f"{scheme}:///{(folder / path).absolute()}"
