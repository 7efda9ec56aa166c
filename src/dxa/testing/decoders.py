"""Checks of decoders for ``dxa dump``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from random import Random

import attrs

from dxa.address import AddressTypes
from dxa.connector import Decoder
from dxa.entry import Reject, Transaction
from dxa.testing.verdict import Check, Kit, Skip, described, expect, fail, must, run, should

#: A sample is cut at so many places.
PLACES = 200


@attrs.frozen
class DecoderSubject:
    """A decoder with files that it can decode."""

    decoder: Decoder
    samples: Sequence[bytes] = ()
    #: The address types of the entries in the samples, for a format that is converted.
    types: AddressTypes = attrs.field(factory=lambda: AddressTypes(()))

    def files(self) -> Sequence[bytes]:
        """The samples, of which there must be some."""
        if not self.samples:
            raise Skip("no samples are given")
        return self.samples


def _noise() -> Iterator[bytes]:
    random = Random(0)
    yield from (b"", b"\x00", b"\n", b" ", b"\xff" * 64, b"\x00" * 64, b"PK\x03\x04\x00\x00", b"\x7fELF", b"%PDF-1.4\n")
    yield from (random.randbytes(size) for size in (1, 2, 3, 7, 16, 100, 1000, 5000) for _ in range(8))


def _pieces(data: bytes) -> Iterator[tuple[str, bytes]]:
    for at in range(0, len(data), max(1, len(data) // PLACES)):
        yield f"a sample cut at {at} of {len(data)}", data[:at]
        yield f"a sample with byte {at} changed", data[:at] + bytes([data[at] ^ 0xA5]) + data[at + 1 :]


@must("Look for the format's own mark: a magic number, a heading, a checked length.")
def sniffing_refuses_noise(subject: DecoderSubject) -> None:
    """A decoder does not claim random bytes, or nobody else gets to see them."""
    for data in _noise():
        try:
            claimed = subject.decoder.sniff(data)
        except Exception as error:
            fail(f"sniff of {data[:20]!r} {described(error)}")
        expect(not claimed, f"{len(data)} bytes of noise are claimed: {data[:20]!r}")


@must("Correct the samples, or `sniff`.")
def sniffing_knows_its_files(subject: DecoderSubject) -> None:
    """A decoder claims the files that it can decode, and says so with True; one with `names` need not."""
    for data in () if subject.decoder.names else subject.files():
        claimed = subject.decoder.sniff(data)
        expect(claimed is True, f"a file that begins with {data[:20]!r} is not claimed: {claimed!r}")


@must("Write folder and file name, as in `GLB/*.GLB`, in upper case; leave other files alone.")
def names_are_places(subject: DecoderSubject) -> None:
    """The patterns in `names` are for a folder and a file name in upper case, and match not just any file."""
    for name in subject.decoder.names:
        expect(name == name.upper() and len(PurePath(name).parts) == 2, f"{name!r} cannot match any file")
    for path in ("LETTER", "A/B", "LISTS/STAFF.TXT"):
        expect(not subject.decoder.expects(PurePath(path)), f"{path} would be read as {subject.decoder.name}")


@must("Check what you have before you look at it: a file may end anywhere.")
def sniffing_raises_nothing(subject: DecoderSubject) -> None:
    """Whatever the bytes are, sniffing gives an answer."""
    for data in subject.files():
        for what, piece in _pieces(data):
            try:
                subject.decoder.sniff(piece)
            except Exception as error:
                fail(f"{what}: sniff {described(error)}")


@must("Catch the error, and yield a row that says what is wrong and where.")
def decoding_raises_nothing(subject: DecoderSubject) -> None:
    """Decoding never raises: what cannot be read becomes a row with the error."""
    broken = [(what, piece) for data in subject.samples for what, piece in _pieces(data)]
    for what, data in [*((f"noise {data[:20]!r}", data) for data in _noise()), *broken]:
        try:
            for _row in subject.decoder.decode(data):
                pass
        except Exception as error:
            fail(f"{what}: decode {described(error)}")


@must("Yield plain values: texts, numbers, truth, None, lists and mappings of them.")
def rows_are_plain(subject: DecoderSubject) -> None:
    """Every file gives rows, which are mappings from texts to values that JSON knows."""
    for data in subject.files():
        rows = list(subject.decoder.decode(data))
        expect(rows, f"a file that begins with {data[:20]!r} gives no rows")
        for row in rows:
            expect(all(type(key) is str for key in row), f"a key that is no text: {row!r}")
            try:
                json.dumps(row)
            except (TypeError, ValueError) as error:
                fail(f"{error}: {row!r}")


@should("Make `decode` a generator.")
def decoding_is_lazy(subject: DecoderSubject) -> None:
    """Rows come one by one, so that the beginning of a large file is seen at once."""
    for data in subject.files():
        rows = subject.decoder.decode(data)
        expect(isinstance(rows, Iterator), f"decode gives a {type(rows).__name__}, not an iterator")


@must("Catch the error, and yield a `Reject` that says what is wrong and on which line.")
def reading_raises_nothing(subject: DecoderSubject) -> None:
    """Reading a file for conversion gives transactions and rejects, whatever the bytes are."""
    read = subject.decoder.read
    if read is None:
        raise Skip("the format is not read for conversion")
    broken = [(what, piece) for data in subject.samples for what, piece in _pieces(data)]
    for what, data in [*((f"noise {data[:20]!r}", data) for data in _noise()), *broken]:
        try:
            rows = list(read(data, subject.types))
        except Exception as error:
            fail(f"{what}: read {described(error)}")
        for row in rows:
            expect(isinstance(row, (Transaction, Reject)), f"{what}: read gives {row!r}")


@must("Write what `read` gives; yield a `Reject` for what the format cannot hold.")
def written_files_are_read_again(subject: DecoderSubject) -> None:
    """Who is read from a file and written to another one is read from that, too."""
    read, write = subject.decoder.read, subject.decoder.write
    if read is None or write is None:
        raise Skip("the format is not both read and written for conversion")
    for data in subject.files():
        before = [row for row in read(data, subject.types) if isinstance(row, Transaction)]
        try:
            pieces = list(write(before))
        except Exception as error:
            fail(f"a file that begins with {data[:20]!r}: write {described(error)}")
        refused = sum(isinstance(piece, Reject) for piece in pieces)
        written = b"".join(piece for piece in pieces if isinstance(piece, bytes))
        after = [row for row in read(written, subject.types) if isinstance(row, Transaction)]
        keys = [[side and side.key for row in rows for side in (row.old, row.new)] for rows in (before, after)]
        found = f"{len(before)} transactions were written, {refused} of them refused, and {len(after)} are read"
        expect(refused > 0 or keys[0] == keys[1], f"a file that begins with {data[:20]!r}: {found}")
        expect(len(after) + refused >= len(before), f"a file that begins with {data[:20]!r}: {found}")


DECODER_CHECKS: tuple[Check[DecoderSubject], ...] = (
    sniffing_refuses_noise,
    sniffing_knows_its_files,
    names_are_places,
    sniffing_raises_nothing,
    decoding_raises_nothing,
    rows_are_plain,
    decoding_is_lazy,
    reading_raises_nothing,
    written_files_are_read_again,
)


def check_decoder(subject: DecoderSubject) -> Kit:
    """Try all checks on a decoder."""
    return run(f"decoder {subject.decoder.name}", DECODER_CHECKS, subject)
