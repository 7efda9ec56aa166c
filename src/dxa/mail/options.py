"""What is configured about mail: the table ``mail`` of a link, and what a peer of such a link has in addition."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import attrs

from dxa.config.secrets import Secret
from dxa.errors import UsageError
from dxa.options import Field, option, positive

if TYPE_CHECKING:
    from dxa.mail.interface import Mailbox, Submission
    from dxa.signing import PrivateKey, PublicKey

#: TLS from a command on, TLS from the beginning, or none.
Security = Literal["starttls", "tls", "none"]
_ADDRESS = re.compile(r"[!-;=?A-~]+@[A-Za-z0-9.-]+")


def _port(_instance: object, field: Field, value: int) -> None:
    if not 0 <= value <= 65_535:
        raise ValueError(f"{field.name} must be 0 to 65535, got {value}")


def mail_address(_instance: object, field: Field, value: str) -> None:
    """Validator: empty, or ``user@domain`` in ASCII."""
    if value and not _ADDRESS.fullmatch(value):
        raise ValueError(f"{field.name} must be user@domain, got {value!r}")


def public_key(_instance: object, field: Field, value: str) -> None:
    """Validator: empty, or a public key as text."""
    if value:
        from dxa.signing import PublicKey

        try:
            PublicKey.parse(value)
        except ValueError as error:
            raise ValueError(f"{field.name}: {error}") from None


@attrs.frozen(kw_only=True)
class ServerOptions:
    """A server, and how we come to it. Kinds of servers differ in their ports, and in what they secure by default."""

    #: The usual port for each way of securing the connection.
    PORTS: ClassVar[Mapping[str, int]] = {}

    host: str = option("name or number of the server; empty: there is none", "")
    port: int = option("its port; 0 is the usual one for `security`", 0, _port)
    user: str = option("who we are to the server; empty where it does not ask", "")
    password: Secret | None = option("our password there: env:NAME or file:PATH", None)
    ca: str = option("file of the certificates to believe; empty is those of the system", "")
    timeout: float = option("seconds to wait for an answer of the server", 60.0, positive)
    security: Security = option("how the connection is secured; `none` is for a server on this machine", "tls")

    @property
    def actual_port(self) -> int:
        """The port."""
        return self.port or self.PORTS[self.security]

    @property
    def place(self) -> str:
        """Its name and port, for people."""
        return f"{self.host}:{self.actual_port}"


@attrs.frozen(kw_only=True)
class SmtpOptions(ServerOptions):
    """The mail server that takes mail over."""

    #: See `ServerOptions`.
    PORTS: ClassVar[Mapping[str, int]] = {"starttls": 587, "tls": 465, "none": 25}

    security: Security = option("how the connection is secured; `none` is for a server on this machine", "starttls")


@attrs.frozen(kw_only=True)
class ImapOptions(ServerOptions):
    """The folder at an IMAP server from which mail is taken."""

    #: See `ServerOptions`.
    PORTS: ClassVar[Mapping[str, int]] = {"starttls": 143, "tls": 993, "none": 143}

    folder: str = option("the folder; nothing but the mail of this link should come there", "INBOX")


@attrs.frozen(kw_only=True)
class MailOptions:
    """The table ``mail`` of a link; without an `address` the link does not use mail."""

    address: str = option("our mail address, user@domain; empty: this link does not use mail", "", mail_address)
    key: Secret | None = option("this site's private key, as `dxa keygen` makes it: file:PATH", None)
    maildir: str = option("Maildir into which the mail server delivers mail for the address", "")
    aside: str = option("folder for e-mails that could not be used, each with the reason", "mail-aside")
    smtp: SmtpOptions = option("the mail server that takes our mail", attrs.Factory(SmtpOptions))
    imap: ImapOptions = option("the IMAP server, in place of a Maildir", attrs.Factory(ImapOptions))

    def __attrs_post_init__(self) -> None:
        """Raises ValueError for a table that is begun and not complete."""
        if not self.address:
            if self.maildir or self.smtp.host or self.imap.host:
                raise ValueError("address is missing: our mail address")
            return
        if not self.smtp.host:
            raise ValueError("smtp.host is missing: the mail server that takes our mail")
        if bool(self.maildir) == bool(self.imap.host):
            raise ValueError("one of maildir and imap.host has to be given: where mail for us comes in")

    def __bool__(self) -> bool:
        """Whether the link uses mail."""
        return bool(self.address)

    def submission(self, folder: Path) -> Submission:
        """The way out; paths start at `folder`."""
        from dxa.mail.smtp import SmtpSubmission

        return SmtpSubmission(options=self.smtp, hello=self.address.rpartition("@")[2], folder=folder)

    def mailbox(self, folder: Path) -> Mailbox:
        """The way in; paths start at `folder`."""
        if self.maildir:
            from dxa.mail.maildir import MaildirBox

            return MaildirBox(folder / self.maildir)
        from dxa.mail.imap import ImapBox

        return ImapBox(options=self.imap, folder=folder)

    def private_key(self, where: str, *, needed: bool) -> PrivateKey | None:
        """Our key; `where` is the key of the configuration that an error names, without its last step.

        Raises `UsageError` for one that cannot be read, or that is missing where it is `needed`.
        """
        if self.key is None:
            if not needed:
                return None
            raise UsageError(f'{where}.key is missing: `dxa keygen FILE` makes a key; then key = "file:FILE"')
        from dxa.signing import PrivateKey

        try:
            return PrivateKey.parse(self.key.reveal())
        except ValueError as error:
            raise UsageError(f"{where}.key: it {error}") from None


@attrs.frozen(kw_only=True)
class PairOptions(MailOptions):
    """The table ``mail`` of a link that has one other side."""

    to: str = option("mail address of the other side", "", mail_address)
    public_key: str = option("public key of the other side, as its `dxa keygen` printed it", "", public_key)
    unsigned: bool = option("believe its e-mails though nothing proves that they are its own", False)

    def other(self, name: str, where: str) -> Correspondent:
        """The other side, which is called so; raises `UsageError` for what is missing in the table `where`."""
        return Correspondent.of(name, self.to, self.public_key, unsigned=self.unsigned, where=where)


@attrs.frozen(kw_only=True)
class Correspondent:
    """The other side of a link: its name there, its mail address, and its key (None: believed unsigned)."""

    name: str
    address: str
    key: PublicKey | None

    @classmethod
    def of(cls, name: str, address: str, key: str, *, unsigned: bool, where: str) -> Correspondent:
        """The other side as it is configured in the table `where`; raises `UsageError` for what is missing there."""
        if not address:
            raise UsageError(f"{where}: the mail address of {name} is missing, and the link uses mail")
        if unsigned and key:
            raise UsageError(f"{where}: public_key is given together with unsigned = true; leave one out")
        if not unsigned and not key:
            raise UsageError(f"{where}: public_key is missing; `dxa keygen` printed it at {name}")
        from dxa.signing import PublicKey

        return cls(name=name, address=address, key=PublicKey.parse(key) if key else None)
