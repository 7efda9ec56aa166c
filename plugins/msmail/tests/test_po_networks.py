"""Networks, gateways, postoffices and their routes on disk."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.errors import AddressError, FormatError, NotFoundError, UsageError
from dxa_msmail.postoffice import identity, layout, mailbag
from dxa_msmail.postoffice.identity import Control, Master
from dxa_msmail.postoffice.maildata import MemoryFiles
from dxa_msmail.postoffice.networks import (
    NETWORK,
    NO_ROUTE,
    Network,
    Postoffice,
    Route,
    Wanted,
    add_gateway,
    add_postoffice,
    add_postoffices,
    direct,
    find,
    gateways,
    hop,
    indirect,
    postoffices,
    rebuild_networks,
    remove_postoffice,
    set_route,
)


@pytest.fixture
def po() -> MemoryFiles:
    """A new postoffice NORTH/OSLO as far as networks need one."""
    files = MemoryFiles()
    identity.write_identity(files, Master(network="NORTH", postoffice="OSLO"))
    files.write(identity.CONTROL, layout.encode(Control()))
    files.write(NETWORK, b"")
    return files


def damage(files: MemoryFiles, name: str, at: int) -> None:
    """Change one byte of a file."""
    data = bytearray(files.files[name])
    data[at] ^= 0x55
    files.files[name] = bytes(data)


def test_documented_places(po: MemoryFiles) -> None:
    """Active flag, type, names and hexids stand where KB Q148666 and Q86625 have them."""
    hexid = add_postoffice(po, "HUB/MAIN", route=direct("../main"))
    add_postoffice(po, "SOUTH/ROME", route=indirect("HUB/MAIN"))
    net = po.files[NETWORK][:122]
    xtn = po.files[f"XTN/{net[0x0D:0x15].decode()}.XTN"]
    assert (122 * 2, 698) == (len(po.files[NETWORK]), len(xtn))
    assert (1, b"HUB\0") == (net[0], net[2:6])
    assert (1, b"MAIN\0", f"{hexid}\0".encode()) == (xtn[0], xtn[1:6], xtn[0x0C:0x15])
    assert 1 == int.from_bytes(xtn[0x289:0x28B], "little")


@pytest.mark.parametrize(("kind", "name", "code"), [("MSMAIL", "", 0x10), ("FFAPI", "LAB/GATE", 0x64)])
def test_documented_gateway_types(po: MemoryFiles, kind: str, name: str, code: int) -> None:
    """The two type codes that are published are used."""
    add_gateway(po, kind, name)
    assert (1, code) == (po.files[NETWORK][0], po.files[NETWORK][1])


def test_a_postoffice_and_its_files(po: MemoryFiles) -> None:
    """A postoffice gets an empty mailbag, and a list of users without names; it is found in any case."""
    hexid = add_postoffice(po, "South/Rome", route=direct("/mail/rome"))
    row = find(po, "SOUTH/rome")
    assert ("South/Rome", hexid, hexid, direct("/mail/rome"), "MS") == (
        row.full,
        row.hexid,
        row.mailbag,
        row.route,
        row.type,
    )
    assert 0 == mailbag.depth(po, hexid)
    assert 53 == len(po.files[f"USR/{hexid}.USR"])
    assert ["south/rome"] == list(postoffices(po))


@pytest.mark.dx("T-164")
@pytest.mark.dx("T-242")
def test_names_that_begin_alike(po: MemoryFiles) -> None:
    """Networks and postoffices of which one name begins with the other are different ones."""
    add_postoffice(po, "SOUTH/ROMETWO")
    with pytest.raises(NotFoundError, match=r"\[32\]"):
        find(po, "SOUTH/ROME")
    with pytest.raises(NotFoundError, match=r"\[31\]"):
        find(po, "SOU/ROMETWO")
    add_postoffice(po, "SOUTH/ROME", route=indirect("SOUTH/ROMETWO"))
    assert ("SOUTH/ROMETWO", 2) == (hop(po, "SOUTH/ROME").full, len(postoffices(po)))


@pytest.mark.parametrize(
    ("name", "code"), [("X400/PO", 64), ("A-B/PO", 69), ("AB/P O", 70), ("AB/", 70), ("ELEVENCHARS/P", 20)]
)
def test_names_that_nobody_can_have(po: MemoryFiles, name: str, code: int) -> None:
    """Reserved network names and forbidden characters are refused with their numbers, and nothing changes."""
    before = dict(po.files)
    with pytest.raises(AddressError) as caught:
        add_postoffice(po, name)
    assert (code, before) == (caught.value.code, po.files)


def test_a_network_that_is_a_gateway(po: MemoryFiles) -> None:
    """68: a gateway's network takes no ordinary postoffices, and a network of postoffices becomes no gateway."""
    add_gateway(po, "FFAPI", "LAB/GATE")
    add_postoffice(po, "SOUTH/ROME")
    with pytest.raises(AddressError, match=r"\[68\].*lab"):
        add_postoffice(po, "lab/other")
    with pytest.raises(AddressError, match=r"\[68\]"):
        add_gateway(po, "PROFS", "SOUTH")


