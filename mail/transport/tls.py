"""TLS that is verified, and its failures in words with a cure."""

from __future__ import annotations

import hashlib
import hmac
import re
import ssl
from datetime import UTC, datetime
from pathlib import Path

from mail.errors import TlsFailed
from mail.inert import one_line


def context(ca_file: Path | None = None, fingerprint: str | None = None) -> ssl.SSLContext:
    """Return a client context, TLS 1.2 or newer, that verifies chain and name.

    With `ca_file` only that authority is trusted. With `fingerprint` the chain is not asked: the caller
    MUST call `check_pin` after the handshake, before it sends anything. Errors: `TlsFailed`.
    """
    pinned = normal_fingerprint(fingerprint) if fingerprint else None
    try:
        made = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except OSError as error:  # ssl.SSLError is one: a file that is not PEM
        raise TlsFailed(
            f"the CA file {ca_file} cannot be used: {error.strerror or error.__class__.__name__}",
            reason="ca_file",
            hint="Name a readable file with the authority's certificate in PEM form.",
        ) from None
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if pinned:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made


def normal_fingerprint(text: str) -> str:
    """Return a SHA-256 fingerprint as 64 lower-case hex digits; colons, blanks, ``sha256:`` are allowed."""
    bare = re.sub(r"(?i)^\s*sha-?256[:=]", "", text)
    bare = re.sub(r"[:\s]", "", bare).lower()
    if not re.fullmatch(r"[0-9a-f]{64}", bare):
        raise TlsFailed(
            "the pinned fingerprint is not a SHA-256 fingerprint",
            reason="pin",
            hint="Give 64 hex digits, as `openssl x509 -noout -fingerprint -sha256` prints them.",
        )
    return bare


def certificate_fingerprint(link: ssl.SSLSocket | ssl.SSLObject) -> str:
    """Return SHA-256 of the other side's certificate, 64 hex digits; empty if there is none."""
    certificate = link.getpeercert(True)
    return hashlib.sha256(certificate).hexdigest() if isinstance(certificate, bytes) else ""


def check_pin(link: ssl.SSLSocket | ssl.SSLObject, fingerprint: str | None) -> None:
    """Compare the certificate of an `ssl.SSLSocket` or `ssl.SSLObject` with the pin, if there is one."""
    if not fingerprint:
        return
    found = certificate_fingerprint(link)
    if not hmac.compare_digest(found, normal_fingerprint(fingerprint)):
        raise TlsFailed(
            f"the server's certificate is not the pinned one (it has {found or 'none'})",
            reason="pin",
            hint="If the server has a new certificate, pin that; if not, somebody is in between.",
            certificate=link.getpeercert(True) or b"",
        )


_BY_VERIFY_CODE = {  # X509_V_ERR_*
    9: "not_yet_valid",
    10: "expired",
    18: "self_signed",
    19: "self_signed",
    20: "unknown_ca",
    21: "unknown_ca",
    23: "revoked",
    62: "wrong_name",
    63: "wrong_name",
    64: "wrong_name",
}
_WORDS = {
    "expired": (
        "the server's certificate has expired",
        "The server's admin has to renew it; check this machine's clock too.",
    ),
    "not_yet_valid": ("the server's certificate is not valid yet", "Check this machine's clock."),
    "wrong_name": (
        "the server's certificate is for another name",
        "Use the host name that the certificate names, or pin its fingerprint.",
    ),
    "unknown_ca": (
        "the server's certificate is signed by an unknown authority",
        "For a private authority give its CA file, or pin the certificate's fingerprint.",
    ),
    "self_signed": (
        "the server's certificate is self-signed",
        "Give its CA file, or pin the certificate's fingerprint.",
    ),
    "revoked": ("the server's certificate was revoked", "The server's admin has to get a new one."),
    "not_tls": (
        "the server does not speak TLS on this port",
        "Use security starttls (143 for IMAP, 587 for SMTP), or the TLS port (993, 465).",
    ),
    "too_old": (
        "the server offers only TLS versions that are no longer safe",
        "The server's admin has to allow TLS 1.2 or newer.",
    ),
    "hung_up": (
        "the server hung up during the TLS handshake",
        "Check that the port is the TLS port, and that the server's TLS set-up works.",
    ),
}
_NOT_TLS = (
    "WRONG_VERSION_NUMBER",
    "UNKNOWN_PROTOCOL",
    "HTTP_REQUEST",
    "RECORD_LAYER_FAILURE",
    "PACKET_LENGTH_TOO_LONG",
)
_TOO_OLD = (
    "UNSUPPORTED_PROTOCOL",
    "TLSV1_ALERT_PROTOCOL_VERSION",
    "VERSION_TOO_LOW",
    "NO_PROTOCOLS_AVAILABLE",
)


