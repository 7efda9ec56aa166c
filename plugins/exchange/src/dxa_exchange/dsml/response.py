"""The responses of DSML 2.0: what became of each request, and the objects that a search has found."""

from __future__ import annotations

from typing import NamedTuple

from lxml import etree

from dxa.errors import FormatError
from dxa_exchange.directory import Bad, Record, attributes
from dxa_exchange.dsml.names import CODES, FAILURES, NSMAP, RESULTS, SEARCH_RESPONSE, local, tag
from dxa_exchange.dsml.request import needed, pairs
from dxa_exchange.dsml.values import Wrong, written_dn
from dxa_exchange.dsml.writer import text
from dxa_exchange.dsml.xmlsafe import Element
from dxa_exchange.values import shown

#: Results that are no failures: success, and the two answers to a comparison.
_GOOD = frozenset((0, 5, 6))


class Result(NamedTuple):
    """What became of one request.

    `kind` is the element, ``addResponse`` and so on; `code` and `description` are LDAP's result (RFC 4511, 4.1.9), in
    numbers and in a word (``""`` is written as the word for the code); `matched_dn` is how far the name was found.
    """

    kind: str
    request_id: str = ""
    code: int = 0
    description: str = ""
    message: str = ""
    matched_dn: str = ""
    referrals: tuple[str, ...] = ()


class Failure(NamedTuple):
    """Why there is no result (``errorResponse``): `type` is one of `dsmlnames.FAILURES`."""

    type: str
    message: str = ""
    request_id: str = ""
    detail: str = ""


Answer = Result | Failure | Record


def is_item(element: Element) -> bool:
    """Whether an element is one answer of a ``batchResponse``, or one request: what need not be kept afterwards."""
    parent = element.getparent()
    if parent is None:
        return False
    if parent.tag == SEARCH_RESPONSE:
        return True
    return parent.getparent() is None and element.tag != SEARCH_RESPONSE


def item(element: Element) -> Answer:
    """One answer; `Wrong` says what is the matter with it."""
    kind = local(element.tag)
    if kind == "searchResultEntry":
        return Record(needed(element, "dn"), attributes(pairs([e for e in element if local(e.tag) != "control"])))
    if kind == "searchResultReference":
        found = ", ".join(child.text or "" for child in element)
        raise Wrong(kind, f"a part of what was searched is on another server, which was not asked: {found}")
    if kind == "errorResponse":
        detail = element.find(tag("detail"))
        said = "" if detail is None else " ".join("".join(map(str, detail.itertext())).split())
        return Failure(element.get("type", "other"), _text(element, "message"), element.get("requestID", ""), said)
    if kind == "searchResultDone":
        parent = element.getparent()
        return _result("searchResponse", element, "" if parent is None else parent.get("requestID", ""))
    if kind in RESULTS:
        return _result(kind, element, "")
    raise Wrong("", f"expected a response such as addResponse, got {shown(kind)}")


def _result(kind: str, element: Element, request_id: str) -> Result:
    found = element.find(tag("resultCode"))
    if found is None:
        raise Wrong("resultCode", f"expected resultCode in {kind}, got none")
    code = needed(found, "code")
    if not (code.isascii() and code.isdigit() and len(code) <= _LONGEST_CODE):
        raise Wrong("resultCode", f"expected a number, got {shown(code)}")
    referrals = tuple(child.text or "" for child in element.findall(tag("referral")))
    return Result(
        kind,
        element.get("requestID", request_id),
        int(code),
        found.get("descr", ""),
        _text(element, "errorMessage"),
        element.get("matchedDN", ""),
        referrals,
    )


_LONGEST_CODE = 9


def _text(element: Element, name: str) -> str:
    found = element.find(tag(name))
    return "" if found is None else found.text or ""


def failed(line: int, answer: Result | Failure) -> Bad | None:
    """A result that is no success, or a failure, as something that could not be read."""
    of = f"request {answer.request_id!r}" if answer.request_id else "a request"
    match answer:
        case Result() if answer.code not in _GOOD:
            word = answer.description or CODES.get(answer.code, "")
            said = f": {answer.message}" if answer.message else ""
            return Bad(line, answer.kind, f"{of} failed with {answer.code} {word}{said}")
        case Failure():
            said = f": {answer.message}" if answer.message else ""
            return Bad(line, "errorResponse", f"{of} has no result: {answer.type}{said}")
    return None


def response(answer: Result | Failure) -> Element:
    """An answer as an element. Raises FormatError when it cannot be said."""
    if isinstance(answer, Failure):
        return _failure(answer)
    if answer.kind not in RESULTS:
        raise FormatError("no response is called so", expected=", ".join(RESULTS), got=answer.kind)
    head = {"requestID": text("requestID", answer.request_id)} if answer.request_id else {}
    matched = {"matchedDN": written_dn("matchedDN", answer.matched_dn)} if answer.matched_dn else {}
    if answer.kind != "searchResponse":
        return _filled(etree.Element(tag(answer.kind), head | matched, NSMAP), answer)
    element = etree.Element(SEARCH_RESPONSE, head, NSMAP)
    _filled(etree.SubElement(element, tag("searchResultDone"), head | matched), answer)
    return element


def _filled(element: Element, answer: Result) -> Element:
    word = answer.description or CODES.get(answer.code, "")
    said = {"code": str(answer.code)} | ({"descr": text("descr", word)} if word else {})
    etree.SubElement(element, tag("resultCode"), said)
    if answer.message:
        etree.SubElement(element, tag("errorMessage")).text = _cleaned(answer.message)
    for referral in answer.referrals:
        etree.SubElement(element, tag("referral")).text = text("referral", referral)
    return element


def _failure(answer: Failure) -> Element:
    if answer.type not in FAILURES:
        raise FormatError("no failure is called so", expected=", ".join(FAILURES), got=answer.type)
    said = {"type": answer.type} | ({"requestID": text("requestID", answer.request_id)} if answer.request_id else {})
    element = etree.Element(tag("errorResponse"), said, NSMAP)
    etree.SubElement(element, tag("message")).text = _cleaned(answer.message)
    if answer.detail:
        etree.SubElement(element, tag("detail")).text = _cleaned(answer.detail)
    return element


def _cleaned(message: str) -> str:
    """Words for people; what XML cannot carry is left out."""
    return "".join(c for c in message if c in "\t\n" or (c.isprintable() or c == "\u00a0"))
