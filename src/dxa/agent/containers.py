"""Export containers in which nobody is: gone, or named otherwise than anybody thinks (cc:Mail, KB Q212773)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dxa.config import Finding, Site
from dxa.recipient import inside
from dxa.store import Store

#: The owner of the site's own recipients.
SITE = ""


def empty_of(store: Store, wanted: Iterable[str]) -> tuple[str, ...]:
    """Those of these containers in which, and below which, nobody is."""
    there = store.directory.containers()
    return tuple(each for each in wanted if not any(inside(container, each) for container in there))


def absent(store: Store, config: Site) -> Iterator[Finding]:
    """Export containers that nobody is in and nothing is imported into; none as long as the site has nobody itself."""
    filled = [*store.directory.containers(), *(peer.imports.container for peer in config.peers())]
    for link in config.links.values() if store.directory.count(SITE) else ():
        wanted = dict.fromkeys(each for peer in link.peers.values() for each in peer.exports.containers)
        for each in wanted if link.enabled else ():
            if not any(inside(container, each) for container in filled):
                text = f"nobody is in {each}, and no link imports into it, so nothing of it is exported"
                yield Finding(f"links.{link.name}.export_containers", text, warning=True)
