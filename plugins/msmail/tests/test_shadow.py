"""The shadow postoffice: the site as MS Mail sees it, and the server's mail through its mailbags."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs
import pytest

from dxa.address import AddressTypes
from dxa.connector import LinkContext, Parcel, ParcelKind, PeerInfo, Report
from dxa.dirsync.messages import Reply
from dxa.errors import AddressError, TransportError, UsageError
from dxa.signing import PrivateKey
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.postoffice import layout, letters, mailbag, networks, tree
from dxa_msmail.postoffice.bag import tag
from dxa_msmail.postoffice.dirsyncconf import SRVCONF, read_srvconf
from dxa_msmail.postoffice.identity import identity
from dxa_msmail.postoffice.letters import Letter
from dxa_msmail.postoffice.mailbag import INQUEUE, SYSTEM
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.networks import NETWORK, RouteKind
from dxa_msmail.postoffice.process import PROCESS
from dxa_msmail.server import MsMailServer, PeerOptions, ServerOptions, open_server

NOW = 1_700_000_000.0
NORTH = PeerInfo(id="pc/NORTH/MAIN", name="NORTH/MAIN", options={"maildata": "../north"})
KEY = str(PrivateKey.generate().public)
SOUTH = PeerInfo(id="pc/SOUTH/MAIN", name="SOUTH/MAIN", options=attrs.asdict(PeerOptions()))


@attrs.define
class Site:
    """A site's folder with a link to postoffices."""

    folder: Path
    names: tuple[str, str] = ("Labor für Öle", "HQ")
    peers: Sequence[PeerInfo] = (NORTH, SOUTH)
    maildata: str = "shadow"
    routes: Mapping[str, str] = attrs.field(factory=dict)
    via: Mapping[str, str] = attrs.field(factory=dict)
    bags: Mapping[str, str] = attrs.field(factory=dict)
    told: list[str] = attrs.field(factory=list)

    def open(self) -> MsMailServer:
        """The connector, as a new process opens it."""
        return open_server(
            LinkContext(
                link="pc",
                options=ServerOptions(
                    maildata=self.maildata,
                    patience=0.0,
                    routes=self.routes,
                    via=self.via,
                    bags=self.bags,
                    public_keys=dict.fromkeys(self.bags, KEY),
                ),
                folder=self.folder,
                types=AddressTypes(ADDRESS_TYPES),
                site=self.names,
                peers={peer.name.casefold(): peer for peer in self.peers},
                now=lambda: NOW,
                tell=lambda _number, text: self.told.append(text),
            )
        )

    @property
    def post(self) -> Maildata:
        """The shadow postoffice."""
        return Maildata(self.folder / self.maildata, durable=False)

    def arrive(self, subject: str = "ReqTx R=0 (was 0), S=0, I=1 0 sent", sender: str = "NORTH/MAIN/$SYSTEM") -> None:
        """A letter comes in from a requestor."""
        body = b"[DIRSYNC]\r\nTASK=IMPORTREQ\r\nREQNAME=PCM:NORTH/MAIN\r\nREQSEQ=0\r\nSRVSEQ=0\r\nIMPSEQ=1\r\n"
        with self.post.change() as change:
            to = (f"{identity(change).name}/$SYSTEM",)
            letter = Letter(sender=sender, to=to, time=datetime(2024, 5, 1, 12, 0), subject=subject, body=body)
            letters.deliver(change, letter, SYSTEM, now=NOW)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site without a shadow postoffice as yet, on a disk that is quick to say that it is done."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)
    folder = tmp_path / "site"
    folder.mkdir()
    return Site(folder)


def reply(number: int, peer: PeerInfo = NORTH) -> Parcel:
    """An answer without transactions."""
    return Parcel(
        id=f"{number:010d}-x", peer=peer, kind=ParcelKind.UPDATE, reply=Reply(r=3, s=number, was=1, i=1, complete=True)
    )


def waiting(post: Maildata, bag: str) -> list[str]:
    """The subjects of what lies in a mailbag."""
    with post.look() as files:
        return [header.subject for _, header in mailbag.headers(files, bag)]


