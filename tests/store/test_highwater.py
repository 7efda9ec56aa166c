"""The high water of numbers handed out."""

from pathlib import Path

import pytest

from dxa.errors import StoreError
from dxa.store import FileHighWater, HighWater, MemoryHighWater
from dxa.store.highwater import BLOCK


@pytest.fixture(params=["memory", "file"])
def water(request: pytest.FixtureRequest, tmp_path: Path) -> HighWater:
    """A fresh high water of either kind."""
    return MemoryHighWater() if request.param == "memory" else FileHighWater(tmp_path / "numbers")


def test_an_unknown_sequence_starts_at_nothing(water: HighWater) -> None:
    """No number of a sequence that was never reserved has been handed out."""
    assert 0 == water.value("seq:EAST")


def test_it_never_goes_down(water: HighWater) -> None:
    """A lower reservation changes nothing, and sequences do not touch each other."""
    water.reserve("seq:EAST", 10)
    water.reserve("seq:EAST", 3)
    water.reserve("seq:WEST LINK", 5)

    assert (10, 5) == (water.value("seq:EAST"), water.value("seq:WEST LINK"))


def test_within_a_process_numbers_are_dense(water: HighWater) -> None:
    """The block that is reserved ahead does not show as long as the process lives."""
    values = []
    for number in range(1, 2 * BLOCK, 300):
        water.reserve("seq:EAST", number)
        values.append(water.value("seq:EAST"))

    assert list(range(1, 2 * BLOCK, 300)) == values


def test_after_a_crash_the_rest_of_the_block_is_lost(tmp_path: Path) -> None:
    """Whoever opens the file after a crash starts above all that may have been handed out."""
    FileHighWater(tmp_path / "numbers").reserve("seq:EAST", 7)

    assert 7 + BLOCK - 1 == FileHighWater(tmp_path / "numbers").value("seq:EAST")


def test_closing_gives_the_rest_of_the_block_back(tmp_path: Path) -> None:
    """After an orderly end no number is lost."""
    water = FileHighWater(tmp_path / "numbers")
    water.reserve("seq:EAST", 7)
    water.close()

    assert 7 == FileHighWater(tmp_path / "numbers").value("seq:EAST")


def test_closing_takes_nothing_from_another_process(tmp_path: Path) -> None:
    """What another process has reserved meanwhile stays reserved."""
    first, second = FileHighWater(tmp_path / "numbers"), FileHighWater(tmp_path / "numbers")
    first.reserve("seq:EAST", 7)
    second.reserve("seq:EAST", 5000)
    first.close()

    assert 5000 + BLOCK - 1 == FileHighWater(tmp_path / "numbers").value("seq:EAST")


def test_a_reservation_keeps_what_another_process_wrote(tmp_path: Path) -> None:
    """Writing the file merges with what stands in it, number by number."""
    first, second = FileHighWater(tmp_path / "numbers"), FileHighWater(tmp_path / "numbers")
    first.reserve("seq:EAST", 7)
    second.reserve("seq:WEST", 9)
    second.reserve("seq:EAST", 5000)
    first.reserve("seq:EAST", 2000)
    fresh = FileHighWater(tmp_path / "numbers")

    assert (5000 + BLOCK - 1, 9 + BLOCK - 1) == (fresh.value("seq:EAST"), fresh.value("seq:WEST"))


def test_the_file_is_written_once_for_each_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Handing out numbers one by one does not write one by one."""
    writes: list[object] = []
    replace = FileHighWater._replace
    monkeypatch.setattr(FileHighWater, "_replace", lambda self, values: (writes.append(values), replace(self, values)))
    water = FileHighWater(tmp_path / "numbers")
    for number in range(1, 2 * BLOCK + 1):
        water.reserve("seq:EAST", number)

    assert 2 == len(writes)


def test_an_exact_value_is_that_of_the_last_number(tmp_path: Path) -> None:
    """After a process that did not close its file nothing looks as if it had been handed out."""
    FileHighWater(tmp_path / "numbers").reserve("ask:EAST", 7, exact=True)

    assert 7 == FileHighWater(tmp_path / "numbers").value("ask:EAST")


@pytest.mark.parametrize(
    "text", [b"", b"nonsense\n", b"dxa: highest numbers issued; never set them back\nseq:EAST 7\n"]
)
def test_a_damaged_file_is_an_error_that_says_what_to_do(tmp_path: Path, text: bytes) -> None:
    """A file without its checksum is never taken as it is."""
    (tmp_path / "numbers").write_bytes(text)

    with pytest.raises(StoreError, match=r"damaged.*Put back a copy.*remove the file"):
        FileHighWater(tmp_path / "numbers").value("seq:EAST")


def test_one_changed_digit_is_noticed(tmp_path: Path) -> None:
    """The checksum covers the numbers."""
    path = tmp_path / "numbers"
    FileHighWater(path).reserve("seq:EAST", 1)
    path.write_bytes(path.read_bytes().replace(b"seq:EAST 1", b"seq:EAST 2"))

    with pytest.raises(StoreError, match="damaged"):
        FileHighWater(path).reserve("seq:EAST", 3000)


def test_a_file_that_cannot_be_written_issues_no_number(tmp_path: Path) -> None:
    """When the reservation is not durable, the caller gets an error and not a number."""
    water = FileHighWater(tmp_path / "nowhere" / "numbers")

    with pytest.raises(StoreError, match="no number is issued"):
        water.reserve("seq:EAST", 1)
