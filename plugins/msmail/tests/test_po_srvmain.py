"""SRVMAIN of a postoffice on disk: what -r takes in, what -t answers, and what people are told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import attrs
import pytest

from dxa.address import AddressTypes
from dxa.dirsync.messages import Request
from dxa.errors import FormatError, NotFoundError, TransportError, UsageError
from dxa_msmail import ffapi
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.postoffice import letters, mailbag, tree
from dxa_msmail.postoffice.book import read_book
from dxa_msmail.postoffice.dirsyncconf import SRVCONF, read_srvconf
from dxa_msmail.postoffice.mailbag import INQUEUE, SYSTEM
from dxa_msmail.postoffice.maildata import Changing, Maildata
from dxa_msmail.postoffice.messages import BAD, letter_of
from dxa_msmail.postoffice.process import T1, T2, Process, ProcessEntry, read_process, write_process
from dxa_msmail.postoffice.queue import MSTTRANS, read_file
from dxa_msmail.postoffice.served import SERVED, Served, read_served
from dxa_msmail.postoffice.users import NewUser
from dxa_msmail.programs import admin, reqmain
from dxa_msmail.programs.external import program as external
from dxa_msmail.programs.importing import program as importing
from dxa_msmail.programs.srvmain import program as srvmain
from dxa_msmail.requestor.answers import Answer
from dxa_msmail.requestor.correspondence import Correspondence
from dxa_msmail.requestor.lists import Lists

TYPES = AddressTypes(ADDRESS_TYPES)
HUB, ALPHA, BETA = "HUB/MAIN", "NORTH/ALPHA", "NORTH/BETA"
NOW = 1_000_000_000.0
DAY = 86_400


@attrs.define
class Hub:
    """A directory server on disk, and requestors that are only letters."""

    po: Maildata
    now: float = NOW
    inquiries: Iterator[int] = attrs.field(factory=lambda: count(1))

    def clock(self) -> float:
        self.now += 1
        return self.now

    def letters_of(self, name: str, *, password: str | None = None, **more: object) -> Correspondence:
        return Correspondence(own=name, server=HUB, clock=self.clock, password=password, types=TYPES, **more)

    def ask(self, name: str, request: Request, *lines: str, **more: object) -> None:
        """A request of `name` with these records arrives in SYSTEM.MBG."""
        numbered = "".join(f"{n:010d} {line}\r\n" for n, line in enumerate(lines, request.was + 1)).encode("cp850")
        more.setdefault("wanted", ("PCM",))
        self.put(self.letters_of(name, **more).request_message(request, [numbered], len(lines)))

    def put(self, data: bytes) -> None:
        """A message file arrives in SYSTEM.MBG."""
        with self.po.change() as change:
            letters.deliver(change, letter_of(ffapi.parse(data), self.now + next(self.inquiries) * 60), SYSTEM)

    def receive(self) -> srvmain.Received:
        return srvmain.receive(self.po, self.clock)

    def transmit(self) -> dict[str, list[Answer]]:
        """SRVMAIN -t, and the answers that lie in INQUEUE then, by requestor."""
        srvmain.transmit(self.po, self.clock)
        found: dict[str, list[Answer]] = {}
        with self.po.change() as change:
            for slot, header in mailbag.headers(change, INQUEUE):
                letter = letters.fetch(change, header.stem)
                name = letter.to[0].rpartition("/")[0]
                reader = self.letters_of(name).reader()
                message = ffapi.MailMessage(
                    to=letter.to,
                    sender=letter.sender,
                    subject=letter.subject,
                    body=letter.body,
                    attachments=letter.attachments,
                )
                answer = reader.message("x", message)
                if isinstance(answer, Answer):
                    found.setdefault(name, []).append(answer)
                letters.drop(change, INQUEUE, slot)
        return found

    def cycle(self) -> dict[str, list[Answer]]:
        self.receive()
        return self.transmit()

    def mail(self, bag: str) -> list[tuple[str, str]]:
        """Recipient and text of each letter."""
        with self.po.look() as files:
            found = [letters.fetch(files, header.stem) for _, header in mailbag.headers(files, bag)]
        return [(letter.to[0], letter.body.decode("cp850")) for letter in found]

    def text(self, name: str) -> str:
        return (self.po.root / name).read_text("cp850")

    def read(self, name: str) -> list[tuple[int, str]]:
        with self.po.look() as files:
            return [(record.number, record.text) for record in read_file(files, name).records]

    @property
    def served(self) -> Served:
        with self.po.look() as files:
            return read_served(files) or Served()

    def names(self) -> list[str]:
        """Everybody in the master list."""
        return sorted(f"{line.name} {line.address}" for line in self.served.lines)


def first(name: str, *people: str) -> tuple[Request, *tuple[str, ...]]:
    """A first request, with the whole list."""
    lines = [f"R PCM:{name}", *(f"A {person}\tPCM:{name}/{person.upper()}" for person in people)]
    return Request(r=len(lines), was=0, s=0, i=1, imports=True), *lines


def told(answer: Answer) -> list[str]:
    """What an answer carries, in short."""
    rows = answer.records.transactions
    return [f"{row.verb.value} {(row.new or row.old).name or (row.new or row.old).list}" for row in rows]


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    """A server with two requestors that have no passwords."""
    po = tree.create(tmp_path / "hub", network="HUB", postoffice="MAIN", durable=False)
    made = Hub(po)
    admin.add_user(po, made.clock, NewUser(name="Boss", mailbox="BOSS", admin=True))
    for name in (ALPHA, BETA):
        admin.register_requestor(po, name)
    admin.set_options(po, administrator="boss")
    return made


# -- a cycle -------------------------------------------------------------------------------------------------------


def test_everybody_gets_what_the_others_told(hub: Hub) -> None:
    """A first answer has a replace and the adds of every other list, never of the own one, and S of its last line."""
    hub.ask(ALPHA, *first(ALPHA, "Ann", "Bo"))
    hub.ask(BETA, *first(BETA, "Cy"))
    received = hub.receive()
    (alpha,), (beta,) = (answers := hub.transmit())[ALPHA], answers[BETA]

    assert (2, 3) == (len(received.taken), received.changes)
    assert (["R NORTH/BETA", "A Cy"], ["R NORTH/ALPHA", "A Ann", "A Bo"]) == (told(alpha), told(beta))
    assert (3, 0, 1, True) == (alpha.reply.r, alpha.reply.was, alpha.reply.i, alpha.reply.complete)
    assert alpha.records.last_number == alpha.reply.s


def test_updates_follow_what_was_quoted(hub: Hub) -> None:
    """Who quotes its number gets what has changed since; who has nothing to get still gets a higher number."""
    hub.ask(ALPHA, *first(ALPHA, "Ann"))
    hub.ask(BETA, *first(BETA, "Cy"))
    answers = hub.cycle()
    alpha, beta = answers[ALPHA][0].reply.s, answers[BETA][0].reply.s
    change = "M Ann\tPCM:NORTH/ALPHA/ANN\r\n  Anna\tPCM:NORTH/ALPHA/ANN"
    hub.ask(ALPHA, Request(r=3, was=2, s=alpha, i=1), change)
    hub.ask(BETA, Request(r=2, was=2, s=beta, i=1))
    answers = hub.cycle()

    assert ([], ["M Anna"]) == (told(answers[ALPHA][0]), told(answers[BETA][0]))
    assert (alpha, True) == (answers[ALPHA][0].reply.was, answers[ALPHA][0].reply.s > alpha)
    assert (3, 2) == (answers[ALPHA][0].reply.r, answers[BETA][0].reply.r)


@pytest.mark.dx("T-142")
def test_only_those_who_asked_are_answered(hub: Hub) -> None:
    """A requestor that was not heard of gets nothing, is named, and its full answer is repeated until it is quoted."""
    hub.ask(ALPHA, *first(ALPHA, "Ann"))
    assert [ALPHA] == [*hub.cycle()]
    assert "No Tasks From Requestor: PCM:NORTH/BETA" in hub.text("LOG/DIRSYNC.LOG")
    hub.ask(BETA, *first(BETA, "Cy"))
    hub.cycle()
    # The answer to its first request was lost, so it asks again as before.
    hub.ask(BETA, Request(r=2, was=2, s=0, i=1))
    assert ["R NORTH/ALPHA", "A Ann"] == told(hub.cycle()[BETA][0])


def test_master_list_and_numbers_are_in_the_documented_files(hub: Hub) -> None:
    """MSTTRANS has each change under its number, SRVCONF the numbers of each requestor, and both decode."""
    hub.ask(ALPHA, *first(ALPHA, "Ann"))
    hub.cycle()
    with hub.po.look() as files:
        conf = read_srvconf(files)
        problems = list(tree.check(files))
    assert conf is not None
    row = conf.requestor(f"PCM:{ALPHA}")
    assert row is not None

    assert [(1, "A Ann\tPCM:NORTH/ALPHA/ANN")] == hub.read(MSTTRANS)
    assert (2, 1, 1, 1) == (row.req, row.imp, row.cycle, conf.head.cycle)
    assert (True, hub.served.sync) == (row.srv <= conf.head.sync, conf.head.sync)
    assert [] == problems


@pytest.mark.dx("T-030")
def test_equal_names_of_one_list_are_told_apart(hub: Hub) -> None:
    """Two entries of one name in a foreign list get numbers; the one that was there keeps its name."""
    hub.ask(ALPHA, *first(ALPHA, "Ann"))
    hub.receive()
    hub.ask(ALPHA, Request(r=3, was=2, s=0, i=1), "A Eve\tPCM:FAR/AWAY/U1")
    hub.ask(BETA, *first(BETA, "Ann"))
    hub.receive()
    hub.ask(BETA, Request(r=3, was=2, s=0, i=1), "A Eve\tPCM:FAR/AWAY/U2")
    hub.receive()

    expected = ["Ann NORTH/ALPHA/ANN", "Ann NORTH/BETA/ANN", "Eve FAR/AWAY/U1", "Eve001 FAR/AWAY/U2"]
    assert expected == hub.names()


@pytest.mark.dx("T-077", "T-238")
def test_who_speaks_for_a_list(hub: Hub) -> None:
    """Entries of nobody here may be told by anybody, and go to all; those of a requestor's list only by itself."""
    hub.ask(BETA, *first(BETA, "Cy"), wanted=("PCM", "SMTP"))
    hub.receive()
    foreign = "A Injected\tSMTP:eve@lab.example", "A Wrong\tPCM:NORTH/BETA/WRONG"
    hub.ask(ALPHA, Request(r=2, was=0, s=0, i=1, imports=True), *foreign, wanted=("PCM", "SMTP"))
    answers = hub.cycle()

    assert ["Cy NORTH/BETA/CY", "Injected eve@lab.example"] == hub.names()
    assert "A Injected" in told(answers[ALPHA][0])
    assert "A Injected" in told(answers[BETA][0])


