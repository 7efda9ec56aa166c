"""dxa-msmail conforms to what dxa relies on: its server connector, its address types and its decoder."""

from __future__ import annotations

from collections.abc import Iterable

from dxa.address import AddressTypes
from dxa.testing import AddressSubject, DecoderSubject
from dxa.testing.pytest_skin import address_type_suite, connector_suite, decoder_suite
from dxa_msmail import ffapi, plugin
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.envelope import STRICT_VERSION
from tests.kit.msmail_harness import OnDisk, ServerHarness


class StrictHarness(ServerHarness):
    """A requestor of this project."""

    version = STRICT_VERSION


SAMPLES = {
    "MS": ("LAB/PO1/ANN", "Net/Po/$SYSTEM", "NETWORK010/POSTOFF010/MAILBOX010"),
    "PROFS": ("GATE/NODE/ANN",),
    "SNADS": ("GATE/NODE/ANN.B",),
    "OV": ("GATE/NODE/ANN",),
    "FAX": ("Ann Berg~Room 1~Lab~030 123-4", "Ann~~~1"),
    "MCI": ("Ann Berg EMS: X/1234567 MBX: ann",),
    "X400": ("/c=US/a=ATT/p=Lab/o=Berlin/s=Berg/g=Ann/",),
    "SMTP": ("ann@lab.example", "ann", "ann:lab:org"),
    "MHS": ("ann@host", "ann@host {net/po}"),
    "MSMAIL": ("Ann Berg@Server One",),
    "MSA": ("Ann Berg@Server One",),
    "3COM": ("Ann Berg:Lab:Institute", "Ann"),
}


def _files() -> Iterable[bytes]:
    harness = ServerHarness()
    harness.say([harness.entry(n, f"Person {n}") for n in range(3)], spoiled={1})
    message = harness.waiting()
    yield message
    yield ffapi.parse(message).body
    yield ffapi.parse(message).attachments[0].data
    yield b"A Ann                            PCM:LAB/PO1/ANN\r\n- Phone:/12\r\nX junk\r\n"


test_server = connector_suite(ServerHarness)
test_server_of_a_strict_requestor = connector_suite(StrictHarness)
test_server_on_a_disk = connector_suite(OnDisk)
test_address_types = address_type_suite([AddressSubject(kind, SAMPLES[kind.name]) for kind in ADDRESS_TYPES])
test_decoder = decoder_suite(
    DecoderSubject(plugin.dxa_decoders()[0], tuple(_files()), types=AddressTypes(ADDRESS_TYPES))
)
