"""Damaged, restored and foreign files of a postoffice: what they must never do to the mail and lists of others."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import attrs
import pytest

from dxa_msmail.postoffice import layout, letters, mailbag, networks, tree
from dxa_msmail.postoffice.identity import CONTROL, Control
from dxa_msmail.postoffice.letters import Letter
from dxa_msmail.postoffice.mailbag import INQUEUE, MOST, SYSTEM, Header
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.mailfolder import MailbagFolder
from dxa_msmail.postoffice.messages import BAD
from dxa_msmail.programs import external, reqmain
from dxa_msmail.programs.registration import register_server

NOW = 1_000_000_000.0
SERVER = "INSTITUTE/BERLIN"
#: What bytes of a damaged header can say in place of a letter's name.
ODD = ("AB CD", "../../X", "A\nB", "A\x1cB", "", "1", "0000000G", "CON")
LETTER = Letter(sender="LAB/PO1/ANN", to=(f"{SERVER}/$SYSTEM",), time=datetime(2001, 9, 9, 1, 46), subject="Hello")


@pytest.fixture
def po(tmp_path: Path) -> Maildata:
    """A postoffice that knows its directory server."""
    made = tree.create(tmp_path / "po", network="LAB", postoffice="PO1", durable=False)
    with made.change() as change:
        networks.add_postoffice(change, SERVER)
    register_server(made, SERVER)
    return made


def put_headers(po: Maildata, bag: str, *stems: str) -> None:
    """Headers that somebody else has written."""
    with po.change() as change:
        for stem in stems:
            mailbag.append(change, bag, Header(sender="X", subject=f"{stem!r}", stem=stem))


def depth(po: Maildata, bag: str) -> int:
    """How many letters lie in a mailbag."""
    with po.look() as files:
        return mailbag.depth(files, bag)


def trespassers(po: Maildata) -> list[str]:
    """Files that lie where nobody may write: beside the postoffice's folders, or outside of it."""
    return [path.name for folder in (po.root, po.root.parent) for path in folder.iterdir() if path.is_file()]


# -- headers -------------------------------------------------------------------------------------------------------


@pytest.mark.dx("T-206")
def test_a_header_that_names_no_letter_is_set_aside_by_a_folder(po: Maildata) -> None:
    """Whatever its bytes are, it is listed, cannot be read, and can be put aside; no file gets a name from it."""
    put_headers(po, SYSTEM, *ODD)
    folder = MailbagFolder(po, lambda: NOW)
    names = folder.names()
    assert len(ODD) == len(names)

    for name in names:
        folder.park(name, "damaged")

    assert (0, []) == (depth(po, SYSTEM), trespassers(po))
    assert sorted(f"{name}.WHY" for name in names) == sorted(path.name for path in (po.root / BAD).iterdir())


@pytest.mark.dx("T-206")
def test_a_header_that_names_no_letter_is_set_aside_by_reqmain(po: Maildata) -> None:
    """Each is told, and none is left."""
    put_headers(po, SYSTEM, *ODD)

    received = reqmain.receive(po, lambda: NOW)

    assert len(ODD) == len(received.others)
    assert (0, [], len(ODD)) == (depth(po, SYSTEM), trespassers(po), len(list((po.root / BAD).iterdir())))


@pytest.mark.dx("T-206")
def test_a_header_that_names_no_letter_is_set_aside_by_external(po: Maildata) -> None:
    """Each is told, and none is left in INQUEUE; in another's mailbag they go one run after the other."""
    with po.look() as files:
        bag = networks.find(files, SERVER).mailbag
    put_headers(po, INQUEUE, *ODD)

    assert len(ODD) == len(external.run(po, lambda: NOW).aside)
    assert (0, []) == (depth(po, INQUEUE), trespassers(po))

    with po.change() as change:
        networks.set_route(change, SERVER, networks.direct("nowhere"))
    put_headers(po, bag, *ODD)
    for _ in ODD:
        external.run(po, lambda: NOW)
    assert (0, []) == (depth(po, bag), trespassers(po))


def test_a_stem_in_small_letters_is_the_same_letter(po: Maildata) -> None:
    """File names have no case in MS Mail."""
    with po.change() as change:
        change.write(CONTROL, layout.encode(Control(next_letter=0xA)))
        stem = letters.deliver(change, LETTER, SYSTEM)
        mailbag.create(change, SYSTEM)
    put_headers(po, SYSTEM, stem.lower())
    folder = MailbagFolder(po, lambda: NOW)

    (name,) = folder.names()

    assert ("0000000A", True) == (name.partition("-")[0], b"Hello" in folder.read(name))


def test_a_letter_with_two_headers_is_taken_once(po: Maildata) -> None:
    """KB Q127752."""
    letter = attrs.evolve(LETTER, sender=f"{SERVER}/$SYSTEM", to=("LAB/PO1/$SYSTEM",), body=b"no dir-sync\r\n")
    with po.change() as change:
        letters.deliver(change, letter, SYSTEM)
        (_, header), *_ = mailbag.headers(change, SYSTEM)
        mailbag.append(change, SYSTEM, header)

    received = reqmain.receive(po, lambda: NOW)

    assert (1, 1, 0) == (len(received.others), received.settled, depth(po, SYSTEM))


def test_names_are_not_given_out_twice_when_numbers_are(po: Maildata) -> None:
    """After a restore of CONTROL.GLB the same request, a day later, is another letter under the same stem."""
    names = set()
    for day in (9, 10):
        letter = attrs.evolve(LETTER, time=datetime(2001, 9, day, 1, 46))
        with po.change() as change:
            change.write(CONTROL, layout.encode(Control(next_letter=7)))
            letters.deliver(change, letter, SYSTEM)
        folder = MailbagFolder(po, lambda: NOW)
        names.update(folder.names())
        for name in folder.names():
            folder.remove(name)
        folder.flush()

    assert (2, {"00000007"}) == (len(names), {name.partition("-")[0] for name in names})


def test_deleted_headers_are_never_seen_again_by_who_knows_no_lock(po: Maildata) -> None:
    """When a full mailbag's headers move together its KEY says of none that was deleted that it lives."""
    with po.change() as change:
        change.write(mailbag.mbg_name(SYSTEM), b"".join(_numbered(n) for n in range(MOST)))
    with po.change() as change:
        mailbag.delete(change, SYSTEM, *range(0, MOST, 2))
    seen: list[set[str]] = []

    def step(_what: str) -> None:
        data = (po.root / mailbag.mbg_name(SYSTEM)).read_bytes()
        key = layout.decode(mailbag.Key, (po.root / mailbag.key_name(SYSTEM)).read_bytes())
        dead = int.from_bytes(key.deleted, "little")
        subjects = (data[at + 13 : at + 54].partition(b"\0")[0].decode() for at in range(0, len(data), 116))
        seen.append({subject for slot, subject in enumerate(subjects) if not dead >> slot & 1})

    with attrs.evolve(po, step=step).change() as change:
        mailbag.append(change, SYSTEM, Header(subject="new", stem="00000001"))

    alive = {str(n) for n in range(1, MOST, 2)} | {"new"}
    assert [True] * len(seen) == [subjects <= alive for subjects in seen]
    assert alive == seen[-1]


def _numbered(number: int) -> bytes:
    return layout.encode(Header(subject=str(number), stem="00000001"))