@pytest.mark.dx("T-105")
def test_an_empty_replace_empties_the_list(hub: Hub) -> None:
    """A postoffice that exports nobody is empty at the others afterwards, as a difference."""
    hub.ask(ALPHA, *first(ALPHA, "Ann"))
    hub.ask(BETA, *first(BETA, "Cy"))
    quoted = hub.cycle()[BETA][0].reply.s
    hub.ask(ALPHA, Request(r=3, was=2, s=0, i=1), f"R PCM:{ALPHA}")
    hub.ask(BETA, Request(r=2, was=2, s=quoted, i=1))

    assert ["D Ann"] == told(hub.cycle()[BETA][0])


def test_types_that_were_not_asked_for_are_not_sent(hub: Hub) -> None:
    """What a requestor asks for may change: it then gets, or loses, all of that type."""
    hub.ask(ALPHA, *first(ALPHA, "Ann"))
    hub.receive()
    hub.ask(ALPHA, Request(r=3, was=2, s=0, i=1), "A Gate\tSMTP:g@lab.example")
    hub.ask(BETA, *first(BETA, "Cy"))
    quoted = hub.cycle()[BETA][0].reply.s
    hub.ask(BETA, Request(r=2, was=2, s=quoted, i=1), wanted=("PCM", "SMTP"))
    more = hub.cycle()[BETA][0]
    hub.ask(BETA, Request(r=2, was=2, s=more.reply.s, i=1), wanted=("PCM",))

    assert (["A Gate"], ["D Gate"]) == (told(more), told(hub.cycle()[BETA][0]))


