"""Opening, transactions, numbers and copies."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from dxa.errors import LockedError, StoreError
from dxa.store import FileHighWater, MemoryHighWater, Store, database
from dxa.store.schema import HEAD
from tests.store.samples import TYPES, added, memory_store, recipient


def _file(tmp_path: Path, *, create: bool = False) -> Store:
    store = Store.open(f"sqlite:///{tmp_path}/dxa.db", FileHighWater(tmp_path / "numbers"), create=create)
    store.types = TYPES
    return store


# -- opening -------------------------------------------------------------------------------------------------------


def test_a_missing_database_is_not_made_by_accident(tmp_path: Path) -> None:
    """Opening says what to do, and leaves no empty file behind."""
    with pytest.raises(StoreError, match="dxa init"):
        _file(tmp_path)

    assert [] == list(tmp_path.iterdir())


def test_what_is_no_database_of_dxa_is_refused(tmp_path: Path) -> None:
    """A database without a schema version is not one of ours."""
    sqlite3.connect(tmp_path / "dxa.db").execute("CREATE TABLE t (x)").connection.close()

    with pytest.raises(StoreError, match="not a database of dxa"):
        _file(tmp_path)


@pytest.mark.parametrize("create", [True, False])
def test_a_file_that_is_no_database_at_all_is_refused(tmp_path: Path, create: bool) -> None:
    """Some other file under that name is an error of the store, and stays as it is."""
    (tmp_path / "dxa.db").write_bytes(b"not a database " * 100)

    with pytest.raises(StoreError, match="not a database"):
        _file(tmp_path, create=create)

    assert b"not a database " * 100 == (tmp_path / "dxa.db").read_bytes()


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    """An older program never touches the database of a newer one."""
    _file(tmp_path, create=True).close()
    with sqlite3.connect(tmp_path / "dxa.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()

    with pytest.raises(StoreError, match=f"schema 9999, newer than this program's {HEAD}"):
        _file(tmp_path)


@pytest.mark.parametrize("url", ["nonsense", "nosuchdb://host/x"])
def test_an_unusable_url_is_an_error_of_the_store(url: str) -> None:
    """A URL that SQLAlchemy cannot use is said to be one."""
    with pytest.raises(StoreError, match=r"URL|cannot be used"):
        Store.open(url, MemoryHighWater(), create=True)


def test_opening_a_current_database_does_not_import_alembic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One select shows that nothing is to be migrated."""
    _file(tmp_path, create=True).close()
    monkeypatch.setitem(__import__("sys").modules, "dxa.store.upgrade", None)

    assert 0 == _file(tmp_path).counter("usn")


def test_creating_again_keeps_what_is_there(tmp_path: Path) -> None:
    """`create` makes a database only where there is none."""
    first = _file(tmp_path, create=True)
    first.set_counter("a", 5)
    first.close()

    assert 5 == _file(tmp_path, create=True).counter("a")


def test_a_file_is_durable_and_readable_while_written(tmp_path: Path) -> None:
    """Write-ahead log with full synchronisation: commits survive a loss of power, readers do not wait."""
    store = _file(tmp_path, create=True)
    pragma = [
        store._db.connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")
    ]

    assert ["wal", 2] == pragma


# -- transactions --------------------------------------------------------------------------------------------------


def test_a_transaction_is_committed_as_a_whole(store: Store) -> None:
    """What is done inside stays."""
    with store.transaction():
        store.set_counter("a", 1)
        store.set_counter("b", 2)

    assert (1, 2) == (store.counter("a"), store.counter("b"))


def test_an_exception_takes_everything_back(store: Store) -> None:
    """Nothing of a failed transaction stays, and the exception is the caller's."""

    def failing() -> None:
        with store.transaction():
            store.set_counter("a", 1)
            with store.transaction():
                store.set_counter("b", 2)
            raise KeyError

    with pytest.raises(KeyError):
        failing()

    assert (0, 0) == (store.counter("a"), store.counter("b"))


def test_a_failed_step_spoils_the_whole_transaction(store: Store) -> None:
    """A joined transaction that failed cannot be ignored by the outer one."""

    def swallowing() -> None:
        with store.transaction():
            store.set_counter("a", 1)
            with pytest.raises(KeyError), store.transaction():
                raise KeyError

    with pytest.raises(StoreError, match="taken back"):
        swallowing()

    assert 0 == store.counter("a")


