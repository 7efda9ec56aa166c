"""Letters as e-mails: what is written is read back, whatever a gateway does to the rest; nothing else is believed."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from dxa.errors import FormatError
from dxa.mail import letter
from dxa.mail.letter import NON_DELIVERY, RECEIPT, REPLY, Letter, Part, compose, message_id, read
from dxa.signing import PrivateKey

KEY = PrivateKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
BODY = b"[Directory Exchange Profile]\r\nNAME=PCM:NORTH/MAIN\r\n\xff\x00\r\r\n.\r\nFrom here\n"
WORD = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12)
FIELD = st.lists(WORD, min_size=1, max_size=3).map(" ".join)


def a_letter(**values: object) -> Letter:
    """A letter with two parts."""
    parts = (Part("MESSAGE.MSG", BODY), Part("TMPTRANS.GLB", bytes(range(256)) * 40))
    given = {"id": "7.msg", "channel": "msmail", "sender": "NORTH/MAIN", "to": "LAB/HQ", "parts": parts, **values}
    return Letter(**{"subject": "ReqTx R=1", "text": "Änderung\n", **given})  # type: ignore[arg-type]


def sent(each: Letter | None = None, key: PrivateKey | None = KEY) -> bytes:
    """The e-mail of a letter."""
    return compose(each or a_letter(), origin="north@x.example", target="hq@y.example", now=1e9, key=key)


@given(
    names=st.tuples(FIELD, FIELD, FIELD, FIELD),
    parts=st.lists(st.tuples(FIELD, st.binary(max_size=400)), min_size=1, max_size=3, unique_by=lambda part: part[1]),
    subject=st.text(max_size=60),
    text=st.text(max_size=200),
    signed=st.booleans(),
)
def test_what_is_written_is_read(
    names: tuple[str, ...], parts: list[tuple[str, bytes]], subject: str, text: str, signed: bool
) -> None:
    """Any names, bytes and texts come back, and the signature with them; the texts are for people and may differ."""
    channel, id_, sender, to = names
    given = Letter(
        id=id_,
        channel=channel,
        sender=sender,
        to=to,
        parts=tuple(Part(*part) for part in parts),
        subject=subject,
        text=text,
    )
    mail = read(sent(given, KEY if signed else None))
    found = mail.letter()

    assert (given.id, given.channel, given.sender, given.to) == (found.id, found.channel, found.sender, found.to)
    assert [bytes(part.data) for part in given.parts] == [part.data for part in found.parts]
    assert mail.seal is not None
    assert signed == mail.seal.signed_by(KEY.public)
    assert "" == mail.automatic


def test_the_same_letter_is_the_same_e_mail() -> None:
    """Sent twice it has the same bytes; at another time it has the same Message-ID, and another letter has not."""
    again = compose(a_letter(), origin="north@x.example", target="hq@y.example", now=2e9, key=KEY)
    ids = [message_from_bytes(data)["Message-ID"] for data in (sent(), again, sent(a_letter(id="8.msg")))]

    assert sent() == sent()
    assert ids[0] == ids[1] == message_id(a_letter(), "north@x.example")
    assert ids[0] != ids[2]


def test_no_program_shall_answer() -> None:
    """The e-mail says that a program wrote it, and asks for no receipt (T-158)."""
    message = message_from_bytes(sent(), policy=policy.default)

    assert "auto-generated" == message["Auto-Submitted"]
    assert [] == [name for name in message if "receipt" in name.lower() or "notification" in name.lower()]


def _through(data: bytes, change: str) -> bytes:
    """What a gateway of some kind makes of an e-mail."""
    if change == "line ends":
        return data.replace(b"\r\n", b"\n")
    if change == "rewrapped base64":
        return re.sub(
            rb"(?:[A-Za-z0-9+/=]{4,76}\r\n){2,}",
            lambda found: b"\r\n".join(re.findall(rb".{1,40}", found[0].replace(b"\r\n", b""))) + b"\r\n",
            data,
        )
    message = message_from_bytes(data, policy=policy.SMTP)
    assert isinstance(message, EmailMessage)
    if change == "text in another charset and encoding":
        text = message.get_body(("plain",))
        assert text is not None
        text.set_content("Ver\u00e4ndert, " * 40 + "by a gateway.\n", charset="iso-8859-1", cte="8bit")
    elif change == "headers":
        for name in ("X-DXA-Id", "Message-ID", "Subject", "Auto-Submitted", "To"):
            del message[name]
        message["Subject"] = "[EXTERNAL] something"
    elif change == "attachments renamed":
        for at, part in enumerate(message.iter_attachments()):
            part.replace_header("Content-Disposition", f'attachment; filename="ATT{at:05d}.DAT"')
    elif change == "attachments as quoted-printable":
        for part in message.iter_attachments():
            part.set_content(part.get_content(), "application", "octet-stream", cte="quoted-printable")
    elif change == "a footer behind all":
        message.attach(_footer())
    elif change == "attachments in another order":
        payload = message.get_payload()
        assert isinstance(payload, list)
        payload.reverse()
    return message.as_bytes()


def _footer() -> EmailMessage:
    footer = EmailMessage(policy=policy.SMTP)
    footer.set_content("This e-mail is confidential.\n")
    return footer


@pytest.mark.parametrize(
    "change",
    [
        "line ends",
        "rewrapped base64",
        "text in another charset and encoding",
        "headers",
        "attachments renamed",
        "attachments as quoted-printable",
        "a footer behind all",
        "attachments in another order",
    ],
)
def test_gateways_do_no_harm(change: str) -> None:
    """Whatever a gateway does to text, line ends, headers, names, order and encodings, the letter is the same."""
    changed = _through(sent(), change)
    mail = read(changed)

    assert sent() != changed
    assert a_letter().parts == mail.letter().parts
    assert mail.seal is not None
    assert mail.seal.signed_by(KEY.public)


@given(st.integers(0, 100_000), st.integers(0, 7))
def test_a_changed_bit_is_no_letter_of_ours(at: int, bit: int) -> None:
    """Whatever bit of an e-mail is changed: it is the same letter, or it is damaged, or nobody vouches for it."""
    data = bytearray(sent())
    data[at % len(data)] ^= 1 << bit
    try:
        mail = read(bytes(data))
        found = mail.letter()
    except FormatError:
        return
    if mail.seal is not None and mail.seal.signed_by(KEY.public):
        assert attrs_of(a_letter()) == attrs_of(found)


def attrs_of(each: Letter) -> tuple[object, ...]:
    """What of a letter is covered by its seal."""
    return each.id, each.channel, each.sender, each.to, each.parts


@given(st.integers(0, 100_000))
def test_half_an_e_mail_is_no_letter(length: int) -> None:
    """An e-mail that was cut anywhere is damaged or without a seal; it is never taken for less than was sent."""
    data = sent()
    cut = data[: length % len(data)]
    try:
        found = read(cut).letter()
    except FormatError:
        return
    assert attrs_of(a_letter()) == attrs_of(found)


@given(
    st.binary(max_size=600),
    st.sampled_from([b"", b"Content-Type: ", b"Subject: =?", b"MIME-Version: 1.0\n", b"\ndxa-mail 1\n"]),
)
def test_any_bytes_are_read(data: bytes, start: bytes) -> None:
    """Reading whatever bytes ends with an e-mail or with `FormatError`, and with no other exception."""
    try:
        mail = read(start + data)
    except FormatError:
        return
    assert mail.seal is None or mail.seal.covered


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda seal: seal.replace(b"channel: ", b"chanel: "), "chanel"),
        (lambda seal: seal.replace(b"id: 7.msg\n", b""), "id"),
        (lambda seal: seal.replace(b"id: 7.msg\n", b"id: 7.msg\nid: 8.msg\n"), "id"),
        (lambda seal: seal.replace(b"part: ", b"part: x"), "part"),
        (lambda seal: seal.rpartition(b"signature: ")[0] + b"signature: AAAA\n", "signature"),
        (lambda seal: seal.rpartition(b"signature: ")[0] + b"signature: ?\n", "signature"),
    ],
)
def test_a_broken_seal_says_where(change: object, field: str) -> None:
    """A seal that breaks the form is refused with the line that is wrong."""
    seal = letter._sealed(a_letter(), KEY)
    message = EmailMessage()
    message.set_content("x")
    message.add_attachment(change(seal), "application", "octet-stream", filename="DXA.SEAL")  # type: ignore[operator]
    with pytest.raises(FormatError) as caught:
        read(message.as_bytes())

    assert field == caught.value.field


def test_a_missing_attachment_is_named() -> None:
    """An e-mail without one of its parts says which, how large it should be, and what is there instead."""
    message = message_from_bytes(sent(), policy=policy.SMTP)
    payload = message.get_payload()
    assert isinstance(payload, list)
    del payload[3]
    with pytest.raises(FormatError) as caught:
        read(message.as_bytes()).letter()

    assert "TMPTRANS.GLB" == caught.value.field
    assert caught.value.expected.startswith("10240 bytes with the SHA-256 ")
    assert f"MESSAGE.MSG of {len(BODY)} bytes" == caught.value.got


def test_a_name_that_would_break_the_seal_is_refused() -> None:
    """A name with a line end never becomes a line of the seal."""
    with pytest.raises(ValueError, match="from of a letter cannot be"):
        sent(a_letter(sender="NORTH/MAIN\nto: LAB/EVIL"))


def test_a_key_signs_nothing_else() -> None:
    """A signature over the same bytes for another purpose is none of a letter."""
    unsigned = letter._sealed(a_letter(), None)
    mail = read(sent())
    assert mail.seal is not None

    assert unsigned == mail.seal.covered
    assert not KEY.public.signed(mail.seal.covered, mail.seal.signature or b"")


REPORT = b"""From: Mail Delivery System <MAILER-DAEMON@y.example>
To: hq@y.example
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=%b; boundary=B

