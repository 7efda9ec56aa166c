"""The conformance kit: dxa's rules for plugins, each as a check that proves it.

A plugin's author writes a small `ConnectorHarness`, which plays the foreign system, and gives it to `check_connector`
or, with pytest, to `dxa.testing.pytest_skin.connector_suite`; what carries bytes has a `TransportHarness`. Nothing here
needs pytest but that module. `dxa.testing.faulty` has twins in which things go wrong, by a schedule.
"""

from dxa.testing.addresses import ADDRESS_CHECKS, AddressSubject, check_address_type
from dxa.testing.carrying import TRANSPORT_CHECKS, check_transport
from dxa.testing.connectors import CONNECTOR_CHECKS, check_connector
from dxa.testing.converting import DECODER_CHECKS, check_decoder
from dxa.testing.decoders import DecoderSubject
from dxa.testing.faulty import Crash, Fault, FaultyConnector, FaultyDisk, FaultyTransport, Schedule, at_every_step
from dxa.testing.harness import NAMES, ConnectorHarness, MakeHarness
from dxa.testing.transport import MakeTransport, Transport, TransportHarness
from dxa.testing.verdict import Check, Failure, Finding, Grade, Kit, Skip, Verdict

__all__ = [
    "ADDRESS_CHECKS",
    "CONNECTOR_CHECKS",
    "DECODER_CHECKS",
    "NAMES",
    "TRANSPORT_CHECKS",
    "AddressSubject",
    "Check",
    "ConnectorHarness",
    "Crash",
    "DecoderSubject",
    "Failure",
    "Fault",
    "FaultyConnector",
    "FaultyDisk",
    "FaultyTransport",
    "Finding",
    "Grade",
    "Kit",
    "MakeHarness",
    "MakeTransport",
    "Schedule",
    "Skip",
    "Transport",
    "TransportHarness",
    "Verdict",
    "at_every_step",
    "check_address_type",
    "check_connector",
    "check_decoder",
    "check_transport",
]
