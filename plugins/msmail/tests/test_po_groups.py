"""Groups on disk: GROUP.GLB, GRPMEM.GLB, the chains of ADMIN.GRP, MEM files, and their rows in the address list."""

from __future__ import annotations

import struct
from collections.abc import Callable

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.errors import AddressError, DxaError, FormatError, NotFoundError, UsageError
from dxa_msmail.postoffice import identity, layout
from dxa_msmail.postoffice.groupbook import Groups
from dxa_msmail.postoffice.grouprecords import CHAINS_SHADOW, read_chains, read_mem, write_chains, write_mem
from dxa_msmail.postoffice.groups import (
    CHAINS,
    GROUP,
    GRPMEM,
    GroupRecord,
    GrpmemRecord,
    add_group,
    change_group,
    find_group,
    groups,
    remove_group,
)
from dxa_msmail.postoffice.identity import Control, Master, Tid
from dxa_msmail.postoffice.maildata import MemoryFiles
from dxa_msmail.postoffice.names import GROUP as GROUP_ROW
from dxa_msmail.postoffice.names import NameRow
from dxa_msmail.postoffice.pol import NAMES, SHADOW, read_pol
from dxa_msmail.postoffice.users import NewUser, add_users, find_user, users

BOXES = ("ann", "bo", "cy", "di")


def made(count: int = 0) -> MemoryFiles:
    """A postoffice NORTH/OSLO with four users or so many."""
    files = MemoryFiles()
    identity.write_identity(files, Master(network="NORTH", postoffice="OSLO"))
    files.write(identity.CONTROL, layout.encode(Control()))
    files.write(identity.TID, layout.encode(Tid()))
    for name in ("GLB/ACCESS.GLB", "GLB/ACCESS2.GLB", "GLB/ACCESS3.GLB", NAMES, SHADOW):
        files.write(name, b"")
    for name in (GROUP, GRPMEM):
        files.write(name, bytes(4))
    for name in (CHAINS, CHAINS_SHADOW):
        files.write(name, bytes(8))
    boxes = [f"u{n}" for n in range(count)] or BOXES
    add_users(files, [NewUser(name=f"User {box}", mailbox=box) for box in boxes])
    return files


@pytest.fixture
def po() -> MemoryFiles:
    """A postoffice with users."""
    return made()


def test_a_group_and_its_files(po: MemoryFiles) -> None:
    """Sizes are the documented ones; the chain has tuple ids, MEM has mailbag numbers, the list a row of type 4."""
    group = add_group(po, "Board", "board", ["bo", "ANN"])
    ann, bo = find_user(po, "ann"), find_user(po, "bo")
    assert (4 + 51, 4 + 128) == (len(po.files[GROUP]), len(po.files[GRPMEM]))
    assert struct.pack("<6I", 0, 0, bo.tid, 16, ann.tid, 0) == po.files[CHAINS] == po.files[CHAINS_SHADOW]
    assert struct.pack("<2I", int(bo.hexid, 16), int(ann.hexid, 16)) == po.files[f"MEM/{group.hexid}.MEM"]
    assert [NameRow(GROUP_ROW, "Board", group.tid, 8)] == [row for row in read_pol(po) if row.kind == 4]
    assert (("bo", "ann"), [group]) == (group.members, groups(po))


def test_a_group_without_members(po: MemoryFiles) -> None:
    """A group may be empty: ADMIN.GRP is eight zero bytes then (KB Q77926)."""
    group = add_group(po, "Nobody", "nobody")
    assert ((), bytes(8), b"") == (group.members, po.files[CHAINS], po.files[f"MEM/{group.hexid}.MEM"])


def test_a_full_name_and_address(po: MemoryFiles) -> None:
    """Thirty characters of a name and ten of an address have room."""
    group = add_group(po, "N" * 30, "A" * 10, ["ann"])
    assert ("N" * 30, "A" * 10) == (group.name, find_group(po, "a" * 10).address)


