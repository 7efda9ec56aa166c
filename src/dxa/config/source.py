"""The file ``dxa.toml`` itself: read and parsed once, for the plugins that it wants and for everything else."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from dxa.errors import ConfigError

FILE_NAME = "dxa.toml"

Table = Mapping[str, Any]


@attrs.frozen(kw_only=True)
class Source:
    """A configuration as it was read: its tables, or the `problem` that it has as a file."""

    path: Path
    tables: Table = attrs.field(factory=dict)
    problem: str = ""

    @classmethod
    def read(cls, path: Path) -> Source:
        """What is in the file `path`, or in that of the folder `path`; what is wrong with it is kept as its problem."""
        path = path / FILE_NAME if path.is_dir() else path
        try:
            return cls.of(path.read_text(encoding="utf-8-sig"), path)
        except FileNotFoundError:
            problem = "there is no such file; `dxa init` writes one"
        except UnicodeDecodeError as error:
            problem = f"byte {error.start} is not UTF-8"
        except OSError as error:
            problem = f"cannot be read: {error.strerror}"
        return cls(path=path, problem=problem)

    @classmethod
    def of(cls, text: str, path: Path) -> Source:
        """This text, which stands or will stand in the file `path`."""
        try:
            return cls(path=path, tables=tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            return cls(path=path, problem=f"not TOML: {error}")

    def checked(self) -> Table:
        """The tables; raises `ConfigError` where there are none."""
        if self.problem:
            raise ConfigError(str(self.path), [self.problem])
        return self.tables
