"""Mail comes in from a folder of an IMAP server (RFC 9051, 3501).

A name is the folder's UIDVALIDITY and the e-mail's UID, which together never stand for two e-mails. The connection is
kept as long as something that was listed has not been read, and is made anew for whatever comes after.
"""

from __future__ import annotations

import base64
import imaplib
import re
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import attrs

from dxa.errors import TransportError
from dxa.mail.interface import RefusedError
from dxa.mail.options import ImapOptions
from dxa.mail.tls import context

T = TypeVar("T")
#: So many UIDs go into one command.
BATCH = 500
_FOREIGN = re.compile(r"[^\x20-\x7e]+")


@attrs.define(kw_only=True)
class ImapBox:
    """See `dxa.mail.interface.Mailbox`."""

    options: ImapOptions
    folder: Path
    _client: imaplib.IMAP4 | None = attrs.field(default=None, init=False)
    _validity: str = attrs.field(default="", init=False)
    _able: frozenset[str] = attrs.field(default=frozenset(), init=False)
    _unread: set[str] = attrs.field(factory=set, init=False)

    def names(self) -> list[str]:
        """See `Mailbox`."""
        self.close()
        return self._reached(self._names)

    def _names(self) -> list[str]:
        found = self._command("SEARCH", "ALL")
        uids = sorted({int(uid) for row in found if isinstance(row, bytes) for uid in row.split()})
        names = [f"{self._validity}-{uid}" for uid in uids]
        self._unread = set(names)
        if not names:
            self.close()
        return names

    def read(self, name: str) -> bytes:
        """See `Mailbox`: nobody else sees that it was read, for it stays unseen."""
        data = self._reached(lambda: self._read(name))
        self._unread.discard(name)
        if not self._unread:
            self.close()
        if data is None:
            raise TransportError(f"cannot read {name}: it is not in {self.options.folder} any more")
        return data

    def _read(self, name: str) -> bytes | None:
        uid = self._uid(name)
        found = self._command("FETCH", uid, "(BODY.PEEK[])") if uid else []
        return next((row[1] for row in found if isinstance(row, tuple)), None)

    def remove(self, names: Sequence[str]) -> None:
        """See `Mailbox`. Where the server cannot expunge single e-mails (RFC 4315), all that are flagged go."""
        if names:
            self._reached(lambda: self._remove(names))
            self.close()

    def _remove(self, names: Sequence[str]) -> None:
        uids = [uid for name in names if (uid := self._uid(name))]
        for start in range(0, len(uids), BATCH):
            chosen = ",".join(uids[start : start + BATCH])
            self._command("STORE", chosen, "+FLAGS.SILENT", r"(\Deleted)")
            if "UIDPLUS" in self._able:
                self._command("EXPUNGE", chosen)
        if uids and "UIDPLUS" not in self._able:
            self._done(self._connected().expunge())

    def close(self) -> None:
        """See `Mailbox`."""
        client, self._client, self._unread = self._client, None, set()
        if client is not None:
            with suppress(imaplib.IMAP4.error, OSError):
                client.logout()
            with suppress(OSError):
                client.shutdown()

    def reach(self) -> None:
        """Connect and open the folder. Raises `RefusedError` for what only a person can mend: a certificate that cannot
        be believed, a name or password that the server refuses, a folder that it does not have; else `TransportError`.
        """
        try:
            self._connected()
        except (imaplib.IMAP4.error, OSError, EOFError) as error:
            away = isinstance(error, (imaplib.IMAP4.abort, OSError, EOFError)) and not isinstance(error, ssl.SSLError)
            raise (TransportError if away else RefusedError)(
                f"{self._place()} cannot be used: {_reason(error)}"
            ) from None
        finally:
            self.close()

    # -- the connection ------------------------------------------------------------------------------------------------

    def _uid(self, name: str) -> str:
        """The UID of a name; "" for one from a time before the folder was made anew."""
        self._connected()
        validity, _, uid = name.partition("-")
        return uid if validity == self._validity and uid.isdecimal() else ""

    def _reached(self, work: Callable[[], T]) -> T:
        """Do it; a connection that is lost or useless is forgotten."""
        try:
            return work()
        except (imaplib.IMAP4.error, OSError, EOFError) as error:
            self._drop()
            raise TransportError(f"cannot use {self._place()}: {_reason(error)}; the next run tries again") from None
        except BaseException:
            self._drop()
            raise

    def _place(self) -> str:
        return f"{self.options.folder} at the IMAP server {self.options.place}"

    def _drop(self) -> None:
        client, self._client, self._unread = self._client, None, set()
        if client is not None:
            with suppress(OSError):
                client.shutdown()

    def _command(self, command: str, *arguments: str) -> list[Any]:
        return self._done(self._connected().uid(command, *arguments))

    def _done(self, answer: tuple[str, list[Any]]) -> list[Any]:
        status, data = answer
        if status != "OK":
            raise imaplib.IMAP4.error(b" ".join(row for row in data if isinstance(row, bytes)))
        return data

    def _connected(self) -> imaplib.IMAP4:
        if self._client is None:
            self._client = self._connect()
        return self._client

    def _connect(self) -> imaplib.IMAP4:
        options = self.options
        secure = None if options.security == "none" else context(self.folder, options.ca)
        if options.security == "tls":
            client: imaplib.IMAP4 = imaplib.IMAP4_SSL(
                options.host, options.actual_port, ssl_context=secure, timeout=options.timeout
            )
        else:
            client = imaplib.IMAP4(options.host, options.actual_port, timeout=options.timeout)
        try:
            if options.security == "starttls":
                client.starttls(secure)
            password = options.password.reveal() if options.password else ""
            if "AUTH=PLAIN" in client.capabilities:
                client.authenticate("PLAIN", lambda _: f"\0{options.user}\0{password}".encode())
            else:
                _login(client, options.user, password)
            self._able = frozenset(b" ".join(self._done(client.capability())).decode("ascii").upper().split())
            self._done(client.select(imaplib_name(options.folder)))
            validity = client.response("UIDVALIDITY")[1]
        except BaseException:
            with suppress(OSError):
                client.shutdown()
            raise
        self._validity = validity[0].decode("ascii") if validity and validity[0] else "0"
        return client


def _reason(error: Exception) -> str:
    said = error.args[0] if error.args and isinstance(error.args[0], bytes) else str(error)
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return text or type(error).__name__


def _login(client: imaplib.IMAP4, user: str, password: str) -> None:
    try:
        client.login(user, password)
    except UnicodeEncodeError:  # which shows what it could not write
        raise imaplib.IMAP4.error("the server takes only names and passwords in ASCII") from None


def imaplib_name(folder: str) -> str:
    """The name of a folder as a command has it: in modified UTF-7 and quoted (RFC 3501 sections 5.1.3 and 4.3)."""
    coded = _FOREIGN.sub(_utf7, folder.replace("&", "&-"))
    quoted = coded.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'


def _utf7(match: re.Match[str]) -> str:
    text = base64.b64encode(match[0].encode("utf-16-be", "surrogatepass")).decode("ascii")
    return f"&{text.rstrip('=').replace('/', ',')}-"
