"""Numbers, passwords, senders and broken messages, as they come in over the wire."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from dxa.agent import queries
from dxa.connector import Parcel
from dxa.errors import ConfigError
from dxa_msmail.server import MsMailServer
from tests.cases.harness import (
    DAY,
    MEMORY,
    SITE,
    MakeSite,
    Postoffice,
    SiteHarness,
    body_of,
    link,
    mail,
    message,
    peer,
)

PEOPLE = [f"A P{n} Lee\tPCM:NET/ONE/P{n}" for n in range(20)]
NAMES = sorted(f"P{n} Lee" for n in range(20))


def staff(site: SiteHarness, count: int) -> None:
    """So many recipients of the site."""
    for n in range(count):
        site.add(f"S{n} Lee")


# -- state and messages together -----------------------------------------------------------------------------------


@pytest.mark.dx("T-136", "T-196")
def test_an_answer_that_cannot_be_written(site: SiteHarness):
    """An answer that cannot be written waits, with the file and cause named, and is written once with its number."""
    staff(site, 3)
    one = site.postoffice("NET/ONE")
    one.ask(task="IMPORTREQ")
    site.outbox.write_text("a file where a folder should be")
    site.sync(failing=True)
    number = site.site.store.peers.get("mail/NET/ONE").state.s
    assert [True] == [str(site.outbox) in error for error in site.last.errors]
    site.outbox.unlink()
    site.sync()
    (answer,) = one.read()

    assert number == answer.s
    assert 3 == len(one.gal)
    site.sync()
    assert [] == one.read()


@pytest.mark.dx("T-136")
@pytest.mark.parametrize("failing", ["cuts.add", "outbox.put", "outbox.put_content"])
def test_state_that_cannot_be_stored(site: SiteHarness, monkeypatch: pytest.MonkeyPatch, failing: str):
    """When anything of an answer cannot be stored, nothing of it is sent or counted, and the next cycle makes it."""
    staff(site, 3)
    one = site.joined("NET/ONE")
    before = site.site.store.peers.get("mail/NET/ONE").state.s
    site.remove("S0 Lee")
    one.ask()
    part, _, method = failing.partition(".")

    def full_disk(*_arguments: object) -> None:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(type(getattr(site.site.store, part)), method, full_disk)
        site.now += 60
        with pytest.raises(RuntimeError):
            site.agent.sync()
    assert [] == one.read()
    assert before == site.site.store.peers.get("mail/NET/ONE").state.s
    site.sync()
    (answer,) = one.read()

    assert ["D S0 Lee PCM:LAB/HQ/S0"] == answer.lines


@pytest.mark.dx("T-136", "T-229")
def test_interrupted_while_delivering(site: SiteHarness, monkeypatch: pytest.MonkeyPatch):
    """A run that is interrupted between two answers is gone on with: every postoffice gets its answer once."""
    staff(site, 3)
    one, two = site.postoffice("NET/ONE"), site.postoffice("NET/TWO")
    one.ask(task="IMPORTREQ")
    two.ask(task="IMPORTREQ")
    real, seen = MsMailServer.deliver, list[str]()

    def interrupted(self: MsMailServer, parcel: Parcel) -> object:
        seen.append(parcel.id)
        if len(seen) == 2:
            raise KeyboardInterrupt
        return real(self, parcel)

    with monkeypatch.context() as patch:
        patch.setattr(MsMailServer, "deliver", interrupted)
        with pytest.raises(KeyboardInterrupt):
            site.agent.sync()
    site.configure(site.text)
    site.sync()

    assert [1, 1] == [len(office.read()) for office in (one, two)]
    assert one.gal == two.gal
    assert 3 == len(one.gal)


@pytest.mark.dx("T-136")
def test_interrupted_before_the_mail_is_taken_away(site: SiteHarness, monkeypatch: pytest.MonkeyPatch):
    """A message that was stored and not taken away is read again without any effect."""
    one = site.joined("NET/ONE", *PEOPLE)
    one.ask("A Zoe\tPCM:NET/ONE/ZOE")

    def interrupted(_self: MsMailServer, _receipts: Sequence[str]) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(MsMailServer, "settle", interrupted)
        with pytest.raises(KeyboardInterrupt):
            site.agent.sync()
    before = site.recipients()
    site.sync()

    assert sorted([*NAMES, "Zoe"]) == site.names()
    assert [] == [recipient for recipient in before if recipient not in site.recipients()]
    assert [] == site.rejects()


# -- numbers out of step -------------------------------------------------------------------------------------------


@pytest.mark.dx("T-137", "T-173")
@pytest.mark.parametrize("quoted", [3, 87_298])
def test_a_number_that_was_never_issued(site: SiteHarness, quoted: int):
    """A peer that quotes a number which was not issued to it gets everything, under a higher number."""
    staff(site, 3)
    one = site.joined("NET/ONE")
    one.s = quoted
    one.gal = {"PCM:NET/TWO/GHOST": "Ghost"} | one.gal
    answer = one.cycle()

    assert answer.full
    assert answer.s > quoted
    assert {"S0 Lee", "S1 Lee", "S2 Lee"} <= set(one.gal.values())
    assert not one.cycle().full


@pytest.mark.dx("T-138")
def test_a_peer_with_a_higher_import_counter(site: SiteHarness):
    """After a peer was registered anew, its import counter is the one that counts: the answer is full and echoes it."""
    staff(site, 2)
    one = site.joined("NET/ONE")
    one.i = 7
    answer = one.cycle()

    assert answer.full
    assert 7 == answer.i


@pytest.mark.dx("T-140")
@pytest.mark.parametrize("days", [10, 60])
def test_a_peer_that_was_silent(site: SiteHarness, days: int):
    """A delete waits for a peer that is silent, however long, until it has been sent and confirmed."""
    staff(site, 3)
    one, two = site.joined("NET/ONE"), site.joined("NET/TWO", "A Dora\tPCM:NET/TWO/DORA")
    one.cycle()
    site.remove("S0 Lee")
    for _ in range(days):
        two.ask()
        site.sync(after=DAY)
        two.read()
    one.cycle()

    assert ["Dora", "S1 Lee", "S2 Lee"] == sorted(one.gal.values())


@pytest.mark.dx("T-141", "T-173")
def test_a_peer_that_has_lost_its_numbers(site: SiteHarness):
    """A peer whose R has fallen is told of once, gets everything, and is clear again after a full export."""
    staff(site, 2)
    one = site.joined("NET/ONE", *PEOPLE)
    taken = one.r
    one.r = one.s = 0
    one.gal.clear()
    assert one.cycle(r=0, was=0).full
    one.cycle(r=0, was=0)
    one.cycle(r=0, was=0)

    assert [139] == [code for code, _ in site.notices()]
    assert NAMES == site.names(owner="mail/NET/ONE")
    one.cycle("R PCM:NET/ONE", *PEOPLE, was=taken)
    assert [] == site.notices()


@pytest.mark.dx("T-142")
def test_several_answers_before_the_peer_reads(site: SiteHarness):
    """A full answer is made again for each request until its number is quoted; the last one brings everything."""
    staff(site, 3)
    one = site.postoffice("NET/ONE")
    for task in ("IMPORTREQ", "UPDATEREQ", "UPDATEREQ"):
        one.ask(task=task)
        site.sync()
    answers = site.answers("NET/ONE")
    assert [True] * 3 == [answer.full for answer in answers]
    one.apply(answers[-1])

    assert 3 == len(one.gal)
    assert not one.cycle().full


@pytest.mark.dx("T-144")
def test_a_size_limit(site: SiteHarness):
    """Updates come in parts that keep to the peer's limit, until it has everything."""
    one = site.joined("NET/ONE")
    staff(site, 10)
    sizes = []
    for _ in range(12):
        sizes.append(len(one.cycle(LIMIT=300).lines))

    assert max(sizes) <= 4
    assert 10 == len(one.gal)
    assert 0 == sizes[-1]