@pytest.mark.parametrize("name", ["NORTH/OSLO", "north/oslo", "south/ROME"])
def test_a_postoffice_that_is_there(po: MemoryFiles, name: str) -> None:
    """Neither the own postoffice nor a known one is defined again."""
    add_postoffice(po, "SOUTH/ROME")
    with pytest.raises(UsageError, match="defined already"):
        add_postoffice(po, name)


@pytest.mark.parametrize(
    ("route", "text"),
    [
        (direct(""), "needs the folder"),
        (indirect("SOUTH/ROME"), "through itself"),
        (indirect("SOUTH/NONE"), r"\[32\]|\[31\]"),
    ],
)
def test_routes_that_lead_nowhere(po: MemoryFiles, route: Route, text: str) -> None:
    """A route needs a folder or another postoffice that is known."""
    with pytest.raises(UsageError, match=text):
        add_postoffice(po, "SOUTH/ROME", route=route)


def test_ways_in_a_circle(po: MemoryFiles) -> None:
    """A route that closes a circle is refused, with the circle in the message."""
    add_postoffice(po, "A/A", route=direct("a"))
    add_postoffice(po, "B/B", route=indirect("A/A"))
    with pytest.raises(UsageError, match="A/A → B/B → A/A"):
        set_route(po, "A/A", indirect("B/B"))
    assert direct("a") == find(po, "A/A").route


def test_who_is_on_the_way(po: MemoryFiles) -> None:
    """A postoffice counts those that are reached through it, and is not removed before them."""
    add_postoffices(po, [Wanted(name="HUB/A", route=direct("a")), Wanted(name="X/B", route=indirect("hub/a"))])
    assert (1, "HUB/A") == (find(po, "HUB/A").through, hop(po, "X/B").full)
    with pytest.raises(UsageError, match="on the way to X/B"):
        remove_postoffice(po, "HUB/A")
    remove_postoffice(po, "X/B")
    remove_postoffice(po, "HUB/A")
    assert ({}, []) == (postoffices(po), po.names("XTN"))


def test_an_unreachable_postoffice_is_its_own_hop(po: MemoryFiles) -> None:
    """Mail for a postoffice without a route waits in its own mailbag."""
    add_postoffice(po, "A/A")
    assert ("A/A", NO_ROUTE) == (hop(po, "A/A").full, hop(po, "A/A").route)


def test_a_removed_postoffice_leaves_a_place(po: MemoryFiles) -> None:
    """Removing takes its files away; the next one gets the place, and a new hexid."""
    first = add_postoffice(po, "A/A")
    add_postoffice(po, "A/B")
    remove_postoffice(po, "a/a")
    third = add_postoffice(po, "A/C")
    assert ([], 2, ["A/C", "A/B"]) == (
        [name for name in po.files if first in name],
        len(po.files[next(n for n in po.files if n.startswith("XTN/"))]) // 698,
        [row.full for row in postoffices(po).values()],
    )
    assert first != third


def test_host_gateways_have_nodes(po: MemoryFiles) -> None:
    """Nodes of PROFS, SNADS and OV stand under their gateway, and their mail waits in its mailbag."""
    gate = add_gateway(po, "PROFS", "VMGATE")
    add_postoffice(po, "VMGATE/NODE_1", kind="PROFS")
    row = find(po, "vmgate/node_1")
    assert ("PROFS", gate, "VMGATE/NODE_1") == (row.type, row.mailbag, row.full)
    assert [("PROFS", "VMGATE", gate)] == [(g.kind, g.name, g.mailbag) for g in gateways(po)]


