"""Checks of address types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs

from dxa.address import Address, AddressType, AddressTypes
from dxa.errors import AddressError
from dxa.testing.verdict import Check, Kit, Skip, described, expect, fail, may, must, run, should

#: Texts that somebody, some day, gives as an address.
TEXTS = (
    *("", " ", "a", "Ann", "ann@lab.example", "N/P/ann", "NET/PO/ANN", "a/b", "/", "//", "///", "a//b", "a/b/c/d/e"),
    *("@", "a@", "@a", "a@b@c", ":", "MS:N/P/A", "c=US;a= ;p=Org;s=Berg;", "/c=US/a= /p=Org/s=Berg/", "Berg~~~030"),
    *("Ärger/Öl/Übel", "ß/ß/ß", "İ/ı/ǅ", "日本/東京/太郎", "Zoë@müsli.example", "e\u0301", "\u200b", "\u202eabc"),
    *("a\tb", "a\nb", "a\r\nb/c/d", "\x00", "\x7f", "\x1b[31m", "\ud800", "🦊", "~~~", "x" * 300),
    *("n" * 30 + "/" + "p" * 30 + "/" + "m" * 30, "$SYSTEM", "N/P/$SYSTEM", "*", "a b c", "a  b", "'\"", "a,b;c|d"),
    *("{a}", "(a)", "<a>", "%", "\\", "=", "+", "-", "0"),
)
#: Up to this variant of an address is looked at.
VARIANTS = 3000


@attrs.frozen
class AddressSubject:
    """An address type with some legal values of it. `case_matters` says that values may differ in case alone."""

    kind: AddressType
    samples: Sequence[str] = ()
    case_matters: bool = False

    def legal(self) -> list[str]:
        """Checked values: the samples, what `TEXTS` have that is legal, and what they can be shaped to."""
        values = dict.fromkeys(map(self.kind.check, self.samples))
        for text in TEXTS:
            for attempt in (self.kind.check, self.kind.shape):
                try:
                    values.setdefault(self.kind.check(attempt(text.strip()) if attempt else ""))
                except AddressError:
                    continue
        if not values:
            raise Skip("no text of the kit is legal here; give samples")
        return list(values)


@must("Write the type's name and its aliases in capitals; they are what stands before the colon.")
def names_are_capitals(subject: AddressSubject) -> None:
    """The canonical name of a type and its other spellings are in upper case and hold no colon or blank."""
    for name in (subject.kind.name, *subject.kind.aliases):
        right = name and name == name.upper() and not set(name) & set(": \t/")
        expect(right, f"{name!r} cannot be the name of an address type")


@must("Correct the samples, or `check`.")
def samples_are_legal(subject: AddressSubject) -> None:
    """The values that are given as legal are accepted."""
    if not subject.samples:
        raise Skip("no samples are given")
    for text in subject.samples:
        try:
            subject.kind.check(text)
        except AddressError as error:
            fail(f"{text!r} is given as legal: {error}")


@must("Return the canonical text from `check`, so that checking it again changes nothing.")
def checking_is_idempotent(subject: AddressSubject) -> None:
    """Check gives canonical text: what it has given is legal and stays as it is."""
    for value in subject.legal():
        _is_canonical(subject, value, "checked once")


def _is_canonical(subject: AddressSubject, value: str, how: str) -> None:
    try:
        again = subject.kind.check(value)
    except AddressError as error:
        fail(f"{value!r}, {how}, is not legal: {error}")
    expect(value == again, f"{value!r}, {how}, becomes {again!r}")


def _refusals(subject: AddressSubject) -> Iterator[tuple[str, AddressError]]:
    for text in TEXTS:
        try:
            subject.kind.check(text)
        except AddressError as error:
            yield text, error
        except Exception as error:
            fail(f"check of {text!r} {described(error)}")


@must("Raise `AddressError` for whatever is wrong with a text, and nothing else.")
def refusals_are_address_errors(subject: AddressSubject) -> None:
    """A text that is not legal raises AddressError with a reason."""
    for text, error in _refusals(subject):
        expect(error.reason.strip(), f"{text!r} is refused without a reason")


@may("Give `AddressError` the number that people of that mail system know, where there is one.")
def refusals_have_numbers(subject: AddressSubject) -> None:
    """An AddressError has the number of the type's own world where there is one."""
    bare = [text for text, error in _refusals(subject) if not error.code]
    expect(not bare, f"no number for {', '.join(map(repr, bare[:5]))}")


@must("Make `check` accept what `str(Address)` gives; it is how addresses are written in files and on command lines.")
def addresses_survive_as_text(subject: AddressSubject) -> None:
    """An address written as TYPE:value is parsed to the same address, under each of the type's names."""
    types = AddressTypes([subject.kind])
    for value in subject.legal():
        address = Address(subject.kind.name, value)
        for name in (subject.kind.name, *subject.kind.aliases, subject.kind.name.lower()):
            try:
                parsed = types.parse(f"{name}:{value}")
            except AddressError as error:
                fail(f"{name}:{value} cannot be parsed: {error}")
            expect(address == parsed, f"{name}:{value} is parsed as {parsed}")


