"""Many schedules of the fault test, each from its seed: ``python -m tests.sweep --schedules 100000``.

Equal seeds are equal runs: ``--seed N`` runs one schedule again and prints what happened in it.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor

from tests.worlds.asking import AskingFolder, AskingMail, AskingServed, AskingShadow
from tests.worlds.base import World
from tests.worlds.ccmail import FaultyOffice
from tests.worlds.disk import DiskWorld
from tests.worlds.dispatch import ScheduledAsking, ScheduledServed, ScheduledSite
from tests.worlds.mail import MailWorld
from tests.worlds.memory import MENDED, MemoryWorld, NaiveWorld
from tests.worlds.runner import ended, world_of
from tests.worlds.served import ServedWorld
from tests.worlds.sitelink import LinkedSites
from tests.worlds.sites import ManySites, SitesApart

#: Schedules that a process runs at a time, at most.
BATCH = 20
#: Strict requestors in memory, and requestors that check nothing (the residue is counted); postoffices on disk; of
#: these one is the server; requestors that only mail reaches; the same with sites that ask; postoffices and sites by
#: their schedules, through a night in which the clocks of Berlin are changed; a postoffice behind each of two sites,
#: and the same where the sites share nothing but files; two sites with a folder between them; and a post
#: office of cc:Mail.
WORLDS: dict[str, type[World]] = {
    "memory": MemoryWorld,
    "naive": NaiveWorld,
    "disk": DiskWorld,
    "served": ServedWorld,
    "mail": MailWorld,
    "asking": AskingFolder,
    "asking-mail": AskingMail,
    "asking-disk": AskingShadow,
    "asking-served": AskingServed,
    "dispatch": ScheduledServed,
    "dispatch-site": ScheduledSite,
    "dispatch-asking": ScheduledAsking,
    "many-sites": ManySites,
    "sites-apart": SitesApart,
    "sitelink": LinkedSites,
    "ccmail": FaultyOffice,
}


def one(seed: int, steps: int, kind: str) -> list[str]:
    """What is wrong at the end of one schedule, an exception included."""
    try:
        return ended(WORLDS[kind], seed, steps)
    except Exception:
        return [traceback.format_exc()]


def batch(first: int, count: int, steps: int, kind: str) -> list[tuple[int, list[str]]]:
    """The schedules of a batch that ended wrong."""
    ends = ((seed, one(seed, steps, kind)) for seed in range(first, first + count))
    return [(seed, problems) for seed, problems in ends if problems]


def show(seed: int, steps: int, kind: str) -> int:
    """Run one schedule and print it."""
    with world_of(WORLDS[kind], seed) as world:
        for number in range(steps):
            world.step()
            print(number, world.log[-1])
        problems = world.end()
    print("\n".join(problems) or "all agree")
    return bool(problems)


def main() -> int:
    """Run the schedules on all cores and report those that ended wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--steps", type=int, help="of each schedule; by default as the world says")
    parser.add_argument("--world", choices=WORLDS, default="memory")
    parser.add_argument("--seed", type=int)
    args = parser.parse_args()
    args.steps = args.steps or WORLDS[args.world].LENGTH
    if args.seed is not None:
        return show(args.seed, args.steps, args.world)
    start, wrong, mended, done = time.monotonic(), 0, 0, 0
    cores = os.cpu_count() or 1
    size = max(1, min(BATCH, args.schedules // (4 * cores)))
    with ProcessPoolExecutor(cores) as pool:
        firsts = range(args.first, args.first + args.schedules, size)
        counts = (min(size, args.first + args.schedules - first) for first in firsts)
        jobs = [pool.submit(batch, f, c, args.steps, args.world) for f, c in zip(firsts, counts, strict=True)]
        for job in jobs:
            for seed, problems in job.result():
                wrong += 1
                mended += problems[-1].startswith(MENDED)
                print(f"seed {seed}: {problems[0]}", flush=True)
            done += size
            if sys.stderr.isatty():
                print(f"\r{min(done, args.schedules)} of {args.schedules}", end="", file=sys.stderr, flush=True)
    seconds = time.monotonic() - start
    asked = f" ({mended} of them mended by the exports that dxa asks for)" if args.world == "naive" else ""
    print(
        f"{args.schedules} schedules of {args.steps} steps ({args.world}), {wrong} ended wrong{asked}, {seconds:.0f} s"
    )
    return bool(wrong) and args.world != "naive"


if __name__ == "__main__":
    sys.exit(main())
