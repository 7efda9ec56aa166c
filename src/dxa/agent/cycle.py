"""One cycle: collect, plan, apply, advance, answer, deliver. A rehearsal is the same work, rolled back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

import attrs

from dxa.agent import answers, asking, directory, inbound, outbound, outbox, proven
from dxa.agent.context import LinkWork
from dxa.agent.outcome import CycleOutcome, LinkOutcome
from dxa.agent.site import OpenSite
from dxa.agent.upkeep import letters_to_administrator, prune
from dxa.bulk import no_collector
from dxa.config import Link
from dxa.connector import Holds, Narrator, Phase
from dxa.entry import Verb
from dxa.errors import DxaError, PluginError
from dxa.plan import Plan
from dxa.worker import offered, prepare

#: What a step tells of its progress: (link, what is being done).
Progress = Callable[[str, str], None]


def _silent(_link: str, _what: str) -> None:
    pass


@attrs.define(kw_only=True)
class Agent:
    """Runs cycles on an open site. The caller holds the site's lock."""

    site: OpenSite
    progress: Progress = _silent

    def plan(self, links: Collection[str] = ()) -> CycleOutcome:
        """What `sync` would do now; nothing is changed, taken away or sent."""
        with no_collector(), self.site.store.rehearsal():
            return self._cycle(links, rehearsal=True)

    def sync(self, links: Collection[str] = ()) -> CycleOutcome:
        """One whole cycle on the named links, or on all."""
        with no_collector():
            return self._cycle(links, rehearsal=False)

    def replan(self) -> CycleOutcome:
        """The plans that what is stored leads to now, without collecting anything."""
        cycle = CycleOutcome(rehearsal=True)
        with self.site.store.rehearsal():
            works = list(self._works((), cycle, rehearsal=True))
            for work in works:
                work.told = False
                work.proven |= {
                    peer.id for peer in work.link.peers.values() if work.store.counter(f"contact:{peer.id}")
                }
            self._each(works, "planning", self._directory)
            self._each(works, "planning", self._outbound)
            for work in works:
                self.site.take_events(work.link)  # it is no cycle, so nobody reads them
        return cycle

    def _cycle(self, links: Collection[str], *, rehearsal: bool) -> CycleOutcome:
        cycle = CycleOutcome(rehearsal=rehearsal)
        works = list(self._works(links, cycle, rehearsal=rehearsal))
        self._each(works, "starting", lambda work: prepare(work.connector))
        if not rehearsal:
            self._each(works, "delivering what was left", outbox.deliver)
        self._each(works, "collecting", inbound.receive)
        self._each(works, "updating the directory", self._directory)
        # Views follow when every link has had its say, so that one cycle brings news from each peer to all others.
        self._each(works, "updating the views", self._outbound)
        if not rehearsal:
            letters_to_administrator(self.site, cycle, works)
            self._each(works, "delivering", outbox.deliver)
            self._each(works, "acknowledging", outbox.acknowledge)
            prune(self.site, works)
            for work in works:
                if not work.failed:
                    self.site.store.set_counter(began(work.link.name), int(work.now))
        for work in works:
            self._try(work, "reporting", _ended)
            work.outcome.events += self.site.take_events(work.link)
        return cycle

    def _works(self, links: Collection[str], cycle: CycleOutcome, *, rehearsal: bool) -> Iterator[LinkWork]:
        for link in self.site.config.links.values():
            if not link.enabled or (links and link.name not in links):
                continue
            outcome = LinkOutcome(link.name)
            cycle.links.append(outcome)
            try:
                yield self.work(link, cycle, outcome, rehearsal=rehearsal)
            except DxaError as error:
                outcome.errors.append(str(error))

    def work(self, link: Link, cycle: CycleOutcome, outcome: LinkOutcome, *, rehearsal: bool = False) -> LinkWork:
        """The shared state of one link's part in a cycle."""
        site = self.site
        return LinkWork(
            store=site.store,
            link=link,
            connector_type=link.connector,
            connector=site.connector(link),
            types=site.types,
            addressing=site.config.addressing,
            site_lists=site.site_lists(link),
            now=site.clock(),
            rehearsal=rehearsal,
            cycle=cycle,
            outcome=outcome,
            pause=lambda: self.progress(link.name, "going on"),
        )

    def _each(self, works: list[LinkWork], what: str, step: Callable[[LinkWork], None]) -> None:
        """A step on every link; what one link raises is reported and does not stop the others."""
        for work in works:
            if work.failed:
                continue
            self.progress(work.link.name, what)
            self._try(work, what, step)

    def _try(self, work: LinkWork, what: str, step: Callable[[LinkWork], None]) -> None:
        try:
            step(work)
        except DxaError as error:
            work.failed = True
            if str(error) not in work.outcome.errors:  # a connector that is gone says why at every call
                work.outcome.errors.append(str(error))
        except Exception as error:
            if not _from_plugin(error, work):
                raise
            work.failed = True
            fault = PluginError(work.link.connector.name, f"{what} raised {type(error).__name__}: {error}")
            work.outcome.errors.append(str(fault))

    def _directory(self, work: LinkWork) -> None:
        self._keep(work, directory.plan_peers(work))
        _passed(work, Phase.DIRECTORY, work.outcome.applied)

    def _outbound(self, work: LinkWork) -> None:
        views = outbound.assign_views(work)
        self._keep(work, (outbound.advance_view(work, view, peers) for view, peers in views.items()))
        if work.connector_type.traits.holds is Holds.QUOTED:
            work.cycle.plans += answers.plan_moves(work)
            answers.answer_peers(work)
        elif work.connector_type.traits.holds is Holds.QUEUED:
            asking.ask_peers(work)
        else:
            self._keep(work, (proven.plan_proven(work, peer) for peer in work.link.peers.values()))
            for peer in work.link.peers.values():
                proven.give_back(work, peer)
        _passed(work, Phase.COMPARED, work.outcome.sent)

    def _keep(self, work: LinkWork, plans: Iterator[Plan | None]) -> None:
        """Keep plans for the outcome; of those that were applied only what is held, for the rest has been counted."""
        for plan in plans:
            if plan is not None and (plan.holds or (work.rehearsal and plan.changes)):
                work.cycle.plans.append(plan if work.rehearsal else attrs.evolve(plan, ready=()))


def began(link: str) -> str:
    """The counter that says when the last cycle of a link began that did not fail, in seconds since 1970."""
    return f"began:{link}"


def _passed(work: LinkWork, phase: Phase, counts: Mapping[str, int]) -> None:
    """Say to a connector that tells the story of the cycle how far it has come."""
    if work.told and (narrator := offered(work.connector, Narrator)):
        verbs = {verb: counts.get(verb.value, 0) for verb in Verb}
        narrator.passed(phase, verbs, "; ".join(work.outcome.errors))


def _ended(work: LinkWork) -> None:
    _passed(work, Phase.FAILED if work.outcome.errors else Phase.ENDED, {})


def _from_plugin(error: Exception, work: LinkWork) -> bool:
    """Whether the connector's own code raised this: its fault must not look like ours, nor ours like its."""
    module = type(work.connector).__module__.partition(".")[0]
    trace = error.__traceback__
    last = None
    while trace is not None:
        last = trace.tb_frame.f_globals.get("__name__", "")
        if str(last).partition(".")[0] == module and module != "dxa":
            return True
        trace = trace.tb_next
    return False
