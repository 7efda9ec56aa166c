"""Writes the generated parts of the documentation; a test fails when they are out of date.

    python docs/generate.py [PAGE …]  write all pages, or these
    python docs/generate.py --check   say what is out of date

A generated part stands between ``<!-- generated: NAME -->`` and ``<!-- end -->`` in a page.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
if __name__ == "__main__":
    sys.path.insert(0, str(DOCS.parent))

# Python looks for a script's imports beside the script, so the line above comes first.
from docs.generators import (  # noqa: E402 - see above
    adminguide,
    adminmove,
    api,
    byhand,
    byroutes,
    byserver,
    ccmail,
    compatibility,
    configurations,
    demo,
    exchange,
    formats,
    mail,
    manysites,
    plugins,
    procedures,
    reference,
)
from docs.generators.markdown import table  # noqa: E402 - see above

#: The groups of checks of the conformance kit.
KIT = tuple(
    f"{group}-checks"
    for group in (
        *("collecting", "reading", "delivering", "proving", "offering", "manners"),
        *("transport", "address", "decoder", "plugin"),
    )
)

BLOCK = re.compile(r"(<!-- generated: (?P<name>[a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def _rules(rules: tuple[Any, ...]) -> str:
    return table(("rule", "when", "then", "source"), ((r.name, r.when, r.then, r.source) for r in rules))


def _machine(module: str, name: str) -> Callable[[], str]:
    def block() -> str:
        import importlib

        return _rules(getattr(importlib.import_module(f"dxa.dirsync.{module}"), name))

    return block


def _kit(name: str) -> Callable[[], str]:
    def block() -> str:
        from dxa.testing.catalog import HEADER, rows

        return table(HEADER, rows(name))

    return block


#: What makes each part; None says that it cannot be made here, and the page keeps what it has.
BLOCKS: dict[str, Callable[[], str | None]] = {
    "server-inbound": _machine("server", "INBOUND"),
    "server-asking": _machine("server", "ASKING"),
    "server-answering": _machine("server", "ANSWERING"),
    "requestor-replies": _machine("requestor", "REPLIES"),
    "requestor-acknowledging": _machine("requestor", "ACKNOWLEDGING"),
    "compatibility-summary": compatibility.summary,
    "compatibility": compatibility.page,
    "hooks": reference.hooks,
    "commands": reference.commands,
    "json": reference.json,
    "configuration": reference.configuration,
    **{name: _kit(name) for name in KIT},
    "demo": demo.excerpt,
    "demo-ccmail": demo.ccmail,
    "demo-directory": demo.directory,
    "demo-directory-server": demo.server,
    "msmail-files": formats.files,
    "msmail-records": formats.records,
    **api.blocks(),
    **adminguide.blocks(),
    **adminmove.blocks(),
    **byhand.blocks(),
    **byserver.blocks(),
    **byroutes.blocks(),
    **ccmail.blocks(),
    **configurations.blocks(),
    **exchange.blocks(),
    **mail.blocks(),
    **manysites.blocks(),
    **plugins.blocks(),
    **procedures.blocks(),
}


def render(text: str) -> str:
    """The page with its generated parts made anew; parts that nobody generates stay."""

    def part(match: re.Match[str]) -> str:
        make = BLOCKS.get(match["name"])
        made = make() if make is not None else None
        return match[0] if made is None else f"{match[1]}{made}{match[3]}"

    return BLOCK.sub(part, text)


def pages() -> list[Path]:
    """Every page that may have generated parts."""
    return sorted(
        [
            *DOCS.glob("*.md"),
            *DOCS.glob("formats/*.md"),
            *DOCS.glob("configurations/*.md"),
            *DOCS.parent.glob("README.md"),
        ]
    )


def main(arguments: list[str]) -> int:
    """Write the pages, or with ``--check`` name those that are out of date."""
    stale = []
    wanted = {Path(argument).name for argument in arguments if argument != "--check"}
    for page in (page for page in pages() if page.name in wanted or not wanted):
        old = page.read_text(encoding="utf-8")
        new = render(old)
        if new != old:
            stale.append(page.name)
            if "--check" not in arguments:
                page.write_text(new, encoding="utf-8")
    for name in stale:
        sys.stdout.write(f"{name}\n")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
