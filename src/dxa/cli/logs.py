"""The log: text on standard error, and a file if one is named. What commands print is no log."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import attrs

from dxa.errors import UsageError

#: A log file keeps at least this much: what was done is then known even when nobody looked (dx:T-224).
FILE_LEVEL = "info"


@attrs.define(kw_only=True)
class Logging:
    """How this run logs. structlog is loaded when the first command wants to log."""

    level: str = "warning"
    file: Path | None = None
    json: bool = False
    _ready: bool = False

    def check(self) -> None:
        """Raise when the log file cannot be written: no log and no error is the worst of both (dx:T-224)."""
        if self.file is not None:
            try:
                self.file.open("a", encoding="utf-8").close()
            except OSError as error:
                raise UsageError(f"cannot write the log file {self.file}: {error.strerror}") from None

    def begin(self) -> None:
        """Let what others log, connectors above all, be part of the log, if anybody has asked for one."""
        if self.file is not None or _number(self.level) < logging.WARNING:
            self.logger()

    def info(self, event: str, **details: Any) -> None:
        """Log what was done; costs nothing when nobody wants to know."""
        if self.file is not None or _number(self.level) <= logging.INFO:
            self.logger().info(event, **details)

    def logger(self) -> Any:
        """The program's logger, configured at the first use."""
        import structlog

        if not self._ready:
            self._configure()
            self._ready = True
        return structlog.get_logger("dxa")

    def close(self) -> None:
        """Close the log file. Another run in this process configures its own log."""
        if self._ready:
            top = logging.getLogger("dxa")
            for handler in list(top.handlers):
                top.removeHandler(handler)
                handler.close()
            top.propagate = True
            top.setLevel(logging.NOTSET)
            self._ready = False

    def _configure(self) -> None:
        import structlog

        handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
        handlers[0].setLevel(self.level.upper())
        if self.file is not None:
            handlers.append(logging.FileHandler(self.file, encoding="utf-8"))
            handlers[1].setLevel(min(_number(self.level), _number(FILE_LEVEL)))
        renderer: Any = (
            structlog.processors.JSONRenderer(ensure_ascii=False)
            if self.json
            else structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"], repr_native_str=False)
        )
        shared: list[Any] = [
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
        ]
        formatter = structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
        )
        top = logging.getLogger("dxa")
        for handler in handlers:
            handler.setFormatter(formatter)
            top.addHandler(handler)
        top.setLevel(min(handler.level for handler in handlers))
        top.propagate = False
        structlog.configure(
            processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
            logger_factory=structlog.stdlib.LoggerFactory(),
            wrapper_class=structlog.stdlib.BoundLogger,
            cache_logger_on_first_use=False,
        )


def _number(level: str) -> int:
    return logging.getLevelNamesMapping()[level.upper()]
