"""What a site makes of the names, comments and addresses of cc:Mail: all rules of one link together."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

import attrs

from dxa.entry import Fields
from dxa.rules.scope import matches
from dxa_ccmail.addresses import BOARD_MARK, CcAddress
from dxa_ccmail.comments import CommentRule
from dxa_ccmail.names import first_last, halves, last_first
from dxa_ccmail.patterns import ALIAS, DISPLAY_NAME, Pattern


@attrs.frozen(kw_only=True)
class SiteRules:
    """The rules for what is imported.

    With `secondary` people of the form ``Last, First`` are called so in their primary address and ``First Last`` in a
    secondary one (KB Q154053); else they have the second form only.
    """

    display_name: Pattern = attrs.field(default=Pattern(DISPLAY_NAME))
    alias_name: Pattern = attrs.field(default=Pattern(ALIAS))
    comment: CommentRule = attrs.field(default=CommentRule())
    secondary: bool = False

    def display(self, name: str) -> str:
        """The display name."""
        return self.display_name.apply(name)

    def alias(self, name: str) -> str:
        """The alias, not yet made unique; without blanks, which no alias has (that is ours: no article shows one)."""
        return "".join(self.alias_name.apply(name).split())

    def forms(self, name: str) -> tuple[str, ...]:
        """The forms of a name that stand in addresses, the primary one first.

        Names of lists and boards and all others that are not ``Last, First`` have the one form that they have.
        """
        if halves(name) is None or name.startswith(BOARD_MARK):
            return (name.strip(),)
        return (last_first(name), first_last(name)) if self.secondary else (first_last(name),)

    def attributes(self, comment: str) -> Fields:
        """What stands in a comment."""
        return self.comment.attributes(comment)


class Mode(Enum):
    """What the patterns of a filter mean (KB Q153487, Q295753; the wording of the third is inferred)."""

    ALL = "all"
    ONLY = "only"
    EXCEPT = "except"


def _patterns(patterns: Iterable[str]) -> tuple[str, ...]:
    return tuple(pattern.strip() for pattern in patterns)


@attrs.frozen
class AddressFilter:
    """Which addresses of cc:Mail are imported: ``* at SITE1``, in which a ``*`` stands for any text."""

    mode: Mode = Mode.ALL
    patterns: tuple[str, ...] = attrs.field(default=(), converter=_patterns)

    def __attrs_post_init__(self) -> None:
        if not all(self.patterns):
            raise ValueError("a blank pattern")
        if self.mode is Mode.ALL and self.patterns:
            raise ValueError(f"patterns without effect: {', '.join(self.patterns)}; choose only or except")

    def why_not(self, addresses: Iterable[str]) -> str:
        """Why an entry with these addresses is not imported; ``""`` when it is.

        What the site itself has put there is no subject of filters: it must be seen, or it could never be deleted
        (KB Q153487).
        """
        if self.mode is Mode.ALL:
            return ""
        texts = list(addresses)
        hit = next((pattern for pattern in self.patterns if any(matches(pattern, text) for text in texts)), None)
        if self.mode is Mode.EXCEPT:
            return f"filter: matches {hit!r}" if hit else ""
        return "" if hit else f"filter: matches none of {', '.join(map(repr, self.patterns))}"


def board_address(title: str, post_office: str = "") -> CcAddress:
    """The address of a bulletin board: ``#Social``, valid at its own post office only (KB Q156063 2.6.7)."""
    return CcAddress(BOARD_MARK + title.strip().removeprefix(BOARD_MARK), post_office)