@pytest.mark.dx("T-144")
def test_a_full_list_above_the_limit(site: SiteHarness):
    """A full list that is larger than the peer takes is left as a file; the administrator is told sizes and place."""
    staff(site, 10)
    one = site.postoffice("NET/ONE")
    one.ask(task="IMPORTREQ", LIMIT=300)
    site.sync()

    assert [] == one.read()
    told = dict(site.notices())
    assert {118, 166} == set(told)
    assert "300" in told[118]
    assert "RESYNC.GLB" in told[166]


@pytest.mark.dx("T-174")
def test_requests_while_dxa_is_not_running(site: SiteHarness):
    """Requests that came meanwhile are all taken in their order, and the peer gets one answer."""
    one = site.joined("NET/ONE")
    for name in ("Xan", "Yan", "Zan"):
        one.ask(f"A {name}\tPCM:NET/ONE/{name.upper()}")
    site.sync()
    (answer,) = one.read()

    assert ["Xan", "Yan", "Zan"] == site.names()
    assert one.r == answer.r


# -- who speaks ----------------------------------------------------------------------------------------------------


@pytest.mark.dx("T-150")
def test_an_unknown_sender(site: SiteHarness):
    """A postoffice that is not registered changes nothing, gets nothing, and is reported with its name."""
    stranger = site.postoffice("NET/THREE")
    stranger.ask("A Zoe\tPCM:NET/THREE/ZOE", task="IMPORTREQ")
    site.sync()

    assert [] == site.names()
    assert [] == site.answers("NET/THREE")
    ((code, text),) = site.notices()
    assert 120 == code
    assert "NET/THREE" in text


