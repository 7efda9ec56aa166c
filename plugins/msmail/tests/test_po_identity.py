"""Who a postoffice is, and the numbers it gives out."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.errors import AddressError, FormatError
from dxa_msmail.postoffice import identity, layout
from dxa_msmail.postoffice.identity import Control, Flag, Global, Master, Modem, Rnetsem, Server, Tid
from dxa_msmail.postoffice.maildata import MemoryFiles


def _files(**control: int) -> MemoryFiles:
    files = MemoryFiles()
    identity.write_identity(files, Master(network="POLYNOMIAL", postoffice="MONTGOMERY", administrator="Admin"))
    files.write(identity.CONTROL, layout.encode(Control(**control)))
    files.write(identity.TID, layout.encode(Tid()))
    return files


def test_the_records_have_the_documented_sizes() -> None:
    """KB Q77926 gives the sizes by which MAILINT knows sound files."""
    sizes = {cls: layout.layout_of(cls).size for cls in (Master, Control, Tid, Flag, Rnetsem, Global, Modem, Server)}
    assert {Master: 176, Control: 8, Tid: 4, Flag: 2, Rnetsem: 4, Global: 512, Modem: 64, Server: 181} == sizes


def test_an_identity_is_read_as_it_was_written() -> None:
    """Names of ten characters each fit."""
    files = _files()
    assert "POLYNOMIAL/MONTGOMERY" == identity.name_of(files)
    assert "Admin" == identity.identity(files).administrator


def test_master_keeps_the_two_documented_bytes_in_their_places() -> None:
    """Byte 0x94 is enhanced security (KB Q104586); bit 0x10 of byte 0x93 is the MSMAIL gateway (KB Q148666)."""
    master = Master(network="N", postoffice="P", gateways=identity.MSMAIL_GATEWAY, enhanced_security=True)
    assert b"\x10\x01" == layout.encode(master)[0x93:0x95]


def test_control_is_two_little_endian_longs() -> None:
    """KB Q87388: nmailbag at 0, nletter at 4."""
    assert bytes.fromhex("0a00000062000000") == layout.encode(Control(next_mailbag=10, next_letter=0x62))


@pytest.mark.parametrize(
    ("network", "postoffice", "code"), [("N" * 11, "P", 20), ("N-1", "P", 69), ("N", "P 1", 70), ("SMTP", "P", 64)]
)
def test_a_name_that_no_postoffice_can_have_is_refused(network: str, postoffice: str, code: int) -> None:
    """The numbers are those of the Import program, and nothing is written."""
    files = MemoryFiles()
    with pytest.raises(AddressError) as caught:
        identity.write_identity(files, Master(network=network, postoffice=postoffice))
    assert (code, {}) == (caught.value.code, files.files)


@pytest.mark.parametrize(
    ("master", "field", "at"),
    [
        (Master(network="N T", postoffice="PO"), "network", 0x08),
        (Master(network="NET", postoffice=""), "network", 0x08),
        (Master(network="NET", postoffice="PO", server="HUB"), "server", 0x2E),
    ],
)
def test_an_identity_with_an_impossible_name_is_refused_when_it_is_read(master: Master, field: str, at: int) -> None:
    """It could not be written again."""
    with pytest.raises(FormatError) as caught:
        identity.identity(MemoryFiles({identity.MASTER: layout.encode(master)}))
    assert (40, identity.MASTER, field, at) == (
        caught.value.code,
        caught.value.source,
        caught.value.field,
        caught.value.offset,
    )


def test_a_directory_server_is_a_postoffice() -> None:
    """The registered server is held to the same rule."""
    with pytest.raises(AddressError):
        identity.write_identity(MemoryFiles(), Master(network="N", postoffice="P", server="HUB"))


@pytest.mark.dx("T-194")
@pytest.mark.parametrize("size", [0, 175, 177])
def test_an_identity_of_another_size_is_refused(size: int) -> None:
    """Too short and too long are corruption, said with the file."""
    files = MemoryFiles({identity.MASTER: bytes(size)})
    with pytest.raises(FormatError, match="GLB/MASTER") as caught:
        identity.identity(files)
    assert (40, min(size, 176)) == (caught.value.code, caught.value.offset)


def test_a_missing_file_is_named() -> None:
    """Where a file should be and is none, the error says which."""
    with pytest.raises(FormatError, match=r"GLB/CONTROL.*no file"):
        identity.next_letter(MemoryFiles())


@pytest.mark.dx("T-194")
@given(at=st.integers(0, 175), bit=st.integers(0, 7))
def test_any_bit_that_flips_in_the_identity_is_noticed(at: int, bit: int) -> None:
    """The check covers the documented bytes and those that nobody knows, too."""
    files = _files()
    data = bytearray(files.files[identity.MASTER])
    data[at] ^= 1 << bit
    files.write(identity.MASTER, bytes(data))
    with pytest.raises(FormatError) as caught:
        identity.identity(files)
    assert 40 == caught.value.code


def test_unknown_bytes_survive_a_change_of_the_identity() -> None:
    """Somebody's bytes between the fields stay."""
    known = layout.encode(Master(network="N", postoffice="P"))
    odd = attrs.evolve(Master(network="N", postoffice="P"), raw=known[:0xA0] + b"\x77" * 16)
    files = MemoryFiles({identity.MASTER: layout.encode(attrs.evolve(odd, serial=7))})
    identity.write_identity(files, attrs.evolve(identity.identity(files), serial=8))
    assert (b"\x77" * 16, 8) == (files.files[identity.MASTER][0xA0:], identity.identity(files).serial)


