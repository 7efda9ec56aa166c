"""A kill at every write, rename, removal and commit of a cycle, one after the other: the next run repairs it by itself.

Not sampled: each program of the cycle is ended at its first step, then at its second, until it gets to its end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from dxa_msmail.postoffice import letters, mailbag
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.programs import importing, rebuild, reqmain
from tests.maildata_world import DiskPostoffice, DiskWorld
from tests.world import Crash, Fuse

#: The programs of a cycle in their order; the first half runs at one postoffice, NORTH/ALPHA.
ACTS = ("REQMAIN -t", "EXTERNAL there", "dxa sync", "EXTERNAL here", "REQMAIN -r", "IMPORT -q", "REBUILD -f")
_NUMBERS = re.compile("[0-9]+")


@attrs.define
class Stage:
    """A world, and what it was before an act."""

    world: DiskWorld
    saved: dict[str, Any] = attrs.field(factory=dict)

    @property
    def alpha(self) -> DiskPostoffice:
        """The postoffice at which programs are killed."""
        office: Any = self.world.offices[0]
        return office

    def fuse(self, act: str) -> Fuse:
        """Whose steps count in an act."""
        return self.world.fuse if act in ("dxa sync", "EXTERNAL here") else self.alpha.fuse

    def run(self, act: str) -> None:
        """One program of the cycle."""
        world, alpha = self.world, self.alpha
        acts: dict[str, Callable[[], object]] = {
            "REQMAIN -t": alpha.t1,
            "EXTERNAL there": lambda: self.external(alpha.root, alpha.fuse),
            "dxa sync": world.agent.sync,
            "EXTERNAL here": lambda: self.external(world.shadow_root, world.fuse),
            "REQMAIN -r": lambda: reqmain.receive(alpha.maildata, alpha.clock),
            "IMPORT -q": lambda: importing.run_queue(alpha.maildata, alpha.clock),
            "REBUILD -f": lambda: rebuild.rebuild(alpha.maildata, alpha.clock, force=True),
        }
        acts[act]()

    def external(self, root: Path, fuse: Fuse) -> None:
        """EXTERNAL, as a process that a crash ends."""
        from dxa_msmail.programs import external

        external.run(Maildata(root, durable=False, step=lambda _what: fuse.tick()), lambda: self.world.now)

    def tree(self) -> dict[Path, bytes]:
        """All files of all postoffices."""
        return {path: path.read_bytes() for path in self.world.folder.rglob("*") if path.is_file()}

    def outcome(self) -> dict[Path, bytes]:
        """All files but those that tell how often somebody tried: logs, and the counter of changes."""
        return {path: data for path, data in self.tree().items() if "LOG" not in path.parts and path.name != "FLAG.GLB"}

    def save(self) -> None:
        """Keep everything as it is now."""
        self.saved = {"tree": self.tree(), "store": self.world.store.dump(), "now": self.world.now}

    def restore(self) -> None:
        """Set everything back; another agent has started."""
        saved = self.saved["tree"]
        now = self.tree()
        for path in now.keys() - saved.keys():
            path.unlink()
        for path, data in saved.items():
            if now.get(path) != data:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
        self.world.store.load(self.saved["store"])
        self.world.now = self.saved["now"]
        self.world.agent = self.world.start()

    def mail(self) -> list[tuple[str, str, str, str]]:
        """Every letter that lies in a mailbag: where, for whom, its subject without numbers, how many attachments."""
        found = []
        for root in (self.world.shadow_root, *(office.root for office in self.world.offices)):  # type: ignore[attr-defined]
            with Maildata(root).look() as files:
                for bag in (name.removesuffix(".MBG") for name in files.names("MBG")):
                    for _, header in mailbag.headers(files, bag):
                        letter = letters.fetch(files, header.stem)
                        subject = _NUMBERS.sub("#", letter.subject)
                        found.append(
                            (f"{root.name} {bag}", ", ".join(letter.to), subject, str(len(letter.attachments)))
                        )
        return sorted(found)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """A world in which a cycle has run, and then people came, left and were renamed on both sides."""
    folder = tmp_path_factory.mktemp("kills")
    world = DiskWorld(5, folder / "world", faults=False)
    world.settle(cycles=1)
    for _ in range(8):
        world.now += 600
        world.edit_people()
        world.edit_directory()
    return Stage(world)


def _before(stage: Stage, act: str) -> None:
    """Run the cycle up to an act."""
    for earlier in ACTS[: ACTS.index(act)]:
        stage.run(earlier)


@pytest.mark.dx("T-136", "T-146", "T-192", "T-193")
@pytest.mark.parametrize("act", ACTS)
def test_killed_at_every_step(act: str, stage: Stage) -> None:
    """After a kill at any step the same program, run once more, leaves what it leaves when nobody kills it.

    The same letters lie in the same mailbags, none twice. Where any file but a log is not the same to the byte, the
    cycle goes on, and all lists must agree at its end.
    """
    if not stage.saved:
        stage.save()
    stage.restore()
    for earlier in ACTS[: ACTS.index(act)]:
        stage.run(earlier)
    middle = Stage(stage.world)
    middle.save()
    middle.run(act)
    mail, outcome = middle.mail(), middle.outcome()
    kills = 0
    while True:
        middle.restore()
        middle.fuse(act).left = kills
        try:
            middle.run(act)
            break
        except Crash:
            kills += 1
        finally:
            middle.fuse(act).left = None
        middle.world.agent = middle.world.start()
        middle.run(act)
        assert mail == middle.mail(), f"killed at step {kills - 1}"
        if act == "dxa sync" or outcome != middle.outcome():
            middle.world.settle(cycles=1)
            assert ([], []) == (middle.world.problems(), middle.world.left_over()), f"killed at step {kills - 1}"

    assert kills > 5, "the act writes something, or this tests nothing"
