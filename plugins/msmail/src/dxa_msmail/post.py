"""E-mail as a message folder: each message file goes as one e-mail to the other side, and comes back out of one.

The e-mail has the message's subject, its body as text for people, and as attachments the message file up to the end of
its body (`HEAD`) and after it each attachment, so that together they are the message file to the byte. What counts is
what the seal covers (`dxa.mail.letter`): headers, numbers, sender, recipient, transactions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import attrs

from dxa.connector import LinkContext
from dxa.disk import write_whole
from dxa.errors import FormatError, TransportError
from dxa.mail import letter as letters
from dxa.mail.interface import Mailbox, RefusedError, Submission
from dxa.mail.letter import NON_DELIVERY, RECEIPT, SEAL, Letter, Mail, Part
from dxa.mail.options import Correspondent, MailOptions
from dxa.signing import PrivateKey
from dxa_msmail import dirsyncbody, ffapi
from dxa_msmail.envelope import SYSTEM, clean_subject, mail_address, mail_text
from dxa_msmail.ffapi import Attachment, MailMessage
from dxa_msmail.importlines import CODE_PAGE
from dxa_msmail.subjects import parse_subject

#: The kind of link on which sealed letters go.
CHANNEL = "msmail"
#: The attachment with the message file up to the end of its body.
HEAD = "MESSAGE.MSG"
#: What mail systems write by themselves gets a subject by which every reader knows it (KB Q159295, T-158).
_SUBJECTS = {NON_DELIVERY: "Undeliverable: ", RECEIPT: "Receipt: "}
_REPLY = "Automatic reply: "


@attrs.define(kw_only=True)
class PostFolder:
    """See `dxa_msmail.folder.Folder`. `own` is our NET/PO, `peers` are the others by their folded NET/PO.

    Written is at once: when the mail server has taken an e-mail, it answers for it. What was removed is not listed any
    more, and is removed for good by `flush`.
    """

    own: str
    mailbox: str
    address: str
    key: PrivateKey | None
    peers: Mapping[str, Correspondent]
    box: Mailbox
    out: Submission
    aside: Path
    clock: Callable[[], float]
    code_pages: Mapping[str, str] = attrs.field(factory=dict)
    _removed: set[str] = attrs.field(factory=set, init=False)
    _known: dict[str, str] = attrs.field(factory=dict, init=False)

    # -- taking --------------------------------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """See `Folder`."""
        return [name for name in self.box.names() if name not in self._removed]

    def read(self, name: str) -> bytes:
        """See `Folder`: the message file in an e-mail.

        Raises `FormatError` for one that is damaged, and for one that nobody vouches for.
        """
        self._known.pop(name, None)
        mail = letters.read(self.box.read(name))
        if mail.automatic:
            return self._told(mail, f"{_SUBJECTS.get(mail.automatic, _REPLY)}{mail.subject}")
        if mail.seal is None:
            return self._unsealed(mail)
        letter = mail.letter()
        if letter.sender.casefold() == self.own.casefold():
            return self._told(mail, f"{_SUBJECTS[NON_DELIVERY]}{mail.subject}")
        if letter.channel != CHANNEL:
            raise FormatError("it is for another kind of link", field=SEAL, expected=CHANNEL, got=letter.channel)
        data = _content(letter)
        if letter.to.casefold() != self.own.casefold():
            return data  # the message in it says so, too, and is left alone
        believed = self._believed(mail, letter)
        _require_own_name(ffapi.parse(data), letter.sender)
        if believed:
            self._known[name] = f"{letter.sender.casefold()} {self.own} {letter.id}"
        return data

    def _believed(self, mail: Mail, letter: Letter) -> bool:
        """Whether the letter is signed; raises `FormatError` when it is not to be believed."""
        peer = self.peers.get(letter.sender.casefold())
        if peer is None:
            known = ", ".join(each.name for each in self.peers.values()) or "nobody"
            raise FormatError("it comes from somebody who is no peer of this link", expected=known, got=letter.sender)
        if peer.key is None:
            return False
        assert mail.seal is not None
        if mail.seal.signature is None:
            raise FormatError(f"it is not signed, and {peer.name} is not configured as unsigned", field=SEAL)
        if not mail.seal.signed_by(peer.key):
            raise FormatError(f"it is not signed with the key of {peer.name} ({peer.key.fingerprint})", field=SEAL)
        return True

    def _unsealed(self, mail: Mail) -> bytes:
        """An e-mail that none of us has written: of a peer that is believed so, or a letter; else `FormatError`."""
        peer = next((p for p in self.peers.values() if p.address.casefold() == mail.origin.casefold()), None)
        if peer is not None and peer.key is None:
            code_page = self.code_pages.get(peer.name.casefold(), CODE_PAGE)
            body = "\r\n".join(mail.text.splitlines()).encode(code_page, "replace")
            data = self._message(f"{peer.name}/{SYSTEM}", clean_subject(mail.subject), body, mail.parts)
            _require_own_name(ffapi.parse(data), peer.name)
            return data
        if (
            parse_subject(mail.subject) is not None
            or dirsyncbody.is_profile(mail.text.encode("utf-8", "replace"))
            or any(dirsyncbody.is_transactions(part.data) for part in mail.parts)
        ):
            who = f"{peer.name} is not configured as unsigned" if peer else f"no peer has the address {mail.origin}"
            raise FormatError(f"it speaks of directory synchronization and is not signed, and {who}")
        return self._told(mail, mail.subject)

    def _told(self, mail: Mail, subject: str) -> bytes:
        """What is nobody's news, as a message of its own: its text alone, which no reader takes for one of ours."""
        text = f"{mail.automatic or 'an e-mail'} from {mail.origin}\r\n{mail.text[:4000]}"
        body = "\r\n".join(text.splitlines()).encode(CODE_PAGE, "replace")
        return self._message(f"SMTP:{mail.origin or 'nobody'}", clean_subject(subject) or "-", body)

    def _message(self, sender: str, subject: str, body: bytes, parts: Sequence[Part] = ()) -> bytes:
        names = [clean_subject(part.name.replace(" ", "_")) or f"PART{at}" for at, part in enumerate(parts)]
        message = MailMessage(
            to=(mail_text(f"{self.own}/{self.mailbox}"),),
            sender=mail_text(sender),
            subject=subject.encode(CODE_PAGE, "replace").decode(CODE_PAGE),
            body=body,
            attachments=tuple(
                Attachment(name.encode("ascii", "replace").decode("ascii"), part.data)
                for name, part in zip(names, parts, strict=True)
            ),
        )
        return ffapi.write(message)

    def identity(self, name: str) -> str:
        """See `Folder`: what the sender calls a letter that it has signed."""
        return self._known.get(name, "")

    def remove(self, name: str) -> None:
        """See `Folder`; done by `flush`."""
        self._removed.add(name)

    def park(self, name: str, reason: str) -> None:
        """See `Folder`: the e-mail is kept in the folder for such, with its reason; done for good by `flush`."""
        try:
            data = self.box.read(name)
        except TransportError:
            if name in self.box.names():
                raise
            return
        try:
            self.aside.mkdir(parents=True, exist_ok=True)
            write_whole(self.aside / f"{name}.why", f"{reason}\n".encode("utf-8", "replace"))
            write_whole(self.aside / f"{name}.eml", data)
        except OSError as error:
            raise TransportError(f"cannot keep {name} in {self.aside}: {error.strerror or error}") from None
        self._removed.add(name)

    def modified(self, name: str) -> float:
        """See `Folder`: an e-mail is there in full."""
        return float("-inf")

    # -- sending -------------------------------------------------------------------------------------------------------

    def write(self, name: str, data: bytes) -> None:
        """See `Folder`: raises `RefusedError` for an e-mail that the mail server never takes."""
        message = ffapi.parse(data)
        to = mail_address(message.to[0])
        peer = self.peers.get(to.list.casefold())
        if peer is None:
            raise RefusedError(f"no mail address is configured for {message.to[0]}")
        end = len(data) - len(message.trailing) - sum(len(each.data) for each in message.attachments)
        letter = Letter(
            id=name,
            channel=CHANNEL,
            sender=self.own,
            to=peer.name,
            parts=(Part(HEAD, data[:end]), *(Part(each.name, each.data) for each in message.attachments)),
            subject=message.subject,
            text=_text(message.body, self.code_pages.get(peer.name.casefold(), CODE_PAGE)),
        )
        mail = letters.compose(letter, origin=self.address, target=peer.address, now=self.clock(), key=self.key)
        try:
            self.out.send(self.address, peer.address, mail)
        except BaseException:
            self.out.close()  # whoever sees an error may never come to `flush`
            raise

    def flush(self) -> None:
        """See `Folder`."""
        self.out.close()
        removed = sorted(self._removed)
        self.box.remove(removed)
        self._removed.difference_update(removed)
        self.box.close()

    def warnings(self) -> Sequence[str]:
        """See `Folder`."""
        return ()


