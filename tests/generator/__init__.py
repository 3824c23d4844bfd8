"""Made-up mail, the same for a seed byte for byte, and what a reader of each mail must find.

``generate(n, seed)``    a desk's day: 60 % new requests, 25 % replies (In-Reply-To, References, quotes),
                         5 % automatic replies and bounces, 5 % with an attachment of 0.2 to 1 MB, 5 %
                         newsletters; 13 charsets, every transfer encoding, RFC 2047 and RFC 2231 names.
``hostile_mails(seed)``  terminal escapes, bidi overrides, markup and monsters in every field of a mail.
``mutated(n, seed)``     byte strings that may or may not be mails.

Each ``GeneratedMail`` has ``raw`` (CRLF line ends), ``received`` (aware UTC) and ``manifest``, the expected
reading. On the command line: ``python -m tests.generator --help``.
"""

from __future__ import annotations

from tests.generator.hostile import MUST_NOT_APPEAR, PAYLOADS, hostile_mails
from tests.generator.mails import generate
from tests.generator.manifest import Attachment, GeneratedMail, Manifest
from tests.generator.mutants import mutated

__all__ = [
    "MUST_NOT_APPEAR",
    "PAYLOADS",
    "Attachment",
    "GeneratedMail",
    "Manifest",
    "generate",
    "hostile_mails",
    "mutated",
]