@pytest.mark.dx("T-209")
def test_it_is_made_at_its_first_use(site: Site) -> None:
    """NET is the organization and PO the site, shaped to legal characters; all folders, no users, no PROCESS.GLB."""
    assert [] == list(site.open().collect({}))

    with site.post.look() as files:
        assert "LaborfurOl/HQ" == identity(files).name
        assert identity(files).shadow
        assert files.read(PROCESS) is None
        assert b"" == files.read("GLB/ACCESS.GLB")
        assert [] == tree.check(files)
    assert [] == tree.missing_folders(site.post.root)


def test_a_disk_that_is_not_there_is_not_mistaken_for_a_new_postoffice(site: Site) -> None:
    """Inside the site's folder it is made, and that is told; elsewhere it must be there."""
    list(site.open().collect({}))
    away = attrs.evolve(site, maildata=str(site.folder.parent / "mnt" / "shadow"))

    assert ["made the shadow postoffice LaborfurOl/HQ in"] == [text.partition(" /")[0] for text in site.told]
    with pytest.raises(TransportError, match=r"is the disk or share mounted .*\n?.*postoffice create"):
        list(away.open().collect({}))
    tree.create(Path(away.maildata), network="LaborfurOl", postoffice="HQ", shadow=True, durable=False)
    assert [] == list(away.open().collect({}))


def test_names_of_which_nothing_is_left_are_refused(site: Site) -> None:
    """A site whose name has no legal character needs one that is configured."""
    site.names = ("???", "HQ")

    with pytest.raises(AddressError, match="nothing is left of the name"):
        site.open()


def test_requestors_are_its_postoffices(site: Site) -> None:
    """Each requestor is known; one with a configured folder is reached directly, seen from the shadow postoffice."""
    list(site.open().collect({}))

    with site.post.look() as files:
        rows = networks.postoffices(files)
    assert {"north/main", "south/main"} == rows.keys()
    assert (RouteKind.DIRECT, "../../north") == (rows["north/main"].route.kind, rows["north/main"].route.path)
    assert RouteKind.NONE == rows["south/main"].route.kind


def test_routes_follow_the_configuration(site: Site) -> None:
    """A requestor that is added, or gets a folder, is known from the next use on; what waits for others stays."""
    site.peers = (SOUTH,)
    list(site.open().collect({}))
    site.peers = (NORTH, attrs.evolve(SOUTH, options={"maildata": "/there"}))
    list(site.open().collect({}))

    with site.post.look() as files:
        rows = networks.postoffices(files)
    assert {"north/main": "../../north", "south/main": "/there"} == {key: row.route.path for key, row in rows.items()}


def ways(site: Site) -> dict[str, tuple[str, str]]:
    """Folder and postoffice on the way, by postoffice."""
    list(site.open().collect({}))
    with site.post.look() as files:
        return {key: (row.route.path, row.route.via) for key, row in networks.postoffices(files).items()}


def test_a_postoffice_behind_another_site_is_reached_through_it(site: Site) -> None:
    """KB Q152167: the other site's shadow postoffice is a direct one, and the requestor behind it an indirect one."""
    behind = attrs.evolve(SOUTH, options={"via": "LAB/BERLIN"})
    site = attrs.evolve(site, peers=(NORTH, behind), routes={"LAB/BERLIN": "../berlin/shadow"})

    assert {
        "north/main": ("../../north", ""),
        "lab/berlin": ("../../berlin/shadow", ""),
        "south/main": ("", "LAB/BERLIN"),
    } == ways(site)


def test_a_site_that_only_passes_mail_on_needs_no_requestors(site: Site) -> None:
    """The other side of the same: its postoffice and the server's site are no peers, and still it knows the ways."""
    routes = {"SOUTH/MAIN": "../south", "LAB/HQ": "/mnt/hq/shadow"}
    site = attrs.evolve(site, peers=(), routes=routes, via={"NORTH/MAIN": "lab/hq"})

    assert {
        "south/main": ("../../south", ""),
        "lab/hq": ("/mnt/hq/shadow", ""),
        "north/main": ("", "lab/hq"),
    } == ways(site)


