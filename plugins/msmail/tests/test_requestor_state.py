import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.dirsync.requestor import State
from dxa.entry import Entry, Transaction, Verb, list_entry
from dxa.errors import StoreError, TransportError
from dxa_msmail.requestor.home import LOG_SIZE, DiskHome, Home, MemoryHome
from dxa_msmail.requestor.state import DiskStorage, RequestorState, decode, encode

TEXTS = st.text(max_size=12)
ENTRIES = st.builds(Entry, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, st.lists(st.tuples(TEXTS, TEXTS), max_size=2).map(tuple))
ANN = Entry("k", "MS", "LAB/PO1", "Ann", "LAB/PO1/ANN", (("Phone:", "12"),))
STATE = RequestorState(
    machine=State(acked=3, last=5, s=80, i=1, imports=False, exports=False),
    queue=(
        Transaction(4, Verb.REPLACE, None, list_entry("MS", "LAB/PO1")),
        Transaction(
            5,
            Verb.MODIFY,
            Entry("k", "MS", "LAB/PO1", "Ann", "LAB/PO1/ANN"),
            Entry("k", "MS", "LAB/PO1", "Änn", "LAB/PO1/ANN"),
        ),
    ),
    own={"k": ANN},
    lists={("MS", "lab/po2"): {"b": Entry("b", "MS", "LAB/PO2", "Bob", "LAB/PO2/BOB")}, ("X400", ""): {}},
    messages=7,
    log=("one", "two"),
)


def test_a_state_both_ways() -> None:
    """What was saved is loaded."""
    assert STATE == decode(encode(STATE))


@given(st.lists(ENTRIES, max_size=4), st.integers(0, 2**40), st.lists(TEXTS, max_size=3).map(tuple))
def test_any_state_both_ways(entries: list[Entry], number: int, log: tuple[str, ...]) -> None:
    """Whatever stands in names and values, a state is loaded as it was saved."""
    own = {entry.key: entry for entry in entries}
    state = RequestorState(machine=State(last=number, s=number), own=own, lists={("MS", "x"): own}, log=log)

    assert state == decode(encode(state))


def test_a_state_on_a_disk(tmp_path: Path) -> None:
    """A storage on a disk begins with nothing and then has what was saved last."""
    storage = DiskStorage(tmp_path / "new" / "state.json")
    before = storage.load()
    storage.save(RequestorState())
    storage.save(STATE)

    assert None is before
    assert STATE == storage.load()


@pytest.mark.dx("T-194", "T-173")
@pytest.mark.parametrize("at", [0, 5, 30, 60, 100, 200, -2])
def test_a_damaged_state_is_not_believed(at: int) -> None:
    """One byte that is not as it was written is found, and the message says what to do."""
    data = bytearray(encode(STATE))
    data[at] ^= 1
    with pytest.raises(StoreError):
        decode(bytes(data), "state.json")


@pytest.mark.parametrize("length", [0, 1, 50, 200])
def test_a_short_state_is_not_believed(length: int) -> None:
    """A file that was cut is found."""
    with pytest.raises(StoreError, match=r"state\.json is damaged"):
        decode(encode(STATE)[:length], "state.json")


def test_a_state_of_another_version() -> None:
    """A file of a later version is not guessed at."""
    head, body = encode(STATE).split(b"\n", 1)
    later = json.dumps({**json.loads(head), "format": 99}).encode() + b"\n" + body
    with pytest.raises(StoreError, match="expected format 1, got 99"):
        decode(later, "state.json")


@pytest.mark.dx("T-192")
def test_an_interrupted_save_leaves_the_old_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Content and number change together or not at all."""
    storage = DiskStorage(tmp_path / "state.json")
    storage.save(STATE)

    def fail(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(TransportError, match="No space left on device"):
        storage.save(RequestorState())

    assert STATE == storage.load()


@pytest.fixture(params=["disk", "memory"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    """A home of each kind."""
    return DiskHome(tmp_path) if request.param == "disk" else MemoryHome()


def test_files_of_people(home: Home) -> None:
    """A file that is not there is None; one that was written is there as a whole."""
    before = home.read("GAL.TXT")
    home.write("GAL.TXT", b"one")
    home.write("GAL.TXT", b"two")

    assert None is before
    assert b"two" == home.read("GAL.TXT")


@pytest.mark.dx("T-176")
def test_a_log_does_not_grow_for_ever(home: Home) -> None:
    """KB Q296255: a log that has become long is cut to its last lines, and goes on."""
    line = b"x" * 99 + b"\n"
    home.append("DIRSYNC.LOG", line * (LOG_SIZE // 100 + 10))
    home.append("DIRSYNC.LOG", b"last\n")
    data = home.read("DIRSYNC.LOG")

    assert data
    assert len(data) < LOG_SIZE // 3
    assert {b"x" * 99, b"last"} == set(data.splitlines())
