"""The global address list: what it is made of, how it is sorted and found, and what damaged lists do to it."""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.errors import FormatError, TransportError
from dxa_msmail.postoffice import gal, galindex, names, networks, tree
from dxa_msmail.postoffice.gal import GAL, GALINDEX, GALNETPO, GalEntry
from dxa_msmail.postoffice.galset import Rows, write_set
from dxa_msmail.postoffice.groups import add_group
from dxa_msmail.postoffice.maildata import MemoryFiles
from dxa_msmail.postoffice.names import EXTERNAL, GROUP, LOCAL, AddressRow, NameRow, NetpoRow, UserRow
from dxa_msmail.postoffice.pol import NAMES, SHADOW, read_pol, write_pol
from dxa_msmail.postoffice.users import NewUser, add_users

_NME, _GLB = names.gateway_files("SMTP")


@pytest.fixture(scope="module")
def _skeleton(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a new postoffice NET/PO."""
    root = tmp_path_factory.mktemp("skeleton") / "po"
    with tree.create(root, network="NET", postoffice="PO", durable=False).look() as files:
        return {
            f"{folder}/{name}": files.read(f"{folder}/{name}") or b""
            for folder in ("GLB", "NME", "GRP", "TPL", "INF")
            for name in files.names(folder)
            if Path(name).suffix
        }


@attrs.define
class Office:
    """A postoffice in memory, and the hexids of others that it knows."""

    files: MemoryFiles
    hexids: dict[str, str] = attrs.field(factory=dict)

    def usr(self, name: str) -> str:
        """The file of another postoffice's users."""
        return names.usr_file(self.hexids[name])

    def post(self, name: str, *users: tuple[str, str], kind: str = "MS") -> None:
        """Define another postoffice, if need be, and its users by name and mailbox."""
        if name not in self.hexids:
            self.hexids[name] = networks.add_postoffice(self.files, name, kind=kind)
        rows = [UserRow(name, mailbox, tid=n) for n, (name, mailbox) in enumerate(users, 0x7F67697F)]
        self.files.write(self.usr(name), names.write_usr(rows))

    def gateway(self, kind: str, *users: tuple[str, str]) -> None:
        """Install a gateway, if need be, and its list by name and address."""
        if kind not in {gateway.kind for gateway in networks.gateways(self.files)}:
            networks.add_gateway(self.files, kind)
        nme, glb = names.gateway_files(kind)
        data, offsets = names.write_addresses([AddressRow(address) for _, address in users])
        self.files.write(glb, data)
        rows = [NameRow(EXTERNAL, name, 0, offset) for (name, _), offset in zip(users, offsets, strict=True)]
        self.files.write(nme, names.write_nme(rows))

    def rebuild(self) -> list[tuple[int, str]]:
        """Rebuild; returns the problems' numbers and files."""
        return [(problem.number, problem.file) for problem in gal.rebuild(self.files).problems]

    def names(self) -> list[str]:
        """The names of the global list."""
        return [entry.name for entry in gal.read_gal(self.files)]


@pytest.fixture
def office(_skeleton: dict[str, bytes]) -> Office:
    """A new postoffice."""
    return Office(MemoryFiles(dict(_skeleton)))


def _user(name: str, mailbox: str, *, in_dirsync: bool = True) -> NewUser:
    return NewUser(name=name, mailbox=mailbox, in_dirsync=in_dirsync)


@pytest.fixture
def full(office: Office) -> Office:
    """A postoffice with names of all kinds, whose global list has been built."""
    add_users(office.files, [_user("Ann Own", "ann"), _user("Bob Hidden", "bob", in_dirsync=False)])
    add_group(office.files, "Crew", "crew", ["ann", "bob"])
    office.post("OTHER/EAST", ("Dora East", "dora"), ("Emil East", "emil"))
    office.post("OTHER/WEST", ("Fay West", "fay"))
    office.gateway("SMTP", ("Gus Net", "gus@example.com"))
    assert [] == office.rebuild()
    return office


ALL = ["Ann Own", "Bob Hidden", "Crew", "Dora East", "Emil East", "Fay West", "Gus Net"]

# -- what it is made of --------------------------------------------------------------------------------------------


def test_a_global_list_has_the_names_of_all_lists(full: Office) -> None:
    """Local users, in dir-sync or not (KB Q118621), groups, other postoffices' users, and those behind gateways."""
    expected = [
        GalEntry("Ann Own", "MS", "NET/PO/ann", LOCAL),
        GalEntry("Bob Hidden", "MS", "NET/PO/bob", LOCAL),
        GalEntry("Crew", "MS", "NET/PO/crew", GROUP),
        GalEntry("Dora East", "MS", "OTHER/EAST/dora", EXTERNAL),
        GalEntry("Emil East", "MS", "OTHER/EAST/emil", EXTERNAL),
        GalEntry("Fay West", "MS", "OTHER/WEST/fay", EXTERNAL),
        GalEntry("Gus Net", "SMTP", "gus@example.com", EXTERNAL),
    ]
    assert expected == gal.read_gal(full.files)


def test_a_node_of_a_host_has_its_own_type(office: Office) -> None:
    """PROFS, SNADS and OfficeVision have lists like postoffices."""
    networks.add_gateway(office.files, "PROFS", "VMGATE")
    office.post("VMGATE/NODE1", ("Hal Host", "USER1"), kind="PROFS")
    office.rebuild()
    assert [GalEntry("Hal Host", "PROFS", "VMGATE/NODE1/USER1", EXTERNAL)] == gal.read_gal(office.files)


def test_names_of_different_lists_may_be_equal(office: Office) -> None:
    """Names are unique inside one list, not inside the global list (KB Q96001 #27)."""
    office.post("A/EAST", ("John Doe", "jd"))
    office.post("A/WEST", ("John Doe", "jd"))
    office.rebuild()
    assert ["A/EAST/jd", "A/WEST/jd"] == [entry.address for entry in gal.read_gal(office.files)]


def test_an_address_is_in_the_list_once(office: Office) -> None:
    """However it is spelled; the first name counts."""
    office.post("A/EAST", ("Jörg", "JÖRG"), ("George", "jörg"))
    office.gateway("X400", ("Ada", "/c=DE/s=Ada"), ("Ada again", "s=ADA;c=de"), ("Broken", "no address"))
    office.rebuild()
    assert ["Ada", "Broken", "Jörg"] == office.names()


def test_a_name_of_the_own_list_gives_way_to_the_directory_s(full: Office) -> None:
    """An external address that somebody put into the postoffice's own list is in the global one, if it is new there."""
    data, (known, new, gate) = names.write_netpo(
        [NetpoRow("OTHER", "EAST", "DORA"), NetpoRow("OTHER", "EAST", "nina"), NetpoRow("SMTP", "", "")]
    )
    full.files.write("GLB/NETPO.GLB", data)
    more = [NameRow(EXTERNAL, "My Dora", 1, known), NameRow(EXTERNAL, "My Nina", 2, new)]
    write_pol(full.files, [*read_pol(full.files), *more, NameRow(EXTERNAL, "Gus", 3, gate)])
    assert [] == full.rebuild()
    assert sorted([*ALL, "My Nina"]) == full.names()


def test_groups_without_members_are_all_there(office: Office) -> None:
    """Their records lead to one place in ADMIN.GRP."""
    for name in ("Choir", "Band"):
        add_group(office.files, name, name)
    office.rebuild()
    assert ["Band", "Choir"] == office.names()


def test_a_user_who_is_gone_has_no_address_until_the_next_rebuild(full: Office) -> None:
    """The list is that of the last rebuild."""
    for name in ("GLB/ACCESS.GLB", "GLB/ACCESS2.GLB", "GLB/ACCESS3.GLB"):
        full.files.write(name, b"")
    assert ("Ann Own", "") == gal.read_gal(full.files)[0][::2]


def test_a_list_that_was_never_built_has_nobody() -> None:
    """That is no damage."""
    assert ([], []) == (gal.read_gal(MemoryFiles()), gal.find(MemoryFiles(), "a"))


# -- the same again ------------------------------------------------------------------------------------------------


@attrs.define
class Writes(MemoryFiles):
    """Files that remember which of them were written."""

    written: list[str] = attrs.field(factory=list)

    def write(self, name: str, data: bytes) -> None:
        """See `MemoryFiles`."""
        self.written.append(name)
        super().write(name, data)


def test_a_rebuild_without_changes_writes_nothing(full: Office) -> None:
    """Same lists, same bytes."""
    files = Writes(full.files.files)
    gal.rebuild(files)
    assert [] == files.written


def test_the_order_of_rows_in_the_lists_does_not_matter(full: Office) -> None:
    """The global list is sorted by itself."""
    before = [full.files.read(name) for name in gal.FILES]
    rows = names.read_usr(full.files.read(full.usr("OTHER/EAST")) or b"", "")
    full.files.write(full.usr("OTHER/EAST"), names.write_usr(reversed(rows)))
    full.rebuild()
    assert before == [full.files.read(name) for name in gal.FILES]


def test_one_damaged_file_of_the_set_is_made_anew(full: Office) -> None:
    """The lists are the truth, the global list follows from them."""
    before = dict(full.files.files)
    for name in gal.FILES:
        full.files.write(name, b"damaged")
        full.rebuild()
    assert before == full.files.files


# -- order and index -----------------------------------------------------------------------------------------------


def test_names_are_sorted_without_case_and_accents(office: Office) -> None:
    """Equal ones by their bytes in code page 850."""
    office.post(
        "A/B", *((name, str(n)) for n, name in enumerate(["zoe", "Zoë", "Åke", "ake", "(x)", "Öst", "Ozu", "9"]))
    )
    office.rebuild()
    assert ["(x)", "9", "ake", "Åke", "Öst", "Ozu", "Zoë", "zoe"] == office.names()


def test_the_index_has_52_offsets_and_an_entry_for_each_word(office: Office) -> None:
    """KB Q86375: A-Z, a-z, then {WORD word, DWORD offset into GAL.NME}; the meaning of small letters is ours."""
    office.post("A/B", ("Ann van Ålst", "1"), ("9 Lives", "2"))
    office.rebuild()
    data = office.files.read(GALINDEX) or b""
    starts = dict(zip(galindex.LETTERS, struct.unpack_from("<52I", data), strict=True))
    entries = list(struct.iter_unpack("<HI", data[52 * 4 :]))
    # "9" (of the first name), "Ålst" and "Ann" (of the second), "Lives", "van"
    assert [(0, 0), (2, 45), (0, 45), (1, 0), (1, 45)] == entries
    # Each letter's range ends where that of the next begins.
    head = 52 * 4
    assert (head + 6, head + 18, head + 18, head + 24) == (starts["A"], starts["B"], starts["L"], starts["M"])
    assert (head + 24, head + 30, head + 30) == (starts["v"], starts["w"], starts["z"])


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("jean", ["Doe, Jean-Luc"]),
        ("luc", ["Doe, Jean-Luc"]),
        ("doe jean l", ["Doe, Jean-Luc"]),
        ("Doe,J", ["Doe, Jean-Luc"]),
        ("o'b", ["Pat O'Brien"]),
        ("brien", []),
        ("der", ["Van der Aa"]),
        ("VAN DER", ["Van der Aa"]),
        ("emile", ["Émile"]),
        ("É", ["Émile"]),
        ("***", ["***"]),
        ("Łódź", []),
        ("zzz", []),
        ("", ["***", "Doe, Jean-Luc", "Émile", "Pat O'Brien", "Van der Aa"]),
    ],
)
def test_names_are_found_by_any_of_their_words(office: Office, prefix: str, found: list[str]) -> None:
    """Without case, accents and punctuation."""
    office.post(
        "A/B",
        *((name, str(n)) for n, name in enumerate(["Doe, Jean-Luc", "Pat O'Brien", "Van der Aa", "Émile", "***"])),
    )
    office.rebuild()
    assert found == [entry.name for entry in gal.find(office.files, prefix)]


