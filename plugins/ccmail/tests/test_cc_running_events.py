import pytest

from dxa.errors import TransportError
from dxa_ccmail.running.events import Event, Program, RunError, ended, failed, meaning, quoted


@pytest.mark.cc("T36", "T38", "T40")
@pytest.mark.parametrize(
    ("program", "numbers"),
    [(Program.EXPORT, [67, 68, 69, 70, 71, 72]), (Program.IMPORT, [58, 59, 60, 61, 62, 63])],
)
def test_each_code_has_its_event(program: Program, numbers: list[int]) -> None:
    """The exit codes 0 to 5 have the numbers under which the original logged them."""
    assert numbers == [ended(program, code).number for code in range(6)]


@pytest.mark.cc("T36")
def test_a_failure_says_code_meaning_and_text() -> None:
    """An event has the code, what it means, and the program's own words on one line."""
    event = ended(Program.EXPORT, 4, "Opening PO1\n\nEXPORT process ended with error: 4.\n")

    expected = (
        "[71] EXPORT ended with code 4: the post office is locked by another process, or shut down. "
        'The program said: "Opening PO1 / EXPORT process ended with error: 4."'
    )
    assert expected == str(event)
    assert "error" == event.level


def test_success_is_information_and_quotes_nothing() -> None:
    """What a program said when all went well is kept elsewhere."""
    assert Event(58, "IMPORT ended with code 0: success", "information") == ended(Program.IMPORT, 0, "5 entries")


@pytest.mark.cc("T40")
def test_refused_updates_are_a_warning() -> None:
    """Code 5 of IMPORT means that the rest was done."""
    assert "warning" == ended(Program.IMPORT, 5).level
    assert "error" == ended(Program.EXPORT, 5).level


@pytest.mark.parametrize("code", [6, 100, -1])
def test_a_code_that_nobody_knows(code: int) -> None:
    """Another code is told as a failure, without a meaning being made up."""
    assert "no source says" in meaning(Program.EXPORT, code)
    assert [65, 59] == [ended(program, code).number for program in Program]
    assert 65 == failed(Program.EXPORT, "was killed").number


def test_a_long_text_is_quoted_from_its_end() -> None:
    """What went wrong stands at the end."""
    text = quoted(f"begin {'x' * 5000} end")

    assert "begin" not in text
    assert text.endswith(' end"')


def test_the_error_carries_everything() -> None:
    """Who catches it has the event, the code and the whole text; as a transport's error, it is tried again."""
    error = RunError(Event(68, "no"), code=1, console="text")

    assert isinstance(error, TransportError)
    assert (68, 1, "text", "") == (error.event.number, error.code, error.console, error.receipt)
    assert "[68] no; the next run tries again" == str(error)
