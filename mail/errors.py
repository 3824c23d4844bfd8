"""What can go wrong on the wire, in words for a person.

Every error has one clean line (`str(error)`), a `hint` that says what to do, a `kind` for logs and
screens, and the server's own words where there are any.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from mail.inert import masked, one_line


class MailError(Exception):
    """Base of all errors of this floor. `temporary`: the same call may succeed later unchanged."""

    kind: ClassVar[str] = "mail"
    temporary: ClassVar[bool] = True
    default_hint: ClassVar[str] = "Try again; if it stays, test the mailbox's connection."

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        server_words: str | bytes = "",
        secrets: Iterable[str] = (),
    ) -> None:
        words = server_words.decode("utf-8", "replace") if isinstance(server_words, bytes) else server_words
        hidden = [secret for secret in secrets if secret]
        self.message = one_line(masked(message, hidden))
        self.server_words = one_line(masked(words, hidden))
        self.hint = one_line(hint if hint is not None else self.default_hint)
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message}: {self.server_words}" if self.server_words else self.message


class ResolveFailed(MailError):
    """The host name has no address."""

    kind = "resolve"
    default_hint = "Check the spelling of the host name, and this machine's DNS."


class ConnectFailed(MailError):
    """No TCP connection."""

    kind = "connect"
    default_hint = "Check host and port, and whether a firewall is between."


class TimedOut(MailError):
    """The other side did not answer in time."""

    kind = "timeout"
    default_hint = "The server is slow, or a firewall swallows the traffic; it is tried again later."


class TlsFailed(MailError):
    """No trusted TLS.

    `reason`: expired, not_yet_valid, wrong_name, unknown_ca, self_signed, revoked, pin, ca_file, not_tls,
    too_old, hung_up or other. `certificate`: what the server showed instead of the pinned one (DER).
    """

    kind = "tls"
    temporary = False
    default_hint = "Nothing was sent. Check the server's certificate and the security setting."

    def __init__(
        self,
        message: str,
        *,
        reason: str = "other",
        hint: str | None = None,
        server_words: str | bytes = "",
        certificate: bytes = b"",
    ) -> None:
        super().__init__(message, hint=hint, server_words=server_words)
        self.reason = reason
        self.certificate = certificate


class StarttlsMissing(MailError):
    """STARTTLS was asked for and is not offered. Never answered by going on in clear text."""

    kind = "starttls"
    temporary = False
    default_hint = (
        "Use security tls (993 for IMAP, 465 for SMTP), or ask the server's admin to offer STARTTLS."
    )


class LoginRefused(MailError):
    """The server knows these credentials are wrong, or forbids this way to log in. Retrying does not help."""

    kind = "login"
    temporary = False
    default_hint = "Check user name and password; some providers want an app password or OAuth2."


class LoginUnavailable(MailError):
    """The server cannot log anybody in just now."""

    kind = "login_later"
    default_hint = "The server has trouble or too many connections; it is tried again later."


class FolderMissing(MailError):
    """The folder does not exist or may not be opened."""

    kind = "folder"
    temporary = False
    default_hint = "Choose a folder that exists; the connection test lists them."


class ServerGone(MailError):
    """The connection broke."""

    kind = "gone"
    default_hint = "The server hung up; it is tried again later."


class ProtocolError(MailError):
    """The server said no, or something that makes no sense here."""

    kind = "protocol"
    default_hint = "The server's own words say why; if they do not, test the mailbox's connection."


class SecretUnavailable(MailError):
    """A password could not be had (command failed, variable not set, key missing)."""

    kind = "secret"
    temporary = False
    default_hint = "Set the password again, or repair the command or variable that gives it."


class TokenError(MailError):
    """Base of what an OAuth2 server refuses. `error` is its code (RFC 6749 5.2), empty if it gave none."""

    kind = "token"

    def __init__(
        self,
        message: str,
        *,
        error: str = "",
        hint: str | None = None,
        server_words: str | bytes = "",
        secrets: Iterable[str] = (),
    ) -> None:
        super().__init__(message, hint=hint, server_words=server_words, secrets=secrets)
        self.error = one_line(error, 80)


class TokenRefused(TokenError):
    """The OAuth2 server gives no token any more (invalid_grant, ...): a person has to log in again."""

    temporary = False
    default_hint = "Log this mailbox in again: nightdesk mailbox login ADDRESS."


class TokenUnavailable(TokenError):
    """The OAuth2 server cannot be asked just now."""

    kind = "token_later"
    default_hint = "The OAuth2 server has trouble or cannot be reached; it is tried again later."


class OAuth2Missing(MailError):
    """The program was installed without what OAuth2 needs."""

    kind = "oauth2_missing"
    temporary = False
    default_hint = "Install it: pip install '.[oauth]' in the clone."
