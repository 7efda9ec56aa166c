"""E-mail as a message folder: which links can use it, and what is written into its e-mails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from dxa.address import AddressTypes
from dxa.config.secrets import Secret
from dxa.connector import LinkContext, PeerInfo
from dxa.errors import FormatError, TransportError, UsageError
from dxa.mail import letter
from dxa.mail.interface import RefusedError
from dxa.mail.memory import MemoryBox, MemorySubmission
from dxa.mail.options import Correspondent, MailOptions, SmtpOptions
from dxa.signing import PrivateKey
from dxa_msmail import ffapi
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.ffapi import Attachment, MailMessage
from dxa_msmail.post import PostFolder
from dxa_msmail.server import ServerOptions, open_server

KEYS = {name: PrivateKey.generate() for name in ("LAB/HQ", "NORTH/MAIN")}
MAIL = MailOptions(
    address="hq@lab.example", maildir="mail", smtp=SmtpOptions(host="h"), key=Secret(KEYS["LAB/HQ"].pem().decode())
)


def post(own: str, other: str, folder: Path) -> PostFolder:
    """The mail of one side; what it sends stays with it."""
    return PostFolder(
        own=own,
        mailbox="$SYSTEM",
        address=f"{own[:3].lower()}@x.example",
        key=KEYS[own],
        peers={other.casefold(): Correspondent(name=other, address="other@x.example", key=KEYS[other].public)},
        box=MemoryBox(),
        out=MemorySubmission(),
        aside=folder / "aside",
        clock=lambda: 1e9,
    )


@pytest.fixture
def sides(tmp_path: Path) -> tuple[PostFolder, PostFolder]:
    """A server and a requestor."""
    return post("LAB/HQ", "NORTH/MAIN", tmp_path), post("NORTH/MAIN", "LAB/HQ", tmp_path)


def message(**values: Any) -> bytes:
    """A message file with two attachments and lines of every kind."""
    plain = MailMessage(
        to=("CSI:LAB/HQ/$SYSTEM",),
        sender="CSI:NORTH/MAIN/$SYSTEM",
        subject="Änderung",
        body="Zeile\r\nPASSWORD=geheim\rlang".encode("cp850"),
        attachments=(Attachment("ONE.GLB", b"\x00\r\n.\r\n\xff"), Attachment("TWO.GLB", b"")),
    )
    return ffapi.write(attrs.evolve(plain, **values))


_PLAIN = message(attachments=())


def carried(sender: PostFolder, receiver: PostFolder, data: bytes, name: str = "1.msg") -> str:
    """Send a message file and bring its e-mail; returns the name that it has there."""
    out: Any = sender.out
    box: Any = receiver.box
    sender.write(name, data)
    return str(box.put(out.sent.pop()[1]))


def test_a_message_file_arrives_to_the_byte(sides: tuple[PostFolder, PostFolder]) -> None:
    """Headers, body and attachments come out as they went in, and are known by the name that the sender gave them."""
    hq, north = sides
    name = carried(north, hq, message())
    again = carried(north, hq, message())

    assert message() == hq.read(name) == hq.read(again)
    assert name != again
    assert "north/main LAB/HQ 1.msg" == hq.identity(name) == hq.identity(again)
    assert hq.identity(name) != hq.identity("never read")


def test_people_see_no_password(sides: tuple[PostFolder, PostFolder]) -> None:
    """The text of the e-mail is the body, with the password hidden."""
    hq, north = sides
    box: Any = hq.box
    text = letter.read(box.mails[carried(north, hq, message())]).text

    assert ["Zeile", "PASSWORD=***", "lang"] == text.split()


def test_removing_is_done_by_flush(sides: tuple[PostFolder, PostFolder]) -> None:
    """What was removed is not listed, and is gone when `flush` returns; what was parked lies aside with its reason."""
    hq, north = sides
    names = [carried(north, hq, message(), f"{at}.msg") for at in range(3)]
    box: Any = hq.box
    hq.remove(names[0])
    hq.park(names[1], "no good")
    listed, there = hq.names(), list(box.mails)
    parked = box.mails[names[1]]
    hq.flush()

    assert (names[2:], names) == (listed, there)
    assert names[2:] == list(box.mails)
    assert ("no good\n", parked) == (
        (hq.aside / f"{names[1]}.why").read_text(),
        (hq.aside / f"{names[1]}.eml").read_bytes(),
    )


def test_what_is_for_somebody_else_says_so_itself(sides: tuple[PostFolder, PostFolder]) -> None:
    """A letter to another site is read as what it is, so that it is left alone; it vouches for nothing here."""
    hq, north = sides
    wide = attrs.evolve(
        north, peers={**north.peers, "lab/other": Correspondent(name="LAB/OTHER", address="o@x.example", key=None)}
    )
    name = carried(wide, hq, message(to=("CSI:LAB/OTHER/$SYSTEM",)))

    assert ("CSI:LAB/OTHER/$SYSTEM",) == ffapi.parse(hq.read(name)).to
    assert "" == hq.identity(name)


def test_a_letter_of_another_kind_of_link_is_not_believed(sides: tuple[PostFolder, PostFolder]) -> None:
    """Whoever forges a seal cannot get round the signature by naming another kind of link; nor does a real one help."""
    hq, _ = sides
    other = letter.Letter(
        id="1", channel="pigeons", sender="NORTH/MAIN", to="LAB/HQ", parts=(letter.Part("MESSAGE.MSG", _PLAIN),)
    )
    box: Any = hq.box
    for key in (None, KEYS["NORTH/MAIN"]):
        name = box.put(letter.compose(other, origin="n@x.example", target="h@x.example", now=0, key=key))
        with pytest.raises(FormatError, match=r"another kind of link.*expected msmail, got 'pigeons'"):
            hq.read(name)


def test_nobody_without_an_address_is_written_to(sides: tuple[PostFolder, PostFolder]) -> None:
    """A message for somebody who has no mail address is refused for good, and nothing is sent."""
    _, north = sides
    with pytest.raises(RefusedError, match="no mail address is configured for CSI:EAST/MAIN/X"):
        north.write("1.msg", message(to=("CSI:EAST/MAIN/X",)))

    out: Any = north.out
    assert [] == out.sent


def test_a_letter_without_a_message_is_damaged(sides: tuple[PostFolder, PostFolder]) -> None:
    """A sealed letter that carries no message file is refused with what was expected."""
    hq, _ = sides
    empty = letter.Letter(id="1", channel="msmail", sender="NORTH/MAIN", to="LAB/HQ", parts=(letter.Part("X", b"x"),))
    box: Any = hq.box
    name = box.put(letter.compose(empty, origin="n@x.example", target="h@x.example", now=0, key=KEYS["NORTH/MAIN"]))
    with pytest.raises(FormatError, match=r"expected MESSAGE\.MSG"):
        hq.read(name)


def test_what_was_taken_away_meanwhile_needs_no_keeping(sides: tuple[PostFolder, PostFolder]) -> None:
    """To park an e-mail that is gone does nothing; to read it says that it is gone."""
    hq, _ = sides
    hq.park("1-9", "no good")
    with pytest.raises(TransportError, match="it is not there any more"):
        hq.read("1-9")

    assert not hq.aside.exists()


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("NORTH/MAIN", {}, r'links\.pc\.peers\."NORTH/MAIN"\.msmail: the mail address of NORTH/MAIN is missing'),
        ("NORTH/MAIN", {"mail": "n@x.example"}, "public_key is missing"),
        ("PROFS", {"mail": "n@x.example", "unsigned": True}, "a requestor is a postoffice, NET/PO; PROFS is a gateway"),
    ],
)
def test_a_peer_that_mail_cannot_reach_is_told(name: str, given: dict[str, Any], expected: str, tmp_path: Path) -> None:
    """A link that uses mail does not begin until it knows where mail of each peer goes and how it is believed."""
    context = LinkContext(
        link="pc",
        options=ServerOptions(mail=MAIL),
        folder=tmp_path,
        types=AddressTypes(ADDRESS_TYPES),
        site=("Lab", "HQ"),
        peers={name.casefold(): PeerInfo(id="1", name=name, options=given)},
    )
    with pytest.raises(UsageError, match=expected):
        open_server(context)


def test_mail_and_a_shadow_postoffice_exclude_each_other() -> None:
    """One link has one way for its messages."""
    with pytest.raises(ValueError, match="mail is given together with maildata; leave one out"):
        ServerOptions(mail=MAIL, maildata="shadow")
