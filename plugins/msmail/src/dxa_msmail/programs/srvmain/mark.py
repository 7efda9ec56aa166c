"""The highest number that a directory server ever issued, in a file beside its postoffice.

A postoffice that is restored from a backup would issue numbers a second time, under which requestors hold something
else by now. So the highest one is kept outside of the folder that is restored: ``NAME.numbers`` beside ``NAME``.
"""

from __future__ import annotations

from pathlib import Path

import attrs

from dxa.disk import sync_folder
from dxa_msmail.postoffice.disk import put
from dxa_msmail.postoffice.maildata import Maildata


@attrs.frozen
class Mark:
    """The file of one postoffice."""

    po: Maildata

    @property
    def path(self) -> Path:
        """Where it is."""
        root = self.po.root.resolve()
        return root.with_name(f"{root.name}.numbers")

    def read(self) -> int:
        """The number; 0 when there is none that can be read."""
        try:
            return int(self.path.read_text("ascii"))
        except (OSError, ValueError):
            return 0

    def raise_to(self, number: int) -> str:
        """Store a number before anything is sent under it; returns why it could not be stored, else nothing."""
        if self.read() >= number:
            return ""
        try:
            new = self.path.with_suffix(".numbers-new")
            put(new, f"{number}\n".encode("ascii"), durable=self.po.durable, step=self.po.step)
            new.replace(self.path)
            if self.po.durable:
                sync_folder(self.path.parent)
        except (OSError, ValueError) as error:  # a postoffice that is the root of a disk has nothing beside it
            why = error.strerror if isinstance(error, OSError) else "it has no name"
            place = f"{self.po.root}.numbers"
            return f"{place}: {why}; after a restore from a backup numbers could be issued twice"
        return ""
