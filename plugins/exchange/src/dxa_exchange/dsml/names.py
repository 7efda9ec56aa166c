"""The names of DSML 2.0 (OASIS, 2002): namespaces, elements, and the words that stand in them."""

from __future__ import annotations

from typing import Any

NAMESPACE = "urn:oasis:names:tc:DSML:2:0:core"
SCHEMA, INSTANCE = "http://www.w3.org/2001/XMLSchema", "http://www.w3.org/2001/XMLSchema-instance"
NSMAP: dict[Any, str] = {None: NAMESPACE, "xsd": SCHEMA, "xsi": INSTANCE}
TYPE = f"{{{INSTANCE}}}type"


def tag(name: str) -> str:
    """The tag of an element of DSML 2.0."""
    return f"{{{NAMESPACE}}}{name}"


def local(element_tag: str) -> str:
    """The name of an element of DSML 2.0; the whole tag, with its namespace, of any other."""
    return element_tag.removeprefix(f"{{{NAMESPACE}}}")


BATCH_REQUEST, BATCH_RESPONSE, SEARCH_RESPONSE = map(tag, ("batchRequest", "batchResponse", "searchResponse"))
#: Requests that ask or do something else than change an object.
OTHER_REQUESTS = frozenset(("searchRequest", "compareRequest", "extendedRequest", "abandonRequest", "authRequest"))
#: The elements that hold the result of a request.
RESULTS = (
    *("addResponse", "modifyResponse", "delResponse", "modDNResponse"),
    *("searchResponse", "compareResponse", "extendedResponse", "authResponse"),
)
#: Why a request has no result (``type`` of an errorResponse).
FAILURES = (
    *("notAttempted", "couldNotConnect", "connectionClosed", "malformedRequest", "gatewayInternalError"),
    *("authenticationFailed", "unresolvableURI", "other"),
)
#: The words for result codes (RFC 4511, 4.1.9, as DSML spells them).
CODES = {
    0: "success",
    1: "operationsError",
    2: "protocolError",
    3: "timeLimitExceeded",
    4: "sizeLimitExceeded",
    5: "compareFalse",
    6: "compareTrue",
    7: "authMethodNotSupported",
    8: "strongAuthRequired",
    10: "referral",
    11: "adminLimitExceeded",
    12: "unavailableCriticalExtension",
    13: "confidentialityRequired",
    14: "saslBindInProgress",
    16: "noSuchAttribute",
    17: "undefinedAttributeType",
    18: "inappropriateMatching",
    19: "constraintViolation",
    20: "attributeOrValueExists",
    21: "invalidAttributeSyntax",
    32: "noSuchObject",
    33: "aliasProblem",
    34: "invalidDNSyntax",
    36: "aliasDerefencingProblem",
    48: "inappropriateAuthentication",
    49: "invalidCredentials",
    50: "insufficientAccessRights",
    51: "busy",
    52: "unavailable",
    53: "unwillingToPerform",
    54: "loopDetect",
    64: "namingViolation",
    65: "objectClassViolation",
    66: "notAllowedOnNonLeaf",
    67: "notAllowedOnRDN",
    68: "entryAlreadyExists",
    69: "objectClassModsProhibited",
    71: "affectMultipleDSAs",
    80: "other",
}