_BASES = str.maketrans("ÆØÐÞßıƒ", "AODTSIF")
_TEXT = st.text(
    st.one_of(st.sampled_from("abAB éÉæÆ,-.9'*"), st.characters(codec="cp850", exclude_characters="\0")),
    min_size=1,
    max_size=30,
)


def _words(text: str) -> list[str]:
    """The words of a text as the index's page describes them, made another way."""
    plain = "".join(" " if c in '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~' else c for c in text)
    words = list(filter(None, (plain if plain.strip(" ") else text).split(" "))) or ["_"]
    return ["".join(map(_base, word)) for word in words]


def _base(char: str) -> str:
    if char in "ßıƒ" or not char.isalpha() or char == "µ":
        return char.translate(_BASES)
    return unicodedata.normalize("NFKD", char)[0].upper().translate(_BASES)


def _begins(name: str, prefix: str) -> bool:
    words, wanted = _words(name), " ".join(_words(prefix))
    return any(" ".join(words[n:]).startswith(wanted) for n in range(len(words)))


def _damaged(all_names: list[str]) -> st.SearchStrategy[bytes]:
    """An index with a few bytes changed, cut or added."""
    data = galindex.build_index([name.encode("cp850").decode("latin-1") for name in all_names], 45)
    place = st.integers(0, len(data))
    return st.builds(lambda at, new, end: data[:at] + new + data[end:], place, st.binary(max_size=6), place)