def test_template_values_go_to_those_who_want_them(hub: Hub) -> None:
    """With TEMPLATE=YES a requestor gets values of lists that are defined, else names and addresses alone."""
    defined = f"T PCM:{ALPHA}\r\n Phone:~9~8~N~~"
    hub.ask(ALPHA, Request(r=2, was=0, s=0, i=1), defined, "A Ann\tPCM:NORTH/ALPHA/ANN\r\n- Phone:/12")
    hub.ask(BETA, *first(BETA, "Cy"), templates=True)
    answer = hub.cycle()[BETA][0]
    hub.ask(ALPHA, Request(r=3, was=2, s=0, i=1), "M Ann\tPCM:NORTH/ALPHA/ANN\r\n- Phone:/34")
    hub.ask(BETA, Request(r=2, was=2, s=answer.reply.s, i=1), templates=True)
    update = hub.cycle()[BETA][0]
    values = [row.new.fields for row in (*answer.records.transactions, *update.records.transactions) if row.new]

    assert [(("Phone:", "9~8~N~~"),), (("Phone:", "12"),), (("Phone:", "34"),)] == [
        fields for fields in values if fields
    ]


# -- who may speak -------------------------------------------------------------------------------------------------


@pytest.mark.dx("T-150")
def test_a_stranger_is_told_to_the_administrator(hub: Hub) -> None:
    """KB Q99268: whoever is not registered, or writes from elsewhere, changes nothing; the administrator gets mail."""
    hub.ask("EAST/X", *first("EAST/X", "Eve"))
    data = hub.letters_of(ALPHA, wanted=("PCM",)).request_message(first(ALPHA, "Eve")[0], [], 0)
    hub.put(data.replace(b"FROM:CSI:NORTH/ALPHA/", b"FROM:CSI:EAST/X/"))
    received = hub.receive()
    ((to, text),) = hub.mail(INQUEUE)

    assert ((), []) == (tuple(received.taken), hub.names())
    assert f"{HUB}/BOSS" == to
    assert 2 == text.count("[120]")
    assert "From: EAST/X/$SYSTEM" in text
    assert {} == hub.transmit()


