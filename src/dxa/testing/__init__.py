"""The conformance kit: dxa's rules for plugins, each as a check that proves it.

A plugin's author writes a small `ConnectorHarness`, which plays the foreign system, and gives it to `check_connector`
or, with pytest, to `dxa.testing.pytest_skin.connector_suite`. Nothing here needs pytest but that module.
"""

from dxa.testing.addresses import ADDRESS_CHECKS, AddressSubject, check_address_type
from dxa.testing.connectors import CONNECTOR_CHECKS, check_connector
from dxa.testing.decoders import DECODER_CHECKS, DecoderSubject, check_decoder
from dxa.testing.faulty import FaultyConnector
from dxa.testing.harness import NAMES, ConnectorHarness, MakeHarness
from dxa.testing.verdict import Check, Failure, Finding, Grade, Kit, Skip, Verdict

__all__ = [
    "ADDRESS_CHECKS",
    "CONNECTOR_CHECKS",
    "DECODER_CHECKS",
    "NAMES",
    "AddressSubject",
    "Check",
    "ConnectorHarness",
    "DecoderSubject",
    "Failure",
    "FaultyConnector",
    "Finding",
    "Grade",
    "Kit",
    "MakeHarness",
    "Skip",
    "Verdict",
    "check_address_type",
    "check_connector",
    "check_decoder",
]
