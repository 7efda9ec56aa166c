"""Checks of a connector as a guest in a process that others use: dxa's own, or one that is ended with it."""

from __future__ import annotations

import logging
import os
import pickle
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dxa.errors import AddressError
from dxa.testing.addresses import TEXTS
from dxa.testing.harness import ConnectorHarness, MakeHarness
from dxa.testing.manners import use
from dxa.testing.play import adds, deliver, hear, parcel, people, told, usable
from dxa.testing.verdict import Skip, described, expect, fail, must, should


@must("Return a frozenset of (canonical type, list in folded case).")
def peer_lists_are_list_keys(make: MakeHarness) -> None:
    """The lists by which the one system behind a link is known are named as list keys."""
    harness = make()
    for type_, list_ in harness.connector_type.peer_lists(harness.configured()):
        expect(type_ in harness.types, f"{type_!r} is no registered address type")
        expect(list_ == list_.casefold(), f"the list {list_!r} is not in folded case")


@must("Return a frozenset of tuples of texts, from the outside in; two that mean one place are spelled alike.")
def places_are_texts(make: MakeHarness) -> None:
    """The places that a link alone may write in are tuples of texts, by the site and the link's options alone."""
    harness = make()
    site, options = ("LAB", "HQ"), harness.configured()
    places: Any = harness.connector_type.writes_in(site, options)
    expect(isinstance(places, frozenset), f"it gave a {type(places).__name__}")
    for place in places:
        texts = isinstance(place, tuple) and bool(place) and all(isinstance(step, str) for step in place)
        expect(texts, f"{place!r} is no tuple of texts")
    expect(places == harness.connector_type.writes_in(site, options), "the second call gave other places")


@must("Accept every name that a message of a peer can bear, and raise `AddressError` for what never can be one.")
def peer_names_are_checked(make: MakeHarness) -> None:
    """A name that a peer has is accepted; a text that can be none raises AddressError, and no other error."""
    harness = make()
    check = harness.connector_type.check_peer
    try:
        check(harness.peer.name)
    except Exception as error:
        fail(f"the name of the kit's peer, {harness.peer.name!r}: check_peer {described(error)}")
    for text in TEXTS:
        try:
            check(text)
        except AddressError:
            continue
        except Exception as error:
            fail(f"check_peer({text!r}) {described(error)}")


@must("Make reports and outcomes of plain values and lists: no generator, no open file, no value bound to a process.")
def what_is_given_can_travel(make: MakeHarness) -> None:
    """Reports and outcomes are values that reach dxa from another process as they are."""
    harness = make()
    harness.say(people(harness))
    connector = harness.open()
    given: list[Any] = hear(connector)
    if harness.connector_type.traits.writable:
        given += deliver(connector, parcel(harness, adds(people(harness, ours=True))))
    for each in given:
        try:
            arrived = pickle.loads(pickle.dumps(each))
        except Exception as error:
            fail(f"a {type(each).__name__} cannot be sent to another process: {error}")
        expect(arrived == each, f"a {type(each).__name__} arrives as another one: {each}")


def _state() -> Mapping[str, object]:
    """What all guests of a process share."""
    mask = os.umask(0)
    os.umask(mask)
    return {
        "the current folder": Path.cwd(),
        "the file mode mask": mask,
        "the environment": dict(os.environ),
        "the path of modules": list(sys.path),
        "the limit of recursion": sys.getrecursionlimit(),
        "the default timeout of sockets": socket.getdefaulttimeout(),
        "the handler of SIGTERM": signal.getsignal(signal.SIGTERM),
        "the handler of SIGALRM": signal.getsignal(signal.SIGALRM),
        "the handlers of the log": list(logging.getLogger().handlers),
        "the level of the log": logging.getLogger().level,
        "the hook of exceptions": sys.excepthook,
    }


@must("Give timeouts, folders and environments to the call that needs them; never set them for the process.")
def the_process_is_left_as_it_is(make: MakeHarness) -> None:
    """What all share in a process is as it was: current folder, environment, timeouts, signals, the log."""
    before = _state()
    use(make())
    after = _state()
    changed = [what for what, value in before.items() if after[what] != value]
    if changed:
        _restore(before)
    expect(not changed, f"changed: {', '.join(changed)}")


def _restore(before: Mapping[str, Any]) -> None:
    """Put back what the checks after this one need most."""
    os.chdir(before["the current folder"])
    os.umask(before["the file mode mask"])
    os.environ.clear()
    os.environ.update(before["the environment"])
    sys.path[:] = before["the path of modules"]
    socket.setdefaulttimeout(before["the default timeout of sockets"])
    logging.getLogger().handlers[:] = before["the handlers of the log"]
    logging.getLogger().setLevel(before["the level of the log"])


