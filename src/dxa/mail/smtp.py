"""Mail goes out by submission to a server (RFC 5321, 6409), over TLS where that is configured."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from pathlib import Path

import attrs

from dxa.errors import TransportError
from dxa.mail.interface import RefusedError
from dxa.mail.options import SmtpOptions
from dxa.mail.tls import context

#: RFC 4954: the server wants to know who we are, or does not believe it. That is mended here, and the e-mail is good.
_NOT_KNOWN = frozenset({530, 534, 535, 538})

#: No other try helps against these.
_LASTING = (ssl.SSLError, smtplib.SMTPNotSupportedError)


@attrs.define(kw_only=True)
class SmtpSubmission:
    """See `dxa.mail.interface.Submission`. One connection serves until `close`; `hello` is how we call ourselves."""

    options: SmtpOptions
    hello: str
    folder: Path
    _client: smtplib.SMTP | None = attrs.field(default=None, init=False)

    def send(self, origin: str, target: str, data: bytes) -> None:
        """See `Submission`."""
        used = self._client is not None
        try:
            self._send(origin, target, data)
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            self.close()
            if isinstance(error, smtplib.SMTPResponseException) or not used:
                raise self._unreachable(error) from None
            self._again(origin, target, data)

    def reach(self) -> None:
        """Connect, as far as handing an e-mail over would go. Raises `RefusedError` for what only a person can mend:
        a certificate that cannot be believed, a name or password that the server refuses; else `TransportError`.
        """
        try:
            self._connected().noop()
        except (smtplib.SMTPException, OSError) as error:
            answered = isinstance(error, smtplib.SMTPResponseException) and error.smtp_code >= 500
            final = answered or isinstance(error, _LASTING) or type(error) is smtplib.SMTPException
            raise (RefusedError if final else TransportError)(
                f"{self._place()} cannot be used: {_reason(error)}"
            ) from None
        finally:
            self.close()

    def _again(self, origin: str, target: str, data: bytes) -> None:
        """A connection that had been used may have been given up by the server meanwhile: once more, on a new one."""
        try:
            self._send(origin, target, data)
        except OSError as error:
            self.close()
            raise self._unreachable(error) from None

    def _send(self, origin: str, target: str, data: bytes) -> None:
        client = self._connected()
        self._require_size(client, target, len(data))
        try:
            client.sendmail(origin, [target], data)
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            raise self._answered(code, text, f"the recipient {target}") from None
        except smtplib.SMTPSenderRefused as error:
            raise self._answered(error.smtp_code, error.smtp_error, f"the sender {origin}") from None
        except smtplib.SMTPDataError as error:
            raise self._answered(error.smtp_code, error.smtp_error, f"an e-mail to {target}") from None
        except smtplib.SMTPNotSupportedError as error:
            raise RefusedError(f"{self._place()} cannot take an e-mail to {target}: {error}") from None
        except UnicodeEncodeError:
            raise RefusedError(f"{origin} and {target} cannot both be written in ASCII") from None

    def close(self) -> None:
        """See `Submission`."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(smtplib.SMTPException, OSError):
                client.quit()
            client.close()

    def _connected(self) -> smtplib.SMTP:
        if self._client is None:
            self._client = self._connect()
        return self._client

    def _connect(self) -> smtplib.SMTP:
        options = self.options
        host, port, seconds = options.host, options.actual_port, options.timeout
        secure = None if options.security == "none" else context(self.folder, options.ca)
        if options.security == "tls":
            client: smtplib.SMTP = smtplib.SMTP_SSL(host, port, self.hello, timeout=seconds, context=secure)
        else:
            client = smtplib.SMTP(host, port, self.hello, timeout=seconds)
        try:
            if options.security == "starttls":
                client.starttls(context=secure)
            if options.user:
                _login(client, options.user, options.password.reveal() if options.password else "")
            client.ehlo_or_helo_if_needed()
        except BaseException:
            client.close()
            raise
        return client

    def _require_size(self, client: smtplib.SMTP, target: str, size: int) -> None:
        """RFC 1870: what the server says that it takes is believed before anything is sent."""
        said = client.esmtp_features.get("size", "")
        most = int(said) if said.isdecimal() else 0
        if most and size > most:
            raise RefusedError(
                f"{self._place()} takes e-mails of at most {most} bytes, and the one to {target} has {size}; let the "
                "server take more, or give the peer a limit"
            )

    def _answered(self, code: int, text: bytes | str, what: str) -> TransportError:
        reason = f"{self._place()} refuses {what}: {code} {_plain(text)}"
        if 500 <= code < 600 and code not in _NOT_KNOWN:
            return RefusedError(reason)
        self.close()
        return TransportError(f"{reason}; the next run tries again")

    def _unreachable(self, error: Exception) -> TransportError:
        return TransportError(f"cannot hand mail to {self._place()}: {_reason(error)}; the next run tries again")

    def _place(self) -> str:
        return f"the mail server {self.options.place}"


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_plain(error.smtp_error)}"
    return str(error) or type(error).__name__


def _login(client: smtplib.SMTP, user: str, password: str) -> None:
    try:
        client.login(user, password)
    except UnicodeEncodeError:  # which shows what it could not write
        raise smtplib.SMTPException("a name or password that is not ASCII cannot be told to a mail server") from None


def _plain(text: bytes | str) -> str:
    return " ".join((text.decode("utf-8", "replace") if isinstance(text, bytes) else text).split())
