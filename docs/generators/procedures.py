"""The page of procedures: a list of all, and the steps of each, from the table that the command has."""

from __future__ import annotations

from collections.abc import Callable

from docs.generators.markdown import table
from dxa_msmail.programs.procedures.program import Procedure
from dxa_msmail.programs.procedures.table import PROCEDURES

#: What stands for the names that a checklist fills in.
_NAMES = {
    "name": "NET/PO",
    "path": "PATH",
    "here": "the postoffice",
    "here_path": "PATH",
    "server": "the server",
    "server_path": "SERVER",
    "serving": "dxa msmail srvmain -r -d SERVER\ndxa msmail srvmain -t -d SERVER",
    "admin": "ADMIN",
}


def listing() -> str:
    """All procedures in a table."""
    rows = ((f"[`{each.name}`](#{each.name})", each.title, each.at, each.source) for each in PROCEDURES.values())
    return table(("procedure", "what", "begins at", "source"), rows)


def steps() -> str:
    """The steps of each."""
    return "\n".join(_one(each) for each in PROCEDURES.values())


def _one(found: Procedure) -> str:
    other = ["OTHER", "NEW"][: len(found.needs)]
    names = {**_NAMES, "other": (*other, "")[0], "other_path": "OTHER", "new": (*other, "", "")[1]}
    needs = "".join(f" {name} is {need}." for name, need in zip(other, found.needs, strict=True))
    typed = " ".join(["dxa msmail procedure", found.name, "ADMIN", *other, "-d PATH --go"])
    instead = f" Where dxa is the server: `{found.dxa}`." if found.dxa else ""
    rows = (
        (str(number), step.what.format_map(names), _commands(step.how.format_map(names)))
        for number, step in enumerate(found.steps, 1)
    )
    body = table(("step", "what", "by hand"), rows)
    return f"### {found.name}\n\n{found.title} ({found.source}). `{typed}` at {found.at}.{needs}{instead}\n\n{body}"


def _commands(how: str) -> str:
    return "<br>".join(f"`{line}`" for line in how.splitlines())


def blocks() -> dict[str, Callable[[], str]]:
    """The parts of the page by name."""
    return {"procedures": listing, "procedure-steps": steps}
