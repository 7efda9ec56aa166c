"""What is configured about the people of a directory: a table that the plugin's connectors share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import attrs

from dxa.options import option, told
from dxa_exchange import dialects, names
from dxa_exchange.dialects import Dialect, Name

#: Why an object is no recipient; see `dxa_exchange.peoplefilter`.
Skip: TypeAlias = Literal["system", "hidden", "no-proxies", "no-legacy", "no-home", "no-primary", "no-target"]

#: Attributes that are never fields: secrets, and what a server counts and stamps (patterns, folded).
ALWAYS_DROPPED = (
    *("*password*", "*pwd*", "dbcsp*", "lmhash", "nthash", "sambant*", "sambalm*", "supplementalcredentials"),
    *("ntsecuritydescriptor", "replpropertymetadata", "dscorepropagationdata", "usn*", "when*", "lastlogo*", "logon*"),
    *("badp*", "*timestamp", "creatorsname", "modifiersname", "entrycsn", "entrydn", "structuralobjectclass"),
    *("subschemasubentry", "hassubordinates", "contextcsn", "instancetype", "objectversion", "object-version"),
)


def _all_names(texts: tuple[str, ...]) -> None:
    for text in texts:
        names.read(text)


def without_backflow(options: PeopleOptions) -> None:
    """Raise `ValueError` when it is wanted where people are never written to."""
    if options.backflow:
        raise ValueError("backflow needs a directory that is asked directly (connector ldap); leave it off")


def _marking(text: str) -> None:
    attribute, equals, _ = text.partition("=")
    if text and not (equals and attribute.strip()):
        raise ValueError(f"expected ATTRIBUTE=VALUE, got {text!r}")


@attrs.frozen(kw_only=True)
class PeopleOptions:
    """``[links.NAME.….people]``."""

    dialect: Name = option("how the directory tells of people: csv55, raw55, ex55, ad or generic", "generic")
    bases: tuple[str, ...] = option(
        "containers that are read, with all below them; a recipient's container is its path below the first that "
        "fits; none reads all that comes",
        (),
        told(_all_names),
    )
    sync_container: str = option(
        "container in which dxa keeps its objects, and outside of which it changes nothing; empty writes nothing",
        "",
        told(names.read),
    )
    classes: tuple[str, ...] = option(
        "classes of the objects that are written, the most special last; none is what the dialect usually has", ()
    )
    rdn: str = option("attribute that names an object in its container", "cn")
    mark: str = option(
        "attribute and value of the ownership mark, as in adminDescription=dxa Lab/Berlin; empty is an attribute of "
        "the dialect, and the site's name",
        "",
        told(_marking),
    )
    domains: tuple[str, ...] = option(
        "mail domains of the directory: the address of a mailbox or group is one in these; none takes the primary one",
        (),
    )
    skip: tuple[Skip, ...] | None = option(
        "objects that are no recipients: system (mailboxes of the system), hidden, no-proxies (without proxy "
        "addresses), no-legacy (without legacyExchangeDN), no-home (users with neither home server nor target), "
        "no-primary (groups without a primary SMTP address), no-target (contacts without target); empty is system",
        None,
    )
    attributes: Mapping[str, str] = option(
        'names of attributes that the dialect has otherwise, ours = theirs: department = "ou"; "" leaves one out', {}
    )
    others: bool = option("keep attributes that no table knows, under their own names", True)
    drop: tuple[str, ...] = option("attributes that are not kept; * stands for any text", ())
    stamp: bool = option("write msExchRecipientDisplayType and TypeDetails, which Exchange itself should (ad)", False)
    backflow: bool = option(
        "add X500 addresses of their contacts elsewhere to people of this directory (by LDAP only)",
        False,
    )

    def spoken(self, available: frozenset[str] | None = None) -> Dialect:
        """The dialect with what is configured; `available` are the attributes that the server has (None: all)."""
        return dialects.dialect(self.dialect, self.attributes, self.classes, available)

    def skipped(self) -> tuple[Skip, ...]:
        """Which objects are no recipients."""
        return ("system",) if self.skip is None else self.skip

    def marking(self, site: tuple[str, str], dialect: Dialect) -> tuple[str, str]:
        """Attribute and value of the ownership mark, as the directory has them; the attribute is "" if it lacks one."""
        if self.mark:
            name, _, value = self.mark.partition("=")
            return name.strip(), value.strip() or mark_of(site)
        neutral = "importedFrom" if dialect.files else "adminDescription"
        return dialect.theirs(neutral), mark_of(site)

    def writes_in(self, system: str, site: tuple[str, str]) -> frozenset[tuple[str, ...]]:
        """The synchronisation container of a system, for those whose mark is the same; nothing when none is written.

        See `dxa.connector.ConnectorType.writes_in`.
        """
        if not self.sync_container:
            return frozenset()
        steps = [names.key(names.write((rdn,))) for rdn in reversed(names.read(self.sync_container))]
        _, mark = self.marking(site, self.spoken())
        return frozenset({(system, mark, *steps)})


def mark_of(site: tuple[str, str]) -> str:
    """``dxa ORG/SITE``."""
    return f"dxa {site[0]}/{site[1]}"
