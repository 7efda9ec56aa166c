"""Whole cycles of a site with an Exchange organisation that is reached by files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dxa.errors import TransportError
from dxa_exchange.files.folder import Folder
from dxa_exchange.table55.options import read as read_options
from tests.labs.exchange_files import SITE55, FilesSite, Uses, config, make, unreliable

#: Guards that hold hardly anything.
LENIENT = "guards = {shrink_count = 9, everything_count = 0}"


PROXIES = ("SMTP:ANNBERG@lab.example", "SMTP:dorn@lab.example", "X400:c=de;a= ;p=lab;s=dorn;")


@pytest.fixture(autouse=True)
def no_waiting_for_disks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files need not outlive the machine here."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[FilesSite]:
    """A site with an empty organisation."""
    site = make(tmp_path)
    yield site
    site.close()


def test_an_export_reaches_a_postoffice(site: FilesSite) -> None:
    """People of the organisation are in the next answer to an MS Mail postoffice, by the address that they have."""
    office = site.joined("NET/PO1")
    site.ex.put("AnnB", Display_Name="Berg, Ann", **{"E-mail Addresses": ["SMTP:ann@ex.example", "MS:EX/HQ/ANNB"]})
    site.ex.put("BobC", Display_Name="Bob Cole", **{"E-mail Addresses": ["SMTP:bob@ex.example"]})
    site.round()
    office.cycle()

    assert {"Berg, Ann": "SMTP:ann@ex.example", "Bob Cole": "SMTP:bob@ex.example"} == site.told()
    assert {"Berg, Ann", "Bob Cole"} == set(office.gal.values())


def test_people_from_elsewhere_come_out_as_custom_recipients(site: FilesSite) -> None:
    """By their own addresses, with the site's mark, in the synchronisation container; then nothing is left to do."""
    site.ex.put("AnnB", Display_Name="Berg, Ann", **{"E-mail Addresses": ["SMTP:ann@ex.example"]})
    site.joined("NET/PO1", "A Cole, Bob PCM:NET/PO1/BOB")
    site.add("Di Eich", "DIEICH", fields=(("title", "Boss"),))
    first = site.round()
    told = site.steps()
    second = site.round()
    third = site.round()

    assert ([], [], []) == (first, second, third)
    assert {"Cole, Bob": "MS:NET/PO1/BOB", "Di Eich": "SMTP:DIEICH@lab.example"} == site.foreign
    assert {"dxa LAB/HQ"} == {cell[0] for cell in site.ex.texts("Imported-From", site.sync_container).values()}
    assert any("was left to be imported" in text for text in told)
    assert 1 == len(site.ex.taken)
    assert ({}, {}) == (site.gone_out, dict(site.last.links[0].applied))


@pytest.mark.parametrize("overwrite", [False, True])
def test_changes_and_deletes_come_out(tmp_path: Path, overwrite: bool) -> None:
    """Whichever way the organisation imports: values are added, or take the place of those that are there."""
    site = make(tmp_path, config(LENIENT, table=f"overwrite = {str(overwrite).lower()}"))
    site.ex.overwrite = overwrite
    site.add("Ann Berg", "ANNBERG", fields=(("title", "Boss"), ("department", "Sales")))
    site.add("Bob Cole", "BOBCOLE")
    site.round()
    site.edit("Ann Berg", name="Ann Dorn", fields=(("title", "Chief"),), proxies=PROXIES)
    site.remove("Bob Cole")
    changed = site.round()
    site.round()
    last = site.gone_out
    site.close()

    assert [] == changed
    assert {"Ann Dorn": "SMTP:ANNBERG@lab.example"} == site.foreign
    assert {"Ann Dorn": ["Chief"]} == site.ex.texts("Title", site.sync_container)
    assert {"Ann Dorn": []} == site.ex.texts("Department", site.sync_container)
    assert [*PROXIES[:1], *PROXIES[2:]] == sorted(site.ex.texts("E-mail Addresses", site.sync_container)["Ann Dorn"])
    assert {"Ann Dorn": ["smtp:dorn@lab.example"]} == site.ex.texts("Secondary-Proxy-Addresses", site.sync_container)
    assert ({}, 2) == (last, len(site.ex.taken))


NAMES = (
    "Berg, Ann",
    'Ann "Annie" O\'Neil',
    "A + B",
    "#hash",
    "  leading",
    "Jörg Müller",
    "Łódź, Ω",
    "50% off; x",
    "back\\slash",
    "ends ",
)


