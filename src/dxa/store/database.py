"""One connection, its transactions, and statements that are compiled once.

Statements are SQLAlchemy's, so any database that it speaks to can hold a site. They are compiled at first use and then
run with plain tuples, which makes bulk work as fast as the driver is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import chain, islice
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CursorResult,
    Engine,
    Insert,
    NullPool,
    Row,
    Select,
    Table,
    Update,
    bindparam,
    create_engine,
    event,
    insert,
    literal_column,
    update,
)
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

from dxa.errors import LockedError, StoreError

#: A row as the driver gives it.
Record = tuple[Any, ...]

#: So many rows go to the driver at once.
BATCH = 10_000
#: How many values an IN list has; shorter lists are filled up with their last value, so that few statements are made.
SIZES = (1, 8, 64, 500)
#: The name of the parameter that is an IN list; it must be the last of its statement.
AMONG = "among"
#: Seconds to wait for another process's transaction.
PATIENCE = 30


class Prepared(NamedTuple):
    """A statement as text; `names` of its parameters in the order of the tuples, when the driver wants them by name."""

    sql: str
    names: tuple[str, ...] | None


def adding(table: Table, *left_out: str, **values: Any) -> Insert:
    """An insert of all columns in their order, but those left out or given here."""
    bound: dict[str, BindParameter[Any]] = {
        c.name: bindparam(c.name) for c in table.c if c.name not in left_out and c.name not in values
    }
    return insert(table).values({**bound, **values}).inline()


def setting(table: Table, *columns: str, **values: Any) -> Update:
    """An update of these columns in this order, then of those given here."""
    bound: list[tuple[str, BindParameter[Any]]] = [(name, bindparam(f"new_{name}")) for name in columns]
    return update(table).ordered_values(*bound, *values.items())


def fixed(text: str) -> ColumnElement[Any]:
    """A text that is part of the statement, as conditions of partial indexes need it."""
    return literal_column(f"'{text}'")


def among() -> BindParameter[Any]:
    """The parameter for the values of `Database.among`."""
    return bindparam(AMONG, expanding=True)


class Database:
    """A connection that commits each statement on its own unless a transaction is open."""

    def __init__(self, url: str) -> None:
        try:
            self.engine = _engine(url)
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise StoreError(f"database {url!r} cannot be used: {error}") from error
        self.sqlite = self.engine.dialect.name == "sqlite"
        with _faults():
            self.connection = self.engine.connect()
        dialect = self.engine.dialect
        self._prepared = _statements(dialect.name, dialect.paramstyle)
        self.rehearsing = False
        self._inside = False
        self._failed = False

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    # -- transactions ----------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; one inside another joins it, and a failure of the inner is a failure of all."""
        if self._inside:
            try:
                yield
            except BaseException:
                self._failed = True
                raise
            return
        begin, commit, rollback = _SAVEPOINT if self.rehearsing else self._outermost()
        self.command(begin)
        self._inside, self._failed = True, False
        try:
            yield
            if self._failed:
                raise StoreError("a step of this transaction has failed, so all of it is taken back")
            self.command(commit)
        except BaseException:
            with suppress(StoreError):  # a full disk has ended the transaction already
                self.command(rollback)
            raise
        finally:
            self._inside = False

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """Whatever is done inside, transactions included, is taken back at the end."""
        if self._inside or self.rehearsing:
            raise StoreError("a rehearsal cannot begin inside a transaction or another rehearsal")
        begin, _, rollback = self._outermost()
        self.command(begin)
        self.rehearsing = True
        try:
            yield
        finally:
            self.rehearsing = False
            self.command(rollback)

    def _outermost(self) -> tuple[str, str, str]:
        # A lock that is taken at once is never refused half way.
        return ("BEGIN IMMEDIATE" if self.sqlite else "BEGIN"), "COMMIT", "ROLLBACK"

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """What may fail on a constraint: afterwards the transaction can still be asked why."""
        if self.sqlite:  # a transaction survives the failure of a statement there
            yield
            return
        self.command("SAVEPOINT attempt")
        try:
            yield
        except StoreError:
            self.command("ROLLBACK TO SAVEPOINT attempt")
            raise
        self.command("RELEASE SAVEPOINT attempt")

    def command(self, sql: str) -> None:
        """Run a fixed text; parts after a semicolon one by one."""
        with _faults():
            for part in sql.split(";"):
                self.connection.exec_driver_sql(part)

    # -- reading ---------------------------------------------------------------------------------------------------

    def rows(self, statement: ClauseElement, *params: object) -> Sequence[Record]:
        """All rows."""
        return self._fetched(self.prepared(statement), params)

    def first(self, statement: ClauseElement, *params: object) -> Record | None:
        """The first row, if there is one."""
        return next(iter(self._fetched(self.prepared(statement), params, 1)), None)

    def value(self, statement: ClauseElement, *params: object) -> Any:
        """The first column of the first row, or None."""
        row = self.first(statement, *params)
        return None if row is None else row[0]

    def column(self, statement: ClauseElement, *params: object) -> list[Any]:
        """The first column of all rows."""
        return [row[0] for row in self.rows(statement, *params)]

    def stream(self, statement: ClauseElement, *params: object) -> Iterator[Record]:
        """All rows, some at a time; write nothing in between."""

        def parts() -> Iterator[Sequence[Record]]:
            result = self._execute(self.prepared(statement), params)
            assert result.cursor is not None
            while part := result.cursor.fetchmany(BATCH):
                yield part
            result.close()

        return chain.from_iterable(parts())

    def among(self, statement: ClauseElement, values: Iterable[object], *params: object) -> Iterator[Record]:
        """The rows whose column is among the values; other parameters come before that of the list."""
        distinct = list(dict.fromkeys(values))
        for start in range(0, len(distinct), SIZES[-1]):
            part = distinct[start : start + SIZES[-1]]
            size = next(size for size in SIZES if size >= len(part))
            filled = part + part[-1:] * (size - len(part))
            yield from self._fetched(self.prepared(statement, size), (*params, *filled))

    def _fetched(self, prepared: Prepared, params: tuple[object, ...], count: int = 0) -> Sequence[Record]:
        """All rows or the first ones, as plain tuples."""
        result = self._execute(prepared, params)
        assert result.cursor is not None
        rows: Sequence[Record] = result.cursor.fetchmany(count) if count else result.cursor.fetchall()
        result.close()
        return rows

    def select(self, statement: Select[*tuple[Any, ...]]) -> Sequence[Row[*tuple[Any, ...]]]:
        """All rows of a statement that is made for one occasion."""
        with _faults():
            return self.connection.execute(statement).all()

    # -- writing ---------------------------------------------------------------------------------------------------

    def run(self, statement: ClauseElement, *params: object) -> int:
        """Run once; returns how many rows it touched."""
        return self._execute(self.prepared(statement), params).rowcount

    def many(self, statement: ClauseElement, rows: Iterable[tuple[object, ...]]) -> int:
        """Run for every row of parameters; returns how many rows were touched."""
        prepared, rows, touched = self.prepared(statement), iter(rows), 0
        batch = list(islice(rows, BATCH))
        if not batch:
            return 0
        with self.transaction():
            while batch:
                touched += self._execute(prepared, batch).rowcount
                batch = list(islice(rows, BATCH))
        return touched

    def _execute(
        self, prepared: Prepared, params: tuple[object, ...] | list[tuple[object, ...]]
    ) -> CursorResult[*tuple[Any, ...]]:
        sql, names = prepared
        given: Any = params
        if names is not None:
            named = [dict(zip(names, row, strict=True)) for row in (params if isinstance(params, list) else [params])]
            given = named if isinstance(params, list) else named[0]
        try:
            return self.connection.exec_driver_sql(sql, given)
        except DBAPIError as error:
            raise _fault(error) from error
        except UnicodeEncodeError as error:
            raise StoreError(f"a text cannot be stored: {error.object[:80]!r}") from error
        except OverflowError as error:
            raise StoreError("a number is larger than any in a database") from error

    def prepared(self, statement: ClauseElement, size: int = 0) -> Prepared:
        """The statement as text for this database; `size` is that of its IN list."""
        known = self._prepared.get((statement, size))
        if known is None:
            known = self._prepared[statement, size] = _prepare(statement, self.engine, size)
        return known


