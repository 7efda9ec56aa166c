"""Local users on disk: the three ACCESS files, the address list and its shadow, mailbags, passwords."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.errors import AddressError, DxaError, FormatError, NotFoundError, UsageError
from dxa_msmail.postoffice import identity, inf, layout, letters, mailbag
from dxa_msmail.postoffice.accessrecords import fits, hash_password
from dxa_msmail.postoffice.grouprecords import GROUP, GRPMEM
from dxa_msmail.postoffice.groups import add_group, find_group
from dxa_msmail.postoffice.identity import Control, Master, Tid
from dxa_msmail.postoffice.letters import Letter
from dxa_msmail.postoffice.maildata import MemoryFiles
from dxa_msmail.postoffice.names import EXTERNAL, LOCAL, NameRow, read_nme
from dxa_msmail.postoffice.pol import NAMES, SHADOW, read_pol, write_pol
from dxa_msmail.postoffice.templates import ListTemplate
from dxa_msmail.postoffice.users import (
    ACCESS,
    ACCESS2,
    ACCESS3,
    Access2Record,
    Access3Record,
    AccessRecord,
    NewUser,
    add_user,
    add_users,
    change_user,
    check_password,
    find_user,
    remove_user,
    users,
    values,
)

SIZES = {ACCESS: 586, ACCESS2: 69, ACCESS3: 512}


def empty() -> MemoryFiles:
    """A new postoffice NORTH/OSLO as far as users need one."""
    files = MemoryFiles()
    identity.write_identity(files, Master(network="NORTH", postoffice="OSLO"))
    files.write(identity.CONTROL, layout.encode(Control()))
    files.write(identity.TID, layout.encode(Tid()))
    for name in (*SIZES, NAMES, SHADOW):
        files.write(name, b"")
    for name in (GROUP, GRPMEM):
        files.write(name, bytes(4))
    for name in ("GRP/ADMIN.GRP", "GRP/ADMINSHD.GRP"):
        files.write(name, bytes(8))
    return files


@pytest.fixture
def po() -> MemoryFiles:
    """A new postoffice."""
    return empty()


def ann(**changed: Any) -> NewUser:
    """Somebody."""
    return attrs.evolve(NewUser(name="Ann Berg", mailbox="ann"), **changed)


def test_a_user_and_all_that_is_his(po: MemoryFiles) -> None:
    """A user has record n in all three files, a row in both address lists, a mailbag, and a list of his own."""
    user = add_user(po, ann())
    assert SIZES == {name: len(po.files[name]) for name in SIZES}
    assert [NameRow(LOCAL, "Ann Berg", user.tid, int(user.hexid, 16))] == read_nme(po.files[NAMES], NAMES)
    assert (po.files[NAMES], 0, b"") == (
        po.files[SHADOW],
        mailbag.depth(po, user.hexid),
        po.files[f"NME/{user.hexid}.NME"],
    )
    assert [user] == users(po)


def test_the_address_list_is_sorted(po: MemoryFiles) -> None:
    """Names stand in the list in their order, whoever came first, and external addresses stay in it."""
    write_pol(po, [NameRow(EXTERNAL, "Max External", 7, 4)])
    add_users(po, [NewUser(name="Zoe", mailbox="zoe"), ann(), NewUser(name="åsa", mailbox="asa")])
    assert ["Ann Berg", "Max External", "Zoe", "åsa"] == [row.name for row in read_pol(po)]


def test_a_deleted_user_leaves_his_place(po: MemoryFiles) -> None:
    """The records of others keep their numbers, and the next user takes the free one."""
    add_users(po, [ann(), NewUser(name="Bo", mailbox="bo"), NewUser(name="Cy", mailbox="cy")])
    gone = remove_user(po, "BO")
    assert {"ann": 0, "cy": 2} == {user.mailbox: user.record for user in users(po)}
    assert [] == [name for name in po.files if gone.hexid in name]
    new = add_user(po, NewUser(name="Di", mailbox="di"))
    assert (1, {name: 3 * size for name, size in SIZES.items()}) == (
        new.record,
        {name: len(po.files[name]) for name in SIZES},
    )
    assert (gone.tid, gone.hexid) != (new.tid, new.hexid)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"name": " "}, 46),
        ({"name": "x" * 31}, 72),
        ({"name": "ann  BERG", "mailbox": "other"}, 27),
        ({"name": "Other", "mailbox": "ANN"}, 27),
        ({"name": "Other", "mailbox": "staff"}, 27),
        ({"name": "All Staff", "mailbox": "other"}, 27),
        ({"name": "Other", "mailbox": ""}, 81),
        ({"name": "Other", "mailbox": "$SYSTEM"}, 71),
        ({"name": "Other", "mailbox": "a b"}, 71),
        ({"name": "Other", "mailbox": "a/b"}, 71),
        ({"name": "Other", "mailbox": "λ"}, 71),
        ({"name": "Other", "mailbox": "elevenchars"}, 20),
        ({"name": "tab\tbed", "mailbox": "other"}, 0),
        ({"name": "Ωmega", "mailbox": "other"}, 0),
    ],
)
def test_what_a_user_cannot_be_called(po: MemoryFiles, changed: dict[str, str], code: int) -> None:
    """Names and mailboxes have their rules, are unique over users and groups, and an error changes nothing."""
    add_user(po, ann())
    add_group(po, "All staff", "STAFF", ["ann"])
    before = dict(po.files)
    with pytest.raises(AddressError) as caught:
        add_user(po, ann(**changed))
    assert (code, before) == (caught.value.code, po.files)


def test_a_batch_is_all_or_nothing(po: MemoryFiles) -> None:
    """When one of many users cannot be added, none of them is."""
    with pytest.raises(AddressError):
        add_users(po, [NewUser(name="Bo", mailbox="bo"), NewUser(name="bo", mailbox="bo2")])
    assert ([], []) == (users(po), po.names("MBG"))


def test_changing_a_user(po: MemoryFiles) -> None:
    """Everything said of a user can change; he keeps his record, hexid and mail, and may keep names in other case."""
    old = add_user(po, ann())
    new = change_user(po, "ann", name="ANN Berg", new_mailbox="Anna", in_dirsync=False, admin=True, password="secret")
    assert ("ANN Berg", "Anna", False, True, True) == (
        new.name,
        new.mailbox,
        new.in_dirsync,
        new.admin,
        new.has_password,
    )
    assert (old.record, old.hexid, old.tid) == (new.record, new.hexid, new.tid)
    assert ([new], new) == (users(po), find_user(po, "ANNA"))
    with pytest.raises(NotFoundError, match="'ann'"):
        find_user(po, "ann")


def test_other_bytes_of_a_record_are_kept(po: MemoryFiles) -> None:
    """Bytes that no field covers survive a change of the record."""
    add_user(po, ann())
    for name, cls in ((ACCESS, AccessRecord), (ACCESS2, Access2Record), (ACCESS3, Access3Record)):
        record = layout.decode(cls, po.files[name])
        po.files[name] = layout.encode(attrs.evolve(record, raw=record.raw[:-3] + b"xyz"))
    change_user(po, "ann", name="Ann Other")
    assert [b"xyz"] * 3 == [po.files[name][-3:] for name in SIZES]


def test_the_mail_of_a_deleted_user_is_deleted(po: MemoryFiles) -> None:
    """His letters go with him, and those that others have, too, stay."""
    add_users(po, [ann(), NewUser(name="Bo", mailbox="bo")])
    bags = {user.mailbox: user.hexid for user in users(po)}
    letter = Letter(
        sender="N/P/X", to=("NORTH/OSLO/ann",), subject="s", time=datetime(2026, 1, 2), body=b"b", attachments=()
    )
    letters.deliver(po, letter, bags["ann"])
    shared = letters.deliver(po, letter, bags["ann"], bags["bo"])
    remove_user(po, "ann")
    assert [shared] == [name.partition(".")[0].rpartition("/")[2] for name in po.files if name.endswith(".MAI")]


def test_a_deleted_user_is_in_no_group(po: MemoryFiles) -> None:
    """Groups lose him, in the chain and in the MEM file."""
    add_users(po, [ann(), NewUser(name="Bo", mailbox="bo")])
    group = add_group(po, "Staff", "staff", ["bo", "ann"])
    remove_user(po, "ann")
    assert (("bo",), 4) == (find_group(po, "staff").members, len(po.files[f"MEM/{group.hexid}.MEM"]))


# -- template values -----------------------------------------------------------------------------------------------


def test_template_values(po: MemoryFiles) -> None:
    """A user's values stand in ADMIN.INF, are changed one user at a time, and go with him."""
    inf.write_template(po, "ADMIN", ListTemplate(("Phone:~1~10~A~~",)))
    one = add_user(po, ann(fields=(("Phone:", "12"),)))
    two = add_user(po, NewUser(name="Bo", mailbox="bo", fields=(("phone", "34"),)))
    change_user(po, "ann", fields=(("Phone:", "56"),))
    assert {one.tid: (("Phone:", "56"),), two.tid: (("Phone:", "34"),)} == dict(values(po))
    remove_user(po, "ann")
    assert {two.tid: (("Phone:", "34"),)} == dict(values(po))


