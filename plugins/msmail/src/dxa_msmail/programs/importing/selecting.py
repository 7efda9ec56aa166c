"""``-g``: which of all address lists Import is to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import attrs

from dxa.address import AddressTypes
from dxa.ledger.answer import ListKey
from dxa_msmail.addresses import MS
from dxa_msmail.importlines import Template
from dxa_msmail.importtext import Others, Records
from dxa_msmail.requestor.lists import list_key


@attrs.frozen
class Selector:
    """Lists of one address type: that of one postoffice or node, in lower case, or all of them when there is none."""

    type: str
    list: str = ""

    @classmethod
    def parse(cls, text: str, types: AddressTypes) -> Selector:
        r"""``SMTP``, ``PROFS:GATE/NODE``, and ``PCM:net\po`` (KB Q101933); raises `AddressError` 16."""
        type_, _, name = text.replace("\\", "/").partition(":")
        return cls(types.get(type_.strip()).name, name.strip(" /").casefold())

    def takes(self, key: ListKey) -> bool:
        """Whether the list is meant; records without an address are about any list."""
        type_, name = key
        return not type_ or (type_ == self.type and self.list in ("", name))

    def __str__(self) -> str:
        return f"{'PCM' if self.type == MS.name else self.type}:{self.list.upper()}"


def select(records: Records, takes: Callable[[ListKey], bool]) -> tuple[Records, Counter[str]]:
    """The records about lists that are meant, and of which address types how many others were."""
    rows = zip(records.transactions, records.lines, strict=True)
    found = [(row, line, list_key(entry)) for row, line in rows if (entry := row.new or row.old)]
    kept = [(row, line) for row, line, key in found if takes(key)]
    templates = [each for each in records.templates if takes(_key(each))]
    keys = [*(key for _, _, key in found), *map(_key, records.templates)]
    chosen = Others(lines=[line for _, line in kept], transactions=[row for row, _ in kept], templates=templates)
    return attrs.evolve(records, parts=[chosen]), Counter(key[0] for key in keys if not takes(key))


def _key(template: Template) -> ListKey:
    return template.type, template.list.casefold()
