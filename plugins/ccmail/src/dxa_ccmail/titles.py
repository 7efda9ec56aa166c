"""The exports of mailing lists and bulletin boards (``CCMLIST.EXP``, ``CCMBB.EXP``).

Their layout is in no public source. KB Q181186 says what they are for: the connector reads the *titles*. So the reader
looks for titles and keeps all else as it is; which labels begin a title is configuration.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from dxa.entry import Reject
from dxa.errors import FormatError
from dxa_ccmail import codepage
from dxa_ccmail.export import CONTROL
from dxa_ccmail.exportwrite import LINE_END
from dxa_ccmail.runs import CTRL_Z

#: KB knows neither; these are the limits of a post office in the frequently asked questions of a cc:Mail consultancy.
LISTS, BOARDS, LIST_MEMBERS = 201, 201, 200


def _lower(labels: Iterable[str]) -> tuple[str, ...]:
    return tuple(label.lower() for label in labels)


@attrs.frozen(kw_only=True)
class TitleLayout:
    """How titles are told: the labels that begin one, in any case; the first of them is written.

    In a file that has none of these labels every line that is not indented is a title.
    """

    labels: tuple[str, ...] = attrs.field(default=("name",), converter=_lower, validator=attrs.validators.min_len(1))


TITLES = TitleLayout()


@attrs.frozen
class Title:
    """A mailing list or bulletin board: its title, where it stands, and the lines below it as they came."""

    name: str
    members: tuple[bytes, ...] = ()
    line: int = attrs.field(default=0, eq=False)
    offset: int = attrs.field(default=-1, eq=False)


def read_titles(
    data: bytes, *, code_page: str = codepage.DEFAULT, layout: TitleLayout = TITLES
) -> list[Title | Reject]:
    """The titles of a file, and a reject for each that is damaged; an empty file has none, and that is no error."""
    page = codepage.code_page(code_page)
    labelled = any(_label(line) in layout.labels for _, _, line in _lines(data))
    titles: list[Title | Reject] = []
    group: list[tuple[int, int, bytes]] = []
    for spot in _lines(data):
        starts = _label(spot[2]) in layout.labels if labelled else spot[2][:1] not in (b" ", b"\t")
        if starts and group:
            titles.append(_title(group, labelled, page, layout))
            group = []
        group.append(spot)
    return [*titles, _title(group, labelled, page, layout)] if group else titles


def write_titles(titles: Iterable[Title], *, code_page: str = codepage.DEFAULT, layout: TitleLayout = TITLES) -> bytes:
    """The titles with their members in the form that `read_titles` reads; it is ours, as nobody knows the original.

    Raises `FormatError` when a title cannot stand on one line or in the code page.
    """
    page = codepage.code_page(code_page)
    lines: list[bytes] = []
    for title in titles:
        if CONTROL.search(title.name) or not title.name.strip():
            raise FormatError("a title that is blank or has a control character", got=title.name)
        lines += [codepage.encode(f"{layout.labels[0].capitalize()}: {title.name}", page), *title.members]
    return b"".join(line + LINE_END for line in lines)


def _lines(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Line number, offset and content of each line that is not blank."""
    offset = 0
    for at, line in enumerate(data.split(b"\n"), 1):
        content = line.rstrip(b"\r" + CTRL_Z).lstrip(CTRL_Z)
        if content.strip(b" \t"):
            yield at, offset, content
        offset += len(line) + 1


def _label(line: bytes) -> str:
    label, colon, _ = line.partition(b":")
    return label.strip(b" \t").lower().decode("ascii", "backslashreplace") if colon else ""


def _title(group: list[tuple[int, int, bytes]], labelled: bool, page: str, layout: TitleLayout) -> Title | Reject:
    (at, offset, first), *rest = group
    try:
        if labelled and _label(first) not in layout.labels:
            raise FormatError("text before the first title")
        name = codepage.decode(first.partition(b":")[2] if labelled else first, page).strip()
        if not name or CONTROL.search(name):
            raise FormatError("a title that is blank or has a control character")
    except FormatError as error:
        raw = codepage.shown(b"\r\n".join(line for _, _, line in group), page)
        return Reject(0, at, raw, 0, error.reason)
    return Title(name, tuple(line for _, _, line in rest), at, offset)
