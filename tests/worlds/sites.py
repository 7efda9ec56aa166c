"""The world of KB Q152167 on disk: two sites, a postoffice behind each, and one directory server for both of them.

PO1 is connected to X1 and PO2 to X2. X1 is the directory server; PO2's mail for it passes X2's shadow postoffice, and
so do the answers. X1 and X2 tell each other of their people over a site link, whose files a carrier brings from one
folder to the other: late, not at all, or half. Equal seeds are equal runs.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from dxa.recipient import Recipient
from dxa_msmail.postoffice import bag, letters, mailbag, tree
from dxa_msmail.postoffice.maildata import Maildata
from dxa_sitelink.sites import read_name, tag
from tests.worlds.base import World
from tests.worlds.places import (
    APART,
    BETWEEN,
    MAIL,
    MAIL_OF,
    PLACES,
    PO1,
    PO2,
    POSTOFFICES,
    SITES,
    X1,
    X2,
    OfficeThere,
    SiteThere,
    configuration,
)


class ManySites(World):
    """Both sites and both postoffices below a folder."""

    LENGTH = 25

    def __init__(self, seed: int, folder: Path, *, faults: bool = True, mail: Mapping[str, str] = MAIL_OF) -> None:
        World.__init__(self, seed, folder, faults=faults)
        self.now, self.serial = 1_000_000_000.0, 0
        self.sites = {
            name: SiteThere.build(name, folder / short, configuration(name, peer, mail[name]), self.clock)
            for name, peer, short in ((X1, X2, "x1"), (X2, X1, "x2"))
        }
        self.offices = {
            name: OfficeThere.build(name, folder / short, self.sites[site], self.clock)
            for name, site, short in ((PO1, X1, "po1"), (PO2, X2, "po2"))
        }
        #: Who is where, as it should be: names by mailbox.
        self.people: dict[str, dict[str, str]] = {place: {} for place in PLACES}
        self.removed: set[str] = set()
        self._before: dict[str, set[str]] = {place: set() for place in PLACES}
        for place in PLACES:
            for _ in range(3):
                self.add(place)

    def clock(self) -> float:
        """Everybody's clock."""
        return self.now

    def place(self, name: str) -> SiteThere | OfficeThere:
        """The site or postoffice of that name."""
        return self.sites[name] if name in self.sites else self.offices[name]

    # -- people ----------------------------------------------------------------------------------------------------

    def _name(self) -> str:
        self.serial += 1
        return f"{self.random.choice(('Berg', 'Éber', 'Øks', 'Wolf'))}, {self.serial}"

    def add(self, place: str) -> str:
        """Somebody comes; returns the mailbox, which nobody had before."""
        name = self._name()
        mailbox = f"U{self.serial}"
        self.place(place).add(mailbox, name)
        self.people[place][mailbox] = name
        return mailbox

    def rename(self, place: str, mailbox: str) -> str:
        """Somebody gets another name; returns it."""
        name = self._name()
        self.place(place).rename(mailbox, name)
        self.people[place][mailbox] = name
        return name

    def delete(self, place: str, mailbox: str) -> None:
        """Somebody goes."""
        self.place(place).delete(mailbox)
        del self.people[place][mailbox]
        self.removed.add(f"{place}/{mailbox}")

    # -- what may happen -------------------------------------------------------------------------------------------

    def edit(self) -> None:
        """Somebody comes, goes or is renamed at one of the four places."""
        place, luck = self.random.choice(PLACES), self.random.random()
        if luck < 0.4 or len(self.people[place]) < 2:
            self.add(place)
        elif luck < 0.7:
            self.rename(place, self.random.choice(sorted(self.people[place])))
        else:
            self.delete(place, self.random.choice(sorted(self.people[place])))

    def ask(self) -> None:
        """A postoffice makes its request."""
        self.offices[self.random.choice(POSTOFFICES)].ask()

    def move(self) -> None:
        """EXTERNAL at one of the four, at whatever time; before that a letter may get lost that waits there."""
        name = self.random.choice((*POSTOFFICES, *SITES))
        po = self.house(name)
        if tree.is_postoffice(po.root):
            if self.faults and self.random.random() < 0.2:
                self.lose(po)
            self.place(name).move()

    def lose(self, po: Maildata) -> None:
        """A letter that was submitted, or waits to be carried, is gone."""
        with po.change() as change:
            bags = [name.removesuffix(".MBG") for name in change.names("MBG")]
            waiting = [(bag, slot) for bag in bags for slot, _ in mailbag.headers(change, bag)]
            if waiting:
                bag, slot = self.random.choice(waiting)
                letters.drop(change, bag, slot)

    def sync(self) -> None:
        """A cycle at one of the sites."""
        self.sites[self.random.choice(SITES)].sync()

    def carry(self) -> None:
        """Files of the site link go over: some are late, lost or cut."""
        for one, other in (SITES, SITES[::-1]):
            if not self.faults or self.random.random() < 0.7:
                self._carry(self.sites[one], self.sites[other])

    def _carry(self, one: SiteThere, other: SiteThere) -> None:
        other.between.mkdir(exist_ok=True)
        files = {path.name: path for path in one.between.glob("*.dxs") if _wrote(one, path.name)}
        for name, path in files.items():
            luck = self.random.random() if self.faults else 1.0
            if luck < 0.15:
                (other.between / name).unlink(missing_ok=True)
            elif luck < 0.25:
                (other.between / name).write_bytes(path.read_bytes()[: path.stat().st_size // 2])
            else:
                shutil.copyfile(path, other.between / name)
        for path in other.between.glob("*.dxs"):
            if _wrote(one, path.name) and path.name not in files:
                path.unlink()
        for path in sorted(one.between.glob(f"{bag.tag(one.name)}.*{bag.SUFFIX}")):
            self._carry_letter(path, other.between / path.name)

    def _carry_letter(self, path: Path, target: Path) -> None:
        """A letter of a bag: some are lost or cut, and some come again the next time."""
        luck = self.random.random() if self.faults else 1.0
        if luck >= 0.1:
            target.write_bytes(path.read_bytes()[: path.stat().st_size // 2 if luck < 0.2 else None])
        if not 0.2 <= luck < 0.4:
            path.unlink()

    def take(self) -> None:
        """A postoffice takes its answers."""
        office = self.offices[self.random.choice(POSTOFFICES)]
        self.broken += [f"{office.name}: {reject}" for reject in office.take()]

    def decide(self) -> None:
        """The administrators approve what is held."""
        for site in self.sites.values():
            site.approve()

    ACTIONS: ClassVar[Mapping[Callable[[Any], None], int]] = {
        edit: 6,
        ask: 4,
        move: 8,
        sync: 5,
        carry: 4,
        take: 4,
        decide: 1,
    }

    def house(self, name: str) -> Maildata:
        """One of the four postoffices, by its name."""
        return self.sites[name].shadow if name in self.sites else self.offices[name].maildata

    def houses(self) -> list[Maildata]:
        """All four postoffices, those of the sites with them."""
        return [self.house(name) for name in (*POSTOFFICES, *SITES)]

    # -- a clean cycle ---------------------------------------------------------------------------------------------

    def cycle(self) -> None:
        """T1, T2 and T3 with everything in between, as a day brings it."""
        self.now += 40_000
        for office in self.offices.values():
            office.ask()
            office.move()
        for name in (X2, X1, X2):
            site = self.sites[name]
            if tree.is_postoffice(site.shadow.root):
                site.move()
            self.carry()
            site.sync()
        for name in (X1, X2):
            self.carry()
            self.sites[name].move()
        for office in self.offices.values():
            self.broken += [f"{office.name}: {reject}" for reject in office.take()]
        self.watch()

    def settle(self, cycles: int = 4) -> None:
        """All faults stop, everything held is approved, and clean cycles run until all agree, at most so many."""
        self.faults = False
        for site in self.sites.values():
            site.sync()  # makes the shadow postoffices, if nothing has yet
        for _ in range(cycles):
            self.cycle()
            self.decide()
            if not self.problems():
                break

    # -- what must hold --------------------------------------------------------------------------------------------

    def watch(self) -> None:
        """Nobody vanishes anywhere who was not deleted where he is from."""
        for name in PLACES:
            held = set(self.place(name).held())
            self.broken += [f"{name} has lost {each}" for each in sorted(self._before[name] - held - self.removed)]
            self._before[name] = held

    def wanted(self, place: str) -> dict[str, str]:
        """Whom a place should have of the others: names by address."""
        return {
            f"{other}/{mailbox}": name
            for other in PLACES
            if other != place
            for mailbox, name in self.people[other].items()
        }

    def problems(self) -> list[str]:
        """What does not agree, and what went wrong on the way."""
        found = list(self.broken)
        for place in PLACES:
            wanted, held = self.wanted(place), self.place(place).held()
            found += [
                f"{place}: {address} is {held.get(address)}, should be {wanted.get(address)}"
                for address in sorted(wanted.keys() | held.keys())
                if wanted.get(address) != held.get(address)
            ]
        for name, site in self.sites.items():
            found += [
                f"{name}: {each.target} is {each.owner}'s" for each in site.people() if not _is_owners(name, each)
            ]
            found += [f"{name}: there are {n} of {who}" for who, n in _counted(site).items() if n > 1]
        for po in self.houses():
            with po.look() as files:
                found += [f"{po.root.name}: {problem}" for problem in tree.check(files)]
        return found

    def quiet(self) -> list[str]:
        """Which site writes something for the other one in a cycle though nothing is new."""
        self.cycle()
        before = {name: _files(site.between) for name, site in self.sites.items()}
        self.cycle()
        return [name for name, site in self.sites.items() if _files(site.between) != before[name]]


class SitesApart(ManySites):
    """The same two sites with nothing in common but the files that a carrier brings: their mail goes in a bag."""

    @classmethod
    def build(cls, seed: int, folder: Path) -> Self:
        """See `World.build`."""
        return cls(seed, folder, mail=APART)


def _wrote(site: SiteThere, file: str) -> bool:
    found = read_name(file)
    return found is not None and found.sender == tag(site.name)


def _is_owners(site: str, person: Recipient) -> bool:
    """Whether somebody belongs to the peer that has told of him first-hand, as seen from this site."""
    if person.target is None:
        return person.owner == ""
    place = person.target.value.rpartition("/")[0]
    first_hand = place in POSTOFFICES and site == X1
    return person.owner == (f"{MAIL}/{place}" if first_hand else f"{BETWEEN}/{X2 if site == X1 else X1}")


def _counted(site: SiteThere) -> Counter[str]:
    return Counter(str(each.target or each.primary("MS")) for each in site.people())


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}