def test_a_gateway_that_is_not_installed(po: MemoryFiles) -> None:
    """44: a node needs its gateway."""
    with pytest.raises(NotFoundError, match=r"\[44\]"):
        add_postoffice(po, "SNGATE/DGN", kind="SNADS")


def test_other_gateways_have_one_list(po: MemoryFiles) -> None:
    """A gateway without nodes gets its two files of addresses, is no postoffice, and is installed once."""
    add_gateway(po, "x400")
    assert (bytes(4), b"", {}) == (po.files["GLB/X400.GLB"], po.files["NME/X400.NME"], postoffices(po))
    with pytest.raises(AddressError, match=r"\[68\]"):
        add_gateway(po, "X400")


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [("TELEX", "", "no gateway of type TELEX"), ("MS", "", "no gateway"), ("FFAPI", "", "NET/PO"), ("FAX", "F", "FAX")],
)
def test_gateways_that_cannot_be(po: MemoryFiles, kind: str, name: str, text: str) -> None:
    """What a gateway can be called depends on its type."""
    with pytest.raises(UsageError, match=text):
        add_gateway(po, kind, name)


def test_a_proxy_speaks_for_a_postoffice(po: MemoryFiles) -> None:
    """The AppleTalk gateway's postoffice is an ordinary one to everybody (KB Q134757); its mail is the gateway's."""
    gate = add_gateway(po, "MSMAIL")
    row = find(po, "MACNET/MACPO")
    assert ("MS", gate) == (row.type, row.mailbag)


def test_the_gateway_to_appletalk_is_known_by_its_bit(po: MemoryFiles) -> None:
    """KB Q148666: byte 0x93 of MASTER.GLB; other bits stay."""
    identity.write_identity(po, attrs.evolve(identity.identity(po), gateways=0x41))
    add_gateway(po, "SMTP")
    assert 0x41 == po.files[identity.MASTER][0x93]
    add_gateway(po, "MSMAIL")
    assert 0x51 == po.files[identity.MASTER][0x93]


def test_bytes_that_nobody_knows_survive(po: MemoryFiles) -> None:
    """Other fields of a record, and those behind a text's end, are kept when it is changed."""
    add_postoffice(po, "A/A")
    name = next(n for n in po.files if n.startswith("XTN/"))
    data = bytearray(po.files[name])
    data[0x260:0x264] = b"sign"
    check = layout.layout_of(Postoffice).spots["check"].at
    data[check : check + 4] = zlib.crc32(bytes(data[:check]) + bytes(4) + bytes(data[check + 4 :])).to_bytes(
        4, "little"
    )
    po.files[name] = bytes(data)
    set_route(po, "A/A", direct("x"))
    assert b"sign" == po.files[name][0x260:0x264]


# -- damage --------------------------------------------------------------------------------------------------------


def _cut(files: MemoryFiles) -> None:
    files.files[NETWORK] = files.files[NETWORK][:-1]


def _emptied(files: MemoryFiles) -> None:
    files.files[NETWORK] = b""


def _gone(files: MemoryFiles) -> None:
    del files.files[NETWORK]


def _flipped(files: MemoryFiles) -> None:
    damage(files, NETWORK, 0x0E)


def _no_xtn(files: MemoryFiles) -> None:
    del files.files[next(n for n in files.files if n.startswith("XTN/"))]


@pytest.mark.dx("T-202")
@pytest.mark.parametrize("harm", [_cut, _emptied, _gone, _flipped, _no_xtn])
def test_damage_is_found_and_mended(po: MemoryFiles, harm: Callable[[MemoryFiles], None]) -> None:
    """A damaged NETWORK.GLB or XTN file is noticed (40), and made anew with every mailbag that can be told apart."""
    add_gateway(po, "X400")
    add_postoffice(po, "SOUTH/ROME", route=direct("rome"))
    add_postoffice(po, "SOUTH/PARIS", route=indirect("SOUTH/ROME"))
    before = {row.full: row for row in postoffices(po).values()}
    x400 = gateways(po)[0]
    harm(po)
    with pytest.raises(FormatError) as caught:
        postoffices(po)
    assert 40 == caught.value.code
    wanted = [Wanted(name=row.full, route=row.route) for row in before.values()] + [Wanted(name="X400", kind="X400")]
    done = rebuild_networks(po, wanted)
    after = {row.full: row for row in postoffices(po).values()}
    assert [(r.full, r.route, r.through) for r in before.values()] == [
        (r.full, r.route, r.through) for r in after.values()
    ]
    if harm is _no_xtn:  # the first file is the gateway's
        assert ["X400"] == done.made
    else:
        assert ([], before, x400) == (done.made, after, gateways(po)[0])


