"""Starting, storing, removing and looking: what an administrator of a site meets."""

import sqlite3
from pathlib import Path

import attrs
import pytest

from dxa.agent import queries
from dxa.agent.admin import Leftover
from dxa.agent.site import site_lock
from dxa.config import edit
from dxa.disk import write_whole
from dxa.errors import ConfigError, LockedError, StoreError, UsageError
from dxa_msmail.errors import MESSAGES
from tests.cases.harness import DAY, MEMORY, SITE, MakeSite, SiteHarness, mail

PEOPLE = [f"A P{n} Lee\tPCM:NET/ONE/P{n}" for n in range(5)]
NAMES = sorted(f"P{n} Lee" for n in range(5))


def forget(site: SiteHarness, name: str, leftover: Leftover) -> int:
    """Remove a postoffice as `dxa peers remove` does."""
    count = site.admin.remove_peer(f"mail/{name}", leftover)
    site.configure(edit.remove_peer(site.text, "mail", name))
    return count


# -- starting ------------------------------------------------------------------------------------------------------


@pytest.mark.dx("T-185")
def test_a_database_that_is_not_there(site: SiteHarness):
    """A database that is missing is named, with what to do; no empty one is made in its place."""
    site.close()
    database = site.folder / "dxa.db"
    database.rename(site.folder / "moved.db")

    with pytest.raises(StoreError, match=rf"{database}.*dxa init"):
        site.open()
    assert not database.exists()
    (site.folder / "moved.db").rename(database)
    site.open()


@pytest.mark.dx("T-185", "T-244")
def test_a_database_that_is_none(site: SiteHarness):
    """A database whose bytes are something else is refused with what the database says."""
    site.close()
    database = site.folder / "dxa.db"
    good = database.read_bytes()
    database.write_bytes(b"x" * 4096)

    with pytest.raises(StoreError, match="not a database"):
        site.open()
    database.write_bytes(good)
    site.open()


@pytest.mark.dx("T-244")
def test_a_damaged_file_of_numbers(site: SiteHarness):
    """A file of numbers with one wrong character is noticed before a number is issued twice."""
    site.joined("NET/ONE", *PEOPLE)
    site.close()
    numbers = site.folder / "dxa.numbers"
    good = numbers.read_bytes()
    numbers.write_bytes(good.replace(b"mail", b"mial"))
    site.open()
    site.postoffice("NET/ONE").ask(task="IMPORTREQ")
    site.sync(failing=True)

    assert ["dxa.numbers is damaged" in error for error in site.last.errors] == [True]
    assert [] == site.answers("NET/ONE")
    site.close()
    numbers.write_bytes(good)
    site.open()


@pytest.mark.dx("T-186", "T-188")
def test_a_file_that_cannot_be_written(site: SiteHarness):
    """What the operating system says of a file is said as it is, with the name of the file."""
    site.joined("NET/ONE", *PEOPLE)
    site.close()
    numbers = site.folder / "dxa.numbers"
    good = numbers.read_bytes()
    numbers.unlink()
    numbers.mkdir()
    site.open()
    site.postoffice("NET/ONE").ask(task="IMPORTREQ")
    site.sync(failing=True)

    assert [f"mail: {numbers}: cannot be read: Is a directory"] == site.last.errors
    site.close()
    numbers.rmdir()
    numbers.write_bytes(good)
    site.open()


@pytest.mark.dx("T-192")
def test_a_file_that_is_written_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """When writing breaks off, the old file is there, whole; the next writing is not in its way."""
    path = tmp_path / "gal.txt"
    write_whole(path, b"old")

    def broken(_self: Path, _target: Path) -> Path:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", broken)
        with pytest.raises(OSError, match="No space"):
            write_whole(path, b"new and longer")
    assert b"old" == path.read_bytes()
    write_whole(path, b"new")
    assert [path] == list(tmp_path.glob("*.txt"))
    assert b"new" == path.read_bytes()


@pytest.mark.dx("T-193")
def test_what_an_interrupted_run_left_behind(site: SiteHarness):
    """Files that were being written when something broke off are neither read nor in the way."""
    one = site.joined("NET/ONE", *PEOPLE)
    for folder in (site.inbox, site.outbox):
        (folder / ".0001.msg.tmp").write_bytes(b"half a mess")
    (site.folder / "dxa.numbers.new").write_bytes(b"half")
    one.cycle("A Zoe\tPCM:NET/ONE/ZOE")

    assert sorted([*NAMES, "Zoe"]) == site.names()


@pytest.mark.dx("T-194", "T-213")
def test_a_configuration_that_was_cut_off(site: SiteHarness):
    """A configuration that ends in the middle is refused, and nothing of it is used."""
    whole = site.text
    with pytest.raises(ConfigError, match=r"dxa\.toml"):
        site.configure(whole[: whole.index('"MS:LAB') + 5])
    site.text = whole
    site.open()


@pytest.mark.dx("T-213")
def test_no_site(site: SiteHarness):
    """In a folder that is no site one is told so, and how to make one."""
    with pytest.raises(UsageError, match=r"is not a site.*dxa init"):
        type(site.site).open(site.folder / "mail", site.site.host, lambda: 0.0)