def _content(letter: Letter) -> bytes:
    """The message file in a letter; raises `FormatError` unless it says what the seal says."""
    if not letter.parts or letter.parts[0].name != HEAD:
        raise FormatError("it carries no message", field=SEAL, expected=HEAD, got=str(letter.parts[:1])[:80])
    data = b"".join(part.data for part in letter.parts)
    message = ffapi.parse(data)
    said = {mail_address(text).list.casefold() for text in (*message.to, message.sender)}
    if message.trailing or said != {letter.sender.casefold(), letter.to.casefold()}:
        raise FormatError(
            "the message in it is another one than the seal says",
            field=HEAD,
            expected=f"one from {letter.sender} to {letter.to}",
            got=f"one from {message.sender} to {', '.join(message.to)}",
        )
    return data


def _require_own_name(message: MailMessage, sender: str) -> None:
    """A key is good for its owner's requests only: raises `FormatError` for one that is made in another's name."""
    subject = parse_subject(message.subject)
    names = [subject.sender] if subject and subject.sender else []
    with suppress(FormatError):  # its reader says what is wrong with it
        profile = dirsyncbody.parse_profile(message.body)
        if not profile.task.is_reply:
            names.append(profile.requestor)
    for name in names:
        if mail_address(f"{name}/X").list.casefold() != sender.casefold():
            raise FormatError("it is made in the name of somebody else", field="REQNAME", expected=sender, got=name)


