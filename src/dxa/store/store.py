"""The store: everything that a site must not forget, in one database."""

from __future__ import annotations

import os
import sqlite3
from contextlib import AbstractContextManager, suppress
from functools import lru_cache
from pathlib import Path

from sqlalchemy import insert, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from dxa.address import AddressTypes
from dxa.errors import StoreError
from dxa.store.counters import Counters
from dxa.store.cuts import Cuts
from dxa.store.database import Database
from dxa.store.directory import Directory
from dxa.store.handover import Handover
from dxa.store.highwater import HighWater
from dxa.store.integrity import Integrity
from dxa.store.journal import Journal
from dxa.store.listings import Listings
from dxa.store.messages import Messages
from dxa.store.notices import Notices
from dxa.store.numbered import Numbered
from dxa.store.outbox import Outbox
from dxa.store.peers import Peers
from dxa.store.queue import Queue
from dxa.store.received import Received
from dxa.store.rejects import Rejects
from dxa.store.repairs import Repairs
from dxa.store.resting import Resting
from dxa.store.schema import HEAD, metadata, version
from dxa.store.verdicts import Held, Verdicts
from dxa.store.views import Views

_VERSION = select(version.c.version_num)
#: What to do where there is no database of dxa.
_ANEW = "bring back a backup by `dxa restore`, or begin anew by `dxa init` in another folder"


class Store:
    """An open database: a group of methods for each group of tables, transactions over all of them, and numbers.

    One store is used by one thread. Writers hold the site's lock; readers may come at any time.
    """

    def __init__(self, db: Database, high_water: HighWater) -> None:
        self._db, self.high_water = db, high_water
        self._counters = counters = Counters(db)
        self.peers = Peers(db, counters)
        self.directory = Directory(db, counters)
        self.received = Received(db)
        self.views = Views(db, counters)
        self.cuts = Cuts(db)
        self.outbox = Outbox(db, counters)
        self.messages = Messages(db, counters)
        self.rejects = Rejects(db, counters)
        self.notices = Notices(db, counters)
        self.verdicts = Verdicts(db)
        self.held = Held(db)
        self.resting = Resting(db)
        self.journal = Journal(db, counters, self.resting)
        self.numbered = Numbered(db)
        self.queue = Queue(db)
        self.listings = Listings(db)
        self.handover = Handover(db, counters)
        self.integrity = Integrity(db, counters)
        self.repairs = Repairs(db, counters)

    @classmethod
    def open(cls, url: str, high_water: HighWater, *, create: bool = False) -> Store:
        """Open the database at a URL, brought to this program's schema.

        Raises:
            StoreError: there is none (unless `create`), or it is of a newer version of the program.
        """
        file = _file(url)
        if file is not None and not create and not file.is_file():
            raise StoreError(f"there is no database {file}; {_ANEW}")
        if file is not None and create:
            _claim(file)
        db = Database(url)
        try:
            _bring_up(db, url, create)
        except BaseException:
            db.close()
            raise
        return cls(db, high_water)

    def close(self) -> None:
        """Close the database, and give back numbers that were reserved and not handed out."""
        self._db.close()
        self.high_water.close()

    @property
    def types(self) -> AddressTypes:
        """The address types that tell the key of an address; to be set before recipients are written."""
        return self.directory.types

    @types.setter
    def types(self, types: AddressTypes) -> None:
        self.directory.types = self.resting.types = types

    # -- transactions ----------------------------------------------------------------------------------------------

    def transaction(self) -> AbstractContextManager[None]:
        """All that is done inside is committed together at its end, or not at all; one inside another joins it."""
        return self._db.transaction()

    def rehearsal(self) -> AbstractContextManager[None]:
        """All that is done inside is taken back at its end, transactions included; no number is used up."""
        return self._db.rehearsal()

    # -- numbers ---------------------------------------------------------------------------------------------------

    def next_numbers(self, link: str, count: int) -> int:
        """The first of so many consecutive numbers that no peer of this link was ever given."""
        name = f"seq:{link}"
        with self.transaction():
            first = max(self.counter(name), self.high_water.value(name)) + 1
            if count:
                self.set_counter(name, first + count - 1)
                if not self._db.rehearsing:
                    self.high_water.reserve(name, first + count - 1)
        return first

    def raise_numbers(self, link: str, above: int) -> None:
        """The next numbers are higher than this one."""
        if above > self.highest(link):
            self.set_counter(f"seq:{link}", above)
            if not self._db.rehearsing:
                self.high_water.reserve(f"seq:{link}", above)

    def highest(self, link: str) -> int:
        """The highest number that was handed out, or that the next ones must exceed."""
        return self.counter(f"seq:{link}")

    def sequences(self) -> dict[str, int]:
        """The highest number of each sequence, by link."""
        known = {name.partition(":")[2] for name in self._counters.names() if name.startswith("seq:")}
        return {link: max(self.highest(link), self.high_water.value(f"seq:{link}")) for link in sorted(known)}

    def counter(self, name: str) -> int:
        """A named number; 0 as long as it was not set."""
        return self._counters.get(name)

    def set_counter(self, name: str, value: int) -> None:
        """Set a named number."""
        self._counters.set(name, value)

    # -- copies ----------------------------------------------------------------------------------------------------

    @property
    def schema(self) -> str:
        """The revision of the schema that the database has."""
        return str(self._db.value(_VERSION))

    @property
    def file(self) -> Path | None:
        """The file of the database, if it is one of SQLite in a file."""
        return _file(self._db.engine.url.render_as_string(hide_password=False))

    @property
    def advice(self) -> str:
        """With what a database is backed up that dxa does not copy."""
        tools = {"postgresql": "pg_dump", "mysql": "mysqldump", "mariadb": "mariadb-dump"}
        kind = self._db.engine.url.get_backend_name()
        if kind == "sqlite":
            return "this one lives in the memory of its process"
        tool = tools.get(kind, "the tools of your database")
        shown = self._db.engine.url.render_as_string()
        return f"back up {shown} with {tool}, and dxa.toml and the file of the numbers after it"

    def backup(self, path: Path) -> None:
        """Copy the database, as it is committed, to a file that must not exist yet."""
        source = self._sqlite()
        if path.exists():
            raise StoreError(f"{path} exists already")
        fresh = path.with_name(path.name + ".new")
        fresh.unlink(missing_ok=True)
        _claim(fresh)
        try:
            target = sqlite3.connect(fresh)
            try:
                source.backup(target)
                target.execute("PRAGMA journal_mode = DELETE")
            finally:
                target.close()
            with fresh.open("rb") as file:
                os.fsync(file.fileno())
            fresh.rename(path)
        except (sqlite3.Error, OSError) as error:
            fresh.unlink(missing_ok=True)
            raise StoreError(f"no backup was made to {path}: {error}") from error

    def dump(self) -> bytes:
        """The whole database as bytes, for `load`."""
        return self._sqlite().serialize()

    def load(self, data: bytes) -> None:
        """Become what was dumped; for databases in memory."""
        self._sqlite().deserialize(data)

    def _sqlite(self) -> sqlite3.Connection:
        connection = self._db.connection.connection.driver_connection
        if not isinstance(connection, sqlite3.Connection):
            raise StoreError("only a SQLite database is copied by dxa; use the tools of your database")
        return connection


