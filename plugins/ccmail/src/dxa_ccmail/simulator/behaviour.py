"""How the stand-ins misbehave on request; everything that can go wrong with the originals can be played."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class Behaviour:
    """What the next runs do; with nothing set they do their work.

    `runs` is for how many runs of either program it holds; 0 is for good.
    """

    export_code: int = attrs.field(default=0, metadata={"doc": "EXPORT ends at once with this code"})
    import_code: int = attrs.field(default=0, metadata={"doc": "IMPORT ends with this code, without doing anything"})
    stop_after: int = attrs.field(default=-1, metadata={"doc": "IMPORT ends with code 1 after so many records"})
    slow: float = attrs.field(default=0.0, metadata={"doc": "EXPORT takes so many seconds to write a file"})
    cut: int = attrs.field(default=0, metadata={"doc": "so many bytes are missing at the end of each export"})
    absent: bool = attrs.field(default=False, metadata={"doc": "EXPORT ends with code 0 and leaves no file"})
    echo: bool = attrs.field(default=False, metadata={"doc": "the programs say how they were called, password and all"})
    refuse: tuple[str, ...] = attrs.field(
        default=(), metadata={"doc": "IMPORT refuses entries whose names fit this pattern"}
    )
    runs: int = attrs.field(default=0, metadata={"doc": "for so many runs; 0 is for good"})

    def after_a_run(self) -> Behaviour:
        """What holds for the run behind this one."""
        if not self.runs:
            return self
        return attrs.evolve(self, runs=self.runs - 1) if self.runs > 1 else Behaviour()


#: Nothing special.
GOOD = Behaviour()