@pytest.mark.dx("T-197")
def test_a_database_elsewhere(make_site: MakeSite, tmp_path: Path):
    """Database, numbers and folders may lie anywhere, and nothing of them in the site's folder."""
    (tmp_path / "data").mkdir()
    places = f'database = "sqlite:///{tmp_path}/data/lab.db"\nhigh_water = "{tmp_path}/data/lab.numbers"\n'
    site = make_site(mail("NET/ONE").replace("administrator", f"{places}administrator", 1))
    site.joined("NET/ONE", *PEOPLE)

    assert {"dxa.toml", "mail"} == {path.name for path in site.folder.iterdir()}
    assert {"lab.db", "lab.numbers"} <= {path.name for path in (tmp_path / "data").iterdir()}


@pytest.mark.dx("T-198", "T-230")
def test_settings_stay_as_they_are(make_site: MakeSite):
    """Registering and removing peers leaves every other line of the configuration alone, however long its value is."""
    text = mail("NET/ONE") + f'\n[links.mail.msmail]\ninbox = "mail/in"  # {"long " * 60}\noutbox = "mail/out"\n'
    site = make_site(text)
    long = "NET/" + "X" * 6
    more = edit.add_peer(text, "mail", long, {"no_password": True, "import_container": "C" * 500})
    site.configure(more)
    first, second = (attrs.asdict(each, recurse=False) for each in site.site.config.links["mail"].peers.values())

    assert text == edit.remove_peer(more, "mail", long)
    assert {"id", "name", "imports", "import_digest"} == {key for key in first if first[key] != second[key]}


@pytest.mark.dx("T-212")
def test_two_writers(site: SiteHarness):
    """While one command writes to a site, a second one is refused, with the process that holds it."""
    with site_lock(site.folder), pytest.raises(LockedError, match="process"), site_lock(site.folder):
        pass


# -- peers that come and go ----------------------------------------------------------------------------------------


@pytest.mark.dx("T-200")
def test_a_peer_whose_table_is_gone(make_site: MakeSite):
    """A peer that was taken out of the file first is shown as left over, and can still be removed."""
    one = mail("NET/TWO")
    site = make_site(mail("NET/ONE", "NET/TWO"))
    site.joined("NET/ONE", *PEOPLE)
    site.configure(one)
    site.sync()

    assert NAMES == site.names()
    (left,) = queries.status(site.site).leftovers
    assert "mail/NET/ONE" in left
    assert 5 == site.admin.remove_peer("mail/NET/ONE", Leftover.DELETE)
    assert () == queries.status(site.site).leftovers
    assert [] == site.names()


@pytest.mark.dx("T-201", "T-226", "T-236")
@pytest.mark.parametrize("leftover", [Leftover.DELETE, Leftover.KEEP])
def test_a_peer_that_comes_back(site: SiteHarness, leftover: Leftover):
    """A removed peer is a stranger; registered anew it starts from nothing, and nothing of before is in its way."""
    whole = site.text
    site.add("Ann Lee")
    one = site.joined("NET/ONE", *PEOPLE)
    ids = [recipient.id for recipient in site.recipients()]
    assert 5 == forget(site, "NET/ONE", leftover)
    one.ask()
    site.sync()
    assert [] == one.read()
    assert [120] == [code for code, _ in site.notices()]
    site.configure(whole)
    new = site.joined("NET/ONE", *PEOPLE)

    assert ["Ann Lee", *NAMES] == site.names()
    assert {"PCM:LAB/HQ/ANN": "Ann Lee"} == {a: n for a, n in new.gal.items() if a.startswith("PCM:LAB")}
    assert [] == site.rejects()
    assert (leftover is Leftover.KEEP) == (ids == [recipient.id for recipient in site.recipients()])


@pytest.mark.dx("T-226")
def test_a_forgotten_peer_is_forgotten_completely(site: SiteHarness):
    """When a peer is removed, nothing is left of it but archives, runs, and what others may hold of its entries."""
    one = site.joined("NET/ONE", *PEOPLE, "A Bad\tPCM:NET/ONE/TOOLONGMAILBOX")
    one.cycle("R PCM:NET/ONE")
    assert "empty" in site.holds()
    forget(site, "NET/ONE", Leftover.DELETE)
    site.close()
    with sqlite3.connect(site.folder / "dxa.db") as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {
            table
            for table in tables
            for row in database.execute(f"SELECT * FROM {table}")
            if any("mail/NET/ONE" in str(value) for value in row)
        }
    site.open()

    assert set() == found - {"message", "run", "run_change", "parcel", "view_row"}


@pytest.mark.dx("T-236")
def test_a_peer_that_comes_back_after_years(site: SiteHarness):
    """A peer that has been silent for years is answered like any other, and ends up right."""
    site.add("Ann Lee")
    site.add("Bob Ray")
    one = site.joined("NET/ONE", *PEOPLE)
    site.remove("Ann Lee")
    for _ in range(6):
        site.sync(after=200 * DAY)
    one.cycle("A Zoe\tPCM:NET/ONE/ZOE")

    assert ["Bob Ray"] == sorted(one.gal.values())
    assert ["Bob Ray", *NAMES, "Zoe"] == site.names()


