"""Checks of formats of address lists that can be converted to those of others: `Decoder.read` and `Decoder.write`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from dxa.address import AddressTypes
from dxa.connector import Decoder
from dxa.entry import Reject, Transaction
from dxa.testing import decoders
from dxa.testing.decoders import DecoderSubject, noise, pieces
from dxa.testing.delivering import BREAKING
from dxa.testing.verdict import Check, Kit, Skip, described, expect, fail, must, run, should

Read = Callable[[bytes, AddressTypes], Iterator[Transaction | Reject]]
Write = Callable[[Iterable[Transaction]], Iterator[bytes | Reject]]


def _reader(decoder: Decoder) -> Read:
    if decoder.read is None:
        raise Skip("the format is not read for conversion")
    return decoder.read


def _both(decoder: Decoder) -> tuple[Read, Write]:
    if decoder.read is None or decoder.write is None:
        raise Skip("the format is not both read and written for conversion")
    return decoder.read, decoder.write


def _rows(subject: DecoderSubject, read: Read, data: bytes) -> list[Transaction]:
    return [row for row in read(data, subject.types) if isinstance(row, Transaction)]


@must("Catch the error, and yield a `Reject` that says what is wrong and on which line.")
def reading_raises_nothing(subject: DecoderSubject) -> None:
    """Reading a file for conversion gives transactions and rejects, whatever the bytes are."""
    read = _reader(subject.decoder)
    broken = [(what, piece) for data in subject.samples for what, piece in pieces(data)]
    for what, data in [*((f"noise {data[:20]!r}", data) for data in noise()), *broken]:
        try:
            rows = list(read(data, subject.types))
        except Exception as error:
            fail(f"{what}: read {described(error)}")
        for row in rows:
            expect(isinstance(row, (Transaction, Reject)), f"{what}: read gives {row!r}")


@must("Write what `read` gives; yield a `Reject` for what the format cannot hold.")
def written_files_are_read_again(subject: DecoderSubject) -> None:
    """Who is read from a file and written to another one is read from that, too."""
    read, write = _both(subject.decoder)
    for data in subject.files():
        before = _rows(subject, read, data)
        try:
            pieces = list(write(before))
        except Exception as error:
            fail(f"a file that begins with {data[:20]!r}: write {described(error)}")
        refused = sum(isinstance(piece, Reject) for piece in pieces)
        written = b"".join(piece for piece in pieces if isinstance(piece, bytes))
        after = _rows(subject, read, written)
        keys = [[side and side.key for row in rows for side in (row.old, row.new)] for rows in (before, after)]
        found = f"{len(before)} transactions were written, {refused} of them refused, and {len(after)} are read"
        expect(refused > 0 or keys[0] == keys[1], f"a file that begins with {data[:20]!r}: {found}")
        expect(len(after) + refused >= len(before), f"a file that begins with {data[:20]!r}: {found}")


@must("Give a `Reject` the line that it stands on, and words that say what is wrong with it.")
def unread_records_say_why(subject: DecoderSubject) -> None:
    """What could not be read for conversion has a reason, and is not silently another record."""
    read = _reader(subject.decoder)
    broken = [(what, piece) for data in subject.samples for what, piece in pieces(data)]
    for what, data in broken:
        for row in read(data, subject.types):
            if isinstance(row, Reject):
                expect(row.reason.strip(), f"{what}: a reject of {row.raw!r} without a reason")
                expect(row.line >= 0, f"{what}: a reject on line {row.line}")


@should("Make `read` a generator.")
def reading_is_lazy(subject: DecoderSubject) -> None:
    """A large file is converted record by record."""
    read = _reader(subject.decoder)
    for data in subject.files():
        rows = read(data, subject.types)
        expect(isinstance(rows, Iterator), f"read gives a {type(rows).__name__}, not an iterator")


@must("Yield a `Reject` for an entry that the format cannot hold, and write the others.")
def writing_raises_nothing(subject: DecoderSubject) -> None:
    """Whatever the names of entries, writing gives bytes and rejects with a reason, and raises nothing."""
    read, write = _both(subject.decoder)
    for data in subject.files():
        rows = _rows(subject, read, data)
        for name in BREAKING:
            odd = [row._replace(new=row.new._replace(name=name)) for row in rows if row.new and row.new.address][:3]
            try:
                pieces_ = list(write(odd))
            except Exception as error:
                fail(f"with the name {name!r}, write {described(error)}")
            for piece in pieces_:
                kept = not isinstance(piece, Reject) or piece.reason.strip()
                expect(kept and isinstance(piece, (bytes, Reject)), f"with the name {name!r}, write gives {piece!r}")


@must("Begin the file as those files begin that `sniff` knows.")
def written_files_are_claimed(subject: DecoderSubject) -> None:
    """What was written is known as a file of this format."""
    read, write = _both(subject.decoder)
    if subject.decoder.names:
        raise Skip("such files are known by their place")
    for data in subject.files():
        if rows := _rows(subject, read, data):
            written = b"".join(piece for piece in write(rows) if isinstance(piece, bytes))
            expect(not written or subject.decoder.sniff(written), f"what is written begins with {written[:40]!r}")


@should("Write neither the time nor a random number.")
def writing_again_gives_the_same(subject: DecoderSubject) -> None:
    """The same entries give the same bytes."""
    read, write = _both(subject.decoder)
    for data in subject.files():
        rows = _rows(subject, read, data)
        expect(list(write(rows)) == list(write(rows)), f"the {len(rows)} entries give other bytes the second time")


@must("Write endings with their dot and in lower case: `.ldif`.")
def endings_are_endings(subject: DecoderSubject) -> None:
    """The endings of a format's files are parts of names: a dot and lower case."""
    for ending in subject.decoder.endings:
        right = ending == ending.lower() and ending.startswith(".") and len(ending) > 1 and "/" not in ending
        expect(right, f"{ending!r} cannot be the ending of a file's name")


CHECKS: tuple[Check[DecoderSubject], ...] = (
    reading_raises_nothing,
    written_files_are_read_again,
    unread_records_say_why,
    reading_is_lazy,
    writing_raises_nothing,
    written_files_are_claimed,
    writing_again_gives_the_same,
    endings_are_endings,
)
DECODER_CHECKS = (*decoders.CHECKS, *CHECKS)


def check_decoder(subject: DecoderSubject) -> Kit:
    """Try all checks on a decoder."""
    return run(f"decoder {subject.decoder.name}", DECODER_CHECKS, subject)