@pytest.mark.dx("T-150")
def test_a_sender_in_another_case(site: SiteHarness):
    """The network and postoffice of a sender are compared whatever their case."""
    staff(site, 1)
    one = site.postoffice("net/One")
    one.ask(task="IMPORTREQ")
    site.sync()

    assert 1 == len(one.read())


@pytest.mark.dx("T-150")
def test_a_message_that_claims_to_be_another_s(site: SiteHarness):
    """A message that names one postoffice and comes from another changes nothing and is reported."""
    site.joined("NET/ONE", *PEOPLE)
    two = site.joined("NET/TWO")
    two.ask("R PCM:NET/ONE", REQNAME="PCM:NET/ONE", was=21)
    site.sync()

    assert NAMES == site.names()
    assert [120] == [code for code, _ in site.notices()]


@pytest.mark.dx("T-152", "T-164")
def test_names_that_begin_alike(make_site: MakeSite):
    """Of postoffices whose names begin alike each has its own password, list and answers."""
    names = {"NET/ONE": "alpha", "NET/ONE2": "beta", "NET2/ONE": "gamma"}
    site = make_site(SITE + link() + "".join(peer(name, password=f'"{word}"') for name, word in names.items()))
    offices = [site.postoffice(name) for name in names]
    for office, word in zip(offices, names.values(), strict=True):
        office.ask(f"A {word}\tPCM:{office.name}/{word}", task="IMPORTREQ", PASSWORD=word)
    site.sync()
    for office, word in zip(offices, names.values(), strict=True):
        office.read()
        office.ask(f"D {word}\tPCM:{office.name}/{word}", PASSWORD="alpha" if word != "alpha" else "beta")
    site.sync()

    assert sorted(names.values()) == site.names()
    assert [156] * 3 == [code for code, _ in site.notices()]
    assert [2, 2, 2] == [len(office.gal) for office in offices]


@pytest.mark.dx("T-153")
def test_a_password_that_is_empty(make_site: MakeSite):
    """A peer without a password is an oversight unless it is said so."""
    with pytest.raises(ConfigError, match="no_password"):
        make_site(SITE + link() + peer("NET/ONE", no_password="false"))


