"""Whether the site's post offices may be what they are to be: else nothing is done, and one error says why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dxa.errors import UsageError
from dxa_ccmail.names import fold
from dxa_ccmail.offices import Standing, owner_comment, owner_of, standing
from dxa_ccmail.record import Record


def check_offices(entries: Mapping[str, Record], offices: Sequence[str], server: str, *, known: bool) -> None:
    """Look at the entries that have the names of the site's post offices; `known` when dxa has been here before.

    Raises:
        UsageError: when one of them is somebody else's.
    """
    for office in offices:
        entry = entries.get(fold(office))
        where = standing(entry, server)
        if entry is not None and where not in (Standing.ABSENT, Standing.OURS):
            raise UsageError(f"{_problem(office, entry, where, server, known)}. Nothing was changed on either side")


def _problem(office: str, entry: Record, where: Standing, server: str, known: bool) -> str:
    if where is Standing.TAKEN:
        # KB Q156063 2.6.10 (cc:Mail T09): mail for the site would go to that mailbox.
        return (
            f"the site is to be the post office {office!r}, and cc:Mail has a mailbox {entry.name.strip()!r} (Locn "
            f"{entry.locn}); choose another site_office"
        )
    if where is Standing.FOREIGN:
        # KB Q156063 2.6.2 (cc:Mail T05): a connector that moved must not take over what the old one made.
        return (
            f"the post office {office!r} was made by the connector of the server {owner_of(entry.cmts)!r}, not of "
            f"{server!r}; delete it in cc:Mail with the entries behind it, or mend the option server"
        )
    if known:
        # KB Q167830 (cc:Mail T04): the original took its own entries for cc:Mail's, and the other way round.
        return (
            f"the post office {office!r} has lost the comment {owner_comment(server)!r}, by which dxa knows its own "
            f"entries; it is {entry.cmts.strip()!r} now. Give it back in cc:Mail (events 14013 and 14018)"
        )
    # KB Q156063 2.6.4 (cc:Mail T08): a post office that was made by hand is never adopted.
    return (
        f"cc:Mail has a post office {office!r} already, made by hand (its comment is {entry.cmts.strip()!r}); delete "
        "it there, and dxa makes it in the next cycle, or choose another site_office"
    )
