"""Whether a postoffice is sound: what `check` finds, and where."""

from __future__ import annotations

import copy
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.address import AddressTypes
from dxa.entry import Entry
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.ffapi import Attachment
from dxa_msmail.postoffice import gal, groups, letters, networks, queue, tree, users
from dxa_msmail.postoffice.book import write_lists
from dxa_msmail.postoffice.dirsyncconf import Requestor, Srvconf, write_srvconf
from dxa_msmail.postoffice.letters import Letter
from dxa_msmail.postoffice.maildata import FLAG, Changing, MemoryFiles
from dxa_msmail.postoffice.tree import Problem, check

TYPES = AddressTypes(ADDRESS_TYPES)


def _live(change: Changing) -> None:
    """What happens in a postoffice: users, a group, other postoffices, gateways, lists, mail, a global list."""
    users.add_users(change, [users.NewUser(name=f"User {n}", mailbox=f"user{n}") for n in range(3)])
    groups.add_group(change, "Everybody", "all", ["user0", "user1"])
    networks.add_postoffice(change, "NET/OTHER")
    networks.add_gateway(change, "SMTP")
    networks.add_gateway(change, "PROFS", "VM")
    networks.add_postoffice(change, "VM/NODE", kind="PROFS")
    entries = [
        Entry("MS:net/other/jo", "MS", "NET/OTHER", "Jo", "NET/OTHER/JO", ()),
        Entry("SMTP:jo@example.com", "SMTP", "", "Jo elsewhere", "jo@example.com", ()),
    ]
    lists = {(e.type, e.list.casefold()): {e.key: e} for e in entries}
    assert () == write_lists(change, {}, lists, TYPES).refused
    queue.append(change, queue.REQTRANS, [queue.QueueRecord(1, 0, "A Jo\tPCM:NET/PO/JO")] * 2)
    mail = Letter(
        sender="NET/OTHER/JO",
        to=("NET/PO/user0",),
        time=datetime(1994, 3, 22, 15, 43),
        body=b"text",
        attachments=(Attachment("A.TXT", b"more"),),
    )
    letters.submit(change, mail)
    box = {user.mailbox: user.hexid for user in users.users(change)}
    letters.deliver(change, mail, box["user0"], box["user1"])
    letters.remember(change, "0" * 32, 0)
    write_srvconf(change, Srvconf(requestors=(Requestor(name="PCM:NET/OTHER"),)))
    gal.rebuild(change)


@cache
def _sound() -> MemoryFiles:
    files = MemoryFiles({FLAG: b"\0\0"})
    tree.fill(files, network="NET", postoffice="PO")
    _live(files)
    return files


def _postoffice() -> MemoryFiles:
    return copy.deepcopy(_sound())


def _first(files: MemoryFiles, folder: str) -> str:
    return f"{folder}/{files.names(folder)[0]}"


def _found(files: MemoryFiles) -> list[tuple[str, int]]:
    return [(problem.file, problem.offset) for problem in check(files)]


def _cut(files: MemoryFiles, name: str, size: int) -> None:
    files.write(name, files.files[name][:size])


def _flip(files: MemoryFiles, name: str, at: int) -> None:
    data = bytearray(files.files[name])
    data[at] ^= 0x40
    files.write(name, bytes(data))


# -- sound ones ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shadow", [False, True])
def test_a_new_postoffice_is_sound(tmp_path: Path, shadow: bool) -> None:
    """Also one that stands for a site."""
    with tree.create(tmp_path, network="NET", postoffice="PO", shadow=shadow, durable=False).look() as files:
        assert [] == check(files)


def test_a_postoffice_that_is_used_is_sound(tmp_path: Path) -> None:
    """With users, groups, mail and lists of others; in memory and on a disk."""
    assert [] == check(_sound())
    maildata = tree.create(tmp_path, network="NET", postoffice="PO", durable=False)
    with maildata.change() as change:
        _live(change)
    with maildata.look() as files:
        assert [] == check(files)


