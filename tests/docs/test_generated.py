from pathlib import Path

import pytest

from docs.generate import BLOCK, BLOCKS, main, pages, render

PAGES = pages()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_generated_parts_are_up_to_date(page: Path):
    """What a page has from the code is what the code says now; `python docs/generate.py` writes it anew."""
    text = page.read_text(encoding="utf-8")

    assert render(text) == text


def test_every_generator_is_used():
    """What the program can write stands on a page."""
    names = {match["name"] for page in PAGES for match in BLOCK.finditer(page.read_text(encoding="utf-8"))}

    assert set() == BLOCKS.keys() - names


def test_a_part_that_nobody_generates_stays():
    """A part with a name that the program does not know is left as it is."""
    text = "<!-- generated: nobody -->\nold\n<!-- end -->"

    assert render(text) == text


def test_check_names_what_is_out_of_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """`--check` names the stale page and writes nothing; without it the page is written."""
    page = tmp_path / "page.md"
    page.write_text("<!-- generated: hooks -->\n(stale)\n<!-- end -->\n", encoding="utf-8")
    monkeypatch.setattr("docs.generate.DOCS", tmp_path)

    assert 1 == main(["--check"])
    assert "page.md\n" == capsys.readouterr().out
    assert "(stale)" in page.read_text(encoding="utf-8")
    assert 0 == main([])
    assert "(stale)" not in page.read_text(encoding="utf-8")
    assert 0 == main(["--check"])