_SAVEPOINT = ("SAVEPOINT step", "RELEASE SAVEPOINT step", "ROLLBACK TO SAVEPOINT step;RELEASE SAVEPOINT step")


@lru_cache(maxsize=8)
def _engine(url: str) -> Engine:
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure)
    return engine


def _configure(connection: Any, _record: object) -> None:
    """Durable, even through a loss of power: what is committed may be acknowledged to a peer at once."""
    for pragma in (
        f"busy_timeout = {PATIENCE * 1000}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "cache_size = -65536",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()


@lru_cache(maxsize=8)
def _statements(_dialect: str, _paramstyle: str) -> dict[tuple[ClauseElement, int], Prepared]:
    """The prepared statements of one kind of database, shared by all connections."""
    return {}


def _prepare(statement: ClauseElement, engine: Engine, size: int) -> Prepared:
    sql, order = _compile(statement, engine.dialect, size)
    if order is not None:
        return Prepared(sql, None)
    return Prepared(sql, tuple(_compile(statement, DefaultDialect(paramstyle="qmark"), size)[1] or ()))


def _compile(statement: ClauseElement, dialect: Any, size: int) -> tuple[str, Sequence[str] | None]:
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    if not size:
        return compiled.string, compiled.positiontup
    values = {name: [None] * size if name == AMONG else None for name in compiled.binds}
    expanded = compiled.construct_expanded_state(values)
    return expanded.statement, expanded.positiontup


#: What to do about what SQLite says.
_ADVICE = {
    "disk I/O error": "; is the disk full or broken?",
    "disk is full": "; make room on its disk, and run it again",
    "readonly": "; may this user write the file and its folder?",
    "unable to open": "; is its folder there, and may this user write in it?",
    "not a database": "; bring back a backup by `dxa restore`",
    "malformed": "; bring back a backup by `dxa restore`",
}


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise _fault(error) from error


def _fault(error: DBAPIError) -> StoreError | LockedError:
    if "database is locked" in str(error.orig):
        return LockedError(f"another process has been writing to the database for {PATIENCE} seconds; try again later")
    said = str(error.orig)
    advice = next((then for part, then in _ADVICE.items() if part in said), "")
    return StoreError(f"the database refuses: {said}{advice}")