def test_a_site_out_of_reach_shares_a_bag(site: Site) -> None:
    """Its folder is seen from the shadow postoffice, and the key is that of the other side; what changes follows."""
    site = attrs.evolve(site, bags={"LAB/BERLIN": "../between"}, via={"SOUTH/OTHER": "LAB/BERLIN"})
    list(site.open().collect({}))
    with site.post.look() as files:
        assert networks.bag("../../between", KEY) == networks.find(files, "lab/berlin").route

    assert ("/mnt/between", "") == ways(attrs.evolve(site, bags={"LAB/BERLIN": "/mnt/between"}))["lab/berlin"]


def test_ways_may_be_turned_round(site: Site) -> None:
    """What was reached through another postoffice may be on the way to it from now on."""
    ways(attrs.evolve(site, peers=(), routes={"LAB/ONE": "/one"}, via={"LAB/TWO": "LAB/ONE"}))
    turned = ways(attrs.evolve(site, peers=(), routes={"LAB/TWO": "/two"}, via={"LAB/ONE": "LAB/TWO"}))

    assert {"lab/one": ("", "LAB/TWO"), "lab/two": ("/two", "")} == turned


def test_a_way_that_leads_nowhere_or_in_a_circle_is_refused(site: Site) -> None:
    """It is said which postoffice is unknown, or what the circle is, and nothing is changed."""
    before = ways(site)

    with pytest.raises(UsageError, match="the way to LAB/A leads through LAB/B, of which nobody knows the way"):
        ways(attrs.evolve(site, via={"LAB/A": "LAB/B"}))
    with pytest.raises(UsageError, match="goes round in a circle"):
        ways(attrs.evolve(site, via={"LAB/A": "LAB/B", "LAB/B": "LAB/A"}))
    assert before == ways(site)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"routes": {"LAB": "x"}}, "routes must be NET/PO"),
        ({"routes": {"LAB/A": " "}}, "where mail for LAB/A goes"),
        ({"routes": {"LAB/A": "x", "lab/a": "y"}}, "routes names a postoffice twice"),
        ({"via": {"LAB/A": "B"}}, "via must be NET/PO"),
        ({"via": {"LAB/A": "lab/a"}}, "cannot lead through itself"),
        ({"routes": {"LAB/A": "x"}, "via": {"lab/a": "LAB/B"}}, "stands in routes and in via"),
        ({"maildata": "", "routes": {"LAB/A": "x"}}, "say in maildata where it is"),
        ({"maildata": "", "bags": {"LAB/A": "x"}, "public_keys": {"LAB/A": KEY}}, "say in maildata where it is"),
        ({"bags": {"LAB/A": "x"}}, "lab/a stands in bags and not in public_keys"),
        ({"public_keys": {"LAB/A": KEY}}, "lab/a stands in public_keys and not in bags"),
        ({"bags": {"LAB/A": "x"}, "public_keys": {"LAB/A": "x"}}, "public_keys: a public key is ed25519:"),
        ({"bags": {"LAB/A": "x"}, "public_keys": {"lab/a": KEY}, "routes": {"LAB/A": "y"}}, "in routes and in bags"),
    ],
)
def test_ways_that_cannot_be_meant_are_found_in_the_configuration(wrong: dict[str, Any], said: str) -> None:
    """Before anything runs."""
    with pytest.raises(ValueError, match=said):
        ServerOptions(**{"maildata": "shadow", **wrong})
    with pytest.raises(ValueError, match="leave one out"):
        PeerOptions(maildata="../south", via="LAB/BERLIN")


@pytest.mark.dx("T-202")
def test_a_damaged_list_of_networks_is_made_anew(site: Site) -> None:
    """NETWORK.GLB comes back from the configuration, and every postoffice keeps its mailbag with its mail."""
    list(site.open().collect({}))
    with site.post.change() as change:
        before = {key: row.mailbag for key, row in networks.postoffices(change).items()}
        change.write(NETWORK, b"\x01rubbish")

    list(site.open().collect({}))

    with site.post.look() as files:
        assert before == {key: row.mailbag for key, row in networks.postoffices(files).items()}
        assert [] == tree.check(files)


def test_a_folder_with_something_else_is_refused(site: Site) -> None:
    """An ordinary postoffice, one of another name, and a folder of other things are left alone."""
    tree.create(site.folder / "office", network="NORTH", postoffice="MAIN", durable=False)
    tree.create(site.folder / "other", network="OTHER", postoffice="SITE", shadow=True, durable=False)
    (site.folder / "plain").mkdir()
    (site.folder / "plain" / "letter.txt").write_text("dear")

    for name, said in (("office", "NORTH/MAIN"), ("other", "OTHER/SITE"), ("plain", "letter.txt")):
        with pytest.raises(UsageError, match=said):
            list(attrs.evolve(site, maildata=name).open().collect({}))


