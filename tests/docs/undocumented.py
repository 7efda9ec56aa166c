"""What `test_plugin_api` looks at: some of it says what it is, and some does not."""

from __future__ import annotations

import attrs

#: It is said here.
NUMBER = 1


class Silent: ...


@attrs.frozen
class Spoken:
    """It has a word, which is explained here."""

    silent: int
    word: int
    #: This is said.
    said: int

    def method(self) -> None:
        """It is said, too."""
