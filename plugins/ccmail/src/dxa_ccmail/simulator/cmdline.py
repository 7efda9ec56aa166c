"""The command lines of EXPORT and IMPORT, as far as sources show them for directories.

``EXPORT /NPO /Ppassword /Dpath /DIRECTORY/PROPADD /@file /BATCH`` (KB Q282172, Q186740), and
``EXPORT PO password path file DIRECTORY/PROPADD`` (PMDF, directory synchronization). The words ``LISTS``, ``BOARDS``
and ``DELETE`` are ours, because no source has any for them.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from dxa.errors import UsageError
from dxa_ccmail.running.interface import Kind, Mode
from dxa_ccmail.simulator.office import Order

DIRECTORY, PROP, PROPADD, DELETE, LISTS, BOARDS, BATCH = (
    *("DIRECTORY", "PROP", "PROPADD", "DELETE"),
    *("LISTS", "BOARDS", "BATCH"),
)
WORDS = frozenset({DIRECTORY, PROP, PROPADD, DELETE, LISTS, BOARDS, BATCH})

_LETTERS = {"N": "postoffice", "P": "password", "D": "path", "@": "file"}


@attrs.frozen(kw_only=True)
class Call:
    """What a command line says; `words` are the options in upper case."""

    postoffice: str = ""
    password: str = attrs.field(default="", repr=False)
    path: str = ""
    file: str = ""
    words: frozenset[str] = frozenset()

    @property
    def kind(self) -> Kind:
        """What is to be exported."""
        return Kind.LISTS if LISTS in self.words else Kind.BOARDS if BOARDS in self.words else Kind.DIRECTORY

    @property
    def mode(self) -> Mode:
        """What is to be done with the records of an import file."""
        return Mode.DELETE if DELETE in self.words else Mode.ADD

    @property
    def order(self) -> Order:
        """In which order a directory is to be exported."""
        return Order.PROPADD if PROPADD in self.words else Order.PROP if PROP in self.words else Order.PLAIN


def parse(arguments: Sequence[str]) -> Call:
    """Read a command line of either form.

    Raises:
        UsageError: for an option that nobody knows, or without DIRECTORY, LISTS or BOARDS; no password is shown.
    """
    given: dict[str, str] = {}
    words: set[str] = set()
    plain: list[str] = []
    for argument in arguments:
        found = _words(argument)
        if found:
            words |= found
        elif not argument.startswith("/") or (len(plain) in (2, 3) and not given):  # a path begins with a slash, too
            plain.append(argument)
        elif argument[1:2].upper() in _LETTERS:
            given[_LETTERS[argument[1].upper()]] = argument[2:]
        else:
            raise UsageError(f"unknown option {argument}")
    if len(plain) > len(_LETTERS) or (plain and given):
        raise UsageError("the post office, its password, its path and a file, or the same with options, not both")
    given |= dict(zip(_LETTERS.values(), plain, strict=False))
    if not words & {DIRECTORY, LISTS, BOARDS}:
        raise UsageError("only directories, lists and boards can be exported and imported here: /DIRECTORY is missing")
    return Call(words=frozenset(words), **given)


def _words(argument: str) -> set[str]:
    """The options that an argument is made of (``/DIRECTORY/PROP``); none when it is something else."""
    words = set(argument.upper().removeprefix("/").split("/"))
    return words if words <= WORDS else set()
