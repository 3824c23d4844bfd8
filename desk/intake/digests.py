"""The digest of a mail: equal for two copies of one mail, whatever way they came."""

from __future__ import annotations

import hashlib

from config.expressions import expression

_TRACE_FIELDS = (
    rb"received|x-received|resent-[a-z-]+|return-path|delivered-to|x-delivered-to|x-original-to|envelope-to|x-envelope-to|"
    rb"x-envelope-from|x-rcpt-to|x-resolved-to|x-forwarded-to|x-forwarded-for|x-mail-from|delivery-date|"
    rb"authentication-results|x-authentication-[a-z-]+|received-spf|x-received-spf|arc-seal|arc-message-signature|"
    rb"arc-authentication-results|x-google-smtp-source|x-gm-[a-z-]+|x-ms-exchange-[a-z-]+|x-microsoft-[a-z-]+|"
    rb"x-forefront-[a-z-]+|x-eopattributedmessage|x-eoptenantattributedmessage|x-spam|x-spam-[a-z-]+|"
    rb"x-spamd?-[a-z-]+|x-rspamd-[a-z-]+|x-virus-[a-z-]+|x-amavis-[a-z-]+|x-quarantine-id|x-greylist|"
    rb"x-proofpoint-[a-z-]+|x-barracuda-[a-z-]+|x-sieve|x-sieve-[a-z-]+|x-bogosity|dkim-filter|x-dkim|"
    rb"x-uidl|x-uid|x-imapbase|x-imap|x-keywords|status|x-status|x-mozilla-[a-z0-9-]+|content-length|lines"
)
_TRACE = expression(rb"(?m)^(?:" + _TRACE_FIELDS + rb")[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*(?:\n|\Z)")
"""In small letters: to look for either case takes three times as long."""

_IDS = expression(rb"(?im)^(?:message-id|in-reply-to|references)[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*")


def mail_digest(raw: bytes) -> str:
    """Return a SHA-256 (hex) of a mail with CRLF line ends, without trace headers and empty lines behind it.

    Trace headers are what servers on the way add: Received, Delivered-To, Return-Path, verdicts of filters.
    """
    # As many of one as of the other: to leave either out takes a third of the time of counting them.
    if len(raw.replace(b"\r", b"")) != len(raw.replace(b"\n", b"")):
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    header_end = raw.find(b"\r\n\r\n")
    header_end = len(raw) if header_end < 0 else header_end + 2
    end = len(raw)
    while end > header_end and raw[end - 1] in b"\r\n":
        end -= 1
    digest, whole, kept = hashlib.sha256(), memoryview(raw), 0
    for field in _TRACE.finditer(raw[:header_end].lower()):
        digest.update(whole[kept : field.start()])
        kept = field.end()
    digest.update(whole[kept:end])
    return digest.hexdigest()


def digest_in_any_case(raw: bytes) -> str:
    """Return `mail_digest` of the mail with its Message-IDs in lower case, as some gateways pass them on."""
    ends = [end for end in (raw.find(b"\r\n\r\n"), raw.find(b"\n\n")) if end >= 0]
    end = min(ends, default=len(raw))
    return mail_digest(_IDS.sub(lambda field: field[0].lower(), raw[:end]) + raw[end:])