@pytest.mark.dx("T-165")
@pytest.mark.parametrize("second", [peer("net/one"), peer("NET/TWO", own_lists='["NET/ONE"]')])
def test_two_peers_with_one_list(make_site: MakeSite, second: str):
    """Two peers of one name, or with one list between them, are refused before anything runs."""
    with pytest.raises(ConfigError, match=r"(?i)net/one"):
        make_site(SITE + link() + peer("NET/ONE") + second)


@pytest.mark.dx("T-166")
@pytest.mark.parametrize("mailbox", ["$SYSTEM", "SYSTEM", "SYSTEM1", "System12"])
def test_the_system_mailbox_has_several_names(site: SiteHarness, mailbox: str):
    """Mail to and from any of these mailboxes is dirsync mail, and the answer goes to whichever has written."""
    staff(site, 1)
    body = body_of({"TASK": "IMPORTREQ", "REQNAME": "PCM:NET/ONE", "TYPES": "PCM", "SRVSEQ": 0})
    site.drop(message(f"NET/ONE/{mailbox}", body, to=f"LAB/HQ/{mailbox}"))
    site.sync()
    (answer,) = site.answers("NET/ONE")

    assert f"NET/ONE/{mailbox}" == answer.to
    assert answer.full


# -- what is no request --------------------------------------------------------------------------------------------


@pytest.mark.dx("T-154")
def test_an_answer_that_comes_to_the_server(site: SiteHarness):
    """An answer of a server changes nothing here, is kept as [133], and is not answered."""
    one = site.joined("NET/ONE", *PEOPLE)
    body = body_of({"TASK": "IMPORTREPLY", "REQNAME": "PCM:NET/ONE", "REQSEQ": 5, "SRVSEQ": 90, "SRVWAS": 0})
    one.drop(
        body, "[DIRSYNC-TRANSACTIONS]\r\n0000000090 R PCM:NET/ONE\r\n", subject="SrvTx R=5 S=90 (was 0), I=1 1 sent"
    )
    site.sync()

    assert NAMES == site.names()
    assert [133] == [code for code, _ in site.rejects()]
    assert [] == site.answers("NET/ONE")


@pytest.mark.dx("T-156")
@pytest.mark.parametrize("log", ["12:00 all is well\r\n", "\x00\xff\x01" * 400, "x" * 100_000, ""])
def test_a_status_report(site: SiteHarness, log: str):
    """A status report is kept to be read, whatever is in it, and the request behind it is answered."""
    one = site.joined("NET/ONE", *PEOPLE)
    text = log.encode("latin-1")
    heads = "TO:LAB/HQ/$SYSTEM\r\nFROM:NET/ONE/$SYSTEM\r\nSUBJECT:Status report from NET/ONE\r\n"
    heads += f"ATTACHMENTS:DSSERVER.LOG {len(text)}\r\nTEXT:0\r\n"
    site.drop(heads.encode() + text)

    assert [] == one.cycle().lines
    assert NAMES == site.names()
    assert [] == site.rejects()


@pytest.mark.dx("T-157", "T-206", "T-241")
@pytest.mark.parametrize(
    "rubbish",
    [
        b"",
        b"\x00" * 2000,
        b"TO:LAB/HQ/$SYSTEM\r\nFROM:NET/ONE/$SYSTEM\r\nTEXT:99999\r\nshort",
        b"TO:LAB/HQ/$SYSTEM\r\nFROM:NET/ONE/$SYSTEM\r\nSUBJECT:ReqTx\r\nATTACHMENTS:../../x 3\r\nTEXT:0\r\nabc",
        b"TO:////\r\nFROM:\r\nTEXT:0\r\n",
        message("NET/ONE/$SYSTEM", "[DIRSYNC]\r\n\xff\x00=\r\n"),
    ],
    ids=["empty", "zeros", "short", "path", "addresses", "controls"],
)
def test_a_message_that_cannot_be_read(site: SiteHarness, rubbish: bytes):
    """A broken file stops no cycle, removes nobody, and keeps no other message from being taken, now or later."""
    one = site.joined("NET/ONE", *PEOPLE)
    site.drop(rubbish)
    one.ask("A Zoe\tPCM:NET/ONE/ZOE")
    site.sync()

    assert 1 == len(one.read())
    assert sorted([*NAMES, "Zoe"]) == site.names()
    site.sync()
    assert 0 == site.last.links[0].messages