def test_files_that_nobody_knows_are_left_alone() -> None:
    """MS Mail has more files than dxa writes: code pages, messages, calendars."""
    files = _postoffice()
    for name in ("GLB/C850SORT.GLB", "GLB/DS_MSG.GLB", "CAL/00000001.CAL", "MMF/00000001.MMF", "LOG/SESSION.LOG"):
        files.write(name, b"anything")
    assert [] == check(files)


def test_the_global_list_may_be_older_than_the_users() -> None:
    """REBUILD runs once a cycle; until then a removed user stands in it."""
    files = _postoffice()
    letters.drop(files, users.find_user(files, "user1").hexid, 0)
    users.remove_user(files, "user1")
    assert [] == check(files)


def test_a_postoffice_whose_last_user_and_group_are_gone_is_sound() -> None:
    """Their places in ACCESS and GROUP are kept for others; a list of names that is empty is right then."""
    files = MemoryFiles({FLAG: b"\0\0"})
    tree.fill(files, network="NET", postoffice="PO")
    users.add_user(files, users.NewUser(name="Jo", mailbox="jo"))
    groups.add_group(files, "Everybody", "all", ["jo"])
    groups.remove_group(files, "all")
    users.remove_user(files, "jo")

    assert (b"", [], []) == (files.read("NME/ADMIN.NME"), users.users(files), check(files))


@pytest.mark.dx("T-241")
@pytest.mark.parametrize("gone", ["user", "group"])
def test_a_list_that_was_emptied_is_named_while_one_of_its_names_is_in_use(gone: str) -> None:
    """A place that is free says nothing of the others."""
    files = MemoryFiles({FLAG: b"\0\0"})
    tree.fill(files, network="NET", postoffice="PO")
    users.add_users(files, [users.NewUser(name=name, mailbox=name) for name in ("ann", "bob")])
    groups.add_group(files, "Everybody", "all", ["bob"])
    if gone == "user":
        users.remove_user(files, "ann")
    else:
        groups.remove_group(files, "all")
    for name in ("NME/ADMIN.NME", "NME/ADMINSHD.NME"):
        files.write(name, b"")

    texts = [problem.text for problem in check(files) if problem.file == "NME/ADMIN.NME"]
    used = {"user": ["ACCESS", "GROUP"], "group": ["ACCESS"]}[gone]
    end = "is not; restore it, or have it imported in full"
    assert [f"it is empty, but GLB/{name}.GLB {end}" for name in used] == texts


# -- damaged files -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "size", "offset"),
    [
        ("GLB/MASTER.GLB", 175, 175),
        ("GLB/CONTROL.GLB", 7, 7),
        ("GLB/TID.GLB", 0, 0),
        ("GLB/REQCONF.GLB", 511, 511),
        ("GLB/SRVCONF.GLB", 1024, 1024),
        ("GLB/SRVCONF.GLB", 2000, 1024),
        ("GLB/PROCESS.GLB", 511, 0),
        ("GLB/ACCESS.GLB", 586 + 585, 586),
        ("GLB/NETWORK.GLB", 121, 0),
        ("GLB/GROUP.GLB", 54, 4),
        ("GLB/GALINDEX.GLB", 209, 209),
        ("GLB/REQTRANS.GLB", 50, 43),
        ("NME/ADMIN.NME", 46, 45),
        ("KEY/INQUEUE.KEY", 559, 559),
        ("MBG/INQUEUE.MBG", 115, 0),
        ("GRP/ADMIN.GRP", 15, 8),
    ],
)
def test_a_file_of_a_wrong_size_is_named_with_the_place_where_it_breaks(name: str, size: int, offset: int) -> None:
    """KB Q77926: the sizes are the check that MS Mail itself makes."""
    files = _postoffice()
    _cut(files, name, size)
    assert (name, offset) in _found(files)


