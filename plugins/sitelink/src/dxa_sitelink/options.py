"""What is configured about a site link: ``[links.NAME.sitelink]``, and ``sitelink`` of each of its peers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import attrs

from dxa.config.secrets import Secret
from dxa.connector import Kept
from dxa.ledger.answer import ListKey
from dxa.options import Field, filled, not_negative, option
from dxa_sitelink.sites import site_name

#: The type of address that stands for a site in lists: ``MS:ORGANIZATION/SITE/ALIAS``.
NATIVE = "MS"


def _plain(_instance: object, field: Field, value: str) -> None:
    if not re.fullmatch(r"[a-z0-9-]{1,32}", value):
        raise ValueError(f"{field.name} must be 1 to 32 of a-z, 0-9 and -, got {value!r}")


def _public_key(_instance: object, field: Field, value: str) -> None:
    if not value:
        return
    from dxa.signing import PublicKey

    try:
        PublicKey.parse(value)
    except ValueError as error:
        raise ValueError(f"{field.name}: {error}") from None


@attrs.frozen(kw_only=True)
class LinkOptions:
    """``[links.NAME.sitelink]``."""

    folder: str = option(
        "the folder that both sites reach; one inside the site's folder is made at first use", "sitelink", filled
    )
    key: Secret | None = option("this site's private key, as `dxa keygen` makes it: file:PATH", None)
    id: str = option("what both sites call the link; another one for a second link between them", "main", _plain)
    compress: bool = option("compress batches", False)
    patience: float = option(
        "seconds that a file whose end is missing may still be growing before it is told", 60.0, not_negative
    )
    aside: str = option(
        "folder for copies of files that could not be used, each with the reason", "sitelink-aside", filled
    )


@attrs.frozen(kw_only=True)
class PeerOptions:
    """``[links.NAME.peers."ORGANIZATION/SITE".sitelink]``."""

    public_key: str = option("the other site's public key, as its `dxa keygen` printed it", "", _public_key)
    unsigned: bool = option("believe its files though nothing proves that they are its own", False)

    def __attrs_post_init__(self) -> None:
        if self.unsigned and self.public_key:
            raise ValueError("public_key is given together with unsigned = true; leave one out")
        if not self.unsigned and not self.public_key:
            raise ValueError("public_key is missing; the other site's `dxa keygen` prints it")


def site_lists(site: tuple[str, str], _options: LinkOptions) -> frozenset[ListKey]:
    """The list in which the site's own people stand."""
    return frozenset({(NATIVE, site_name(site).casefold())})


def keeps(_site: Path, _link: str, options: LinkOptions) -> Sequence[Kept]:
    """Copies of what could not be used; the shared folder belongs to both sites, and what is in it comes again."""
    return [Kept(path=options.aside, together=False)]
