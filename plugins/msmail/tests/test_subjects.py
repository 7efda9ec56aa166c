import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa_msmail.subjects import (
    NO_NUMBERS,
    Kind,
    Numbers,
    Subject,
    parse_subject,
    reply_subject,
    request_subject,
    status_subject,
)


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("ReqTx R=5 (was 3), S=80, I=1 2 sent", Subject(Kind.REQUEST, Numbers(5, 3, 80, None, 1, 2))),
        ("SrvTx R=5 S=84 (was 80), I=1 4 sent", Subject(Kind.REPLY, Numbers(5, None, 84, 80, 1, 4))),
        ("Status report from NET/PO", Subject(Kind.STATUS, sender="NET/PO")),
    ],
)
def test_subjects_both_ways(text: str, subject: Subject) -> None:
    """KB Q96060, Q133428: what is written is read back."""
    written = {
        Kind.REQUEST: request_subject(subject.numbers),
        Kind.REPLY: reply_subject(subject.numbers),
        Kind.STATUS: status_subject(subject.sender),
    }

    assert text == written[subject.kind]
    assert subject == parse_subject(text)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("ReqTx R=5 (was 3), S = 80, I = 1 2 sent", Numbers(5, 3, 80, None, 1, 2)),  # KB Q96060
        ("$SYSTEM SrvTx R=5 S=84 (was 80) I=1 4 sent", Numbers(5, None, 84, 80, 1, 4)),  # KB Q96060
        ("REQTX R=5(was 3)....2 sent", Numbers(req=5, req_was=3, count=2)),  # KB Q133428
        ("SrvTx R=3 S=87298 (was 0), I=2 15603 sen", Numbers(3, None, 87298, 0, 2, 15603)),  # KB Q162841
        ("ReqTx R=5 (was 3), S=80, I=2 (was 1) 2 sent", Numbers(5, 3, 80, None, 2, 2)),  # no such number of imports
    ],
)
def test_spellings_of_documents(text: str, numbers: Numbers) -> None:
    """Blanks, commas, dots and case differ from source to source."""
    subject = parse_subject(text)

    assert subject is not None
    assert numbers == subject.numbers


def test_golden_cut() -> None:
    """KB Q162841: the real subject of an import reply, cut to 40 characters."""
    assert "SrvTx R=3 S=87298 (was 0), I=2 15603 sen" == reply_subject(Numbers(3, None, 87298, 0, 2, 15603))


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("SrvTx R=1234567 S=1234567 (was 0), I=123", Numbers(req=1234567, srv=1234567, srv_was=0)),
        ("SrvTx R=1234567 S=12345678 (was 0), I=2 ", Numbers(req=1234567, srv=12345678, srv_was=0, imp=2)),
        ("SrvTx R=1234567 S=12345 (was 0), I=2 123", Numbers(req=1234567, srv=12345, srv_was=0, imp=2)),
        ("SrvTx R=12345678 S=1234567890 (was 12345", Numbers(req=12345678, srv=1234567890)),
    ],
)
def test_a_number_that_may_have_been_cut_is_left_out(text: str, numbers: Numbers) -> None:
    """The last number of a subject of full length may lack digits."""
    subject = parse_subject(text)

    assert subject is not None
    assert numbers == subject.numbers


@pytest.mark.parametrize(
    "text", [f"ReqTx R={'9' * 5000}", f"ReqTx {'9' * 5000} sent", "ReqTx R=12345678901", "ReqTx İ=1"]
)
def test_what_is_no_number_is_left_out(text: str) -> None:
    """KB Q118298: numbers have up to ten digits; a message file may have a subject of any length and any letters."""
    assert Subject(Kind.REQUEST) == parse_subject(text)


@pytest.mark.parametrize(("text", "kind"), [("Directory Exchange Profile", Kind.PROFILE), ("Hello", None), ("", None)])
def test_other_subjects(text: str, kind: Kind | None) -> None:
    """KB Q118298: a foreign requestor's subject has no numbers; other mail is none of ours."""
    subject = parse_subject(text)

    assert (kind, NO_NUMBERS) == (subject and subject.kind, subject.numbers if subject else NO_NUMBERS)


def test_filling_gaps() -> None:
    """The body's numbers win; the subject fills what the body lacks."""
    assert Numbers(5, 3, 80) == Numbers(req=5, srv=80).filled_from(Numbers(9, 3, 9))


@given(st.tuples(*[st.integers(min_value=0, max_value=10**10 - 1)] * 5))
def test_no_number_is_ever_read_wrong(values: tuple[int, ...]) -> None:
    """Whatever the cut takes away, what is read is what was written."""
    req, was, srv, imp, count = values
    request, reply = Numbers(req, was, srv, None, imp, count), Numbers(req, None, srv, was, imp, count)

    for text, numbers in ((request_subject(request), request), (reply_subject(reply), reply)):
        subject = parse_subject(text)
        assert len(text) <= 40
        assert subject is not None
        assert numbers == subject.numbers.filled_from(numbers)
