"""Names: of sites, and of the files that they write into a shared folder.

A site is ``ORGANIZATION/SITE``; case does not count. Every file name begins with the tags of its writer and of the
site that it is for, so that any number of sites can share one folder, and each knows which files are its own.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import NamedTuple

from dxa.errors import AddressError

#: The ending of every file of a site link.
SUFFIX = ".dxs"

_NAME = re.compile(
    r"(?P<sender>[a-z0-9-]+)\.(?P<to>[a-z0-9-]+)\.(?P<link>[a-z0-9-]+)\.(?P<what>status|[0-9]{1,18})\.dxs"
)
_LONGEST = 40


class FileName(NamedTuple):
    """What a file's name says: the tags of two sites, the id of the link, the batch's number (None: a status)."""

    sender: str
    to: str
    link: str
    number: int | None

    def __str__(self) -> str:
        what = "status" if self.number is None else f"{self.number:010d}"
        return f"{self.sender}.{self.to}.{self.link}.{what}{SUFFIX}"


def read_name(text: str) -> FileName | None:
    """What the name says; None when it is no file of a site link."""
    match = _NAME.fullmatch(text)
    if match is None:
        return None
    what = match["what"]
    return FileName(match["sender"], match["to"], match["link"], None if what == "status" else int(what))


def site_name(site: tuple[str, str]) -> str:
    """``ORGANIZATION/SITE``."""
    return f"{site[0]}/{site[1]}"


def check_site(name: str) -> None:
    """Raises `AddressError` for a text that cannot be the name of a site."""
    organization, slash, site = name.partition("/")
    if not (slash and organization.strip() and site.strip() and name.isprintable()):
        raise AddressError("a site is called ORGANIZATION/SITE, as in its [site] table", got=name)


def tag(name: str) -> str:
    """A site's name as a part of file names: readable, and another one for every other site."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:_LONGEST].strip("-")
    return f"{plain}-{blake2b(name.casefold().encode('utf-8', 'surrogatepass'), digest_size=4).hexdigest()}".lstrip("-")


def same_site(one: str, other: str) -> bool:
    """Whether both names are one site's."""
    return one.casefold() == other.casefold()
