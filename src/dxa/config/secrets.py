"""Secrets: the one place where references to passwords become passwords.

A secret in a configuration is ``env:NAME``, ``file:PATH`` (relative to the site's folder, one line), or, with a
warning, the text itself; ``text:…`` is a text that begins like a reference.
"""

from __future__ import annotations

import hmac
import os
import stat
from pathlib import Path

from dxa.errors import UsageError

#: What is shown in place of a secret.
SHOWN = "***"


class Secret:
    """A text that does not show itself, printed or formatted; `caution` says what is wrong with its keeping.

    `file` is where it stands, if that is a file of its own. One that is `missing`, for this reason, is there for
    whoever only looks at a site; using it raises `UsageError`. It is no attrs class, so that turning a value that holds
    it into a dictionary does not open it.
    """

    __slots__ = ("_text", "caution", "file", "missing")

    def __init__(self, text: str, caution: str = "", *, file: Path | None = None, missing: str = "") -> None:
        self._text = text
        self.caution = caution
        self.file = file
        self.missing = missing

    def __repr__(self) -> str:
        return SHOWN

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret) or self.missing or other.missing:
            return self is other
        return self.matches(other._text)

    def __hash__(self) -> int:
        return hash(SHOWN)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written anywhere")

    def reveal(self) -> str:
        """The text itself, for the wire only; raises `UsageError` when it is missing."""
        if self.missing:
            raise UsageError(self.missing)
        return self._text

    def matches(self, text: str) -> bool:
        """Whether the text is this one; takes the same time wherever they differ."""
        return hmac.compare_digest(_bytes(self.reveal()), _bytes(text))


def resolve(reference: str, folder: Path, *, needed: bool = True) -> Secret:
    """The secret that a reference of a configuration in `folder` stands for.

    Raises ValueError when there is none, unless it is not `needed`: then it is a missing one.
    """
    try:
        return _found(reference, folder)
    except ValueError as error:
        if needed:
            raise
        return Secret("", str(error), missing=str(error))


def _found(reference: str, folder: Path) -> Secret:
    scheme, colon, rest = reference.partition(":")
    if colon and scheme == "env":
        return _filled(_from_environment(rest), f"environment variable {rest} is empty")
    if colon and scheme == "file":
        return _from_file(folder / rest)
    text = rest if colon and scheme == "text" else reference
    caution = "stands in the file as plain text; use env:NAME or file:PATH"
    return _filled(Secret(text, caution), "is empty")


def _from_environment(name: str) -> Secret:
    value = os.environ.get(name)
    if value is None:
        raise ValueError(f"environment variable {name} is not set")
    return Secret(value)


def _from_file(path: Path) -> Secret:
    try:
        text = path.read_text(encoding="utf-8-sig")
        mode = stat.S_IMODE(path.stat().st_mode)
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not UTF-8 text") from None
    except (OSError, ValueError) as error:
        raise ValueError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    caution = f"{path} can be read by others (mode {mode:04o}); use chmod 600" if mode & 0o077 else ""
    return _filled(Secret(text.rstrip("\r\n"), caution, file=path), f"{path} is empty")


def _filled(secret: Secret, complaint: str) -> Secret:
    if not secret.reveal():
        raise ValueError(complaint)
    return secret


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
