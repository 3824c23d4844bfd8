"""Mails that try to reach the terminal, the markup parser, or the patience of who reads them."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Iterator
from random import Random

from tests.generator.mails import START
from tests.generator.manifest import Attachment, GeneratedMail, Manifest
from tests.generator.wire import base64_lines, percent_encoded

PAYLOADS: dict[str, str] = {
    "csi": "ring\x1b[66;66Hring\x1b[5;31mred\x1b[2J",
    "osc-title": "\x1b]0;OWNED\x07title",
    "osc-52": "copy\x1b]52;c;T1dORUQ=\x07paste",
    "osc-8": "\x1b]8;;http://evil.test/OWNED\x1b\\click\x1b]8;;\x1b\\",
    "dcs": "\x1bP+q4F574E4544\x1b\\dcs",
    "apc-pm-sos": "\x1b_OWNED\x1b\\\x1b^OWNED\x1b\\\x1bXOWNED\x1b\\",
    "reset": "\x1bc\x1b[!p\x1b[?1049l\x1b[?1000h",
    "answerback": "\x1b[6n\x1b[c\x1b[>q\x05",
    "c1-csi": "\x9b66;66H\x9b31mred",
    "c1-osc": "\x9d52;c;T1dORUQ=\x9c\x90q\x9c\x9fOWNED\x9c",
    "all-c0": "".join(map(chr, [*range(1, 9), *range(11, 13), *range(14, 32)])) + "\x7fc0",
    "all-c1": "".join(map(chr, range(0x80, 0xA0))) + "c1",
    "nul": "before\0after",
    "carriage-return": "harmless\rOVERWRITTEN",
    "header-injection": "x\r\nBcc: evil@evil.test\r\n\r\nbody",
    "backspace": "good" + "\b" * 4 + "evil",
    "bidi-override": "invoice\u202egnp.exe\u202c",
    "bidi-isolate": "\u2066if \u2069\u2067admin\u2069 \u061cx\u200e\u200f",
    "zero-width": "pay\u200bpal\u2060.\ufefftest\u200b",
    "tags": "tag" + "".join(chr(0xE0000 + ord(char)) for char in "OWNED"),
    "separators": "line\u2028separator\u2029paragraph\x85next",
    "combining": "Z" + "\u0334\u0353\u035c" * 500 + "algo",
    "markup-action": "[@click=app.quit]quit[/]",
    "markup-close": "[/foo][/][bold red]x[/bold red][link='http://evil.test']y",
    "markup-open": "[[[[red on]] \\[x] [$primary] [@click=app.exit()",
    "emoji": "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 \U0001f1e9\U0001f1ea\U0001f3fb",
    "surrogate": "lone\ud800surrogate\udfff",
    "path": "../../../../etc/cron.d/owned",
    "formula": "=cmd|' /C calc'!A0",
    "huge-line": "W" * 200_000,
    "huge-escapes": "\x1b[31m" * 20_000,
    "wide": "\u3042" * 20_000,
    "tabs": "\t" * 5_000 + "end",
    "many-lines": "x\n" * 20_000,
    "format": "%s%n{0}{__class__}%(x)s",
}

MUST_NOT_APPEAR: tuple[bytes, ...] = (
    b"\x1b[66;66H",
    b"\x1b]0;OWNED",
    b"]52;c;T1dORUQ\x07",
    b"\x1b]52;c;T1dORUQ=",
    b"\x1b]8;;http://evil.test",
    b"\x1bP+q4F57",
    b"\x1b_OWNED",
    b"\x1b^OWNED",
    b"\x1bXOWNED",
    b"\x1bc\x1b[!p",
    b"\x1b[>q\x05",
    *(f"{chr(code)}".encode() for code in range(0x80, 0xA0)),
    *(
        chr(code).encode()
        for code in (
            0x061C,
            0x200B,
            0x200E,
            0x200F,
            *range(0x2028, 0x202F),
            0x2060,
            *range(0x2066, 0x206A),
            0xFEFF,
        )
    ),
    *(chr(0xE0000 + ord(char)).encode() for char in "OWNED"),
    b"\b\b\b\b",
    b"\0after",
    b"\rOVERWRITTEN",
    ("\u0334\u0353\u035c" * 4).encode(),
)
"""Byte strings that only a hostile mail can have brought into the output of the program."""

_HTML = """\
<html><head><title>%s</title><style>p{content:"%s"}</style><script>alert("%s")</script></head>
<body title="%s"><p>%s</p><a href="javascript:%s">link %s</a><img alt="%s" src="cid:%s"><pre>%s</pre>
<!-- %s --><table><tr><td>%s</td></tr></table>&#27;[31m&#x9b;31m&#x202e;&#0;&#xd800;</body></html>
"""


def hostile_mails(
    seed: int = 1, to: str = "support@example.test", *, host: str = "evil.test"
) -> Iterator[GeneratedMail]:
    """Each payload in every field of a mail, three times: as raw bytes, in RFC 2047 words, in broken words.

    ``manifest.subject`` and the like are what was put in. Every mail is a new request of its own sender. The
    raw ones of ``huge-line``, ``huge-escapes`` and ``wide`` have 300 kB of header and more.
    """
    random = Random(seed)
    now = START
    for number, (name, payload) in enumerate(PAYLOADS.items()):
        for style in ("raw", "words", "broken"):
            now += dt.timedelta(seconds=random.randint(5, 900))
            yield _Hostile(random, f"{number}.{style}.{name}", payload, style, to, host).mail(now)


class _Hostile:
    """One payload in all fields of one mail."""

    def __init__(self, random: Random, name: str, payload: str, style: str, to: str, host: str) -> None:
        self._payload = payload
        self._style = style
        self._name = name
        self._to = to
        self._host = host
        self._token = f"{random.getrandbits(64):016x}"
        self._address = f"{name}@{host}"

    def mail(self, now: dt.datetime) -> GeneratedMail:
        odd = self._inline(60).translate(None, b"<> ") if self._style == "raw" else b""
        message_id = b"<%b.%b%b@%b>" % (self._token.encode(), self._name.encode(), odd, self._host.encode())
        attached = _bytes(self._payload) or b"empty"
        fields: list[tuple[str, str | bytes]] = [
            (
                "Received",
                f"from {self._host} by mail.example.test id {self._token}; {now:%a, %d %b %Y %H:%M:%S} +0000",
            ),
            ("From", self._phrase() + f" <{self._address}>".encode()),
            ("To", self._phrase() + f" <{self._to}>".encode()),
            ("Cc", self._phrase() + b" <cc-" + odd + f"{self._token}@{self._host}>".encode()),
            ("Reply-To", self._phrase() + f" <{self._address}>".encode()),
            ("Subject", self._subject()),
            ("Date", f"{now:%a, %d %b %Y %H:%M:%S} +0000"),
            ("Message-ID", message_id),
            ("In-Reply-To", b"<" + self._inline(60).replace(b">", b"") + b"@evil.test>"),
            ("References", b"<" + self._inline(60).replace(b">", b"") + b"@evil.test> <a@b>"),
            ("Organization", self._words()),
            ("X-Mailer", self._words()),
            ("List-Id", self._words() + b" <list.evil.test>"),
            ("X-" + "Long" * 30, self._inline(2000)),
            ("MIME-Version", "1.0"),
            ("Content-Type", f'multipart/mixed; boundary="{self._token}"'),
        ]
        head = b"".join(key.encode() + b": " + _bytes(value) + b"\r\n" for key, value in fields)
        line = f"--{self._token}".encode()
        parts = b"".join(line + b"\r\n" + part + b"\r\n" for part in self._parts(attached))
        raw = head + b"\r\n" + parts + line + b"--\r\n"
        digest = hashlib.sha256(attached).hexdigest()
        manifest = Manifest(
            kind="hostile",
            message_id=message_id.decode("utf-8", "surrogatepass"),
            parent=None,
            sender=self._address,
            sender_name=self._payload,
            subject=f"{self._name} {self._payload}",
            charset="utf-8",
            cte=("8bit", "base64"),
            structure="mixed+alternative",
            attachments=(Attachment(self._payload, "application/octet-stream", len(attached), digest),),
            size=len(raw),
            sha256=hashlib.sha256(raw).hexdigest(),
        )
        return GeneratedMail(raw, now, manifest)

    def _parts(self, attached: bytes) -> Iterator[bytes]:
        text, page = _bytes(self._payload), _bytes(_HTML.replace("%s", self._payload[:20_000]))
        inner = f"inner-{self._token}".encode()
        plain = b"Content-Type: text/plain; charset=utf-8\r\n"
        html = b"Content-Type: text/html; charset=utf-8\r\n"
        if self._style == "raw":
            plain += b"Content-Transfer-Encoding: 8bit\r\n\r\n" + text
            html += b"Content-Transfer-Encoding: 8bit\r\n\r\n" + page
        else:
            plain += b"Content-Transfer-Encoding: base64\r\n\r\n" + base64_lines(text)
            html += b"Content-Transfer-Encoding: base64\r\n\r\n" + base64_lines(page)
        if self._style == "broken":
            plain = plain.replace(b"charset=utf-8", b'charset="%b"' % self._inline(60).replace(b'"', b""), 1)
        head = b'Content-Type: multipart/alternative; boundary="%b"\r\n\r\n' % inner
        pieces = [b"--%b\r\n%b\r\n" % (inner, piece) for piece in (plain, html)]
        yield head + b"".join(pieces) + b"--%b--\r\n" % inner
        name, filename = self._words(), self._words()
        disposition = b'attachment; filename="' + filename.replace(b'"', b"") + b'"'
        if self._style == "words":
            disposition = b"attachment; filename*=utf-8''" + percent_encoded_bytes(self._payload[:5_000])
        yield (
            b'Content-Type: application/octet-stream; name="%b"\r\n' % name.replace(b'"', b"")
            + b"Content-Disposition: %b\r\n" % disposition
            + b"Content-ID: <%b>\r\n" % self._inline(60)
            + b"Content-Description: %b\r\n" % self._words()
            + b"Content-Transfer-Encoding: base64\r\n\r\n"
            + base64_lines(attached)
        )

    def _phrase(self) -> bytes:
        if self._style == "words":
            return self._words()
        return b'"' + self._inline(5_000).replace(b'"', b"") + b'"'

    def _subject(self) -> bytes:
        return self._name.encode() + b" " + self._words()

    def _words(self) -> bytes:
        """The payload as a header value in this mail's style."""
        if self._style == "raw":
            return self._inline(200_000)
        coded = base64.b64encode(_bytes(self._payload[:5_000]))
        if self._style == "words":
            return b"=?utf-8?B?" + coded + b"?="
        return b"=?no-such-charset?B?" + coded + b"= =?utf-8?Q?=1B=5B31m?= =?utf-8?B?*?= =?x?y?z?="

    def _inline(self, limit: int) -> bytes:
        """The payload as bytes that stay on one header line."""
        return _bytes(self._payload[:limit]).replace(b"\r", b"").replace(b"\n", b" ")


def percent_encoded_bytes(text: str) -> bytes:
    """An RFC 2231 value of any text, lone surrogates included."""
    if all(not 0xD800 <= ord(char) < 0xE000 for char in text):
        return percent_encoded(text).encode()
    return "".join(f"%{byte:02X}" for byte in _bytes(text)).encode()


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
