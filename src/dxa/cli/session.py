"""What a command works on: the chosen folder, the plugins, and the site in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from dxa.cli.logs import Logging
from dxa.errors import UsageError

if TYPE_CHECKING:
    from dxa.agent.admin import Administrator
    from dxa.agent.site import OpenSite
    from dxa.config import Site, Source
    from dxa.host import Host


@attrs.define
class Session:
    """One run of a command. Whoever runs several in one process (tests, the demo) shares a `host` between them."""

    folder: Path = attrs.field(factory=Path)
    debug: bool = False
    clock: Callable[[], float] = time.time
    logging: Logging = attrs.field(factory=Logging)
    #: Which plugins the operator wants for once, as `Selection.narrowed` reads it.
    plugins: str = ""
    #: Connectors run in processes of their own, where their links' configuration says so.
    apart: bool = True
    #: What gets a line about each import of a plugin and each call of a hook.
    trace: Callable[[str], None] | None = None
    _host: Host | None = None
    _source: Source | None = None

    @property
    def host(self) -> Host:
        """The plugins that the site wants; found at the first use."""
        if self._host is None:
            from dxa.config import Source
            from dxa.config.plugins import wanted_plugins
            from dxa.discovery import Selection
            from dxa.host import Host

            self._source = Source.read(self.path)
            selection, folder = wanted_plugins(self._source)
            host = Host(folder=folder, selection=selection.narrowed(self.plugins), trace=self.trace)
            host.expect(Selection().narrowed(self.plugins).only or ())
            self._host = host
        return self._host

    @property
    def path(self) -> Path:
        """The configuration file."""
        from dxa.config import FILE_NAME

        return self.folder / FILE_NAME

    def source(self) -> Source:
        """The configuration: as it was read to find the plugins, once, and read anew whenever it is asked for again."""
        from dxa.config import Source

        source, self._source = self._source, None
        # The plugins may have been looked for before the command line had said which site it is about.
        return source if source is not None and source.path == self.path else Source.read(self.path)

    def parse(self, text: str, *, secrets: bool = True) -> Site:
        """The site that this text of the configuration means; raises `ConfigError` before anything is written."""
        from dxa.config import parse

        return parse(text, self.path, self.host.connectors(), self.host.address_types(), secrets=secrets)

    @contextmanager
    def reading(self, *, secrets: bool = False) -> Iterator[OpenSite]:
        """The site, to look at: no lock is taken, so this works beside a running `dxa sync`, and needs no secrets."""
        from dxa.agent.site import OpenSite

        self.logging.begin()
        host = self.host
        site = OpenSite.open(self.folder, host, self.clock, secrets=secrets, apart=self.apart, source=self.source())
        try:
            yield site
        finally:
            site.close()

    @contextmanager
    def writing(self) -> Iterator[OpenSite]:
        """The site, locked against other writers."""
        with self.locked(), self.reading(secrets=True) as site:
            yield site

    @contextmanager
    def writing_without_secrets(self) -> Iterator[OpenSite]:
        """The same for what needs no secrets."""
        with self.locked(), self.reading() as site:
            yield site

    @contextmanager
    def locked(self) -> Iterator[Path]:
        """The configuration's path, with the site locked, for commands that may meet a faulty configuration."""
        from dxa.agent.site import not_a_site, site_lock

        if not self.path.is_file():  # a stranger's folder gets no lock file
            raise UsageError(not_a_site(self.folder))
        with site_lock(self.folder):
            self._source = None  # whoever held the site until now may have written it
            yield self.path

    @contextmanager
    def administrating(self) -> Iterator[Administrator]:
        """An administrator at the locked site."""
        from dxa.agent import Agent
        from dxa.agent.admin import Administrator

        with self.writing() as site:
            yield Administrator(agent=Agent(site=site))


pass_session = click.make_pass_decorator(Session, ensure=True)