def translated(error: Exception, host: str) -> TlsFailed:
    """Return the error of a handshake as a `TlsFailed` with its reason and cure."""
    words = ""
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = _BY_VERIFY_CODE.get(error.verify_code, "other")
        words = error.verify_message
    elif isinstance(error, ssl.SSLError):
        name = (error.reason or str(error)).upper().replace(" ", "_")
        words = (error.reason or str(error)).replace("_", " ").lower()
        if any(part in name for part in _NOT_TLS):
            reason = "not_tls"
        elif any(part in name for part in _TOO_OLD):
            reason = "too_old"
        elif isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError) or "EOF" in name:
            reason = "hung_up"
        else:
            reason = "other"
    else:
        reason = "hung_up" if isinstance(error, ConnectionError) else "other"
        words = str(error)
    message, hint = _WORDS.get(reason, ("the TLS handshake failed", None))
    return TlsFailed(f"{host}: {message}", reason=reason, hint=hint, server_words=words)


def description(connected: ssl.SSLSocket | ssl.SSLObject | None) -> str:
    """Return version, name, issuer and last day of the other side's certificate, for a person."""
    if connected is None:
        return "no TLS"
    version = (connected.version() or "TLS").replace("TLSv", "TLS ")
    certificate = connected.getpeercert()
    if not certificate:
        return f"{version}, certificate pinned: {certificate_words(connected.getpeercert(True) or b'')}"
    issuer = _part_of(certificate.get("issuer"), "organizationName", "commonName")
    names = [str(one[1]) for one in certificate.get("subjectAltName", ()) if one[0] in ("DNS", "IP Address")]
    name = ", ".join(names[:3]) or _part_of(certificate.get("subject"), "commonName")
    return f"{version}, for {name}, by {issuer}, valid until {_last_day(certificate.get('notAfter'))}"


def certificate_words(der: bytes) -> str:
    """Return whose certificate it is, who signed it and how long it holds, for a person who may pin it."""
    from cryptography import x509  # 20 ms, for signed and encrypted mail

    try:
        found = x509.load_der_x509_certificate(der)
        subject, issuer = found.subject.rfc4514_string(), found.issuer.rfc4514_string()
        begin, end = found.not_valid_before_utc.date(), found.not_valid_after_utc.date()
    except (ValueError, x509.UnsupportedGeneralNameType):
        return "a certificate that cannot be read"
    signed = "signed by itself" if subject == issuer else f"signed by {issuer}"
    return one_line(f"{subject}, {signed}, valid from {begin} until {end}", 300)


def _part_of(name: object, *wanted: str) -> str:
    """Return a field of a distinguished name as Python gives it: a tuple of tuples of pairs."""
    fields = {pair[0]: pair[1] for part in name for pair in part} if isinstance(name, tuple) else {}
    return next((str(fields[one]) for one in wanted if one in fields), "?")


def _last_day(not_after: object) -> str:
    if not isinstance(not_after, str):
        return "?"
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(not_after), UTC).date().isoformat()
