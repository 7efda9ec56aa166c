"""Cycles by their schedules: which links are due, and when to look again."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import attrs

from dxa.agent.cycle import Agent, Progress, began
from dxa.agent.outcome import CycleOutcome
from dxa.agent.site import OpenSite
from dxa.config import Link
from dxa.schedule import earliest

#: So many seconds after a cycle that failed on a link it is tried again, as long as its run window lasts.
RETRY = 300.0


@attrs.define
class Service:
    """Decides for a site that is opened anew for each look, so that a changed configuration counts from then on.

    `failed` are the links whose last cycle failed, and when that was.
    """

    only: Collection[str] = ()
    failed: dict[str, float] = attrs.field(factory=dict)

    def due(self, site: OpenSite) -> list[str]:
        """The links that should have a cycle now, in the order of the configuration."""
        now = site.clock()
        return [
            link.name
            for link in self._links(site)
            if link.schedule.due(_last(site, link), now) and now >= self.failed.get(link.name, -RETRY) + RETRY
        ]

    def following(self, site: OpenSite) -> float | None:
        """When the next link is due; None when none ever is."""
        now = site.clock()
        return earliest(
            max(moment, self.failed.get(link.name, -RETRY) + RETRY)
            for link in self._links(site)
            if (moment := link.schedule.following(_last(site, link), now)) is not None
        )

    def missed(self, site: OpenSite) -> dict[str, float]:
        """The links whose run window went by unused, and when their time was."""
        found = {link.name: link.schedule.missed(_last(site, link), site.clock()) for link in self._links(site)}
        return {name: moment for name, moment in found.items() if moment is not None}

    def cycle(self, site: OpenSite, links: Collection[str], progress: Progress) -> CycleOutcome:
        """One cycle on these links together, so that it brings news from each to all others."""
        outcome = Agent(site=site, progress=progress).sync(links)
        for link in outcome.links:
            if link.errors:
                self.failed[link.link] = site.clock()
            else:
                self.failed.pop(link.link, None)
        return outcome

    def _links(self, site: OpenSite) -> Iterable[Link]:
        return (
            link for link in site.config.links.values() if link.enabled and (not self.only or link.name in self.only)
        )


def _last(site: OpenSite, link: Link) -> float | None:
    return site.store.counter(began(link.name)) or None