@pytest.mark.dx("T-152", "T-153")
def test_passwords_are_those_of_exactly_that_name(hub: Hub) -> None:
    """KB Q125917: a name that begins with another one has its own password; without a password anybody is believed."""
    admin.register_requestor(hub.po, "NORTH/ALPHATWO", password_ref="two")
    admin.register_requestor(hub.po, ALPHA, password_ref="one")
    hub.ask(ALPHA, *first(ALPHA, "Ann"), password="two")
    hub.ask("NORTH/ALPHATWO", *first("NORTH/ALPHATWO", "Bo"), password="two")
    hub.ask(BETA, *first(BETA, "Cy"), password="whatever")
    received = hub.receive()

    assert ["NORTH/ALPHATWO", BETA] == [each.requestor for each in received.taken]
    assert ["[156]" in text for text in received.refused] == [True]
    hub.ask(ALPHA, *first(ALPHA, "Ann"), password="one")
    assert [ALPHA] == [each.requestor for each in hub.receive().taken]


@pytest.mark.dx("T-156")
def test_status_reports_are_collected(hub: Hub) -> None:
    """KB Q133428, Q192158: CENTRAL.LOG has each requestor's lines in words, and strange ones as they are."""
    lines = ["03/22/94 15:43:45 | 1 105 12", "03/22/94 15:43:46 | 2  91 ADMIN", "03/22/94 15:43:47 | 1  -1 done", "?"]
    hub.put(hub.letters_of(ALPHA).status_message(lines))

    assert [ALPHA] == list(hub.receive().reports)
    head, *rest = hub.text("LOG/CENTRAL.LOG").splitlines()
    assert head.endswith("| Status  Report from NORTH/ALPHA/$SYSTEM")
    assert [
        "03/22/94 15:43:45 | Status       updates received: 12",
        "03/22/94 15:43:46 | Fatal  [ 91] the database is locked by another process: ADMIN",
        "03/22/94 15:43:47 | Status       done",
        "?",
    ] == rest


@pytest.mark.dx("T-157", "T-158", "T-161")
def test_what_is_no_request_stops_nothing(hub: Hub) -> None:
    """Ordinary mail and bad profiles are told, unreadable letters are set aside; requests count all the same."""
    envelope = b"VERSION:3.00\r\nTO:CSI:HUB/MAIN/$SYSTEM\r\nFROM:CSI:NORTH/ALPHA/%s\r\nSUBJECT:%s\r\nTEXT:%d\r\n%s"
    for mailbox, subject, body in (
        (b"JO", b"Lunch", b"Today?"),
        (b"$SYSTEM", b"ReqTx", b"[DIRSYNC]\r\nTASK=NONSENSE\r\nREQNAME=PCM:NORTH/ALPHA\r\n"),
    ):
        hub.put(envelope % (mailbox, subject, len(body), body))
    hub.ask(BETA, *first(BETA, "Cy"))
    with hub.po.change() as change:
        stem = next(header.stem for _, header in mailbag.headers(change, SYSTEM))
        change.write(f"MAI/MA{stem[-1]}/{stem}.MAI", b"rubble")
    received = hub.receive()

    assert [BETA] == [each.requestor for each in received.taken]
    assert [False, True] == ["[155]" in text for text in received.refused]
    with hub.po.look() as files:
        assert [] == mailbag.headers(files, SYSTEM)
        assert 4 == len(files.names(BAD))


@pytest.mark.dx("T-154")
def test_a_strange_answer_is_refused(hub: Hub) -> None:
    """KB Q108844: an answer of a server is not for a server (133), and changes nothing."""
    body = b"[DIRSYNC]\r\nTASK=UPDATE\r\nREQNAME=PCM:HUB/MAIN\r\nSRVSEQ=5\r\n"
    head = b"VERSION:3.00\r\nTO:CSI:HUB/MAIN/$SYSTEM\r\nFROM:CSI:NORTH/ALPHA/$SYSTEM\r\nSUBJECT:SrvTx R=1 S=5\r\n"
    hub.put(head + b"TEXT:%d\r\n%s" % (len(body), body))

    (text,) = hub.receive().refused
    assert "[133]" in text


@pytest.mark.dx("T-180")
def test_a_letter_that_comes_twice_counts_once(hub: Hub) -> None:
    """The same letter, delivered again, is only counted; the same request in another letter changes nothing."""
    hub.ask(ALPHA, *first(ALPHA, "Ann"))
    with hub.po.change() as change:
        ((_, header),) = mailbag.headers(change, SYSTEM)
        letters.deliver(change, header.stem, SYSTEM)
    received = hub.receive()
    hub.ask(ALPHA, *first(ALPHA, "Ann"))

    assert (1, 1) == (len(received.taken), received.settled)
    assert 0 == hub.receive().changes