def test_names_survive_both_ways(site: FilesSite) -> None:
    """Commas, quotes, signs, blanks and letters of any language, from the site to the organisation and back."""
    for n, name in enumerate(NAMES):
        site.ex.put(f"P{n}", Display_Name=name, **{"E-mail Addresses": [f"SMTP:p{n}@ex.example"]})
        site.add(name, f"S{n}")
    refused = site.round()
    site.round()

    assert [] == refused
    assert {name.strip() for name in NAMES} == {name.strip() for name in site.told()}
    assert {name.strip() for name in NAMES} == {name.strip() for name in site.foreign}
    assert {} == site.gone_out


def test_what_the_organisation_lacks_is_made_again(site: FilesSite) -> None:
    """Only its export proves what it has: what was left and not imported is left anew, in place of the old file."""
    site.add("Ann Berg", "ANNBERG")
    site.round(imports=False)
    (old,) = site.ex.waiting()
    site.sync()
    between = site.ex.waiting()
    site.round(imports=False)
    (new,) = site.ex.waiting()

    assert [old] == between
    assert old.name != new.name
    assert [] == site.ex.import_()
    assert {"Ann Berg"} == site.foreign.keys()


# -- what is held ------------------------------------------------------------------------------------------------------


def _crowd(site: FilesSite, count: int = 30) -> None:
    for n in range(count):
        site.ex.put(f"User{n:02}", Display_Name=f"User {n:02}", **{"E-mail Addresses": [f"SMTP:u{n:02}@ex.example"]})
    site.round()


def test_an_export_that_has_shrunk_is_held(site: FilesSite) -> None:
    """Until a person agrees, nobody goes."""
    _crowd(site)
    site.ex.drop_object(*(f"User{n:02}" for n in range(3, 15)))
    site.round()
    held = site.holds(), len(site.told())
    site.approve()
    site.round()

    assert (["shrink"], 30) == held
    assert 18 == len(site.told())


def test_an_export_of_nobody_is_held(site: FilesSite) -> None:
    """A header alone deletes nobody, and nothing is written by it."""
    _crowd(site)
    site.add("Ann Berg", "ANNBERG")
    site.round()
    site.ex.drop(site.ex.export().decode("utf-16").splitlines(True)[0].encode("utf-16"))
    site.sync()

    assert 30 == len(site.told())
    assert "empty" in site.holds()


def test_who_is_missing_at_the_end_waits_for_a_second_export(site: FilesSite) -> None:
    """A file has no count: an export that was cut between two lines looks whole."""
    _crowd(site)
    site.ex.drop_object("User28", "User29")
    site.round()
    held = site.holds(), len(site.told())
    site.round()

    assert (["tail"], 30) == held
    assert ([], 28) == (site.holds(), len(site.told()))


def test_a_size_that_was_told_shows_that_nothing_is_missing(tmp_path: Path) -> None:
    """A companion with the size in bytes; a file of another size is not taken."""
    site = make(tmp_path, config(options='ready = ".done"'))

    def export(size: int = 0) -> None:
        path = site.ex.drop(site.ex.export())
        site.ex.drop(str(path.stat().st_size + size).encode(), f"{path.name}.done")

    for n in range(30):
        site.ex.put(f"User{n:02}", Display_Name=f"User {n:02}", **{"E-mail Addresses": [f"SMTP:u{n:02}@ex.example"]})
    export()
    site.sync()
    site.ex.drop_object("User29")
    export(size=1)
    site.sync()
    early, why = len(site.told()), site.steps()
    for path in site.ex.inbox.iterdir():
        path.unlink()
    export()
    site.sync()
    late = site.holds(), len(site.told())
    site.close()

    assert 30 == early
    assert any("bytes, and" in text for text in why)
    assert ([], 29) == late
    assert [] == list(site.ex.inbox.iterdir())


@pytest.mark.parametrize("data", [b"", b"\r\n", b"Obj-Class,", b"rubbish", b"<html/>", b"\xff\xfe"])
def test_files_that_are_none_change_nothing(site: FilesSite, data: bytes) -> None:
    """They are told with what was expected, and are not in the way of the next one."""
    _crowd(site, 3)
    site.ex.drop(data)
    site.sync()
    told = [text for _, text in site.notices()]
    site.round()

    assert 1 == len(told)
    assert "00002.csv" in told[0]
    assert 3 == len(site.told())


