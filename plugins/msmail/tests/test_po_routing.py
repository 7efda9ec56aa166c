"""Letters on their way through any network of postoffices: each arrives once, or is returned once, or waits."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections import Counter
from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path

import attrs
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from dxa_msmail.postoffice import letters, mailbag, networks, tree, users
from dxa_msmail.postoffice.letters import Letter
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.networks import NO_ROUTE, Route, RouteKind, direct, indirect
from dxa_msmail.programs.external import program as external

NOW = 1_700_000_000.0
SENT = datetime(2023, 11, 14, 22, 0)
#: Some of the names begin with others, as in KB Q162841.
NAMES = ("NET/P", "NET/P1", "NET/P12", "NET/P123456789", "NETT/P")
PEOPLE = ("ann", "an")


@attrs.define
class Killed(Exception):
    """The process ends here."""


@attrs.define
class Fuse:
    """Ends the process after so many steps."""

    left: int | None = None

    def __call__(self, _what: str) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Killed


numbers = st.integers(0, len(NAMES) - 1)
#: How mail gets from one postoffice to another: not at all, directly, or by way of the one with this number.
ways = st.sampled_from(["none", *["direct"] * 4, *range(len(NAMES))])
#: Where letters go: to people, to $SYSTEM, and now and then to nobody.
addresses = st.builds(
    "{}/{}".format,
    st.sampled_from([*NAMES, *NAMES, "NET/P2", "NET/"]),
    st.sampled_from([*PEOPLE, *PEOPLE, "a", "$SYSTEM"]),
)


def _link(source: str, target: str) -> None:
    """Files are replaced as a whole, but for the lock and the logs."""
    if source.endswith((".LOG", "FLAG.GLB")):
        shutil.copyfile(source, target)
    else:
        os.link(source, target)


@cache
def _template() -> Path:
    """Postoffices that know each other, with people: a copy is made in a tenth of the time."""
    root = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, root)
    for n, name in enumerate(NAMES):
        network, _, postoffice = name.partition("/")
        po = tree.create(root / f"{n}", network=network, postoffice=postoffice, durable=False)
        with po.change() as change:
            networks.add_postoffices(change, [networks.Wanted(name=other) for other in NAMES if other != name])
            users.add_users(change, [users.NewUser(name=each, mailbox=each) for each in PEOPLE])
        for folder, _, _ in os.walk(po.root, topdown=False):
            if not any(Path(folder).iterdir()):
                Path(folder).rmdir()
    return root


class Routing(RuleBasedStateMachine):
    """Any network: trees, circles, missing links, links that come and go, runs that are killed.

    A letter is known by its subject. What became of it for each recipient is looked up in the mailbags and in DXA/BAD
    of all postoffices, and in the reports that say for whom it was.
    """

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.away: set[int] = set()
        self.expected: set[tuple[str, str]] = set()
        self.senders: dict[str, str] = {}

    def teardown(self) -> None:
        """The folders go."""
        shutil.rmtree(self.root)

    def po(self, n: int, fuse: Fuse | None = None) -> Maildata:
        """The postoffice with this number."""
        return Maildata(self.root / f"{n}", patience=0.0, durable=False, step=fuse or Fuse())

    @initialize(table=st.lists(ways, min_size=len(NAMES) ** 2, max_size=len(NAMES) ** 2))
    def network(self, table: list[str | int]) -> None:
        """Each postoffice knows all others, each with its own idea of the way."""
        for n in range(len(NAMES)):
            shutil.copytree(_template() / f"{n}", self.root / f"{n}", copy_function=_link)
        for at, way in enumerate(table):
            self.route(at // len(NAMES), at % len(NAMES), way)

    @rule(n=numbers, to=numbers, way=ways)
    def route(self, n: int, to: int, way: str | int) -> None:
        """Somebody changes a route; a circle within one postoffice is refused by `set_route`, and so left out."""
        if n == to or n in self.away or way in (n, to):
            return
        with self.po(n).look() as files:
            known = networks.postoffices(files)
        route: Route = NO_ROUTE if way == "none" else direct(f"../{to}")
        if isinstance(way, int):
            route, at = indirect(NAMES[way]), NAMES[way]
            while known[at.casefold()].route.kind is RouteKind.INDIRECT:
                at = known[at.casefold()].route.via
                if at == NAMES[to]:
                    return
        with self.po(n).change() as change:
            networks.set_route(change, NAMES[to], route)

    @rule(n=numbers, recipients=st.lists(addresses, min_size=1, max_size=4, unique=True), system=st.booleans())
    def write(self, n: int, recipients: list[str], *, system: bool) -> None:
        """A letter to somebody, or to nobody."""
        if n in self.away:
            return
        subject = f"L{len(self.senders)}"
        sender = f"{NAMES[n]}/{'$SYSTEM' if system else PEOPLE[0]}"
        with self.po(n).change() as change:
            letters.submit(change, Letter(sender=sender, to=tuple(recipients), time=SENT, subject=subject), now=NOW)
        self.expected |= {(subject, recipient) for recipient in recipients}
        self.senders[subject] = sender

    @rule(n=numbers)
    def go_or_come(self, n: int) -> None:
        """A link that is up only at times: the folder is there, or it is not."""
        source, target = self.root / f"{n}", self.root / f"{n}.away"
        if n in self.away:
            source, target = target, source
        source.rename(target)
        self.away ^= {n}

    @rule(n=numbers, recipients=st.lists(addresses, min_size=1, max_size=4, unique=True), left=st.integers(0, 60))
    def kill(self, n: int, recipients: list[str], left: int) -> None:
        """EXTERNAL is ended while it moves a letter, and run again."""
        if n not in self.away:
            self.write(n, recipients, system=False)
            with suppress(Killed):
                external.run(self.po(n, Fuse(left)), lambda: NOW)
            external.run(self.po(n), lambda: NOW)
            self.nothing_is_lost_or_doubled()

    @rule()
    def run_all(self) -> None:
        """EXTERNAL at every postoffice."""
        for n in set(range(len(NAMES))) - self.away:
            external.run(self.po(n), lambda: NOW)
        self.nothing_is_lost_or_doubled()

    def nothing_is_lost_or_doubled(self) -> None:
        """Each letter is for each of its recipients in one place only."""
        found: Counter[tuple[str, str]] = Counter()
        for n in range(len(NAMES)):
            root = self.root / (f"{n}.away" if n in self.away else f"{n}")
            found += self.places(Maildata(root, patience=0.0, durable=False), NAMES[n])
        assert dict.fromkeys(self.expected, 1) == found

    def places(self, po: Maildata, own: str) -> Counter[tuple[str, str]]:
        """For whom letters lie in the mailbags of a postoffice, or were returned from there."""
        found: Counter[tuple[str, str]] = Counter()
        with po.look() as files:
            boxes = {user.hexid: f"{own}/{user.mailbox}" for user in users.users(files)} | {"SYSTEM": f"{own}/$SYSTEM"}
            others = {row.mailbag: row.full for row in networks.postoffices(files).values()}
            for bag in (name.removesuffix(".MBG") for name in files.names("MBG")):
                for _, header in mailbag.headers(files, bag):
                    letter = letters.fetch(files, header.stem)
                    if letter.subject.startswith("Undeliverable: "):
                        found += self.returned(letter)
                        continue
                    if bag in boxes:
                        found[letter.subject, boxes[bag]] += 1
                    elif bag in others:
                        there = [to for to in letter.to if to.rpartition("/")[0] == others[bag]]
                        found += Counter((letter.subject, to) for to in there)
                    else:
                        found += Counter((letter.subject, to) for to in letters.envelope(files, header.stem))
            assert [] == [name for name in files.names("DXA/BAD") if not name.endswith((".MSG", ".WHY"))]
            for name in (name for name in files.names("DXA/BAD") if name.endswith(".WHY")):
                # A report whose own way is a circle ends here.
                why = (files.read(f"DXA/BAD/{name}") or b"").decode()
                message = (files.read(f"DXA/BAD/{name.removesuffix('.WHY')}.MSG") or b"").decode("cp850")
                assert "[004] circular route" in why
                found += self.told(why.partition("Undeliverable: ")[2].partition(")")[0], message)
        return found

    def returned(self, report: Letter) -> Counter[tuple[str, str]]:
        """Of which letters a report says that they did not arrive, to their sender alone."""
        subject = report.subject.removeprefix("Undeliverable: ")
        assert (self.senders[subject],) == report.to
        return self.told(subject, report.body.decode("cp850"))

    def told(self, subject: str, text: str) -> Counter[tuple[str, str]]:
        """For whom a report is, by its lines."""
        lines = (line.strip() for line in text.splitlines())
        return Counter((subject, line.partition(": [")[0]) for line in lines if ": [00" in line)


TestRouting = Routing.TestCase
TestRouting.settings = settings(
    max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