@pytest.mark.dx("T-072")
def test_a_bad_record_in_a_full_list_takes_nobody_out(hub: Hub) -> None:
    """Who stood on a line that cannot be read is not gone; the record is kept with its number, the others count."""
    hub.ask(ALPHA, *first(ALPHA, "Ann", "Bo"))
    hub.receive()
    hub.ask(ALPHA, Request(r=6, was=3, s=0, i=1), f"R PCM:{ALPHA}", f"A Cy\tPCM:{ALPHA}/CY", "A Ann\tNOSUCH:x")
    received = hub.receive()

    assert ["Ann NORTH/ALPHA/ANN", "Bo NORTH/ALPHA/BO", "Cy NORTH/ALPHA/CY"] == hub.names()
    assert [16] == [reject.code for reject in received.rejects]
    assert any("nobody was taken out" in text for text in received.refused)


def test_without_an_administrator_only_the_log_knows(hub: Hub) -> None:
    """KB Q125511: the warning 154 says that nobody gets the messages."""
    admin.set_options(hub.po, administrator="")
    hub.ask("EAST/X", *first("EAST/X", "Eve"))
    hub.receive()

    assert [] == hub.mail(INQUEUE)
    assert "Warning[154]" in hub.text("LOG/DIRSYNC.LOG")


# -- limits --------------------------------------------------------------------------------------------------------


def _update(hub: Hub, people: int, **more: object) -> list[Answer]:
    """What BETA gets when so many have come since its full answer."""
    hub.ask(ALPHA, *first(ALPHA, "Ann"))
    hub.ask(BETA, *first(BETA, "Cy"))
    quoted = hub.cycle()[BETA][0].reply.s
    lines = [f"A P{n}\tPCM:NORTH/ALPHA/P{n}" for n in range(people)]
    hub.ask(ALPHA, Request(r=2 + people, was=2, s=0, i=1), *lines)
    hub.ask(BETA, Request(r=2, was=2, s=quoted, i=1), **more)
    return hub.cycle()[BETA]


@pytest.mark.dx("T-144")
def test_an_update_is_split_by_the_limit(hub: Hub) -> None:
    """A requestor of ours gets several letters, each on top of the one before; another one gets one in each cycle."""
    answers = _update(hub, 7, limit=225)
    assert [3, 3, 1] == [len(answer.records.transactions) for answer in answers]
    assert [each.reply.s for each in answers[:-1]] == [each.reply.was for each in answers[1:]]
    assert [f"A P{n}" for n in range(7)] == [line for answer in answers for line in told(answer)]


def test_another_requestor_is_paced(hub: Hub) -> None:
    """KB Q133719: what does not fit comes with the next cycle."""
    (answer,) = _update(hub, 5, limit=225, strict=False)
    hub.ask(BETA, Request(r=2, was=2, s=answer.reply.s, i=1), limit=225, strict=False)

    assert (["A P0", "A P1", "A P2"], ["A P3", "A P4"]) == (told(answer), told(hub.cycle()[BETA][0]))


@pytest.mark.dx("T-144")
def test_a_full_answer_above_the_limit_is_told(hub: Hub) -> None:
    """KB Q119450: 118 and 166 to the administrator, and nothing that a requestor could take for everything."""
    admin.register_requestor(hub.po, BETA, limit=100)
    hub.ask(ALPHA, *first(ALPHA, "Ann", "Bo", "Di"))
    hub.ask(BETA, *first(BETA, "Cy"))
    hub.receive()
    done = srvmain.transmit(hub.po, hub.clock)

    assert ["[118]", "[166]"] == [text[:5] for text in done.refused]
    assert [ALPHA] == [answer.requestor for answer in done.answers]
    admin.register_requestor(hub.po, BETA, limit=0)
    hub.ask(BETA, Request(r=2, was=2, s=0, i=1))
    assert ["R NORTH/ALPHA", "A Ann", "A Bo", "A Di"] == told(hub.cycle()[BETA][0])


def test_a_definition_is_not_split_and_that_is_told(hub: Hub) -> None:
    """KB Q125920: it discards the values of its list, so that all come behind it, in one letter above the limit."""
    people = [f"A P{n}\tPCM:{ALPHA}/P{n}\r\n- Phone:/{n}" for n in range(4)]
    hub.ask(ALPHA, Request(r=5, was=0, s=0, i=1), f"T PCM:{ALPHA}\r\n Phone:~9~8~N~~", *people)
    hub.ask(BETA, *first(BETA, "Cy"), templates=True)
    quoted = hub.cycle()[BETA][0].reply.s
    hub.ask(ALPHA, Request(r=6, was=5, s=0, i=1), f"T PCM:{ALPHA}\r\n Phone:~9~9~N~~")
    hub.ask(BETA, Request(r=2, was=2, s=quoted, i=1), templates=True, limit=225)
    hub.receive()
    done = srvmain.transmit(hub.po, hub.clock)

    assert [5] == [answer.sent for answer in done.answers if answer.requestor == BETA]
    assert [True] == ["[118]" in text and "the definition of the list MS:NORTH/ALPHA" in text for text in done.refused]