@pytest.mark.parametrize(
    ("name", "address", "code"),
    [
        ("User ann", "x", 27),
        ("BOARD", "x", 27),
        ("X", "BO", 27),
        ("X", "Board", 27),
        ("", "x", 46),
        ("X" * 31, "x", 72),
        ("X", "x" * 11, 20),
        ("X", "", 81),
        ("X", "*SPECIAL", 71),
    ],
)
def test_what_a_group_cannot_be_called(po: MemoryFiles, name: str, address: str, code: int) -> None:
    """Groups share the names and mailboxes of users, and an error changes nothing."""
    add_group(po, "Board", "board")
    before = dict(po.files)
    with pytest.raises(AddressError) as caught:
        add_group(po, name, address)
    assert (code, before) == (caught.value.code, po.files)


def test_members_are_local_users(po: MemoryFiles) -> None:
    """A member who is no local user is refused by name."""
    with pytest.raises(NotFoundError, match="'max'"):
        add_group(po, "Board", "board", ["ann", "max"])


def test_a_member_counts_once(po: MemoryFiles) -> None:
    """Who is named twice is a member once."""
    assert ("ann", "bo") == add_group(po, "Board", "board", ["ann", "bo", "ANN"]).members


def test_five_hundred_members() -> None:
    """A MEM file has 2000 bytes at most, so a group has 500 members."""
    po = made(501)
    everybody = [user.mailbox for user in users(po)]
    group = add_group(po, "Many", "many", everybody[:500])
    assert 2000 == len(po.files[f"MEM/{group.hexid}.MEM"])
    with pytest.raises(UsageError, match="up to 500 members"):
        change_group(po, "many", members=everybody)


def test_changing_a_group(po: MemoryFiles) -> None:
    """Name, address, members and dir-sync change; hexid and tuple id stay; other groups keep their members."""
    add_group(po, "First", "first", ["di", "cy"])
    old = add_group(po, "Board", "board", ["ann"])
    change_group(po, "first", members=["di"])
    new = change_group(po, "BOARD", name="BOARD", new_address="council", members=["cy", "bo"], in_dirsync=False)
    assert attrs.evolve(old, name="BOARD", address="council", members=("cy", "bo"), in_dirsync=False) == new
    assert (new, ("di",)) == (find_group(po, "council"), find_group(po, "first").members)


def test_a_deleted_group_leaves_its_place(po: MemoryFiles) -> None:
    """The record is marked as deleted and taken by the next group; members and other groups stay."""
    first = add_group(po, "First", "first", ["ann"])
    add_group(po, "Second", "second", ["bo"])
    remove_group(po, "first")
    assert (None, 1) == (po.read(f"MEM/{first.hexid}.MEM"), po.files[GROUP][4])
    add_group(po, "Third", "third", ["cy"])
    assert ["Third", "Second"] == [group.name for group in groups(po)]
    assert (4 + 2 * 51, 4) == (len(po.files[GROUP]), len(users(po)))
    with pytest.raises(NotFoundError, match="'first'"):
        find_group(po, "first")


# -- damage --------------------------------------------------------------------------------------------------------


def _put(name: str, at: int, data: bytes) -> Callable[[MemoryFiles], None]:
    return lambda po: po.files.update({name: po.files[name][:at] + data + po.files[name][at + len(data) :]})


def _both(at: int, data: bytes) -> Callable[[MemoryFiles], None]:
    def harm(po: MemoryFiles) -> None:
        for name in (CHAINS, CHAINS_SHADOW):
            _put(name, at, data)(po)

    return harm


def _gone(name: str) -> Callable[[MemoryFiles], None]:
    return lambda po: po.remove(name)


def _no_mem(po: MemoryFiles) -> None:
    po.remove(next(name for name in po.files if name.startswith("MEM/")))


def _short_mem(po: MemoryFiles) -> None:
    name = next(name for name in po.files if name.startswith("MEM/"))
    po.files[name] = po.files[name][:-4]