@pytest.mark.dx("T-241")
@pytest.mark.parametrize("name", ["NME/ADMIN.NME", "NME/SMTP.NME", "NME/GAL.NME", "USR"])
def test_a_list_that_was_emptied_is_named(name: str) -> None:
    """A rebuild would lose all of its names without a word."""
    files = _postoffice()
    name = name if "/" in name else _first(files, name)
    files.write(name, b"")
    assert (name, 0) in _found(files)


@pytest.mark.dx("T-241")
@pytest.mark.parametrize("name", ["NME/ADMIN.NME", "NME/GAL.NME", "USR"])
def test_a_list_of_an_odd_size_is_named(name: str) -> None:
    """At the first byte that is no whole record."""
    files = _postoffice()
    name = name if "/" in name else _first(files, name)
    whole = len(files.files[name])
    files.write(name, files.files[name] + b"x")
    assert (name, whole) in _found(files)


@pytest.mark.parametrize("name", ["GLB/NETWORK.GLB", "GLB/ACCESS2.GLB", "NME/GAL.NME"])
def test_every_bad_record_is_told(name: str) -> None:
    """Not only the first one; the good ones between them are left out."""
    files = _postoffice()
    size = {"GLB/NETWORK.GLB": 122, "GLB/ACCESS2.GLB": 69, "NME/GAL.NME": 45}[name]
    at = {"GLB/NETWORK.GLB": 0x72, "GLB/ACCESS2.GLB": 0, "NME/GAL.NME": 37}[name]
    for n in (0, 2):
        _flip(files, name, n * size + at)
    assert [(name, at), (name, 2 * size + at)] == [found for found in _found(files) if found[0] == name]


def test_a_queue_is_told_up_to_its_first_bad_record() -> None:
    """With the place; what lies behind it cannot be found."""
    files = _postoffice()
    first = len(files.files[queue.REQTRANS]) // 2
    _flip(files, queue.REQTRANS, first)
    (problem,) = check(files)
    assert (queue.REQTRANS, first) == (problem.file, problem.offset)
    assert "record 1" in problem.text


@pytest.mark.parametrize("folder", ["MAI/MA1", "ATT/AT2", "P1", "INF", "TPL"])
def test_a_damaged_letter_is_named(folder: str) -> None:
    """Text, attachment, envelope, and template values."""
    files = _postoffice()
    names = {"MAI/MA1": "MAI/MA1/00000001.MAI", "ATT/AT2": "ATT/AT2/00000002.ATT", "P1": "P1/00000001.P1"}
    name = names.get(folder, f"{folder}/ADMIN.{folder}")
    files.write(name, b"no such thing")
    assert name in [problem.file for problem in check(files)]


def test_a_letter_in_the_wrong_folder_is_named() -> None:
    """KB Q108027: it is looked for where the last digit of its name says."""
    files = _postoffice()
    files.write("MAI/MA3/00000002.MAI", files.files.pop("MAI/MA1/00000001.MAI"))
    assert ("MAI/MA3/00000002.MAI", -1) in _found(files)


def test_many_problems_of_one_file_are_counted() -> None:
    """A hundred of them are told."""
    files = _postoffice()
    files.write("NME/00000001.NME", bytes(45) * 1000)
    problems = check(files)
    assert 101 == len(problems)
    assert Problem("NME/00000001.NME", -1, "900 more problems") == problems[-1]


# -- missing and left over -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in tree.required(shadow=False) if name != "GLB/MASTER.GLB"])
def test_a_missing_file_is_named(name: str) -> None:
    """Every file that a new postoffice has, but for the logs."""
    files = _postoffice()
    files.remove(name)
    assert (name, -1) in _found(files)


def test_a_postoffice_without_its_master_is_looked_at_all_the_same() -> None:
    """Nobody can say whether it is a shadow, so its schedule is no fault."""
    files = _postoffice()
    files.remove("GLB/MASTER.GLB")
    assert [("GLB/MASTER.GLB", -1)] == _found(files)