# -- what is lost --------------------------------------------------------------------------------------------------


@pytest.mark.dx("T-140")
def test_keep_updates(hub: Hub) -> None:
    """KB Q257740: older changes go; who needs one of them gets everything, who is up to date does not notice."""
    hub.ask(ALPHA, *first(ALPHA, "Ann"))
    hub.ask(BETA, *first(BETA, "Cy"))
    quoted = {name: answers[0].reply.s for name, answers in hub.cycle().items()}
    hub.ask(ALPHA, Request(r=3, was=2, s=quoted[ALPHA], i=1), f"A Bo\tPCM:{ALPHA}/BO")
    newer = hub.cycle()[ALPHA][0].reply.s
    hub.now += 15 * DAY
    assert 3 == hub.receive().purged
    assert [] == hub.read(MSTTRANS)
    hub.ask(ALPHA, Request(r=3, was=3, s=newer, i=1))
    hub.ask(BETA, Request(r=2, was=2, s=quoted[BETA], i=1))
    answers = hub.cycle()

    assert (newer, 0) == (answers[ALPHA][0].reply.was, answers[BETA][0].reply.was)
    assert ["R NORTH/ALPHA", "A Ann", "A Bo"] == told(answers[BETA][0])


@pytest.mark.parametrize("how", ["missing", "damaged"])
def test_a_lost_master_list_of_changes(hub: Hub, how: str) -> None:
    """KB Q112280: MS Mail stops with the error 2; here it is said, and who is behind gets everything."""
    hub.ask(ALPHA, *first(ALPHA, "Ann"))
    hub.ask(BETA, *first(BETA, "Cy"))
    quoted = hub.cycle()[BETA][0].reply.s
    hub.ask(ALPHA, Request(r=3, was=2, s=0, i=1), f"A Bo\tPCM:{ALPHA}/BO")
    hub.cycle()
    with hub.po.change() as change:
        change.remove(MSTTRANS) if how == "missing" else change.write(MSTTRANS, b"rubble")
    with hub.po.look() as files:
        assert (how == "missing") is (not [p for p in tree.check(files) if p.file == MSTTRANS])
        assert [SERVED] == [problem.file for problem in tree.check(files) if problem.file == SERVED]
    hub.ask(BETA, Request(r=2, was=2, s=quoted, i=1))
    answer = hub.cycle()[BETA][0]

    assert (0, ["R NORTH/ALPHA", "A Ann", "A Bo"]) == (answer.reply.was, told(answer))
    assert f"Error  [{2 if how == 'missing' else 40:>3}]" in hub.text("LOG/DIRSYNC.LOG")


@pytest.mark.dx("T-190")
def test_lost_memory_stops_the_server(hub: Hub) -> None:
    """Without DXA/SERVER an answer would empty all lists: it is refused, until an administrator begins anew."""
    hub.ask(ALPHA, *first(ALPHA, "Ann"))
    hub.ask(BETA, *first(BETA, "Cy"))
    quoted = hub.cycle()[BETA][0].reply.s
    (hub.po.root / SERVED).unlink()
    with pytest.raises(FormatError, match=r"DXA/SERVER.*--anew"):
        hub.receive()
    admin.begin_anew(hub.po)
    hub.ask(BETA, Request(r=2, was=2, s=quoted, i=1))
    answer = hub.cycle()[BETA][0]

    # It holds something and there is nobody to send: the answer says only that nothing was taken.
    assert ((0, quoted), []) == ((answer.reply.r, answer.reply.was), told(answer))
    hub.ask(ALPHA, Request(r=4, was=2, s=0, i=2), f"R PCM:{ALPHA}", f"A Ann\tPCM:{ALPHA}/ANN")
    hub.ask(BETA, Request(r=4, was=2, s=answer.reply.s, i=1), f"R PCM:{BETA}", f"A Cy\tPCM:{BETA}/CY")
    assert ["R NORTH/ALPHA", "A Ann"] == told(hub.cycle()[BETA][0])


@pytest.mark.dx("T-137", "T-190")
def test_numbers_are_not_used_again_after_a_restore(hub: Hub, tmp_path: Path) -> None:
    """A server from a backup, with a request in it that quotes an old number, goes on above what it issued before."""
    hub.ask(ALPHA, *first(ALPHA, "Ann"))
    hub.ask(BETA, *first(BETA, "Cy"))
    old = hub.cycle()[BETA][0].reply.s
    hub.ask(BETA, Request(r=2, was=2, s=old, i=1))
    shutil.copytree(hub.po.root, tmp_path / "backup")
    newer = hub.cycle()[BETA][0].reply.s
    shutil.rmtree(hub.po.root)
    shutil.copytree(tmp_path / "backup", hub.po.root)
    again = hub.cycle()[BETA][0].reply
    hub.ask(BETA, Request(r=2, was=2, s=newer, i=1))
    full = hub.cycle()[BETA][0].reply

    assert (old, True) == (again.was, again.s > newer > old)
    assert (0, True) == (full.was, full.s > again.s)