def test_a_letter_is_a_report_and_goes_when_it_is_settled(site: Site) -> None:
    """What lies in the SYSTEM mailbag is reported, under the same identity each time, until it is settled."""
    list(site.open().collect({}))
    site.arrive()

    first, again = (list(site.open().collect({})) for _ in range(2))
    server = site.open()
    (report,) = server.collect({})
    server.settle([report.receipt])

    assert first == again
    assert ("NORTH/MAIN", True) == (report.sender, bool(report.identity))
    assert [] == list(site.open().collect({}))
    assert [] == waiting(site.post, SYSTEM)


def test_letters_that_are_alike_have_identities_of_their_own(site: Site) -> None:
    """A requestor may ask the same thing twice; that is another letter."""
    list(site.open().collect({}))
    site.arrive()
    site.arrive()

    assert 2 == len({report.identity for report in site.open().collect({})})


def test_answers_are_submitted_once(site: Site) -> None:
    """The same parcel delivered again, by the same process or by the next one, is one letter in INQUEUE."""
    for _ in range(2):
        server = site.open()
        for _ in range(2):
            list(server.deliver(reply(84)))
        server.settle(())

    assert ["SrvTx R=3 S=84 (was 1), I=1 0 sent"] == waiting(site.post, INQUEUE)


def test_srvconf_shows_what_requestors_were_told(site: Site) -> None:
    """SRVCONF.GLB has the numbers of each answer, the highest of all, and counts cycles; it changes with letters."""
    server = site.open()
    list(server.deliver(reply(84)))
    with site.post.look() as files:
        before = read_srvconf(files)
    list(server.deliver(reply(85, SOUTH)))
    server.settle(())
    later = site.open()
    list(later.deliver(reply(90)))
    later.settle(())

    with site.post.look() as files:
        conf = read_srvconf(files)
    assert before is None
    assert conf is not None
    assert (90, 2) == (conf.head.sync, conf.head.cycle)
    rows = {row.name: (row.req, row.srv, row.imp, row.cycle) for row in conf.requestors}
    assert {"PCM:NORTH/MAIN": (3, 90, 1, 2), "PCM:SOUTH/MAIN": (3, 85, 1, 1)} == rows


def test_a_damaged_srvconf_holds_nothing_up(site: Site) -> None:
    """It is a copy of what the site knows: it is made anew with the next answer."""
    list(site.open().collect({}))
    with site.post.change() as change:
        change.write(SRVCONF, bytes(700))
    server = site.open()
    list(server.deliver(reply(84)))
    server.settle(())

    with site.post.look() as files:
        conf = read_srvconf(files)
    assert conf is not None
    assert 84 == conf.head.sync


@pytest.mark.dx("T-205")
def test_a_mailbag_that_fills_up_is_told(site: Site) -> None:
    """From three quarters of 4,096 letters on, each cycle tells the administrator which mailbag it is."""
    list(site.open().collect({}))
    with site.post.change() as change:
        bag = networks.find(change, "SOUTH/MAIN").mailbag
        header = mailbag.header(sender="$SYSTEM", subject="x", sent=datetime(2024, 1, 1), stem="00000001")
        change.write(mailbag.mbg_name(bag), layout.encode(header) * 3072)

    (report,) = site.open().collect({})

    assert report.fault is not None
    assert 8 == report.fault.code
    assert "3072 letters wait in the mailbag SOUTH/MAIN" in report.fault.reason


@pytest.mark.dx("T-249")
def test_mail_that_nobody_moves_on_is_told(site: Site) -> None:
    """KB Q96060: an answer that has lain in INQUEUE for more than a day is told with its age."""
    list(site.open().collect({}))
    with site.post.change() as change:
        letter = letters.Letter(sender="LAB/HQ/$SYSTEM", to=("SOUTH/MAIN/$SYSTEM",), time=datetime(2023, 11, 10))
        letters.submit(change, letter, now=NOW - 26 * 3600)
        letters.deliver(change, letter, SYSTEM, now=NOW - 26 * 3600)

    told = [report.fault.reason for report in site.open().collect({}) if report.title == "warning" and report.fault]

    assert [True] == ["1 letter waits in the mailbag INQUEUE" in text for text in told]
    assert "the oldest for 26 hours; is its mail fetched" in told[0]