def _again(data: bytes) -> bytes | tuple[int, bool]:
    """The same file once more, or the error's number and whether it has a place."""
    try:
        return galindex.write_index(*galindex.read_index(data))
    except FormatError as error:
        return error.code, error.offset >= 0


@given(st.lists(_TEXT, max_size=30), _TEXT)
def test_the_index_finds_what_a_scan_finds(all_names: list[str], prefix: str) -> None:
    """For any names and any prefix."""
    data = [(EXTERNAL, False, name.encode("cp850").decode("latin-1"), "SMTP:a@b", 0, 0) for name in all_names]
    files = MemoryFiles(write_set(Rows(*zip(*data, strict=True))))
    everyone = [entry.name for entry in gal.read_gal(files)]
    expected = [name for name in everyone if not prefix.strip(" ") or _begins(name, prefix)]
    assert expected == [entry.name for entry in gal.find(files, prefix)]


@given(st.lists(_TEXT, max_size=5).flatmap(_damaged))
def test_any_bytes_are_an_index_or_an_error(data: bytes) -> None:
    """What can be read is written back as the same bytes."""
    assert _again(data) in (data, (40, True))


def test_an_index_that_does_not_fit_the_names_is_an_error(full: Office) -> None:
    """It is named with the place of the entry; the next rebuild makes it anew."""
    index = bytearray(full.files.read(GALINDEX) or b"")
    index[52 * 4 + 2 :: 6] = b"\xff" * len(index[52 * 4 + 2 :: 6])
    full.files.write(GALINDEX, bytes(index))
    with pytest.raises(FormatError) as caught:
        gal.find(full.files, "Ann")
    assert (GALINDEX, 40, "offset") == (caught.value.source, caught.value.code, caught.value.field)
    full.rebuild()
    assert ["Ann Own"] == [entry.name for entry in gal.find(full.files, "Ann")]