def test_a_server_that_was_set_back_takes_nobody_out(hub: Hub, tmp_path: Path) -> None:
    """It sends nobody everything as long as it knows nothing of a requestor; then all get all lists."""
    gamma = "SOUTH/GAMMA"
    admin.register_requestor(hub.po, gamma)
    hub.ask(ALPHA, *first(ALPHA, "Ann"))
    hub.cycle()
    shutil.copytree(hub.po.root, tmp_path / "backup")
    hub.ask(BETA, *first(BETA, "Cy"))
    hub.ask(gamma, *first(gamma, "Di"))
    answers = hub.cycle()
    shutil.rmtree(hub.po.root)
    shutil.copytree(tmp_path / "backup", hub.po.root)
    for name in (BETA, gamma):
        hub.ask(name, Request(r=2, was=2, s=answers[name][0].reply.s, i=1))
    held = hub.cycle()
    assert {BETA: [], gamma: []} == {name: told(answer) for name, (answer,) in held.items()}
    assert "does not know the lists of NORTH/BETA yet" in hub.text("LOG/DIRSYNC.LOG")
    for name, person in ((BETA, "Cy"), (gamma, "Di")):
        request = Request(r=4, was=2, s=held[name][0].reply.s, i=1)
        hub.ask(name, request, f"R PCM:{name}", f"A {person}\tPCM:{name}/{person.upper()}")

    assert ["R NORTH/ALPHA", "R SOUTH/GAMMA", "A Ann", "A Di"] == told(hub.cycle()[BETA][0])
    assert not hub.served.gathering


def test_numbers_that_cannot_be_kept_are_said(hub: Hub) -> None:
    """Where the file beside the postoffice cannot be written, SRVMAIN works, and says what is at stake."""
    (hub.po.root.parent / "hub.numbers").mkdir()
    hub.ask(ALPHA, *first(ALPHA, "Ann"))

    assert [ALPHA] == [*hub.cycle()]
    assert "numbers could be issued twice" in hub.text("LOG/DIRSYNC.LOG")


def test_nobody_is_taken_out_by_an_answer_with_nobody(hub: Hub) -> None:
    """A requestor that holds something gets no answer that empties all of it, until the administrator allows that."""
    hub.ask(BETA, Request(r=0, was=0, s=77, i=1))
    done = hub.receive()
    assert [BETA] == [each.requestor for each in done.taken]
    answer = hub.transmit()[BETA][0]
    assert (77, []) == (answer.reply.was, told(answer))
    admin.want_full(hub.po, BETA)
    hub.ask(BETA, Request(r=0, was=0, s=answer.reply.s, i=1))
    assert 0 == hub.cycle()[BETA][0].reply.was


def test_a_full_queue_sends_nothing(hub: Hub) -> None:
    """Without INQUEUE requests are taken, an answer is an error (113), and who asked is answered by the next run."""
    hub.ask(ALPHA, *first(ALPHA, "Ann"))
    hub.ask("EAST/X", *first("EAST/X", "Eve"))
    saved = {name: (hub.po.root / name).read_bytes() for name in ("MBG/INQUEUE.MBG", "KEY/INQUEUE.KEY")}
    for name in saved:
        (hub.po.root / name).unlink()
    assert [ALPHA] == [each.requestor for each in hub.receive().taken]
    assert "the letter to the administrator is not sent" in hub.text("LOG/DIRSYNC.LOG")
    with pytest.raises(TransportError, match=r"\[113\]"):
        hub.transmit()
    for name, data in saved.items():
        (hub.po.root / name).write_bytes(data)
    assert [ALPHA] == [*hub.transmit()]


# -- being the server ----------------------------------------------------------------------------------------------


def test_the_server_is_its_own_requestor(hub: Hub) -> None:
    """KB Q96060: its request and its answer lie in one mailbag, and each program takes its own."""
    po = hub.po
    admin.register_server(po, HUB.casefold())
    reqmain.transmit(po, hub.clock)
    _sort(hub)
    assert 0 == reqmain.receive(po, hub.clock).settled
    hub.ask(ALPHA, *first(ALPHA, "Ann"))
    assert {HUB, ALPHA} == {each.requestor for each in hub.receive().taken}
    srvmain.transmit(po, hub.clock)
    _sort(hub)
    assert () == tuple(hub.receive().taken)
    received = reqmain.receive(po, hub.clock)
    importing.run_queue(po, hub.clock)

    assert [True] == [reply.full for reply in received.applied]
    assert ["Ann"] == [entry.name for rows in _lists(po).values() for entry in rows.values()]


