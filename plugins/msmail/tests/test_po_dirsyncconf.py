"""What directory synchronization remembers in a postoffice."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.dirsync.requestor import State
from dxa.errors import AddressError, FormatError
from dxa_msmail.postoffice import dirsyncconf, layout
from dxa_msmail.postoffice.dirsyncconf import (
    REQCONF,
    SRVCONF,
    Reqconf,
    Requestor,
    ServerHead,
    Srvconf,
)
from dxa_msmail.postoffice.maildata import MemoryFiles

NUMBERS = st.integers(0, 0xFFFFFFFF)
STATES = st.builds(
    State, acked=NUMBERS, last=NUMBERS, s=NUMBERS, i=NUMBERS, imports=st.booleans(), exports=st.booleans()
)


def _server(*names: str) -> MemoryFiles:
    files = MemoryFiles()
    head = ServerHead(sync=80, cycle=11, administrator="Admin")
    requestors = tuple(Requestor(name=name, req=17, srv=80, cycle=11) for name in names)
    dirsyncconf.write_srvconf(files, Srvconf(head=head, requestors=requestors))
    return files


# -- REQCONF -------------------------------------------------------------------------------------------------------


def test_a_new_requestor_wants_everything_and_has_no_pointers() -> None:
    """It imports and exports with its first request; -1 is no place in a queue (KB Q140462)."""
    conf = Reqconf()
    assert State() == conf.state
    assert [-1] * 4 == [conf.srvtrans, conf.usrtrans, conf.gwtrans, conf.nmetrans]


@given(STATES)
def test_the_numbers_of_the_machine_are_stored_as_they_are(state: State) -> None:
    """What the machine decides is what the next run finds."""
    files = MemoryFiles()
    dirsyncconf.write_reqconf(files, Reqconf(server="HUB/MAIN").with_state(state))
    conf = dirsyncconf.read_reqconf(files)
    assert (state, "HUB/MAIN", 512) == (conf.state, conf.server, len(files.files[REQCONF]))


def test_options_are_read_as_they_were_written() -> None:
    """Types, limit, options, times and the reference to the password."""
    files = MemoryFiles()
    told = Reqconf(
        server="HUB/MAIN",
        types="PCM|SMTP",
        limit=60000,
        templates_in=True,
        rebuild=False,
        password_ref="env:POST",
        last_import=762301500,
        srvtrans=49,
    )
    dirsyncconf.write_reqconf(files, told)
    assert told == dirsyncconf.read_reqconf(files)
    assert ("PCM", "SMTP") == dirsyncconf.read_reqconf(files).type_names


def test_a_password_does_not_show_itself() -> None:
    """The text of a record in a traceback has no password."""
    assert "s3cret" not in repr(Reqconf(password_ref="s3cret"))
    assert "s3cret" not in repr(Requestor(password_ref="s3cret"))


@pytest.mark.parametrize("server", ["HUB", "HUB/", "/MAIN", "HUB/MAIN/$SYSTEM", "SMTP/MAIN"])
def test_a_server_that_is_no_postoffice_is_refused(server: str) -> None:
    """Nothing is written."""
    files = MemoryFiles()
    with pytest.raises(AddressError):
        dirsyncconf.write_reqconf(files, Reqconf(server=server))
    assert {} == files.files


def test_a_number_that_does_not_fit_is_refused() -> None:
    """The error names the field."""
    with pytest.raises(FormatError, match=r"Reqconf\.acked"):
        dirsyncconf.write_reqconf(MemoryFiles(), Reqconf(acked=1 << 32))


@pytest.mark.dx("T-194")
@pytest.mark.parametrize("size", [0, 511, 513])
def test_a_requestor_configuration_of_another_size_is_refused(size: int) -> None:
    """Too short a file is not taken for a new one."""
    files = MemoryFiles()
    dirsyncconf.write_reqconf(files, Reqconf())
    files.write(REQCONF, files.files[REQCONF].ljust(size, b"\0")[:size])
    with pytest.raises(FormatError, match="GLB/REQCONF") as caught:
        dirsyncconf.read_reqconf(files)
    assert 40 == caught.value.code


@pytest.mark.dx("T-194")
@given(at=st.integers(0, 511), bit=st.integers(0, 7))
def test_any_bit_that_flips_in_the_requestor_configuration_is_noticed(at: int, bit: int) -> None:
    """Also in bytes that no field covers; the error says where to look."""
    files = MemoryFiles()
    dirsyncconf.write_reqconf(files, Reqconf(server="HUB/MAIN", acked=17, srv=80))
    data = bytearray(files.files[REQCONF])
    data[at] ^= 1 << bit
    files.write(REQCONF, bytes(data))
    with pytest.raises(FormatError) as caught:
        dirsyncconf.read_reqconf(files)
    assert (40, REQCONF, True) == (caught.value.code, caught.value.source, caught.value.offset in (0, 4))


# -- SRVCONF -------------------------------------------------------------------------------------------------------


def test_a_postoffice_without_srvconf_is_no_server() -> None:
    """KB Q132744: the file exists at the server only."""
    assert None is dirsyncconf.read_srvconf(MemoryFiles())


def test_the_server_has_a_record_of_1024_bytes_for_itself_and_each_requestor() -> None:
    """KB Q77926; what is read is what was written."""
    files = _server("PCM:POLYNOMIAL/MONTGOMERY", "PCM:NET/PO", "SNADS")
    conf = dirsyncconf.read_srvconf(files)
    assert conf is not None
    assert 1024 + 3 * 1024 == len(files.files[SRVCONF])
    assert (80, 11, 14, "Admin") == (conf.head.sync, conf.head.cycle, conf.head.keep_updates, conf.head.administrator)
    assert ["PCM:POLYNOMIAL/MONTGOMERY", "PCM:NET/PO", "SNADS"] == [r.name for r in conf.requestors]


def test_a_requestor_is_found_by_its_whole_name() -> None:
    """KB Q125917: the beginning of a name gave the password of another requestor."""
    conf = dirsyncconf.read_srvconf(_server("PCM:NET/PO1", "PCM:NET/PO"))
    assert conf is not None
    assert conf.requestors[1] == conf.requestor("pcm:net/po")
    assert None is conf.requestor("PCM:NET/P")


def test_two_requestors_of_one_name_are_refused() -> None:
    """Whatever the case."""
    with pytest.raises(FormatError, match="pcm:net/po"):
        _server("PCM:NET/PO", "pcm:net/po")


@pytest.mark.dx("T-230")
@pytest.mark.parametrize("name", ["", "A", "ADMIN", "ABCDEFGHIJ"])
def test_the_administrator_leaves_keep_updates_alone(name: str) -> None:
    """Every name that a mailbox can have fits."""
    files = MemoryFiles()
    dirsyncconf.write_srvconf(files, Srvconf(head=ServerHead(administrator=name, keep_updates=30)))
    conf = dirsyncconf.read_srvconf(files)
    assert conf is not None
    assert (name, 30) == (conf.head.administrator, conf.head.keep_updates)


@pytest.mark.dx("T-230")
def test_an_administrator_with_a_longer_name_is_refused() -> None:
    """KB Q125512: it ran into the next field."""
    with pytest.raises(FormatError, match=r"ServerHead\.administrator"):
        dirsyncconf.write_srvconf(MemoryFiles(), Srvconf(head=ServerHead(administrator="ABCDEFGHIJK")))


@pytest.mark.dx("T-244")
@given(at=st.integers(0, 3 * 1024 - 1), bit=st.integers(0, 7))
def test_any_bit_that_flips_in_the_server_configuration_is_noticed(at: int, bit: int) -> None:
    """KB Q120449: network cards spoiled its first bytes. The offset is that of the record's mark or check."""
    files = _server("PCM:NET/PO", "PCM:NET/PO2")
    data = bytearray(files.files[SRVCONF])
    data[at] ^= 1 << bit
    files.write(SRVCONF, bytes(data))
    with pytest.raises(FormatError) as caught:
        dirsyncconf.read_srvconf(files)
    assert (40, SRVCONF, at // 1024) == (caught.value.code, caught.value.source, caught.value.offset // 1024)


@pytest.mark.dx("T-194")
@given(size=st.integers(0, 3 * 1024 - 1))
def test_a_server_configuration_that_was_cut_anywhere_is_refused(size: int) -> None:
    """Between two records as well: the head counts them."""
    files = _server("PCM:NET/PO", "PCM:NET/PO2")
    files.write(SRVCONF, files.files[SRVCONF][:size])
    with pytest.raises(FormatError) as caught:
        dirsyncconf.read_srvconf(files)
    assert 40 == caught.value.code


def test_a_record_too_many_is_refused() -> None:
    """Somebody else's copy at the end of the file is not taken for a requestor."""
    files = _server("PCM:NET/PO")
    files.write(SRVCONF, files.files[SRVCONF] + files.files[SRVCONF][1024:])
    with pytest.raises(FormatError, match="requestors") as caught:
        dirsyncconf.read_srvconf(files)
    assert 2048 == caught.value.offset


def test_two_requestors_of_one_name_are_refused_when_they_are_read() -> None:
    """The second one is named."""
    files = _server("PCM:NET/PO", "PCM:NET/P2")
    second = layout.encode(Requestor(name="pcm:net/po"))
    files.write(SRVCONF, files.files[SRVCONF][:2048] + second)
    with pytest.raises(FormatError) as caught:
        dirsyncconf.read_srvconf(files)
    assert (40, 2048 + 8, "name") == (caught.value.code, caught.value.offset, caught.value.field)


# -- all -----------------------------------------------------------------------------------------------------------


@given(st.sampled_from([Reqconf, ServerHead, Requestor]), st.data())
def test_bytes_that_nobody_knows_survive_a_rewrite(cls: type, data: st.DataObject) -> None:
    """Also behind the end of a text; only the check is new."""
    size = layout.layout_of(cls).size
    body = b"DXA1\0\0\0\0" + data.draw(st.binary(min_size=size - 8, max_size=size - 8))
    sealed = layout.encode(attrs.evolve(_read_unsealed(cls, body)))
    assert body[8:] == layout.encode(layout.decode(cls, sealed))[8:]


def _read_unsealed(cls: type, body: bytes) -> object:
    spots = layout.layout_of(cls).spots
    return cls(raw=body, **{name: spot.unpack(body[spot.at : spot.at + spot.size]) for name, spot in spots.items()})