--B
Content-Type: text/plain

It could not be delivered.
--B
Content-Type: message/%b

Action: failed
--B
Content-Type: message/rfc822

%b
--B--
"""
REPORTS = {
    "RFC 3464": REPORT % (b"delivery-status", b"delivery-status", sent()),
    "RFC 8098": REPORT % (b"disposition-notification", b"disposition-notification", sent()),
    "an old mailer": b"From: MAILER-DAEMON@y.example\nSubject: failure notice\n\nSorry.\n\n" + sent(),
    "null return path": b"Return-Path: <>\nFrom: x@y.example\nSubject: ReqTx R=1\n\nSorry.\n",
    "RFC 3834": b"From: ann@y.example\nAuto-Submitted: auto-replied\nSubject: Re: ReqTx\n\nI am away.\n",
    "precedence": b"From: ann@y.example\nPrecedence: auto_reply\nSubject: Re: ReqTx\n\nI am away.\n",
}


@pytest.mark.dx("T-158")
@pytest.mark.parametrize(
    ("kind", "expected"),
    list(zip(REPORTS, (NON_DELIVERY, RECEIPT, NON_DELIVERY, NON_DELIVERY, REPLY, REPLY), strict=True)),
)
def test_what_mail_systems_write_is_recognised(kind: str, expected: str) -> None:
    """Non-delivery reports, receipts and out-of-office replies are told from letters, also with a letter inside."""
    mail = read(REPORTS[kind])

    assert expected == mail.automatic
    assert mail.seal is None


#: What has stopped readers: (name, the e-mail).
HOSTILE = {
    "nested parts": b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (number, number) for number in range(1500)
    ),
    "nested e-mails": b"Content-Type: message/rfc822\n\n" * 3000,
    "comments in an address": b"From: " + b"(" * 20_000 + b"\n\nhello",
    "base64 that is none": b"From: =?utf-8?b?A?= <a@x.example>\nSubject: =?utf-8?b?A?=\n\nhello",
    "a character set that is none": b"Content-Type: text/plain; charset*=a\x00b''utf\n\nhello",
    "a character set without errors": b'Content-Type: text/plain; charset="undefined"\n\nhello \xff',
    "a boundary that is none": b"Content-Type: multipart/mixed; boundary*=a\x00b''c\n\n--c\n\nhello\n--c--",
    "a huge subject": b"Subject: " + b"=?utf-8?q?a?= " * 30_000 + b"\n\nhello",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_stranger_sends_stops_nobody(name: str) -> None:
    """An e-mail that breaks the library is refused as any other that cannot be read, and in reasonable time."""
    try:
        found = read(HOSTILE[name]).text
    except FormatError as error:
        found = str(error)

    assert found.startswith(("hello", "the e-mail cannot be read: "))


def test_a_huge_seal_is_refused_and_not_cut() -> None:
    """A seal above the limit is refused: what a cut would leave of its last line might be another name."""
    parts = tuple(Part(f"{number}.TXT", b"%d" % number) for number in range(1000))
    with pytest.raises(FormatError) as caught:
        read(sent(a_letter(parts=parts)))

    assert "size" == caught.value.field