def _sort(hub: Hub) -> None:
    external.run(hub.po, hub.clock)


def _lists(po: Maildata) -> Lists:
    with po.look() as files:
        return read_book(files, TYPES)


def test_a_server_that_is_not_its_own_requestor(hub: Hub) -> None:
    """The log has the number of the original (136) until the server's own postoffice is registered."""
    hub.receive()
    before = hub.text("LOG/DIRSYNC.LOG")
    admin.register_server(hub.po, HUB)
    hub.receive()

    assert (1, 1) == (before.count("Warning[136]"), hub.text("LOG/DIRSYNC.LOG").count("Warning[136]"))


def test_roles_do_not_mix(hub: Hub, tmp_path: Path) -> None:
    """SRVMAIN works at a directory server only: 161 at an ordinary postoffice, and not at a shadow one."""
    plain = tree.create(tmp_path / "plain", network="NORTH", postoffice="X", durable=False)
    shadow = tree.create(tmp_path / "shadow", network="LAB", postoffice="HQ", shadow=True, durable=False)
    with pytest.raises(UsageError, match=r"\[161\].*admin ADMIN server NORTH/X"):
        srvmain.receive(plain, hub.clock)
    with pytest.raises(UsageError, match="shadow"):
        srvmain.transmit(shadow, hub.clock)
    admin.add_postoffice(hub.po, "NORTH/X")
    with pytest.raises(UsageError, match="is a directory server itself"):
        admin.register_server(hub.po, "NORTH/X")


def test_a_server_that_is_demoted(hub: Hub) -> None:
    """KB Q180297, Q136487: its files and its T2 times go, the other times stay."""
    admin.register_server(hub.po, HUB)
    with hub.po.change() as change:
        write_process(change, Process(entries=(ProcessEntry(id=1, command=T1), ProcessEntry(id=2, command=T2))))
    hub.cycle()
    admin.remove_server(hub.po)
    with hub.po.look() as files:
        left = [files.read(name) for name in (SRVCONF, MSTTRANS, SERVED)]
        process = read_process(files)
    assert process is not None

    assert ([None] * 3, [T1]) == (left, [entry.command for entry in process.entries])
    with pytest.raises(UsageError, match=r"\[161\]"):
        hub.receive()


@pytest.mark.dx("T-138", "T-201")
def test_a_requestor_that_is_removed(hub: Hub) -> None:
    """What it told stays until it is forgotten; registered again it begins at 0, and its counter is adopted."""
    hub.ask(ALPHA, *first(ALPHA, "Ann"))
    hub.cycle()
    admin.remove_requestor(hub.po, ALPHA)
    hub.receive()
    assert ["Ann NORTH/ALPHA/ANN"] == hub.names()
    admin.register_requestor(hub.po, ALPHA)
    hub.ask(ALPHA, Request(r=2, was=2, s=0, i=9))
    assert (0, 9) == ((reply := hub.cycle()[ALPHA][0].reply).r, reply.i)
    admin.remove_requestor(hub.po, ALPHA, forget=True)
    hub.receive()
    assert [] == hub.names()
    with pytest.raises(NotFoundError, match=r"\[120\]"):
        admin.remove_requestor(hub.po, ALPHA)


def test_options_of_a_server(hub: Hub) -> None:
    """The administrator must have a mailbox here, and updates are kept for a day at least."""
    assert "BOSS" == admin.set_options(hub.po, administrator="boss", keep_updates=3).head.administrator
    with pytest.raises(NotFoundError, match="no mailbox JO"):
        admin.set_options(hub.po, administrator="JO")
    with pytest.raises(UsageError, match="at least one day"):
        admin.set_options(hub.po, keep_updates=0)


@pytest.mark.dx("T-136", "T-193")
@pytest.mark.parametrize("program", [srvmain.receive, srvmain.transmit])
def test_a_run_that_fails_changes_nothing(hub: Hub, program: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers, lists and letters move together: an error at the very end leaves all files as they were."""
    hub.ask(ALPHA, *first(ALPHA, "Ann"))
    if program is srvmain.transmit:
        hub.receive()

    def fail(change: Changing, conf: object) -> None:
        raise TransportError("no room")

    before = _files(hub.po)
    monkeypatch.setattr("dxa_msmail.programs.srvmain.program.write_srvconf", fail)
    with pytest.raises(TransportError, match="no room"):
        program(hub.po, hub.clock)  # type: ignore[operator]

    assert before == _files(hub.po)


def _files(po: Maildata) -> dict[str, bytes]:
    paths = (path for path in po.root.rglob("*") if path.is_file() and "LOG" not in path.parts)
    return {path.name: path.read_bytes() for path in paths}
