import re

import pytest

from docs.generate import DOCS
from docs.generators import formats
from dxa_msmail.postoffice.catalog import KINDS, FileKind
from dxa_msmail.postoffice.layout import layout_of

PAGE = (DOCS / "formats" / "msmail.md").read_text(encoding="utf-8")


def test_links_inside_the_page_lead_somewhere() -> None:
    """Headings are unique, and every link to one of them finds it."""
    anchors = [formats.anchor(heading) for heading in re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)]

    assert len(set(anchors)) == len(anchors)
    assert set() == set(re.findall(r"\]\(#([^)]*)\)", PAGE)) - set(anchors)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_byte_of_every_record_is_told(kind: FileKind) -> None:
    """The rows of a file's tables follow each other without a gap, from the first byte of each record to its last."""
    section = PAGE.split(f"### {kind.title}\n")[1].split("\n### ")[0]
    spans = [
        (int(at, 16), int(size)) for at, size in re.findall(r"^\| 0x([0-9A-F]+) \| (\d+) \|", section, re.MULTILINE)
    ]
    ends = []
    at = 0
    for begin, size in spans:
        if begin == 0 and at:
            ends.append(at)
            at = 0
        assert begin == at
        at += size

    assert [layout_of(record).size for record in kind.classes] == [*ends, at][: len(kind.classes)]


def test_what_is_not_in_a_table_is_told_in_words() -> None:
    """A file that is more than records has a part of the page; so has one whose records do not say everything."""
    headings = set(re.findall(r"^### (.*)$", PAGE, re.MULTILINE))

    assert set() == set(formats.IN_WORDS.values()) - headings
    assert set() == {kind.name for kind in KINDS if kind.parts or not kind.record} - formats.IN_WORDS.keys()