@pytest.mark.dx("T-157")
def test_what_cannot_be_read_is_kept(site: SiteHarness):
    """A file that nobody can read lies aside with the reason, and the administrator knows."""
    name = site.drop(b"\x00" * 2000)
    site.sync()
    kept = {path.name for path in (site.inbox / "bad").iterdir()}

    assert {name, f"{name}.why"} == kept
    assert 1 == len(site.notices())


@pytest.mark.dx("T-158")
@pytest.mark.parametrize(
    "subject",
    [
        "Undeliverable: SrvTx R=1 S=2",
        "NDR SrvTx R=1",
        "Registered: SrvTx R=1 S=2",
        "Read: Directory Exchange Profile",
        "Out of office: gone fishing",
        "Automatic reply: gone fishing",
        "Lunch on Friday",
        "",
    ],
)
def test_mail_that_is_no_request(site: SiteHarness, subject: str):
    """Receipts, reports and letters are kept, change nothing, and are never answered."""
    one = site.joined("NET/ONE", *PEOPLE)
    state = site.site.store.peers.get("mail/NET/ONE").state
    one.drop("D P1 Lee PCM:NET/ONE/P1\r\n", subject=subject)
    site.sync()

    assert NAMES == site.names()
    assert [] == site.sent()
    assert state == site.site.store.peers.get("mail/NET/ONE").state


@pytest.mark.dx("T-158", "T-160")
def test_what_is_asked_of_the_peer_s_mail_system(site: SiteHarness):
    """A message asks for no receipt and is not compressed: it is plain text with four known headers."""
    staff(site, 2)
    site.postoffice("NET/ONE").ask(task="IMPORTREQ")
    site.sync()
    ((_, sent),) = site.sent()

    assert () == sent.extra
    assert "" == sent.priority
    assert sent.body.startswith(b"[DIRSYNC]\r\n")
    assert sent.attachments[0].data.startswith(b"[DIRSYNC-TRANSACTIONS]\r\n")
    assert sent.attachments[0].data.isascii()


@pytest.mark.dx("T-161", "T-162")
@pytest.mark.parametrize(
    ("keys", "attachment", "code", "said"),
    [
        ({"TASK": None}, "", 155, "TASK="),
        ({"TASK": "FROBNICATE"}, "", 155, "FROBNICATE"),
        ({"REQNAME": None}, "", 158, "REQNAME="),
        ({"REQNAME": "PCM:"}, "", 158, "REQNAME"),
        ({"SRVSEQ": "many"}, "", 124, "SRVSEQ"),
        ({"TASK": "EXPORT"}, "", 116, ""),
        ({"REQSEQ": 25, "REQWAS": 21, "COUNT": 4}, "", 116, ""),
        ({}, "A Zoe PCM:NET/ONE/ZOE\r\n", 124, "[DIRSYNC-TRANSACTIONS]"),
    ],
)
def test_a_request_that_lacks_something(
    site: SiteHarness, keys: dict[str, object], attachment: str, code: int, said: str
):
    """A request that cannot be understood changes nothing; both administrators are told what is wrong with it."""
    one = site.joined("NET/ONE", *PEOPLE)
    state = site.site.store.peers.get("mail/NET/ONE").state
    values = {
        "TASK": "UPDATEREQ",
        "REQNAME": "PCM:NET/ONE",
        "TYPES": "PCM",
        "REQSEQ": 21,
        "REQWAS": 21,
        "SRVSEQ": one.s,
    }
    wrong = {**values, "REQSEQ": 22, "COUNT": 1} if attachment else values
    one.drop(body_of({**wrong, **keys}), attachment)
    site.sync()

    assert NAMES == site.names()
    assert state == site.site.store.peers.get("mail/NET/ONE").state
    assert [code] == [each for each, _ in site.notices()]
    (letter,) = (letter for letter in site.letters() if letter.to.startswith("NET/ONE/"))
    assert f"[{code}]" in letter.text
    assert said in letter.text
    assert [] == site.rejects() or code == site.rejects()[0][0]