def _file(url: str) -> Path | None:
    """The file of a SQLite database."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(f"{url!r} is not the URL of a database") from error
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        return None
    return Path(parsed.database)


def _claim(file: Path) -> None:
    """Make the file for its owner alone, as messages hold passwords; SQLite gives its other files the same mode."""
    with suppress(OSError):  # where no file can be made, SQLite says it better
        file.touch(mode=0o600)


def _bring_up(db: Database, url: str, create: bool) -> None:
    try:
        found = db.value(_VERSION)
    except StoreError:
        if inspect(db.connection).has_table(version.name):
            raise
        found = None
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise StoreError(f"the database has schema {found}, newer than this program's {HEAD}: use the newer program")
    if found is None and not create:
        raise StoreError(f"{_shown(url)} is not a database of dxa; {_ANEW}")
    if found is None:
        _create(db)
    else:
        from dxa.store.upgrade import upgrade  # slow to import and seldom needed

        with db.transaction():
            upgrade(db.connection)


def _shown(url: str) -> str:
    return make_url(url).render_as_string(hide_password=True)


def _create(db: Database) -> None:
    """Make the schema at once; migrations are for databases that exist."""
    if db.engine.url.render_as_string() in ("sqlite://", "sqlite:///:memory:"):
        connection = db.connection.connection.driver_connection
        assert isinstance(connection, sqlite3.Connection)
        connection.deserialize(_empty())
        return
    with db.transaction():
        _make(db)


def _make(db: Database) -> None:
    metadata.create_all(db.connection, checkfirst=False)
    version.create(db.connection, checkfirst=False)
    db.connection.execute(insert(version).values(version_num=HEAD))


@lru_cache(maxsize=1)
def _empty() -> bytes:
    """A fresh database in memory: tests open thousands."""
    db = Database("sqlite:///file:empty?mode=memory&uri=true")
    try:
        with db.transaction():
            _make(db)
        connection = db.connection.connection.driver_connection
        assert isinstance(connection, sqlite3.Connection)
        return connection.serialize()
    finally:
        db.close()
