"""An SMTP server that misbehaves by script.

    with FaultySmtp({"dot": hang()}) as server:            # takes the mail, never says so
    with FaultySmtp({"RCPT": reply("550 5.1.1 no", only="bob@")}) as server:
    with FaultySmtp({"MAIL": drop("421 4.3.2 going down")}) as server:

Steps: ``connect``, ``EHLO``, ``STARTTLS``, ``AUTH``, ``MAIL``, ``RCPT``, ``DATA`` (the command),
``half`` (two lines of the mail are read; only for a fault that drops or hangs), ``dot`` (all of it is
read), ``RSET``, ``NOOP``, ``QUIT``. Every login is accepted. ``server.mails`` holds what was read to the
final dot, answered or not.
"""

from __future__ import annotations

import base64
import re
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.support.servers.fault import Fault, Line, LineClosed, ScriptedServer


@dataclass(frozen=True, slots=True)
class TakenMail:
    """A mail read to its final dot. ``accepted``: the client was told 250."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes
    accepted: bool


@dataclass(slots=True)
class _Envelope:
    sender: str | None = None
    recipients: tuple[str, ...] = ()


class FaultySmtp(ScriptedServer):
    """``tls``: TLS from the first byte. ``starttls``: used when asked for. ``extensions``: EHLO's."""

    def __init__(
        self,
        faults: Mapping[str, Fault | Iterable[Fault]] | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
        extensions: Iterable[str] = (
            "PIPELINING",
            "8BITMIME",
            "SMTPUTF8",
            "ENHANCEDSTATUSCODES",
            "AUTH PLAIN LOGIN",
        ),
    ) -> None:
        super().__init__(faults, tls=tls)
        self.mails: list[TakenMail] = []
        self.logins: list[tuple[str, str]] = []
        self._starttls = starttls
        self._extensions = list(extensions)

    async def talk(self, line: Line) -> None:
        await _say(line, await line.step("connect") or "220 mail.example.test ESMTP")
        envelope = _Envelope()
        while True:
            command = (await line.read_line()).decode("utf-8", "replace").rstrip("\r\n")
            self.commands.append(command)
            verb = command.partition(" ")[0].upper()
            step = "EHLO" if verb == "HELO" else verb
            words = await line.step(step, command)
            if words is not None:
                await _say(line, words)
                if words[:1] in "23" and verb != "DATA":
                    _note(envelope, verb, command)
                continue
            if verb == "DATA":
                await self._data(line, envelope)
                envelope = _Envelope()
            elif verb == "STARTTLS" and self._starttls:
                await _say(line, "220 2.0.0 Go ahead")
                await line.start_tls(self._starttls)
                envelope = _Envelope()
            elif verb == "AUTH":
                self.logins.append(await _login(line, command))
                await _say(line, "235 2.7.0 Accepted")
            elif verb == "QUIT":
                await _say(line, "221 2.0.0 Bye")
                raise LineClosed
            else:
                _note(envelope, verb, command)
                await _say(line, self._answer(verb))

    def _answer(self, verb: str) -> str:
        if verb == "EHLO":
            offers = ["mail.example.test", *self._extensions, *(["STARTTLS"] if self._starttls else [])]
            return "\r\n".join([*(f"250-{offer}" for offer in offers[:-1]), f"250 {offers[-1]}"])
        known = {"HELO": "250 mail.example.test", "MAIL": "250 2.1.0 Ok", "RCPT": "250 2.1.5 Ok"}
        return known.get(verb, "250 2.0.0 Ok" if verb in ("RSET", "NOOP") else "502 5.5.2 Unknown command")

    async def _data(self, line: Line, envelope: _Envelope) -> None:
        if envelope.sender is None or not envelope.recipients:
            await _say(line, "503 5.5.1 No valid recipients")
            return
        await _say(line, "354 End data with <CR><LF>.<CR><LF>")
        lines: list[bytes] = []
        while (text := await line.read_line()) != b".\r\n":
            lines.append(text[1:] if text.startswith(b".") else text)
            if len(lines) == 2:
                await line.step("half")
        taken = len(self.mails)
        mail = TakenMail(envelope.sender, envelope.recipients, b"".join(lines), accepted=False)
        self.mails.append(mail)
        words = await line.step("dot") or f"250 2.0.0 Ok: queued as {taken + 1:08X}"
        accepted = words.startswith("2")
        self.mails[taken] = TakenMail(mail.sender, mail.recipients, mail.data, accepted)
        await _say(line, words)


async def _say(line: Line, words: str) -> None:
    await line.write(words.encode() + b"\r\n")


def _note(envelope: _Envelope, verb: str, command: str) -> None:
    address = re.search(r"<([^>]*)>", command)
    if verb == "MAIL" and address:
        envelope.sender, envelope.recipients = address[1], ()
    elif verb == "RCPT" and address:
        envelope.recipients += (address[1],)
    elif verb in ("RSET", "EHLO", "HELO"):
        envelope.sender, envelope.recipients = None, ()


async def _login(line: Line, command: str) -> tuple[str, str]:
    """The user and password of AUTH PLAIN (RFC 4616) or AUTH LOGIN, with or without initial response."""
    _, mechanism, *initial = command.split(" ")

    async def ask(prompt: bytes) -> str:
        await _say(line, f"334 {base64.b64encode(prompt).decode()}")
        return base64.b64decode(await line.read_line()).decode()

    first = base64.b64decode(initial[0]).decode() if initial else None
    if mechanism.upper() == "PLAIN":
        parts = (first if first is not None else await ask(b"")).split("\0")
        return parts[-2], parts[-1]
    return first if first is not None else await ask(b"Username:"), await ask(b"Password:")
