"""DSML 2.0, file binding: changes of a directory as a batch of requests, and the batch of the answers.

Each rule, and how well it is known, is in ``docs/formats/dsml.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

from lxml import etree

from dxa.errors import FormatError
from dxa_exchange.directory import Bad, Change, Record
from dxa_exchange.dsml import request, response, writer, xmlsafe
from dxa_exchange.dsml.names import BATCH_REQUEST, BATCH_RESPONSE, NSMAP
from dxa_exchange.dsml.response import Failure, Result
from dxa_exchange.dsml.values import Wrong
from dxa_exchange.dsml.xmlsafe import LIMIT, Element, Sink
from dxa_exchange.streams import Bytes

__all__ = [
    "Batch",
    "Failure",
    "Item",
    "Request",
    "Result",
    "items",
    "located",
    "read",
    "requests",
    "responses",
    "write",
    "write_responses",
]

T = TypeVar("T")
#: How a batch is carried out: attribute, field of `Batch`, its words for false and true.
_MANNERS = (
    ("processing", "parallel", "sequential", "parallel"),
    ("responseOrder", "unordered", "sequential", "unordered"),
    ("onError", "resume", "exit", "resume"),
)


class Batch(NamedTuple):
    """How a batch is to be carried out: all at once or in order, answered in any order, and on after an error."""

    request_id: str = ""
    parallel: bool = False
    unordered: bool = False
    resume: bool = False


class Request(NamedTuple):
    """One change, with the identifier by which the response names it (``""``: none)."""

    id: str
    change: Change


Item = Batch | Request | Result | Failure | Record | Bad


def read(file: Bytes, *, limit: int = LIMIT) -> Iterator[Change | Record | Bad]:
    """The changes of a ``batchRequest``, or the objects that a ``batchResponse`` has found, in their order.

    What is neither is a `Bad` that names it: a search among the requests, a failure among the responses. Bytes never
    raise; behind broken or hostile XML nothing can be read, which is one last `Bad`.
    """
    return (item for _, item in located(file, limit=limit))


def located(file: Bytes, *, limit: int = LIMIT) -> Iterator[tuple[int, Change | Record | Bad]]:
    """As `read`, each with the line at which it begins."""
    for line, item in items(file, (BATCH_REQUEST, BATCH_RESPONSE), limit):
        match item:
            case Batch():
                continue
            case Request():
                yield line, item.change
            case Result() | Failure():
                bad = response.failed(line, item)
                if bad is not None:
                    yield line, bad
            case _:
                yield line, item


def requests(file: Bytes, *, limit: int = LIMIT) -> Iterator[Batch | Request | Bad]:
    """A ``batchRequest``: how it is to be carried out, then its requests."""
    for _, item in items(file, (BATCH_REQUEST,), limit):
        if isinstance(item, (Batch, Request, Bad)):
            yield item


def responses(file: Bytes, *, limit: int = LIMIT) -> Iterator[Result | Failure | Record | Bad]:
    """A ``batchResponse``: the result of each request, failures that have no result, and objects found."""
    for _, item in items(file, (BATCH_RESPONSE,), limit):
        if not isinstance(item, (Batch, Request)):
            yield item


def write(
    changes: Iterable[Change | Request],
    *,
    batch: Batch = Batch(),  # noqa: B008
    refused: Callable[[Change | Request, FormatError], None] | None = None,
) -> Iterator[bytes]:
    """A ``batchRequest``, bit by bit. What DSML 2.0 or XML cannot say goes to `refused` and is left out, or raises."""

    def element(item: Change | Request) -> Element:
        return writer.request(item.change, item.id) if isinstance(item, Request) else writer.request(item, "")

    return _written(BATCH_REQUEST, _said(batch), changes, element, refused)


def write_responses(answers: Iterable[Result | Failure], *, request_id: str = "") -> Iterator[bytes]:
    """A ``batchResponse``, bit by bit; `request_id` is that of the batch which is answered."""
    said = {"requestID": writer.text("requestID", request_id)} if request_id else {}
    return _written(BATCH_RESPONSE, said, answers, response.response, None)


def items(
    file: Bytes, roots: tuple[str, ...] = (BATCH_REQUEST, BATCH_RESPONSE), limit: int = LIMIT
) -> Iterator[tuple[int, Item]]:
    """Everything that a batch of requests or of responses holds, with the line at which it begins."""
    try:
        elements = xmlsafe.elements(file, roots, wanted=response.is_item, limit=limit)
        root = next(elements)
        answers = root.tag == BATCH_RESPONSE
        if not answers:
            yield xmlsafe.line_of(root), _carefully(root, _batch)
        for element in elements:
            yield xmlsafe.line_of(element), _carefully(element, response.item if answers else _request)
    except FormatError as error:
        yield error.line, xmlsafe.unreadable(error)


def _carefully(element: Element, meaning: Callable[[Element], T]) -> T | Bad:
    try:
        return meaning(element)
    except Wrong as wrong:
        of = element.get("requestID")
        reason = f"request {of!r}: {wrong.reason}" if of else wrong.reason
        return Bad(xmlsafe.line_of(element), wrong.field, reason, xmlsafe.raw_of(element))


def _request(element: Element) -> Request:
    return Request(element.get("requestID", ""), request.change(element))


def _batch(root: Element) -> Batch:
    manners = {}
    for name, field, no, yes in _MANNERS:
        word = root.get(name, no)
        if word not in (no, yes):
            raise Wrong(name, f"expected {no} or {yes}, got {word!r}")
        manners[field] = word == yes
    return Batch(root.get("requestID", ""), **manners)


def _said(batch: Batch) -> dict[str, str]:
    said = {"requestID": writer.text("requestID", batch.request_id)} if batch.request_id else {}
    for name, field, _, yes in _MANNERS:
        if getattr(batch, field):
            said[name] = yes
    return said


def _written(
    root: str,
    said: dict[str, str],
    items: Iterable[T],
    element: Callable[[T], Element],
    refused: Callable[[T, FormatError], None] | None,
) -> Iterator[bytes]:
    sink = Sink()
    with etree.xmlfile(sink, encoding="utf-8") as file:
        file.write_declaration()
        with file.element(root, said, nsmap=NSMAP):
            for item in items:
                try:
                    found = element(item)
                except FormatError as error:
                    if refused is None:
                        raise
                    refused(item, error)
                    continue
                file.write("\n")
                xmlsafe.put(file, found)
                file.flush()
                yield sink.take()
    yield sink.take()
