"""How the stand-ins misbehave on request; everything that can go wrong with the originals can be played."""

from __future__ import annotations

import attrs

from dxa.options import option


@attrs.frozen(kw_only=True)
class Behaviour:
    """What the next runs do; with nothing set they do their work.

    `runs` is for how many runs of either program it holds; 0 is for good.
    """

    export_code: int = option("EXPORT ends at once with this code", 0)
    import_code: int = option("IMPORT ends with this code, without doing anything", 0)
    stop_after: int = option("IMPORT ends with code 1 after so many records", -1)
    slow: float = option("EXPORT takes so many seconds to write a file", 0.0)
    cut: int = option("so many bytes are missing at the end of each export", 0)
    absent: bool = option("EXPORT ends with code 0 and leaves no file", False)
    echo: bool = option("the programs say how they were called, password and all", False)
    refuse: tuple[str, ...] = option("IMPORT refuses entries whose names fit this pattern", ())
    runs: int = option("for so many runs; 0 is for good", 0)

    def after_a_run(self) -> Behaviour:
        """What holds for the run behind this one."""
        if not self.runs:
            return self
        return attrs.evolve(self, runs=self.runs - 1) if self.runs > 1 else Behaviour()


#: Nothing special.
GOOD = Behaviour()
