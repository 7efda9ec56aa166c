"""From where changes are wanted: the text that is stored together with what was read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import attrs

#: The form of the text; another one is not read.
VERSION = 1


@attrs.frozen(kw_only=True)
class Cookie:
    """A position in the changes of one server.

    `kind` is the source, `server` what tells the server from another one and from its own past, `scope` the digest of
    each container that is read (base, scope, filter), `rules` the digest of what its objects mean. `values` are the
    positions, by the container's digest. `full_at` is when everything was read last, in seconds. If anything of that
    is other than it is now, everything is read again.
    """

    kind: str
    server: str
    rules: str
    values: Mapping[str, str] = attrs.field(factory=dict)
    full_at: float = 0.0
    #: Anchors of objects that have one address with another one: who has it may change without their changing.
    rivals: Sequence[str] = ()

    def __str__(self) -> str:
        values = {"version": VERSION, **attrs.asdict(self, recurse=False)}
        return json.dumps(values, sort_keys=True, separators=(",", ":"))

    def differs(self, other: Cookie) -> str:
        """What is other than there; ``""`` when the positions of this one count there."""
        for name, text in (("kind", "the way of hearing changes"), ("server", "the server"), ("rules", "the rules")):
            if getattr(self, name) != getattr(other, name):
                return f"{text} changed"
        return "" if self.values.keys() == other.values.keys() else "the containers changed"


def parse(text: str) -> Cookie | None:
    """The cookie of a text; None for one that is none, or that another version wrote."""
    try:
        data = json.loads(text)
        if not isinstance(data, dict) or data.pop("version", None) != VERSION:
            return None
        found = Cookie(**data)
    except (ValueError, TypeError):
        return None
    values = isinstance(found.values, dict) and all(isinstance(value, str) for value in found.values.values())
    texts = all(isinstance(each, str) for each in (found.kind, found.server, found.rules))
    rivals = isinstance(found.rivals, list) and all(isinstance(each, str) for each in found.rivals)
    return found if values and texts and rivals and isinstance(found.full_at, int | float) else None