def test_after_a_failure_the_next_transaction_is_whole(store: Store) -> None:
    """A failure leaves no trace in the store object."""
    with pytest.raises(KeyError), store.transaction():
        raise KeyError
    with store.transaction():
        store.set_counter("a", 1)

    assert 1 == store.counter("a")


def test_a_transaction_that_the_database_ended_does_not_hide_why(store: Store) -> None:
    """When a full disk has ended it already, the first error is the one that is seen."""

    def failing() -> None:
        with store.transaction():
            store.set_counter("a", 1)
            store._db.connection.exec_driver_sql("ROLLBACK")
            raise KeyError

    with pytest.raises(KeyError):
        failing()

    assert 0 == store.counter("a")


def test_a_rehearsal_leaves_nothing(store: Store) -> None:
    """Transactions inside a rehearsal work as ever and are gone afterwards."""
    store.set_counter("a", 1)
    with store.rehearsal():
        with store.transaction():
            store.set_counter("a", 2)
            with store.transaction():
                store.set_counter("b", 3)
        seen = store.counter("a"), store.counter("b")

    assert (2, 3) == seen
    assert (1, 0) == (store.counter("a"), store.counter("b"))


def test_a_failure_in_a_rehearsal_takes_back_its_own_transaction_only(store: Store) -> None:
    """As in earnest, one link's failure does not undo what another has done."""

    def failing() -> None:
        with store.transaction():
            store.set_counter("a", 2)
            raise KeyError

    with store.rehearsal():
        with store.transaction():
            store.set_counter("a", 1)
        with pytest.raises(KeyError):
            failing()
        seen = store.counter("a")

    assert (1, 0) == (seen, store.counter("a"))


def test_a_rehearsal_inside_a_transaction_is_refused(store: Store) -> None:
    """It could not be taken back alone."""
    with store.transaction(), pytest.raises(StoreError, match="rehearsal"), store.rehearsal():
        pass

    with store.rehearsal(), pytest.raises(StoreError, match="rehearsal"), store.rehearsal():
        pass


def test_readers_see_only_what_is_committed(tmp_path: Path) -> None:
    """Another process reads the last committed state while a transaction runs."""
    writer, reader = _file(tmp_path, create=True), _file(tmp_path)
    with writer.transaction():
        writer.set_counter("a", 1)
        during = reader.counter("a")

    assert (0, 1) == (during, reader.counter("a"))


def test_a_second_writer_is_told_that_it_is_locked_out(tmp_path: Path) -> None:
    """The lock is taken when a transaction begins, so nobody fails half way."""
    first, second = _file(tmp_path, create=True), _file(tmp_path)
    second._db.connection.exec_driver_sql("PRAGMA busy_timeout = 0")
    with first.transaction(), pytest.raises(LockedError, match="another process"), second.transaction():
        pass

    assert 0 == second.counter("a")


# -- numbers -------------------------------------------------------------------------------------------------------


def test_numbers_are_dense_within_a_link(store: Store) -> None:
    """Each call goes on where the last one ended; links count apart."""
    firsts = [store.next_numbers("EAST", 5), store.next_numbers("EAST", 1), store.next_numbers("WEST", 3)]

    assert [1, 6, 1] == firsts
    assert (6, 3, 0) == (store.highest("EAST"), store.highest("WEST"), store.highest("NORTH"))


def test_raised_numbers_go_on_above(store: Store) -> None:
    """A number that a peer quoted and nobody issued is never issued, and raising never lowers."""
    store.raise_numbers("EAST", 100)
    store.raise_numbers("EAST", 50)

    assert 101 == store.next_numbers("EAST", 1)


def test_a_number_of_a_failed_transaction_is_not_issued_again(store: Store) -> None:
    """The high water is not part of the transaction."""

    def failing() -> None:
        with store.transaction():
            store.next_numbers("EAST", 10)
            raise KeyError

    with pytest.raises(KeyError):
        failing()

    assert 11 == store.next_numbers("EAST", 1)


def test_a_rehearsal_uses_no_numbers_up(store: Store) -> None:
    """What would be sent has the numbers that it will have."""
    with store.rehearsal():
        rehearsed = store.next_numbers("EAST", 10)

    assert rehearsed == store.next_numbers("EAST", 10)


