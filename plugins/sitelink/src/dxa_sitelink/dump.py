"""Files of a site link for ``dxa dump``: the header, every transaction, the trailer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dxa.errors import FormatError
from dxa_sitelink.container import START, Sealed, loads, unseal
from dxa_sitelink.messages import STATUS


def sniff(data: bytes) -> bool:
    """Whether the bytes begin as a file of a site link does."""
    return data.startswith(START)


def decode(data: bytes) -> Iterator[dict[str, Any]]:
    """One row for the header, for each line, and for the trailer; what is broken is a row, too.

    Whether the signature is the right one cannot be said without a key: ``dxa sitelink show`` does.
    """
    try:
        sealed = unseal(data)
    except FormatError as error:
        yield _broken(error)
        return
    yield {**sealed.header, "kind": "header", "what": sealed.header.get("kind")}
    yield from _lines(sealed)
    yield {"kind": "trailer", "bytes": len(sealed.signed), "signed": sealed.signature is not None}


def _lines(sealed: Sealed) -> Iterator[dict[str, Any]]:
    try:
        body = sealed.body()
    except FormatError as error:
        yield _broken(error)
        return
    for at, line in enumerate(body.split(b"\n")[:-1], start=2):
        try:
            value = loads(line)
        except ValueError as error:
            value = f"no JSON: {error}"
        if isinstance(value, dict):
            what = "lists" if sealed.header.get("kind") == STATUS else "transaction"
            yield {"kind": what, "line": at, **{key: value[key] for key in value if key != "kind"}}
        else:
            reason = value if isinstance(value, str) else "no transaction"
            yield {"kind": "reject", "line": at, "code": 0, "reason": reason, "raw": line.decode("utf-8", "replace")}


def _broken(error: FormatError) -> dict[str, Any]:
    return {"kind": "error", "line": error.line, "offset": max(error.offset, 0), "code": 0, "reason": str(error)}