def test_a_shadow_with_a_schedule_and_users_is_none() -> None:
    """KB Q149451."""
    files = MemoryFiles({FLAG: b"\0\0"})
    tree.fill(files, network="NET", postoffice="PO", shadow=True)
    users.add_user(files, users.NewUser(name="Somebody", mailbox="somebody"))
    files.write("GLB/PROCESS.GLB", bytes(512))
    assert [("GLB/PROCESS.GLB", -1), ("GLB/ACCESS.GLB", -1)] == _found(files)


@pytest.mark.dx("T-193")
@pytest.mark.parametrize(
    "name",
    [
        *("GLB/IUSRTRAN.GLB", "GLB/INMETRAN.GLB", "GLB/IGWTRANS.GLB", "GLB/SRVUPDS.GLB", "GLB/REQUPDS.GLB"),
        *("GLB/TMPTRANS.GLB", "GLB/SORT0001.GLB", "GLB/SORTLOCK.GLB", "GLB/ILOCAL.GLB", "GLB/INDEX.GLB"),
        *("GLB/GALTMP.GLB", "GLB/GALINDE$.GLB", "USR/IMPORT.USR", "INF/IMPORT.INF", "NME/TMP00001.NME"),
        *("NME/TMPACC2.NME", "NME/TMPGRP.NME", "NME/GAL$.NME"),
    ],
)
def test_what_an_interrupted_program_has_left_is_told(name: str) -> None:
    """KB Q122750, Q112301: the next run stops at it."""
    files = _postoffice()
    files.write(name, b"")
    (problem,) = check(files)
    assert name == problem.file
    assert "left behind" in problem.text


# -- what does not fit together ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("gone", "left"), [("MBG", "KEY"), ("KEY", "MBG")])
def test_half_a_mailbag_is_told(gone: str, left: str) -> None:
    """And everybody who has it."""
    files = _postoffice()
    hexid = users.find_user(files, "user2").hexid
    files.remove(f"{gone}/{hexid}.{gone}")
    found = _found(files)
    assert (f"{left}/{hexid}.{left}", -1) in found
    assert {"GLB/ACCESS.GLB", "NME/ADMIN.NME", "NME/ADMINSHD.NME"} <= {name for name, _ in found}


def test_a_postoffice_without_a_mailbag_is_told() -> None:
    """At its hexid in the XTN file, and in its list."""
    files = _postoffice()
    row = networks.find(files, "NET/OTHER")
    for name in (f"MBG/{row.hexid}.MBG", f"KEY/{row.hexid}.KEY"):
        files.remove(name)
    assert [_first(files, "XTN"), f"USR/{row.hexid}.USR"] == [name for name, _ in _found(files)]


def test_a_gateway_without_a_mailbag_is_told() -> None:
    """At its hexid in NETWORK.GLB."""
    files = _postoffice()
    (smtp,) = (row for row in networks.gateways(files) if row.kind == "SMTP")
    for name in (f"MBG/{smtp.mailbag}.MBG", f"KEY/{smtp.mailbag}.KEY"):
        files.remove(name)
    assert ("GLB/NETWORK.GLB", 122 + 0x21) in _found(files)


def test_a_missing_list_of_postoffices_or_users_is_told() -> None:
    """XTN by its network, USR by its postoffice."""
    files = _postoffice()
    row = networks.find(files, "NET/OTHER")
    files.remove(f"USR/{row.hexid}.USR")
    assert [(_first(files, "XTN"), 0x0C)] == _found(files)
    files.remove(_first(files, "XTN"))
    assert ("GLB/NETWORK.GLB", 0x0D) in _found(files)


def test_an_xtn_file_of_no_network_is_told() -> None:
    """KB Q201120: its postoffices vanish, and cannot be made again."""
    files = _postoffice()
    files.write("XTN/0000FFFF.XTN", b"")
    assert [("XTN/0000FFFF.XTN", -1)] == _found(files)


