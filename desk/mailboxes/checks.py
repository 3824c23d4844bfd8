"""What the value of a mailbox's field must be like; each raises ValueError with the words for a person."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from config.expressions import expression
from config.paths import from_home
from desk.errors import WrongUse
from mail.errors import TlsFailed
from mail.inert import one_line

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_HOST = expression(rf"(?!.{{254}}){_LABEL}(?:\.{_LABEL})*|\[?[0-9A-Fa-f]*:[0-9A-Fa-f:.]*\]?")
"""A name as the DNS has it (RFC 1035 section 2.3.4), or a number."""


def address(text: str) -> str:
    """Check that it is one mail address."""
    from mail.mime.address import one_address  # 3 ms, for a form: a fetch reads what was checked before

    if not one_address(text):
        raise ValueError("is no mail address, write support@example.org")
    return text


def alias_list(text: str) -> list[str]:
    """Return the addresses in a list with commas, each once, in lower case."""
    return list(dict.fromkeys(part.lower() for part in re.split(r"[\s,;]+", text) if part))


def aliases(text: str) -> str:
    """Mail addresses with commas between."""
    from mail.mime.address import one_address  # 3 ms, for a form: a fetch reads what was checked before

    found = alias_list(text)
    for each in found:
        if not one_address(each):
            raise ValueError(f"'{one_line(each, 80)}' is no mail address, write sales@example.org")
    return ", ".join(found)


def line(text: str) -> str:
    """Check that it is one line that is not too long."""
    if text != one_line(text, 200):
        raise ValueError("must be one line of at most 200 characters, without control characters")
    return text


def note(text: str) -> str:
    """Check that it is one line, which may be longer."""
    if text != one_line(text, 2000):
        raise ValueError("must be one line of at most 2000 characters, without control characters")
    return text


def host(text: str) -> str:
    """Take the name or number of a host, or nothing."""
    if text and not _HOST.fullmatch(text):
        raise ValueError(f"is no host name, write {_in_ascii(text) or 'mail.example.org'}")
    return text.strip("[]")


def greeting(text: str) -> str:
    """Take the name of this host, or nothing."""
    if text and not _HOST.fullmatch(text):
        raise ValueError(f"is the full name of this host, as {_in_ascii(text) or 'desk.example.org'}")
    return text


def _in_ascii(text: str) -> str:
    """Return a host with letters beyond ASCII as the DNS has it; '' for what is none."""
    if text.isascii():
        return ""
    from mail.mime.domain import dns_name  # 0.2 ms, for a host that is refused

    return dns_name(text)


def port(number: int | None) -> int | None:
    """Take the number of a port, or none."""
    if number is not None and not 1 <= number <= 65535:
        raise ValueError("is a number from 1 to 65535")
    return number


def file(text: str) -> str:
    """Take a file that is there, as an absolute path, or nothing."""
    if not text:
        return ""
    path = from_home(text).absolute()
    try:
        is_there = path.is_file()
    except OSError:  # a name too long, or a directory that is closed to this user
        is_there = False
    if not is_there:
        raise ValueError(f"there is no file {path}")
    return str(path)


def fingerprint(text: str) -> str:
    """Take the SHA-256 of a certificate, or nothing."""
    if not text:
        return ""
    from mail.transport.tls import normal_fingerprint  # 5 ms, for a pinned certificate

    try:
        return normal_fingerprint(text)
    except TlsFailed:
        raise ValueError("is the SHA-256 of the certificate, 64 hex digits") from None


def folder(text: str) -> str:
    """Take the name of a folder."""
    if not text or text != one_line(text, 200):
        raise ValueError("is the name of a folder, without control characters")
    return text


def folder_or_none(text: str) -> str:
    """Take the name of a folder, or nothing."""
    return folder(text) if text else ""


def schedule(text: str) -> str:
    """Take what `desk.schedules` reads."""
    from desk.schedules import parse  # 1.1 ms, for schedules

    try:
        return parse(text).text
    except WrongUse as error:
        raise ValueError(f"{error}: {error.hint}") from None


def batch(number: int) -> int:
    """Check how many mails one round trip may bring."""
    if not 1 <= number <= 500:
        raise ValueError("is a number of mails from 1 to 500")
    return number


def cap(number: int | None) -> int | None:
    """Check how many mails a run may bring, or any."""
    if number is not None and number < 1:
        raise ValueError("is a number of mails from 1, or empty for no cap")
    return number


def after_fetch(text: str) -> str:
    """Take what becomes of the server's copy."""
    if text.startswith("move:"):
        return "move:" + folder(text.removeprefix("move:"))
    if text not in ("keep", "delete"):
        raise ValueError("is keep, delete or move:FOLDER")
    return text


def client_id(text: str) -> str:
    """Check that it is one word."""
    if text != one_line(text, 300) or " " in text:
        raise ValueError("is one word, as the provider shows it")
    return text


def tenant(text: str) -> str:
    """Take a tenant of Microsoft, or nothing."""
    if text and not re.fullmatch(r"[A-Za-z0-9.-]{1,100}", text):
        raise ValueError("is the tenant's id or domain, or common, organizations, consumers")
    return text


def url(text: str) -> str:
    """Take an address that secrets may be sent to, or nothing."""
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        sound = parts.scheme == "https" and bool(parts.hostname) and text == one_line(text, 500)
    except ValueError:
        sound = False
    if not sound:
        raise ValueError("is an address that begins with https://")
    return text


def scopes(text: str) -> str:
    """Check that they are words with blanks between (RFC 6749 3.3)."""
    if not re.fullmatch(r"[\x21\x23-\x5b\x5d-\x7e ,]*", text):
        raise ValueError("is a list of words with blanks between")
    return " ".join(dict.fromkeys(re.split(r"[ ,]+", text.strip()))).strip()
