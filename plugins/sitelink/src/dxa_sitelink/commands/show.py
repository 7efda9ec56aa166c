"""``dxa sitelink show``: what a file of a site link says, and who signed it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from dxa.signing import PublicKey
    from dxa_sitelink.container import Sealed

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--key", "keys", multiple=True, metavar="KEY", help="A public key that it may be signed with; repeatable."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(file: Path, keys: Sequence[str], as_json: bool) -> int:
    """Check FILE, a batch or status of a site link, and print it.

    With --key its signature is checked, too. Exit status 1 says that it is damaged, or not signed with any of these
    keys. The JSON has the keys "file", "header", "signature" and "transactions".
    """
    from dxa.errors import UsageError
    from dxa.signing import PublicKey
    from dxa_sitelink.container import unseal

    try:
        known = [PublicKey.parse(text) for text in keys]
    except ValueError as error:
        raise UsageError(f"--key: {error}") from None
    sealed = unseal(file.read_bytes())
    signature, good = _signature(sealed, known)
    transactions = list(_transactions(sealed))
    if as_json:
        told = {"file": str(file), "header": sealed.header, "signature": signature, "transactions": transactions}
        click.echo(json.dumps(told, ensure_ascii=True, indent=2))
    else:
        for line in _text(sealed.header, signature, transactions):
            click.echo(_CONTROL.sub("?", line))
    return 0 if good else 1


def _signature(sealed: Sealed, keys: Sequence[PublicKey]) -> tuple[str, bool]:
    """What is to be said of the signature, and whether that is well."""
    if sealed.signature is None:
        return "none", not keys
    if not keys:
        return "not checked; --key KEY checks it", True
    signer = next((key for key in keys if key.signed(sealed.signed, sealed.signature)), None)
    return ("of none of these keys", False) if signer is None else (f"good, of {signer.fingerprint}", True)


def _transactions(sealed: Sealed) -> Iterator[Any]:
    from dxa_sitelink.container import loads

    for line in sealed.body().split(b"\n")[:-1]:
        try:
            yield loads(line)
        except ValueError:
            yield line.decode("utf-8", "replace")


def _text(header: Mapping[str, Any], signature: str, transactions: Sequence[Any]) -> Iterator[str]:
    hidden = ("format", "version", "encoding", "length", "size")
    for name, value in header.items():
        if name not in hidden:
            yield f"{name + ':':11}{_shown(value)}"
    yield f"{'signature:':11}{signature}"
    for transaction in transactions:
        yield _line(transaction)


def _line(transaction: Any) -> str:
    if not isinstance(transaction, dict):
        return f"cannot be read: {transaction}"
    if "do" not in transaction:  # the lists of a status
        return "\n".join(f"{name + ':':11}{_shown(value)}" for name, value in transaction.items() if value)
    sides = [transaction[side] for side in ("old", "new") if isinstance(transaction.get(side), dict)]
    people = [f"{side.get('name')}  {side.get('type')}:{side.get('address')}  ({side.get('site')})" for side in sides]
    return f"{transaction.get('n')!s:>10}  {transaction.get('do')!s:8}{'  ->  '.join(people) or 'all lists'}".rstrip()


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