@pytest.mark.parametrize(
    ("harm", "source"),
    [
        (_put(GROUP, 0, b"\0"), GROUP),
        (_gone(GROUP), GROUP),
        (_gone(GRPMEM), GRPMEM),
        (_put(GRPMEM, 0, b"x"), GRPMEM),
        (_put(GRPMEM, 20, b"x"), GRPMEM),
        (_put(GROUP, 4 + 0x2B, b"\xee"), GRPMEM),
        (_put(GROUP, 6, b"Z"), NAMES),
        (_put(CHAINS, 9, b"x"), CHAINS_SHADOW),
        (_both(12, b"\x08"), CHAINS),
        (_both(12, b"\x09"), CHAINS),
        (_both(0, b"\x01"), CHAINS),
        (_both(12, b"\0"), CHAINS),
        (_both(12, b"\xf8"), CHAINS),
        (_gone(CHAINS), CHAINS),
        (_no_mem, "MEM/"),
        (_short_mem, "MEM/"),
    ],
)
def test_damage_is_noticed(po: MemoryFiles, harm: Callable[[MemoryFiles], None], source: str) -> None:
    """Damaged and missing files are found (40) with the file's name; a chain without end is, too."""
    add_group(po, "Board", "board", ["ann", "bo"])
    harm(po)
    with pytest.raises(FormatError) as caught:
        groups(po)
    assert (40, source) == (caught.value.code, caught.value.source[: len(source)])


@given(st.binary(max_size=80), st.lists(st.integers(0, 80), max_size=4))
def test_any_chains_are_an_error_or_themselves(data: bytes, starts: list[int]) -> None:
    """Chains of any bytes are refused with 40, or they are written as the same bytes."""
    files = MemoryFiles({CHAINS: data, CHAINS_SHADOW: data})
    try:
        chains = read_chains(files, starts)
    except FormatError as error:
        code, source = error.code, error.source
    else:
        code, source = 40, CHAINS
        assert (data, starts) == write_chains(chains)
    assert (40, CHAINS) == (code, source)


@given(st.binary(max_size=2010))
def test_any_mem_file_is_an_error_or_itself(data: bytes) -> None:
    """A MEM file of any bytes is refused with 40, or it is written back as it was."""
    if len(data) % 4 or len(data) > 2000:
        with pytest.raises(FormatError, match=r"\[40\]"):
            read_mem(data, "MEM/1.MEM")
    else:
        assert data == write_mem(read_mem(data, "MEM/1.MEM"))


@given(st.binary(min_size=51, max_size=51))
def test_any_group_record_is_itself(data: bytes) -> None:
    """A record of GROUP.GLB has no mark; any bytes are written back as they were."""
    assert data == layout.encode(layout.decode(GroupRecord, data))


@given(st.integers(0, 127), st.integers(1, 255))
def test_a_changed_folder_record_is_refused(at: int, bits: int) -> None:
    """One changed byte of a record of GRPMEM.GLB is noticed."""
    data = bytearray(layout.encode(GrpmemRecord(tid=1, hexid="00000001")))
    data[at] ^= bits
    with pytest.raises(FormatError, match=r"\[40\]"):
        layout.decode(GrpmemRecord, bytes(data))


_steps = st.tuples(
    st.sampled_from(["add", "change", "remove"]),
    st.sampled_from(["g1", "G1", "g2", "ann", "g3"]),
    st.lists(st.sampled_from([*BOXES, "nobody"]), max_size=4),
)


@given(st.lists(_steps, max_size=12))
def test_a_series_of_changes(steps: list[tuple[str, str, list[str]]]) -> None:
    """However groups come, change and go, files agree with a model, and what is refused changes no group."""
    po = made()
    model: dict[str, tuple[str, ...]] = {}
    for verb, address, boxes in steps:
        known = address.casefold() in model
        try:
            if verb == "add":
                add_group(po, f"Group {address}", address, boxes)
            elif verb == "change":
                change_group(po, address, members=boxes)
            else:
                remove_group(po, address)
        except DxaError:
            assert verb == "add" or not known or "nobody" in boxes
            continue
        if verb == "remove":
            del model[address.casefold()]
        else:
            model[address.casefold()] = tuple(dict.fromkeys(boxes))
    assert model == {group.address.casefold(): group.members for group in groups(po)}
    assert len(model) == len(po.names("MEM")) == len(list(Groups.load(po).active()))
    assert len(model) + len(BOXES) == len(read_pol(po))
