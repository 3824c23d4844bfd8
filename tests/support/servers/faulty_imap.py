"""An IMAP server that misbehaves by script, with enough of RFC 3501, 4315 and 6851 for a client that fetches.

    with FaultyImap(mails, {"LOGIN": reply("NO [AUTHENTICATIONFAILED] Go away")}) as server:
    with FaultyImap(mails, cut_after=100_000) as server:   # the line breaks inside a mail
    with FaultyImap(mails, chatter=["* 2 FETCH (UID 2 FLAGS (\\\\Seen))"]) as server:

Steps: ``connect`` and each command's name (``LOGIN``, ``AUTHENTICATE``, ``SELECT``, ``UID FETCH``, ``UID
MOVE``, ...). A fault's words stand for the tagged answer without its tag. Every login is accepted unless
the script refuses it. ``server.folders`` holds each folder's mails by UID.
"""

from __future__ import annotations

import base64
import re
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.support.servers.fault import Fault, Line, LineClosed, ScriptedServer

CAPABILITIES = ("IMAP4rev1", "SASL-IR", "LITERAL+", "UIDPLUS", "MOVE", "NAMESPACE", "AUTH=PLAIN")


@dataclass(slots=True)
class Folder:
    """Mails by UID, and the flags of each."""

    uidvalidity: int = 1
    mails: dict[int, bytes] = field(default_factory=dict)
    flags: dict[int, set[str]] = field(default_factory=dict)
    uidnext: int = 1

    def add(self, raw: bytes) -> int:
        """Store a mail; its UID."""
        uid = self.uidnext
        self.uidnext += 1
        self.mails[uid] = raw
        self.flags[uid] = set()
        return uid

    def remove(self, uid: int) -> int:
        """Remove a mail; the sequence number it had."""
        number = self.number(uid)
        del self.mails[uid], self.flags[uid]
        return number

    def number(self, uid: int) -> int:
        return sorted(self.mails).index(uid) + 1

    def chosen(self, numbers: str) -> list[int]:
        """The UIDs that exist of a set such as ``1:3,7,9:*``."""
        last = max(self.mails, default=0)
        found: set[int] = set()
        for part in numbers.split(","):
            ends = sorted(last if end == "*" else int(end) for end in part.split(":"))
            found.update(uid for uid in self.mails if ends[0] <= uid <= ends[-1])
        return sorted(found)


class FaultyImap(ScriptedServer):
    """See the module.

    cut_after: the line is closed after so many bytes of the answer to the first UID FETCH of bodies, once.
    chatter: lines that nobody asked for, said before each mail of a UID FETCH.
    body: what stands in place of each body's literal (``NIL``, ``""``, ``{0}``).
    starttls: offered and used when asked for; without it the server offers none.
    poison: UIDs at whose body the server breaks off, each in its way: ``cut`` (hangs up in the literal),
    ``bye``, ``no`` (a NO behind the other mails), ``no data`` (a NO and no mail at all), ``bad``, ``long``
    and ``short`` (the literal's length is wrong), ``garbage`` (a line that is no answer), ``silence``,
    ``half`` (silence in the literal).
    searches: what every SEARCH answers, whatever is asked for.
    before_bodies: called before bodies are sent, once.
    """

    def __init__(
        self,
        mails: Iterable[bytes] = (),
        faults: Mapping[str, Fault | Iterable[Fault]] | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
        capabilities: Sequence[str] = CAPABILITIES,
        cut_after: int | None = None,
        chatter: Sequence[str] = (),
        body: str | None = None,
        poison: Mapping[int, str] | None = None,
        searches: Sequence[int] | None = None,
    ) -> None:
        super().__init__(faults, tls=tls)
        self.folders = {"INBOX": Folder()}
        for raw in mails:
            self.folders["INBOX"].add(raw)
        self._starttls = starttls
        self._capabilities = " ".join([*capabilities, *(["STARTTLS"] if starttls else [])])
        self._cut_after = cut_after
        self._chatter = chatter
        self._body = body
        self.poison = dict(poison or {})
        self.searches = searches
        self.before_bodies: Callable[[], None] | None = None

    async def talk(self, line: Line) -> None:
        await line.write(f"{await line.step('connect') or '* OK Ready'}\r\n".encode())
        dialogue = _Dialogue(self, line)
        while True:
            tag, _, command = (await self._read_command(line)).partition(" ")
            self.commands.append(command)
            words = command.split(" ")
            name = " ".join(words[:2]).upper() if words[0].upper() == "UID" else words[0].upper()
            answer = await line.step(name, command)
            if answer is None:
                answer = await dialogue.obey(name, command[len(name) :].strip())
            await line.write(f"{tag} {answer}\r\n".encode())
            if name == "LOGOUT":
                raise LineClosed
            if name == "STARTTLS" and self._starttls and answer.startswith("OK"):
                await line.start_tls(self._starttls)

    async def _read_command(self, line: Line) -> str:
        """One command line, its literals put in as quoted text (RFC 3501 section 4.3, RFC 7888)."""
        text = ""
        while True:
            text += (await line.read_line()).decode("utf-8", "replace").rstrip("\r\n")
            literal = re.search(r"\{(\d+)(\+?)\}$", text)
            if not literal:
                return text
            if not literal[2]:
                await line.write(b"+ go on\r\n")
            content = (await line.read_exactly(int(literal[1]))).decode("latin-1")
            text = text[: literal.start()] + '"' + content.replace("\\", "\\\\").replace('"', '\\"') + '"'


