"""Command lines as templates, and the one place where a password becomes a part of one.

A template is a list of arguments, each with placeholders in braces. No shell ever sees them. An argument that is one
of the placeholders of `SPLIT` and nothing else becomes as many arguments as its text has words: none for no text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from dxa.config.secrets import SHOWN, Secret

#: The placeholders and their meaning.
PLACEHOLDERS = {
    "postoffice": "name of the post office",
    "password": "its password",
    "path": "path of the post office, as the program sees it",
    "file": "file to be written or read, with its whole path",
    "name": "the same file's name alone; the program runs in its folder",
    "kind": "what is exported, as the key `kinds` spells it",
    "mode": "add or delete, as the key `modes` spells it",
    "folder": "folder that the program runs in",
}
#: They stand for options of the program, of which there may be none or several.
SPLIT = frozenset({"kind", "mode"})

_PASSWORD = "password"
_PLACEHOLDER = re.compile(r"\{(\w*)\}")


def check_template(key: str, template: Iterable[str]) -> None:
    """Raise ValueError, beginning with the key, for an unknown placeholder, or a password in the program's name."""
    for number, argument in enumerate(template):
        for name in _PLACEHOLDER.findall(argument):
            if name not in PLACEHOLDERS:
                known = ", ".join(f"{{{each}}}" for each in PLACEHOLDERS)
                raise ValueError(f"{key}: unknown placeholder {{{name}}}; known are {known}")
            if name == _PASSWORD and number == 0:
                raise ValueError(f"{key}: the password cannot be a part of the program's name")


def names_in(template: Iterable[str]) -> frozenset[str]:
    """The placeholders that a template uses."""
    return frozenset(name for argument in template for name in _PLACEHOLDER.findall(argument))


def expand(template: Iterable[str], values: Mapping[str, str], password: Secret | None) -> tuple[str, ...]:
    """The arguments. What comes back holds the password: it goes to the program, and nowhere else."""
    known = {**values, _PASSWORD: password.reveal() if password else ""}
    return tuple(part for argument in template for part in _expanded(argument, known))


def _expanded(argument: str, values: Mapping[str, str]) -> Iterator[str]:
    alone = _PLACEHOLDER.fullmatch(argument)
    if alone and alone[1] in SPLIT:
        yield from values.get(alone[1], "").split()
    else:
        yield _PLACEHOLDER.sub(lambda found: values.get(found[1], ""), argument)


def masked(data: bytes, secrets: Iterable[Secret], code_page: str) -> bytes:
    """Text of a program without these passwords, in whatever case and in either encoding it shows them."""
    texts = [secret.reveal() for secret in secrets]
    spellings = {text.encode(page, "ignore") for text in texts for page in ("utf-8", code_page)} - {b""}
    if not spellings:
        return data
    # The longest one first: a part of it may be another spelling.
    found = b"|".join(map(re.escape, sorted(spellings, key=len, reverse=True)))
    return re.sub(found, SHOWN.encode(), data, flags=re.IGNORECASE)
