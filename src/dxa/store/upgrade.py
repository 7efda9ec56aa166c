"""Bring an older database to the schema of this program."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from dxa.store.schema import HEAD


def upgrade(connection: Connection, revision: str = HEAD) -> None:
    """Run the migrations that are missing; the caller holds a transaction."""
    command.upgrade(configuration(connection), revision)


def configuration(connection: Connection | None = None) -> Config:
    """What Alembic needs: where the migrations are, and the connection to use."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