# -- damage --------------------------------------------------------------------------------------------------------


def _cut(data: bytes) -> bytes:
    return data[:-1]


def _emptied(data: bytes) -> bytes:
    return b""


def _zeros(data: bytes) -> bytes:
    return bytes(len(data))


@pytest.mark.dx("T-204", "T-241")
@pytest.mark.parametrize("damage", [_cut, _emptied, _zeros])
@pytest.mark.parametrize("file", ["EAST", _NME, _GLB])
def test_a_damaged_list_is_named_and_keeps_its_names(full: Office, file: str, damage: Callable[[bytes], bytes]) -> None:
    """What changed in the other lists takes effect; a full import repairs the damaged one."""
    file = full.usr("OTHER/EAST") if file == "EAST" else file
    before = full.files.read(file) or b""
    full.files.write(file, damage(before))
    full.post("OTHER/WEST", ("Hugo West", "hugo"))
    assert [(40, file)] == full.rebuild()
    assert [*ALL[:5], "Gus Net", "Hugo West"] == full.names()
    full.files.write(file, before)
    assert [] == full.rebuild()


@pytest.mark.dx("T-241")
def test_a_list_that_cannot_be_opened_is_named_and_keeps_its_names(full: Office) -> None:
    """KB Q104870: somebody else holds it; the number is that of the program."""
    locked = full.usr("OTHER/EAST")

    @attrs.define
    class Locked(MemoryFiles):
        def read(self, name: str) -> bytes | None:
            if name == locked:
                raise TransportError(f"cannot read {name}: permission denied")
            return super().read(name)

    built = gal.rebuild(Locked(full.files.files))
    (problem,) = built.problems
    assert (203, locked, len(ALL)) == (problem.number, locked, built.count)
    assert f"cannot read {locked}: permission denied" in problem.text
    assert ALL == full.names()