@pytest.mark.parametrize(("fields", "code"), [((("Fax:", "1"),), 37), ((("Phone:", "x" * 11),), 36)])
def test_values_without_a_place(po: MemoryFiles, fields: tuple[tuple[str, str], ...], code: int) -> None:
    """A value that the template has no room for is refused with its prompt."""
    inf.write_template(po, "ADMIN", ListTemplate(("Phone:~1~10~A~~",)))
    with pytest.raises(FormatError, match=fields[0][0]) as caught:
        add_user(po, ann(fields=fields))
    assert (code, []) == (caught.value.code, users(po))


def test_values_without_a_template(po: MemoryFiles) -> None:
    """65: a postoffice without a template has no values."""
    with pytest.raises(FormatError, match=r"\[65\]"):
        add_user(po, ann(fields=(("Phone:", "1"),)))


# -- passwords -----------------------------------------------------------------------------------------------------


def test_a_password_is_not_stored(po: MemoryFiles) -> None:
    """Neither the password nor a plain hash is in any file; equal passwords are kept differently."""
    add_users(po, [ann(password="geheimes"), NewUser(name="Bo", mailbox="bo", password="geheimes")])
    one, two = users(po)
    assert (False, True, False) == (
        any(b"geheim" in data for data in po.files.values()),
        one.password != two.password,
        "geheim" in repr(ann(password="geheimes")),
    )


