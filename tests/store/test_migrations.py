"""The migrations make the schema of the program."""

import re
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import create_mock_engine
from sqlalchemy.schema import CreateTable

from dxa.errors import StoreError
from dxa.store.database import Database
from dxa.store.schema import HEAD, metadata, version
from dxa.store.store import _make
from dxa.store.upgrade import configuration, upgrade


@pytest.fixture
def migrated() -> Iterator[Database]:
    """An empty database, brought up by migrations."""
    db = Database("sqlite://")
    with db.transaction():
        upgrade(db.connection)
    yield db
    db.close()


def _schema(db: Database) -> dict[str, str]:
    """Every table and index as the database tells it, without blanks and quotes."""
    rows = db.connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").all()
    return {name: re.sub(r'[\s"]+', "", sql) for name, sql in rows}


def test_the_head_of_the_program_is_the_head_of_the_migrations() -> None:
    """The constant that is compared at every start is the newest revision."""
    assert HEAD == ScriptDirectory.from_config(configuration()).get_current_head()


def test_migrations_know_nothing_that_the_metadata_does_not(migrated: Database) -> None:
    """Alembic finds no difference between a migrated database and the tables of the program."""
    context = MigrationContext.configure(migrated.connection, opts={"compare_type": True})

    assert [] == compare_metadata(context, metadata)


def test_a_new_database_is_like_a_migrated_one(migrated: Database) -> None:
    """Conditions of indexes and kinds of tables too, which Alembic does not compare."""
    made = Database("sqlite://")
    with made.transaction():
        _make(made)
    mine, theirs = _schema(made), _schema(migrated)
    for schema in (mine, theirs):
        schema.pop("alembic_version")

    assert mine == theirs


def test_a_migrated_database_is_marked(migrated: Database) -> None:
    """It has the revision of the program."""
    assert HEAD == migrated.connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def test_a_migration_that_fails_changes_nothing() -> None:
    """It runs inside a transaction, tables included."""
    db = Database("sqlite://")
    db.connection.exec_driver_sql("CREATE TABLE view_row (x)")
    with pytest.raises(Exception, match="view_row"), db.transaction():
        upgrade(db.connection)

    assert {"view_row"} == set(_schema(db))


def test_a_database_of_another_kind_can_hold_the_schema() -> None:
    """Every table can be written for PostgreSQL."""
    from sqlalchemy.dialects import postgresql

    texts = [
        str(CreateTable(table).compile(dialect=postgresql.dialect())) for table in [*metadata.sorted_tables, version]
    ]

    assert [] == [text for text in texts if "CREATE TABLE" not in text]


def _indexes(script: str) -> set[str]:
    """What a script says of indexes, without blanks and quotes."""
    return {re.sub(r'[\s"]+', "", text) for text in re.findall(r"CREATE (?:UNIQUE )?INDEX[^;]*", script)}


def test_indexes_have_their_conditions_on_postgresql() -> None:
    """A new database there has the partial indexes of a migrated one, though they get their conditions late."""
    made, migrated = StringIO(), StringIO()
    engine = create_mock_engine(
        "postgresql://", lambda sql, *_, **__: print(sql.compile(dialect=engine.dialect), file=made, end=";")
    )
    metadata.create_all(engine, checkfirst=False)
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": migrated, "target_metadata": metadata}
    )
    revisions = [*ScriptDirectory.from_config(configuration()).walk_revisions()]
    with Operations.context(context):
        for revision in reversed(revisions):
            revision.module.upgrade()

    assert _indexes(migrated.getvalue()) == _indexes(made.getvalue())
    assert 7 == made.getvalue().count(" WHERE ")


def test_the_store_does_not_load_what_only_postgresql_needs() -> None:
    """Importing that dialect takes longer than most commands."""
    code = "import sys, dxa.store; print(*(name for name in sys.modules if 'dialects.postgresql' in name))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "" == done.stdout.strip()


def test_an_unknown_driver_is_said() -> None:
    """A database whose driver is not installed is an error of the store."""
    with pytest.raises(StoreError, match="cannot be used"):
        Database("postgresql+nosuchdriver://host/name")