@pytest.mark.dx("T-204")
def test_a_peer_with_a_damaged_list(site: SiteHarness):
    """A peer that asks for everything has every list whole again, whatever it had."""
    site.add("Ann Lee")
    site.joined("NET/TWO", "A Dora\tPCM:NET/TWO/DORA")
    one = site.joined("NET/ONE", *PEOPLE)
    right = dict(one.gal)
    one.gal = {"PCM:LAB/HQ/GHOST": "Ghost", "PCM:NET/TWO/DORA": "D\x00ra"}
    one.cycle(task="IMPORTREQ")

    assert right == one.gal


# -- looking -------------------------------------------------------------------------------------------------------


@pytest.mark.dx("T-018", "T-210")
def test_which_lists_each_peer_is_shown(site: SiteHarness):
    """Every NET/PO that peers see is listed with the number of its entries at each of them, 0 among these."""
    site.add("Ann Lee")
    site.add("Bob Ray", proxies=("MS:LAB/BRANCH/BOB",))
    site.joined("NET/ONE", *PEOPLE)
    site.joined("NET/TWO")
    counts = {(count.peer, count.list): count.entries for count in queries.list_counts(site.site)}

    assert {
        ("mail/NET/ONE", "LAB/HQ"): 1,
        ("mail/NET/ONE", "LAB/BRANCH"): 1,
        ("mail/NET/ONE", "NET/ONE"): 0,
        ("mail/NET/TWO", "LAB/HQ"): 1,
        ("mail/NET/TWO", "LAB/BRANCH"): 1,
        ("mail/NET/TWO", "NET/ONE"): 5,
    } == counts


@pytest.mark.dx("T-220", "T-249")
def test_a_silent_peer_stands_out(site: SiteHarness):
    """A peer that has not been heard of for days, or never, comes with advice; one that speaks does not."""
    site.joined("NET/ONE", *PEOPLE)
    fresh = {peer.name: peer.advice for peer in queries.status(site.site).peers}
    site.sync(after=4 * DAY)
    later = {peer.name: peer.advice for peer in queries.status(site.site).peers}

    assert "" == fresh["NET/ONE"]
    assert "never heard" in fresh["NET/TWO"]
    assert "no message from NET/ONE for 4 days" in later["NET/ONE"]


@pytest.mark.dx("T-221")
def test_people_are_told_whatever_the_link(make_site: MakeSite):
    """What is held on a link without any mail reaches the administrator's command, once."""
    command = 'administrator_command = ["sh", "-c", "cat >> told.txt"]\nadministrator'
    site = make_site(SITE.replace("administrator", command, 1) + MEMORY)
    for n in range(10):
        site.system().put(f"P{n} Lee", f"p{n}")
    site.sync()
    site.system().entries.clear()
    site.sync()
    site.sync()

    (line,) = (site.folder / "told.txt").read_text().splitlines()
    assert line.startswith("mem in mem/mem: plan ")
    assert "is held" in line


@pytest.mark.dx("T-221")
def test_a_letter_to_the_administrator(site: SiteHarness):
    """What needs a person is written to the configured mailbox, once."""
    one = site.joined("NET/ONE", *PEOPLE)
    one.cycle("R PCM:NET/ONE")
    site.sync()
    (letter,) = site.letters()

    assert "LAB/HQ/ADMIN" == letter.to
    assert "is held" in letter.text


@pytest.mark.dx("T-222")
def test_all_numbers_are_shown(site: SiteHarness):
    """R, S, I, what is confirmed, the lag and the times of a peer are there without looking into any file."""
    site.add("Ann Lee")
    one = site.joined("NET/ONE", *PEOPLE)
    quoted = one.s
    answer = one.cycle()
    (standing, other) = queries.status(site.site).peers

    assert (6, answer.s, 1, quoted, answer.s - quoted) == (
        standing.r,
        standing.s,
        standing.i,
        standing.confirmed,
        standing.lag,
    )
    assert (site.now, site.now, 0) == (standing.last_request_at, standing.last_answer_at, standing.age_seconds)
    assert None is other.last_request_at


@pytest.mark.dx("T-225")
def test_every_number_has_its_text():
    """Each number that MS Mail's documents name has a text of its own in the program."""
    documented = [
        *(12, 13, 16, 17, 19, 20, 22, 23, 24, 25, 26, 27, 28, 29, 31, 32, 33, 34, 36, 37, 38, 44, 46, 47, 48),
        *(62, 63, 64, 66, 67, 68, 69, 70, 71, 72, 74, 75, 76, 77, 79, 81, 104, 105, 106, 113, 115, 116, 118, 120),
        *(124, 128, 129, 133, 136, 138, 139, 150, 152, 154, 155, 156, 157, 158, 159, 161, 162, 166, 167, 171, 203, 204),
    ]

    assert [] == [number for number in documented if not MESSAGES.get(number)]