@pytest.mark.dx("T-249")
def test_letters_that_nobody_takes_out_of_a_bag_are_told(site: Site) -> None:
    """So is a bag that cannot be reached; both in each cycle."""
    site = attrs.evolve(site, names=("LAB", "HQ"), bags={"LAB/BERLIN": "../between"})

    def told() -> list[str]:
        found = site.open().collect({})
        return [report.fault.reason for report in found if report.title == "warning" and report.fault]

    assert [True] == ["there is no bag" in text for text in told()]
    between = site.folder.parent / "between"
    between.mkdir()
    assert [] == told()
    path = between / f"{tag('LAB/HQ')}.{tag('LAB/BERLIN')}.00000001-0.eml"
    path.touch()
    os.utime(path, (NOW - 26 * 3600, NOW - 26 * 3600))
    assert [True] == ["1 letter lies for LAB/BERLIN in the bag" in text for text in told()]


@pytest.mark.dx("T-205")
def test_nothing_is_put_into_a_full_mailbag(site: Site) -> None:
    """An answer for which INQUEUE has no room is not delivered, and waits at the site."""
    list(site.open().collect({}))
    with site.post.change() as change:
        header = mailbag.header(sender="$SYSTEM", subject="x", sent=datetime(2024, 1, 1), stem="00000001")
        change.write(mailbag.mbg_name(INQUEUE), layout.encode(header) * 4096)

    with pytest.raises(TransportError, match=r"\[8\]"):
        list(site.open().deliver(reply(84)))


@pytest.mark.dx("T-206")
def test_a_damaged_letter_holds_up_no_other(site: Site) -> None:
    """A letter whose file is cut is reported with its file and kept; the others are read."""
    list(site.open().collect({}))
    site.arrive(subject="the first")
    site.arrive()
    with site.post.change() as change:
        _, header = mailbag.headers(change, SYSTEM)[0]
        name = f"MAI/MA{header.stem[-1]}/{header.stem}.MAI"
        change.write(name, (change.read(name) or b"")[:70])
    server = site.open()

    reports: list[Report] = list(server.collect({}))
    server.settle([report.receipt for report in reports])

    assert [True, False] == [report.fault is not None for report in reports]
    assert reports[0].fault is not None
    assert header.stem in reports[0].fault.reason
    assert [] == waiting(site.post, SYSTEM)
    assert 2 == len(list((site.post.root / "DXA" / "BAD").iterdir()))


@pytest.mark.dx("T-206")
def test_a_damaged_mailbag_of_a_requestor_holds_up_no_other(site: Site) -> None:
    """What is wrong with it is told, and all requests are heard."""
    list(site.open().collect({}))
    site.arrive()
    with site.post.change() as change:
        change.write(mailbag.key_name(networks.find(change, "SOUTH/MAIN").mailbag), b"rubbish")

    heard, told = site.open().collect({})

    assert ("NORTH/MAIN", None) == (heard.sender, heard.fault)
    assert told.fault is not None
    assert "SOUTH/MAIN of " in told.fault.reason
    assert "is damaged" in told.fault.reason


@pytest.mark.dx("T-202")
def test_a_list_of_networks_that_is_damaged_later_is_mended_in_the_next_cycle(site: Site) -> None:
    """Also by a process that goes on running."""
    server = site.open()
    list(server.collect({}))
    with site.post.change() as change:
        change.write(NETWORK, b"rubbish")

    list(server.collect({}))

    with site.post.look() as files:
        assert {"north/main", "south/main"} == networks.postoffices(files).keys()


def test_cycles_of_one_process_are_counted(site: Site) -> None:
    """SRVCONF.GLB counts them, whether a new process runs each or not."""
    server = site.open()
    for number in (84, 85):
        list(server.collect({}))
        list(server.deliver(reply(number)))
        server.settle(())

    with site.post.look() as files:
        conf = read_srvconf(files)
    assert conf is not None
    assert 2 == conf.head.cycle
