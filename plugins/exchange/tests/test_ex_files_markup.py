"""A directory behind a link by LDIF and by DSML."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.errors import FormatError
from dxa_exchange import ldif
from dxa_exchange.directory import Add, Change, Delete, Modification, Modify, Operation, Record, Rename
from dxa_exchange.dsml import dsml1, dsml2
from dxa_exchange.dsml.response import Result
from dxa_exchange.files.state import State, modified
from tests.labs.exchange_files import BASE, ServerSite, make_server


@pytest.fixture(autouse=True)
def no_waiting_for_disks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files need not outlive the machine here."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)


@pytest.fixture(params=["ldif", "dsml2"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServerSite]:
    """A site with an empty server, which speaks LDIF or DSML."""
    site = make_server(tmp_path, request.param)
    yield site
    site.close()


NAMES = ("Berg, Ann", 'Ann "Annie" O\'Neil', "A + B", "#hash", "Jörg Müller", "Łódź, Ω", "back\\slash", "a=b; c<d>")


def test_people_go_both_ways(site: ServerSite) -> None:
    """With any name; and a second cycle without news writes nothing."""
    for n, name in enumerate(NAMES):
        site.server.put(name, f"p{n}@ex.example")
        site.add(name, f"S{n}", fields=(("title", "Boss"),))
    rounds = [site.round(), site.round()]

    assert [[], []] == rounds
    assert set(NAMES) == site.told().keys()
    assert {name: f"SMTP:S{n}@lab.example" for n, name in enumerate(NAMES)} == site.foreign
    assert ({}, 1) == (site.gone_out, len(site.server.taken))


def test_changes_and_deletes_come_out(site: ServerSite) -> None:
    """As modifications of what is there, under the names that the objects have."""
    for name, alias in (("Ann Berg", "ANNBERG"), ("Bob Cole", "BOBCOLE")):
        site.add(name, alias)
    site.round()
    site.edit("Ann Berg", name="Ann Dorn", fields=(("title", "Chief"),))
    site.remove("Bob Cole")
    refused = site.round()
    site.round()

    assert [] == refused
    assert {"Ann Dorn": "SMTP:ANNBERG@lab.example"} == site.foreign
    assert {} == site.gone_out
    assert [f"cn=Ann Berg,ou=foreign,{BASE}"] == [each.dn for each in site.server.state.records.values()]


def test_an_address_of_what_is_no_recipient_is_not_written_again(site: ServerSite) -> None:
    """Whoever has it in the directory keeps it, and the entry is refused with the name of that object."""
    device = f"cn=Printer,{BASE}"
    attributes: dict[str, list[str | bytes]] = {
        "objectClass": ["device"],
        "cn": ["Printer"],
        "mail": ["S1@lab.example"],
    }
    site.server.state.put(Record(device, attributes))
    site.add("Ann Berg", "S1")
    site.round()

    assert {} == site.foreign
    assert [True] == [f"that of {device}, which dxa has not made" in reason for _, reason in site.rejects()]


def _changes(site: ServerSite, *changes: Change) -> None:
    site.server.drop(b"".join((dsml2 if site.server.dsml else ldif).write(changes)))
    site.sync()


def test_changes_are_applied(site: ServerSite) -> None:
    """Add, modify, rename and delete; whoever is renamed stays the recipient that he was."""
    site.server.put("Cy Dorn", "cy@ex.example")
    ann, bob = site.server.put("Ann Berg", "ann@ex.example"), site.server.put("Bob Cole", "bob@ex.example")
    site.round()
    before = {each.name: each.id for each in site.recipients()}
    _changes(
        site,
        Modify(ann.dn, (Modification(Operation.REPLACE, "CN", ["Ann Dorn"]),)),
        Rename(bob.dn, "uid=robert", True, f"ou=staff,{BASE}"),
        Delete(f"UID=cy, OU=people,{BASE}"),
        Add(Record(f"uid=di,{BASE}", {"objectClass": ["inetOrgPerson"], "cn": ["Di"], "mail": ["di@ex.example"]})),
        Modify(f"uid=nobody,{BASE}", (Modification(Operation.REPLACE, "cn", ["Nobody"]),)),
    )

    assert {"Ann Dorn", "Bob Cole", "Di"} == site.told().keys()
    assert (before["Ann Berg"], before["Bob Cole"]) == (site.one("Ann Dorn").id, site.one("Bob Cole").id)
    assert "Exchange/example/lab/staff" == site.one("Bob Cole").container
    ((_, reason),) = site.rejects()
    assert "a full export is needed" in reason


def test_what_the_server_refused_is_told(tmp_path: Path) -> None:
    """Its answer to a batch; and that a search has found nothing deletes nobody."""
    site = make_server(tmp_path, "dsml2")
    site.server.put("Ann Berg", "ann@ex.example")
    site.round()
    site.server.drop(b"".join(dsml2.write_responses([Result("addResponse", "SMTP:x@y", 68)])))
    site.sync()
    told, rejects = site.told(), site.rejects()
    site.close()

    assert {"Ann Berg"} == told.keys()
    assert 1 == len(rejects)
    assert "68" in rejects[0][1]


def test_dsml_1_is_written_whole(tmp_path: Path) -> None:
    """It has no deletes, so each file holds all of ours."""
    site = make_server(tmp_path, "dsml1")
    for name in ("Ann", "Bob", "Cy"):
        site.add(name)
    site.server.drop(site.server.export())
    site.sync()
    (first,) = site.server.waiting()
    ours = list(dsml1.read([first.read_bytes()]))
    for record in ours:
        assert isinstance(record, Record)
        site.server.state.put(record)
    first.unlink()
    site.remove("Bob")
    site.server.drop(site.server.export())
    site.sync()
    (second,) = site.server.waiting()
    left = [each.text("displayName") for each in dsml1.read([second.read_bytes()]) if isinstance(each, Record)]
    site.close()

    assert 3 == len(ours)
    assert ["Ann", "Cy"] == left


@pytest.mark.parametrize("end", [b"\n", b""])
def test_the_last_record_of_a_file_that_may_have_been_cut(tmp_path: Path, end: bytes) -> None:
    """Without a blank line behind it, it may have had more lines: it is not read, and nobody is removed."""
    site = make_server(tmp_path)
    for name in ("Ann", "Bob", "Cy"):
        site.server.put(name, f"{name}@ex.example")
    site.round()
    site.server.drop(site.server.export().rstrip(b"\n") + end)
    site.sync()
    told, steps = site.told(), site.steps()
    site.close()

    assert {"Ann", "Bob", "Cy"} == told.keys()
    assert any("2 entries" in text for text in steps), steps


def test_a_broken_document_removes_nobody(tmp_path: Path) -> None:
    """What came before the break counts; the rest is not known."""
    site = make_server(tmp_path, "dsml2")
    for name in ("Ann", "Bob", "Cy"):
        site.server.put(name, f"{name}@ex.example")
    site.round()
    data = site.server.export()
    site.server.drop(data[: data.index(b"Bob")])
    site.sync()
    told, rejects = site.told(), site.rejects()
    site.close()

    assert {"Ann", "Bob", "Cy"} == told.keys()
    assert 1 == len(rejects)


# -- states ------------------------------------------------------------------------------------------------------------

_UIDS = st.sampled_from(["a", "b", "c"])
_VALUES = st.lists(st.sampled_from(["x", "X", "y"]), min_size=1, max_size=2, unique=True)


@st.composite
def _changed(draw: st.DrawFn) -> Change:
    dn = f"uid={draw(_UIDS)},{BASE}"
    match draw(st.integers(0, 3)):
        case 0:
            return Add(Record(dn, {"cn": draw(_VALUES)}))
        case 1:
            return Delete(dn.upper())
        case 2:
            return Rename(dn, f"uid={draw(_UIDS)}", draw(st.booleans()))
        case _:
            operation = draw(st.sampled_from([Operation.ADD, Operation.REPLACE, Operation.DELETE]))
            return Modify(dn, (Modification(operation, draw(st.sampled_from(["cn", "CN", "l"])), draw(_VALUES)),))


@given(st.lists(_changed(), max_size=8), st.data())
def test_files_of_changes_lead_to_what_an_export_would_tell(changes: list[Change], data: st.DataObject) -> None:
    """However the changes are cut into files, and whether they are read in one process or in several."""
    once, again = State(), State()
    for change in changes:
        _apply(once, change)
    cut = data.draw(st.integers(0, len(changes)))
    for part in (changes[:cut], changes[cut:]):
        read = [item for item in ldif.read(ldif.write(part)) if not isinstance(item, Record)]
        for change in read:
            _apply(again, change)  # type: ignore[arg-type]
    told = [*ldif.read(ldif.write(once.records.values()))]

    assert once.records == again.records
    assert list(once.records.values()) == told


def _apply(state: State, change: Change) -> None:
    with contextlib.suppress(FormatError):
        list(state.change(change))


def test_a_rename_takes_along_what_lies_below() -> None:
    """A container that moves has new names for all its objects, whose attributes stay."""
    state = State()
    for dn in (f"ou=a,{BASE}", f"uid=x,ou=a,{BASE}", f"uid=y,ou=b,ou=a,{BASE}", f"uid=z,{BASE}"):
        state.put(Record(dn, {"cn": [dn]}))
    steps = list(state.change(Rename(f"ou=a,{BASE}", "ou=c", True)))

    assert [f"ou=c,{BASE}", f"uid=x,ou=c,{BASE}", f"uid=y,ou=b,ou=c,{BASE}"] == [
        step.after.dn for step in steps if step.after
    ]
    assert {"cn": [f"ou=a,{BASE}"], "ou": ["c"]} == state.records[f"ou=c,{BASE}"].attributes
    assert 4 == len(state.records)


@pytest.mark.parametrize(
    ("modification", "values"),
    [
        (Modification(Operation.ADD, "CN", ["z", "x"]), ["x", "y", "z"]),
        (Modification(Operation.DELETE, "cn", ["X"]), ["y"]),
        (Modification(Operation.DELETE, "cn", []), []),
        (Modification(Operation.REPLACE, "cn", []), []),
        (Modification(Operation.INCREMENT, "n", ["-2"]), ["x", "y"]),
    ],
)
def test_modifications(modification: Modification, values: list[str]) -> None:
    """As RFC 4511 and RFC 4525 have them; names and text values are compared without their case."""
    found = modified(Record("cn=x", {"cn": ["x", "y"], "n": ["40"]}), (modification,))

    assert values == found.values("cn")
    assert ["38" if modification.operation is Operation.INCREMENT else "40"] == found.values("n")


@pytest.mark.parametrize(
    "modification",
    [Modification(Operation.DELETE, "cn", ["z"]), Modification(Operation.INCREMENT, "cn", ["1"])],
)
def test_modifications_that_are_not_possible(modification: Modification) -> None:
    """They are refused, and change nothing."""
    with pytest.raises(FormatError):
        modified(Record("cn=x", {"cn": ["x"]}), (modification,))