def test_mailbags_and_letters_count_on_in_eight_hexadecimal_digits() -> None:
    """Each number is given once."""
    files = _files(next_mailbag=10, next_letter=0x62)
    assert ["0000000A", "0000000B"] == [identity.next_mailbag(files) for _ in range(2)]
    assert ["00000062", "00000063"] == [identity.next_letter(files) for _ in range(2)]
    assert Control(next_mailbag=12, next_letter=0x64) == identity.read_one(Control, files, identity.CONTROL)


@pytest.mark.parametrize("used", ["MBG/00000001.MBG", "XTN/00000001.XTN", "MEM/00000001.MEM"])
def test_a_hexid_in_use_is_passed_over(used: str) -> None:
    """CONTROL.GLB of an older backup gives nobody another's mailbag."""
    files = _files()
    files.write(used, b"")
    assert "00000002" == identity.next_mailbag(files)


@pytest.mark.parametrize("used", ["MAI/MA1/00000001.MAI", "ATT/AT1/00000001.ATT", "P1/00000001.P1"])
def test_a_letter_in_use_is_passed_over(used: str) -> None:
    """CONTROL.GLB of an older backup overwrites no letter."""
    files = _files()
    files.write(used, b"")
    assert "00000002" == identity.next_letter(files)


def test_numbers_that_are_used_up_are_said() -> None:
    """Error 39 names the file, and what is stored stays."""
    files = _files(next_mailbag=0xFFFFFFFF, next_letter=0xFFFFFFFF)
    for give in (identity.next_mailbag, identity.next_letter):
        with pytest.raises(FormatError, match="GLB/CONTROL") as caught:
            give(files)
        assert 39 == caught.value.code


def test_local_tuple_ids_stay_below_those_of_external_addresses() -> None:
    """KB Q116436: from 0x7F67697F on they belong to GALNETPO.GLB."""
    files = _files()
    assert [1, 2] == [identity.next_tid(files) for _ in range(2)]
    files.write(identity.TID, layout.encode(Tid(next_tid=identity.EXTERNAL_TIDS - 1)))
    assert identity.EXTERNAL_TIDS - 1 == identity.next_tid(files)
    with pytest.raises(FormatError, match="GLB/TID"):
        identity.next_tid(files)