@pytest.mark.dx("T-162")
def test_a_request_that_asks_for_nothing(site: SiteHarness):
    """A foreign requestor that leaves out all numbers and types is answered in full with the native type."""
    staff(site, 2)
    one = site.postoffice("NET/ONE")
    one.drop(body_of({"TASK": "IMPORTREQ", "NAME": "PCM:NET/ONE"}), subject="Directory Exchange Profile")
    site.sync()
    (answer,) = one.read()

    assert answer.full
    assert 2 == len(one.gal)


@pytest.mark.dx("T-172")
def test_dates_that_nobody_can_read(site: SiteHarness):
    """The date and time of a message are for people: whatever they say, the message counts."""
    one = site.joined("NET/ONE", *PEOPLE)
    for n, date in enumerate(["DATE:99-99-99999", "DATE:", "TIME:25:61:99,123456789", "DATE:2026-11-22"]):
        body = body_of(
            {
                "TASK": "UPDATEREQ",
                "REQNAME": "PCM:NET/ONE",
                "TYPES": "PCM",
                "SRVSEQ": one.s,
                "COUNT": 1,
                "REQSEQ": 22 + n,
                "REQWAS": 21 + n,
            }
        )
        text = message("NET/ONE/$SYSTEM", body, f"[DIRSYNC-TRANSACTIONS]\r\n{22 + n:010d} A Z{n}\tPCM:NET/ONE/Z{n}\r\n")
        site.drop(text.replace(b"SUBJECT:", f"{date}\r\nSUBJECT:".encode()))
    site.sync()

    assert ["Z0", "Z1", "Z2", "Z3"] == [name for name in site.names() if name[0] == "Z"]


@pytest.mark.dx("T-172")
def test_numbers_are_written_strictly(site: SiteHarness):
    """Every number in an answer has ten digits, and every record has its own."""
    staff(site, 3)
    answer = site.postoffice("NET/ONE").cycle(task="IMPORTREQ")

    assert [10] * 5 == [
        len(line.partition("=")[2])
        for line in answer.body.split("\r\n")
        if "SEQ=" in line or "SRVWAS=" in line or "COUNT=" in line
    ]
    assert sorted(set(answer.numbers)) == answer.numbers
    assert answer.s == answer.numbers[-1]


@pytest.mark.dx("T-176", "T-072")
def test_very_many_bad_records(site: SiteHarness):
    """Hundreds of bad records stop nothing: each is kept, the good ones are taken, and people are told a sum."""
    one = site.joined("NET/ONE", *PEOPLE)
    one.cycle(*(f"A Bad{n}\tPCM:NET/ONE/TOOLONGMAILBOX{n}" for n in range(400)), "A Zoe\tPCM:NET/ONE/ZOE")

    assert sorted([*NAMES, "Zoe"]) == site.names()
    assert 400 == site.last.links[0].rejects
    assert 400 == len(site.rejects())
    assert len(site.notices()) <= 1


@pytest.mark.dx("T-177")
def test_a_system_that_cannot_be_reached(make_site: MakeSite):
    """A system that cannot be reached gives one error for each cycle, and the other links go on."""
    site = make_site(mail("NET/ONE") + MEMORY)
    staff(site, 1)
    site.system().failing = "the line is down"
    one = site.postoffice("NET/ONE")
    one.ask(task="IMPORTREQ")
    site.sync(failing=True)

    assert ["mem: memory system memory: the line is down"] == site.last.errors
    assert 1 == len(one.read())
    site.sync(failing=True)
    assert 1 == len(site.last.errors)