class _Dialogue:
    """One session: the folder it has open, and its commands."""

    def __init__(self, server: FaultyImap, line: Line) -> None:
        self._server = server
        self._line = line
        self._open = Folder()

    async def obey(self, name: str, rest: str) -> str:
        """Say the untagged lines; the tagged answer without its tag."""
        method = getattr(self, f"_{name.lower().replace(' ', '_')}", None)
        if method is None:
            return f"BAD Unknown command {name}"
        answer: str = await method(rest)
        return answer

    async def _say(self, words: str) -> None:
        await self._line.write(f"* {words}\r\n".encode())

    async def _capability(self, rest: str) -> str:
        await self._say(f"CAPABILITY {self._server._capabilities}")
        return "OK Done"

    async def _noop(self, rest: str) -> str:
        return "OK Done"

    async def _starttls(self, rest: str) -> str:
        return "OK Begin TLS" if self._server._starttls else "BAD No TLS here"

    async def _login(self, rest: str) -> str:
        return "OK Logged in"

    async def _authenticate(self, rest: str) -> str:
        if " " not in rest:
            await self._line.write(b"+ \r\n")
            base64.b64decode(await self._line.read_line())
        return "OK Logged in"

    async def _namespace(self, rest: str) -> str:
        await self._say('NAMESPACE (("" "/")) NIL NIL')
        return "OK Done"

    async def _logout(self, rest: str) -> str:
        await self._say("BYE Logging out")
        return "OK Done"

    async def _select(self, rest: str) -> str:
        folder = self._server.folders.get(_name(rest))
        if folder is None:
            return "NO [NONEXISTENT] No such folder"
        self._open = folder
        await self._say("FLAGS (\\Seen \\Deleted)")
        await self._say(f"{len(folder.mails)} EXISTS")
        await self._say("0 RECENT")
        await self._say(f"OK [UIDVALIDITY {folder.uidvalidity}] Valid")
        await self._say(f"OK [UIDNEXT {folder.uidnext}] Next")
        return "OK [READ-WRITE] Done"

    _examine = _select

    async def _create(self, rest: str) -> str:
        if _name(rest) in self._server.folders:
            return "NO [ALREADYEXISTS] There is one"
        self._server.folders[_name(rest)] = Folder(uidvalidity=2)
        return "OK Done"

    async def _subscribe(self, rest: str) -> str:
        return "OK Done"

    async def _close(self, rest: str) -> str:
        return "OK Done"

    async def _list(self, rest: str) -> str:
        wanted = _names(rest)[-1]
        for name in self._server.folders:
            if wanted in ("*", "%", name):
                await self._say(f'LIST (\\HasNoChildren) "/" "{name}"')
        return "OK Done"

    async def _status(self, rest: str) -> str:
        folder = self._server.folders.get(_name(rest))
        if folder is None:
            return "NO [NONEXISTENT] No such folder"
        numbers = f"MESSAGES {len(folder.mails)} UIDNEXT {folder.uidnext} UIDVALIDITY {folder.uidvalidity}"
        await self._say(f'STATUS "{_name(rest)}" ({numbers})')
        return "OK Done"

    async def _uid_search(self, rest: str) -> str:
        sets = re.search(r"UID ([\d:*,]+)", rest)
        uids: Sequence[int] = self._open.chosen(sets[1]) if sets else sorted(self._open.mails)
        if self._server.searches is not None:
            uids = self._server.searches
        await self._say("SEARCH " + " ".join(map(str, uids)))
        return "OK Done"

    async def _uid_fetch(self, rest: str) -> str:
        wanted, _, items = rest.partition(" ")
        if "BODY.PEEK[]" in items.upper() and self._server.before_bodies is not None:
            self._server.before_bodies()
            self._server.before_bodies = None
        poison = self._server.poison if "BODY.PEEK[]" in items.upper() else {}
        ways = {poison[uid] for uid in self._open.chosen(wanted) if uid in poison}
        if "no data" in ways:
            return "NO [SERVERBUG] Internal error occurred"
        for uid in self._open.chosen(wanted):
            if uid in poison:
                await self._break_off(uid, poison[uid])
                continue
            for words in self._server._chatter:
                await self._line.write(words.encode() + b"\r\n")
            await self._fetched(uid, items.upper())
        if "bad" in ways:
            return "BAD [SERVERBUG] Internal error"
        return "NO [SERVERBUG] Some of the messages could not be read" if "no" in ways else "OK Done"

    async def _break_off(self, uid: int, way: str) -> None:
        raw = self._open.mails[uid]
        size = len(raw) + {"long": 100, "short": -100}.get(way, 0)
        head = (
            f'* {self._open.number(uid)} FETCH (UID {uid} INTERNALDATE "05-Jan-2026 08:00:00 +0000" BODY[] '
        )
        answer = head.encode() + b"{%d}\r\n%b" % (size, raw) + b")\r\n"
        if way in ("cut", "half"):
            await self._line.write(answer[:-200])
        elif way in ("long", "short"):
            await self._line.write(answer)
        elif way == "bye":
            await self._say("BYE Internal error, disconnected")
        elif way == "garbage":
            await self._line.write(b"? what\r\n")
        if way in ("cut", "bye"):
            raise LineClosed
        if way in ("silence", "half"):
            await self._line.silence()

    async def _fetched(self, uid: int, items: str) -> None:
        raw = self._open.mails[uid]
        parts = [f"UID {uid}".encode()]
        if "FLAGS" in items:
            parts.append(f"FLAGS ({' '.join(sorted(self._open.flags[uid]))})".encode())
        if "INTERNALDATE" in items:
            parts.append(b'INTERNALDATE "05-Jan-2026 08:00:00 +0000"')
        if "RFC822.SIZE" in items:
            parts.append(f"RFC822.SIZE {len(raw)}".encode())
        if "BODY" in items:
            parts.append(self._body(raw))
        answer = f"* {self._open.number(uid)} FETCH (".encode() + b" ".join(parts) + b")\r\n"
        left = self._server._cut_after
        if left is not None and "BODY" in items:
            self._server._cut_after = left - len(answer)
            if left < len(answer):
                self._server._cut_after = None
                await self._line.write(answer[:left])
                raise LineClosed
        await self._line.write(answer)

    def _body(self, raw: bytes) -> bytes:
        if self._server._body is not None:
            return b"BODY[] " + self._server._body.replace("{0}", "{0}\r\n").encode()
        return b"BODY[] {%d}\r\n%b" % (len(raw), raw)

    async def _uid_store(self, rest: str) -> str:
        wanted, action, flags = rest.split(" ", 2)
        for uid in self._open.chosen(wanted):
            change = set(flags.strip("()").split())
            self._open.flags[uid] |= change
            if action.startswith("-"):
                self._open.flags[uid] -= change
        return "OK Done"

    async def _uid_copy(self, rest: str) -> str:
        wanted, _, name = rest.partition(" ")
        target = self._server.folders.get(_name(name))
        if target is None:
            return "NO [TRYCREATE] No such folder"
        for uid in self._open.chosen(wanted):
            target.add(self._open.mails[uid])
        return "OK Done"

    async def _uid_move(self, rest: str) -> str:
        uids = self._open.chosen(rest.partition(" ")[0])
        answer = await self._uid_copy(rest)
        if answer.startswith("OK"):
            await self._remove(uids)
        return answer

    async def _uid_expunge(self, rest: str) -> str:
        await self._remove([uid for uid in self._open.chosen(rest) if "\\Deleted" in self._open.flags[uid]])
        return "OK Done"

    async def _expunge(self, rest: str) -> str:
        await self._remove([uid for uid, flags in self._open.flags.items() if "\\Deleted" in flags])
        return "OK Done"

    async def _remove(self, uids: list[int]) -> None:
        for uid in uids:
            await self._say(f"{self._open.remove(uid)} EXPUNGE")


def _names(text: str) -> list[str]:
    found = re.findall(r'"((?:[^"\\]|\\.)*)"|([^\s()]+)', text)
    return [re.sub(r"\\(.)", r"\1", quoted) or plain for quoted, plain in found]


def _name(text: str) -> str:
    """The first folder name in a command's arguments."""
    first = _names(text)[0]
    return "INBOX" if first.upper() == "INBOX" else first