def _text(body: bytes, code_page: str) -> str:
    """A body for people; no password is shown to them."""
    text = body.decode(code_page, "replace")
    return "".join(f"{dirsyncbody.masked(line)}\n" for line in text.splitlines())


def open_post(
    context: LinkContext, options: MailOptions, peers: Sequence[Correspondent], *, own: str, mailbox: str, where: str
) -> PostFolder:
    """The mail of a link whose table is `where`; paths start at the site's folder.

    Raises `UsageError` for a key that is missing or none.
    """
    pages = {peer.name.casefold(): str(peer.options.get("code_page") or CODE_PAGE) for peer in context.peers.values()}
    return post_of(options, peers, context.folder, context.now, own=own, mailbox=mailbox, where=where, code_pages=pages)


def post_of(
    options: MailOptions,
    peers: Sequence[Correspondent],
    folder: Path,
    clock: Callable[[], float],
    *,
    own: str,
    mailbox: str,
    where: str,
    code_pages: Mapping[str, str],
) -> PostFolder:
    """The mail of one side, as its table `where` says; paths start at `folder`."""
    return PostFolder(
        own=own,
        mailbox=mailbox,
        address=options.address,
        key=options.private_key(where, needed=any(peer.key is not None for peer in peers)),
        peers={peer.name.casefold(): peer for peer in peers},
        box=options.mailbox(folder),
        out=options.submission(folder),
        aside=folder / options.aside,
        clock=clock,
        code_pages=code_pages,
    )