@pytest.mark.dx("T-202")
def test_a_damaged_postoffice_record(po: MemoryFiles) -> None:
    """A record whose check is wrong keeps its mailbag when it names a wanted postoffice and a mailbag that exists."""
    rome = add_postoffice(po, "SOUTH/ROME", route=direct("rome"))
    paris = add_postoffice(po, "SOUTH/PARIS")
    damage(po, next(n for n in po.files if n.startswith("XTN/")), 0x100)
    done = rebuild_networks(po, [Wanted(name="SOUTH/ROME", route=direct("rome"))])
    assert (["SOUTH/PARIS", "SOUTH/ROME"], [], []) == (sorted(done.kept), done.made, done.unrouted)
    assert {"south/rome": rome, "south/paris": paris} == {k: r.hexid for k, r in postoffices(po).items()}
    assert direct("rome") == find(po, "SOUTH/ROME").route


@pytest.mark.dx("T-202")
def test_a_route_over_somebody_who_is_lost(po: MemoryFiles) -> None:
    """What cannot be read and is not wanted is gone; who was reached through it has no route, and that is said."""
    add_postoffice(po, "A/HUB", route=direct("h"))
    add_postoffice(po, "B/B", route=indirect("A/HUB"))
    damage(po, next(n for n in po.files if n.startswith("XTN/")), 0x100)
    done = rebuild_networks(po, [])
    assert (["B/B"], ["B/B"], NO_ROUTE) == (done.kept, done.unrouted, find(po, "B/B").route)


@pytest.mark.dx("T-202")
def test_everything_can_be_made_from_nothing(po: MemoryFiles) -> None:
    """With no file left the configuration alone makes the networks, gateways of nodes included."""
    del po.files[NETWORK]
    rebuild_networks(po, [Wanted(name="VMGATE/N1", kind="PROFS"), Wanted(name="MACNET/MACPO", kind="MSMAIL")])
    assert ["macnet/macpo", "vmgate/n1"] == sorted(postoffices(po))


_RECORDS = [
    layout.encode(Network(kind=0x64, name="LAB", xtn="00000001", mailbag="00000002")),
    layout.encode(Postoffice(name="GATE", hexid="00000002", network="LAB", kind=0x64, path="..", routing=1)),
]


@given(st.sampled_from(_RECORDS), st.lists(st.tuples(st.integers(0, 697), st.binary(max_size=3)), max_size=3))
def test_any_bytes_are_an_error_or_themselves(record: bytes, changes: list[tuple[int, bytes]]) -> None:
    """Changed bytes are refused with 40, file and place, and bytes that are accepted are written back as they were."""
    cls = Network if len(record) == 122 else Postoffice
    data = record
    for at, new in changes:
        data = data[:at] + new + data[at + len(new) :]
    if data == record:
        assert record == layout.encode_all(layout.decode_all(cls, data, source="X"))
        return
    with pytest.raises(FormatError, match="X, offset") as caught:
        layout.decode_all(cls, data, source="X")
    assert 40 == caught.value.code


_names = st.text("ABab1é", min_size=1, max_size=3)


@given(st.lists(st.tuples(_names, _names, st.booleans()), max_size=12))
def test_a_series_of_changes(steps: list[tuple[str, str, bool]]) -> None:
    """However postoffices come and go, exactly those are found that were added and not removed, with their files."""
    files = MemoryFiles()
    identity.write_identity(files, Master(network="OWN", postoffice="PO"))
    files.write(identity.CONTROL, layout.encode(Control()))
    files.write(NETWORK, b"")
    model: dict[str, str] = {}
    for net, name, adds in steps:
        full = f"{net}/{name}"
        if adds and full.casefold() not in model:
            model[full.casefold()] = add_postoffice(files, full)
        elif full.casefold() in model:
            remove_postoffice(files, full)
            del model[full.casefold()]
    assert model == {key: row.hexid for key, row in postoffices(files).items()}
    assert sorted(model.values()) == [name.removesuffix(".MBG") for name in files.names("MBG")]
    assert sorted(model.values()) == [name.removesuffix(".USR") for name in files.names("USR")]
