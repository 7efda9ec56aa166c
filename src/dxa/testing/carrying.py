"""Checks of transports: a message arrives once, as it is, whole or not at all, and stays until it is removed."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import PurePath

from dxa.errors import DxaError, TransportError
from dxa.testing.delivering import PATHS
from dxa.testing.durable import bytes_are_durable_before_their_name
from dxa.testing.manners import descriptors
from dxa.testing.transport import MakeTransport, Transport, TransportHarness
from dxa.testing.verdict import Check, Kit, described, expect, fail, must, run

MESSAGES = 4
#: Writing a message takes fewer uses than this.
MOST = 10_000


def _sent(make: MakeTransport, count: int = MESSAGES) -> TransportHarness:
    """A transport on which so many messages are."""
    harness = make()
    transport = harness.open()
    for n in range(count):
        transport.write(harness.name(n), harness.message(n))
    transport.flush()
    return harness


def _come(harness: TransportHarness, transport: Transport | None = None) -> list[bytes]:
    """The messages that have come in, each once however often it was sent, in their order."""
    transport = transport or harness.open()
    found: dict[str, bytes] = {}
    for name in transport.names():
        data = transport.read(name)
        found.setdefault(harness.identity(transport, name), data)
    return list(found.values())


def _same(expected: list[bytes], actual: list[bytes], what: str) -> None:
    if expected != actual:
        sizes = [len(data) for data in expected], [len(data) for data in actual]
        fail(f"{what}: messages of {sizes[0]} bytes were sent, and of {sizes[1]} bytes came, or others of that size")


@must("Move bytes, never text: no line ends, no code page, no stripping.")
def messages_arrive_as_they_are(make: MakeTransport) -> None:
    """A message arrives to the byte as it was sent."""
    harness = _sent(make)
    _same(sorted(map(harness.message, range(MESSAGES))), sorted(_come(harness)), "sent and read")


@must("Sort by time and then by name, or by the numbers that the other side gives.")
def messages_come_oldest_first(make: MakeTransport) -> None:
    """Messages come in the order in which they were sent."""
    harness = _sent(make, 12)
    _same(list(map(harness.message, range(12))), _come(harness), "in their order")


@must("Move, mark and delete nothing in `names` and `read` that would not be found again.")
def reading_takes_nothing_away(make: MakeTransport) -> None:
    """What was listed and read is there until it is removed, also for a new process."""
    harness = _sent(make)
    transport = harness.open()
    first = _come(harness, transport)
    _same(first, _come(harness, transport), "read again")
    transport.flush()
    _same(first, _come(harness), "read again by a new process")


@must("Name what you write after the name that you are given, or send that along as the message's identity.")
def a_message_written_twice_comes_once(make: MakeTransport) -> None:
    """The same message written again, by the same process or a new one, is one message to its reader."""
    harness = _sent(make, 2)
    transport = harness.open()
    for each in (transport, transport, harness.open()):
        each.write(harness.name(0), harness.message(0))
        each.flush()

    _same(sorted(map(harness.message, range(2))), sorted(_come(harness)), "the first of two written four times")


@must("Remove by the whole name, and only that.")
def removing_takes_exactly_this(make: MakeTransport) -> None:
    """What is removed is gone for everybody, and nothing else is."""
    harness = _sent(make)
    transport = harness.open()
    gone = transport.names()[1]
    data = transport.read(gone)
    transport.remove(gone)
    transport.flush()
    left = [harness.message(n) for n in range(MESSAGES) if harness.message(n) != data]

    _same(sorted(left), sorted(_come(harness, transport)), "one was removed")
    _same(sorted(left), sorted(_come(harness)), "one was removed, seen by a new process")


@must("Let what is gone already, and what never was there, pass.")
def removing_is_repeatable(make: MakeTransport) -> None:
    """To remove a message again, also by a new process, does no harm."""
    harness = _sent(make)
    transport = harness.open()
    gone = transport.names()[0]
    for each in (transport, transport, harness.open()):
        try:
            each.remove(gone)
            each.flush()
        except Exception as error:
            fail(f"removing it again {described(error)}")
    expect(len(_come(harness)) == MESSAGES - 1, "removed three times, and not gone once")


def _places() -> Iterator[int]:
    """After how many uses the transport fails: each of the first, then fewer and fewer; a commit takes many."""
    at = 0
    while at < MOST:
        yield at
        at += max(1, at // 8)


def _broken(make: MakeTransport) -> Iterator[tuple[str, TransportHarness]]:
    """Transports with one message, on which writing another failed at one place after the other; healed again."""
    for after in _places():
        harness = _sent(make, 1)
        transport = harness.open()
        harness.fail(after)
        failed = False
        try:
            transport.write(harness.name(1), harness.message(1))
            transport.flush()
        except TransportError:
            failed = True
        except Exception as error:
            harness.heal()
            fail(f"failing at use {after + 1}, writing {described(error)}")
        harness.heal()
        yield f"writing failed at use {after + 1}", harness
        if not failed:
            return


@must("Write under another name and rename, or behind one commit point.")
def a_message_is_whole_or_not_there(make: MakeTransport) -> None:
    """When writing fails in the middle, the reader finds all of the message or nothing of it."""
    whole = make()
    known = {whole.message(0), whole.message(1)}
    for where, harness in _broken(make):
        wrong = [data for data in _come(harness) if data not in known]
        expect(not wrong, f"{where}, and {len(wrong[0]) if wrong else 0} bytes came that nobody has sent")
        expect(harness.message(0) in _come(harness), f"{where}, and what was there before is gone")


@must("Let nothing that an earlier attempt left behind be in the way of the next.")
def a_failed_write_can_be_repeated(make: MakeTransport) -> None:
    """A write that failed has the effect of one when it is repeated by a new process."""
    for where, harness in _broken(make):
        transport = harness.open()
        try:
            transport.write(harness.name(1), harness.message(1))
            transport.flush()
        except Exception as error:
            fail(f"{where}, and when it was repeated it {described(error)}")
        _same(sorted(map(harness.message, range(2))), sorted(_come(harness)), f"{where} and was repeated")


@must("Catch what the file system, socket or library raises, and raise `TransportError` that names the place.")
def what_cannot_be_reached_is_said(make: MakeTransport) -> None:
    """Listing, reading, writing and removing raise TransportError with a reason when nothing can be reached."""
    for what in ("names", "read", "write", "remove"):
        harness = _sent(make)
        transport = harness.open()
        there = transport.names()[0]
        harness.fail()
        try:
            _used(transport, what, there, harness)
        except TransportError as error:
            harness.heal()
            expect(str(error).strip(), f"{what} raised TransportError without a reason")
            continue
        except Exception as error:
            harness.heal()
            fail(f"{what} {described(error)}")
        harness.heal()
        fail(f"nothing can be reached, and {what} said nothing of it")


def _used(transport: Transport, what: str, there: str, harness: TransportHarness) -> None:
    if what == "names":
        transport.names()
    elif what == "read":
        transport.read(there)
    elif what == "write":
        transport.write(harness.name(MESSAGES), harness.message(1))
        transport.flush()
    else:
        transport.remove(there)
        transport.flush()


@must("Raise `TransportError` for a message that has gone; empty bytes would be a message.")
def what_has_gone_is_not_empty(make: MakeTransport) -> None:
    """A message that has gone since it was listed raises TransportError, or is None; it is never empty."""
    harness = _sent(make)
    transport, other = harness.open(), harness.open()
    gone = transport.names()[0]
    other.remove(other.names()[0])
    other.flush()
    try:
        data: bytes | None = transport.read(gone)
    except TransportError:
        return
    except Exception as error:
        fail(f"reading what has gone {described(error)}")
    expect(data is None, f"reading what has gone gave {data!r}")


@must("Refuse a name that is a path, or make a plain name of it.")
def strange_names_lead_nowhere(make: MakeTransport) -> None:
    """No name makes, shows or removes a file outside of the folder: it is refused, or another name is made of it."""
    harness = _sent(make)
    list(harness.files())
    transport = harness.open()
    for at, name in enumerate(PATHS):
        for what in ("write", "read", "remove"):
            try:
                _strange(transport, what, name, harness.message(at % MESSAGES))
            except (DxaError, ValueError):
                continue
            except Exception as error:
                fail(f"{what} of {name[:40]!r} {described(error)}")
            outside = [path for path in harness.files() if _outside(path)]
            expect(not outside, f"{what} of {name[:40]!r}, and files are outside of the folder: {outside[:3]}")


def _outside(path: str) -> bool:
    parts = PurePath(path)
    return parts.is_absolute() or ".." in parts.parts


def _strange(transport: Transport, what: str, name: str, data: bytes) -> None:
    if what == "write":
        transport.write(name, data)
        transport.flush()
    elif what == "read":
        transport.read(name)
    else:
        transport.remove(name)
        transport.flush()


@must("List nothing that is hidden, has the ending of a temporary file, or is no file.")
def what_is_half_written_is_not_listed(make: MakeTransport) -> None:
    """What a writer left behind that died in the middle is no message, and in nobody's way."""
    harness = _sent(make, 1)
    harness.leave_half(harness.name(1), harness.message(1))
    _same([harness.message(0)], _come(harness), "with half a message beside it")
    transport = harness.open()
    transport.write(harness.name(1), harness.message(1))
    transport.flush()
    _same(sorted(map(harness.message, range(2))), sorted(_come(harness)), "written again over the half")


