"""Many schedules of the fault test, each from its seed: ``python -m tests.sweep --schedules 100000``.

Equal seeds are equal runs: ``--seed N`` runs one schedule again and prints what happened in it.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import sitelink_world, sites_world
from tests.asking_world import AskingFolder, AskingMail, AskingServed, AskingShadow
from tests.ccmail_faults import FaultyOffice
from tests.dispatch_world import Dispatched, ScheduledAsking, ScheduledServed, ScheduledSite
from tests.mail_world import MailWorld
from tests.maildata_world import DiskWorld
from tests.served_world import ServedWorld
from tests.world import World

BATCH = 20
MENDED = "mended by an export"
#: Beside these there are strict requestors in memory, and requestors that check nothing (the residue is counted).
#: Postoffices on disk; of these one is the server; requestors that only mail reaches; the same with sites that ask;
#: postoffices and sites by their schedules, through a night in which the clocks of Berlin are changed; a postoffice
#: behind each of two sites; two sites with a folder between them; and a post office of cc:Mail.
WORLDS: dict[str, Callable[[int, Path], Any]] = {
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
    "many-sites": sites_world.World,
    "sitelink": lambda seed, _folder: sitelink_world.World(seed),
    "ccmail": lambda seed, _folder: FaultyOffice(seed),
}
#: When the worlds of schedules begin: an even seed in spring, an odd one in autumn.
NIGHTS = ("2026-03-28T20:00", "2026-10-24T20:00")
KINDS = ("memory", "naive", *WORLDS)


@contextmanager
def world_of(seed: int, kind: str) -> Iterator[Any]:
    """The world of one schedule; one on disk has a folder as long as it is needed."""
    if kind not in WORLDS:
        yield World(seed, naive=kind == "naive")
        return
    with tempfile.TemporaryDirectory() as folder:
        world = WORLDS[kind](seed, Path(folder))
        if isinstance(world, Dispatched):
            world.begin(NIGHTS[seed % 2])
        yield world
        if isinstance(world, FaultyOffice):
            world.close()


def end(world: Any) -> list[str]:
    """All faults stop; what is wrong then."""
    if isinstance(world, Dispatched):
        world.quiet_week()
        return [*world.unkept(), *world.problems()]
    world.settle()
    return [*world.problems()]


def one(seed: int, steps: int, kind: str) -> list[str]:
    """What is wrong at the end of one schedule, an exception included.

    Of naive requestors the last entry says whether the administrator's exports, where dxa asks for them, mend it.
    """
    try:
        with world_of(seed, kind) as world:
            for _ in range(steps):
                world.step()
            problems = end(world)
            if kind == "naive" and problems:
                world.obey()
                problems.append("stays wrong" if world.problems() else MENDED)
    except Exception:
        return [traceback.format_exc()]
    return problems


def batch(first: int, count: int, steps: int, kind: str) -> list[tuple[int, list[str]]]:
    """The schedules of a batch that ended wrong."""
    ends = ((seed, one(seed, steps, kind)) for seed in range(first, first + count))
    return [(seed, problems) for seed, problems in ends if problems]


def show(seed: int, steps: int, kind: str) -> int:
    """Run one schedule and print it."""
    with world_of(seed, kind) as world:
        for number in range(steps):
            world.step()
            print(number, world.log[-1])
        problems = end(world)
    print("\n".join(problems) or "all agree")
    return bool(problems)


def main() -> int:
    """Run the schedules on all cores and report those that ended wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--world", choices=KINDS, default="memory")
    parser.add_argument("--seed", type=int)
    args = parser.parse_args()
    if args.seed is not None:
        return show(args.seed, args.steps, args.world)
    start, wrong, mended, done = time.monotonic(), 0, 0, 0
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        firsts = range(args.first, args.first + args.schedules, BATCH)
        counts = (min(BATCH, args.first + args.schedules - first) for first in firsts)
        jobs = [pool.submit(batch, f, c, args.steps, args.world) for f, c in zip(firsts, counts, strict=True)]
        for job in jobs:
            for seed, problems in job.result():
                wrong += 1
                mended += problems[-1] == MENDED
                print(f"seed {seed}: {problems[0]}", flush=True)
            done += BATCH
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