def test_a_store_restored_from_a_backup_goes_on_above(tmp_path: Path) -> None:
    """The high water stands outside the database, so no number is issued twice."""
    store = _file(tmp_path, create=True)
    store.next_numbers("EAST", 10)
    store.backup(tmp_path / "backup.db")
    last = store.next_numbers("EAST", 500) + 499
    store.close()
    for path in tmp_path.glob("dxa.db*"):
        path.unlink()
    (tmp_path / "backup.db").rename(tmp_path / "dxa.db")

    restored = _file(tmp_path)

    assert 10 == restored.highest("EAST")
    assert last + 1 == restored.next_numbers("EAST", 1)


def test_the_high_water_is_reserved_before_numbers_are_handed_out(store: Store) -> None:
    """When it cannot be reserved there is no number."""

    class Broken(MemoryHighWater):
        def reserve(self, name: str, upto: int) -> None:
            raise StoreError("disk full")

    store.high_water = Broken()
    with pytest.raises(StoreError, match="disk full"):
        store.next_numbers("EAST", 1)

    assert 0 == store.highest("EAST")


# -- copies --------------------------------------------------------------------------------------------------------


def test_a_backup_is_a_whole_database(tmp_path: Path) -> None:
    """It can be opened like the original, without its write-ahead log."""
    store = _file(tmp_path, create=True)
    store.directory.write(added(recipient("Ann")), origin="")
    (tmp_path / "copy").mkdir()
    store.backup(tmp_path / "copy" / "dxa.db")

    assert ["dxa.db"] == [path.name for path in (tmp_path / "copy").iterdir()]
    assert ["Ann"] == [r.name for r in _file(tmp_path / "copy").directory.all()]


def test_a_backup_overwrites_nothing(tmp_path: Path) -> None:
    """An older backup stays."""
    store = _file(tmp_path, create=True)
    (tmp_path / "backup").write_text("precious")

    with pytest.raises(StoreError, match="exists already"):
        store.backup(tmp_path / "backup")


def test_a_backup_that_fails_leaves_no_half_file(tmp_path: Path) -> None:
    """Where nothing can be written the error says so."""
    store = memory_store()

    with pytest.raises(StoreError, match="no backup was made"):
        store.backup(tmp_path / "nowhere" / "backup")


def test_a_dump_is_a_template_for_other_stores() -> None:
    """What was loaded is the state of the dump, and goes its own way from there."""
    template = memory_store()
    template.directory.write(added(recipient("Ann")), origin="")
    data = template.dump()
    first, second = memory_store(), memory_store()
    for store in (first, second):
        store.load(data)
    first.directory.write(added(recipient("Bob")), origin="")

    assert ["Ann", "Bob"] == [r.name for r in first.directory.all()]
    assert ["Ann"] == [r.name for r in second.directory.all()]


def test_stores_in_memory_are_apart() -> None:
    """Each opened store is a database of its own."""
    one, other = memory_store(), memory_store()
    one.set_counter("a", 1)

    assert (1, 0) == (one.counter("a"), other.counter("a"))


def test_batches_of_any_size_are_written_whole(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows go to the driver in batches, none is lost at their borders."""
    monkeypatch.setattr(database, "BATCH", 3)
    names = [f"P{n}" for n in range(10)]
    ids = store.directory.write(added(*map(recipient, names)), origin="")

    assert names == [r.name for r in store.directory.get(ids).values()]
    assert 20 == len(store.directory.holders(TYPES.key(p) for n in names for p in recipient(n).proxies))


@pytest.fixture
def open_to_all() -> Iterator[None]:
    """A process that makes its files readable for everybody."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_to_all")
def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    """Messages may hold passwords: nobody else reads the database, its log or its copy."""
    store = Store.open(f"sqlite:///{tmp_path}/dxa.db", MemoryHighWater(), create=True)
    store.set_counter("a", 1)
    store.backup(tmp_path / "copy.db")
    modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    store.close()

    assert dict.fromkeys(("dxa.db", "dxa.db-wal", "dxa.db-shm", "copy.db"), 0o600) == modes


def test_a_database_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """It cannot be made, and that is said."""
    with pytest.raises(StoreError, match="unable to open"):
        Store.open(f"sqlite:///{tmp_path}/nowhere/dxa.db", MemoryHighWater(), create=True)


def test_what_dxa_does_not_copy(tmp_path: Path) -> None:
    """A database that is no file of SQLite has no file to back up, and it is said what does that."""
    from dxa.store.database import Database

    store = Store(Database("sqlite://"), MemoryHighWater())
    try:
        assert store.file is None
        assert "memory" in store.advice
    finally:
        store.close()
