"""Checks of decoders for ``dxa dump``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from random import Random

import attrs

from dxa.address import AddressTypes
from dxa.connector import Decoder
from dxa.testing.verdict import Check, Skip, described, expect, fail, must, should

#: A sample is cut at so many places.
PLACES = 200


@attrs.frozen
class DecoderSubject:
    """A decoder with files that it can decode."""

    decoder: Decoder
    samples: Sequence[bytes] = ()
    #: The address types of the entries in the samples, for a format that is converted.
    types: AddressTypes = attrs.field(factory=lambda: AddressTypes(()))
    #: Passwords in the samples, which no row may show.
    secrets: Sequence[str] = ()

    def files(self) -> Sequence[bytes]:
        """The samples, of which there must be some."""
        if not self.samples:
            raise Skip("no samples are given")
        return self.samples


def noise() -> Iterator[bytes]:
    """Bytes that are of no format, or of one that nobody here reads; the same every time."""
    random = Random(0)
    yield from (b"", b"\x00", b"\n", b" ", b"\xff" * 64, b"\x00" * 64, b"PK\x03\x04\x00\x00", b"\x7fELF", b"%PDF-1.4\n")
    yield from (random.randbytes(size) for size in (1, 2, 3, 7, 16, 100, 1000, 5000) for _ in range(8))


def pieces(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Beginnings of a sample, and the sample with one byte changed, each with words for what it is."""
    for at in range(0, len(data), max(1, len(data) // PLACES)):
        yield f"a sample cut at {at} of {len(data)}", data[:at]
        yield f"a sample with byte {at} changed", data[:at] + bytes([data[at] ^ 0xA5]) + data[at + 1 :]


@must("Look for the format's own mark: a magic number, a heading, a checked length.")
def sniffing_refuses_noise(subject: DecoderSubject) -> None:
    """A decoder does not claim random bytes, or nobody else gets to see them."""
    for data in noise():
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
        for what, piece in pieces(data):
            try:
                subject.decoder.sniff(piece)
            except Exception as error:
                fail(f"{what}: sniff {described(error)}")


@must("Catch the error, and yield a row that says what is wrong and where.")
def decoding_raises_nothing(subject: DecoderSubject) -> None:
    """Decoding never raises: what cannot be read becomes a row with the error."""
    broken = [(what, piece) for data in subject.samples for what, piece in pieces(data)]
    for what, data in [*((f"noise {data[:20]!r}", data) for data in noise()), *broken]:
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


@must("Put what it is into the key `kind` of every row.")
def rows_say_their_kind(subject: DecoderSubject) -> None:
    """Every row has the key ``kind``, which is a word."""
    for data in subject.files():
        for row in subject.decoder.decode(data):
            kind = row.get("kind")
            expect(isinstance(kind, str) and kind, f"a row without a kind: {str(row)[:120]}")


@must("Give a bad row `line` or `offset`, `code` (0 where there is none) and `reason`.")
def bad_rows_say_why(subject: DecoderSubject) -> None:
    """Rows of the kinds ``reject`` and ``error`` say where, with which number and why."""
    broken = [piece for data in subject.samples for _, piece in pieces(data)]
    for data in [*subject.samples, *noise(), *broken]:
        for row in subject.decoder.decode(data):
            if row.get("kind") in ("reject", "error"):
                expect("line" in row or "offset" in row, f"neither line nor offset: {str(row)[:200]}")
                expect(isinstance(row.get("code"), int), f"no code that is a number: {str(row)[:200]}")
                expect(row.get("reason"), f"no reason: {str(row)[:200]}")


@must("Keep nothing between two files, neither in the module nor in the decoder.")
def files_do_not_disturb_each_other(subject: DecoderSubject) -> None:
    """A file gives the same rows whatever was decoded before it, or is being decoded meanwhile."""
    for data in subject.files():
        first = list(subject.decoder.decode(data))
        between = subject.decoder.decode(data)
        for other in (*subject.samples, *list(noise())[:12]):
            next(iter(between), None)
            for _row in subject.decoder.decode(other):
                pass
        again = list(subject.decoder.decode(data))
        expect(first == again, f"a file that begins with {data[:20]!r} gives other rows the second time")


@must("Mask passwords before you make a row, in raw texts, too.")
def rows_show_no_secrets(subject: DecoderSubject) -> None:
    """No row shows a password, of whole files and of damaged ones."""
    if not subject.secrets:
        raise Skip("no secrets are given")
    broken = [piece for data in subject.samples for _, piece in pieces(data)]
    for data in [*subject.samples, *broken]:
        for row in subject.decoder.decode(data):
            for secret in subject.secrets:
                expect(secret not in str(row), f"a row shows a secret: {str(row).replace(secret, '********')[:200]}")


#: Of decoding; those of converting are in `dxa.testing.converting`.
CHECKS: tuple[Check[DecoderSubject], ...] = (
    sniffing_refuses_noise,
    sniffing_knows_its_files,
    names_are_places,
    sniffing_raises_nothing,
    decoding_raises_nothing,
    rows_are_plain,
    decoding_is_lazy,
    rows_say_their_kind,
    bad_rows_say_why,
    files_do_not_disturb_each_other,
    rows_show_no_secrets,
)
