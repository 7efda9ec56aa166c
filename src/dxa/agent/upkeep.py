"""The end of a cycle: letters to the administrator, and the removal of what has been kept long enough."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

import attrs

from dxa.agent.context import LinkWork
from dxa.agent.outcome import CycleOutcome
from dxa.agent.site import OpenSite
from dxa.agent.undo import forget_undos
from dxa.connector import PeerInfo

DAY = 86_400.0


def letters_to_administrator(site: OpenSite, cycle: CycleOutcome, works: Sequence[LinkWork]) -> None:
    """Tell the administrator what waits to be told: by letter over the links, and by the configured command.

    What reached nobody, because no link of this cycle carries letters or the command failed, waits for the next cycle.
    """
    waiting = site.store.notices.waiting()
    if not waiting:
        return
    now = site.clock()
    config = site.config
    carriers = [work for work in works if work.connector_type.traits.letters]
    told = bool(carriers) if config.administrator else not config.administrator_command
    if config.administrator_command:
        lines = (f"{n.link} {n.peer}: {f'[{n.code}] ' if n.code > 0 else ''}{n.text}" for n in waiting)
        told |= _run(site, cycle, "\n".join(lines))
    if not told:
        return
    with site.store.transaction():
        for notice in waiting:
            work = next((work for work in carriers if work.link.name == notice.link), next(iter(carriers), None))
            if config.administrator and work is not None:
                title = f"dxa: {notice.peer}: {notice.text}"
                peer = PeerInfo(id="administrator", name="administrator", address=config.administrator)
                work.post_notice(peer, config.administrator, title, notice.text, f"{notice.id}")
        site.store.notices.told([notice.id for notice in waiting], now)


def _run(site: OpenSite, cycle: CycleOutcome, text: str) -> bool:
    """Run the command with the text; whether it went well."""
    command = list(site.config.administrator_command)
    try:
        done = subprocess.run(
            command, input=text + "\n", text=True, capture_output=True, timeout=60, check=False, cwd=site.folder
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        cycle.notices.append(f"administrator_command {command[0]!r} failed: {error}")
        return False
    if done.returncode:
        cycle.notices.append(
            f"administrator_command {command[0]!r} ended with {done.returncode}: {done.stderr.strip()}"
        )
    return not done.returncode


def prune(site: OpenSite, works: Sequence[LinkWork]) -> None:
    """Remove what is older than the configuration keeps; at most once a day, and never a cut that a peer may quote.

    The views of a link are looked at in its own cycles, which need not be those of the other links.
    """
    now, config, store = site.clock(), site.config, site.store
    if _due(site, "pruned"):
        with store.transaction():
            store.set_counter("pruned", int(now))
            store.messages.prune(now - config.keep_messages_days * DAY)
            store.outbox.prune(now - config.keep_messages_days * DAY)
            store.journal.prune(now - config.keep_runs_days * DAY)
            store.resting.prune(now)
            forget_undos(site)
            store.numbered.prune(now - config.keep_cuts_days * DAY)
            store.rejects.prune(now - config.keep_messages_days * DAY)
            _prune_gone(site)
    for work in works:
        if _due(site, name := f"views pruned:{work.link.name}"):
            with store.transaction():
                store.set_counter(name, int(now))
                _prune_views(work, now - config.keep_cuts_days * DAY)


def _prune_gone(site: OpenSite) -> None:
    """Forget who was deleted as soon as all views have seen it.

    A view that nobody sees now, or on a link that is switched off, does not hold that up: should it be seen again, it
    looks at everybody.
    """
    store = site.store
    used = {row.view for row in store.peers.all() if (link := site.config.links.get(row.link)) and link.enabled}
    views = [view for link in store.peers.links() for view in store.views.of_link(link)]
    seen = min((view.usn for view in views if view.id in used), default=store.directory.usn())
    for view in views:
        if view.id not in used and 0 < view.usn < seen:
            store.views.update(attrs.evolve(view, usn=0))
    store.directory.prune(seen)


def _due(site: OpenSite, name: str) -> bool:
    return site.clock() - site.store.counter(name) >= DAY


def _prune_views(work: LinkWork, before: float) -> None:
    """Drop cuts below what each peer has confirmed, and what no cut that is left needs any more.

    That are rows of views, and lines that peers told themselves.
    """
    store = work.store
    rows = store.peers.of_link(work.link.name)
    for row in rows.values():
        store.cuts.prune(row.id, row.state.confirmed, before)
    cuts, highest = store.cuts.of([row.id for row in rows.values()]), store.highest(work.link.name)
    for row in rows.values():
        store.received.prune_told(row.id, min((cut.number for cut in cuts.get(row.id, ())), default=highest))
    for view, oldest in store.cuts.oldest(work.link.name).items():
        store.views.prune(view, oldest)