@pytest.mark.dx("T-241")
def test_a_list_whose_file_is_gone_keeps_its_names(full: Office) -> None:
    """A list without names has a file that says so; only a postoffice that is gone takes its names along."""
    full.files.remove(full.usr("OTHER/EAST"))
    for name in (_NME, _GLB):
        full.files.remove(name)
    assert [(40, full.usr("OTHER/EAST")), (40, _NME)] == full.rebuild()
    assert ALL == full.names()


def test_a_list_that_was_emptied_has_no_names(full: Office) -> None:
    """As a Replace without an Add leaves it."""
    full.post("OTHER/EAST")
    full.gateway("SMTP")
    assert [] == full.rebuild()
    assert ["Ann Own", "Bob Hidden", "Crew", "Fay West"] == full.names()


def test_a_postoffice_that_is_gone_takes_its_names_along(full: Office) -> None:
    """Nobody can write to them any more."""
    networks.remove_postoffice(full.files, "OTHER/EAST")
    full.rebuild()
    assert [name for name in ALL if "East" not in name] == full.names()


def test_a_postoffice_without_a_list_is_information(office: Office) -> None:
    """KB Q96004 #201: nothing is wrong where nobody was known."""
    office.post("OTHER/EAST")
    office.files.remove(office.usr("OTHER/EAST"))
    (problem,) = gal.rebuild(office.files).problems
    assert (201, True, office.usr("OTHER/EAST")) == (problem.number, problem.is_information, problem.file)


def test_records_without_name_or_address_are_left_out(office: Office) -> None:
    """KB Q96002 #46, #48: the others are taken."""
    office.post("OTHER/EAST", ("Ann", "ann"), ("", "bob"), ("Cid", ""))
    assert [(46, office.usr("OTHER/EAST")), (48, office.usr("OTHER/EAST"))] == office.rebuild()
    assert ["Ann"] == office.names()


@pytest.mark.dx("T-241")
@pytest.mark.parametrize("damage", [_cut, _emptied, _zeros])
def test_the_own_list_has_a_copy(full: Office, damage: Callable[[bytes], bytes]) -> None:
    """KB Q85647: ADMINSHD.NME; with both damaged the names are kept (KB Q119240 for an empty one)."""
    own = full.files.read(NAMES) or b""
    full.files.write(NAMES, damage(own))
    (problem,) = gal.rebuild(full.files).problems
    assert (40, NAMES, True) == (problem.number, problem.file, SHADOW in problem.text)
    full.files.write(SHADOW, damage(own))
    (problem,) = gal.rebuild(full.files).problems
    assert (40, NAMES, True) == (problem.number, problem.file, "kept (3)" in problem.text)
    assert ALL == full.names()


def test_a_name_that_leads_nowhere_damages_its_list(full: Office) -> None:
    """It is told where the pointer is."""
    data = full.files.read(_NME) or b""
    full.files.write(_NME, data[:41] + b"\1\1\1\1")
    (problem,) = gal.rebuild(full.files).problems
    assert (_NME, True) == (problem.file, "offset 41, pointer" in problem.text)
    assert ALL == full.names()


@pytest.mark.dx("T-241")
@pytest.mark.parametrize("file", [GAL, GALNETPO])
def test_when_the_global_list_is_damaged_too_that_is_said(full: Office, file: str) -> None:
    """Nothing can be kept; both files are named."""
    full.files.write(file, b"damaged")
    full.files.write(full.usr("OTHER/EAST"), b"damaged")
    assert [(40, file), (40, full.usr("OTHER/EAST"))] == full.rebuild()
    assert [name for name in ALL if "East" not in name] == full.names()


def test_without_the_networks_nothing_is_rebuilt(full: Office) -> None:
    """Nobody can tell which lists there are; the global list stays."""
    full.files.write("GLB/NETWORK.GLB", b"damaged")
    with pytest.raises(FormatError) as caught:
        full.rebuild()
    assert ("GLB/NETWORK.GLB", 40) == (caught.value.source, caught.value.code)
    assert ALL == full.names()