def test_eight_characters_count(po: MemoryFiles) -> None:
    """A local password is cut to eight characters; what comes behind makes no difference, what comes before does."""
    add_user(po, ann(password="12345678rest"))
    assert ["ann", "ann"] == [check_password(po, "ANN", text).mailbox for text in ("12345678", "12345678other")]
    for wrong in ("1234567", "", "12345679"):
        with pytest.raises(UsageError, match="no mailbox"):
            check_password(po, "ann", wrong)


def test_no_password_is_any(po: MemoryFiles) -> None:
    """Where no password is set every one fits, and the user says that he has none."""
    add_user(po, ann())
    assert (False, "ann") == (find_user(po, "ann").has_password, check_password(po, "ann", "whatever").mailbox)
    with pytest.raises(UsageError, match="no mailbox 'nobody'"):
        check_password(po, "nobody", "")


@given(st.sampled_from([0, 1, 2, 255]), st.one_of(st.integers(0, 10), st.integers(17, 255)), st.binary(max_size=48))
def test_damaged_hashes_fit_nothing(scheme: int, cost: int, rest: bytes) -> None:
    """Bytes that are no hash of ours are never taken for one, whatever they say of their scheme and cost."""
    kept = bytes((scheme, cost)) + rest.ljust(48, b"\0")
    assert (not any(kept)) == fits("password", kept)