@pytest.mark.dx("T-177", "T-249")
def test_a_folder_that_is_not_mounted(make_site: MakeSite, tmp_path: Path):
    """A folder elsewhere that is not there is named in one error and is not made; the age of what waits is seen."""
    share = tmp_path / "share"
    text = mail("NET/ONE") + f'[links.mail.msmail]\noutbox = "{share}"\n'
    site = make_site(text)
    staff(site, 1)
    one = site.postoffice("NET/ONE")
    one.ask(task="IMPORTREQ")
    one.drop("[DIRSYNC]\r\nTASK=NONSENSE\r\nREQNAME=PCM:NET/ONE\r\n")
    for _ in range(3):
        site.sync(failing=True)
        assert [True] == [str(share) in error for error in site.last.errors]
    assert not share.exists()

    (standing,) = queries.status(site.site).peers
    assert standing.waiting >= 1
    assert site.now - 2 * 3600 == standing.waiting_since_at
    assert "wait since" in standing.advice


@pytest.mark.dx("T-074", "T-180")
@pytest.mark.parametrize("wrong", ["check", "count", "behind"])
def test_a_message_that_was_damaged_on_its_way(site: SiteHarness, wrong: str):
    """Transactions that do not match what their message announces are not taken, and are asked for again by R."""
    one = site.joined("NET/ONE", *PEOPLE)
    before = one.r
    keys = {"check": {"DXACHECK": "00000000"}, "count": {"COUNT": 7, "r": before + 3}, "behind": {}}[wrong]
    name = one.ask("R PCM:NET/ONE", "A Zoe\tPCM:NET/ONE/ZOE", "A Yan\tPCM:NET/ONE/YAN", **keys)
    if wrong == "behind":
        (site.inbox / name).write_bytes((site.inbox / name).read_bytes() + b"0000000099 D P1 Lee\tPCM:NET/ONE/P1\r\n")
    site.sync()
    (answer,) = one.read()

    assert NAMES == site.names()
    assert before == answer.r
    assert 1 == len(site.rejects())


@pytest.mark.dx("T-073")
def test_a_truncated_attachment(site: SiteHarness):
    """Of an attachment that ends too early what is there is taken, and R says how far that was."""
    one = site.joined("NET/ONE", *PEOPLE)
    before = one.r
    answer = one.cycle("A Xan\tPCM:NET/ONE/XAN", "A Yan\tPCM:NET/ONE/YAN", r=before + 5, COUNT=None)

    assert before + 2 == answer.r
    assert sorted([*NAMES, "Xan", "Yan"]) == site.names()


@pytest.mark.dx("T-190", "T-137")
def test_a_database_from_a_backup(make_site: MakeSite):
    """A database from an older backup goes on above every number it ever issued, and peers get full lists."""
    site = make_site(mail("NET/ONE"))
    staff(site, 3)
    one: Postoffice = site.joined("NET/ONE")
    site.close()
    old = (site.folder / "dxa.db").read_bytes()
    site.open()
    site.remove("S0 Lee")
    site.add("New Lee")
    highest = one.cycle().s
    site.close()
    (site.folder / "dxa.db").write_bytes(old)
    site.open()
    answer = one.cycle()

    assert answer.full
    assert answer.s > highest
    assert min(answer.numbers) > highest
    assert ["S0 Lee", "S1 Lee", "S2 Lee"] == sorted(one.gal.values())


@pytest.mark.dx("T-245", "T-048")
def test_long_x400_addresses_in_the_first_answer(site: SiteHarness):
    """The first full answer brings long X.400 addresses as they are."""
    long = (
        "X400:/c=DE/admd=" + "A" * 16 + "/prmd=" + "B" * 16 + "/o=" + "C" * 64 + "/ou1=" + "D" * 32 + "/s=" + "E" * 40
    )
    site.joined("NET/ONE", f"A Long\t{long}")
    two = site.joined("NET/TWO", types="PCM|X400")

    assert ["Long"] == list(two.gal.values())
    assert [long.casefold()] == [address.casefold() for address in two.gal]
