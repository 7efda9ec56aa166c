"""An open site: configuration, plugins, store and lock together."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from dxa.address import AddressTypes
from dxa.config import FILE_NAME, Link, Site, Source, load
from dxa.connector import Connector, LinkContext, PeerInfo
from dxa.errors import DxaError, LockedError, PluginError, UsageError, worded
from dxa.host import Host
from dxa.ledger.answer import ListKey
from dxa.store import FileHighWater, Store
from dxa.worker import Nursery, RemoteConnector
from dxa.worker.messages import told


@attrs.define(kw_only=True)
class OpenSite:
    """A site with everything that a cycle needs. `clock` gives seconds since 1970."""

    folder: Path
    config: Site
    host: Host
    store: Store
    types: AddressTypes
    clock: Callable[[], float]
    #: Connectors run in processes of their own, where their links' configuration says so.
    apart: bool = False
    #: Where these processes come from.
    nursery: Nursery = attrs.field(factory=Nursery)
    connectors: dict[str, Connector] = attrs.field(factory=dict)
    #: What connectors tell for the report of the cycle, by link, until it is taken.
    events: dict[str, list[tuple[int, str]]] = attrs.field(factory=dict)

    @classmethod
    def open(
        cls,
        folder: Path,
        host: Host,
        clock: Callable[[], float],
        *,
        create: bool = False,
        secrets: bool = True,
        apart: bool = False,
        source: Source | None = None,
    ) -> OpenSite:
        """Open the site in a folder; raises `UsageError` when there is none, `ConfigError` with all its problems.

        To whom only looks, secrets that are not there are no problem: `secrets` are not needed. `source` is its
        configuration for whom has read it a moment ago.
        """
        path = folder / FILE_NAME
        if not path.is_file():
            raise UsageError(not_a_site(folder))
        types = host.address_types()
        config = load(source or path, host.connectors(), types, secrets=secrets)
        store = Store.open(config.database, FileHighWater(config.high_water), create=create)
        store.types = types
        store.resting.days = config.addressing.rest_days
        return cls(
            folder=folder,
            config=config,
            host=host,
            store=store,
            types=types,
            clock=clock,
            apart=apart,
        )

    def close(self) -> None:
        """Close the store, and end the connectors' processes."""
        for connector in self.connectors.values():
            if isinstance(connector, RemoteConnector):
                connector.close()
        self.nursery.close()
        self.store.close()

    @property
    def names(self) -> tuple[str, str]:
        """Organization and site name."""
        return self.config.organization, self.config.name

    def connector(self, link: Link) -> Connector:
        """The link's connector, opened at its first use; one whose process is gone gets a new one."""
        connector = self.connectors.get(link.name)
        if connector is None:
            connector = self.connectors[link.name] = self._opened(link)
        elif isinstance(connector, RemoteConnector):
            connector.renew()
        return connector

    def _opened(self, link: Link) -> Connector:
        events = self.events.setdefault(link.name, [])
        peers = {
            peer.name.casefold(): PeerInfo(id=peer.id, name=peer.name, options=peer.options)
            for peer in link.peers.values()
        }
        context = LinkContext(
            link=link.name,
            role=link.role,
            options=link.options,
            folder=self.folder,
            types=self.types,
            site=self.names,
            peers=peers,
            now=self.clock,
            tell=lambda number, text: events.append(told(number, text)),
            log=logging.getLogger(f"dxa.links.{link.name}"),
            own_lists=frozenset().union(*map(self.site_lists, self._worlds())),
            peer_lists=frozenset().union(*map(_peer_lists, self._worlds())),
        )
        origin = self.host.origin(link.connector.name) if self.apart and link.allowance.own else None
        if origin is None:
            return _opened_here(link, context)
        return RemoteConnector.of(context, link.connector.name, link.allowance, self.nursery, *origin)

    def _worlds(self) -> list[Link]:
        """The links to other mail systems than sites like this one."""
        links = self.config.links.values()
        return [link for link in links if link.enabled and not link.connector.traits.mutual]

    def take_events(self, link: Link) -> list[tuple[int, str]]:
        """What the link's connector has told since this was asked last."""
        events = self.events.get(link.name, [])
        taken = list(events)
        events.clear()
        return taken

    def site_lists(self, link: Link) -> frozenset[ListKey]:
        """The lists in which the site itself stands on this link."""
        return link.connector.site_lists(self.names, link.options)


def _opened_here(link: Link, context: LinkContext) -> Connector:
    """A connector in this process; what its plugin raises is the trouble of its link."""
    try:
        return link.connector.open(context)
    except DxaError:
        raise
    except Exception as error:
        raise PluginError(link.connector.name, f"open raised {worded(error)}") from error


def _peer_lists(link: Link) -> frozenset[ListKey]:
    """The lists by which the peers of a link are known."""
    native = link.connector.traits.types[0] if link.connector.traits.types else ""
    named = link.peers.values() if link.connector.traits.many_peers else ()
    lists = {(native, name.casefold()) for peer in named for name in (peer.name, *peer.own_lists)}
    return frozenset(lists) | link.connector.peer_lists(link.options)


#: The folder of a restore that is under way, or was interrupted.
RESTORING = ".restoring"


def not_a_site(folder: Path) -> str:
    """What is said of a folder without a configuration."""
    if (folder / RESTORING).exists():
        return f"a restore into {folder} was interrupted; run `dxa restore FILE --force` again to bring it to its end"
    return f"{folder} is not a site: it has no {FILE_NAME}. `dxa init {folder}` makes one"


@contextmanager
def site_lock(folder: Path) -> Iterator[None]:
    """Hold the site against other writers; raises `LockedError` that names the holder.

    The lock is the kernel's, so it ends with its process, however that ends.
    """
    path = folder / ".lock"
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 32).decode("ascii", "replace").strip() or "unknown"
            raise LockedError(f"another dxa (process {holder}) is writing to {folder}; wait until it is done") from None
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode("ascii"))
        yield
    finally:
        os.close(handle)
