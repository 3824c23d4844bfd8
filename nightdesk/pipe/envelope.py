"""Who a piped mail is for, as MTAs say it: flags, environment, the line that mbox files begin mails with."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RECIPIENT_VARIABLES = ("ORIGINAL_RECIPIENT", "ORIG_RECIPIENT", "RECIPIENT")
"""Postfix, Dovecot's Sieve; Postfix, Exim, qmail, Dovecot."""
_MAX_LINE = 4096


def facts(to: str | None, environ: Mapping[str, str], from_line: bytes) -> dict[str, str]:
    """Return the envelope for the spool's head: `door`, `recipient`, `sender`, `from-line`, as far as known.

    The recipient is the first of: `--to`, ORIGINAL_RECIPIENT, ORIG_RECIPIENT, RECIPIENT,
    LOCAL_PART@DOMAIN, LOCAL@DOMAIN. EXTENSION is added to it as `+extension` when it has none. Without
    any of them the desk looks into the mail's headers. The sender is SENDER, else the one of `from_line`;
    the null sender, MAILER-DAEMON in such a line, is `<>`.
    """
    found = {"door": "pipe"}
    recipient = to or _recipient(environ)
    if recipient:
        found["recipient"] = _with_extension(recipient.strip(), environ.get("EXTENSION", ""))
    line = from_line.decode("utf-8", "replace").strip()
    if "SENDER" in environ:
        found["sender"] = environ["SENDER"].strip() or "<>"
    elif len(words := line.split()) > 1:
        found["sender"] = "<>" if words[1] == "MAILER-DAEMON" else words[1]
    if line:
        found["from-line"] = line
    return found


def _recipient(environ: Mapping[str, str]) -> str:
    for name in RECIPIENT_VARIABLES:
        if "@" in environ.get(name, ""):
            return environ[name]
    local = environ.get("LOCAL_PART") or environ.get("LOCAL")
    if local and environ.get("DOMAIN"):
        return f"{local}@{environ['DOMAIN']}"
    return ""


def _with_extension(recipient: str, extension: str) -> str:
    local, at, domain = recipient.rpartition("@")
    if not at or not extension or "+" in local or local.lower().endswith(f"-{extension.lower()}"):
        return recipient
    return f"{local}+{extension}@{domain}"


def split_from_line(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Take the mbox line `From ann@client.test Fri Nov 20 ...` off the beginning of a mail.

    It is the envelope, not the mail, and a redelivery has another one. Returns it without its line end,
    empty if there is none, and the mail.
    """
    first = next(chunks, b"")
    while first and len(first) < _MAX_LINE and b"\n" not in first:
        more = next(chunks, b"")
        if not more:
            break
        first += more
    line = b""
    if first.startswith((b"From ", b">From ")):
        found, end, rest = first.partition(b"\n")
        # RFC 822 let a header field be written `From : ann@client.test`.
        field = found.partition(b"From")[2].lstrip().startswith(b":")
        if end and len(found) < _MAX_LINE and not field:
            line, first = found.rstrip(b"\r"), rest
    return line, _joined(first, chunks)


def _joined(first: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from chunks