def test_two_postoffices_with_one_mailbag_are_told() -> None:
    """Each would get the other's mail."""
    files = _postoffice()
    xtn = _first(files, "XTN")
    files.write(xtn, files.files[xtn] * 2)
    assert [(xtn, 698 + 0x0C)] == _found(files)


def test_lists_of_the_postoffice_that_are_not_equal_are_told() -> None:
    """KB Q77926: ADMIN.NME and ADMINSHD.NME; the three parts of the users."""
    files = _postoffice()
    _cut(files, "NME/ADMINSHD.NME", 90)
    _cut(files, "GLB/ACCESS3.GLB", 1024)
    assert [("GLB/ACCESS3.GLB", 1024), ("NME/ADMINSHD.NME", -1)] == _found(files)


def test_a_name_whose_address_is_gone_is_told() -> None:
    """KB Q119240: an empty GLB with a filled NME; and so in the global list."""
    files = _postoffice()
    files.write("GLB/SMTP.GLB", bytes(4))
    files.write("GLB/GALNETPO.GLB", bytes(4))
    assert {"NME/SMTP.NME", "NME/GAL.NME"} == {name for name, _ in _found(files)}


def test_an_index_that_leads_behind_the_names_is_told() -> None:
    """KB Q99117: a global list and an index of different runs misdirect mail."""
    files = _postoffice()
    _cut(files, "NME/GAL.NME", len(files.files["NME/GAL.NME"]) - 45)
    assert {"GLB/GALINDEX.GLB"} == {name for name, _ in _found(files)}


def test_a_header_without_its_letter_is_told() -> None:
    """At the name of the letter in the mailbag; what belongs to the letter is told, too."""
    files = _postoffice()
    files.remove("MAI/MA1/00000001.MAI")
    told = {("MBG/INQUEUE.MBG", 67), ("P1/00000001.P1", -1), ("ATT/AT2/00000002.ATT", -1)}
    assert told == set(_found(files))


def test_a_letter_that_counts_other_mailbags_than_have_it_is_told() -> None:
    """KB Q104423: the WORD at 0x0B."""
    files = _postoffice()
    hexid = users.find_user(files, "user0").hexid
    files.write(f"MBG/{hexid}.MBG", b"")
    (problem,) = check(files)
    assert 0x0B == problem.offset
    assert "expected 1 mailbags" in problem.text


def test_a_missing_or_foreign_attachment_is_told() -> None:
    """By its letter; and one that no letter has."""
    files = _postoffice()
    name = next(name for name in files.files if name.startswith("ATT/"))
    files.write("ATT/ATF/0000FFFF.ATT", files.files[name])
    files.remove(name)
    assert {"MAI", "ATT"} == {found[:3] for found, _ in _found(files)}


# -- whatever is on the disk ---------------------------------------------------------------------------------------


@given(st.data())
def test_no_bytes_keep_the_check_from_its_end(data: st.DataObject) -> None:
    """One file is anything at all; the check says so or not, but never stops."""
    files = _postoffice()
    name = data.draw(st.sampled_from(sorted(files.files)))
    old = files.files[name]
    at = data.draw(st.integers(0, len(old)))
    new = data.draw(st.binary(max_size=40))
    files.write(
        name, data.draw(st.sampled_from([old[:at] + new + old[at + len(new) :], old[:at] + new + old[at:], new]))
    )
    assert all(isinstance(problem, Problem) for problem in check(files))


def test_folders_and_files_on_disk_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    """Two names that are one to MS Mail; a folder where a file should be."""
    maildata = tree.create(tmp_path, network="NET", postoffice="PO", durable=False)
    (tmp_path / "NME" / "admin.nme").write_bytes(b"")
    (tmp_path / "TPL" / "0000000A.TPL").mkdir()
    with maildata.look() as files:
        problems = check(files)
    assert ["NME", "TPL/0000000A.TPL"] == [p.file for p in problems if p.file in ("NME", "TPL/0000000A.TPL")]