def test_an_export_that_was_cut_removes_nobody(site: FilesSite) -> None:
    """Its last line has no end; half of a name would be another person."""
    _crowd(site, 5)
    data = site.ex.export()
    site.ex.drop(data[: -len(data) // 3 // 2 * 2])
    site.sync()

    assert 5 == len(site.told())
    assert ([], {}) == (site.holds(), site.gone_out)


def test_an_export_that_does_not_show_the_mark_writes_nothing(site: FilesSite) -> None:
    """Without the column of the mark dxa would make everybody once more."""
    site.add("Ann Berg", "ANNBERG")
    site.round()
    site.ex.columns = tuple(name for name in site.ex.columns if name != "Imported-From")
    site.round()
    steps, taken = site.steps(), len(site.ex.taken)

    assert any("lacks Imported-From" in text for text in steps)
    assert 1 == taken


def test_a_bad_line_hides_no_other_and_removes_nobody(site: FilesSite) -> None:
    """It is kept with its line and event."""
    _crowd(site, 3)
    data = site.ex.export().decode("utf-16").replace(",User01,", ",User01,,")
    site.ex.drop(data.encode("utf-16"))
    site.sync()

    ((code, reason),) = site.rejects()
    assert 291 == code
    assert "line 3" in reason
    assert 3 == len(site.told())


# -- changes -----------------------------------------------------------------------------------------------------------


def test_a_file_of_changes_is_applied(site: FilesSite) -> None:
    """To what the last export has told, in a new process, too; what is not named stays."""
    _crowd(site, 3)
    before = {each.name: each.id for each in site.recipients()}
    site.ex.drop(
        b"Obj-Class,Mode,Directory Name,Obj-Container,Display Name,Title,E-mail Addresses\r\n"
        b"Mailbox,Modify,User00,Recipients,Ann Berg,,\r\n"
        b"Mailbox,Delete,User01,Recipients,,,\r\n"
        b"Mailbox,Create,New,Recipients,New Man,Boss,SMTP:new@ex.example\r\n"
        b"Mailbox,Modify,User02,Recipients,,Chief,SMTP:two@ex.example\r\n"
        b"Mailbox,Modify,Nobody,Recipients,,Chief,\r\n"
    )
    site.sync()

    assert {
        "Ann Berg": "SMTP:u00@ex.example",
        "New Man": "SMTP:new@ex.example",
        "User 02": "SMTP:two@ex.example",
    } == site.told()
    assert (before["User 00"], before["User 02"]) == (site.one("Ann Berg").id, site.one("User 02").id)
    assert ("title", "Chief") in site.one("User 02").fields
    ((_, reason),) = site.rejects()
    assert "line 6" in reason
    assert "a full export is needed" in reason


def test_changes_build_on_changes(site: FilesSite) -> None:
    """Each file on what the ones before it have made, whenever they were taken; an export begins anew."""
    _crowd(site, 1)
    head = b"Obj-Class,Mode,Directory Name,Obj-Container,Display Name\r\n"
    site.ex.drop(head + b"Mailbox,Modify,User00,Recipients,Ann\r\n")
    site.sync()
    site.ex.drop(b"Obj-Class,Mode,Directory Name,Obj-Container,Title\r\nMailbox,Modify,User00,Recipients,Boss\r\n")
    site.sync()
    both = site.one("Ann").fields
    site.round()

    assert ("title", "Boss") in both
    assert ["User 00"] == list(site.told())


def test_tombstones_delete(site: FilesSite) -> None:
    """A file of deleted objects alone is no export of an empty directory (KB Q239639)."""
    _crowd(site, 3)
    site.ex.drop(
        f"Obj-Class,Common-Name,Is-Deleted,Obj-Dist-Name\r\nMailbox,User01,1,{SITE55}/cn=Recipients/cn=User01\r\n".encode()
    )
    site.sync()

    assert {"User 00", "User 02"} == site.told().keys()


def test_what_the_organisation_refused_is_told(site: FilesSite) -> None:
    """Its .err file comes back in the folder of exports; it changes nothing."""
    _crowd(site, 1)
    site.ex.drop(
        b"Obj-Class,Mode,Directory Name,Obj-Container\r\nRemote,Create,Ann,Recipients/cn=Foreign\r\n", "parcel.err"
    )
    site.sync()

    ((_, reason),) = site.rejects()
    assert "its import has refused the create of /o=Lab/ou=Berlin/cn=Recipients/cn=Foreign/cn=Ann" in reason
    assert 1 == len(site.told())


def test_files_that_were_taken_are_kept(tmp_path: Path) -> None:
    """So many of them, but always the last export and what came behind it."""
    site = make(tmp_path, config(options="kept = 2"))
    for _ in range(4):
        site.round()
    head = b"Obj-Class,Mode,Directory Name,Obj-Container,Display Name\r\n"
    for n in range(4):
        site.ex.drop(head + f"Mailbox,Create,User{n},Recipients,\r\n".encode(), f"changes{n}.csv")
        site.sync()
    kept = sorted(path.name.split(".", 2)[2] for path in (tmp_path / "exchange" / "done").iterdir())
    site.close()

    assert ["00004.csv", *(f"changes{n}.csv" for n in range(4))] == kept


def test_files_that_tell_of_some_only(tmp_path: Path) -> None:
    """With full = false nobody is missing in a file without modes."""
    site = make(tmp_path, config(options="full = false"))
    _crowd(site, 2)
    for name in ("User00", "User01"):
        site.ex.drop_object(name)
    site.ex.put("New", Display_Name="New Man", **{"E-mail Addresses": ["SMTP:new@ex.example"]})
    site.round()
    told = site.told()
    site.close()

    assert {"User 00", "User 01", "New Man"} == told.keys()


def test_a_quoted_blank_of_exchange_4(tmp_path: Path) -> None:
    """Clears an attribute in its files (KB Q152727), and a quoted cell is one value there."""
    site = make(tmp_path, config(table='reads = "csv40"'))
    site.ex.put("AnnB", Display_Name="Ann", Title="Boss", **{"E-mail Addresses": ["SMTP:ann@ex.example"]})
    site.round()
    before = site.one("Ann").fields
    site.ex.drop(b'Obj-Class,Mode,Directory Name,Obj-Container,Title\r\nMailbox,Modify,AnnB,Recipients," "\r\n')
    site.sync()
    after = site.one("Ann").fields
    site.close()

    assert ("title", "Boss") in before
    assert "title" not in {name for name, value in after if value}


# -- what is written ---------------------------------------------------------------------------------------------------


def test_a_rehearsal_takes_and_leaves_nothing(site: FilesSite) -> None:
    """`dxa plan` reads what waits, and no more."""
    site.add("Ann Berg", "ANNBERG")
    site.ex.put("BobC", Display_Name="Bob", **{"E-mail Addresses": ["SMTP:bob@ex.example"]})
    path = site.ex.drop(site.ex.export())
    site.plan()

    assert [path] == list(site.ex.inbox.iterdir())
    assert [] == site.ex.waiting()
    assert {} == site.told()


def test_an_address_that_somebody_there_has(site: FilesSite) -> None:
    """The conflict is told once, and neither side is changed."""
    site.ex.put("BobC", Display_Name="Other Bob", **{"E-mail Addresses": ["SMTP:BOBCOLE@lab.example"]})
    site.add("Bob Cole", "BOBCOLE")
    before = site.ex.export()
    site.round()
    site.round()

    assert before == site.ex.export()
    assert [(28, "the address belongs to 'Bob Cole', a mailbox of this site")] == site.rejects()
    assert ["Bob Cole"] == site.names()


@pytest.mark.parametrize("overwrite", [False, True])
def test_addresses_change_hands(tmp_path: Path, overwrite: bool) -> None:
    """Who gives an address away does so before another object gets it, or the organisation refuses the line (236)."""
    site = make(tmp_path, config(LENIENT, table=f"overwrite = {str(overwrite).lower()}"))
    site.ex.overwrite = overwrite
    for name, other in (("Ann", "one"), ("Bob", "two")):
        site.add(name, proxies=(f"SMTP:{name}@lab.example", f"SMTP:{other}@lab.example"))
    site.round()
    for name, other in (("Bob", "three"), ("Ann", "two")):
        site.edit(name, proxies=(f"SMTP:{name}@lab.example", f"SMTP:{other}@lab.example"))
    refused = site.round()
    secondary = site.ex.texts("Secondary-Proxy-Addresses", site.sync_container)
    site.close()

    assert [] == refused
    assert {"Ann": ["smtp:two@lab.example"], "Bob": ["smtp:three@lab.example"]} == secondary


def test_what_exchange_4_would_cut_is_refused(tmp_path: Path) -> None:
    """With the reason; the others are written in its quoting."""
    text = config(table='write_code_page = "cp1252"').replace('write = "csv55"', 'write = "csv40"')
    site = make(tmp_path, text)
    for name in ("50% off", "Ann, Berg", "Łódź"):
        site.add(name, "".join(filter(str.isascii, name[:3])).strip("% "))
    site.round()
    rejects = sorted(text for _, text in site.rejects())
    foreign = site.foreign.keys()
    site.close()

    assert {"Ann, Berg"} == foreign
    assert ["4.0 cuts this value" in rejects[0], "outside the code page" in rejects[1]] == [True, True], rejects


def test_the_options_of_the_import(tmp_path: Path) -> None:
    """Beside the files, for admin.exe /i, when a server is named."""
    site = make(tmp_path, config(table='server = "EX1"\noverwrite = true'))
    site.add("Ann Berg", "ANNBERG")
    site.round(imports=False)
    names = [path.name for path in site.ex.waiting()]
    found = read_options((site.ex.outbox / "import.ini").read_text("cp1252"), "Import")
    site.close()

    assert 2 == len(names)
    assert "import.ini" in names
    assert ([], "EX1", SITE55, True) == (
        found.warnings,
        found.options.directory_service,
        found.options.basepoint,
        found.options.overwrite_properties,
    )


def test_lines_that_dxa_could_not_read_can_be_mended(site: FilesSite) -> None:
    """They are kept with their header, as the program does it (KB Q152440)."""
    _crowd(site, 3)
    data = site.ex.export().decode("utf-16").replace(",User01,", ",User01,,")
    site.ex.drop(data.encode("utf-16"), "people.csv")
    site.sync()
    (path,) = (site.folder / "exchange" / "done").glob("*people.err")

    assert [data.splitlines()[0], data.splitlines()[2]] == path.read_text("utf-16").splitlines()


# -- failures ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", range(12))
def test_a_cycle_that_is_cut_off_is_completed_by_the_next(tmp_path: Path, at: int) -> None:
    """Wherever the folders fail, in this process or a new one; nobody is written twice."""
    site = make(tmp_path, config(LENIENT))
    site.ex.put("AnnB", Display_Name="Ann", **{"E-mail Addresses": ["SMTP:ann@ex.example"]})
    site.add("Bob Cole", "BOBCOLE")
    site.add("Cy Dorn", "CYDORN")
    site.round()
    site.ex.drop_object("AnnB")
    site.ex.put("DiE", Display_Name="Di", **{"E-mail Addresses": ["SMTP:di@ex.example"]})
    site.remove("Cy Dorn")
    site.add("Eve Fox", "EVEFOX")
    uses = Uses(at)
    unreliable(site.connector, uses)
    site.ex.drop(site.ex.export())
    site.now += 60
    site.agent.sync()
    refused = site.ex.import_()
    uses.left = -1
    if at % 2:
        site.configure(site.text)
    refused += site.round()
    refused += site.round()
    foreign, told = site.foreign.keys(), site.told().keys()
    site.close()

    assert [] == refused
    assert ({"Bob Cole", "Eve Fox"}, {"Di"}) == (foreign, told)


def test_a_file_that_may_still_grow_waits(tmp_path: Path) -> None:
    """Until nobody has written to it for some time; the reason is told."""
    site = make(tmp_path, config().replace("quiet = 0", "quiet = 60"))
    path = site.ex.drop(site.ex.export())
    site.now = path.stat().st_ctime + 30
    site.sync(after=0)
    early = site.steps()
    site.sync(after=40)
    left = list(site.ex.inbox.iterdir())
    site.close()

    assert any("may still grow" in text for text in early)
    assert [] == left


def test_a_text_that_is_no_directory_is_told_as_that(site: FilesSite) -> None:
    """It is not mistaken for a file in another dialect."""
    site.ex.drop(b"Dear colleague,\r\nhere it comes.\r\n", "letter.txt")
    site.sync()
    ((_, reason),) = site.rejects()

    assert "letter.txt: of no known format" in reason


def test_links_in_the_folders_lead_nowhere(site: FilesSite, tmp_path: Path) -> None:
    """What others put there makes dxa neither read nor write files of its own."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"Obj-Class,Display Name,E-mail Addresses\nRemote,Eve,SMTP:eve@x.example\n")
    kept = secret.read_bytes()
    site.ex.inbox.mkdir(parents=True, exist_ok=True)
    (site.ex.inbox / "00000.txt").symlink_to(secret)
    site.round()
    folder = Folder(tmp_path / "out")
    folder.ready()
    (folder.path / ".a.txt.tmp").symlink_to(secret)
    folder.write("a.txt", b"x")
    (folder.path / "b.txt").symlink_to(secret)

    assert ({}, kept, b"x") == (site.told(), secret.read_bytes(), folder.read("a.txt"))
    assert ["a.txt"] == [each.name for each in folder.files()]
    with pytest.raises(TransportError, match="b"):
        folder.read("b.txt")