@must("Open files, sockets and connections in a `with` block, or close them in `flush`.")
def transports_leave_nothing_open(make: MakeTransport) -> None:
    """When it was flushed, nothing of a transport is open."""
    harness = make()
    gc.collect()
    before = descriptors()
    transport = harness.open()
    for n in range(MESSAGES):
        transport.write(harness.name(n), harness.message(n))
    _come(harness, transport)
    transport.flush()
    left = descriptors() - before
    expect(not left, f"left open: {'; '.join(sorted(left)[:3])}")


@must("Copy it and write the reason beside it before you take it away; when that fails, leave it where it is.")
def what_nobody_can_use_is_kept(make: MakeTransport) -> None:
    """A message that is put aside is kept to the byte, with the reason, and comes no more."""
    harness = _sent(make)
    transport = harness.open()
    name = transport.names()[0]
    data = transport.read(name)
    for each in (transport, transport, harness.open()):
        harness.park(each, name, "nobody can read it")
        each.flush()
    kept = harness.parked()
    expect(data in kept, f"what was put aside is not among the {len(kept)} that were kept")
    expect("nobody can read it" in kept[data], f"the reason beside it is {kept[data]!r}")
    expect(data not in _come(harness), "what was put aside comes still")


TRANSPORT_CHECKS: tuple[Check[MakeTransport], ...] = (
    messages_arrive_as_they_are,
    messages_come_oldest_first,
    reading_takes_nothing_away,
    a_message_written_twice_comes_once,
    removing_takes_exactly_this,
    removing_is_repeatable,
    a_message_is_whole_or_not_there,
    a_failed_write_can_be_repeated,
    what_cannot_be_reached_is_said,
    what_has_gone_is_not_empty,
    strange_names_lead_nowhere,
    what_is_half_written_is_not_listed,
    bytes_are_durable_before_their_name,
    transports_leave_nothing_open,
    what_nobody_can_use_is_kept,
)


def check_transport(make: MakeTransport) -> Kit:
    """Try all checks on a transport; `make` gives a fresh harness whenever it is called."""
    return run(f"transport {getattr(make, '__name__', 'of a plugin')}", TRANSPORT_CHECKS, make)