@must("End every thread in the call that began it.")
def threads_are_ended(make: MakeHarness) -> None:
    """No thread goes on when a call has ended."""
    before = set(threading.enumerate())
    use(make())
    left = sorted(thread.name for thread in set(threading.enumerate()) - before if thread.is_alive())

    expect(not left, f"still running: {', '.join(left)}")


@should("Use `context.log` or `context.tell`.")
def nothing_is_printed(make: MakeHarness) -> None:
    """Nothing is written to standard output or standard error, which are the command's."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        use(make())
    for text, where in ((out.getvalue(), "output"), (err.getvalue(), "error")):
        expect(not text, f"on standard {where}: {text[:80]!r}")


@must("Start every path of the options at `context.folder`; temporary files belong into a temporary folder.")
def paths_start_at_the_sites_folder(make: MakeHarness) -> None:
    """Wherever dxa is started, nothing is read from or left in the current folder."""
    here = Path.cwd()
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            use(make())
            left = sorted(path.name for path in Path(folder).rglob("*"))
        finally:
            os.chdir(here)
    expect(not left, f"left in the current folder: {', '.join(left[:3])}")


@must("Keep what belongs to a link in the connector or below its folder, never in a module or class.")
def links_are_strangers(make: MakeHarness) -> None:
    """What one link has read is nothing to another: neither its entries nor what was settled there."""
    one, other = make(), make()
    one.say(people(one, 2))
    connector = one.open()
    connector.settle([report.receipt for report in connector.collect({})])
    if one.connector_type.traits.writable:
        deliver(connector, parcel(one, adds(people(one, 2, ours=True))))
    other.say(people(other, 3))
    found = told(hear(other.open()))
    expect(len(found) == 3, f"the peer of a second link has told 3 entries, and {len(found)} came")
    if other.connector_type.traits.writable:
        expect(
            not other.delivered(), f"delivered on one link, and at the peer of another: {list(other.delivered())[:3]}"
        )
        deliver(other.open(), parcel(other, adds(people(other, 1, ours=True))))
        expect(len(other.delivered()) == 1, "what was delivered on one link is taken as delivered on another")


@must("Write no option that is a `Secret`, and mask passwords in what you quote of a message.")
def secrets_are_not_shown(make: MakeHarness) -> None:
    """Passwords and keys stand in no line of the log, no reject, no title and no error."""
    harness = make()
    if not harness.secrets:
        raise Skip("the harness names no secrets")
    lines: list[str] = []
    with _logged(lines):
        lines += _said(harness)
    for text in lines:
        for secret in harness.secrets:
            expect(secret not in text, f"a secret is shown: {text.replace(secret, '********')[:120]!r}")


def _said(harness: ConnectorHarness) -> Iterator[str]:
    """All words that a connector says while it is used, and while nothing can be reached."""
    harness.say(people(harness), spoiled=())
    connector = harness.open()
    for report in connector.collect({}):
        yield from (report.title, report.note, report.ignored, report.receipt, report.identity)
        yield from (f"{reject.raw} {reject.reason}" for reject in (*report.rejects, *report.remarks))
        yield f"{report.fault}"
    each = parcel(harness, adds(people(harness, ours=True)))
    if harness.connector_type.traits.writable:
        yield from (f"{outcome}" for outcome in deliver(connector, each))
    try:
        harness.fail()
        for report in usable(harness.open().collect({})):
            yield report.title
        if harness.connector_type.traits.writable:
            list(harness.open().deliver(each))
    except Skip:
        return
    except Exception as error:
        yield f"{error} {error!r}"


class _Lines(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self.lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@contextmanager
def _logged(lines: list[str]) -> Iterator[None]:
    """All lines of the log, at any level."""
    handler = _Lines(lines)
    # dxa's own log may be cut off from the rest.
    before = [(logger, logger.level) for logger in (logging.getLogger(), logging.getLogger("dxa"))]
    for logger, _ in before:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        for logger, level in before:
            logger.removeHandler(handler)
            logger.setLevel(level)


CHECKS = (
    peer_lists_are_list_keys,
    places_are_texts,
    peer_names_are_checked,
    what_is_given_can_travel,
    the_process_is_left_as_it_is,
    threads_are_ended,
    nothing_is_printed,
    paths_start_at_the_sites_folder,
    links_are_strangers,
    secrets_are_not_shown,
)
