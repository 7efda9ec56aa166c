"""The error numbers of MS Mail's directory synchronization, with a text for each.

dxa gives its own errors these numbers, because the people who keep postoffices alive know them by heart.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from dxa.errors import AddressError, FormatError

# KB Q96001 to Q96004 list the numbers of the product file DIRSYNC.TXT; 138 and 139 came with version 3.2 (KB Q108067),
# 142 and 144 are of the FFAPI programs (KB Q85055, Q106623).
MESSAGES: Final[Mapping[int, str]] = MappingProxyType(
    {
        1: "error obtaining message number",
        2: "error opening file",
        4: "error reading file",
        7: "error renaming file",
        8: "error deleting file",
        9: "out of memory",
        10: "directory synchronization has not been enabled",
        12: "invalid character in column 1",
        13: "invalid transaction command",
        14: "error processing RESYNC.GLB",
        15: "invalid character in phone number",
        16: "unknown address type",
        17: "unexpected end of line in node address",
        18: "unexpected end of line in fullname",
        19: "unexpected end of line in physical address",
        20: "address element is too long",
        21: "input is corrupt or has incorrect format",
        22: "expecting '/' in template information line",
        23: "expecting tab or space",
        24: "template information not allowed for this address type",
        25: "physical address is too long",
        26: "error in physical address",
        27: "alias already exists",
        28: "duplicate alias in transaction queue",
        29: "alias does not exist",
        30: "error accessing transaction file",
        31: "network not found",
        32: "postoffice not found",
        33: "template file not found",
        34: "template information not accessible",
        36: "template information and template do not match",
        37: "prompt not found in template",
        38: "error loading postoffice template",
        40: "possible database corruption",
        44: "gateway not installed",
        45: "file error sorting queue",
        46: "no fullname",
        47: "transaction has no effect",
        48: "expecting physical address",
        49: "cannot create network",
        50: "cannot create postoffice",
        54: "no server name has been set",
        55: "no directory synchronization server is defined",
        60: "direct routing for an automatically created postoffice",
        61: "no template information defined for postoffice",
        62: "replace failed",
        63: "resync extract failed",
        64: "reserved network name",
        65: "no template defined for postoffice",
        66: "local postoffice transaction ignored",
        67: "resync extract is possible at the server only",
        68: "network name already in use",
        69: "only letters and digits are allowed in a network name",
        70: "only letters and digits are allowed in a postoffice name",
        71: "only letters and digits are allowed in a mailbox name",
        72: "fullname is too long",
        73: "template option not set, template information ignored",
        74: "FAX recipient field too long",
        75: "FAX location field too long",
        76: "FAX company field too long",
        77: "FAX phone number field too long",
        79: "out of disk space",
        81: "no mailbox name",
        82: "local user information not allowed",
        90: "transaction not processed",
        91: "the database is locked by another process",
        104: "requestor process failed",
        105: "updates received",
        106: "updates sent",
        113: "failure to send mail",
        115: "failure to read mail",
        116: "attachment is missing or empty",
        118: "transaction limit reached",
        120: "requestor not registered",
        124: "invalid transaction format",
        125: "failure to copy attachment file",
        128: "could not process requestor status report",
        129: "could not find sync number",
        133: "invalid server request",
        136: "the local requestor is not registered",
        138: "server sync does not exist anymore",
        139: "number of missing transactions",
        142: "bad address",
        144: "unable to partition line",
        150: "could not append transactions to the updates file",
        151: "requestor configuration busy",
        152: "failure to transmit requestor updates",
        154: "non-delivery report",
        155: "invalid directory synchronization profile",
        156: "invalid directory synchronization password",
        157: "directory synchronization software version out of sync",
        158: "requestor not registered",
        159: "failure to send update mail to requestor",
        161: "server configuration busy",
        162: "failure to transmit server updates",
        163: "failure to copy server updates",
        166: "manual import required",
        167: "server updates requested for address types",
        171: "no requestor updates to send",
        201: "a postoffice has no list of users",
        202: "no valid postoffice found",
        203: "global address list: problem accessing files",
        204: "global address list: out of disk space",
        249: "not enough free file handles",
    }
)


def message(code: int) -> str:
    """The text of a number; a number that is not in the table says only that."""
    return MESSAGES.get(code, f"error {code}")


def address_error(code: int, got: str) -> AddressError:
    """The error for an address that breaks the rule of that number."""
    return AddressError(message(code), got=got, code=code)


def format_error(code: int, *, line: int = 0, field: str = "", expected: str = "", got: str = "") -> FormatError:
    """The error for a text that breaks the rule of that number."""
    return FormatError(message(code), line=line, field=field, expected=expected, got=got, code=code)