@must("Fold case in `fold`, or say `case_matters` to the kit.")
def fold_ignores_case(subject: AddressSubject) -> None:
    """Equal values have equal folded values: those that differ in case alone are equal, unless case matters."""
    if subject.case_matters:
        raise Skip("in this type, case matters")
    values = [*map(subject.kind.check, subject.samples)] or [v for v in subject.legal() if v.isascii()]
    for value in values:
        for other in (value.upper(), value.lower(), value.swapcase()):
            try:
                checked = subject.kind.check(other)
            except AddressError:
                continue
            one, two = subject.kind.fold(value), subject.kind.fold(checked)
            expect(one == two, f"{value!r} folds to {one!r} and {checked!r} to {two!r}")


@must("Cut and replace until `check` accepts the result, or raise `AddressError`.")
def shaping_gives_legal_values(subject: AddressSubject) -> None:
    """Shape makes a legal value of any text, or raises AddressError when nothing is left."""
    shape = subject.kind.shape
    if shape is None:
        raise Skip("the type shapes nothing")
    for text in TEXTS:
        try:
            value = shape(text)
        except AddressError:
            continue
        except Exception as error:
            fail(f"shape of {text!r} {described(error)}")
        _is_canonical(subject, value, f"shaped from {text!r}")


@should("Return a legal value as it is.")
def shaping_keeps_legal_values(subject: AddressSubject) -> None:
    """A value that is legal is not shaped to another one: nobody's address changes without need."""
    shape = subject.kind.shape
    if shape is None:
        raise Skip("the type shapes nothing")
    for value in subject.legal():
        expect(value == shape(value), f"{value!r} is legal and shaped to {shape(value)!r}")


@must("Cut the value before the number is appended, and never the number.")
def variants_are_legal_and_endless(subject: AddressSubject) -> None:
    """The variants of a value are legal, stand in its list, and do not end: hardly any is the same as another."""
    for value in _few(subject):
        seen = {subject.kind.fold(value)}
        for n in range(2, VARIANTS + 1):
            try:
                variant = subject.kind.variant(value, n)
            except Exception as error:
                fail(f"variant {n} of {value!r} {described(error)}")
            _is_canonical(subject, variant, f"variant {n} of {value!r}")
            same = _list(subject, variant) == _list(subject, value)
            expect(same, f"variant {n} of {value!r} stands in another list: {variant!r}")
            seen.add(subject.kind.fold(variant))
        expect(len(seen) > VARIANTS * 0.9, f"{VARIANTS} variants of {value!r} are only {len(seen)} different ones")


def _few(subject: AddressSubject) -> list[str]:
    """The samples, and of the other legal values the shortest, the longest and one between."""
    values = sorted(subject.legal(), key=len)
    return [*map(subject.kind.check, subject.samples), values[0], values[len(values) // 2], values[-1]]


@must("Work out the list from the canonical value alone; lists that differ in case are one list.")
def lists_are_stable(subject: AddressSubject) -> None:
    """Equal values stand in the same list."""
    for value in subject.legal():
        for other in (value.upper(), value.lower()):
            try:
                checked = subject.kind.check(other)
            except AddressError:
                continue
            if subject.kind.fold(checked) == subject.kind.fold(value):
                one, two = _list(subject, value), _list(subject, checked)
                expect(one == two, f"{value!r} stands in {one!r}, the equal {checked!r} in {two!r}")


@must("Refuse control characters, line breaks and half characters; in a file, they would end a field or a line.")
def values_are_one_line(subject: AddressSubject) -> None:
    """What is accepted is one line of text that can be stored and written: no control characters, nothing half."""
    for value in subject.legal():
        for text in (value, subject.kind.fold(value), subject.kind.list_of(value)):
            wrong = sorted(
                {char for char in text if ord(char) < 32 or 127 <= ord(char) < 160 or "\ud800" <= char < "\ue000"}
            )
            expect(not wrong, f"{value!r} is accepted, with {', '.join(map(repr, wrong))} in it")


@must("Fold the value in `is_program` before you look at it.")
def programs_are_known_in_any_case(subject: AddressSubject) -> None:
    """Of equal values, all are a program's mailbox or none: nobody is told of one that is spelled otherwise."""
    for value in subject.legal():
        for other in (value.upper(), value.lower()):
            try:
                checked = subject.kind.check(other)
            except AddressError:
                continue
            if subject.kind.fold(checked) == subject.kind.fold(value):
                one, two = subject.kind.is_program(value), subject.kind.is_program(checked)
                expect(one == two, f"is_program of {value!r} is {one}, of the equal {checked!r} {two}")


def _list(subject: AddressSubject, value: str) -> str:
    return subject.kind.list_of(value).casefold()


ADDRESS_CHECKS: tuple[Check[AddressSubject], ...] = (
    names_are_capitals,
    samples_are_legal,
    checking_is_idempotent,
    refusals_are_address_errors,
    refusals_have_numbers,
    addresses_survive_as_text,
    fold_ignores_case,
    shaping_gives_legal_values,
    shaping_keeps_legal_values,
    variants_are_legal_and_endless,
    lists_are_stable,
    values_are_one_line,
    programs_are_known_in_any_case,
)


def subjects(types: Iterable[AddressType], samples: Mapping[str, Sequence[str]]) -> list[AddressSubject]:
    """Each type with its samples, by the type's name."""
    return [AddressSubject(kind, samples.get(kind.name, ())) for kind in types]


def check_address_type(subject: AddressSubject) -> Kit:
    """Try all checks on an address type."""
    return run(f"address type {subject.kind.name}", ADDRESS_CHECKS, subject)
