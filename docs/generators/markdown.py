"""Markdown, as the generated parts use it."""

from __future__ import annotations

from collections.abc import Iterable


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table."""
    lines = [list(header), *(list(row) for row in rows)]
    cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines]
    text = [f"| {' | '.join(line)} |" for line in cells]
    return "\n".join([text[0], "|" + "---|" * len(cells[0]), *text[1:], ""])


def code(text: str) -> str:
    """The text as code; nothing of nothing."""
    return f"`{text}`" if text else ""


def fenced(text: str, language: str) -> str:
    """A block of code."""
    return f"```{language}\n{text.rstrip()}\n```\n"