def test_a_hash_says_how_it_was_made() -> None:
    """Scheme and cost stand in front of the salt, so that other costs can be read."""
    kept = hash_password("x")
    assert (50, 1, True, False) == (len(kept), kept[0], fits("x", kept), fits("y", kept))


# -- damage --------------------------------------------------------------------------------------------------------


def _shorter(name: str) -> Callable[[MemoryFiles], None]:
    return lambda po: po.files.update({name: po.files[name][: -SIZES[name]]})


def _cut(name: str) -> Callable[[MemoryFiles], None]:
    return lambda po: po.files.update({name: po.files[name][:-1]})


def _flipped(name: str, at: int) -> Callable[[MemoryFiles], None]:
    return lambda po: po.files.update(
        {name: po.files[name][:at] + bytes([po.files[name][at] ^ 1]) + po.files[name][at + 1 :]}
    )


def _gone(name: str) -> Callable[[MemoryFiles], None]:
    return lambda po: po.remove(name)


def _swapped(po: MemoryFiles) -> None:
    data = po.files[ACCESS2]
    po.files[ACCESS2] = data[69:] + data[:69]


def _renamed(po: MemoryFiles) -> None:
    for name in (NAMES, SHADOW):
        po.files[name] = po.files[name].replace(b"Ann", b"Eve")


@pytest.mark.parametrize(
    ("harm", "name"),
    [
        *((harm, name) for name in SIZES for harm in (_cut(name), _flipped(name, 20), _gone(name))),
        (_shorter(ACCESS), ACCESS2),
        (_shorter(ACCESS2), ACCESS2),
        (_shorter(ACCESS3), ACCESS3),
        (_swapped, ACCESS2),
        (_renamed, NAMES),
        (_flipped(SHADOW, 5), SHADOW),
        (_cut(NAMES), SHADOW),
        (_gone(NAMES), NAMES),
        (_gone(SHADOW), SHADOW),
    ],
)
def test_damage_is_noticed(po: MemoryFiles, harm: Callable[[MemoryFiles], None], name: str) -> None:
    """Damaged, cut and missing files are found (40), and so are files that are out of step, with the file's name."""
    add_users(po, [ann(), NewUser(name="Bo", mailbox="bo")])
    harm(po)
    with pytest.raises(FormatError) as caught:
        users(po)
    assert (40, name) == (caught.value.code, caught.value.source)


_boxes = st.sampled_from(["a", "B", "b", "c", "D", "long12345x"])
_steps = st.one_of(
    st.tuples(st.just("add"), _boxes, st.sampled_from(["Ann", "ann", "Bo", "Cy", "Ö l"])),
    st.tuples(st.just("rename"), _boxes, st.sampled_from(["Ann", "Bo", "New"])),
    st.tuples(st.just("move"), _boxes, _boxes),
    st.tuples(st.just("remove"), _boxes, st.just("")),
)


@given(st.lists(_steps, max_size=15))
def test_a_series_of_changes(steps: list[tuple[str, str, str]]) -> None:
    """However users come, change and go, files agree with a model, and what is refused changes nothing."""
    po = empty()
    model: dict[str, tuple[str, str]] = {}
    for verb, box, value in steps:
        before = dict(po.files)
        try:
            if verb == "add":
                add_user(po, NewUser(name=value, mailbox=box))
                model[box.casefold()] = (box, value)
            elif verb == "rename":
                change_user(po, box, name=value)
                model[box.casefold()] = (model[box.casefold()][0], value)
            elif verb == "move":
                change_user(po, box, new_mailbox=value)
                model[value.casefold()] = (value, model.pop(box.casefold())[1])
            else:
                remove_user(po, box)
                del model[box.casefold()]
        except DxaError:
            assert before == po.files
    found = users(po)
    assert sorted(model.values()) == sorted((user.mailbox, user.name) for user in found)
    assert len({name for _, name in model.values()}) == len(read_pol(po)) == len(model)
    assert sorted(user.hexid for user in found) == [name[:8] for name in po.names("MBG")]
